//! One issue, known again by a hidden marker: opened, kept up to date, closed.

use serde_json::json;

use crate::{Error, GitHub, comments::CREATIONS, pages::Written, requests::Doubt};

impl GitHub {
    /// Lets the open issue that begins with `marker` say `title` and `body`; opens one where there is none. Returns its
    /// address.
    pub async fn keep_issue(
        &self,
        marker: &str,
        title: &str,
        body: &str,
    ) -> Result<Option<String>, Error> {
        let what = "the issue";
        let content = json!({ "title": title, "body": format!("{marker}\n{body}") });
        let mut created = 0;
        loop {
            if let Some(found) = self.open_issue(marker).await? {
                if found.title.as_deref() == content["title"].as_str()
                    && found.body.as_deref() == content["body"].as_str()
                {
                    return Ok(found.html_url);
                }
                let rest = format!("issues/{}", found.number);
                return Ok(self.patch::<Written>(what, &rest, &content).await?.html_url);
            }
            created += 1;
            match self.post::<Written>(what, "issues", &content, Doubt::Tell).await {
                Ok(opened) => return Ok(opened.html_url),
                Err(error) if error.is_doubtful() && created < CREATIONS => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Closes the open issue that begins with `marker`, with `body` as its last word. Returns its address where there was
    /// one.
    pub async fn close_issue(&self, marker: &str, body: &str) -> Result<Option<String>, Error> {
        let Some(found) = self.open_issue(marker).await? else { return Ok(None) };
        let closed = json!({
            "state": "closed",
            "state_reason": "completed",
            "body": format!("{marker}\n{body}"),
        });
        let rest = format!("issues/{}", found.number);
        Ok(self.patch::<Written>("the issue", &rest, &closed).await?.html_url)
    }

    async fn open_issue(&self, marker: &str) -> Result<Option<Written>, Error> {
        let ours = |issue: &Written| issue.pull_request.is_none() && issue.is_ours(marker);
        self.find("the list of issues", "issues?state=open", ours).await
    }
}
