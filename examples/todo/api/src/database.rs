//! The way to PostgreSQL.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// Longer than a hiccup, shorter than a load balancer's patience.
const WAIT_FOR_A_CONNECTION: Duration = Duration::from_secs(3);

/// Connects with the first query, not here: the server is up before its database, and says so in `/health`.
pub(crate) fn pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(10)
        .acquire_timeout(WAIT_FOR_A_CONNECTION)
        .connect_lazy_with(options.application_name("todo-api"))
}

/// True when asking again may help: the server is away, starting, or waking up from a pause. A certificate
/// that was refused, which comes as invalid data, is refused the next time too.
pub(crate) fn may_pass(error: &sqlx::Error) -> bool {
    const STARTING_UP: &str = "57P03";
    match error {
        sqlx::Error::Io(error) => error.kind() != std::io::ErrorKind::InvalidData,
        sqlx::Error::Database(error) => error.code().as_deref() == Some(STARTING_UP),
        _ => false,
    }
}
