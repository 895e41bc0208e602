//! What went wrong with a call, on what, and what to do about it.

use std::{error::Error, fmt};

use miette::Diagnostic;

/// A call that did not do what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// The permissions do not allow it.
    #[error("AWS refused {0:#}")]
    AccessDenied(#[source] Box<Detail>),
    /// They were good once.
    #[error("the AWS credentials for {0:#} have expired")]
    ExpiredCredentials(#[source] Box<Detail>),
    /// AWS does not know them, or the signature made with them is wrong.
    #[error("AWS does not accept the credentials for {0:#}")]
    BadCredentials(#[source] Box<Detail>),
    /// There are none, or the way to them failed.
    #[error("no AWS credentials for {0:#}")]
    NoCredentials(#[source] Box<Detail>),
    /// The resource lives elsewhere.
    #[error("{0:#} was asked in the wrong region")]
    WrongRegion(#[source] Box<Detail>),
    /// No connection came about: nothing was done.
    #[error("AWS cannot be reached for {0:#}")]
    Unreachable(#[source] Box<Detail>),
    /// A read that stayed without a usable answer, however often it was repeated.
    #[error("no usable answer to {0:#}")]
    NoAnswer(#[source] Box<Detail>),
    /// Throttled for longer than patience lasts: nothing was done.
    #[error("AWS kept throttling {0:#}")]
    Throttled(#[source] Box<Detail>),
    /// What was asked for does not exist.
    #[error("{0:#}: not found")]
    NotFound(#[source] Box<Detail>),
    /// A write that may have been done: look before anything else.
    #[error("it is not known whether {0:#} was done")]
    Doubtful(#[source] Box<Detail>),
    /// Any other answer of AWS.
    #[error("AWS did not accept {0:#}")]
    Service(#[source] Box<Detail>),
    /// The request was never made: a member is missing or malformed.
    #[error("{0:#} cannot be asked")]
    Invalid(#[source] Box<Detail>),
}

/// The particulars of an [`AwsError`]. As an error of its own it is the cause: what AWS, or the network, said.
#[derive(Debug)]
pub struct Detail {
    /// `ecs:UpdateService`.
    pub(crate) operation: String,
    pub(crate) resource: String,
    pub(crate) code: Option<String>,
    /// What AWS said, or how the connection ended.
    pub(crate) message: String,
    pub(crate) help: String,
}

/// `{}` is the cause, `{:#}` the call.
impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            write!(f, "`{}`", self.operation)?;
            return if self.resource.is_empty() {
                Ok(())
            } else {
                write!(f, " on `{}`", self.resource)
            };
        }
        match &self.code {
            Some(code) if self.message.is_empty() => write!(f, "{code}"),
            Some(code) => write!(f, "{code}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Error for Detail {}

impl Diagnostic for AwsError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = &self.detail().help;
        (!help.is_empty()).then(|| Box::new(help) as Box<dyn fmt::Display>)
    }
}

impl AwsError {
    /// Nothing of that name exists.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }

    pub fn is_access_denied(&self) -> bool {
        matches!(self, Self::AccessDenied(_))
    }

    /// A write that may have been done (no answer, half an answer, 5xx): look before anything else.
    pub fn is_doubtful(&self) -> bool {
        matches!(self, Self::Doubtful(_))
    }

    pub fn is_throttled(&self) -> bool {
        matches!(self, Self::Throttled(_))
    }

    /// AWS's error code, where an answer with one came: `ClusterNotFoundException`.
    pub fn code(&self) -> Option<&str> {
        self.detail().code.as_deref()
    }

    /// What AWS said, or how the connection ended.
    pub fn message(&self) -> &str {
        &self.detail().message
    }

    /// `ecs:UpdateService`.
    pub fn operation(&self) -> &str {
        &self.detail().operation
    }

    pub fn resource(&self) -> &str {
        &self.detail().resource
    }

    pub(crate) fn detail_mut(&mut self) -> &mut Detail {
        match self {
            Self::AccessDenied(detail)
            | Self::ExpiredCredentials(detail)
            | Self::BadCredentials(detail)
            | Self::NoCredentials(detail)
            | Self::WrongRegion(detail)
            | Self::Unreachable(detail)
            | Self::NoAnswer(detail)
            | Self::Throttled(detail)
            | Self::NotFound(detail)
            | Self::Doubtful(detail)
            | Self::Service(detail)
            | Self::Invalid(detail) => detail,
        }
    }

    pub(crate) fn detail(&self) -> &Detail {
        match self {
            Self::AccessDenied(detail)
            | Self::ExpiredCredentials(detail)
            | Self::BadCredentials(detail)
            | Self::NoCredentials(detail)
            | Self::WrongRegion(detail)
            | Self::Unreachable(detail)
            | Self::NoAnswer(detail)
            | Self::Throttled(detail)
            | Self::NotFound(detail)
            | Self::Doubtful(detail)
            | Self::Service(detail)
            | Self::Invalid(detail) => detail,
        }
    }
}

/// For errors that come about outside an SDK client.
pub(crate) fn no_credentials(
    operation: &str,
    resource: &str,
    message: String,
    help: String,
) -> AwsError {
    AwsError::NoCredentials(Box::new(Detail {
        operation: operation.to_owned(),
        resource: resource.to_owned(),
        code: None,
        message,
        help,
    }))
}
