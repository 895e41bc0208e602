//! What can go wrong while the local AWS is set up, each with the way out.

use std::io;
use std::path::PathBuf;

/// Why there is no local AWS, or why a call to it failed.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum Error {
    #[error("no Docker engine answers, and this machine cannot be given one: {why}")]
    #[diagnostic(help(
        "start Docker (or name it in `DOCKER_HOST`); on Debian or Ubuntu, as root: `apt-get install --no-install-recommends docker.io iptables iproute2`, and run this again"
    ))]
    NoEngine { why: String },

    #[error("`{command}` failed: {output}")]
    Command { command: String, output: String },

    #[error("`{command}` cannot be started")]
    #[diagnostic(help("install `{command}`: {from}"))]
    Missing { command: String, from: &'static str, source: io::Error },

    #[error("{what} did not answer within {seconds} s; its last words: {log}")]
    Silent { what: &'static str, seconds: u64, log: String },

    #[error("{what} ended at once; its last words: {log}")]
    Died { what: &'static str, log: String },

    #[error("cannot use `{path}`")]
    File { path: PathBuf, source: io::Error },

    #[error("the local AWS refused {call}: {code}: {message}")]
    Call { call: String, code: String, message: String },

    #[error("PostgreSQL's image cannot be made: {why}")]
    #[diagnostic(help(
        "it is made from Debian's own packages (`apt-get download postgresql-15 busybox-static`), or used as it is when the engine has `postgres:15-alpine`"
    ))]
    NoPostgres { why: String },

    #[error("{0}")]
    Other(String),
}

pub type Result<T> = std::result::Result<T, Error>;

/// Attaches the path to an I/O error: "No such file or directory" alone helps nobody.
pub(crate) trait At<T> {
    fn at(self, path: impl Into<PathBuf>) -> Result<T>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, path: impl Into<PathBuf>) -> Result<T> {
        self.map_err(|source| Error::File { path: path.into(), source })
    }
}
