//! A GitHub on loopback for tests: it keeps comments, issues, statuses and runs, and fails when it is told to.
//!
//! It knows the few routes that `github-api` uses, in pages of up to a hundred as GitHub has them. What GitHub itself checks
//! of a request, it does not: Prism, from GitHub's own description, does.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod store;

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::store::Store;

/// How the next request goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It is not carried out, and this is the answer.
    Answer { status: u16, headers: Vec<(&'static str, String)>, body: String },
    /// It is carried out, and its answer gets lost: a proxy's HTML page comes instead.
    LoseAnswer,
}

impl Fault {
    /// A secondary rate limit (GitHub: "Rate limits for the REST API").
    pub fn secondary_limit(seconds: u64) -> Self {
        Self::Answer {
            status: 403,
            headers: vec![("retry-after", seconds.to_string())],
            body: r#"{"message":"You have exceeded a secondary rate limit"}"#.to_owned(),
        }
    }

    /// The token has no right to it.
    pub fn not_allowed() -> Self {
        Self::Answer {
            status: 403,
            headers: Vec::new(),
            body: r#"{"message":"Resource not accessible by integration"}"#.to_owned(),
        }
    }

    /// What a proxy says while GitHub is away.
    pub fn html(status: u16) -> Self {
        let body = "<html><body>Unicorn!</body></html>".to_owned();
        Self::Answer { status, headers: vec![("content-type", "text/html".to_owned())], body }
    }
}

#[derive(Default)]
struct Shared {
    store: Store,
    /// By the beginning of `METHOD /path`; each serves once.
    faults: Vec<(String, Fault)>,
    requests: Vec<String>,
}

/// A running server; it ends when this is dropped.
pub struct ScriptedGitHub {
    url: String,
    shared: Arc<Mutex<Shared>>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl ScriptedGitHub {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Mutex::new(Shared::default()));
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let until = async {
                    let _dropped = stopped.await;
                };
                tokio::select! {
                    served = async { axum::serve(listener, router).await } => served.unwrap(),
                    () = until => {}
                }
            });
        });
        Self { url, shared, stop: Some(stop), server: Some(server) }
    }

    /// For `GITHUB_API_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets the next request that begins with `request` (`POST /repos/…`, or just `POST`) go wrong.
    pub fn fault(&self, request: &str, fault: Fault) {
        self.shared.lock().unwrap().faults.push((request.to_owned(), fault));
    }

    /// What was asked, in order: `GET /repos/octo/todo/issues?…`.
    pub fn requests(&self) -> Vec<String> {
        self.shared.lock().unwrap().requests.clone()
    }

    /// The requests that change something.
    pub fn writes(&self) -> Vec<String> {
        self.requests().into_iter().filter(|request| !request.starts_with("GET")).collect()
    }

    /// Adds a comment of somebody: `author` is its `author_association`.
    pub fn add_comment(&self, issue: u64, author: &str, body: &str) {
        self.shared.lock().unwrap().store.add_comment(issue, "User", author, body);
    }

    /// The comments on an issue or pull request.
    pub fn comments(&self, issue: u64) -> Vec<Value> {
        self.shared.lock().unwrap().store.comments(issue)
    }

    /// Changes the body of a comment, as a person does in the browser.
    pub fn edit_comment(&self, id: u64, body: &str) {
        self.shared.lock().unwrap().store.edit_comment(id, body);
    }

    pub fn issues(&self) -> Vec<Value> {
        self.shared.lock().unwrap().store.issues.clone()
    }

    /// The statuses of all commits, the latest first, each with its `sha`.
    pub fn statuses(&self) -> Vec<Value> {
        self.shared.lock().unwrap().store.statuses.clone()
    }

    /// Lets `sha` be what merging the pull request with this head made.
    pub fn merge(&self, sha: &str, head: &str) {
        let merged = (sha.to_owned(), head.to_owned());
        self.shared.lock().unwrap().store.merged.push(merged);
    }

    /// Says how the first attempt of a run is doing.
    pub fn run(&self, run: &str, status: &str, conclusion: Option<&str>) {
        let run = (run.to_owned(), status.to_owned(), conclusion.map(str::to_owned));
        self.shared.lock().unwrap().store.runs.insert(0, run);
    }
}

impl Drop for ScriptedGitHub {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            let _ended = server.join();
        }
    }
}

async fn answer(State(shared): State<Arc<Mutex<Shared>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let line = format!("{} {}", parts.method, parts.uri);
    let mut shared = shared.lock().unwrap();
    shared.requests.push(line.clone());
    if parts.headers.get(header::AUTHORIZATION).is_none() {
        return respond(401, r#"{"message":"Requires authentication"}"#.into());
    }
    let fault = shared.faults.iter().position(|(begins, _)| line.starts_with(begins.as_str()));
    let fault = fault.map(|at| shared.faults.remove(at).1);
    if let Some(Fault::Answer { status, headers, body }) = fault {
        let mut response = respond(status, body.into());
        let extra: HeaderMap = headers
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        response.headers_mut().extend(extra);
        return response;
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let (status, answer) = shared.store.answer(parts.method.as_str(), &path, &query, &body);
    if fault.is_some() {
        return respond(502, "<html><body>Bad gateway</body></html>".into());
    }
    respond(status, answer.to_string().into())
}

fn respond(status: u16, body: Bytes) -> Response {
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}
