//! What `ecs-rollout` and `migrate` share: task definitions as JSON, one task's end explained, its logs, its image.

mod command;
mod definition;
mod diff;
mod ecs;
mod image;
mod logs;
mod platform;
mod stopped;
mod words;

pub use command::CommandLine;
pub use definition::{NotADefinition, TaskDefinition};
pub use diff::{Change, as_diff, changes};
pub use ecs::{Ecs, EcsError, last_part};
pub use image::{EcrRegistry, ImageRef, NotAnImage, Resolved};
pub use logs::{Follower, LogPlace, LogStream};
pub use platform::ImageFinding;
pub use stopped::{Blame, Cause, StoppedContainer, StoppedTask, exit_code_in_words};
pub use words::shortened;
