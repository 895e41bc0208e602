//! What keeps a run from an answer.

use std::{io, path::PathBuf};

use miette::Diagnostic;

/// Everything that can go wrong besides what AWS refuses.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum Error {
    #[error("`docker` cannot be started")]
    #[diagnostic(help("install Docker's command line tool, or put it on PATH"))]
    NoDocker(#[source] io::Error),

    #[error("the Docker engine does not answer: {0}")]
    #[diagnostic(help(
        "start it, or name another with DOCKER_HOST or `docker context use`; `docker version` shows what answers"
    ))]
    NoEngine(String),

    #[error("the private folder for docker's login cannot be used: `{}`", .0.display())]
    #[diagnostic(help("RUNNER_TEMP, XDG_RUNTIME_DIR or TMPDIR says where it is made"))]
    Folder(PathBuf, #[source] io::Error),

    #[error("docker's own settings are not JSON: `{}`", .0.display())]
    #[diagnostic(help("`docker` itself would refuse them; mend or remove the file"))]
    Settings(PathBuf, #[source] serde_json::Error),

    #[error("`{}` cannot be read", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),

    #[error("ECR gave no login for this account")]
    #[diagnostic(help("`aws ecr get-authorization-token` shows what it answers"))]
    NoToken,

    #[error("what was pushed is not in ECR: there is no image {image} in `{repository}`")]
    #[diagnostic(help(
        "the registry `{registry}` may not be the one that ECR's calls in this account and region speak of"
    ))]
    NotThere { image: String, repository: String, registry: String },
}
