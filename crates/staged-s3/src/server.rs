//! The HTTP server: what is done with a request before and after S3 or CloudFront answers it.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::Sender,
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, extract::Request as HttpRequest, serve::Listener};
use percent_encoding::percent_decode_str;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::oneshot::Receiver,
    time::{Sleep, sleep},
};

use crate::{
    Fate, Fault,
    cdn::{self, Cdn},
    receive::receive,
    reply::{Reply, error, reply},
    s3::{self, Request},
    store::Store,
    xml,
};

pub(crate) struct State {
    pub(crate) world: Mutex<World>,
    pub(crate) latency: AtomicU64,
    pub(crate) verify: AtomicBool,
    pub(crate) connections: AtomicU64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            world: Mutex::default(),
            latency: AtomicU64::new(0),
            verify: AtomicBool::new(true),
            connections: AtomicU64::new(0),
        }
    }
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) cdn: Cdn,
    pub(crate) log: Vec<String>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) stall: Option<(usize, Fate)>,
    pub(crate) stalled: bool,
}

/// What is to be done with a request.
enum Turn {
    Answer,
    /// Answered wrongly; done all the same, or not.
    Fail(Fault),
    Stall(Fate),
}

impl World {
    fn turn(&mut self, operation: &str, key: &str) -> Turn {
        self.log.push(format!("{operation} {key}").trim_end().to_owned());
        if let Some((number, fate)) = self.stall
            && self.log.len() >= number
        {
            self.stalled = true;
            return Turn::Stall(if self.log.len() == number { fate } else { Fate::Lost });
        }
        let fault = self.faults.iter_mut().find(|fault| {
            fault.times > 0 && fault.operation == operation && key.contains(fault.key)
        });
        match fault {
            Some(fault) => {
                fault.times -= 1;
                Turn::Fail(fault.clone())
            }
            None => Turn::Answer,
        }
    }
}

/// Serves until told to stop.
pub(crate) fn serve(
    state: Arc<State>,
    listener: std::net::TcpListener,
    started: &Sender<Handle>,
    stopped: Receiver<()>,
) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let Ok(runtime) = runtime else { return };
    let _nobody_waits = started.send(runtime.handle().clone());
    runtime.block_on(async move {
        let Ok(listener) = TcpListener::from_std(listener) else { return };
        let listener = Slow { listener, state: state.clone() };
        let app = Router::new().fallback(move |request| handle(state.clone(), request));
        tokio::select! {
            _ended = axum::serve(listener, app).into_future() => {}
            _told = stopped => {}
        }
    });
    runtime.shutdown_background();
}

/// Serves the visitors of one distribution.
pub(crate) async fn serve_visitors(state: Arc<State>, id: String, listener: std::net::TcpListener) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let app = Router::new().fallback(move |request: HttpRequest| async move {
        let path = percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
        let world = &mut *lock(&state);
        world.cdn.visit(&world.store, &id, &path)
    });
    let _ended = axum::serve(listener, app).await;
}

async fn handle(state: Arc<State>, request: HttpRequest) -> Reply {
    let (parts, body) = request.into_parts();
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy().into_owned();
    let verify = state.verify.load(Ordering::Relaxed);
    let Some(received) = receive(&parts.headers, body, verify).await else {
        return reply(400, "");
    };
    round_trips(&state, 1).await;
    if path.starts_with("/2020-05-31/distribution") {
        let text = String::from_utf8_lossy(&received.body).into_owned();
        return turn(&state, &path, None, |world| world.cdn.answer(&parts.method, &path, &text))
            .await;
    }
    let query = xml::query(parts.uri.query().unwrap_or_default());
    let (bucket, key) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    let operation = s3::operation(&parts.method, bucket, key, &query, &parts.headers);
    let request = Request { bucket, key, query: &query, headers: &parts.headers, received };
    let answer = |world: &mut World| (operation, s3::answer(&mut world.store, operation, &request));
    turn(&state, key, Some(operation), answer).await
}

/// Lets the request have its turn: answered, answered wrongly, or never.
async fn turn(
    state: &State,
    key: &str,
    operation: Option<&'static str>,
    answer: impl FnOnce(&mut World) -> (&'static str, Reply),
) -> Reply {
    {
        let world = &mut *lock(state);
        let is_s3 = operation.is_some();
        // CloudFront's operations are known by their paths.
        let operation = operation.unwrap_or_else(|| cloudfront(key));
        match world.turn(operation, if is_s3 { key } else { "" }) {
            Turn::Answer => return answer(world).1,
            Turn::Fail(fault) => {
                if fault.done {
                    answer(world);
                }
                let Fault { status, code, .. } = fault;
                return if is_s3 { error(status, code) } else { cdn::error(status, code) };
            }
            Turn::Stall(Fate::Done) => drop(answer(world)),
            Turn::Stall(Fate::Lost) => {}
        }
    }
    std::future::pending().await
}

fn cloudfront(path: &str) -> &'static str {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).skip(2).collect();
    match parts.as_slice() {
        [] => "ListDistributions",
        [_, "invalidation"] => "CreateInvalidation",
        [_, "invalidation", ..] => "GetInvalidation",
        _ => "GetDistribution",
    }
}

fn lock(state: &State) -> MutexGuard<'_, World> {
    state.world.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn round_trips(state: &State, count: u64) {
    let milliseconds = state.latency.load(Ordering::Relaxed) * count;
    if milliseconds > 0 {
        sleep(Duration::from_millis(milliseconds)).await;
    }
}

/// Accepts connections that cost two round trips before they can be used: TCP and TLS 1.3.
struct Slow {
    listener: TcpListener,
    state: Arc<State>,
}

impl Listener for Slow {
    type Io = SlowStream;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (SlowStream, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let _slower = stream.set_nodelay(true);
        self.state.connections.fetch_add(1, Ordering::Relaxed);
        let milliseconds = self.state.latency.load(Ordering::Relaxed) * 2;
        let wait = (milliseconds > 0).then(|| Box::pin(sleep(Duration::from_millis(milliseconds))));
        (SlowStream { stream, wait }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

struct SlowStream {
    stream: TcpStream,
    wait: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for SlowStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(wait) = &mut self.wait {
            std::task::ready!(wait.as_mut().poll(cx));
            self.wait = None;
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for SlowStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
