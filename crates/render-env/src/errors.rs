//! What can go wrong with the file, besides its inputs.

use std::path::PathBuf;

use miette::Diagnostic;

#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum Error {
    #[error("the secret `{id}` was rotated while it was read")]
    #[diagnostic(help("run this step again: all keys of one secret must be of one version"))]
    Rotated { id: String },

    #[error("the secret `{id}` has neither text nor bytes")]
    #[diagnostic(help("put a value into it"))]
    Empty { id: String },

    #[error("`{path}` cannot be written")]
    Write { path: PathBuf, source: std::io::Error },

    #[error("no spelling carries these values to {reader}: {keys}")]
    #[diagnostic(help(
        "choose another `format`, or encode the value: `| b64encode`, `| urlencode`"
    ))]
    Unspeakable { reader: &'static str, keys: String },

    #[error("`{path}` would be read back with another value of {keys}")]
    #[diagnostic(help(
        "this is a defect of render-env: please report it with the names of the keys"
    ))]
    ReadBack { path: PathBuf, keys: String },
}
