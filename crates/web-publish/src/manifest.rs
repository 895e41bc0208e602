//! What a publish writes down beside the site, under `.releases/`: a manifest for each release, and which one is live.
//!
//! `<release>.json` says what the release is and what else is in the bucket, so that the next run need not list it.
//! `current.json` is the one object that publishers contend for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    class::Class,
    digest::{Content, Digest},
    headers::Headers,
};

/// The folder of our own, under the prefix. It is never served.
pub(crate) const FOLDER: &str = ".releases/";
/// Which release is live.
pub(crate) const CURRENT: &str = ".releases/current.json";
/// Bytes of earlier releases, where the bucket keeps no versions.
pub(crate) const STORE: &str = ".releases/objects/";

/// So many releases leave a record, even where their files are gone.
const RECORDED: usize = 50;

/// Where the manifest of `release` lies.
pub(crate) fn manifest_path(release: &str) -> String {
    format!("{FOLDER}{release}.json")
}

/// Seconds since 1970: what ages are reckoned in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Moment(pub(crate) i64);

impl Moment {
    pub(crate) fn now() -> Self {
        Self(jiff::Timestamp::now().as_second())
    }

    pub(crate) fn days_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).div_euclid(24 * 60 * 60)
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(timestamp) => timestamp.fmt(f),
            Err(_) => f.write_str("an unknown time"),
        }
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

impl TryFrom<String> for Moment {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, jiff::Error> {
        text.parse::<jiff::Timestamp>().map(|timestamp| Self(timestamp.as_second()))
    }
}

/// A release, and what else is in the bucket beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Manifest {
    pub(crate) release: String,
    pub(crate) at: Moment,
    /// The files that visitors of this release may ask for.
    pub(crate) files: Vec<Entry>,
    /// What earlier releases left in the bucket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) left: Vec<Left>,
    /// Bytes kept under `.releases/objects/` for a way back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) stored: Vec<Stored>,
}

/// One file of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", from = "Flat")]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) class: Class,
    #[serde(flatten)]
    pub(crate) content: Content,
    #[serde(flatten)]
    pub(crate) headers: Headers,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
}

/// An entry as it is written. Read so because serde's own way to flatten takes many times as long, and there may be many.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Flat {
    path: String,
    size: u64,
    class: Class,
    sha256: Option<Digest>,
    etag: Option<String>,
    content_type: String,
    cache_control: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    version: Option<String>,
}

impl From<Flat> for Entry {
    fn from(flat: Flat) -> Self {
        let Flat { path, size, class, sha256, etag, version, .. } = flat;
        let headers = Headers {
            content_type: flat.content_type,
            cache_control: flat.cache_control,
            metadata: flat.metadata,
        };
        Self { path, size, class, content: Content { sha256, etag }, headers, version }
    }
}

/// A file that the release no longer has, but the bucket does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Left {
    #[serde(flatten)]
    pub(crate) entry: Entry,
    /// The last release that had it.
    pub(crate) last: String,
    /// When that release was replaced.
    pub(crate) since: Moment,
}

/// Bytes that only a rollback asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Stored {
    /// Below `.releases/objects/`.
    pub(crate) name: String,
    pub(crate) last: String,
    pub(crate) since: Moment,
}

/// Which release is live, and who is at work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct Current {
    /// Releases that were live, the live one first; none before the first publish has ended.
    pub(crate) history: Vec<Live>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) distribution: Option<Distribution>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) claim: Option<Claim>,
}

/// One time that a release was live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Live {
    pub(crate) release: String,
    pub(crate) since: Moment,
    /// When another one replaced it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Moment>,
}

/// A distribution that was seen to serve this bucket, so that it need not be asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Distribution {
    pub(crate) id: String,
    pub(crate) bucket: String,
    /// What CloudFront puts before a path on its way to the bucket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) origin_path: String,
    /// The name that visitors use.
    pub(crate) domain: String,
}

/// A publisher at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Claim {
    pub(crate) release: String,
    /// Who: the same for every attempt of a workflow's run.
    pub(crate) run: String,
    /// Where a person looks at that run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// Of this process alone, so that a lost answer can be told from a lost race.
    pub(crate) token: String,
    /// Counted up as long as the publisher lives.
    pub(crate) beat: u64,
    pub(crate) phase: Phase,
    /// Paths of the site whose cached copies are not yet known to be forgotten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) invalidate: Vec<String>,
    /// What only a forgotten release would ask for, and is not yet known to be deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) forget: Vec<String>,
}

/// How far a publisher is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// It writes: nobody else may, as long as it lives.
    Writing,
    /// The site is whole; the CDN is being told. Anybody may begin.
    Settling,
    /// It deletes: nobody else may write, as long as it lives.
    Deleting,
    /// It stopped half-way and said so: nobody need wait for it.
    Abandoned,
}

impl Current {
    pub(crate) fn live(&self) -> Option<&Live> {
        self.history.first()
    }

    /// The last release other than the live one.
    pub(crate) fn previous(&self) -> Option<&Live> {
        let live = self.live()?;
        self.history.iter().find(|one| one.release != live.release)
    }

    /// The newest `count` releases by name, the live one first.
    pub(crate) fn newest(&self, count: usize) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for one in &self.history {
            if names.len() == count {
                break;
            }
            if !names.contains(&one.release.as_str()) {
                names.push(&one.release);
            }
        }
        names
    }

    /// The history that stays, and the releases that fall out of it: neither among the newest `releases` nor live within
    /// `days`, nor so near that somebody may still ask for them and shall be told what is missing.
    pub(crate) fn split(
        &self,
        releases: usize,
        days: u32,
        now: Moment,
    ) -> (Vec<Live>, Vec<String>) {
        let newest = self.newest(releases.max(RECORDED));
        let stays = |one: &Live| {
            newest.contains(&one.release.as_str())
                || one.until.is_none_or(|until| now.days_since(until) < i64::from(days))
        };
        let (kept, gone): (Vec<Live>, Vec<Live>) =
            self.history.iter().cloned().partition(|one| stays(one));
        let mut forgotten: Vec<String> = gone
            .into_iter()
            .map(|one| one.release)
            .filter(|release| kept.iter().all(|one| one.release != *release))
            .collect();
        forgotten.sort();
        forgotten.dedup();
        (kept, forgotten)
    }

    /// The history once `release` is live.
    pub(crate) fn after(&self, release: &str, now: Moment) -> Vec<Live> {
        let mut history = self.history.clone();
        match history.first_mut() {
            Some(live) if live.release == release => return history,
            Some(live) => live.until = Some(now),
            None => {}
        }
        history.insert(0, Live { release: release.to_owned(), since: now, until: None });
        history
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previous_is_the_last_other_release() {
        let mut current = Current::default();
        assert_eq!(current.previous(), None);
        for (at, release) in ["a", "b", "a", "a"].into_iter().enumerate() {
            current.history = current.after(release, Moment(i64::try_from(at).unwrap()));
        }
        assert_eq!(current.history.len(), 3);
        assert_eq!(current.live().unwrap().release, "a");
        assert_eq!(current.previous().unwrap().release, "b");
        assert_eq!(current.newest(5), ["a", "b"]);
        assert_eq!(current.newest(1), ["a"]);
    }

    #[test]
    fn a_moment_is_written_for_people() {
        let text = serde_json::to_string(&Moment(1_700_000_000)).unwrap();
        assert_eq!(text, "\"2023-11-14T22:13:20Z\"");
        assert_eq!(serde_json::from_str::<Moment>(&text).unwrap(), Moment(1_700_000_000));
    }
}
