//! The one way to AWS: credentials from wherever the AWS CLI finds them or from the job's OIDC token, the account checked
//! before anything is written, one set of rules for retries and time-outs, a record of every call, and errors that say
//! what to do.
//!
//! An SDK client made from [`Session::config`] needs nothing more: the rules sit in the HTTP client that the config
//! carries, so that no program can forget them.

mod answer;
mod calls;
mod denied;
mod error;
mod explain;
mod inputs;
mod operation;
mod page;
mod retry;
mod role;
mod session;
mod settings;
mod sketch;
mod transport;

pub use calls::{Call, Calls};
pub use error::AwsError;
pub use inputs::{AccountId, AwsInputs, RoleArn};
pub use page::Page;
pub use session::Session;
