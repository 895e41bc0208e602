//! Whether a workflow run is still alive.

use serde::Deserialize;

use crate::{Error, GitHub};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunState {
    /// `in_progress`, `queued`, and so on.
    Alive(String),
    /// `success`, `failure`, `cancelled`, and so on.
    Over(String),
    /// GitHub knows of no such run, or does not let us see it.
    Unknown,
}

#[derive(Debug, Deserialize)]
struct Run {
    status: Option<String>,
    conclusion: Option<String>,
}

impl GitHub {
    /// One attempt of a run of this repository.
    pub async fn run_state(&self, run: &str, attempt: &str) -> Result<RunState, Error> {
        let rest = format!("actions/runs/{run}/attempts/{attempt}");
        match self.get::<Run>(&format!("run {run}"), &rest).await {
            Ok(run) => Ok(match run.status.as_deref() {
                Some("completed") => RunState::Over(run.conclusion.unwrap_or_default()),
                Some(status) => RunState::Alive(status.to_owned()),
                None => RunState::Unknown,
            }),
            Err(error) if error.is_not_allowed() => Ok(RunState::Unknown),
            Err(error) => Err(error),
        }
    }
}
