//! What keeps a run from an answer.

use miette::Diagnostic;

/// What can go wrong besides what AWS refuses.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum Error {
    #[error("no random number can be had from this machine")]
    #[diagnostic(help("it keeps two runs apart outside of a job"))]
    Random(#[source] std::io::Error),

    #[error("Parameter Store has no `{0}`, which was to be hidden in the log")]
    #[diagnostic(help("a task that refers to it would not start"))]
    NoParameter(String),

    #[error("the task definition cannot be registered: ECS gave the new revision no ARN")]
    NoArn,
}
