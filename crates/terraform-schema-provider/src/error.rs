//! What can go wrong before the provider listens.

use miette::Diagnostic;
use thiserror::Error as ThisError;

#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("{program} could not be started")]
    #[diagnostic(help("Python 3 is needed: Debian's `python3` and `python3-venv`"))]
    Start { program: String, source: std::io::Error },

    #[error("{what} failed: {output}")]
    Failed { what: String, output: String },

    #[error("the schema is not what was expected")]
    Json(#[from] serde_json::Error),

    #[error("a file or a socket")]
    Io(#[from] std::io::Error),
}
