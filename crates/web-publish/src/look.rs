//! Looking at the bucket: what the last publish wrote down where that can be believed, else a list of everything.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use aws_session::AwsError;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    bucket::{Bucket, Head, Listed},
    claim::Known,
    class::{Class, Classes},
    digest::{Content, Digest},
    error::PublishError,
    etag,
    manifest::{Entry, FOLDER, Left, Live, Manifest, Moment, Phase, STORE, Stored, manifest_path},
    plan::{Remote, Seen},
    site::{self, Selection},
    sums::Local,
};

/// The page that visitors begin with.
pub(crate) const INDEX: &str = "index.html";

/// What was written down of the live release, and the page that people change by hand.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) manifest: Option<Manifest>,
    pub(crate) index: Option<Head>,
}

/// What a look needs to know.
pub(crate) struct Looking<'a> {
    pub(crate) bucket: &'a Bucket,
    pub(crate) known: &'a Known,
    pub(crate) classes: &'a Classes,
    pub(crate) selection: &'a Selection,
    pub(crate) local: &'a BTreeMap<String, Arc<Local>>,
    /// A run that died may have written anything.
    pub(crate) dead: bool,
    pub(crate) verify: bool,
    pub(crate) concurrency: usize,
    pub(crate) now: Moment,
}

/// The bucket, and what is worth a line about it.
pub(crate) struct Looked {
    pub(crate) remote: Remote,
    pub(crate) notes: Vec<String>,
}

impl Looking<'_> {
    pub(crate) async fn look(&self, record: Record) -> Result<Looked, PublishError> {
        let believing = !self.dead && !self.verify;
        let Record { manifest, index } = record;
        let mut looked = match &manifest {
            Some(manifest) if believing => believed(self.known, manifest, index),
            _ => self.listed(manifest.as_ref()).await?,
        };
        if let Some(claim) = &self.known.current.claim {
            looked.remote.pending.clone_from(&claim.invalidate);
            looked.remote.forget.clone_from(&claim.forget);
        }
        // Files that are left out of the build are left out of everything.
        looked.remote.seen.retain(|path, _| self.selection.takes(path));
        Ok(looked)
    }

    /// A list of everything, compared with the files on disk and with what was written down.
    async fn listed(&self, manifest: Option<&Manifest>) -> Result<Looked, PublishError> {
        let all = self.bucket.list().await?;
        let nested = other_sites(&all);
        let mut notes = Vec::new();
        let known: BTreeMap<&str, (&Entry, Option<&Left>)> = manifest
            .into_iter()
            .flat_map(entries)
            .map(|(entry, left)| (entry.path.as_str(), (entry, left)))
            .collect();
        let objects: Vec<&Listed> = all
            .iter()
            .filter(|object| !object.path.starts_with(FOLDER) && !object.path.is_empty())
            .filter(|object| !nested.iter().any(|site| object.path.starts_with(site.as_str())))
            .filter(|object| self.selection.takes(&object.path))
            .collect();
        let proven = self.proven(&objects).await?;

        let mut seen = BTreeMap::new();
        for object in &objects {
            let path = object.path.as_str();
            let one = match known.get(path) {
                Some((entry, left)) if entry.content.etag.as_deref() == Some(&object.etag) => {
                    recorded(entry, *left)
                }
                before => self.unrecorded(object, before.copied(), proven.get(path).copied()),
            };
            seen.insert(path.to_owned(), one);
        }
        self.look_closer(&mut seen, manifest.is_none()).await?;

        let mut current = self.known.current.clone();
        let mut adopted = None;
        if current.live().is_none() && !seen.is_empty() {
            let release = adopted_name(self.now);
            notes.push(format!(
                "{} objects are there that no publish of ours wrote: they are taken as the release `{release}`",
                seen.len()
            ));
            current.history.push(Live { release: release.clone(), since: self.now, until: None });
            adopted = Some(adopt(release, &seen, self.now));
        }
        let last = current.live().map(|live| live.release.clone()).unwrap_or_default();
        let mut stored: BTreeMap<String, Stored> = manifest
            .into_iter()
            .flat_map(|manifest| &manifest.stored)
            .map(|one| (one.name.clone(), one.clone()))
            .collect();
        for name in all.iter().filter_map(|object| object.path.strip_prefix(STORE)) {
            stored.entry(name.to_owned()).or_insert_with(|| Stored {
                name: name.to_owned(),
                last: last.clone(),
                since: self.now,
            });
        }
        let stored = stored.into_values().collect();
        let remote = Remote { seen, current, stored, adopted, ..Remote::default() };
        Ok(Looked { remote, notes })
    }

    /// An object that is not what was written down, or was never written down.
    fn unrecorded(
        &self,
        object: &Listed,
        before: Option<(&Entry, Option<&Left>)>,
        sha256: Option<Digest>,
    ) -> Seen {
        let class = self.classes.of(&object.path).unwrap_or(Class::File);
        let left = match before {
            Some((_, left)) => left.map(|left| (left.last.clone(), left.since)),
            None => match (&self.known.current.claim, self.known.current.live()) {
                // Of a run that died: it is not the live release's.
                (Some(claim), Some(_)) if self.dead => Some((claim.release.clone(), self.now)),
                (_, Some(live)) => Some((live.release.clone(), self.now)),
                (_, None) => None,
            },
        };
        Seen {
            size: object.size,
            content: Content { sha256, etag: Some(object.etag.clone()) },
            headers: None,
            version: None,
            class,
            left,
            doubtful: self.dead && class.mutable(),
            opaque: false,
        }
    }

    /// Which listed objects have the bytes of the file of that name, as far as ETags tell.
    async fn proven(&self, objects: &[&Listed]) -> Result<BTreeMap<String, Digest>, PublishError> {
        let pairs: Vec<(Listed, Arc<Local>)> = objects
            .iter()
            .filter_map(|object| Some(((*object).clone(), self.local.get(&object.path)?.clone())))
            .filter(|(object, local)| object.size == local.size)
            .collect();
        let proven = site::in_background(pairs, |(object, local), buffer| {
            let same = etag::has_etag(local, &object.etag, buffer)
                .map_err(|source| PublishError::read(&local.on_disk, source))?;
            let sums = same.then(|| local.sums(buffer)).transpose()?;
            Ok(sums.map(|sums| (object.path.clone(), sums.sha256)))
        });
        Ok(proven.await?.into_iter().flatten().collect())
    }

    /// Headers and checksums, one request each: of everything when nothing was written down, else where a list is not enough.
    async fn look_closer(
        &self,
        seen: &mut BTreeMap<String, Seen>,
        everything: bool,
    ) -> Result<(), PublishError> {
        let wanted: Vec<String> = seen
            .iter()
            .filter(|(path, one)| {
                let local = self.local.get(*path);
                let same_size = local.is_some_and(|local| local.size == one.size);
                everything || self.verify || (one.headers.is_none() && same_size)
            })
            .map(|(path, _)| path.clone())
            .collect();
        let heads: Vec<(String, Option<Head>)> = stream::iter(wanted)
            .map(|path| async move {
                let head = self.bucket.head(&path).await?;
                Ok::<_, AwsError>((path, head))
            })
            .buffer_unordered(self.concurrency)
            .try_collect()
            .await?;
        let mut summed = Vec::new();
        for (path, head) in heads {
            let (Some(one), Some(head)) = (seen.get_mut(&path), head) else { continue };
            one.headers = Some(head.headers);
            one.version = head.version;
            one.opaque = head.opaque;
            let local = self.local.get(&path).filter(|local| local.size == one.size);
            if let (Some(local), Some(sum), None) = (local, head.sha256, one.content.sha256) {
                summed.push((path, sum, local.clone()));
            }
        }
        let same = site::in_background(summed, |(path, sum, local), buffer| {
            let sha256 = local.sums(buffer)?.sha256;
            Ok((sha256.base64() == *sum).then(|| (path.clone(), sha256)))
        });
        for (path, sha256) in same.await?.into_iter().flatten() {
            if let Some(one) = seen.get_mut(&path) {
                one.content.sha256 = Some(sha256);
            }
        }
        Ok(())
    }
}

/// What the manifest says, and one look at the page that people change by hand.
fn believed(known: &Known, manifest: &Manifest, index: Option<Head>) -> Looked {
    let mut seen: BTreeMap<String, Seen> = entries(manifest)
        .map(|(entry, left)| (entry.path.clone(), recorded(entry, left)))
        .collect();
    let mut notes = Vec::new();
    match (seen.get_mut(INDEX), index) {
        (Some(recorded), Some(head)) if head.content.etag != recorded.content.etag => {
            notes.push(format!(
                "`{INDEX}` was changed by somebody else: it is written again (`verify-remote` looks at everything)"
            ));
            recorded.content = head.content;
            recorded.headers = Some(head.headers);
            recorded.version = head.version;
            recorded.size = head.size;
        }
        (Some(_), None) => {
            notes.push(format!("`{INDEX}` was deleted by somebody else"));
            seen.remove(INDEX);
        }
        (Some(_), Some(_)) | (None, _) => {}
    }
    let current = known.current.clone();
    let stored = manifest.stored.clone();
    Looked { remote: Remote { seen, current, stored, ..Remote::default() }, notes }
}

/// What was written down of `release`.
pub(crate) async fn manifest(
    bucket: &Bucket,
    release: &str,
) -> Result<Option<Manifest>, PublishError> {
    let path = manifest_path(release);
    let Some(fetched) = bucket.fetch(&path).await? else { return Ok(None) };
    serde_json::from_slice(&fetched.bytes)
        .map(Some)
        .map_err(|source| PublishError::Unreadable { key: bucket.key(&path), source })
}

/// Whether a claim forbids to believe what was written down.
pub(crate) fn is_exclusive(phase: Phase) -> bool {
    match phase {
        Phase::Writing | Phase::Deleting => true,
        Phase::Settling | Phase::Abandoned => false,
    }
}

fn entries(manifest: &Manifest) -> impl Iterator<Item = (&Entry, Option<&Left>)> {
    let left = manifest.left.iter().map(|left| (&left.entry, Some(left)));
    manifest.files.iter().map(|entry| (entry, None)).chain(left)
}

fn recorded(entry: &Entry, left: Option<&Left>) -> Seen {
    Seen {
        size: entry.size,
        content: entry.content.clone(),
        headers: (!entry.headers.is_unknown()).then(|| entry.headers.clone()),
        version: entry.version.clone(),
        class: entry.class,
        left: left.map(|left| (left.last.clone(), left.since)),
        doubtful: false,
        opaque: false,
    }
}

/// Folders below this site that are sites of their own: they have a `.releases/` folder too.
fn other_sites(all: &[Listed]) -> BTreeSet<String> {
    let marker = format!("/{FOLDER}");
    all.iter()
        .filter_map(|object| object.path.find(&marker).map(|at| format!("{}/", &object.path[..at])))
        .filter(|site| !site.starts_with(FOLDER))
        .collect()
}

fn adopted_name(now: Moment) -> String {
    let stamp: String = now.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("adopted-{stamp}")
}

fn adopt(release: String, seen: &BTreeMap<String, Seen>, now: Moment) -> Manifest {
    let files = seen
        .iter()
        .map(|(path, one)| Entry {
            path: path.clone(),
            size: one.size,
            class: one.class,
            content: one.content.clone(),
            headers: one.headers.clone().unwrap_or_else(crate::headers::Headers::unknown),
            version: one.version.clone(),
        })
        .collect();
    Manifest { release, at: now, files, left: Vec::new(), stored: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_below_this_one_is_not_this_one() {
        let listed = |path: &str| Listed { path: path.to_owned(), size: 0, etag: String::new() };
        let all = ["index.html", ".releases/current.json", "pr-12/.releases/current.json"];
        let sites = other_sites(&all.map(listed));
        assert_eq!(sites.into_iter().collect::<Vec<_>>(), ["pr-12/"]);
    }
}
