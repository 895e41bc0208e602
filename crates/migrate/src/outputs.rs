//! What a run hands on, and how it can end.

use actions_runtime::{Exit, StepOutputs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The outputs of migrate.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Outputs {
    /// How the run ended. Exit codes overlap with the container's own: scripts read this.
    pub verdict: Verdict,
    /// The exit code of the container that migrates, where it had one.
    pub exit_code: Option<i32>,
    /// The task.
    pub task_arn: Option<String>,
    /// The group that the container's log is in.
    pub log_group: Option<String>,
    /// The stream of that group.
    pub log_stream: Option<String>,
    /// One line that says why.
    pub reason: String,
    /// How long the run took.
    pub seconds: f64,
}

/// How a run can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The container ended with 0.
    Migrated,
    /// A dry run: nothing was changed.
    Planned,
    /// The container ended with another code, or nobody knows with which.
    Failed,
    /// The migration never ran: no capacity, no image, no secret, another one still running.
    DidNotStart,
    /// It took too long: its task was stopped.
    TimedOut,
    /// A signal ended the run: its task was stopped.
    Cancelled,
}

/// As `timeout(1)`.
const TIMED_OUT: u8 = 124;
/// As `docker run`, when the engine and not the container failed.
const NEVER_RAN: u8 = 125;

impl Verdict {
    /// A public contract: append, never renumber. `code` is the container's own.
    pub fn exit(self, code: Option<i32>) -> Exit {
        match self {
            Self::Migrated | Self::Planned => Exit::Code(0),
            Self::Failed => Exit::Code(match code {
                // A process has eight bits for its code; a failure may not become 0 in them.
                Some(code) if code & 0xff != 0 => u8::try_from(code & 0xff).unwrap_or(NEVER_RAN),
                _ => NEVER_RAN,
            }),
            Self::DidNotStart => Exit::Code(NEVER_RAN),
            Self::TimedOut => Exit::Code(TIMED_OUT),
            Self::Cancelled => Exit::Cancelled,
        }
    }
}

impl StepOutputs for Outputs {
    fn exit(&self) -> Exit {
        self.verdict.exit(self.exit_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_containers_code_is_passed_on_and_a_failure_is_never_0() {
        let exit = |verdict: Verdict, code| verdict.exit(code);
        assert_eq!(exit(Verdict::Migrated, Some(0)), Exit::Code(0));
        assert_eq!(exit(Verdict::Failed, Some(7)), Exit::Code(7));
        assert_eq!(exit(Verdict::Failed, None), Exit::Code(125));
        assert_eq!(exit(Verdict::Failed, Some(0)), Exit::Code(125));
        assert_eq!(exit(Verdict::Failed, Some(256)), Exit::Code(125));
        assert_eq!(exit(Verdict::TimedOut, Some(137)), Exit::Code(124));
    }
}
