//! The server: routes, what all answers share, and an end that loses no request.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use serde_json::json;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::config::Config;
use crate::log::{Level, Log};
use crate::refusal::{Cause, Refusal};
use crate::signals::Stop;
use crate::{database, health, todos};

/// ECS kills 30 s after SIGTERM unless told otherwise: be gone before, by ourselves.
const REQUESTS_MAY_TAKE: Duration = Duration::from_secs(20);
/// A todo is 200 characters: this is generous.
const LARGEST_BODY: usize = 16 * 1024;

/// What a request may use.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) pool: PgPool,
    /// The commit that answers.
    pub(crate) version: Arc<str>,
    log: Log,
}

pub(crate) async fn run(config: Config, log: Log) -> ExitCode {
    match serve(config, log).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log.error(&format!("cannot serve: {error}"), &json!({}));
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: Config, log: Log) -> std::io::Result<()> {
    let mut stop = Stop::listen()?;
    let listener = TcpListener::bind(config.listen).await?;
    let address = listener.local_addr()?;
    let pool = database::pool(config.database);
    let app = App { pool: pool.clone(), version: config.version.as_str().into(), log };

    log.info(&format!("listening on {address}"), &json!({ "version": config.version }));
    let (drain, draining) = oneshot::channel::<()>();
    let server = axum::serve(listener, router(app)).with_graceful_shutdown(async {
        let _ = draining.await;
    });
    let mut server = tokio::spawn(server.into_future());

    let signal = stop.requested().await;
    log.info(&format!("{signal}: finishing what was begun"), &json!({}));
    let _ = drain.send(());
    tokio::select! {
        _ = &mut server => log.info("stopped", &json!({})),
        () = sleep(REQUESTS_MAY_TAKE) => log.warn("stopped with requests under way", &json!({})),
    }
    pool.close().await;
    Ok(())
}

fn router(app: App) -> Router {
    Router::new()
        .route("/health", get(health::route))
        .merge(todos::routes())
        .fallback(async || Refusal::NoSuchPage)
        .method_not_allowed_fallback(async || Refusal::NoSuchMethod)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(app.clone(), for_every_request))
        .with_state(app)
}

/// The headers that all answers carry, and one line in the log.
async fn for_every_request(State(app): State<App>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let begun = Instant::now();
    let mut response = next.run(request).await;

    let headers = response.headers_mut();
    // Tells which deploy answered; a version that fits no header is left out.
    if let Ok(version) = HeaderValue::from_str(&app.version) {
        headers.insert("x-app-version", version);
    }
    // A CDN in front of us must never keep an answer.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

    let status = response.status();
    let mut fields = json!({ "method": method.as_str(), "path": path, "status": status.as_u16(), "ms": begun.elapsed().as_millis() });
    if let Some(Cause(cause)) = response.extensions().get() {
        fields["cause"] = json!(cause);
    }
    let level = match status.as_u16() {
        500.. => Level::Error,
        // Load balancers ask every few seconds.
        _ if path == "/health" => Level::Debug,
        _ => Level::Info,
    };
    app.log.line(level, "request", &fields);
    response
}
