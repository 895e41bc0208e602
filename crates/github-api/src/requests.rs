//! One request: its time-out, its retries, and what its answer means.

use std::time::Duration;

use actions_runtime::{Job, Step};
use http::{HeaderMap, StatusCode};
use octocrab::Octocrab;
use secrecy::SecretString;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::Error;

const CONNECT: Duration = Duration::from_secs(5);
/// A dripping answer keeps every read alive: this is for the whole of a call.
const TIMEOUT: Duration = Duration::from_secs(20);
const ATTEMPTS: u32 = 4;
/// GitHub may ask for an hour; no deploy waits that long for a comment.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// An HTML page of a proxy is no message.
const LONGEST_MESSAGE: usize = 200;

/// The repository of the job that this run is in.
pub struct GitHub {
    client: Octocrab,
    repository: String,
    cancelled: CancellationToken,
}

/// What may be done when nobody knows whether a request arrived.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// Twice does no harm.
    SendAgain,
    /// The caller looks first.
    Tell,
}

#[derive(Clone, Copy)]
enum Method {
    Get,
    Post,
    Patch,
}

/// The end of one attempt.
enum Attempt {
    Answer(Value),
    /// It was not carried out; GitHub says when to come again.
    Wait(Duration, Error),
    Failed(Error),
}

impl GitHub {
    pub fn open(step: &Step, job: &Job, token: SecretString) -> Result<Self, Error> {
        let url = step.env("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned());
        Self::new(&url, &job.repository, token, step.cancelled().clone())
    }

    /// `repository` is `owner/name`; `cancelled` ends every call.
    pub fn new(
        url: &str,
        repository: &str,
        token: SecretString,
        cancelled: CancellationToken,
    ) -> Result<Self, Error> {
        let address = |error: octocrab::Error| Error::Address { message: text_of(&error) };
        let client = Octocrab::builder()
            .base_uri(url)
            .map_err(address)?
            .personal_token(token)
            .set_connect_timeout(Some(CONNECT))
            .set_read_timeout(Some(TIMEOUT))
            .build()
            .map_err(address)?;
        Ok(Self { client, repository: repository.to_owned(), cancelled })
    }

    pub(crate) fn route(&self, rest: &str) -> String {
        format!("/repos/{}/{rest}", self.repository)
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        what: &str,
        rest: &str,
    ) -> Result<T, Error> {
        let answer = self.send(Method::Get, what, rest, None, Doubt::SendAgain).await?;
        read(what, answer)
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        what: &str,
        rest: &str,
        body: &impl Serialize,
        doubt: Doubt,
    ) -> Result<T, Error> {
        let body = serde_json::to_value(body).unwrap_or_default();
        read(what, self.send(Method::Post, what, rest, Some(&body), doubt).await?)
    }

    pub(crate) async fn patch<T: DeserializeOwned>(
        &self,
        what: &str,
        rest: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let body = serde_json::to_value(body).unwrap_or_default();
        let answer = self.send(Method::Patch, what, rest, Some(&body), Doubt::SendAgain).await?;
        read(what, answer)
    }

    async fn send(
        &self,
        method: Method,
        what: &str,
        rest: &str,
        body: Option<&Value>,
        doubt: Doubt,
    ) -> Result<Value, Error> {
        let mut attempt = 1;
        loop {
            let ended = tokio::select! {
                ended = self.once(method, what, rest, body) => ended,
                () = self.cancelled.cancelled() => return Err(Error::Cancelled),
            };
            let (pause, error) = match ended {
                Attempt::Answer(answer) => return Ok(answer),
                Attempt::Wait(pause, error) => (pause, error),
                Attempt::Failed(error) if error.is_doubtful() && doubt == Doubt::SendAgain => {
                    (backoff(attempt), error)
                }
                Attempt::Failed(error) => return Err(error),
            };
            if attempt == ATTEMPTS || pause > LONGEST_WAIT {
                return Err(error);
            }
            attempt += 1;
            tokio::select! {
                () = sleep(pause) => {}
                () = self.cancelled.cancelled() => return Err(Error::Cancelled),
            }
        }
    }

    async fn once(&self, method: Method, what: &str, rest: &str, body: Option<&Value>) -> Attempt {
        let unreachable = |message: String| {
            Attempt::Failed(Error::Unreachable { what: what.to_owned(), message })
        };
        let route = self.route(rest);
        let call = async {
            let answer = match method {
                Method::Get => self.client._get(route).await?,
                Method::Post => self.client._post(route, body).await?,
                Method::Patch => self.client._patch(route, body).await?,
            };
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok((status, headers, self.client.body_to_string(answer).await?))
        };
        let answered: Result<_, octocrab::Error> = match timeout(TIMEOUT, call).await {
            Ok(answered) => answered,
            Err(_) => return unreachable(format!("nothing within {} s", TIMEOUT.as_secs())),
        };
        match answered {
            Ok((status, headers, text)) => judge(what, status, &headers, &text),
            Err(error) => unreachable(text_of(&error)),
        }
    }
}

/// What an answer means (GitHub: "Best practices for using the REST API", "Rate limits").
fn judge(what: &str, status: StatusCode, headers: &HeaderMap, text: &str) -> Attempt {
    let body: Option<Value> = serde_json::from_str(text).ok();
    if status.is_success() {
        return match body {
            Some(body) => Attempt::Answer(body),
            None => Attempt::Failed(Error::Unreachable {
                what: what.to_owned(),
                message: "its answer is no JSON".to_owned(),
            }),
        };
    }
    let message = body
        .as_ref()
        .and_then(|body| body.get("message")?.as_str())
        .map_or_else(|| "an answer that is no JSON".to_owned(), short);
    let what = what.to_owned();
    let limited = matches!(status.as_u16(), 403 | 429);
    if let Some(pause) = pause(headers).filter(|_| limited) {
        return Attempt::Wait(pause, Error::Refused { what, status: status.as_u16(), message });
    }
    Attempt::Failed(match status.as_u16() {
        // What a token must not see, GitHub calls not found.
        401 | 403 | 404 => Error::NotAllowed { what, message },
        status => Error::Refused { what, status, message },
    })
}

/// How long GitHub asks us to wait.
fn pause(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if let Some(seconds) = number("retry-after") {
        return Some(Duration::from_secs(seconds));
    }
    if number("x-ratelimit-remaining") == Some(0) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
        return Some(Duration::from_secs(number("x-ratelimit-reset")?).saturating_sub(now));
    }
    None
}

/// 0.5, 1, 2 s, each a little longer by chance: many jobs may have met the same outage.
fn backoff(attempt: u32) -> Duration {
    let mut chance = [0];
    let _without = getrandom::fill(&mut chance);
    Duration::from_millis(250 << attempt) + Duration::from_millis(u64::from(chance[0]))
}

fn read<T: DeserializeOwned>(what: &str, answer: Value) -> Result<T, Error> {
    serde_json::from_value(answer).map_err(|error| Error::Unreachable {
        what: what.to_owned(),
        message: format!("its answer is not what GitHub describes: {error}"),
    })
}

/// octocrab's errors say what they are only in their sources.
fn text_of(error: &octocrab::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    short(&cause.to_string())
}

fn short(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(LONGEST_MESSAGE).collect()
}
