//! Carries a plan out: registers, updates once, watches, and takes back what failed. Nothing is decided here that the plan
//! or the judge has not decided.

use std::time::Duration;

use actions_runtime::Step;
use ecs_tasks::{Ecs, TaskDefinition};
use tokio::time::{Instant, timeout};

use crate::{
    answers::{Answers, answers},
    inputs::Inputs,
    look::{Seen, SeenService},
    outputs::Verdict,
    plan::{Action, COMMIT_TAG, Plan, Revision, Update},
    report::{Report, tasks},
    rollout::Rollout,
    service::Service,
    slow::{Slow, TaskTimes},
    update::Target,
    watch::{Explained, Ours, Watch},
};

/// After a signal a call that is under way may still answer for so long: the step has to end within 1.5 s.
pub(crate) const GRACE: Duration = Duration::from_secs(1);
/// How a deployment ended, and what was left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) reason: String,
    pub(crate) deployment: Option<String>,
    pub(crate) definition: Option<String>,
    pub(crate) previous: Option<String>,
    /// What goes on after this run, and what to do about it.
    pub(crate) left_behind: Option<String>,
    pub(crate) causes: Vec<Explained>,
    /// What the slowest task tells of a rollout that went well and took long.
    pub(crate) slowest: TaskTimes,
    pub(crate) slow: Option<Slow>,
}

impl Outcome {
    /// One without a deployment that was watched.
    fn of(plan: &Plan, verdict: Verdict, reason: String, definition: Option<&str>) -> Self {
        Self {
            verdict,
            reason,
            deployment: None,
            definition: definition.map(str::to_owned),
            previous: plan.previous.clone(),
            left_behind: None,
            causes: Vec::new(),
            slowest: TaskTimes::default(),
            slow: None,
        }
    }
}

pub(crate) async fn execute(
    step: &Step,
    ecs: &Ecs,
    inputs: &Inputs,
    seen: &Seen,
    plan: &Plan,
    report: &Report<'_>,
) -> miette::Result<Outcome> {
    let ending = |verdict, reason: String, definition: Option<&str>| {
        Outcome::of(plan, verdict, reason, definition)
    };
    if plan.action == Action::Nothing
        && let Some(service) = &seen.service
    {
        return Ok(unchanged(step, ecs, inputs, service, plan, report).await);
    }
    let registered = tokio::select! {
        biased;
        () = step.cancelled().cancelled() => {
            let reason = "cancelled before the service was updated: nothing was deployed".to_owned();
            return Ok(ending(Verdict::Cancelled, reason, None));
        }
        registered = register(ecs, plan, report) => registered?,
    };
    tag(step, ecs, plan, report).await;
    let arn = registered.arn().unwrap_or_default().to_owned();
    let (Some(service), Some(name)) = (&seen.service, &inputs.service) else {
        let reason =
            format!("`{registered}` is registered; no `service` is named, so nothing was deployed");
        return Ok(ending(Verdict::Deployed, reason, Some(&arn)));
    };
    let target =
        Target { ecs: ecs.clone(), cluster: inputs.cluster.clone(), service: name.clone() };
    let (ours, first) = match &plan.action {
        Action::Adopt { id } => (ours(inputs, service, plan, id, &arn, None), service.now.clone()),
        Action::Update(update) => {
            let Some(first) = deploy(step, &target, &arn, update, &service.now).await? else {
                let reason = format!(
                    "cancelled while `{name}` was being updated to `{registered}`: ECS had not answered yet"
                );
                let left = format!(
                    "look at the deployments of `{name}`: a run with the same inputs adopts the deployment, if there is one"
                );
                return Ok(Outcome {
                    left_behind: Some(left),
                    ..ending(Verdict::Cancelled, reason, Some(&arn))
                });
            };
            let id = first.primary().map(|primary| primary.id.clone()).unwrap_or_default();
            report.started(&id, &registered, service);
            (ours(inputs, service, plan, &id, &arn, Some(update)), first)
        }
        Action::RegisterOnly | Action::Nothing => {
            return Ok(ending(Verdict::Deployed, String::new(), Some(&arn)));
        }
    };
    if !inputs.waits() {
        let mut reason = format!(
            "`{name}` was asked to run `{registered}`; `wait` is false, so its end was not awaited"
        );
        if let Some(url) = &inputs.verify_url {
            reason = format!("{reason}, and {} was not asked", url.0);
        }
        return Ok(Outcome {
            deployment: Some(ours.id),
            ..ending(Verdict::Deployed, reason, Some(&arn))
        });
    }
    let old_record = match plan.action {
        Action::Adopt { .. } => None,
        _ => service.now.record.clone(),
    };
    let watch = Watch::new(
        &target,
        &registered,
        report,
        ours,
        first,
        (inputs.poll_interval.0, inputs.log_lines),
        old_record,
    );
    let rollout = Rollout { step, inputs, report, target: &target, registered: &registered, watch };
    Ok(Box::pin(rollout.finish()).await)
}

/// Nothing is to be done, but what runs has to answer well all the same: a run that was cut off while it asked left that
/// open.
async fn unchanged(
    step: &Step,
    ecs: &Ecs,
    inputs: &Inputs,
    service: &SeenService,
    plan: &Plan,
    report: &Report<'_>,
) -> Outcome {
    tag(step, ecs, plan, report).await;
    let definition = plan.revision.definition();
    let runs = format!(
        "`{}` already runs `{definition}`, with all its {}",
        service.now.name,
        tasks(service.now.desired)
    );
    let deadline = Instant::now() + inputs.wait_for_minutes.0;
    let (verdict, reason) = match answers(step, ecs.session(), inputs, report, deadline).await {
        None | Some(Answers::Good) => (Verdict::Unchanged, runs),
        Some(Answers::Bad(problem)) => (
            Verdict::Failed,
            format!(
                "{runs}, but {problem}; nothing was deployed, so there is nothing to roll back"
            ),
        ),
        Some(Answers::Late(problem)) => (Verdict::TimedOut, format!("{runs}, but {problem}")),
        Some(Answers::Cancelled) => (
            Verdict::Cancelled,
            format!("cancelled while it was being verified: {runs}; nothing was changed"),
        ),
    };
    let deployment = service.now.primary().map(|primary| primary.id.clone());
    Outcome { deployment, ..Outcome::of(plan, verdict, reason, definition.arn()) }
}

async fn register(ecs: &Ecs, plan: &Plan, report: &Report<'_>) -> miette::Result<TaskDefinition> {
    match &plan.revision {
        Revision::Registered(there) => Ok(there.clone()),
        Revision::New(wanted) => {
            report.registering();
            let registered = ecs.register(wanted).await?;
            report.registered(&registered);
            Ok(registered)
        }
    }
}

/// Ties the revision to its commit where an earlier run registered it for another. It is no reason to fail.
async fn tag(step: &Step, ecs: &Ecs, plan: &Plan, report: &Report<'_>) {
    let Some(commits) = &plan.commits else { return };
    let definition = plan.revision.definition();
    tokio::select! {
        biased;
        () = step.cancelled().cancelled() => {}
        tagged = ecs.tag(definition.arn().unwrap_or_default(), COMMIT_TAG, commits) => {
            report.tagged(definition, tagged.err().as_ref());
        }
    }
}

/// `None` where a signal came and ECS did not answer in time.
async fn deploy(
    step: &Step,
    target: &Target,
    definition: &str,
    update: &Update,
    before: &Service,
) -> miette::Result<Option<Service>> {
    let mut deploying = std::pin::pin!(target.deploy(definition, update, before));
    tokio::select! {
        biased;
        answer = &mut deploying => Ok(Some(answer?)),
        // The call is on its way and would be done all the same: its answer says what was left behind.
        () = step.cancelled().cancelled() => match timeout(GRACE, deploying).await {
            Ok(answer) => Ok(Some(answer?)),
            Err(_elapsed) => Ok(None),
        },
    }
}

fn ours(
    inputs: &Inputs,
    service: &SeenService,
    plan: &Plan,
    id: &str,
    definition: &str,
    update: Option<&Update>,
) -> Ours {
    let adopted = update.is_none();
    Ours {
        id: id.to_owned(),
        definition: definition.to_owned(),
        previous: plan.previous.clone(),
        before: service
            .now
            .deployments
            .iter()
            .map(|it| it.id.clone())
            .filter(|before| before != id)
            .collect(),
        // Of an adopted deployment the latest events are news too, but nobody knows where they begin.
        old_events: service.now.events.iter().map(|event| event.id.clone()).collect(),
        settings: service.settings.clone(),
        max_failed_tasks: usize::try_from(inputs.max_failed_tasks.get()).unwrap_or(usize::MAX),
        must_fill: !adopted
            && update.is_some_and(|update| update.keeps_the_deployment(&service.now, definition)),
    }
}
