//! Publishes a built site to S3 and CloudFront, in an order that is safe for the visitors who are there.
//!
//! Look (the directory, the bucket) → plan → execute → report. Nothing is written before the plan is complete, and no page
//! before everything that it names.

mod bucket;
mod build;
mod cached;
mod cdn;
mod checks;
mod claim;
mod class;
mod denied;
mod digest;
mod error;
mod etag;
mod globs;
mod ground;
mod headers;
mod inputs;
mod lane;
mod look;
mod manifest;
mod outcome;
mod outputs;
mod pages;
mod plan;
mod planning;
mod publish;
mod report;
mod rollback;
mod settle;
mod site;
mod sums;
mod upload;
mod verify;
mod visit;

use std::collections::BTreeSet;

use actions_runtime::{Cancelled, Faults, Step};
use aws_session::{AwsError, Session};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use miette::IntoDiagnostic as _;
use tokio::sync::Semaphore;

use crate::{
    bucket::Bucket,
    build::{Build, Manner, Reading},
    claim::{Hold, Me, Other, Winner},
    denied::Denied,
    ground::Ground,
    inputs::Invalidation,
    look::{Looked, Looking, Record, is_exclusive},
    manifest::{Manifest, Moment, STORE},
    plan::{How, Plan, Refusal, Remote, Rules, Source, Wanted},
    publish::{Publish, State},
};
pub use crate::{
    inputs::Inputs,
    outputs::{Outputs, Verdict},
};

/// Makes the site the build's, or an earlier release's.
pub async fn run(step: &Step, inputs: Inputs) -> miette::Result<Outputs> {
    let mut faults = Faults::default();
    if inputs.invalidation.len() > 1
        && inputs.invalidation.iter().any(|line| line == "auto" || line == "none")
    {
        faults.add("invalidation", "`auto` and `none` stand alone");
    }
    let denied = Denied::of(step, &inputs.deny_values_of, &mut faults);
    let back = inputs.rollback_to.as_ref();
    let release = match (back, &inputs.release) {
        (Some(_), _) => String::new(),
        (None, Some(release)) => release.clone(),
        (None, None) => step.commit().await.unwrap_or_else(|| {
            faults.add("release", "is needed: there is no commit to name the release by");
            String::new()
        }),
    };
    let mut run =
        Run { step, inputs: &inputs, session: None, release, url: inputs.base_url.clone() };
    let nothing = back.is_none().then(|| build::nothing_in(&inputs.directory)).flatten();
    if let Some(refusal) = nothing.filter(|_| faults.is_empty()) {
        // An empty build needs no bucket to be refused.
        return Ok(run.refused(&[refusal]));
    }
    // Files are read while the bucket is looked at.
    let reading = Reading::begin(step, &inputs, denied);
    let session = Session::open(step, &inputs.aws).await?;
    if inputs.common.dry_run {
        session.read_only();
    }
    run.session = Some(&session);
    let prepared = tokio::select! {
        biased;
        () = step.cancelled().cancelled() => {
            return Err(Cancelled::new("before anything was changed").into());
        }
        prepared = Box::pin(run.prepare(&session, reading, faults)) => prepared?,
    };
    match prepared {
        Next::Execute(job) => Box::pin(run.execute(*job)).await,
        Next::Live(live, plan) => {
            let (verdict, reason) = run.verified(live, &plan).await;
            Ok(run.outputs(verdict, reason, Some(&plan), None))
        }
        Next::Ended(outputs) => Ok(outputs),
    }
}

/// One run.
struct Run<'a> {
    step: &'a Step,
    inputs: &'a Inputs,
    session: Option<&'a Session>,
    release: String,
    url: Option<String>,
}

/// What a run comes to before it has written anything.
enum Next {
    /// Refused, superseded, or only planned.
    Ended(Outputs),
    /// The site is as it should be already.
    Live((Verdict, String), Plan),
    Execute(Box<Job>),
}

/// A plan, and what carrying it out needs.
struct Job {
    ground: Ground,
    build: Build,
    me: Me,
    plan: Plan,
    remote: Remote,
    now: Moment,
}

impl Run<'_> {
    /// Looks and plans.
    async fn prepare(
        &mut self,
        session: &Session,
        reading: Reading,
        mut faults: Faults,
    ) -> miette::Result<Next> {
        let ground = ground::open(self.step, session, self.inputs, &mut faults).await?;
        let record = match &ground {
            Some(ground) => ground.record(self.inputs.verify_remote).await?,
            None => Record::default(),
        };
        let build = reading.end(self.step, &mut faults).await?;
        if let (Some(asked), Some(ground)) = (&self.inputs.rollback_to, &ground) {
            match rollback::target(asked, &ground.known.current) {
                Ok(release) => self.release = release,
                Err(problem) => faults.add("rollback-to", problem),
            }
        }
        faults.check()?;
        let Some(ground) = ground else {
            return Err(miette::miette!("the bucket `{}` could not be opened", self.inputs.bucket));
        };
        if self.url.is_none() {
            let domain = ground.cdn.as_ref().map(|(_, distribution)| &distribution.domain);
            self.url = domain.map(|domain| format!("https://{domain}"));
        }
        if !build.refusals.is_empty() {
            return Ok(Next::Ended(self.refused(&build.refusals)));
        }
        self.plan(ground, build, record).await
    }

    async fn plan(
        &self,
        mut ground: Ground,
        build: Build,
        mut record: Record,
    ) -> miette::Result<Next> {
        let now = Moment::now();
        let me = self.me()?;
        let dead = match self.other(&mut ground, &me).await? {
            Some(Other::Alive(winner)) => return Ok(Next::Ended(self.superseded(&winner))),
            Some(Other::Dead) => {
                record = ground.record(true).await?;
                true
            }
            None => false,
        };
        let manner = Manner::of(self.inputs);
        let looking = Looking {
            bucket: &ground.bucket,
            known: &ground.known,
            classes: &manner.classes,
            selection: &manner.selection,
            local: &build.local,
            dead,
            verify: self.inputs.verify_remote,
            concurrency: usize::from(self.inputs.concurrency),
            now,
        };
        let Looked { remote, notes } = Box::pin(looking.look(record)).await?;
        for note in &notes {
            self.step.say(note);
        }
        let (wanted, named, mut refusals) = if self.inputs.rollback_to.is_some() {
            (self.earlier(&looking, &remote.stored).await?, BTreeSet::new(), Vec::new())
        } else {
            build.compare_with(&remote).await?;
            let (named, refusals) =
                build.named_elsewhere(self.inputs, &ground.bucket, &remote).await?;
            (build.wanted(), named, refusals)
        };
        let rules = self.rules(named, ground.cdn.is_some());
        let plan = match planning::plan(wanted, &remote, &rules, now) {
            Ok(plan) if refusals.is_empty() => plan,
            Ok(_) => return Ok(Next::Ended(self.refused(&refusals))),
            Err(more) => {
                refusals.extend(more);
                return Ok(Next::Ended(self.refused(&refusals)));
            }
        };
        let gone = self.gone(&ground.bucket, &plan).await?;
        if !gone.is_empty() {
            return Ok(Next::Ended(self.refused(&[Refusal::Pruned { paths: gone }])));
        }
        if self.inputs.common.dry_run {
            let distribution = ground.cdn.as_ref().map(|(_, seen)| seen);
            return Ok(Next::Ended(self.planned(&plan, distribution)));
        }
        if !plan.is_empty() {
            return Ok(Next::Execute(Box::new(Job { ground, build, me, plan, remote, now })));
        }
        let live = remote.current.live().map(|live| live.release.clone());
        if live.as_deref() != Some(self.release.as_str()) && self.inputs.rollback_to.is_none() {
            // The same site under another name: whoever asks for that name later must find it.
            let manifest = same_under(&self.release, &plan, &remote, now);
            publish::put_manifest(&ground.bucket, &manifest).await?;
        }
        Ok(Next::Live(self.unchanged(&plan), plan))
    }

    async fn execute(&self, job: Job) -> miette::Result<Outputs> {
        let Job { ground, build, me, plan, remote, now } = job;
        self.step.say(format!(
            "release `{}` to `{}`: {}",
            self.release,
            self.place(),
            report::planned(&plan)
        ));
        let hold = Hold::new(ground.bucket.clone(), ground.known);
        let mut publish = Publish {
            step: self.step,
            bucket: ground.bucket,
            cdn: ground.cdn,
            hold,
            me,
            plan,
            remote,
            local: build.local,
            summing: Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)),
            invalidation: self.inputs.invalidation(),
            wait: self.inputs.wait_for_invalidation,
            concurrency: usize::from(self.inputs.concurrency),
            now,
            state: State::default(),
        };
        let end = publish.execute().await?;
        let progress = publish.progress();
        let (plan, done) = (&publish.plan, &publish.state.done);
        let (verdict, reason) = match self.ended(end, progress, plan, done) {
            Ok(live) => self.verified(live, plan).await,
            Err(ended) => ended,
        };
        Ok(self.outputs(verdict, reason, Some(plan), Some(done)))
    }

    /// What visitors get, looked at where that is asked for.
    async fn verified(&self, live: (Verdict, String), plan: &Plan) -> (Verdict, String) {
        let Some(url) = &self.inputs.verify_url else { return live };
        let (verdict, reason) = live;
        let release = verify::Release {
            files: plan.files.iter().map(|file| (file.path.as_str(), file)).collect(),
            base_url: self.url.as_deref(),
            prefix: &self.inputs.prefix,
        };
        let looking = verify::verify(self.step, url, &release, self.inputs.verify_for.0);
        let problem = tokio::select! {
            () = self.step.cancelled().cancelled() => {
                let reason = format!("{reason}; cancelled before `{url}` was looked at");
                return (Verdict::Cancelled, reason);
            }
            problem = looking => problem,
        };
        match problem {
            None => (verdict, format!("{reason}; `{url}` answers with it")),
            Some(problem) => {
                let seconds = self.inputs.verify_for.0.as_secs();
                let reason = format!("{reason}, but after {seconds} s {problem}");
                (Verdict::Failed, reason)
            }
        }
    }

    /// Whose publish is under way, if any is. A dry run does not wait to see whether it lives.
    async fn other(&self, ground: &mut Ground, me: &Me) -> miette::Result<Option<Other>> {
        let Some(claim) = &ground.known.current.claim else { return Ok(None) };
        if claim.phase == manifest::Phase::Abandoned {
            return Ok(Some(Other::Dead));
        }
        if !is_exclusive(claim.phase) {
            return Ok(None);
        }
        if claim.run == me.run || self.inputs.common.dry_run {
            return Ok(Some(Other::Dead));
        }
        self.step.say(format!(
            "{}: watching whether it lives",
            report::winner(&Winner::of(&ground.known.current))
        ));
        let other = claim::watch(&ground.bucket, &mut ground.known).await?;
        if matches!(other, Other::Dead) {
            self.step.say("it does not: taking over, and looking at every object");
        }
        Ok(Some(other))
    }

    /// The files of the release to go back to.
    async fn earlier(
        &self,
        looking: &Looking<'_>,
        stored: &[manifest::Stored],
    ) -> miette::Result<Vec<Wanted>> {
        let Some(manifest) = look::manifest(looking.bucket, &self.release).await? else {
            let message = rollback::unknown(&self.release, &looking.known.current);
            return Err(Faults::one("rollback-to", message).into());
        };
        Ok(rollback::wanted(&manifest, stored))
    }

    /// Files whose bytes of an earlier release are no longer there: a lifecycle rule may have taken old versions.
    async fn gone(&self, bucket: &Bucket, plan: &Plan) -> miette::Result<Vec<String>> {
        let kept = plan.writes().filter_map(|write| match &write.how {
            How::Restore(Source::Version(id)) => {
                Some((write, write.path.clone(), Some(id.clone())))
            }
            How::Restore(Source::Store(name)) => Some((write, format!("{STORE}{name}"), None)),
            _ => None,
        });
        let looks = kept.map(|(write, path, id)| async move {
            let there = bucket.head_version(&path, id.as_deref()).await?.is_some();
            Ok::<_, AwsError>((!there).then(|| write.path.clone()))
        });
        let looks = stream::iter(looks).buffered(usize::from(self.inputs.concurrency));
        let gone: Vec<Option<String>> = looks.try_collect().await?;
        Ok(gone.into_iter().flatten().collect())
    }

    fn me(&self) -> miette::Result<Me> {
        let token = digest::hex(&getrandom::u64().into_diagnostic()?.to_be_bytes());
        let job = self.step.job();
        let run = job.map(|job| format!("{}/{}", job.repository, job.run_id));
        Ok(Me {
            release: self.release.clone(),
            run: run.unwrap_or_else(|| token.clone()),
            url: job.map(actions_runtime::Job::run_url),
            token,
        })
    }

    fn rules(&self, named: BTreeSet<String>, cdn: bool) -> Rules {
        Rules {
            release: self.release.clone(),
            delete: self.inputs.delete,
            keep_releases: usize::try_from(self.inputs.keep_releases).unwrap_or(usize::MAX),
            keep_days: self.inputs.keep_days,
            max_delete: self.inputs.max_delete,
            allow: self.inputs.allow.clone(),
            invalidation: if cdn { self.inputs.invalidation() } else { Invalidation::None },
            named,
        }
    }
}

/// The live release's record under another name.
fn same_under(release: &str, plan: &Plan, remote: &Remote, now: Moment) -> Manifest {
    Manifest {
        release: release.to_owned(),
        at: now,
        files: plan.files.iter().map(|file| publish::entry(file, remote, None)).collect(),
        left: plan.left.clone(),
        stored: plan.stored.clone(),
    }
}
