//! What a run hands on, and how it can end.

use std::collections::BTreeMap;

use actions_runtime::{Exit, StepOutputs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scan::Severity;

/// The outputs of build-push.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Outputs {
    /// How the run ended.
    pub verdict: Verdict,
    /// The image, as migrate and ecs-rollout take it: `repository@sha256:…`.
    pub image: Option<String>,
    /// The digest of the image, as ECR has it.
    pub digest: Option<String>,
    /// The repository, with its registry.
    pub repository_uri: Option<String>,
    /// The tags that name the image now, one a line.
    pub tags: Vec<String>,
    /// What a pull of the image transfers, in bytes.
    pub size: Option<u64>,
    /// What the scan found, as JSON: each severity that was found, and how often (`{"high":2}`; `{}` when nothing was).
    pub scan_findings: Option<BTreeMap<Severity, usize>>,
    /// One line that says why.
    pub reason: String,
    /// How long the run took.
    pub seconds: f64,
}

/// How a run can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The image was built and pushed.
    Built,
    /// Nothing was built: the same content had been before, or an image was promoted. The tags name it now.
    Exists,
    /// A dry run: nothing was changed.
    Planned,
    /// The image could not be built or pushed.
    Failed,
    /// A tag that may not move names another image, the scan found what `fail-on` names, or the image does not fit where it goes.
    Refused,
    /// A signal ended the run.
    Cancelled,
}

impl Verdict {
    /// A public contract: append, never renumber.
    pub const fn exit(self) -> Exit {
        match self {
            Self::Built | Self::Exists | Self::Planned => Exit::Code(0),
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
