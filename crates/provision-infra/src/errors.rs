//! What can go wrong besides Terraform's own verdicts.

use std::path::PathBuf;

use miette::Diagnostic;

#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum Error {
    #[error("`{program}` did not start")]
    Start { program: PathBuf, source: std::io::Error },

    #[error("the stream of `{program}` broke off")]
    Stream { program: PathBuf, source: std::io::Error },

    #[error("`{what}` did not answer with JSON")]
    #[diagnostic(help(
        "is `tool` a Terraform ≥ 1.9 or an OpenTofu? a wrapper that adds lines of its own cannot be read"
    ))]
    NotJson { what: String, source: serde_json::Error },

    #[error("there is no way to credentials of AWS")]
    #[diagnostic(help("this is a defect of provision-infra: `role-to-assume` gives one"))]
    NoCredentials,

    #[error("Terraform cannot be given the role's credentials on loopback")]
    Listen { source: std::io::Error },

    #[error("`{path}` cannot be read")]
    Read { path: PathBuf, source: std::io::Error },

    #[error("`{path}` cannot be written")]
    Write { path: PathBuf, source: std::io::Error },
}
