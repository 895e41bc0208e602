//! How a run ends, told: the reason, the summary, the outputs.

use crate::{
    Outputs, Run, Verdict,
    claim::Winner,
    manifest::Distribution,
    plan::{Plan, Refusal},
    publish::{self, End, Progress},
    report::{self, Done},
};

impl Run<'_> {
    pub(crate) fn place(&self) -> String {
        format!("s3://{}/{}", self.inputs.bucket, self.inputs.prefix)
    }

    pub(crate) fn refused(&self, refusals: &[Refusal]) -> Outputs {
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

    pub(crate) fn superseded(&self, winner: &Winner) -> Outputs {
        self.outputs(Verdict::Superseded, superseded(winner), None, None)
    }

    pub(crate) fn planned(&self, plan: &Plan, distribution: Option<&Distribution>) -> Outputs {
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

    pub(crate) fn unchanged(&self, plan: &Plan) -> (Verdict, String) {
        let files = report::count(plan.files.len(), "file");
        let reason = format!("the site is `{}` already: {files}, nothing sent", self.release);
        (Verdict::Unchanged, reason)
    }

    /// How carrying out a plan ended. `Ok`: the release is live, and may be looked at.
    pub(crate) fn ended(
        &self,
        end: End,
        progress: Progress,
        plan: &Plan,
        done: &Done,
    ) -> Result<(Verdict, String), (Verdict, String)> {
        let (verdict, live) = match self.inputs.rollback_to {
            Some(_) => (Verdict::Restored, "is live again"),
            None if plan.same_site => (Verdict::Unchanged, "is live, and was before"),
            None => (Verdict::Published, "is live"),
        };
        let live = format!("release `{}` {live}: {}", self.release, report::done(plan, done));
        match end {
            End::Done => Ok((verdict, live)),
            End::DoneButNotDeleted(why) => {
                let why = match plan.deletions() - done.deleted {
                    0 => why,
                    left => {
                        let left = report::count(left, "deletion");
                        format!("{left} left to the next run, because {why}")
                    }
                };
                self.step.warning(&why);
                Ok((verdict, format!("{live}; {why}")))
            }
            End::Superseded(winner) => Err((Verdict::Superseded, superseded(&winner))),
            End::Cancelled => {
                let reason = match progress {
                    Progress::Untouched => {
                        "cancelled before visitors could notice anything".to_owned()
                    }
                    Progress::HalfWay => "cancelled half-way: the next run finishes it".to_owned(),
                    Progress::Live => format!("cancelled when {live}; the next run does the rest"),
                };
                Err((Verdict::Cancelled, reason))
            }
        }
    }

    pub(crate) fn outputs(
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

fn superseded(winner: &Winner) -> String {
    format!("superseded: {}", report::winner(winner))
}
