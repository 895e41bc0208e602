//! How a publish ends: the outputs, the verdicts and their exit codes.

use actions_runtime::{Exit, StepOutputs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a publish hands on.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Outputs {
    /// How this publish ended.
    pub verdict: Verdict,
    /// The release that this run was about.
    pub release: String,
    /// Files sent.
    pub uploaded: usize,
    /// Files that were there already, with these bytes and these headers.
    pub unchanged: usize,
    /// Objects deleted.
    pub deleted: usize,
    /// Files of earlier releases that stay, because open tabs may still ask for them.
    pub kept: usize,
    /// Bytes sent.
    pub bytes: u64,
    /// Requests made to AWS.
    pub requests: usize,
    /// The CloudFront invalidation, where one was made.
    pub invalidation_id: Option<String>,
    /// Where the site is, where that is known.
    pub url: Option<String>,
    /// One line that says why it ended so.
    pub reason: String,
    /// Seconds that the run took.
    pub seconds: f64,
}

/// How a publish ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The site is this build.
    Published,
    /// The site was this build already; nothing was written.
    Unchanged,
    /// The site is an earlier release again.
    Restored,
    /// A dry run: the plan was printed, nothing was written.
    Planned,
    /// The publish failed, or it is not known how it ended.
    Failed,
    /// Publishing would do harm; nothing was written.
    Refused,
    /// Another publisher took over.
    Superseded,
    /// A signal ended the run; the next one finishes it.
    Cancelled,
}

impl Verdict {
    /// Public contract: append, never renumber. No wildcard arm: a new verdict must choose.
    pub const fn exit(self) -> Exit {
        match self {
            Self::Published | Self::Unchanged | Self::Restored | Self::Planned => Exit::Code(0),
            Self::Failed => Exit::Code(1),
            Self::Refused => Exit::Code(3),
            Self::Superseded => Exit::Code(4),
            Self::Cancelled => Exit::Cancelled,
        }
    }
}

impl StepOutputs for Outputs {
    fn exit(&self) -> Exit {
        self.verdict.exit()
    }
}
