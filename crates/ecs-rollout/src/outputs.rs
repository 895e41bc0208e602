//! The outputs, the verdicts and their exit codes: a public contract.

use std::fmt;

use actions_runtime::{Exit, StepOutputs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Outputs {
    /// How this deployment ended.
    pub verdict: Verdict,
    /// The id of the deployment that this run made or adopted (`ecs-svc/…`).
    pub deployment_id: Option<String>,
    /// The revision that was deployed, or would have been.
    pub task_definition_arn: Option<String>,
    /// The revision that the last completed deployment before this one runs: what a rollback goes back to.
    pub previous_task_definition_arn: Option<String>,
    /// One line that tells the verdict and its cause, fit for a chat message.
    pub reason: String,
    /// Seconds from start to verdict.
    pub seconds: f64,
}

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The new revision serves. Without waiting: the call was made.
    Deployed,
    /// The service runs exactly this already, with all its tasks.
    Unchanged,
    /// A dry run: nothing was changed.
    Planned,
    /// The deployment failed, or its end is not known; the reason says which.
    Failed,
    /// This run's deployment failed and was undone: the previous revision serves.
    RolledBack,
    /// Somebody else's deployment took over before this one ended.
    Superseded,
    /// The deployment had not ended in time, and goes on.
    TimedOut,
    /// A signal ended the run; the reason says what was left behind.
    Cancelled,
}

impl Verdict {
    /// As the output says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deployed => "deployed",
            Self::Unchanged => "unchanged",
            Self::Planned => "planned",
            Self::Failed => "failed",
            Self::RolledBack => "rolled-back",
            Self::Superseded => "superseded",
            Self::TimedOut => "timed-out",
            Self::Cancelled => "cancelled",
        }
    }

    /// Append, never renumber.
    pub const fn exit(self) -> Exit {
        match self {
            Self::Deployed | Self::Unchanged | Self::Planned => Exit::Code(0),
            Self::Failed => Exit::Code(1),
            Self::RolledBack => Exit::Code(3),
            Self::Superseded => Exit::Code(4),
            Self::TimedOut => Exit::Code(5),
            Self::Cancelled => Exit::Cancelled,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl StepOutputs for Outputs {
    fn exit(&self) -> Exit {
        self.verdict.exit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_verdict_is_what_the_output_holds() {
        for verdict in
            [Verdict::Deployed, Verdict::RolledBack, Verdict::TimedOut, Verdict::Cancelled]
        {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.name());
        }
    }
}
