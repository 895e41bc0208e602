//! Doing what the plan says, stage by stage. It decides nothing; it notices when it is no longer wanted.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use actions_runtime::Step;
use futures_util::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, FuturesUnordered},
};
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    bucket::{Bucket, Written},
    cached::cached_paths,
    cdn::Cdn,
    claim::{Hold, Me, Renewal, Winner, Wrote},
    digest::Content,
    error::PublishError,
    inputs::Invalidation,
    lane::Lane,
    look::is_exclusive,
    manifest::{Distribution, Entry, Left, Manifest, Moment, Phase, STORE, Stored, manifest_path},
    plan::{How, Plan, Preserve, Remote, Source, Stage, Wanted, Write},
    report::{self, Done},
    site,
    sums::{Local, Sums},
    upload::{self, Upload},
};

/// Answers between two looks at how S3 is doing.
const LOOKED_AT_EVERY: usize = 16;
/// Saying that this run stops half-way must not keep it from stopping.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A plan and everything that carrying it out needs.
pub(crate) struct Publish<'a> {
    pub(crate) step: &'a Step,
    pub(crate) bucket: Bucket,
    pub(crate) cdn: Option<(Cdn, Distribution)>,
    pub(crate) hold: Hold,
    pub(crate) me: Me,
    pub(crate) plan: Plan,
    pub(crate) remote: Remote,
    pub(crate) local: BTreeMap<String, Arc<Local>>,
    /// Files whose sums are taken at once.
    pub(crate) summing: Semaphore,
    pub(crate) invalidation: Invalidation,
    pub(crate) wait: bool,
    pub(crate) concurrency: usize,
    pub(crate) now: Moment,
    pub(crate) state: State,
}

/// How far it is.
#[derive(Default)]
pub(crate) struct State {
    written: BTreeMap<String, Written>,
    pub(crate) renewal: Option<Renewal>,
    /// `current.json` bears our claim.
    pub(crate) claimed: bool,
    began: bool,
    pub(crate) finished: bool,
    pub(crate) done: Done,
}

/// How much of a publish visitors can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Untouched,
    HalfWay,
    Live,
}

/// How carrying out a plan ended.
#[derive(Debug)]
pub(crate) enum End {
    Done,
    /// Done, but what was to be deleted is still there, and why.
    DoneButNotDeleted(String),
    Superseded(Winner),
    Cancelled,
}

impl Publish<'_> {
    /// Carries out every stage, unless a signal or another publisher ends it before.
    pub(crate) async fn execute(&mut self) -> Result<End, PublishError> {
        let ended = self.stages().await;
        if let Some(winner) = self.stop_renewal().await {
            return Ok(End::Superseded(winner));
        }
        match &ended {
            Err(_) | Ok(End::Cancelled) if self.state.claimed => {
                // The next run need not wait to see whether this one lives. If that cannot be said, it will wait.
                let said = self.hold.write_if(
                    |current| current.claim.as_ref().is_some_and(|c| is_exclusive(c.phase)),
                    |current| {
                        if let Some(claim) = &mut current.claim {
                            claim.phase = Phase::Abandoned;
                        }
                    },
                );
                let _unheard = timeout(LAST_WORDS, said).await;
            }
            _ => {}
        }
        ended
    }

    async fn stages(&mut self) -> Result<End, PublishError> {
        for stage in self.plan.stages.clone() {
            let cancelled = self.step.cancelled().clone();
            let lost = self.hold.lost.clone();
            self.step.live(report::now(&stage));
            let ended = tokio::select! {
                biased;
                () = cancelled.cancelled() => Some(End::Cancelled),
                ended = self.stage(&stage) => ended?,
                () = lost.cancelled() => self.hold.winner().await.map(End::Superseded),
            };
            if let Some(end) = ended {
                return Ok(end);
            }
            self.step.live("");
        }
        self.settle().await?;
        Ok(End::Done)
    }

    /// One stage. Anything but nothing ends the run.
    async fn stage(&mut self, stage: &Stage) -> Result<Option<End>, PublishError> {
        match stage {
            Stage::Assets(writes)
            | Stage::Files(writes)
            | Stage::Pages(writes)
            | Stage::Index(writes)
            | Stage::Workers(writes) => self.write_all(writes).await?,
            Stage::Adopt => {
                if let Some(adopted) = &self.remote.adopted {
                    self.put_manifest(adopted).await?;
                }
            }
            Stage::Claim => return self.claim().await,
            Stage::Preserve(copies) => self.preserve(copies).await?,
            Stage::Finish => return self.finish().await,
            Stage::Invalidate(files) => return self.invalidate(files).await,
            Stage::Delete(paths) | Stage::Prune(paths) => return self.delete(paths).await,
            Stage::InvalidateDeleted(files) => return self.invalidate_deleted(files).await,
            Stage::Forget(keys) => self.bucket.delete(keys).await?,
        }
        Ok(None)
    }

    async fn claim(&mut self) -> Result<Option<End>, PublishError> {
        let claim =
            self.me.claim(Phase::Writing, self.remote.pending.clone(), self.remote.forget.clone());
        let history = self.remote.current.history.clone();
        let held = self
            .hold
            .write(|current| {
                current.history = history;
                current.claim = Some(claim);
            })
            .await?;
        if let Wrote::Lost(winner) = held {
            return Ok(Some(End::Superseded(winner)));
        }
        (self.state.claimed, self.state.began) = (true, true);
        self.state.renewal = Some(self.hold.renewed());
        Ok(None)
    }

    async fn preserve(&self, copies: &[Preserve]) -> Result<(), PublishError> {
        let seen = &self.remote.seen;
        stream::iter(copies)
            .map(|copy| async move {
                let etag = seen.get(&copy.path).and_then(|seen| seen.content.etag.as_deref());
                let to = format!("{STORE}{}", copy.name);
                self.bucket.copy(&copy.path, None, &to, None, etag).await.map(drop)
            })
            .buffer_unordered(self.concurrency)
            .try_collect()
            .await
            .map_err(PublishError::from)
    }

    async fn write_all(&mut self, writes: &[Write]) -> Result<(), PublishError> {
        let wanted: BTreeMap<&str, &Wanted> =
            self.plan.files.iter().map(|file| (file.path.as_str(), file)).collect();
        let this = &*self;
        let calls = self.bucket.session.calls();
        let mut lane = Lane::new(self.concurrency, calls.repeats());
        let mut jobs =
            writes.iter().filter_map(|write| Some((write, *wanted.get(write.path.as_str())?)));
        let mut running = FuturesUnordered::new();
        let mut ended: Vec<(&Write, u64, Written)> = Vec::with_capacity(writes.len());
        let mut bytes = 0;
        loop {
            while running.len() < lane.width()
                && let Some((write, file)) = jobs.next()
            {
                running.push(async move {
                    let written = this.write_one(write, file).await?;
                    Ok::<_, PublishError>((write, file.size, written))
                });
            }
            let Some(one) = running.try_next().await? else { break };
            if one.0.how == How::Upload {
                bytes += one.1;
            }
            ended.push(one);
            if ended.len().is_multiple_of(LOOKED_AT_EVERY) {
                lane.adapt(calls.repeats());
                self.step.live(report::progress(ended.len(), writes.len(), bytes));
            }
        }
        drop(running);
        for (write, size, written) in ended {
            match write.how {
                How::Upload => {
                    self.state.done.uploaded += 1;
                    self.state.done.bytes += size;
                }
                How::Headers { .. } => self.state.done.headers += 1,
                How::Restore(_) => self.state.done.restored += 1,
            }
            self.state.written.insert(write.path.clone(), written);
        }
        Ok(())
    }

    async fn write_one(&self, write: &Write, file: &Wanted) -> Result<Written, PublishError> {
        if self.state.renewal.is_some() {
            self.hold.sure().await?;
        }
        let path = file.path.as_str();
        let lost = || PublishError::Lost { path: path.to_owned() };
        let headers = (!file.headers.is_unknown()).then_some(&file.headers);
        match &write.how {
            How::Upload => {
                let local = self.local.get(path).ok_or_else(lost)?;
                let sums = self.sums(local).await?;
                let file = Upload { path, local, sums: &sums, headers: &file.headers };
                upload::upload(&self.bucket, file).await
            }
            How::Headers { etag } => {
                Ok(self.bucket.copy(path, None, path, headers, etag.as_deref()).await?)
            }
            How::Restore(Source::Version(version)) => self
                .bucket
                .copy(path, Some(version), path, headers, None)
                .await
                .map_err(|error| if error.is_not_found() { lost() } else { error.into() }),
            How::Restore(Source::Store(name)) => self
                .bucket
                .copy(&format!("{STORE}{name}"), None, path, headers, None)
                .await
                .map_err(|error| if error.is_not_found() { lost() } else { error.into() }),
            How::Restore(Source::Build | Source::Bucket) => Err(lost()),
        }
    }

    /// A file's sums. Where nobody needed them before they are taken now, while other files are sent.
    async fn sums(&self, local: &Arc<Local>) -> Result<Sums, PublishError> {
        if let Some(known) = local.known_sums() {
            return Ok(known.clone());
        }
        let _turn = self.summing.acquire().await;
        let taken = site::in_background(vec![local.clone()], |local, buffer| {
            Ok(Some(local.sums(buffer)?.clone()))
        });
        let lost = || PublishError::Changed { path: local.on_disk.display().to_string() };
        taken.await?.into_iter().flatten().next().ok_or_else(lost)
    }

    /// The record of the release, then the word that it is live.
    async fn finish(&mut self) -> Result<Option<End>, PublishError> {
        // By now the sums are known of what was sent without a comparison.
        for file in &mut self.plan.files {
            let sums = self.local.get(&file.path).and_then(|local| local.known_sums());
            file.content.sha256 = file.content.sha256.or(sums.map(|sums| sums.sha256));
        }
        let manifest = self.manifest(true);
        self.hold.sure().await?;
        self.put_manifest(&manifest).await?;
        if let Some(winner) = self.stop_renewal().await {
            return Ok(Some(End::Superseded(winner)));
        }
        let claim = self.settling();
        let history = self.plan.history.clone();
        let distribution = self.cdn.as_ref().map(|(_, distribution)| distribution.clone());
        let held = self
            .hold
            .write(|current| {
                current.history = history;
                current.claim = claim;
                if distribution.is_some() {
                    current.distribution = distribution;
                }
            })
            .await?;
        if let Wrote::Lost(winner) = held {
            return Ok(Some(End::Superseded(winner)));
        }
        self.state.finished = true;
        Ok(None)
    }

    /// What is left to do after the release is live, for the next run to do should this one die.
    pub(crate) fn settling(&self) -> Option<crate::manifest::Claim> {
        let (mut invalidate, mut forget, mut more) = (Vec::new(), Vec::new(), false);
        for stage in &self.plan.stages {
            match stage {
                Stage::Invalidate(files) => (invalidate, more) = (files.clone(), true),
                Stage::Forget(keys) => (forget, more) = (keys.clone(), true),
                Stage::Delete(_) | Stage::Prune(_) => more = true,
                _ => {}
            }
        }
        more.then(|| self.me.claim(Phase::Settling, invalidate, forget))
    }

    pub(crate) async fn stop_renewal(&mut self) -> Option<Winner> {
        self.state.renewal.take()?.stop().await;
        self.hold.winner().await
    }

    pub(crate) async fn put_manifest(&self, manifest: &Manifest) -> Result<(), PublishError> {
        put_manifest(&self.bucket, manifest).await
    }

    /// The release as it is in the bucket now.
    pub(crate) fn manifest(&self, with_doomed: bool) -> Manifest {
        let files = self
            .plan
            .files
            .iter()
            .map(|file| entry(file, &self.remote, self.state.written.get(&file.path)))
            .collect();
        let mut left: Vec<Left> = self.plan.left.clone();
        if with_doomed {
            left.extend(self.plan.doomed.iter().cloned());
        }
        let stored: Vec<Stored> = self.plan.stored.clone();
        Manifest { release: self.me.release.clone(), at: self.now, files, left, stored }
    }

    /// How much of it visitors can see.
    pub(crate) fn progress(&self) -> Progress {
        match (self.state.finished, self.state.began) {
            (true, _) => Progress::Live,
            (false, true) => Progress::HalfWay,
            (false, false) => Progress::Untouched,
        }
    }
}

/// The paths that the CDN is told to forget for `files` of the site.
pub(crate) fn told(
    invalidation: &Invalidation,
    files: &[String],
    prefix: &str,
    distribution: &Distribution,
) -> Vec<String> {
    match invalidation {
        Invalidation::Paths(paths) => paths.clone(),
        Invalidation::Auto | Invalidation::None => {
            cached_paths(files, prefix, &distribution.origin_path)
        }
    }
}

pub(crate) async fn put_manifest(bucket: &Bucket, manifest: &Manifest) -> Result<(), PublishError> {
    let path = manifest_path(&manifest.release);
    let bytes = serde_json::to_vec(manifest)
        .map_err(|source| PublishError::Unreadable { key: bucket.key(&path), source })?;
    bucket.put(&path, bytes).await?;
    Ok(())
}

/// A file as the manifest has it: as it was written, else as it was seen.
pub(crate) fn entry(file: &Wanted, remote: &Remote, written: Option<&Written>) -> Entry {
    let seen = remote.seen.get(&file.path);
    let (etag, version) = match (written, seen) {
        (Some(written), _) => (Some(written.etag.clone()), written.version.clone()),
        (None, Some(seen)) => (seen.content.etag.clone(), seen.version.clone()),
        (None, None) => (file.content.etag.clone(), None),
    };
    Entry {
        path: file.path.clone(),
        size: file.size,
        class: file.class,
        content: Content { sha256: file.content.sha256, etag },
        headers: file.headers.clone(),
        version,
    }
}
