//! The HTTP client that every SDK client of a session shares: connections, proxies and certificates below, retries,
//! time-outs and the record above.
//!
//! Retries happen here and not in the SDK, whose own are switched off: its rules know operations only through settings of
//! each single client, repeat writes that got no answer, and stop repeating what is throttled when a token bucket runs
//! dry. A request is sent again as it was signed; that is accepted for five minutes, and an operation may take two.

use std::{
    collections::HashMap,
    error::Error,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_smithy_http_client::{Connector, proxy::ProxyConfig, tls};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    answer,
    calls::Calls,
    operation::Operation,
    retry::{self, Spent},
};

/// A body gets this much more time for each of its bytes: 64 KiB a second is a slow line, not a dead one.
const SLOWEST_BYTES_A_SECOND: u64 = 64 * 1024;
/// An object up to this size is held in memory.
const SMALL: u64 = 1024 * 1024;
/// Marks a request as an SDK operation. Instance metadata and the token endpoint have none, and rules of their own.
const INVOCATION: &str = "amz-sdk-invocation-id";

#[derive(Clone)]
pub(crate) struct Transport(Arc<Inner>);

struct Inner {
    calls: Calls,
    trust: tls::TlsContext,
    wires: Mutex<HashMap<Wire, SharedHttpConnector>>,
    read_only: AtomicBool,
}

/// What distinguishes connections that cannot be shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Wire {
    connect_timeout: Option<Duration>,
    /// Reading the certificates of the system costs milliseconds that plain HTTP does not owe.
    trusting: bool,
    proxied: bool,
    /// An idle connection may be closed by its other end in the moment in which it is used again. A read is then
    /// repeated; a write would be in doubt for nothing, and pays for a connection of its own.
    fresh: bool,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

impl HttpClient for Transport {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Line {
            transport: self.clone(),
            connect_timeout: settings.connect_timeout(),
            read_timeout: settings.read_timeout(),
        })
    }
}

impl Transport {
    /// `bundle` holds certificates in PEM form that are trusted instead of the system's.
    pub(crate) fn new(calls: Calls, bundle: Option<Vec<u8>>) -> Self {
        let trust = match bundle {
            Some(pem) => tls::TrustStore::empty().with_pem_certificate(pem),
            None => tls::TrustStore::default(),
        };
        let trust = tls::TlsContext::builder().with_trust_store(trust).build().unwrap_or_default();
        Self(Arc::new(Inner {
            calls,
            trust,
            wires: Mutex::default(),
            read_only: AtomicBool::new(false),
        }))
    }

    pub(crate) fn calls(&self) -> &Calls {
        &self.0.calls
    }

    pub(crate) fn read_only(&self) {
        self.0.read_only.store(true, Ordering::Relaxed);
    }

    /// Sends one request once, outside any operation.
    pub(crate) async fn send(
        &self,
        request: HttpRequest,
        connect_timeout: Duration,
        limit: Duration,
    ) -> Result<HttpResponse, ConnectorError> {
        let wire = self.wire(request.uri(), Some(connect_timeout), false);
        whole(wire.call(request), Some(limit)).await
    }

    fn wire(
        &self,
        uri: &str,
        connect_timeout: Option<Duration>,
        fresh: bool,
    ) -> SharedHttpConnector {
        let wire = Wire {
            connect_timeout,
            trusting: uri.starts_with("https:"),
            proxied: !is_link_local(uri),
            fresh,
        };
        let mut wires = self.0.wires.lock().unwrap_or_else(PoisonError::into_inner);
        wires.entry(wire).or_insert_with(|| self.connector(wire)).clone()
    }

    fn connector(&self, wire: Wire) -> SharedHttpConnector {
        let settings = HttpConnectorSettings::builder();
        let settings = match wire.connect_timeout {
            Some(limit) => settings.connect_timeout(limit),
            None => settings,
        };
        let proxy = if wire.proxied { ProxyConfig::from_env() } else { ProxyConfig::disabled() };
        let trust = if wire.trusting {
            self.0.trust.clone()
        } else {
            tls::TlsContext::builder()
                .with_trust_store(tls::TrustStore::empty())
                .build()
                .unwrap_or_default()
        };
        let builder = Connector::builder();
        let builder = if wire.fresh { builder.pool_max_idle_per_host(0) } else { builder };
        let connector = builder
            .connector_settings(settings.build())
            .proxy_config(proxy)
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
            .tls_context(trust)
            .build();
        SharedHttpConnector::new(connector)
    }
}

/// Instance metadata and container credentials are beside the machine, never behind a proxy.
fn is_link_local(uri: &str) -> bool {
    let host = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    host.starts_with("169.254.") || host.starts_with("[fd00:ec2::")
}

/// One client's way through the transport.
#[derive(Debug, Clone)]
struct Line {
    transport: Transport,
    connect_timeout: Option<Duration>,
    read_timeout: Option<Duration>,
}

impl HttpConnector for Line {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let line = self.clone();
        HttpConnectorFuture::new(async move {
            if request.headers().contains_key(INVOCATION) {
                line.operation(request).await
            } else {
                let wire = line.transport.wire(request.uri(), line.connect_timeout, false);
                within(line.read_timeout, wire.call(request)).await
            }
        })
    }
}

impl Line {
    async fn operation(&self, mut request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let operation = Operation::of(&request);
        if operation.writing && self.transport.0.read_only.load(Ordering::Relaxed) {
            return Err(ConnectorError::user(Box::new(NothingIsWritten)));
        }
        let entry = self.transport.calls().begin(&operation, endpoint(request.uri()));
        let fresh = operation.writing && !operation.repeatable && !is_conditional(&request);
        let wire = self.transport.wire(request.uri(), self.connect_timeout, fresh);
        let limit = patience(self.read_timeout, request.body());
        let started = Instant::now();
        let mut attempts = 0;
        loop {
            // A body that can be read only once goes out only once.
            let (copy, once) = match request.try_clone() {
                Some(copy) => (copy, false),
                None => (std::mem::replace(&mut request, HttpRequest::empty()), true),
            };
            attempts += 1;
            entry.sent();
            let answer = if operation.streaming {
                head_first(wire.call(copy), limit).await
            } else {
                whole(wire.call(copy), limit).await
            };
            let status = answer.as_ref().ok().map(|response| response.status().as_u16());
            let end = answer::end(&operation, &answer);
            let spent = Spent { attempts, time: started.elapsed() };
            entry.answered(status, spent.time);
            match retry::wait(&operation, end, spent, random()) {
                Some(wait) if !once => sleep(wait).await,
                _ => return answer,
            }
        }
    }
}

/// A conditional write in doubt is settled by one look at what it would have changed: it need not pay for a connection.
fn is_conditional(request: &HttpRequest) -> bool {
    ["if-match", "if-none-match"].iter().any(|name| request.headers().contains_key(*name))
}

/// How long one attempt may take: `read_timeout`, and the time that its body needs on a slow line. A body of unknown length
/// is watched by the SDK's own protection against stalled streams.
fn patience(read_timeout: Option<Duration>, body: &SdkBody) -> Option<Duration> {
    let bytes = body.content_length()?;
    Some(read_timeout? + Duration::from_secs(bytes / SLOWEST_BYTES_A_SECOND))
}

async fn within<T>(
    limit: Option<Duration>,
    work: impl Future<Output = Result<T, ConnectorError>>,
) -> Result<T, ConnectorError> {
    match limit {
        Some(limit) => match timeout(limit, work).await {
            Ok(result) => result,
            Err(_elapsed) => Err(ConnectorError::timeout(Box::new(NoAnswer(limit)))),
        },
        None => work.await,
    }
}

/// No answer came in time.
#[derive(Debug, thiserror::Error)]
#[error("no complete answer within {} s", .0.as_secs())]
pub(crate) struct NoAnswer(Duration);

/// A writing call was stopped.
#[derive(Debug, thiserror::Error)]
#[error("a dry run makes no writing call")]
pub(crate) struct NothingIsWritten;

/// The answer with its body read to the end: one that breaks off is known here, where it can be repeated.
async fn whole(
    call: impl Future<Output = Result<HttpResponse, ConnectorError>>,
    limit: Option<Duration>,
) -> Result<HttpResponse, ConnectorError> {
    let mut response = within(limit, call).await?;
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    let collect = async {
        let body = ByteStream::new(body).collect().await;
        body.map_err(|error| ConnectorError::io(Box::new(CutAnswer(error.into()))))
    };
    // The rest of the answer may take as long again as its beginning.
    *response.body_mut() = SdkBody::from(within(limit, collect).await?.into_bytes());
    Ok(response)
}

/// The answer ended before its end.
#[derive(Debug, thiserror::Error)]
#[error("the answer broke off")]
pub(crate) struct CutAnswer(#[source] Box<dyn Error + Send + Sync>);

/// The answer as soon as it begins, unless it is an error or small: a small one is read to its end, so that it can be
/// asked for again when it breaks off.
async fn head_first(
    call: impl Future<Output = Result<HttpResponse, ConnectorError>>,
    limit: Option<Duration>,
) -> Result<HttpResponse, ConnectorError> {
    let response = within(limit, call).await?;
    let size = response.headers().get("content-length").and_then(|size| size.parse::<u64>().ok());
    if response.status().is_success() && size.is_none_or(|size| size > SMALL) {
        return Ok(response);
    }
    whole(std::future::ready(Ok(response)), limit).await
}

pub(crate) fn endpoint(uri: &str) -> String {
    let authority = uri.find("://").map_or(0, |at| at + 3);
    let end = uri[authority..].find(['/', '?']).map_or(uri.len(), |end| authority + end);
    uri[..end].to_owned()
}

/// From 0 to 1. A machine without randomness waits its full time.
pub(crate) fn random() -> f64 {
    getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bodies_get_more_time() {
        let ten = Some(Duration::from_secs(10));
        assert_eq!(patience(ten, &SdkBody::from("small")), ten);
        let large = SdkBody::from(vec![0; 1024 * 1024]);
        assert_eq!(patience(ten, &large), Some(Duration::from_secs(26)));
        assert_eq!(patience(None, &large), None);
    }

    #[test]
    fn an_endpoint_is_what_stands_before_the_path() {
        assert_eq!(endpoint("http://127.0.0.1:80/a?b"), "http://127.0.0.1:80");
        assert_eq!(
            endpoint("https://ecs.eu-west-1.amazonaws.com"),
            "https://ecs.eu-west-1.amazonaws.com"
        );
    }

    #[test]
    fn instance_metadata_is_never_proxied() {
        assert!(is_link_local("http://169.254.169.254/latest/"));
        assert!(is_link_local("http://[fd00:ec2::254]/latest/"));
        assert!(!is_link_local("https://ecs.eu-west-1.amazonaws.com/"));
    }
}
