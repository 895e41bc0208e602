//! What has to be done, in the order that is safe for visitors. Pure: no clock, no disk, no network.
//!
//! Hashed assets, then the claim, other files, pages, index.html, service workers, then the record of the release, the
//! invalidation, and what is deleted. A page is written only when everything that it may name is there.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    class::Class,
    globs::first_match,
    headers::Headers,
    inputs::Invalidation,
    manifest::{Current, Entry, Left, Moment, STORE, Stored, manifest_path},
    plan::{How, Plan, Preserve, Refusal, Remote, Rules, Seen, Source, Stage, Wanted, Write},
};

/// The plan that makes the site of `remote` the `wanted` one, or every reason against it.
pub(crate) fn plan(
    wanted: Vec<Wanted>,
    remote: &Remote,
    rules: &Rules,
    now: Moment,
) -> Result<Plan, Vec<Refusal>> {
    let mut planner = Planner::new(remote, rules, now);
    planner.files(&wanted);
    planner.leftovers(&wanted);
    planner.check_deletions();
    if !planner.refusals.is_empty() {
        return Err(planner.refusals);
    }
    Ok(if planner.nothing_to_do() { planner.idle(wanted) } else { planner.busy(wanted) })
}

/// A plan in the making.
struct Planner<'a> {
    remote: &'a Remote,
    rules: &'a Rules,
    now: Moment,
    live: Option<&'a str>,
    /// The history once this release is live.
    after: Current,
    refusals: Vec<Refusal>,
    writes: BTreeMap<Class, Vec<Write>>,
    preserve: Vec<Preserve>,
    /// Files of which an old copy may be cached.
    cached: BTreeSet<String>,
    left: Vec<Left>,
    doomed: Vec<Left>,
    unchanged: usize,
    /// The record has to change although no object does.
    recorded_anew: bool,
}

impl<'a> Planner<'a> {
    fn new(remote: &'a Remote, rules: &'a Rules, now: Moment) -> Self {
        let history = remote.current.after(&rules.release, now);
        Self {
            remote,
            rules,
            now,
            live: remote.current.live().map(|live| live.release.as_str()),
            after: Current { history, ..Current::default() },
            refusals: Vec::new(),
            writes: BTreeMap::new(),
            preserve: Vec::new(),
            cached: BTreeSet::new(),
            left: Vec::new(),
            doomed: Vec::new(),
            unchanged: 0,
            recorded_anew: false,
        }
    }

    /// What happens to each file of the release.
    fn files(&mut self, wanted: &[Wanted]) {
        let mut pruned = Vec::new();
        for file in wanted {
            let seen = self.remote.seen.get(&file.path);
            match decide(file, seen, self.rules) {
                Decision::Keep => self.unchanged += 1,
                Decision::Refuse => {
                    self.refusals.push(Refusal::Immutable { path: file.path.clone() });
                }
                Decision::Gone => pruned.push(file.path.clone()),
                Decision::Write(how) => self.write(file, seen, how),
            }
            self.recorded_anew |=
                seen.is_some_and(|seen| seen.class != file.class || seen.left.is_some());
        }
        if !pruned.is_empty() {
            self.refusals.push(Refusal::Pruned { paths: pruned });
        }
    }

    fn write(&mut self, file: &Wanted, seen: Option<&Seen>, how: How) {
        // What replaces something is no longer free of danger, whatever its name looks like.
        let class = match (file.class, seen) {
            (Class::Asset, Some(_)) => Class::File,
            (class, _) => class,
        };
        if seen.is_some() || file.class.entry() {
            self.cached.insert(file.path.clone());
        }
        if let Some(seen) = seen.filter(|seen| !seen.content.same(&file.content)) {
            self.put_aside(&file.path, seen);
        }
        self.writes.entry(class).or_default().push(Write { path: file.path.clone(), how });
    }

    /// Keeps the bytes of a file that is about to go, where they are the live release's and nothing else keeps them.
    fn put_aside(&mut self, path: &str, seen: &Seen) {
        let worth_it =
            seen.class.mutable() && seen.left.is_none() && !seen.doubtful && seen.version.is_none();
        let Some(name) = seen.content.name().filter(|_| worth_it) else { return };
        if !self.remote.stored.iter().any(|one| one.name == name) {
            self.preserve.push(Preserve { path: path.to_owned(), name });
        }
    }

    /// What happens to each object that the release does not have.
    fn leftovers(&mut self, wanted: &[Wanted]) {
        let names: BTreeSet<&str> = wanted.iter().map(|file| file.path.as_str()).collect();
        let others = self.remote.seen.iter().filter(|(path, _)| !names.contains(path.as_str()));
        for (path, seen) in others {
            self.recorded_anew |= seen.left.is_none();
            let (last, since) = seen
                .left
                .clone()
                .unwrap_or_else(|| (self.live.unwrap_or(&self.rules.release).to_owned(), self.now));
            let asset = !seen.class.mutable();
            let needed = asset && (self.rules.named.contains(path) || self.keeps(&last, since));
            let stays = !self.rules.delete || needed;
            if !stays {
                self.put_aside(path, seen);
            }
            let entry = Entry {
                path: path.clone(),
                size: seen.size,
                class: seen.class,
                content: seen.content.clone(),
                headers: seen.headers.clone().unwrap_or_else(Headers::unknown),
                version: seen.version.clone(),
            };
            let pile = if stays { &mut self.left } else { &mut self.doomed };
            pile.push(Left { entry, last, since });
        }
    }

    /// Whether what `last` was the last release to have, and lost at `since`, stays.
    fn keeps(&self, last: &str, since: Moment) -> bool {
        self.after.newest(self.rules.keep_releases).contains(&last)
            || self.now.days_since(since) < i64::from(self.rules.keep_days)
    }

    fn too_much_deleted(&self) -> bool {
        self.rules.max_delete.exceeded(self.doomed.len(), self.remote.seen.len())
    }

    fn check_deletions(&mut self) {
        if self.too_much_deleted() && !self.nothing_to_do() {
            let (count, of) = (self.doomed.len(), self.remote.seen.len());
            let most = self.rules.max_delete.to_string();
            self.refusals.push(Refusal::TooMuchDeleted { count, of, most });
        }
    }

    /// Whether visitors get what they get already.
    fn same_site(&self) -> bool {
        self.writes.is_empty()
            && !self.recorded_anew
            && self.remote.pending.is_empty()
            && self.doomed.iter().all(|left| !left.entry.class.mutable())
    }

    fn nothing_to_do(&self) -> bool {
        // Assets whose time is up make a run; where they are too many for one, that is no reason to refuse a site that is
        // as it should be.
        self.same_site()
            && (self.doomed.is_empty() || self.too_much_deleted())
            && self.remote.adopted.is_none()
            && self.remote.current.claim.is_none()
            && self.live.is_some()
    }

    fn idle(mut self, wanted: Vec<Wanted>) -> Plan {
        self.left.append(&mut self.doomed);
        Plan {
            stages: Vec::new(),
            files: wanted,
            left: self.left,
            doomed: Vec::new(),
            stored: self.remote.stored.clone(),
            history: self.remote.current.history.clone(),
            unchanged: self.unchanged,
            same_site: true,
        }
    }

    fn busy(mut self, wanted: Vec<Wanted>) -> Plan {
        let same_site = self.same_site();
        let (stored, outdated): (Vec<_>, Vec<_>) =
            self.stored().into_iter().partition(|one| self.keeps(&one.last, one.since));
        let (history, forgotten) =
            self.after.split(self.rules.keep_releases, self.rules.keep_days, self.now);
        let forget = outdated
            .iter()
            .map(|one| format!("{STORE}{}", one.name))
            .chain(forgotten.iter().map(|release| manifest_path(release)))
            .chain(self.remote.forget.iter().cloned())
            .collect();
        self.cached.extend(self.remote.pending.iter().cloned());
        let auto = self.rules.invalidation == Invalidation::Auto;
        let own_paths = matches!(self.rules.invalidation, Invalidation::Paths(_));
        let told = if auto { self.cached.into_iter().collect() } else { Vec::new() };
        let doomed = || self.doomed.iter().map(|left| &left.entry);
        let paths = |mutable: bool| -> Vec<String> {
            let some = doomed().filter(|entry| entry.class.mutable() == mutable);
            some.map(|entry| entry.path.clone()).collect()
        };
        let (gone, pruned) = (paths(true), paths(false));
        let gone_from_caches = if auto { gone.clone() } else { Vec::new() };

        let mut take = |class| self.writes.remove(&class).unwrap_or_default();
        let stages = [
            Stage::Assets(take(Class::Asset)),
            Stage::Adopt,
            Stage::Claim,
            Stage::Preserve(self.preserve),
            Stage::Files(take(Class::File)),
            Stage::Pages(take(Class::Page)),
            Stage::Index(take(Class::Index)),
            Stage::Workers(take(Class::Worker)),
            Stage::Finish,
            Stage::Invalidate(told),
            Stage::Delete(gone),
            Stage::InvalidateDeleted(gone_from_caches),
            Stage::Prune(pruned),
            Stage::Forget(forget),
        ];
        let needed = |stage: &Stage| match stage {
            Stage::Adopt => self.remote.adopted.is_some(),
            Stage::Invalidate(files) => own_paths || !files.is_empty(),
            stage => !stage.is_empty(),
        };
        Plan {
            stages: stages.into_iter().filter(needed).collect(),
            files: wanted,
            left: self.left,
            doomed: self.doomed,
            stored,
            history,
            unchanged: self.unchanged,
            same_site,
        }
    }

    /// What `.releases/objects/` will hold: what it held, each still counted for the last release that had it.
    fn stored(&self) -> Vec<Stored> {
        let remote = self.remote;
        let mut stored: BTreeMap<String, Stored> =
            remote.stored.iter().map(|one| (one.name.clone(), one.clone())).collect();
        let Some(live) = self.live else { return stored.into_values().collect() };
        // The live release is about to be left: what of it lies in the store counts from now on.
        let of_live = remote.seen.values().filter(|seen| seen.left.is_none());
        for name in of_live.filter_map(|seen| seen.content.name()) {
            if let Some(one) = stored.get_mut(&name) {
                (one.last, one.since) = (live.to_owned(), self.now);
            }
        }
        for Preserve { name, .. } in &self.preserve {
            let one = Stored { name: name.clone(), last: live.to_owned(), since: self.now };
            stored.insert(name.clone(), one);
        }
        stored.into_values().collect()
    }
}

enum Decision {
    Keep,
    Write(How),
    /// Other bytes under a name that must never change its bytes.
    Refuse,
    /// Its bytes are nowhere any more.
    Gone,
}

fn decide(file: &Wanted, seen: Option<&Seen>, rules: &Rules) -> Decision {
    let write = || match &file.from {
        Source::Build => Decision::Write(How::Upload),
        Source::Bucket => Decision::Gone,
        source => Decision::Write(How::Restore(source.clone())),
    };
    let Some(seen) = seen else { return write() };
    if seen.content.same(&file.content) {
        let right_headers = seen.headers.as_ref().is_some_and(|headers| *headers == file.headers);
        let onto_itself = || Decision::Write(How::Headers { etag: seen.content.etag.clone() });
        return if seen.doubtful && file.class.mutable() {
            if file.from == Source::Bucket { onto_itself() } else { write() }
        } else if right_headers || file.headers.is_unknown() {
            Decision::Keep
        } else {
            onto_itself()
        };
    }
    let immutable = file.class == Class::Asset && !seen.class.mutable() && !seen.opaque;
    if immutable && file.from == Source::Build && first_match(&rules.allow, &file.path).is_none() {
        return Decision::Refuse;
    }
    write()
}
