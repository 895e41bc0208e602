//! Runs a database migration as a one-off task: its log live, its exit code the step's.

mod ask;
mod error;
mod inputs;
mod judge;
mod look;
mod outputs;
mod report;
mod secrets;
mod start;
mod token;
mod values;
mod volumes;
mod watch;

use std::time::Duration;

use actions_runtime::Step;
use aws_session::Session;
use ecs_tasks::{Ecs, LogPlace, TaskDefinition, last_part};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    error::Error,
    inputs::IfRunning,
    judge::is_capacity,
    look::Look,
    report::{Answer, Ran},
    start::{Started, Starter},
    token::Identity,
    watch::{Log, Watch, Watched},
};
pub use crate::{
    inputs::Inputs,
    outputs::{Outputs, Verdict},
};

/// ECS: `stopTimeout`, where a container says nothing.
const STOP_TIMEOUT: u64 = 30;

/// Look → plan → (a dry run ends here) → register, wait for others, start, watch → report.
pub async fn run(step: &Step, inputs: Inputs) -> miette::Result<Outputs> {
    let session = Session::open(step, &inputs.aws).await?;
    if inputs.common.dry_run {
        session.read_only();
    }
    let ecs = Ecs::new(&session);
    let look = tokio::select! {
        () = step.cancelled().cancelled() => return Ok(nothing_done(step)),
        look = look::look(step, &inputs, &ecs) => look?,
    };
    let answer = Answer { step, session: &session, inputs: &inputs, look: &look };
    report::plan(step, &inputs, &look);
    if inputs.common.dry_run {
        let reason = format!("would run `{}` as {}", look.container, look.copy.family());
        return Ok(answer.without_task(Verdict::Planned, reason));
    }
    execute(step, &inputs, &ecs, &look, &answer).await
}

async fn execute(
    step: &Step,
    inputs: &Inputs,
    ecs: &Ecs,
    look: &Look,
    answer: &Answer<'_>,
) -> miette::Result<Outputs> {
    let deadline = Instant::now() + inputs.timeout_minutes.0;
    if inputs.mask_secrets {
        secrets::mask(step, ecs.session(), &look.copy, &look.container).await?;
    }
    let identity = Identity::new(step.job()).map_err(Error::Random)?;
    let mut adopted = match others(step, inputs, ecs, look, &identity, deadline).await? {
        Others::None => None,
        Others::Ours(arn) => Some(arn),
        Others::Ended(verdict, reason) => return Ok(answer.without_task(verdict, reason)),
    };
    if let Some(log) = &look.new_log {
        log.create_group(ecs.session()).await?;
        step.say(format!("its log goes to `{}`", log.group));
    }
    let definition = match (&adopted, &look.registered) {
        (Some(_), _) => None,
        (None, Some(arn)) => Some(arn.clone()),
        (None, None) => {
            let registered = ecs.register(&look.copy).await?;
            step.say(format!("registered {registered}"));
            Some(registered.arn().ok_or(Error::NoArn)?.to_owned())
        }
    };
    let cluster = &inputs.cluster;
    let mut starter = Starter { step, ecs, cluster, identity: &identity, deadline, tries: 0 };
    loop {
        let arn = match (adopted.take(), &definition) {
            (Some(arn), _) => arn,
            (None, definition) => {
                match starter.start(&look.ask, definition.as_deref().unwrap_or_default()).await? {
                    Started::Task(task) => task.task_arn().unwrap_or_default().to_owned(),
                    Started::Refused(why) => {
                        return Ok(answer.without_task(Verdict::DidNotStart, why));
                    }
                    Started::Cancelled(why) => {
                        let why = format!("cancelled: {why}");
                        return Ok(answer.without_task(Verdict::Cancelled, why));
                    }
                }
            }
        };
        report::links(step, ecs.session(), cluster, &arn);
        let place = look.copy.log_place(&look.container, &last_part(&arn));
        let follower = match &place {
            LogPlace::CloudWatch(stream) => Some(stream.follow(ecs.session())),
            LogPlace::Elsewhere(where_it_is) => {
                step.notice(where_it_is);
                None
            }
        };
        let mut watch = Watch {
            step,
            ecs,
            cluster,
            arn: &arn,
            container: &look.container,
            poll: inputs.poll_interval.0,
            deadline,
            stop_timeout: stop_timeout(&look.copy, &look.container),
            log: Log::new(follower),
        };
        let watched = watch.watch().await;
        // Fargate may find out only after the task was made that it has no room for it.
        if let Some(reason) = no_room(&watched).filter(|_| definition.is_some()) {
            match starter.pause(&reason).await {
                None => continue,
                Some(Started::Cancelled(why)) => {
                    return Ok(answer.without_task(Verdict::Cancelled, format!("cancelled: {why}")));
                }
                Some(_) => return Ok(answer.without_task(Verdict::DidNotStart, reason)),
            }
        }
        return Ok(answer.with_task(&watched, &Ran { arn: &arn, place: &place, log: &watch.log }));
    }
}

/// Other tasks of the family.
enum Others {
    None,
    /// An earlier attempt of this run left one behind, and it is to be watched on.
    Ours(String),
    Ended(Verdict, String),
}

/// Two migrations at once are one too many: waits, gives up or adopts.
async fn others(
    step: &Step,
    inputs: &Inputs,
    ecs: &Ecs,
    look: &Look,
    identity: &Identity,
    deadline: Instant,
) -> miette::Result<Others> {
    let mut told = false;
    loop {
        let tasks = tokio::select! {
            () = step.cancelled().cancelled() => return Ok(cancelled()),
            tasks = start::tasks(ecs, &inputs.cluster, look.copy.family()) => tasks,
        };
        let tasks = match tasks {
            // What cannot be checked for lack of rights is said, and no reason to stop.
            Err(error) if error.is_access_denied() => {
                step.warning(format!("whether another migration runs is not known: {error}"));
                return Ok(Others::None);
            }
            tasks => tasks?,
        };
        let Some(first) = tasks.first() else { return Ok(Others::None) };
        let arn = first.task_arn().unwrap_or_default();
        let by = first.started_by().unwrap_or("somebody");
        let what = format!(
            "task {} of {}, started by {by}, is still there",
            last_part(arn),
            look.copy.family()
        );
        match inputs.if_running {
            IfRunning::Fail => return Ok(Others::Ended(Verdict::DidNotStart, what)),
            IfRunning::Adopt => {
                let ours = tasks.iter().find(|it| {
                    it.started_by() == Some(identity.started_by.as_str())
                        && it.desired_status() == Some("RUNNING")
                });
                if let Some(arn) = ours.and_then(|task| task.task_arn()) {
                    step.say(format!("task {} is this run's own: watching it on", last_part(arn)));
                    return Ok(Others::Ours(arn.to_owned()));
                }
            }
            IfRunning::Wait => {}
        }
        if !std::mem::replace(&mut told, true) {
            step.say(format!("{what}: waiting for its end"));
        }
        tokio::select! {
            () = step.cancelled().cancelled() => return Ok(cancelled()),
            () = sleep_until(deadline) => return Ok(Others::Ended(Verdict::DidNotStart, what)),
            () = sleep(inputs.poll_interval.0) => {}
        }
    }
}

fn cancelled() -> Others {
    Others::Ended(Verdict::Cancelled, "cancelled: no task had been started".to_owned())
}

fn stop_timeout(definition: &TaskDefinition, container: &str) -> Duration {
    let told = definition.container(container).and_then(|it| it["stopTimeout"].as_u64());
    Duration::from_secs(told.unwrap_or(STOP_TIMEOUT))
}

/// Why a task that never ran may run when it is asked for again.
fn no_room(watched: &Watched) -> Option<String> {
    let Watched::Stopped(task) = watched else { return None };
    let reason = task.stopped_reason().filter(|_| task.started_at().is_none())?;
    is_capacity(reason).then(|| reason.to_owned())
}

fn nothing_done(step: &Step) -> Outputs {
    Outputs {
        verdict: Verdict::Cancelled,
        exit_code: None,
        task_arn: None,
        log_group: None,
        log_stream: None,
        reason: "cancelled: no task had been started".to_owned(),
        seconds: step.seconds(),
    }
}
