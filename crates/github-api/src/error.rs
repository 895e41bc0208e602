//! What GitHub would not do, or did not say.

use miette::Diagnostic;

#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("GitHub refused {what}: {message}")]
    #[diagnostic(help(
        "the token needs `permissions:` for it; a pull request of a fork never has them"
    ))]
    NotAllowed { what: String, message: String },

    #[error("GitHub answered {what} with {status}: {message}")]
    Refused { what: String, status: u16, message: String },

    #[error("GitHub did not answer {what}: {message}")]
    Unreachable { what: String, message: String },

    #[error("cancelled while waiting for GitHub")]
    Cancelled,

    #[error("`GITHUB_API_URL` is no address of GitHub: {message}")]
    Address { message: String },
}

impl Error {
    /// The token has no right to it.
    pub fn is_not_allowed(&self) -> bool {
        matches!(self, Self::NotAllowed { .. })
    }

    /// It may have arrived all the same: only a look can tell.
    pub(crate) fn is_doubtful(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
            Self::NotAllowed { .. } | Self::Cancelled | Self::Address { .. } => false,
        }
    }
}
