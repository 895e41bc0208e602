//! How a run of provision-infra ends.

use actions_runtime::{Exit, StepOutputs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lock::LockInfo;

#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Outputs {
    /// How the run ended.
    pub verdict: Verdict,
    /// Resources to create, or created.
    pub to_add: Option<usize>,
    /// Resources to update in place.
    pub to_change: Option<usize>,
    /// Resources to destroy; a replacement counts in `to-replace` alone.
    pub to_destroy: Option<usize>,
    /// Resources to replace: destroyed and created anew.
    pub to_replace: Option<usize>,
    /// Resources to take over into the state, whatever else happens to them.
    pub to_import: Option<usize>,
    /// Resources that get another address.
    pub to_move: Option<usize>,
    /// The sealed plan.
    pub plan_file: Option<String>,
    /// HMAC over all changes of the plan under `plan-key`, also over the values that are not shown; at most 140 characters.
    pub plan_fingerprint: Option<String>,
    /// The file that holds the outputs.
    pub outputs_file: Option<String>,
    /// Why it failed, in a word: `init-failed`, `plan-failed`, `apply-failed`, `output-failed`, `plan-changed`, `state-locked`.
    pub failure_reason: Option<FailureReason>,
    /// Who holds the state's lock, as JSON.
    pub lock_info: Option<LockInfo>,
    /// One line fit for a chat message.
    pub reason: String,
    /// How long it took.
    pub seconds: f64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// What there is, is what the configuration says; or the outputs were written.
    NoChanges,
    /// The plan changes something.
    Changes,
    /// Every change was applied.
    Applied,
    /// A dry run: this would happen.
    Planned,
    /// Something protected would be destroyed, more would change than `max-changes` allows, or the sealed plan is broken or
    /// was made for something else. Nothing was changed.
    Refused,
    /// The state moved on since the plan was made, or these are not the changes that were reviewed. Nothing was changed.
    Stale,
    /// Somebody else holds the state's lock. Nothing was changed.
    Locked,
    /// Something was changed outside of Terraform.
    Drifted,
    /// Terraform failed; `failure-reason` says at what.
    #[default]
    Failed,
    /// A signal came. Terraform ended in its own order; the log says what was done by then.
    Cancelled,
}

/// Why a run failed. The values that workflows of other actions know too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureReason {
    InitFailed,
    PlanFailed,
    ApplyFailed,
    OutputFailed,
    PlanChanged,
    StateLocked,
}

impl Verdict {
    /// A public contract: append, never renumber.
    pub const fn exit(self) -> Exit {
        match self {
            Self::NoChanges | Self::Changes | Self::Applied | Self::Planned => Exit::Code(0),
            Self::Failed => Exit::Code(1),
            Self::Refused => Exit::Code(3),
            Self::Stale => Exit::Code(4),
            Self::Locked => Exit::Code(5),
            Self::Drifted => Exit::Code(6),
            Self::Cancelled => Exit::Cancelled,
        }
    }
}

impl StepOutputs for Outputs {
    fn exit(&self) -> Exit {
        self.verdict.exit()
    }
}
