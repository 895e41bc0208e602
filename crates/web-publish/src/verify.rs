//! Whether visitors get this release: a page and each asset that it names, through the CDN, byte by byte.

use std::{collections::BTreeMap, time::Duration};

use actions_runtime::Step;
use sha2::Digest as _;
use tokio::time::{Instant, sleep};

use crate::{
    digest::Digest,
    look::INDEX,
    pages,
    plan::Wanted,
    visit::{Answer, Visitor, resolve},
};

const EVERY: Duration = Duration::from_secs(1);

/// What visitors should get.
pub(crate) struct Release<'a> {
    pub(crate) files: BTreeMap<&'a str, &'a Wanted>,
    /// Where the site's root is for visitors.
    pub(crate) base_url: Option<&'a str>,
    pub(crate) prefix: &'a str,
}

/// Looks at `url` until it and what it names are this release's, or the time is up. The last problem, if one is left.
pub(crate) async fn verify(
    step: &Step,
    url: &str,
    release: &Release<'_>,
    limit: Duration,
) -> Option<String> {
    let (visitor, since) = (Visitor::new(), Instant::now());
    step.live(format!("looking at {url}"));
    loop {
        let problem = release.look(&visitor, url).await.err()?;
        if since.elapsed() + EVERY > limit {
            return Some(problem);
        }
        step.live(format!("looking at {url}: {problem}"));
        sleep(EVERY).await;
    }
}

impl Release<'_> {
    async fn look(&self, visitor: &Visitor, url: &str) -> Result<(), String> {
        let page = visitor.get(url).await?;
        let file = self.page_at(&page.url);
        self.check(&page, file)?;
        for name in pages::references_in(&page.bytes) {
            let places = pages::places(&name.url, file, self.base_url, self.prefix);
            // What is no file of this release is not for us to judge.
            let Some(place) = places.iter().find(|place| self.files.contains_key(place.as_str()))
            else {
                continue;
            };
            let asset = visitor.get(&resolve(&page.url, &name.url)).await?;
            self.check(&asset, place)?;
        }
        Ok(())
    }

    /// Which file a page's address means. Whatever is no file is a view of the app, which `index.html` shows.
    fn page_at(&self, url: &str) -> &str {
        let host = url.find("://").map_or(0, |at| at + 3);
        let path = url[host..].find('/').map_or("/", |at| &url[host + at..]);
        let places = pages::places(path, INDEX, self.base_url, self.prefix);
        let as_folder = |place: &String| {
            let folder = if place.is_empty() { String::new() } else { format!("{place}/") };
            format!("{folder}{INDEX}")
        };
        let mut candidates = places.iter().cloned().chain(places.iter().map(as_folder));
        let known = |place: String| self.files.get_key_value(place.as_str()).map(|(key, _)| *key);
        candidates.find_map(known).unwrap_or(INDEX)
    }

    fn check(&self, answer: &Answer, file: &str) -> Result<(), String> {
        let url = &answer.url;
        let Some(wanted) = self.files.get(file) else {
            return Err(format!("`{url}` is no page of this release"));
        };
        if answer.status != 200 {
            return Err(format!("`{url}` answers {}", answer.status));
        }
        let expected = wanted.headers.content_type.as_str();
        if !wanted.headers.is_unknown() && !answer.content_type.eq_ignore_ascii_case(expected) {
            let kind = &answer.content_type;
            return Err(format!("`{url}` answers as `{kind}` and not as `{expected}`"));
        }
        let bytes = Digest(sha2::Sha256::digest(&answer.bytes).into());
        if wanted.content.sha256.is_some_and(|sha256| sha256 != bytes) {
            return Err(format!("`{url}` does not answer with this release's bytes"));
        }
        Ok(())
    }
}
