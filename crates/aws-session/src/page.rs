//! A page that is not AWS's, fetched over the session's own connections: the same proxy, the same certificates.

use std::{error::Error as _, time::Duration};

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use tokio::time::timeout;

use crate::Session;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// What a server answered. Redirects are answers like any other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Page {
    /// A header's value, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

impl Session {
    /// GETs `url` once. The error says in one line why there was no answer. It is no call to AWS and not recorded as one.
    pub async fn page(&self, url: &str, limit: Duration) -> Result<Page, String> {
        let mut request = HttpRequest::get(url).map_err(|error| error.to_string())?;
        request.headers_mut().insert("user-agent", "todo-actions");
        request.headers_mut().insert("accept", "*/*");
        // An answer from a cache says nothing of the new version.
        request.headers_mut().insert("cache-control", "no-cache");
        let answer = timeout(limit, self.transport().send(request, CONNECT_TIMEOUT, limit)).await;
        let response = answer
            .map_err(|_elapsed| format!("no answer within {} s", limit.as_secs_f64()))?
            .map_err(|error| {
                let mut innermost = error.to_string();
                let mut source = error.source();
                while let Some(cause) = source {
                    innermost = cause.to_string();
                    source = cause.source();
                }
                format!("no answer: {innermost}")
            })?;
        let headers = response.headers().iter();
        Ok(Page {
            status: response.status().as_u16(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: String::from_utf8_lossy(response.body().bytes().unwrap_or_default()).into_owned(),
        })
    }
}
