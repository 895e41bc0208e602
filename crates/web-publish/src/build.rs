//! The build: every file of the directory with its class, its headers and its digest, and what speaks against it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use actions_runtime::{Faults, Step, did_you_mean};
use miette::IntoDiagnostic as _;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    bucket::Bucket,
    checks::{self, Missing},
    class::{Class, Classes, Overlap, named_by_content},
    denied::Denied,
    digest::Content,
    error::PublishError,
    headers::{HeaderRules, Headers},
    inputs::Inputs,
    plan::{Refusal, Remote, Source, Wanted},
    site::{self, Found, Read, Selection},
    sums::Local,
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

/// Nothing to publish, as far as one look at the directory tells.
pub(crate) fn nothing_in(directory: &Path) -> Option<Refusal> {
    let name = directory.display().to_string();
    if !directory.is_dir() {
        let hint = did_you_mean(&name, &folders_beside(directory));
        return Some(Refusal::Missing { directory: name, hint });
    }
    let mut entries = std::fs::read_dir(directory).ok()?;
    entries.next().is_none().then_some(Refusal::Empty { directory: name })
}

/// The directory while it is read, by threads of its own. Dropping it ends them.
pub(crate) struct Reading {
    task: JoinHandle<Result<Build, PublishError>>,
    _stop: DropGuard,
}

impl Reading {
    pub(crate) fn begin(step: &Step, inputs: &Inputs, denied: Denied) -> Self {
        let token = step.cancelled().child_token();
        let (inputs, cancelled) = (inputs.clone(), token.clone());
        let task = spawn_blocking(move || match inputs.rollback_to {
            Some(_) => Ok(Build::default()),
            None => Build::read(&inputs, &denied, &cancelled),
        });
        Self { task, _stop: token.drop_guard() }
    }

    /// What was read; what is wrong with the inputs is added to `faults`.
    pub(crate) async fn end(self, step: &Step, faults: &mut Faults) -> miette::Result<Build> {
        let mut build = self.task.await.into_diagnostic()??;
        build.notes.drain(..).for_each(|note| step.say(note));
        faults.append(std::mem::take(&mut build.faults));
        Ok(build)
    }
}

/// The files, each with what was learnt of it.
#[derive(Debug, Default)]
pub(crate) struct Build {
    files: Vec<(Found, Class)>,
    headers: Vec<Headers>,
    read: Vec<Read>,
    faults: Faults,
    pub(crate) refusals: Vec<Refusal>,
    notes: Vec<String>,
    pub(crate) local: BTreeMap<String, Arc<Local>>,
}

/// Walks over the directory.
fn list(inputs: &Inputs) -> Result<Build, PublishError> {
    let manner = Manner::of(inputs);
    let mut listing = Build::default();
    let faults = &mut listing.faults;
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
            Err((input, overlap)) => {
                note(input, overlap);
                listing.headers.push(Headers::unknown());
            }
        }
        listing.files.push((file, class));
    }
    for ((first, second, input), path) in overlaps.into_iter().take(FAULTS_SHOWN) {
        faults.add(input, format!("`{first}` and `{second}` contradict each other for `{path}`"));
    }
    if listing.files.is_empty() {
        let directory = inputs.directory.display().to_string();
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

impl Build {
    fn read(
        inputs: &Inputs,
        denied: &Denied,
        stop: &CancellationToken,
    ) -> Result<Self, PublishError> {
        let mut build = list(inputs)?;
        if !build.faults.is_empty() || !build.refusals.is_empty() {
            return Ok(build);
        }
        build.read = site::read_all(&build.files, denied, stop)?;
        build.refusals =
            checks::in_build(&build.files, &build.read, &inputs.allow, &inputs.deny_values_of);
        for ((file, _), read) in build.files.iter().zip(&mut build.read) {
            let local = Local::new(file.on_disk.clone(), file.size, read.sums.take());
            build.local.insert(file.path.clone(), Arc::new(local));
        }
        Ok(build)
    }

    /// Takes the sums of files that must be compared with what is in the bucket. The others' are taken while they are sent.
    pub(crate) async fn compare_with(&self, remote: &Remote) -> Result<(), PublishError> {
        let same_size = |(path, local): &(&String, &Arc<Local>)| {
            remote.seen.get(*path).is_some_and(|seen| seen.size == local.size)
        };
        let unknown = self.local.iter().filter(|(_, local)| local.known_sums().is_none());
        let wanted: Vec<Arc<Local>> =
            unknown.filter(same_size).map(|(_, local)| local.clone()).collect();
        site::in_background(wanted, |local, buffer| local.sums(buffer).map(drop)).await?;
        Ok(())
    }

    pub(crate) fn wanted(&self) -> Vec<Wanted> {
        let all = self.files.iter().zip(&self.headers);
        all.map(|((file, class), headers)| {
            let sums = self.local.get(&file.path).and_then(|local| local.known_sums());
            Wanted {
                path: file.path.clone(),
                size: file.size,
                content: Content { sha256: sums.map(|sums| sums.sha256), etag: None },
                class: *class,
                headers: headers.clone(),
                from: Source::Build,
            }
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
