//! Commit statuses: what a run says about a commit, which nobody edits.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Error, GitHub, requests::Doubt};

#[derive(Debug, Deserialize)]
struct Status {
    context: String,
    description: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Pull {
    head: Head,
    merge_commit_sha: Option<String>,
    merged_at: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Head {
    sha: String,
}

impl GitHub {
    /// Sets the status `context` of a commit to success. The latest one counts, so twice is once.
    pub async fn set_status(
        &self,
        sha: &str,
        context: &str,
        description: &str,
        url: &str,
    ) -> Result<(), Error> {
        let status = json!({
            "state": "success", "context": context, "description": description, "target_url": url,
        });
        let what = format!("the status of {sha}");
        self.post::<Value>(&what, &format!("statuses/{sha}"), &status, Doubt::SendAgain).await?;
        Ok(())
    }

    /// What the status `context` of a commit says.
    pub async fn status(&self, sha: &str, context: &str) -> Result<Option<String>, Error> {
        // The latest one of a context comes first.
        let rest = format!("commits/{sha}/statuses");
        let ours = |status: &Status| status.context == context;
        let found = self.find(&format!("the statuses of {sha}"), &rest, ours).await?;
        Ok(found.and_then(|status| status.description))
    }

    /// The head of the pull request whose merge made this commit.
    pub async fn merged_head(&self, sha: &str) -> Result<Option<String>, Error> {
        let rest = format!("commits/{sha}/pulls");
        let merged =
            |pull: &Pull| pull.merged_at.is_some() && pull.merge_commit_sha.as_deref() == Some(sha);
        let found = self.find(&format!("the pull request of {sha}"), &rest, merged).await?;
        Ok(found.map(|pull| pull.head.sha))
    }
}
