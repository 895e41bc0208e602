//! What a step is, whether a GitHub job runs it or a person in a shell: inputs, outputs, masks, groups, annotations,
//! a summary, cancellation, an exit code.
//!
//! The six programs name one function and hand it to [`step`]; everything in which they could differ happens here.
//! This crate knows nothing of AWS and opens no connection.

mod cancelled;
mod console;
mod faults;
mod inert;
mod inputs;
mod job;
pub mod markdown;
mod outputs;
mod panics;
mod secrets;
mod signals;
mod step;
mod summary;
pub mod values;

pub use cancelled::Cancelled;
pub use console::Group;
pub use faults::{Faults, did_you_mean, nearest};
pub use inputs::{CommonInputs, SecretInput, input_name, prepare};
pub use job::Job;
pub use outputs::{Exit, StepOutputs, file_command};
pub use secrets::spellings;
pub use step::{Step, step};
