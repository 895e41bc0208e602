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
mod digest;
mod error;
mod globs;
mod ground;
mod headers;
mod inputs;
mod look;
mod manifest;
mod outputs;
mod pages;
mod plan;
mod planning;
mod publish;
mod report;
mod rollback;
mod site;
mod upload;

use std::collections::{BTreeMap, BTreeSet};

use actions_runtime::{Faults, Step};
use aws_session::Session;
use miette::IntoDiagnostic as _;

use crate::{
    build::{Build, Manner},
    claim::{Hold, Me, Other, Winner},
    ground::Ground,
    inputs::Invalidation,
    look::{Local, Looked, Looking, is_exclusive},
    manifest::{Distribution, Manifest, Moment},
    plan::{Plan, Refusal, Rules, Wanted},
    publish::{End, Publish, State},
    report::Done,
};
pub use crate::{
    inputs::Inputs,
    outputs::{Outputs, Verdict},
};

/// Makes the site the build's, or an earlier release's.
pub async fn run(step: &Step, inputs: Inputs) -> miette::Result<Outputs> {
    let mut faults = Faults::default();
    let manner = Manner::of(&inputs);
    if inputs.invalidation.len() > 1
        && inputs.invalidation.iter().any(|line| line == "auto" || line == "none")
    {
        faults.add("invalidation", "`auto` and `none` stand alone");
    }
    let back = inputs.rollback_to.clone();
    let release = match (&back, &inputs.release) {
        (Some(_), _) => String::new(),
        (None, Some(release)) => release.clone(),
        (None, None) => step.commit().await.unwrap_or_else(|| {
            faults.add("release", "is needed: there is no commit to name the release by");
            String::new()
        }),
    };
    let listing = match back {
        Some(_) => build::Listing::default(),
        None => build::list(&inputs, &manner, &mut faults)?,
    };
    for note in &listing.notes {
        step.say(note);
    }
    if !listing.refusals.is_empty() && faults.is_empty() {
        // An empty build needs no bucket to be refused.
        let run =
            Run { step, inputs: &inputs, session: None, release, url: inputs.base_url.clone() };
        return Ok(run.refused(&listing.refusals));
    }

    let session = Session::open(step, &inputs.aws).await?;
    if inputs.common.dry_run {
        session.read_only();
    }
    // Files are read while the bucket is looked at.
    let reading = {
        let inputs = inputs.clone();
        tokio::task::spawn_blocking(move || Build::read(listing, &inputs))
    };
    let ground = ground::open(step, &session, &inputs, &mut faults).await?;
    let release = match (&back, &ground) {
        (Some(asked), Some(ground)) => rollback::target(asked, &ground.known.current)
            .unwrap_or_else(|problem| {
                faults.add("rollback-to", problem);
                String::new()
            }),
        _ => release,
    };
    faults.check()?;
    let Some(ground) = ground else {
        return Err(miette::miette!("the bucket `{}` could not be opened", inputs.bucket));
    };
    let build = reading.await.into_diagnostic()??;
    let url = inputs.base_url.clone().or_else(|| {
        ground.cdn.as_ref().map(|(_, distribution)| format!("https://{}", distribution.domain))
    });
    let run = Run { step, inputs: &inputs, session: Some(&session), release, url };
    if !build.refusals.is_empty() && back.is_none() {
        return Ok(run.refused(&build.refusals));
    }
    Box::pin(run.publish(ground, build, &manner)).await
}

/// One run, once its inputs are known to be good.
struct Run<'a> {
    step: &'a Step,
    inputs: &'a Inputs,
    session: Option<&'a Session>,
    release: String,
    url: Option<String>,
}

impl Run<'_> {
    async fn publish(
        &self,
        mut ground: Ground,
        build: Build,
        manner: &Manner,
    ) -> miette::Result<Outputs> {
        let now = Moment::now();
        let me = self.me()?;
        let dead = match self.other(&mut ground, &me).await? {
            Some(Other::Alive(winner)) => return Ok(self.superseded(&winner)),
            Some(Other::Dead) => true,
            None => false,
        };
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
        let Looked { remote, notes } = looking.look().await?;
        for note in &notes {
            self.step.say(note);
        }
        let (wanted, named, mut refusals) = if self.inputs.rollback_to.is_some() {
            (self.earlier(&looking, &remote.stored).await?, BTreeSet::new(), Vec::new())
        } else {
            let (named, refusals) =
                build.named_elsewhere(self.inputs, &ground.bucket, &remote).await?;
            (build.wanted(), named, refusals)
        };
        let rules = self.rules(named, ground.cdn.is_some());
        let plan = match planning::plan(wanted, &remote, &rules, now) {
            Ok(plan) if refusals.is_empty() => plan,
            Ok(_) => return Ok(self.refused(&refusals)),
            Err(more) => {
                refusals.extend(more);
                return Ok(self.refused(&refusals));
            }
        };
        if self.inputs.common.dry_run {
            return Ok(self.planned(&plan, ground.cdn.as_ref().map(|(_, seen)| seen)));
        }
        if plan.is_empty() {
            let live = remote.current.live().map(|live| live.release.clone());
            if live.as_deref() != Some(self.release.as_str()) && self.inputs.rollback_to.is_none() {
                // The same site under another name: whoever asks for that name later must find it.
                let manifest = same_under(&self.release, &plan, &remote, now);
                publish::put_manifest(&ground.bucket, &manifest).await?;
            }
            return Ok(self.unchanged(&plan));
        }
        self.execute(ground, build.local, me, plan, remote, now).await
    }

    async fn execute(
        &self,
        ground: Ground,
        local: BTreeMap<String, Local>,
        me: Me,
        plan: Plan,
        remote: plan::Remote,
        now: Moment,
    ) -> miette::Result<Outputs> {
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
            local,
            invalidation: self.inputs.invalidation(),
            wait: self.inputs.wait_for_invalidation,
            concurrency: usize::from(self.inputs.concurrency),
            now,
            state: State::default(),
        };
        let end = publish.execute().await?;
        let untouched = publish.untouched();
        let (plan, done) = (&publish.plan, &publish.state.done);
        let live = match self.inputs.rollback_to {
            Some(_) => (Verdict::Restored, "is live again"),
            None => (Verdict::Published, "is live"),
        };
        let happened = report::done(plan, done);
        let (verdict, reason) = match end {
            End::Done => (live.0, format!("release `{}` {}: {happened}", self.release, live.1)),
            End::DoneButNotDeleted(why) => {
                let left = plan.deletions();
                let why = if left == 0 {
                    why
                } else {
                    format!(
                        "{} left to the next run, because {why}",
                        report::count(left, "deletion")
                    )
                };
                self.step.warning(&why);
                (live.0, format!("release `{}` {}: {happened}; {why}", self.release, live.1))
            }
            End::Superseded(winner) => return Ok(self.superseded(&winner)),
            End::Cancelled if untouched => {
                (Verdict::Cancelled, "cancelled before visitors could notice anything".to_owned())
            }
            End::Cancelled => {
                (Verdict::Cancelled, "cancelled half-way: the next run finishes it".to_owned())
            }
        };
        Ok(self.outputs(verdict, reason, Some(plan), Some(done)))
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
        let Some(manifest) = looking.manifest(&self.release).await? else {
            let message = rollback::unknown(&self.release, &looking.known.current);
            return Err(Faults::one("rollback-to", message).into());
        };
        Ok(rollback::wanted(&manifest, stored))
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

    fn place(&self) -> String {
        format!("s3://{}/{}", self.inputs.bucket, self.inputs.prefix)
    }

    fn refused(&self, refusals: &[Refusal]) -> Outputs {
        let reasons: Vec<String> = refusals.iter().map(report::refusal).collect();
        for reason in &reasons {
            self.step.error(reason);
        }
        let reason = match reasons.as_slice() {
            [one] => format!("refused: {one}"),
            [first, rest @ ..] => {
                format!("refused: {first}; and {} more", report::count(rest.len(), "reason"))
            }
            [] => "refused".to_owned(),
        };
        self.step.say("nothing was written");
        self.outputs(Verdict::Refused, reason, None, None)
    }

    fn superseded(&self, winner: &Winner) -> Outputs {
        let reason = format!("superseded: {}", report::winner(winner));
        self.outputs(Verdict::Superseded, reason, None, None)
    }

    fn planned(&self, plan: &Plan, distribution: Option<&Distribution>) -> Outputs {
        let would = if self.inputs.rollback_to.is_some() { "bring back" } else { "publish" };
        let reason = format!("would {would} `{}`: {}", self.release, report::planned(plan));
        if !plan.is_empty() {
            self.step.say(format!(
                "release `{}` to `{}`, step by step:",
                self.release,
                self.place()
            ));
            let mut shown = plan.clone();
            if let Some(distribution) = distribution {
                shown.show_cached(|files| {
                    let prefix = self.inputs.prefix.trim_end_matches('/');
                    publish::told(&self.inputs.invalidation(), files, prefix, distribution)
                });
            }
            self.step.foreign(&report::plan(&shown));
        }
        self.outputs(Verdict::Planned, reason, Some(plan), None)
    }

    fn unchanged(&self, plan: &Plan) -> Outputs {
        let files = report::count(plan.files.len(), "file");
        let reason = format!("the site is `{}` already: {files}, nothing sent", self.release);
        self.outputs(Verdict::Unchanged, reason, Some(plan), None)
    }

    fn outputs(
        &self,
        verdict: Verdict,
        reason: String,
        plan: Option<&Plan>,
        done: Option<&Done>,
    ) -> Outputs {
        self.step.live("");
        self.step.say(&reason);
        let calls = self.session.map(|session| session.calls().sentence()).unwrap_or_default();
        let summary = report::Summary {
            title: title(verdict),
            release: &self.release,
            place: &self.place(),
            url: self.url.as_deref(),
            reason: &reason,
            plan,
            done,
            calls: &calls,
            seconds: self.step.seconds(),
        };
        self.step.summary(summary.markdown());
        Outputs {
            verdict,
            release: self.release.clone(),
            uploaded: done.map_or(0, |done| done.uploaded),
            unchanged: plan.map_or(0, |plan| plan.unchanged),
            deleted: done.map_or(0, |done| done.deleted),
            kept: plan.map_or(0, |plan| plan.left.len()),
            bytes: done.map_or(0, |done| done.bytes),
            requests: self.session.map_or(0, |session| session.calls().len()),
            invalidation_id: done.and_then(|done| done.invalidation.clone()),
            url: self.url.clone(),
            reason,
            seconds: self.step.seconds(),
        }
    }
}

fn title(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Published => "Site published",
        Verdict::Unchanged => "Site unchanged",
        Verdict::Restored => "Site restored",
        Verdict::Planned => "Site: what a publish would do",
        Verdict::Failed => "Publishing failed",
        Verdict::Refused => "Publishing refused",
        Verdict::Superseded => "Another publish won",
        Verdict::Cancelled => "Publishing cancelled",
    }
}

/// The live release's record under another name.
fn same_under(release: &str, plan: &Plan, remote: &plan::Remote, now: Moment) -> Manifest {
    Manifest {
        release: release.to_owned(),
        at: now,
        files: plan.files.iter().map(|file| publish::entry(file, remote, None)).collect(),
        left: plan.left.clone(),
        stored: plan.stored.clone(),
    }
}
