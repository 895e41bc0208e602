//! Who holds the state's lock.

use schemars::JsonSchema;
use serde::Serialize;

use github_api::RunState;

use crate::{events::Diagnostic, holder::Story};

/// What Terraform writes into a lock (Terraform: `internal/states/statemgr/locker.go`, `LockInfo`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LockInfo {
    pub id: String,
    /// The state.
    pub path: String,
    pub operation: String,
    /// user@host
    pub who: String,
    pub created: String,
    /// The workflow run that holds it, where its story stands beside the lock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_url: Option<String>,
    /// What GitHub says of that run: `alive (in_progress)`, `over (cancelled)`, `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_state: Option<String>,
}

impl LockInfo {
    /// From the diagnostic of a lock that was not to be had. There is no other machine-readable form of it: the lines
    /// are those of `LockInfo.String()`, each with two spaces in front, which nothing else in the message has.
    pub(crate) fn of(diagnostic: &Diagnostic) -> Option<Self> {
        if diagnostic.summary != "Error acquiring the state lock" {
            return None;
        }
        let field = |name: &str| {
            diagnostic
                .detail
                .lines()
                .find_map(|line| line.strip_prefix("  ")?.strip_prefix(name)?.strip_prefix(':'))
                .map(|value| value.trim().to_owned())
                .unwrap_or_default()
        };
        Some(Self {
            id: field("ID"),
            path: field("Path"),
            operation: field("Operation"),
            who: field("Who"),
            created: field("Created"),
            ..Self::default()
        })
    }

    /// Adds what the story beside the lock tells, and what GitHub says of that run.
    pub(crate) fn add(&mut self, story: &Story, state: Option<&RunState>) {
        self.run_url = story.run.as_ref().map(|run| run.url.clone());
        self.run_state = state.map(|state| match state {
            RunState::Alive(status) => format!("alive ({status})"),
            RunState::Over(conclusion) => format!("over ({conclusion})"),
            RunState::Unknown => "unknown".to_owned(),
        });
    }

    /// `the state x is locked by y since z`.
    pub(crate) fn sentence(&self) -> String {
        let doing = match self.operation.as_str() {
            "OperationTypePlan" => " (it plans)",
            "OperationTypeApply" => " (it applies)",
            _ => "",
        };
        // Nanoseconds and Go's zone twice say nothing to people.
        let since = self.created.split('.').next().unwrap_or_default();
        if self.who.is_empty() {
            return "the state is locked, and by whom is not known".to_owned();
        }
        let run = match (&self.run_url, &self.run_state) {
            (Some(url), Some(state)) => format!("; its run {url} is {state}, says GitHub"),
            (Some(url), None) => format!("; its run is {url}"),
            (None, _) => String::new(),
        };
        format!("the state `{}` is locked by {} since {since} UTC{doing}{run}", self.path, self.who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::holder::Run;

    #[test]
    fn a_lock_is_read_among_lines_that_look_alike() {
        let diagnostic = Diagnostic {
            summary: "Error acquiring the state lock".to_owned(),
            detail: "Error message: operation error S3: PutObject, https response error StatusCode: 412, RequestID: ABC, \
                HostID: DEF, api error PreconditionFailed\nLock Info:\n  ID:        7c9e\n  Path:      tfstate/env/dev.tfstate\n  \
                Operation: OperationTypeApply\n  Who:       runner@host\n  Version:   1.11.4\n  \
                Created:   2026-11-24 18:18:17.336035052 +0000 UTC\n  Info:      \n\n\nTerraform acquires"
                .to_owned(),
            ..Diagnostic::default()
        };
        let lock = LockInfo::of(&diagnostic).unwrap();
        assert_eq!(lock.id, "7c9e");
        assert_eq!(
            lock.sentence(),
            "the state `tfstate/env/dev.tfstate` is locked by runner@host since 2026-11-24 18:18:17 UTC (it applies)"
        );
        assert_eq!(LockInfo::of(&Diagnostic::default()), None);
    }

    #[test]
    fn a_lock_s_story_names_its_run() {
        let mut lock = LockInfo {
            path: "s".to_owned(),
            who: "runner@host".to_owned(),
            created: "2026-11-24 18:18:17.3 +0000 UTC".to_owned(),
            ..LockInfo::default()
        };
        let run = Run {
            repository: "octo/todo".to_owned(),
            id: "1".to_owned(),
            attempt: "1".to_owned(),
            url: "https://github.com/octo/todo/actions/runs/1".to_owned(),
            actor: "octocat".to_owned(),
        };
        let story = Story {
            lock_id: String::new(),
            command: "apply".to_owned(),
            since: String::new(),
            run: Some(run),
        };
        lock.add(&story, Some(&RunState::Over("cancelled".to_owned())));
        assert_eq!(
            lock.sentence(),
            "the state `s` is locked by runner@host since 2026-11-24 18:18:17 UTC; its run \
             https://github.com/octo/todo/actions/runs/1 is over (cancelled), says GitHub"
        );
    }
}
