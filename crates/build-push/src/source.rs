//! Where an image comes from: the commit, its repository and its time, as labels that depend on the commit alone.

use std::path::Path;

use actions_runtime::{Step, values::Pair};
use jiff::Timestamp;
use tokio::process::Command;

/// What is known of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) commit: Option<String>,
    pub(crate) url: Option<String>,
    /// `SOURCE_DATE_EPOCH`, else the time of the commit; never the clock, so that a commit makes one image.
    pub(crate) epoch: Option<i64>,
}

impl Source {
    pub(crate) async fn look(step: &Step, context: &Path, commit: Option<String>) -> Self {
        let url = match step.job() {
            Some(job) if !job.repository.is_empty() => {
                Some(format!("{}/{}", job.server_url, job.repository))
            }
            _ => git(context, &["remote", "get-url", "origin"]).await.and_then(|url| web_url(&url)),
        };
        let epoch = match step.env("SOURCE_DATE_EPOCH") {
            Some(epoch) => epoch.trim().parse().ok(),
            None => match &commit {
                Some(commit) => git(context, &["show", "-s", "--format=%ct", commit])
                    .await
                    .and_then(|time| time.parse().ok()),
                None => None,
            },
        };
        Self { commit, url, epoch }
    }

    /// OCI image specification, "Pre-Defined Annotation Keys".
    pub(crate) fn labels(&self) -> Vec<Pair> {
        let created = self.epoch.and_then(|epoch| Timestamp::from_second(epoch).ok());
        [
            ("created", created.map(|time| time.to_string())),
            ("revision", self.commit.clone()),
            ("source", self.url.clone()),
        ]
        .into_iter()
        .filter_map(|(key, value)| {
            Some(Pair { key: format!("org.opencontainers.image.{key}"), value: value? })
        })
        .collect()
    }
}

async fn git(directory: &Path, arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("git").arg("-C").arg(directory).args(arguments).output().await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// The page of a remote. What it holds of a login stays behind: labels are public.
fn web_url(remote: &str) -> Option<String> {
    let path = match remote.split_once("://") {
        Some(("https" | "http" | "ssh" | "git", rest)) => {
            let (host, path) = rest.split_once('/')?;
            let host = host.rsplit('@').next()?;
            format!("{}/{path}", host.split(':').next()?)
        }
        Some(_) => return None,
        None => {
            let (host, path) = remote.split_once(':')?;
            format!("{}/{path}", host.rsplit('@').next()?)
        }
    };
    Some(format!("https://{}", path.trim_end_matches('/').trim_end_matches(".git")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_becomes_its_page_without_a_login() {
        for (remote, url) in [
            ("git@github.com:octo/todo.git", Some("https://github.com/octo/todo")),
            ("https://x:token@github.com/octo/todo", Some("https://github.com/octo/todo")),
            ("ssh://git@host.example:22/a/b.git", Some("https://host.example/a/b")),
            ("/srv/git/todo.git", None),
            ("file:///srv/git", None),
        ] {
            assert_eq!(web_url(remote).as_deref(), url, "{remote}");
        }
    }

    #[test]
    fn labels_depend_on_the_commit_alone() {
        let source =
            Source { commit: Some("abc".to_owned()), url: None, epoch: Some(1_700_000_000) };
        let labels: Vec<String> = source.labels().iter().map(ToString::to_string).collect();
        assert_eq!(
            labels,
            [
                "org.opencontainers.image.created=2023-11-14T22:13:20Z",
                "org.opencontainers.image.revision=abc"
            ]
        );
    }
}
