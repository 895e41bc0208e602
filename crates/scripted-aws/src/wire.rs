//! HTTP: requests come in, answers go out, and connections end where a scenario says so.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response};
use axum::routing::{get, post};
use axum::serve::{IncomingStream, Listener};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::operation::Api;
use crate::stage::{Cut, Reply, Request, Stage, delay};
use crate::{query, registry};

pub(crate) struct Shared {
    stage: Mutex<Stage>,
    pub(crate) called: Condvar,
    pub(crate) endpoint: String,
}

impl Shared {
    pub(crate) fn new(stage: Stage, endpoint: String) -> Self {
        Self { stage: Mutex::new(stage), called: Condvar::new(), endpoint }
    }

    pub(crate) fn stage(&self) -> MutexGuard<'_, Stage> {
        // A test that panicked elsewhere still wants to see what was called.
        self.stage.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

pub(crate) async fn serve(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = Fragile(TcpListener::from_std(listener)?);
    let routes = Router::new()
        .route("/", post(answer))
        .route("/blobs/{digest}", get(blob))
        .route("/app", get(app))
        .with_state(shared);
    axum::serve(listener, routes.into_make_service_with_connect_info::<Connection>()).await
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let Some(request) = request(&headers, &body) else {
        let said = json!({"__type": "UnknownOperationException", "message": "the scripted AWS does not know this service"});
        return respond(
            &connection,
            Reply {
                status: 400,
                content_type: "application/x-amz-json-1.1",
                body: said.to_string(),
                cut: Cut::No,
            },
        );
    };
    let fault = shared.stage().strike(&request);
    let delay = delay(fault.as_ref());
    let mut reply = shared.stage().answer(&request, fault);
    shared.called.notify_all();
    // The work is done by now: a caller that hangs up meanwhile has not prevented it.
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    if request.operation == "GetDownloadUrlForLayer" {
        reply.body = reply.body.replace("{endpoint}", &shared.endpoint);
    }
    respond(&connection, reply)
}

async fn blob(Path(digest): Path<String>) -> Response<Body> {
    let found = registry::blob(&digest);
    let mut response = Response::new(Body::from(found.clone().unwrap_or_default().to_string()));
    if found.is_none() {
        *response.status_mut() = axum::http::StatusCode::NOT_FOUND;
    }
    response
}

async fn app(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let answer = shared.stage().app_answer();
    if let Some(delay) = answer.delay {
        tokio::time::sleep(delay.0).await;
    }
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let body = match answer.body {
        Value::String(text) => text,
        Value::Null => String::new(),
        json => {
            response = response.header("content-type", "application/json");
            json.to_string()
        }
    };
    response.body(Body::from(body)).unwrap_or_default()
}

fn request(headers: &HeaderMap, body: &Bytes) -> Option<Request> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(target) = header("x-amz-target") {
        let (service, operation) = target.split_once('.')?;
        let body =
            if body.is_empty() { json!({}) } else { serde_json::from_slice::<Value>(body).ok()? };
        return Some(Request { api: Api::of(service)?, operation: operation.into(), body });
    }
    let fields = query::fields(std::str::from_utf8(body).ok()?);
    let operation = fields["Action"].as_str()?.to_owned();
    Some(Request { api: Api::of_query(header("authorization")), operation, body: fields })
}

fn respond(connection: &Connection, reply: Reply) -> Response<Body> {
    match reply.cut {
        Cut::No => {}
        Cut::Whole => connection.allow(0),
        // Less than the head and half of the body, so that every answer is cut, and a long one within its JSON.
        Cut::Middle => connection.allow(100 + reply.body.len() / 2),
    }
    let response = Response::builder()
        .status(reply.status)
        .header("content-type", reply.content_type)
        .header("x-amzn-requestid", "00000000-0000-4000-8000-000000000000")
        .body(Body::from(reply.body));
    response.unwrap_or_default()
}

/// A listener whose connections can be ended in the middle of an answer.
struct Fragile(TcpListener);

/// How many more bytes may be sent on a connection; `usize::MAX` is no limit.
#[derive(Debug, Clone)]
struct Connection(Arc<AtomicUsize>);

struct Stream {
    tcp: TcpStream,
    allowance: Arc<AtomicUsize>,
}

impl Connection {
    fn allow(&self, bytes: usize) {
        self.0.store(bytes, Ordering::SeqCst);
    }
}

impl Listener for Fragile {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        let (tcp, address) = Listener::accept(&mut self.0).await;
        // Answers are small and waited for.
        let _ = tcp.set_nodelay(true);
        (Stream { tcp, allowance: Arc::new(AtomicUsize::new(usize::MAX)) }, address)
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Fragile>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Fragile>) -> Self {
        Self(stream.io().allowance.clone())
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let allowed = self.allowance.load(Ordering::SeqCst);
        if allowed == 0 {
            return Poll::Ready(Err(Error::from(ErrorKind::ConnectionAborted)));
        }
        let written =
            Pin::new(&mut self.tcp).poll_write(context, &bytes[..bytes.len().min(allowed)]);
        if let (Poll::Ready(Ok(count)), true) = (&written, allowed != usize::MAX) {
            self.allowance.store(allowed - count, Ordering::SeqCst);
        }
        written
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
