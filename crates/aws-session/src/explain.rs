//! The SDK's errors, made into ours: which kind, why, and the way out.

use std::{error::Error, fmt};

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::{
    orchestrator::HttpResponse,
    result::{ConnectorError, SdkError},
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::{
    AwsError, Call, answer, denied,
    error::Detail,
    operation, retry,
    transport::{CutAnswer, NoAnswer, NothingIsWritten},
};

const LATER: &str =
    "something else in this account uses the same quota: run again later, or fewer at a time";

const WAYS_TO_CREDENTIALS: &str = "in a job: the input `role-to-assume` with `permissions: id-token: write`, or a step \
     `aws-actions/configure-aws-credentials` before this one; in a shell: `aws sso login` or `aws configure`, and \
     `AWS_PROFILE` where the profile has a name";

/// The call that went wrong, and what is known beside the error itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// As IAM writes it: `ecs:UpdateService`.
    pub(crate) operation: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) region: &'a str,
    /// Of this operation, the last that the record knows.
    pub(crate) last: Option<&'a Call>,
    /// The profile that the environment names.
    pub(crate) profile: Option<&'a str>,
}

impl Asked<'_> {
    /// Makes of the SDK's error one that says what to do.
    pub(crate) fn explain<E, R>(&self, error: &SdkError<E, R>) -> AwsError
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: fmt::Debug + 'static,
    {
        match error {
            SdkError::ServiceError(answer) => {
                let response = http(answer.raw());
                let refusal = Refusal {
                    asked: self,
                    code: answer.err().code(),
                    message: answer.err().message().unwrap_or_default(),
                    status: response.map_or(0, |response| response.status().as_u16()),
                    other_region: response
                        .and_then(|response| response.headers().get("x-amz-bucket-region")),
                };
                refusal.explain()
            }
            SdkError::ConstructionFailure(_) => {
                AwsError::Invalid(self.detail(innermost(error), ""))
            }
            SdkError::ResponseError(answer) => self.garbled(http(answer.raw()), innermost(error)),
            _ => self.unanswered(error),
        }
    }

    /// An answer that no AWS service gives.
    fn garbled(&self, response: Option<&HttpResponse>, problem: String) -> AwsError {
        let status = response.map_or(200, |response| response.status().as_u16());
        let is_page = response
            .and_then(|response| response.headers().get("content-type"))
            .is_some_and(|kind| kind.starts_with("text/html"));
        let message = if is_page { format!("HTTP status {status}, and a page") } else { problem };
        let proxy =
            format!("{} answered as AWS does not: is there a proxy in between?", self.endpoint());
        if (400..500).contains(&status) {
            // Whoever says no in AWS's place has not passed it on.
            return AwsError::Unreachable(self.detail(message, &proxy));
        }
        if self.writing() {
            return self.doubtful(message);
        }
        AwsError::NoAnswer(self.detail(message, &proxy))
    }

    fn unanswered(&self, error: &(dyn Error + 'static)) -> AwsError {
        if let Some(cause) = find::<CredentialsError>(error) {
            return self.without_credentials(cause);
        }
        let message = innermost(error);
        if find::<NothingIsWritten>(error).is_some() {
            return AwsError::Invalid(self.detail(
                message,
                "nothing was changed; this is a defect of the program: please report it",
            ));
        }
        // The SDK gives up on slow credentials with an error that has no type.
        if message.contains("identity resolver timed out") {
            return AwsError::NoCredentials(self.detail(message, WAYS_TO_CREDENTIALS));
        }
        if find::<ConnectorError>(error).is_some_and(answer::never_sent) {
            return AwsError::Unreachable(self.detail(
                message,
                &format!(
                    "no connection to {}: check the region, `AWS_ENDPOINT_URL`, `HTTPS_PROXY`, `NO_PROXY` and \
                     `AWS_CA_BUNDLE`",
                    self.endpoint()
                ),
            ));
        }
        if self.writing() {
            return self.doubtful(message);
        }
        AwsError::NoAnswer(self.detail(
            message,
            &format!("asked at {}; it is safe to run this again", self.endpoint()),
        ))
    }

    fn without_credentials(&self, cause: &CredentialsError) -> AwsError {
        // A role that could not be assumed has been explained already.
        if let Some(explained) = find::<AwsError>(cause) {
            let mut detail = self
                .detail(format!("{explained}: {}", explained.detail()), &explained.detail().help);
            detail.code = explained.code().map(str::to_owned);
            return AwsError::NoCredentials(detail);
        }
        if matches!(cause, CredentialsError::CredentialsNotLoaded(_)) {
            let profile = self.profile.map_or_else(
                || "the profile".to_owned(),
                |profile| format!("the profile `{profile}` (is it defined?)"),
            );
            let places = format!(
                "there are none in the environment, {profile}, a web identity, the container, the instance"
            );
            return AwsError::NoCredentials(self.detail(places, WAYS_TO_CREDENTIALS));
        }
        let story = story(cause);
        if story.contains("expired") || story.contains("SSO") {
            let login = match self.profile {
                Some(profile) => format!("sign in again: `aws sso login --profile {profile}`"),
                None => "sign in again: `aws sso login`".to_owned(),
            };
            return AwsError::ExpiredCredentials(self.detail(story, &login));
        }
        let help = match self.profile {
            Some(profile) => {
                format!("is the profile `{profile}` defined? Otherwise, {WAYS_TO_CREDENTIALS}")
            }
            None => WAYS_TO_CREDENTIALS.to_owned(),
        };
        AwsError::NoCredentials(self.detail(story, &help))
    }

    fn doubtful(&self, message: String) -> AwsError {
        let what = match self.resource {
            "" => String::new(),
            resource => format!(" at `{resource}`"),
        };
        AwsError::Doubtful(
            self.detail(
                message,
                &format!("look{what} before doing it again: it may have been done"),
            ),
        )
    }

    fn writing(&self) -> bool {
        let (service, action) = self.operation.split_once(':').unwrap_or(("", self.operation));
        operation::is_writing(service, action)
    }

    fn endpoint(&self) -> String {
        self.last.map_or_else(
            || format!("the endpoint in `{}`", self.region),
            |call| format!("`{}`", call.endpoint),
        )
    }

    #[expect(clippy::unnecessary_box_returns, reason = "each variant of the error holds a box")]
    fn detail(&self, message: String, help: &str) -> Box<Detail> {
        Box::new(Detail {
            operation: self.operation.to_owned(),
            resource: self.resource.to_owned(),
            code: None,
            message,
            help: help.to_owned(),
        })
    }
}

/// An answer that says no.
struct Refusal<'a> {
    asked: &'a Asked<'a>,
    code: Option<&'a str>,
    message: &'a str,
    status: u16,
    other_region: Option<&'a str>,
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
            _ if retry::is_throttling(code) || self.status == 429 => {
                AwsError::Throttled(self.detail(LATER))
            }
            _ if self.is_their_trouble() && self.asked.writing() => {
                let mut doubtful = self.asked.doubtful(self.message());
                doubtful.detail_mut().code = self.code.map(str::to_owned);
                doubtful
            }
            _ if self.is_their_trouble() => {
                AwsError::Service(self.detail("the trouble is on AWS's side: run again later"))
            }
            _ if self.status == 404 || is_not_found(code) => AwsError::NotFound(self.detail(&format!(
                "looked for in `{}`: is that the right region, and the right account?",
                self.asked.region
            ))),
            _ => AwsError::Service(self.detail("")),
        }
    }

    /// By status, or by code: S3 may say 200 before it knows.
    fn is_their_trouble(&self) -> bool {
        self.status >= 500
            || matches!(
                self.code,
                Some("InternalError" | "InternalFailure" | "ServiceUnavailable" | "RequestTimeout")
            )
    }

    fn wrong_region(&self) -> AwsError {
        let resource = self.asked.resource;
        AwsError::WrongRegion(self.detail(&match self.other_region {
            Some(region) => format!("`{resource}` is in `{region}`: set `aws-region: {region}`"),
            None => format!("`{resource}` is not in `{}`: set `aws-region`", self.asked.region),
        }))
    }

    fn denied(&self) -> AwsError {
        let denial = denied::read(self.message);
        let action = denial.action.unwrap_or_else(|| denied::iam_action(self.asked.operation));
        let resource = denial.resource.unwrap_or(self.asked.resource);
        let whom = match (denial.role(), denial.principal) {
            (Some(role), _) => format!(" for the role `{role}`"),
            (None, Some(arn)) => format!(" for `{arn}`"),
            (None, None) => String::new(),
        };
        let help = match denial.explicit {
            Some(policy) => format!(
                "`{action}` on `{resource}` is denied{whom} {policy}: an allow elsewhere does not help"
            ),
            None => format!("allow `{action}` on `{resource}`{whom}"),
        };
        AwsError::AccessDenied(self.detail(&help))
    }

    fn message(&self) -> String {
        match (self.code, self.message) {
            (None, "") => format!("HTTP status {}", self.status),
            (_, message) => message.to_owned(),
        }
    }

    #[expect(clippy::unnecessary_box_returns, reason = "each variant of the error holds a box")]
    fn detail(&self, help: &str) -> Box<Detail> {
        let mut detail = self.asked.detail(self.message(), help);
        detail.code = self.code.map(str::to_owned);
        detail
    }
}

fn http<R: 'static>(raw: &R) -> Option<&HttpResponse> {
    (raw as &dyn std::any::Any).downcast_ref()
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
    let ours = chain(error).find(|error| error.is::<NoAnswer>() || error.is::<CutAnswer>());
    ours.or_else(|| chain(error).last()).map(ToString::to_string).unwrap_or_default()
}

/// What providers of credentials said, from the first that says more than that there was an error.
fn story(cause: &CredentialsError) -> String {
    let mut told: Vec<String> = Vec::new();
    for error in chain(cause).filter(|error| !error.is::<CredentialsError>()) {
        let text = error.to_string();
        if !text.is_empty() && told.iter().all(|before| !before.contains(&text)) {
            told.push(text);
        }
    }
    if told.is_empty() { cause.to_string() } else { told.join(": ") }
}
