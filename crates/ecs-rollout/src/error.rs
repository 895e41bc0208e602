//! What goes wrong so that no verdict can be given.

use std::fmt;

use aws_session::AwsError;
use ecs_tasks::EcsError;
use miette::Diagnostic;

/// Errors of this program beside those of the calls themselves.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RolloutError {
    #[error(transparent)]
    Ecs(#[from] EcsError),
    #[error(
        "the update of `{service}` got no answer, and the service shows no deployment of `{definition}`"
    )]
    NotDeployed { service: String, definition: String, source: Box<AwsError> },
    #[error(
        "it is not known whether `{service}` was updated to `{definition}`: the update got no answer, and looking failed too"
    )]
    Unknown { service: String, definition: String, source: Box<EcsError> },
    #[error("ECS answered the update of `{service}` without a PRIMARY deployment")]
    NoPrimary { service: String },
}

/// By hand: the derive's `transparent` would take AWS's error codes for miette's.
impl Diagnostic for RolloutError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match self {
            Self::Ecs(error) => error.help(),
            Self::NotDeployed { .. } => Some(Box::new(
                "nothing was deployed: running this again is safe, and uses the revision that is registered now",
            )),
            Self::Unknown { service, .. } => Some(Box::new(format!(
                "look at the deployments of `{service}` first; running this again adopts one of the same revision"
            ))),
            Self::NoPrimary { .. } => None,
        }
    }
}

impl From<AwsError> for RolloutError {
    fn from(error: AwsError) -> Self {
        Self::Ecs(error.into())
    }
}
