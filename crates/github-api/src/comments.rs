//! One comment on a pull request, known again by a hidden marker and updated in place.

use serde_json::json;

use crate::{Error, GitHub, pages::Written, requests::Doubt};

/// How often something is created at most, each time after a look whether it is there.
pub(crate) const CREATIONS: u32 = 3;

/// What to do where there is no comment yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Create,
    Leave,
}

impl GitHub {
    /// Lets the comment that begins with `marker` say `body`. Returns its address.
    pub async fn keep_comment(
        &self,
        pull_request: u64,
        marker: &str,
        body: &str,
        missing: Missing,
    ) -> Result<Option<String>, Error> {
        let what = format!("the comment on #{pull_request}");
        let rest = format!("issues/{pull_request}/comments");
        let body = format!("{marker}\n{body}");
        let mut created = 0;
        loop {
            let found: Option<Written> =
                self.find(&what, &rest, |comment: &Written| comment.is_ours(marker)).await?;
            if let Some(found) = found {
                if found.body.as_ref() == Some(&body) {
                    return Ok(found.html_url);
                }
                let rest = format!("issues/comments/{}", found.id);
                let kept: Written = self.patch(&what, &rest, &json!({ "body": body })).await?;
                return Ok(kept.html_url);
            }
            if missing == Missing::Leave {
                return Ok(None);
            }
            created += 1;
            match self.post::<Written>(&what, &rest, &json!({ "body": body }), Doubt::Tell).await {
                Ok(created) => return Ok(created.html_url),
                Err(error) if error.is_doubtful() && created < CREATIONS => {}
                Err(error) => return Err(error),
            }
        }
    }
}
