//! How a run of render-env ends.

use actions_runtime::{Exit, StepOutputs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Outputs {
    /// How the run ended.
    pub verdict: Verdict,
    /// The file that was written, or would be.
    pub output_file: Option<String>,
    /// The keys of the file, one a line.
    pub keys: Vec<String>,
    /// The keys that were added, changed or removed, one a line. Values are never told.
    pub changed_keys: Vec<String>,
    /// HMAC over keys and values under `fingerprint-key`: differs when, and only when, a value does.
    pub fingerprint: Option<String>,
    /// One line fit for a chat message.
    pub reason: String,
    /// How long it took.
    pub seconds: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The file was written, and its reader's rules read back every value.
    Written,
    /// The file holds these values already.
    Unchanged,
    /// A dry run: this would have been written.
    Planned,
    /// A secret would have become public, or git tracks the file. Nothing was written.
    Refused,
    /// The file could not be made.
    Failed,
    /// A signal came before the file was written.
    Cancelled,
}

impl Verdict {
    /// A public contract: append, never renumber.
    pub const fn exit(self) -> Exit {
        match self {
            Self::Written | Self::Unchanged | Self::Planned => Exit::Code(0),
            Self::Failed => Exit::Code(1),
            Self::Refused => Exit::Code(3),
            Self::Cancelled => Exit::Cancelled,
        }
    }
}

impl StepOutputs for Outputs {
    fn exit(&self) -> Exit {
        self.verdict.exit()
    }
}
