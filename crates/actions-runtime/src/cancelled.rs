//! A run that was ended by a signal before it had an outcome of its own.

use miette::Diagnostic;

/// As an error of `run` it becomes `verdict=cancelled` and the exit code of the signal. For the places where nothing has
/// been written yet, or where what was left behind fits into a line.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("cancelled {0}")]
pub struct Cancelled(String);

impl Cancelled {
    /// `when` ends the sentence: `before anything was changed`.
    pub fn new(when: impl Into<String>) -> Self {
        Self(when.into())
    }
}
