//! Can this server serve? Asked by the load balancer at `/health`, and by the container's own health
//! check through `todo-api health`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use sqlx::PgPool;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Environment;
use crate::config::{self, Settings};
use crate::log;
use crate::migrate::MIGRATIONS;
use crate::refusal::Cause;
use crate::serve::App;

/// Under the 5 s after which a load balancer gives up: then it is us who tell the reason.
const DATABASE_ANSWERS_WITHIN: Duration = Duration::from_secs(2);
const SERVER_ANSWERS_WITHIN: Duration = Duration::from_secs(4);

/// 200 only when a request for todos could be answered: database reachable, schema at least as new as
/// this code. That makes a rollout fail which outran its migration, instead of the first visitor's request.
pub(crate) async fn route(State(app): State<App>) -> Response {
    match check(&app.pool).await {
        Ok(schema) => Json(json!({ "status": "ok", "version": &*app.version, "schema": schema }))
            .into_response(),
        Err(Unhealthy { reason, cause }) => {
            let body = Json(
                json!({ "status": "unavailable", "version": &*app.version, "reason": reason }),
            );
            let mut response = (StatusCode::SERVICE_UNAVAILABLE, body).into_response();
            response.extensions_mut().insert(Cause(cause));
            response
        }
    }
}

struct Unhealthy {
    /// For whoever asks.
    reason: &'static str,
    /// For the log.
    cause: String,
}

async fn check(pool: &PgPool) -> Result<i64, Unhealthy> {
    const NO_SUCH_TABLE: &str = "42P01";
    const SQL: &str = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success";
    const BEHIND: &str = "the schema is older than this release: run `todo-api migrate`";

    let asked =
        timeout(DATABASE_ANSWERS_WITHIN, sqlx::query_scalar::<_, i64>(SQL).fetch_one(pool)).await;
    let needed = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    match asked {
        Ok(Ok(schema)) if schema >= needed => Ok(schema),
        Ok(Ok(schema)) => {
            Err(Unhealthy { reason: BEHIND, cause: format!("schema {schema}, needed {needed}") })
        }
        Ok(Err(sqlx::Error::Database(error))) if error.code().as_deref() == Some(NO_SUCH_TABLE) => {
            Err(Unhealthy { reason: BEHIND, cause: format!("no schema yet, needed {needed}") })
        }
        Ok(Err(error)) => {
            Err(Unhealthy { reason: "the database does not answer", cause: error.to_string() })
        }
        Err(_) => Err(Unhealthy {
            reason: "the database does not answer",
            cause: "no answer in time".to_owned(),
        }),
    }
}

/// `todo-api health`.
pub(crate) async fn ask(environment: &Environment) -> ExitCode {
    let mut address = config::listen(&mut Settings { environment, faults: Vec::new() });
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let answer = timeout(SERVER_ANSWERS_WITHIN, get(address))
        .await
        .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
    match answer {
        Ok(answer) => {
            let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
            log::print(body);
            // "HTTP/1.1 200 OK"
            if head.split(' ').nth(1) == Some("200") {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            log::print(&format!("no answer from {address}: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// One request to ourselves: not worth an HTTP client in the image.
async fn get(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
