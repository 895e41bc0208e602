//! What a plan is made from, and what it is: stages, each of which ends before the next begins.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    class::Class,
    digest::Content,
    globs::Pattern,
    headers::Headers,
    inputs::{Invalidation, MaxDelete},
    manifest::{Current, Left, Live, Manifest, Moment, Stored},
};

/// A file as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) content: Content,
    pub(crate) class: Class,
    /// Unknown only for a release that was adopted from another tool.
    pub(crate) headers: Headers,
    pub(crate) from: Source,
}

/// Where a file's bytes come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Source {
    /// The directory.
    Build,
    /// An older version of the same object.
    Version(String),
    /// `.releases/objects/`.
    Store(String),
    /// Nowhere but the bucket, where it must still be.
    Bucket,
}

/// An object as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) size: u64,
    pub(crate) content: Content,
    /// Unknown after a mere list.
    pub(crate) headers: Option<Headers>,
    pub(crate) version: Option<String>,
    pub(crate) class: Class,
    /// None: it belongs to the live release. Else which release had it last, and when that was replaced.
    pub(crate) left: Option<(String, Moment)>,
    /// A run that died may have written it, so that neither bytes nor cached copies are believed.
    pub(crate) doubtful: bool,
    /// Its ETag says nothing about its bytes (encrypted with a key of KMS, or of the customer).
    pub(crate) opaque: bool,
}

/// The bucket as it was seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Remote {
    pub(crate) seen: BTreeMap<String, Seen>,
    pub(crate) current: Current,
    pub(crate) stored: Vec<Stored>,
    /// Paths whose cached copies an earlier run could not see forgotten.
    pub(crate) pending: Vec<String>,
    /// Keys of forgotten releases that an earlier run could not see deleted.
    pub(crate) forget: Vec<String>,
    /// A site made by other tools, taken as one release.
    pub(crate) adopted: Option<Manifest>,
}

/// What the inputs say.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) release: String,
    pub(crate) delete: bool,
    pub(crate) keep_releases: usize,
    pub(crate) keep_days: u32,
    pub(crate) max_delete: MaxDelete,
    pub(crate) allow: Vec<Pattern>,
    pub(crate) invalidation: Invalidation,
    /// Assets that pages of this release name although the build lacks them.
    pub(crate) named: BTreeSet<String>,
}

/// How one object is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Write {
    pub(crate) path: String,
    pub(crate) how: How,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum How {
    /// Its bytes are sent.
    Upload,
    /// Its bytes are right: copied onto itself with other headers.
    Headers { etag: Option<String> },
    /// Its bytes are elsewhere in the bucket.
    Restore(Source),
}

/// Bytes put aside before they are overwritten, where the bucket keeps no versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Preserve {
    pub(crate) path: String,
    pub(crate) name: String,
}

/// Things that are done together. One stage ends before the next begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stage {
    /// New names only: no visitor asks for them yet.
    Assets(Vec<Write>),
    /// A manifest of what another tool had put there, so that there is a way back to it.
    Adopt,
    /// From here on the site changes, and only one publisher may do that.
    Claim,
    Preserve(Vec<Preserve>),
    Files(Vec<Write>),
    Pages(Vec<Write>),
    Index(Vec<Write>),
    Workers(Vec<Write>),
    /// The manifest, then `current.json`: the release is live.
    Finish,
    Invalidate(Vec<String>),
    /// Only once the invalidation is completed: cached pages may name these.
    Delete(Vec<String>),
    /// Cached copies of what was deleted: told again, since they may have been fetched until then.
    InvalidateDeleted(Vec<String>),
    /// Assets that nothing names any more: after the pages that did, and these pages' cached copies.
    Prune(Vec<String>),
    /// What only a rollback to a forgotten release would ask for: keys below the prefix.
    Forget(Vec<String>),
}

impl Stage {
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Adopt | Self::Claim | Self::Finish => false,
            Self::Assets(writes)
            | Self::Files(writes)
            | Self::Pages(writes)
            | Self::Index(writes)
            | Self::Workers(writes) => writes.is_empty(),
            Self::Preserve(copies) => copies.is_empty(),
            Self::Invalidate(paths)
            | Self::Delete(paths)
            | Self::InvalidateDeleted(paths)
            | Self::Prune(paths)
            | Self::Forget(paths) => paths.is_empty(),
        }
    }
}

/// Everything that a run will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) stages: Vec<Stage>,
    /// The release as it will be.
    pub(crate) files: Vec<Wanted>,
    /// What stays in the bucket beside it, once the deletion is done.
    pub(crate) left: Vec<Left>,
    /// What is deleted, until it is.
    pub(crate) doomed: Vec<Left>,
    pub(crate) stored: Vec<Stored>,
    /// Releases that were live, this one first.
    pub(crate) history: Vec<Live>,
    pub(crate) unchanged: usize,
    /// Visitors get the same before and after: at most records and expired immutable files change.
    pub(crate) same_site: bool,
}

impl Plan {
    /// Whether nothing has to be written.
    pub(crate) fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// For reading only: the paths that the CDN is told, in place of the files that they stand for.
    pub(crate) fn show_cached(&mut self, told: impl Fn(&[String]) -> Vec<String>) {
        for stage in &mut self.stages {
            if let Stage::Invalidate(files) | Stage::InvalidateDeleted(files) = stage {
                *files = told(files);
            }
        }
    }

    pub(crate) fn writes(&self) -> impl Iterator<Item = &Write> {
        self.stages.iter().flat_map(|stage| match stage {
            Stage::Assets(writes)
            | Stage::Files(writes)
            | Stage::Pages(writes)
            | Stage::Index(writes)
            | Stage::Workers(writes) => writes.as_slice(),
            _ => &[],
        })
    }

    /// How many objects are deleted.
    pub(crate) fn deletions(&self) -> usize {
        let count = |stage: &Stage| match stage {
            Stage::Delete(paths) | Stage::Prune(paths) => paths.len(),
            _ => 0,
        };
        self.stages.iter().map(count).sum()
    }
}

/// Why publishing would do harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Refusal {
    Missing { directory: String, hint: String },
    Empty { directory: String },
    NoEntryPoint,
    Secret { path: String, why: &'static str },
    Denied { path: String, variable: String },
    Dangling { page: String, names: String },
    Immutable { path: String },
    TooMuchDeleted { count: usize, of: usize, most: String },
    Pruned { paths: Vec<String> },
    Reserved { path: String },
}
