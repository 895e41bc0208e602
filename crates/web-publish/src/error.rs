//! Why a publish could not go on.

use std::{io, path::Path};

use aws_session::AwsError;
use miette::Diagnostic;

#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum PublishError {
    #[error("`{path}` could not be read")]
    Read { path: String, source: io::Error },
    #[error("`{path}` changed while it was published")]
    #[diagnostic(help("publish again when nothing writes into the directory"))]
    Changed { path: String },
    #[error("`{key}` is not what a publish writes there")]
    #[diagnostic(help(
        "look at that object; without `.releases/current.json` the next run lists the bucket and adopts what it finds"
    ))]
    Unreadable { key: String, source: serde_json::Error },
    #[error("{count} objects could not be deleted, the first of them `{key}`: {message}")]
    #[diagnostic(help("the site itself is published; the next run deletes them"))]
    Undeleted { count: usize, key: String, message: String },
    #[error(
        "`{path}` cannot be brought back: its bytes of that release are no longer in the bucket"
    )]
    Lost { path: String },
    #[error(transparent)]
    #[diagnostic(transparent)]
    Aws(Box<dyn Diagnostic + Send + Sync>),
}

impl PublishError {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.display().to_string(), source }
    }
}

impl From<AwsError> for PublishError {
    fn from(error: AwsError) -> Self {
        Self::Aws(Box::new(error))
    }
}
