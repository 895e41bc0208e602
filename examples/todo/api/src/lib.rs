//! The API of the example app: todos over HTTP, kept in PostgreSQL.
//!
//! One binary, three uses of one image: `serve` is the service's container, `migrate` the one-off task
//! that runs before it, `health` the container's health check (`FROM scratch` has no curl).

mod config;
mod database;
mod health;
mod log;
mod migrate;
mod refusal;
mod serve;
mod signals;
mod todos;

use std::collections::HashMap;
use std::process::ExitCode;

use serde_json::json;

use crate::config::Config;
use crate::log::Log;

/// What the process was given: tests decide what it sees.
pub type Environment = HashMap<String, String>;

const USAGE: &str = "\
The todo app's API.

Usage: todo-api [COMMAND]

  serve     answer HTTP requests until SIGTERM (the default)
  migrate   bring the database's schema up to date, then end
  health    ask the server in this container whether it can serve: exit 0 or 1
  help      print this

Settings, all from the environment:
  DATABASE_URL      postgres://user:password@host:port/name, or in parts:
  DB_HOST  DB_PORT (5432)  DB_NAME  DB_USER  DB_PASSWORD
  DB_SSLMODE (prefer)  DB_SSLROOTCERT (a file; RDS has authorities of its own)
  PORT (8080)       where to listen; 0 takes any free port
  BIND_ADDRESS (0.0.0.0)
  APP_VERSION       the commit this image was built from
  LOG_LEVEL (info)  error, warn, info, debug
  LOG_FORMAT (text) text, json

Exit codes: 0 done, 1 failed, 2 wrong arguments or settings, 143 a migration ended by SIGTERM
";

/// Bad arguments or settings: told before anything is touched.
const USAGE_ERROR: u8 = 2;

pub async fn run(arguments: &[String], environment: &Environment) -> ExitCode {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] | ["serve"] => match settings(environment) {
            Ok((config, log)) => serve::run(config, log).await,
            Err(code) => code,
        },
        ["migrate"] => match settings(environment) {
            Ok((config, log)) => migrate::run(&config, log).await,
            Err(code) => code,
        },
        ["health"] => health::ask(environment).await,
        ["help" | "--help" | "-h"] => {
            log::print(USAGE.trim_end());
            ExitCode::SUCCESS
        }
        ["--version" | "-V"] => {
            log::print(concat!("todo-api ", env!("CARGO_PKG_VERSION")));
            ExitCode::SUCCESS
        }
        _ => {
            let wrong = arguments.join(" ");
            Log::of(environment).error(
                &format!("cannot start: there is no command `{wrong}`, see `todo-api help`"),
                &json!({}),
            );
            ExitCode::from(USAGE_ERROR)
        }
    }
}

/// The whole configuration, or every fault in it as a line of its own.
fn settings(environment: &Environment) -> Result<(Config, Log), ExitCode> {
    // Its own two settings may be among the faults: then their defaults tell of it.
    let log = Log::of(environment);
    Config::read(environment).map(|config| (config, log)).map_err(|faults| {
        for fault in faults {
            log.error(&format!("cannot start: {fault}"), &json!({}));
        }
        ExitCode::from(USAGE_ERROR)
    })
}
