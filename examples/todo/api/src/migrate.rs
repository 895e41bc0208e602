//! `todo-api migrate`: the SQL of `examples/todo/migrations`, embedded, in order, each once.
//!
//! Walks the list itself instead of calling `Migrator::run`, for two reasons: each migration gets its
//! line, and a database that is ahead of this image is no error. That is what a rollback looks like.

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use sqlx::migrate::{Migrate as _, MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::time::{Instant, sleep};

use crate::config::Config;
use crate::database;
use crate::log::Log;
use crate::signals::Stop;

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// Where sqlx writes down what was applied.
const TABLE: &str = "_sqlx_migrations";
/// A paused Aurora takes some 15 s to wake up.
const PATIENCE: Duration = Duration::from_secs(45);
/// What a shell makes of SIGTERM, so that the one-off task's exit code tells it.
const TERMINATED: u8 = 143;

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot connect to the database: {0}")]
    Connect(sqlx::Error),
    #[error("the migration failed: {0}")]
    Migrate(#[from] MigrateError),
}

pub(crate) async fn run(config: &Config, log: Log) -> ExitCode {
    let mut stop = match Stop::listen() {
        Ok(stop) => stop,
        Err(error) => {
            log.error(&format!("cannot listen for signals: {error}"), &json!({}));
            return ExitCode::FAILURE;
        }
    };
    tokio::select! {
        outcome = migrate(&config.database, log) => match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                log.error(&error.to_string(), &json!({}));
                ExitCode::FAILURE
            }
        },
        signal = stop.requested() => {
            log.error(&format!("ended by {signal}: the migration under way is undone, those before it stay"), &json!({}));
            ExitCode::from(TERMINATED)
        }
    }
}

async fn migrate(database: &PgConnectOptions, log: Log) -> Result<(), Failure> {
    let mut connection = connect(database, log).await.map_err(Failure::Connect)?;
    lock(&mut connection, log).await?;
    connection.ensure_migrations_table(TABLE).await?;
    if let Some(version) = connection.dirty_version(TABLE).await? {
        return Err(MigrateError::Dirty(version).into());
    }

    let applied = connection.list_applied_migrations(TABLE).await?;
    let mut count = 0_u32;
    for migration in MIGRATIONS.iter() {
        let name = format!("{:04} {}", migration.version, migration.description);
        match applied.iter().find(|applied| applied.version == migration.version) {
            Some(applied) if applied.checksum != migration.checksum => {
                return Err(MigrateError::VersionMismatch(migration.version).into());
            }
            Some(_) => log.info(&format!("{name}: was applied before"), &json!({})),
            None => {
                let took = connection.apply(TABLE, migration).await?;
                log.info(&format!("{name}: applied"), &json!({ "ms": took.as_millis() }));
                count += 1;
            }
        }
    }
    for newer in applied.iter().filter(|applied| !MIGRATIONS.version_exists(applied.version)) {
        log.warn(
            &format!("{:04}: applied by a newer release, left as it is", newer.version),
            &json!({}),
        );
    }

    connection.unlock().await?;
    // Applied is applied, however the farewell goes.
    let _ = connection.close().await;
    log.info(
        "the schema is up to date",
        &json!({ "applied": count, "migrations": MIGRATIONS.iter().count() }),
    );
    Ok(())
}

async fn connect(database: &PgConnectOptions, log: Log) -> Result<PgConnection, sqlx::Error> {
    let since = Instant::now();
    let mut told = String::new();
    loop {
        match database.connect().await {
            Ok(connection) => return Ok(connection),
            Err(error) if database::may_pass(&error) && since.elapsed() < PATIENCE => {
                let reason = error.to_string();
                if reason != told {
                    log.warn(&format!("waiting for the database: {reason}"), &json!({}));
                    told = reason;
                }
                sleep(Duration::from_secs(1)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Two deploys at once: the second waits here, then finds its work done. PostgreSQL frees the lock
/// with the connection, so that a killed run leaves nothing behind.
async fn lock(connection: &mut PgConnection, log: Log) -> Result<(), MigrateError> {
    let mut locked = pin!(connection.lock());
    tokio::select! {
        outcome = &mut locked => outcome,
        () = sleep(Duration::from_secs(1)) => {
            log.info("another migration holds the lock: waiting for it", &json!({}));
            locked.await
        }
    }
}
