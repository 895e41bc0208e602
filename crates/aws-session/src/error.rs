//! What went wrong with a call, on what, and what to do about it.

use std::{error::Error, fmt};

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use miette::Diagnostic;

use crate::{denied, operation, retry, transport};

/// A call that did not do what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// The permissions do not allow it.
    #[error("AWS refused {0:#}")]
    AccessDenied(#[source] Box<Detail>),
    /// They were good once.
    #[error("the AWS credentials have expired: {0:#} was refused")]
    ExpiredCredentials(#[source] Box<Detail>),
    /// AWS does not know them, or the signature made with them is wrong.
    #[error("AWS does not accept these credentials: {0:#} was refused")]
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

    fn detail(&self) -> &Detail {
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

const WAYS_TO_CREDENTIALS: &str = "in a job: the input `role-to-assume` with `permissions: id-token: write`, or a step \
     `aws-actions/configure-aws-credentials` before this one; in a shell: `aws sso login` or `aws configure`, and \
     `AWS_PROFILE` where the profile has a name";

/// Where a call was made, for the errors that depend on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) region: &'a str,
    /// The last endpoint that was tried, where one is known.
    pub(crate) endpoint: Option<&'a str>,
}

/// Makes of the SDK's error one that says what to do.
pub(crate) fn explain<E, R>(
    operation: &str,
    resource: &str,
    error: &SdkError<E, R>,
    place: Place<'_>,
) -> AwsError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: fmt::Debug + 'static,
{
    let (service, action) = operation.split_once(':').unwrap_or(("", operation));
    let writing = operation::is_writing(service, action);
    let detail = |code: Option<&str>, message: String, help: String| {
        Box::new(Detail {
            operation: operation.to_owned(),
            resource: resource.to_owned(),
            code: code.map(str::to_owned),
            message,
            help,
        })
    };
    let endpoint = place
        .endpoint
        .map_or_else(|| format!("the endpoint in {}", place.region), |at| format!("`{at}`"));
    let look =
        || format!("look at `{resource}` before doing it again: the first may have been done");
    match error {
        SdkError::ServiceError(answer) => {
            let response = (answer.raw() as &dyn std::any::Any).downcast_ref::<HttpResponse>();
            let refusal = Refusal {
                operation,
                resource,
                code: answer.err().code(),
                message: answer.err().message().unwrap_or_default(),
                status: response.map_or(0, |response| response.status().as_u16()),
                other_region: response
                    .and_then(|response| response.headers().get("x-amz-bucket-region")),
                region: place.region,
                writing,
            };
            refusal.explain()
        }
        SdkError::ConstructionFailure(_) => {
            AwsError::Invalid(detail(None, innermost(error), String::new()))
        }
        SdkError::ResponseError(_) if writing => {
            AwsError::Doubtful(detail(None, innermost(error), look()))
        }
        SdkError::ResponseError(_) => AwsError::NoAnswer(detail(
            None,
            innermost(error),
            format!(
                "{endpoint} answered with something that is no answer of AWS: is there a proxy in between?"
            ),
        )),
        _ => {
            if let Some(cause) = find::<CredentialsError>(error) {
                return without_credentials(cause, detail);
            }
            let never_sent = match error {
                SdkError::DispatchFailure(failure) => {
                    failure.as_connector_error().is_some_and(transport::never_sent)
                }
                _ => false,
            };
            let message = innermost(error);
            if never_sent {
                AwsError::Unreachable(detail(
                    None,
                    message,
                    format!(
                        "no connection to {endpoint}: check the region, `AWS_ENDPOINT_URL`, `HTTPS_PROXY`, `NO_PROXY` and \
                         `AWS_CA_BUNDLE`"
                    ),
                ))
            } else if writing {
                AwsError::Doubtful(detail(None, message, look()))
            } else {
                AwsError::NoAnswer(detail(
                    None,
                    message,
                    format!("asked at {endpoint}; it is safe to run this again"),
                ))
            }
        }
    }
}

fn without_credentials(
    cause: &CredentialsError,
    detail: impl Fn(Option<&str>, String, String) -> Box<Detail>,
) -> AwsError {
    // A role that could not be assumed has been explained already.
    if let Some(explained) = find::<AwsError>(cause) {
        let message = format!("{explained}: {}", explained.detail());
        return AwsError::NoCredentials(detail(
            explained.code(),
            message,
            explained.detail().help.clone(),
        ));
    }
    let message = innermost(cause);
    let lower = message.to_lowercase();
    if lower.contains("expired") || lower.contains("sso") {
        return AwsError::ExpiredCredentials(detail(
            None,
            message,
            "sign in again: `aws sso login`".to_owned(),
        ));
    }
    AwsError::NoCredentials(detail(None, message, WAYS_TO_CREDENTIALS.to_owned()))
}

/// An answer that says no.
struct Refusal<'a> {
    operation: &'a str,
    resource: &'a str,
    code: Option<&'a str>,
    message: &'a str,
    status: u16,
    other_region: Option<&'a str>,
    region: &'a str,
    writing: bool,
}

impl Refusal<'_> {
    fn explain(&self) -> AwsError {
        let code = self.code.unwrap_or_default();
        match code {
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired" => {
                AwsError::ExpiredCredentials(self.detail(
                    "`role-to-assume` renews credentials by itself; else get new ones: `aws sso login`, or \
                     `aws-actions/configure-aws-credentials` with a longer `role-duration-seconds`",
                ))
            }
            "RequestTimeTooSkewed" | "SignatureDoesNotMatch" => AwsError::BadCredentials(
                self.detail("check the secret access key, and the clock of this machine"),
            ),
            "AuthFailure"
            | "IncompleteSignature"
            | "InvalidAccessKeyId"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "InvalidToken"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "NotSignedUp"
            | "UnrecognizedClientException" => AwsError::BadCredentials(self.detail(WAYS_TO_CREDENTIALS)),
            "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" | "PermanentRedirect" => {
                self.wrong_region()
            }
            _ if self.status == 301 => self.wrong_region(),
            "AccessDenied" | "AccessDeniedException" | "AuthorizationErrorException" | "UnauthorizedOperation" => {
                self.denied()
            }
            // The answer to a HEAD has no body, and so no code.
            "" | "Forbidden" if self.status == 403 => self.denied(),
            _ if retry::is_throttling(code) || self.status == 429 => AwsError::Throttled(self.detail(
                "something else in this account uses the same quota: run again later, or fewer at a time",
            )),
            _ if self.status >= 500 && self.writing => AwsError::Doubtful(self.detail(&format!(
                "look at `{}` before doing it again: it may have been done",
                self.resource
            ))),
            _ if self.status == 404 || is_not_found(code) => AwsError::NotFound(
                self.detail(&format!("looked for in {}: is that the right region and account?", self.region)),
            ),
            _ => AwsError::Service(self.detail("")),
        }
    }

    fn wrong_region(&self) -> AwsError {
        AwsError::WrongRegion(self.detail(&match self.other_region {
            Some(region) => {
                format!("`{}` is in `{region}`: set `aws-region: {region}`", self.resource)
            }
            None => format!("`{}` is not in `{}`: set `aws-region`", self.resource, self.region),
        }))
    }

    fn denied(&self) -> AwsError {
        let denial = denied::read(self.message);
        let action = denial.action.unwrap_or_else(|| denied::iam_action(self.operation));
        let resource = denial.resource.unwrap_or(self.resource);
        let whom = denial.principal.map(|arn| format!(" for `{arn}`")).unwrap_or_default();
        let help = match denial.explicit {
            Some(policy) => format!(
                "`{action}` on `{resource}` is denied{whom} {policy}: an allow elsewhere does not help"
            ),
            None => format!("allow `{action}` on `{resource}`{whom}"),
        };
        AwsError::AccessDenied(self.detail(&help))
    }

    fn detail(&self, help: &str) -> Box<Detail> {
        let message = match (self.code, self.message) {
            (None, "") => format!("HTTP status {}", self.status),
            (_, message) => message.to_owned(),
        };
        Box::new(Detail {
            operation: self.operation.to_owned(),
            resource: self.resource.to_owned(),
            code: self.code.map(str::to_owned),
            message,
            help: help.to_owned(),
        })
    }
}

fn is_not_found(code: &str) -> bool {
    let code = code.strip_suffix("Exception").unwrap_or(code);
    code.ends_with("NotFound") || code.starts_with("NoSuch")
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|error| error.downcast_ref::<T>())
}

/// What lies at the bottom says most: `connection refused`, not `dispatch failure`.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    // Our own ends are sentences already, and what lies below them is a library's wording.
    let ours = chain(error)
        .find(|error| error.is::<transport::NoAnswer>() || error.is::<transport::CutAnswer>());
    ours.or_else(|| chain(error).last()).map(ToString::to_string).unwrap_or_default()
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
