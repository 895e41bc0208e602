//! What a run tells GitHub besides its log and summary: one comment, the fingerprint as a commit status, one issue about
//! drift. None of it decides how a run ends.

use github_api::{Error, Missing, PullRequest};

use crate::{
    inputs::{Comment, ReviewedPlan},
    plan::{Change, Plan},
    report::{self, Section},
    work::{Stop, Work},
};

/// GitHub refuses a longer body of a comment or an issue.
const LONGEST_BODY: usize = 65_536;
/// Kept for the marker and the lines around a text.
const AROUND: usize = 1_000;

/// A hidden line by which our comment or issue is known again.
fn marker(work: &Work<'_>, what: &str) -> String {
    let root = work.facts.root().replace(['<', '>'], "");
    format!("<!-- provision-infra {what}: {root} ({}) -->", work.facts.workspace())
}

/// The status under which the fingerprint of this root's plan stands.
fn context(work: &Work<'_>) -> String {
    let (root, workspace) = (work.facts.root(), work.facts.workspace());
    let suffix = if workspace == "default" { String::new() } else { format!(" ({workspace})") };
    format!("provision-infra/{root}{suffix}")
}

/// Keeps the comment on the pull request up to date, and sets the fingerprint as a status of its head.
pub(crate) async fn tell_plan(
    work: &Work<'_>,
    plan: &Plan,
    sections: &[Section],
    fingerprint: Option<&String>,
) {
    let (Some(github), Some(job)) = (&work.github, work.step.job()) else { return };
    let pull_request = PullRequest::of(work.step);
    if let Some(fingerprint) = fingerprint {
        let sha = pull_request.as_ref().map_or(&job.sha, |pull_request| &pull_request.head);
        let set = github.set_status(sha, &context(work), fingerprint, &job.run_url()).await;
        say(work, "the commit status", set.map(|()| None));
    }
    let Some(pull_request) = pull_request.filter(|_| work.inputs.comment != Comment::False) else {
        return;
    };
    let missing = match work.inputs.comment {
        Comment::ChangesOnly if plan.is_empty() => Missing::Leave,
        _ => Missing::Create,
    };
    let url = job.run_url();
    let text = report::comment(sections, LONGEST_BODY - AROUND, &url);
    let body = format!("{text}\nPlanned for {} by [this run]({url}).\n", pull_request.head);
    let body = work.step.redact(&body);
    let kept =
        github.keep_comment(pull_request.number, &marker(work, "plan"), &body, missing).await;
    say(work, "the comment", kept);
}

/// Opens the issue about drift, keeps it up to date, or closes it.
pub(crate) async fn tell_drift(work: &Work<'_>, drift: &[Change]) {
    let (Some(github), Some(job)) = (&work.github, work.step.job()) else { return };
    let marker = marker(work, "drift");
    let (root, url) = (work.facts.root(), job.run_url());
    let told = if drift.is_empty() {
        let gone =
            format!("What was changed outside of Terraform is gone, [this run]({url}) says.\n");
        github.close_issue(&marker, &gone).await
    } else {
        let title = format!("Drift: {root} ({})", work.facts.workspace());
        let text = report::comment(&report::drift_sections(drift), LONGEST_BODY - AROUND, &url);
        let body = work.step.redact(&format!("{text}\nSeen by [this run]({url}).\n"));
        github.keep_issue(&marker, &title, &body).await
    };
    say(work, "the issue about drift", told);
}

/// The fingerprint that `apply` compares with: the one that is given, or the one that the merged pull request was planned
/// with.
pub(crate) async fn reviewed(work: &Work<'_>) -> Result<Option<String>, Stop> {
    match (&work.inputs.plan_fingerprint, &work.github, work.step.job()) {
        (None, _, _) => Ok(None),
        (Some(ReviewedPlan::Fingerprint(fingerprint)), _, _) => Ok(Some(fingerprint.clone())),
        (Some(ReviewedPlan::OfThePullRequest), Some(github), Some(job)) => {
            let look = async || {
                let head = github.merged_head(&job.sha).await?;
                github.status(head.as_ref().unwrap_or(&job.sha), &context(work)).await
            };
            let found = look().await.map_err(|error| Stop::Error(error.into()))?;
            let none = || {
                Stop::stale(format!(
                    "no plan of {} was reviewed for commit {}",
                    work.facts.root(),
                    job.sha
                ))
            };
            Ok(Some(found.ok_or_else(none)?))
        }
        (Some(ReviewedPlan::OfThePullRequest), _, _) => unreachable!("`look` asks for a token"),
    }
}

fn say(work: &Work<'_>, what: &str, told: Result<Option<String>, Error>) {
    match told {
        Ok(Some(url)) => work.step.say(format!("{what}: {url}")),
        Ok(None) => {}
        // A pull request of a fork: the job's summary has it all.
        Err(error) if error.is_not_allowed() => {
            work.step.say(format!("{what} is left out, the summary has it: {error}"));
        }
        Err(error) => work.step.warning(format!("{what} is not up to date: {error}")),
    }
}
