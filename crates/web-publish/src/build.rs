//! The build: every file of the directory with its class, its headers and its digest, and what speaks against it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use actions_runtime::{Faults, did_you_mean};

use crate::{
    bucket::Bucket,
    checks::{self, Missing},
    class::{Class, Classes, Overlap, named_by_content},
    denied::Denied,
    digest::Content,
    error::PublishError,
    headers::{HeaderRules, Headers},
    inputs::Inputs,
    look::Local,
    plan::{Refusal, Remote, Source, Wanted},
    site::{self, Found, Read, Selection},
    upload,
};

/// More of one kind of fault than this says nothing new.
const FAULTS_SHOWN: usize = 5;

/// How files are told apart and dressed: what the inputs say, in one place.
#[derive(Debug, Clone)]
pub(crate) struct Manner {
    pub(crate) classes: Classes,
    pub(crate) headers: HeaderRules,
    pub(crate) selection: Selection,
}

impl Manner {
    pub(crate) fn of(inputs: &Inputs) -> Self {
        Self {
            classes: Classes::new(&inputs.entry_points, &inputs.immutable),
            headers: HeaderRules {
                cache_control: inputs.cache_control.clone(),
                content_type: inputs.content_type.clone(),
                metadata: inputs.metadata.iter().cloned().collect(),
            },
            selection: Selection {
                exclude: inputs.exclude.clone(),
                include: inputs.include.clone(),
            },
        }
    }
}

/// The files, before they are read.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) files: Vec<(Found, Class)>,
    headers: Vec<Headers>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) notes: Vec<String>,
}

/// Walks over the directory; what is wrong with the inputs is added to `faults`.
pub(crate) fn list(
    inputs: &Inputs,
    manner: &Manner,
    faults: &mut Faults,
) -> Result<Listing, PublishError> {
    let directory = inputs.directory.display().to_string();
    let mut listing = Listing::default();
    if !inputs.directory.is_dir() {
        let hint = did_you_mean(&directory, &folders_beside(&inputs.directory));
        listing.refusals.push(Refusal::Missing { directory, hint });
        return Ok(listing);
    }
    let walk = site::walk(&inputs.directory, &manner.selection, inputs.follow_symlinks)?;
    for (path, target) in walk.leaving.iter().take(FAULTS_SHOWN) {
        let target = target.display();
        faults.add("directory", format!("`{path}` is a link that leaves it, to `{target}`"));
    }
    for path in walk.unnameable.iter().take(FAULTS_SHOWN) {
        faults.add("directory", format!("the name of `{}` is not UTF-8", path.display()));
    }
    if !walk.skipped_links.is_empty() {
        listing.notes.push(format!(
            "links are not followed: {} (`follow-symlinks` follows them)",
            crate::report::named(&walk.skipped_links)
        ));
    }
    let mut overlaps: BTreeMap<(String, String, &str), String> = BTreeMap::new();
    let mut note = |input: &'static str, overlap: Overlap| {
        overlaps.entry((overlap.first, overlap.second, input)).or_insert(overlap.path);
    };
    for file in walk.files {
        let class = manner.classes.of(&file.path).unwrap_or_else(|overlap| {
            note("immutable", overlap);
            Class::File
        });
        match manner.headers.of(&file.path, class) {
            Ok(headers) => listing.headers.push(headers),
            Err(overlap) => {
                note("cache-control", overlap);
                listing.headers.push(Headers::unknown());
            }
        }
        listing.files.push((file, class));
    }
    for ((first, second, input), path) in overlaps.into_iter().take(FAULTS_SHOWN) {
        faults.add(input, format!("`{first}` and `{second}` contradict each other for `{path}`"));
    }
    if listing.files.is_empty() {
        listing.refusals.push(Refusal::Empty { directory });
    }
    Ok(listing)
}

/// Folders that may have been meant instead.
fn folders_beside(directory: &Path) -> Vec<String> {
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
    let Ok(entries) = std::fs::read_dir(parent.unwrap_or(Path::new("."))) else {
        return Vec::new();
    };
    let folders = entries.flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') && name != "node_modules")
        .map(|name| parent.map_or(name.clone(), |parent| parent.join(&name).display().to_string()))
        .collect();
    names.sort();
    names
}

/// The files, read.
#[derive(Debug, Default)]
pub(crate) struct Build {
    pub(crate) files: Vec<(Found, Class)>,
    headers: Vec<Headers>,
    read: Vec<Read>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) local: BTreeMap<String, Local>,
}

impl Build {
    pub(crate) fn read(
        mut listing: Listing,
        inputs: &Inputs,
        denied: &Denied,
    ) -> Result<Self, PublishError> {
        let read = site::read_all(&listing.files, upload::part_size, denied)?;
        if listing.refusals.is_empty() {
            listing.refusals =
                checks::in_build(&listing.files, &read, &inputs.allow, &inputs.deny_values_of);
        }
        let mut local = BTreeMap::new();
        for ((file, _), read) in listing.files.iter().zip(&read) {
            let Some(sha256) = read.sha256 else { continue };
            let one = Local {
                on_disk: file.on_disk.clone(),
                size: file.size,
                sha256,
                parts: read.parts.clone(),
            };
            local.insert(file.path.clone(), one);
        }
        let Listing { files, headers, refusals, .. } = listing;
        Ok(Self { files, headers, read, refusals, local })
    }

    pub(crate) fn wanted(&self) -> Vec<Wanted> {
        let all = self.files.iter().zip(&self.headers).zip(&self.read);
        all.map(|(((file, class), headers), read)| Wanted {
            path: file.path.clone(),
            size: file.size,
            content: Content { sha256: read.sha256, etag: None },
            class: *class,
            headers: headers.clone(),
            from: Source::Build,
        })
        .collect()
    }

    /// Looks in the bucket for what pages name and the build lacks. What is nowhere is a reason against publishing.
    pub(crate) async fn named_elsewhere(
        &self,
        inputs: &Inputs,
        bucket: &Bucket,
        remote: &Remote,
    ) -> Result<(BTreeSet<String>, Vec<Refusal>), PublishError> {
        let base_url = inputs.base_url.as_deref();
        let missing =
            checks::missing(&self.files, &self.read, base_url, &inputs.prefix, named_by_content);
        let (mut named, mut refusals) = (BTreeSet::new(), Vec::new());
        for Missing { page, url, places } in missing {
            if let Some(place) = places.iter().find(|place| remote.seen.contains_key(*place)) {
                named.insert(place.clone());
                continue;
            }
            let mut found = false;
            for place in &places {
                // A record may not know what another tool put there.
                found = found || bucket.head(place).await?.is_some();
            }
            if !found {
                refusals.push(Refusal::Dangling { page, names: url });
            }
        }
        Ok((named, refusals))
    }
}
