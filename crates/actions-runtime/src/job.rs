//! The GitHub job around a step, as its variables tell.

use std::collections::BTreeMap;

/// GitHub: "Variables reference", default environment variables.
#[derive(Debug, Clone)]
pub struct Job {
    /// `owner/name`.
    pub repository: String,
    pub run_id: String,
    /// 1 for the first attempt, 2 for the first re-run.
    pub run_attempt: String,
    /// The job's id in the workflow file.
    pub job: String,
    /// The step's id, or a name that GitHub made up.
    pub step: String,
    /// The commit that the run is about.
    pub sha: String,
    pub ref_name: String,
    pub actor: String,
    pub server_url: String,
}

impl Job {
    pub(crate) fn of(environment: &BTreeMap<String, String>) -> Option<Self> {
        if environment.get("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
            return None;
        }
        let get = |name: &str| environment.get(name).cloned().unwrap_or_default();
        Some(Self {
            repository: get("GITHUB_REPOSITORY"),
            run_id: get("GITHUB_RUN_ID"),
            run_attempt: get("GITHUB_RUN_ATTEMPT"),
            job: get("GITHUB_JOB"),
            step: get("GITHUB_ACTION"),
            sha: get("GITHUB_SHA"),
            ref_name: get("GITHUB_REF_NAME"),
            actor: get("GITHUB_ACTOR"),
            server_url: get("GITHUB_SERVER_URL"),
        })
    }

    /// Where a person looks at this run.
    pub fn run_url(&self) -> String {
        format!("{}/{}/actions/runs/{}", self.server_url, self.repository, self.run_id)
    }
}
