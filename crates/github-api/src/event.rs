//! The pull request that a job is about, from the event that started it.

use actions_runtime::Step;
use serde_json::Value;

/// GitHub: "Webhook events and payloads", `pull_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    pub number: u64,
    /// The commit that was pushed; the job itself works on a merge of it.
    pub head: String,
    pub base: String,
}

impl PullRequest {
    pub fn of(step: &Step) -> Option<Self> {
        let event = std::fs::read(step.env("GITHUB_EVENT_PATH")?).ok()?;
        let event: Value = serde_json::from_slice(&event).ok()?;
        let text = |pointer: &str| Some(event.pointer(pointer)?.as_str()?.to_owned());
        Some(Self {
            number: event.pointer("/pull_request/number")?.as_u64()?,
            head: text("/pull_request/head/sha").unwrap_or_default(),
            base: text("/pull_request/base/sha").unwrap_or_default(),
        })
    }
}
