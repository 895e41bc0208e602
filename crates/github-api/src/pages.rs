//! Lists that come in pages, and what in them is ours.

use serde::{Deserialize, de::DeserializeOwned};

use crate::{Error, GitHub};

const EACH: usize = 100;
/// A list that is longer than this is not read to its end.
const MOST: usize = 50;

/// A comment or an issue.
#[derive(Debug, Deserialize)]
pub(crate) struct Written {
    /// Of a comment.
    #[serde(default)]
    pub(crate) id: u64,
    /// Of an issue.
    #[serde(default)]
    pub(crate) number: u64,
    pub(crate) html_url: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) body: Option<String>,
    #[serde(default)]
    author_association: String,
    user: Option<User>,
    /// GitHub lists pull requests among the issues.
    pub(crate) pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct User {
    r#type: Option<String>,
}

impl Written {
    /// Ours begins with the marker. Anybody may write a comment that does so too: then it would be theirs to edit, so only
    /// those who could change ours anyway count as authors.
    pub(crate) fn is_ours(&self, marker: &str) -> bool {
        let begins = self.body.as_ref().is_some_and(|body| body.starts_with(marker));
        let is_bot = self.user.as_ref().is_some_and(|user| user.r#type.as_deref() == Some("Bot"));
        begins
            && (is_bot
                || matches!(self.author_association.as_str(), "OWNER" | "MEMBER" | "COLLABORATOR"))
    }
}

impl GitHub {
    /// The first of a list that is `wanted`. Pages are counted: a `Link` header may lead to another host.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        what: &str,
        rest: &str,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, Error> {
        let separator = if rest.contains('?') { '&' } else { '?' };
        for page in 1..=MOST {
            let rest = format!("{rest}{separator}per_page={EACH}&page={page}");
            let items: Vec<T> = self.get(what, &rest).await?;
            let count = items.len();
            if let Some(found) = items.into_iter().find(|item| wanted(item)) {
                return Ok(Some(found));
            }
            if count < EACH {
                break;
            }
        }
        Ok(None)
    }
}
