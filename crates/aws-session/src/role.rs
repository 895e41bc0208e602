//! Working as a role: the job's OIDC token, or the credentials at hand, exchanged for the role's own, again and again for
//! as long as the run takes. What comes out lives in this process only.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use actions_runtime::{Job, Step};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, error::CredentialsError, future},
};
use aws_sdk_sts::types::Credentials as Assumed;
use aws_smithy_runtime_api::client::{orchestrator::HttpRequest, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, sleep};

use crate::{
    AwsError, RoleArn, answer, error,
    explain::{self, Asked},
    operation::Operation,
    retry::{self, End, Spent},
    transport::{self, Transport},
};

/// What the trust policy of a role for GitHub's tokens checks; the same in every partition by default.
const AUDIENCE: &str = "sts.amazonaws.com";
const FETCH: &str = "github:GetIdToken";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the job's token comes from.
struct TokenEndpoint {
    url: String,
    bearer: SecretString,
}

/// Hands out the credentials of one role.
pub(crate) struct RoleCredentials {
    step: Step,
    role: RoleArn,
    session_name: String,
    region: String,
    sts: aws_sdk_sts::Client,
    transport: Transport,
    /// None: assumed with the credentials at hand.
    endpoint: Option<TokenEndpoint>,
    /// Assumed when the session was opened, not yet handed out.
    first: Mutex<Option<Credentials>>,
}

impl fmt::Debug for RoleCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleCredentials").field("role", &self.role).finish_non_exhaustive()
    }
}

impl ProvideCredentials for RoleCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
            match first {
                Some(credentials) => Ok(credentials),
                None => self.assume().await.map_err(CredentialsError::provider_error),
            }
        })
    }
}

impl RoleCredentials {
    /// `config` is without the role: it carries the credentials at hand. The role is assumed at once, so that a missing
    /// permission is told before anything else is done.
    pub(crate) async fn open(
        step: &Step,
        role: &RoleArn,
        config: &aws_config::SdkConfig,
        transport: Transport,
    ) -> Result<Self, AwsError> {
        let provider = Self {
            step: step.clone(),
            role: role.clone(),
            session_name: session_name(step.job()),
            region: config.region().map(ToString::to_string).unwrap_or_default(),
            sts: aws_sdk_sts::Client::new(config),
            transport,
            endpoint: token_endpoint(step, role)?,
            first: Mutex::default(),
        };
        let credentials = provider.assume().await?;
        *provider.first.lock().unwrap_or_else(PoisonError::into_inner) = Some(credentials);
        Ok(provider)
    }

    async fn assume(&self) -> Result<Credentials, AwsError> {
        let (operation, credentials) = if let Some(endpoint) = &self.endpoint {
            ("sts:AssumeRoleWithWebIdentity", self.by_token(endpoint).await?)
        } else {
            ("sts:AssumeRole", self.by_credentials().await?)
        };
        let Some(credentials) = credentials else {
            return Err(error::no_credentials(
                operation,
                self.role.as_str(),
                "the answer holds no credentials".to_owned(),
                String::new(),
            ));
        };
        self.step.mask(&SecretString::from(credentials.secret_access_key.clone()));
        self.step.mask(&SecretString::from(credentials.session_token.clone()));
        Ok(Credentials::new(
            credentials.access_key_id,
            credentials.secret_access_key,
            Some(credentials.session_token),
            SystemTime::try_from(credentials.expiration).ok(),
            "role-to-assume",
        ))
    }

    async fn by_token(&self, endpoint: &TokenEndpoint) -> Result<Option<Assumed>, AwsError> {
        let token = self.fetch(endpoint).await?;
        let request = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(self.role.as_str())
            .role_session_name(&self.session_name)
            .web_identity_token(token.expose_secret());
        let answer = request.send().await.map_err(|error| self.not_trusted(&error, &token))?;
        Ok(answer.credentials)
    }

    async fn by_credentials(&self) -> Result<Option<Assumed>, AwsError> {
        let request = self
            .sts
            .assume_role()
            .role_arn(self.role.as_str())
            .role_session_name(&self.session_name);
        let answer =
            request.send().await.map_err(|error| self.explain("sts:AssumeRole", &error))?;
        Ok(answer.credentials)
    }

    fn explain<E, R>(&self, operation: &str, error: &SdkError<E, R>) -> AwsError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: fmt::Debug + 'static,
    {
        let last = self.transport.calls().last(operation);
        let asked = Asked {
            operation,
            resource: self.role.as_str(),
            region: &self.region,
            last: last.as_ref(),
            profile: None,
        };
        asked.explain(error)
    }

    /// What the role's trust policy would have to say.
    fn not_trusted<E, R>(&self, error: &SdkError<E, R>, token: &SecretString) -> AwsError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: fmt::Debug + 'static,
    {
        let mut explained = self.explain("sts:AssumeRoleWithWebIdentity", error);
        let subject = subject(token).map(|subject| format!(" `{subject}`")).unwrap_or_default();
        match &mut explained {
            AwsError::AccessDenied(detail) => {
                detail.help = format!(
                    "the trust policy of `{}` must allow `sts:AssumeRoleWithWebIdentity` for the subject{subject} and the \
                     audience `{AUDIENCE}`",
                    self.role
                );
            }
            AwsError::Service(detail) if detail.code.as_deref() == Some("InvalidIdentityToken") => {
                "the role's account needs GitHub's identity provider (`token.actions.githubusercontent.com`), and the role \
                 must be in that account"
                    .clone_into(&mut detail.help);
            }
            _ => {}
        }
        explained
    }

    /// The job's token, fresh: it is good for five minutes.
    async fn fetch(&self, endpoint: &TokenEndpoint) -> Result<SecretString, AwsError> {
        let failed = |message: String| {
            error::no_credentials(
                FETCH,
                "",
                message,
                "the job asks GitHub for a token that proves who it is: run the job again, and look at githubstatus.com"
                    .to_owned(),
            )
        };
        let operation = Operation {
            service: "github".to_owned(),
            action: "GetIdToken".to_owned(),
            resource: String::new(),
            writing: false,
            repeatable: false,
            streaming: false,
        };
        let entry = self.transport.calls().begin(&operation, transport::endpoint(&endpoint.url));
        let started = Instant::now();
        let mut attempts = 0;
        loop {
            attempts += 1;
            entry.sent();
            let request = request(endpoint).map_err(|error| failed(error.to_string()))?;
            let answer = self.transport.send(request, CONNECT_TIMEOUT, FETCH_TIMEOUT).await;
            let status = answer.as_ref().ok().map(|response| response.status().as_u16());
            let end = answer::end(&operation, &answer);
            let spent = Spent { attempts, time: started.elapsed() };
            entry.answered(status, spent.time);
            if let Some(wait) = retry::wait(&operation, end, spent, transport::random()) {
                sleep(wait).await;
                continue;
            }
            let response = answer.map_err(|error| failed(explain::innermost(&error)))?;
            if end != End::Answered || !response.status().is_success() {
                return Err(failed(format!("HTTP status {}", response.status().as_u16())));
            }
            let body = response.body().bytes().unwrap_or_default();
            let token = serde_json::from_slice::<serde_json::Value>(body)
                .ok()
                .and_then(|body| body["value"].as_str().map(SecretString::from))
                .ok_or_else(|| failed("the answer holds no token".to_owned()))?;
            self.step.mask(&token);
            return Ok(token);
        }
    }
}

fn request(
    endpoint: &TokenEndpoint,
) -> Result<HttpRequest, Box<dyn std::error::Error + Send + Sync>> {
    let separator = if endpoint.url.contains('?') { '&' } else { '?' };
    let mut request = HttpRequest::get(format!("{}{separator}audience={AUDIENCE}", endpoint.url))?;
    let bearer = format!("Bearer {}", endpoint.bearer.expose_secret());
    request.headers_mut().try_insert("authorization", bearer)?;
    request.headers_mut().insert("accept", "application/json; api-version=2.0");
    request.headers_mut().insert("user-agent", "todo-actions");
    Ok(request)
}

/// Where the job's token comes from. `None` outside a job, and in one that has keys but no token: there the role is assumed
/// with the keys.
fn token_endpoint(step: &Step, role: &RoleArn) -> Result<Option<TokenEndpoint>, AwsError> {
    let url = step.env("ACTIONS_ID_TOKEN_REQUEST_URL");
    let bearer = step.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN").map(SecretString::from);
    if let (Some(url), Some(bearer)) = (url, bearer) {
        step.mask(&bearer);
        return Ok(Some(TokenEndpoint { url, bearer }));
    }
    if step.job().is_none() || step.env("AWS_ACCESS_KEY_ID").is_some() {
        return Ok(None);
    }
    Err(error::no_credentials(
        "sts:AssumeRoleWithWebIdentity",
        role.as_str(),
        "this job may not ask for an OIDC token".to_owned(),
        "add `permissions: id-token: write` to the job (and `contents: read`, which naming any permission takes away)"
            .to_owned(),
    ))
}

/// Who the token says that the job is. Read without checking: AWS does that.
fn subject(token: &SecretString) -> Option<String> {
    let payload = token.expose_secret().split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    Some(claims["sub"].as_str()?.to_owned())
}

/// What `CloudTrail` shows of who did it: at most 64 of `\w+=,.@-`. The run stays whole, the repository's name gives way.
fn session_name(job: Option<&Job>) -> String {
    const LONGEST: usize = 64;
    let Some(job) = job else { return "todo-actions".to_owned() };
    let clean = |text: &str| -> String {
        text.chars()
            .map(|character| match character {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '+' | '=' | ',' | '.' | '@' | '-' => {
                    character
                }
                '/' => '@',
                _ => '-',
            })
            .collect()
    };
    let run: String = clean(&format!("-{}-{}", job.run_id, job.run_attempt));
    let run = &run[run.len().saturating_sub(LONGEST - 2)..];
    let mut name = clean(&job.repository);
    name.truncate(LONGEST - run.len());
    name.push_str(run);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(repository: &str) -> Job {
        Job {
            repository: repository.to_owned(),
            run_id: "19876543210".to_owned(),
            run_attempt: "2".to_owned(),
            job: String::new(),
            step: String::new(),
            sha: String::new(),
            ref_name: String::new(),
            actor: String::new(),
            server_url: String::new(),
        }
    }

    #[test]
    fn the_session_is_named_by_repository_and_run() {
        assert_eq!(
            session_name(Some(&job("octo-org/todo-app"))),
            "octo-org@todo-app-19876543210-2"
        );
        assert_eq!(session_name(None), "todo-actions");
    }

    #[test]
    fn a_long_repository_gives_way_to_the_run() {
        let name = session_name(Some(&job(&format!("octo-org/{}", "ü".repeat(90)))));
        assert_eq!(name.len(), 64);
        assert!(name.starts_with("octo-org@--") && name.ends_with("-19876543210-2"), "{name}");
    }

    #[test]
    fn the_subject_is_read_and_a_broken_token_has_none() {
        let payload =
            URL_SAFE_NO_PAD.encode(r#"{"sub":"repo:octo-org/todo-app:environment:prod"}"#);
        let token = SecretString::from(format!("e30.{payload}.sig"));
        assert_eq!(subject(&token).as_deref(), Some("repo:octo-org/todo-app:environment:prod"));
        assert_eq!(subject(&SecretString::from("no-token".to_owned())), None);
    }
}
