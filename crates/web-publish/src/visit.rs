//! The site as a visitor gets it: plain requests, no credentials, no cache of ours.

use std::time::Duration;

use aws_smithy_http_client::{Connector, proxy::ProxyConfig, tls};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector as _, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::HttpRequest,
    },
    http::StatusCode,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};

const TIME_OUT: Duration = Duration::from_secs(10);
/// From `http:` to `https:`, to a host's own name: more is a loop.
const REDIRECTS: usize = 4;

pub(crate) struct Visitor(SharedHttpConnector);

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) bytes: Vec<u8>,
    /// Where it came from, after redirects.
    pub(crate) url: String,
}

impl Visitor {
    pub(crate) fn new() -> Self {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(TIME_OUT)
            .read_timeout(TIME_OUT)
            .build();
        let connector = Connector::builder()
            .connector_settings(settings)
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
            .build();
        Self(SharedHttpConnector::new(connector))
    }

    /// What `url` answers, or why it does not.
    pub(crate) async fn get(&self, url: &str) -> Result<Answer, String> {
        let mut url = url.to_owned();
        for _ in 0..REDIRECTS {
            let answer = tokio::time::timeout(TIME_OUT, self.ask(&url)).await.map_err(|_| {
                format!("`{url}` does not answer within {} s", TIME_OUT.as_secs())
            })??;
            match answer {
                Ok(answer) => return Ok(answer),
                Err(location) => url = resolve(&url, &location),
            }
        }
        Err(format!("`{url}` is redirected again and again"))
    }

    /// The answer, or where it sends its visitors.
    async fn ask(&self, url: &str) -> Result<Result<Answer, String>, String> {
        let wrong = |error: &dyn std::fmt::Display| format!("`{url}` does not answer: {error}");
        let mut request = HttpRequest::get(url).map_err(|error| wrong(&error))?;
        request.headers_mut().insert("user-agent", "todo-actions/web-publish");
        let mut response = self.0.call(request).await.map_err(|error| wrong(&error))?;
        let header = |name: &str| response.headers().get(name).unwrap_or_default().to_owned();
        let (content_type, location) = (header("content-type"), header("location"));
        let status: StatusCode = response.status();
        if (300..400).contains(&status.as_u16()) && !location.is_empty() {
            return Ok(Err(location));
        }
        let body = std::mem::replace(response.body_mut(), SdkBody::taken());
        let bytes = ByteStream::new(body).collect().await.map_err(|error| wrong(&error))?;
        Ok(Ok(Answer {
            status: status.as_u16(),
            content_type,
            bytes: bytes.to_vec(),
            url: url.to_owned(),
        }))
    }
}

/// `reference`, written in the page at `page`, as an address.
pub(crate) fn resolve(page: &str, reference: &str) -> String {
    let reference = reference.split('#').next().unwrap_or(reference);
    let (scheme, rest) = page.split_once("://").unwrap_or(("https", page));
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(host_end);
    if reference.contains("://") {
        return reference.to_owned();
    }
    if let Some(other_host) = reference.strip_prefix("//") {
        return format!("{scheme}://{other_host}");
    }
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let path = if let Some(absolute) = reference.strip_prefix('/') {
        absolute.to_owned()
    } else {
        let folder = path.rfind('/').map_or("", |at| &path[..=at]);
        format!("{}{reference}", folder.trim_start_matches('/'))
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("{scheme}://{host}/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_resolved_as_a_browser_does() {
        for (page, reference, expected) in [
            ("https://x.org/", "/a.js", "https://x.org/a.js"),
            ("https://x.org", "a.js", "https://x.org/a.js"),
            ("https://x.org/docs/?q#f", "a.js?v=1", "https://x.org/docs/a.js?v=1"),
            ("https://x.org/docs/b/", "../a.js", "https://x.org/docs/a.js"),
            ("https://x.org/docs/index.html", "./a.js", "https://x.org/docs/a.js"),
            ("http://x.org/", "//y.org/a.js", "http://y.org/a.js"),
            ("http://x.org/", "https://y.org/", "https://y.org/"),
        ] {
            assert_eq!(resolve(page, reference), expected);
        }
    }
}
