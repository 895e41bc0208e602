//! Watching one task: its log as it comes, its state, its end; and stopping it when there is no more time.

use std::{collections::VecDeque, time::Duration};

use actions_runtime::Step;
use aws_sdk_ecs::types::Task;
use aws_session::AwsError;
use ecs_tasks::{Ecs, Follower, StoppedTask};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::judge::{self, End};

/// ECS is eventually consistent: so long a task that nobody knows is one that nobody knows yet.
const NOT_YET: Duration = Duration::from_mins(1);
/// One that was known stays known for an hour after its end: so long an answer may be an old one.
const GONE: Duration = Duration::from_secs(15);
/// So many looks in a row may fail; each was repeated by the session for minutes.
const BLIND_LOOKS: u32 = 3;
/// GitHub kills 10 s after it asks: there must be time to say how it stands.
const AFTER_CANCEL: Duration = Duration::from_secs(8);
/// What a task may take to end after its containers were killed.
const AFTER_KILL: Duration = Duration::from_secs(30);
/// The last lines of a container come after its end: so long. Where it went well the wait is over as soon as what is
/// there ends where the container did; of a failure no line may be missing.
const LATE_LINES: Duration = Duration::from_secs(12);
/// A line from so shortly before the end is the last one.
const LAST_MOMENTS: f64 = 1.0;
const DRAIN_EVERY: Duration = Duration::from_millis(500);
const ASK_AGAIN: Duration = Duration::from_millis(300);
const QUIET: Duration = Duration::from_secs(1);
/// Lines kept for the report.
const KEPT: usize = 20;

pub(crate) struct Watch<'a> {
    pub(crate) step: &'a Step,
    pub(crate) ecs: &'a Ecs,
    pub(crate) cluster: &'a str,
    pub(crate) arn: &'a str,
    /// The one that migrates.
    pub(crate) container: &'a str,
    pub(crate) poll: Duration,
    pub(crate) deadline: Instant,
    /// How long the container has to end by itself after `StopTask`.
    pub(crate) stop_timeout: Duration,
    pub(crate) log: Log,
}

/// How watching ended.
pub(crate) enum Watched {
    Stopped(Box<Task>),
    TimedOut(Stopped),
    Cancelled(Stopped),
    /// It may still run, and nobody can see it.
    Lost(String),
}

/// How stopping ended.
pub(crate) enum Stopped {
    Seen(Box<Task>),
    /// It was asked to, and has not in the time that there was.
    Asked,
    NotAsked,
}

impl Stopped {
    pub(crate) fn task(&self) -> Option<&Task> {
        match self {
            Self::Seen(task) => Some(task),
            Self::Asked | Self::NotAsked => None,
        }
    }

    pub(crate) fn in_words(&self) -> &'static str {
        match self {
            Self::Seen(_) => "its task was stopped",
            Self::Asked => "its task was asked to stop, and has not stopped yet",
            Self::NotAsked => "its task could not be asked to stop, and may still run",
        }
    }
}

/// What comes first.
enum First {
    Task(Watched),
    Time,
    Run,
}

/// The log, if it can be read, and its last lines.
pub(crate) struct Log {
    pub(crate) follower: Option<Follower>,
    pub(crate) last: VecDeque<String>,
    pub(crate) lines: usize,
}

impl Log {
    pub(crate) fn new(follower: Option<Follower>) -> Self {
        Self { follower, last: VecDeque::new(), lines: 0 }
    }

    /// Shows what came since the last time; whether anything did.
    async fn read(&mut self, step: &Step) -> bool {
        let mut any = false;
        while let Some(follower) = &mut self.follower {
            let (lines, end) = match follower.page().await {
                Ok(page) => page,
                Err(error) => {
                    self.give_up(step, &error);
                    return any;
                }
            };
            any |= !lines.is_empty();
            for line in lines {
                step.foreign(&line);
                self.lines += 1;
                if self.last.len() == KEPT {
                    self.last.pop_front();
                }
                self.last.push_back(line);
            }
            if end {
                break;
            }
        }
        any
    }

    /// The migration goes on without its log: its end is what counts.
    fn give_up(&mut self, step: &Step, error: &AwsError) {
        let denied = error.is_access_denied();
        step.warning(format!("the log cannot be read: {error}"));
        if denied && let Some(help) = miette::Diagnostic::help(error) {
            step.say(help);
        }
        self.follower = None;
    }

    /// Reads on after the end of the container, until its last line is there or must be lost.
    async fn drain(&mut self, step: &Step, task: &Task, went_well: bool) {
        let stopped = Instant::now();
        let late =
            LATE_LINES.saturating_sub(Duration::from_secs_f64(judge::seconds_since_its_end(task)));
        let ended = task
            .execution_stopped_at()
            .or(task.stopped_at())
            .map(aws_sdk_ecs::primitives::DateTime::as_secs_f64);
        let never_ran = task.started_at().is_none();
        let mut quiet_since = Instant::now();
        while self.follower.is_some() {
            if self.read(step).await {
                quiet_since = Instant::now();
            }
            let newest = self.follower.as_ref().and_then(Follower::newest);
            let complete = match (ended, newest) {
                (Some(ended), Some(newest)) => went_well && newest >= ended - LAST_MOMENTS,
                _ => never_ran,
            };
            // What arrived together may have been cut in two: some empty looks in a row.
            let quiet = quiet_since.elapsed() >= QUIET;
            if quiet && (complete || stopped.elapsed() >= late) {
                return;
            }
            sleep(DRAIN_EVERY).await;
        }
    }
}

impl Watch<'_> {
    /// Watches to the end of the task, of the time, or of the run.
    pub(crate) async fn watch(&mut self) -> Watched {
        let (step, deadline) = (self.step, self.deadline);
        let first = tokio::select! {
            biased;
            () = step.cancelled().cancelled() => First::Run,
            watched = self.until_stopped() => First::Task(watched),
            () = sleep_until(deadline) => First::Time,
        };
        match first {
            First::Task(Watched::Stopped(task)) => {
                let end = judge::judge(&StoppedTask::from(task.as_ref()), self.container);
                // Cancelled now, the lines that are still to come are not worth the wait.
                tokio::select! {
                    () = step.cancelled().cancelled() => {}
                    () = self.log.drain(step, &task, end == End::Well) => {}
                }
                Watched::Stopped(task)
            }
            First::Task(other) => other,
            First::Time => {
                step.say("out of time: stopping the task");
                Watched::TimedOut(
                    self.stop("migrate: timed out", self.stop_timeout + AFTER_KILL).await,
                )
            }
            First::Run => {
                Watched::Cancelled(self.stop("migrate: the run was cancelled", AFTER_CANCEL).await)
            }
        }
    }

    /// Asks ECS to stop the task, and watches it do so for as long as `patience` lasts.
    async fn stop(&mut self, why: &str, patience: Duration) -> Stopped {
        let mut asked = false;
        let step = self.step;
        let stopping = async {
            if let Err(error) = self.ask_to_stop(why).await {
                step.error(format!("the task cannot be stopped: {error}"));
                if let Some(help) = miette::Diagnostic::help(&error) {
                    step.say(help);
                }
                return None;
            }
            asked = true;
            step.say("the task was asked to stop");
            self.poll = self.poll.min(Duration::from_secs(1));
            match self.until_stopped().await {
                Watched::Stopped(task) => {
                    self.log.read(step).await;
                    Some(task)
                }
                _ => None,
            }
        };
        match timeout(patience, stopping).await {
            Ok(Some(task)) => Stopped::Seen(task),
            _ if asked => Stopped::Asked,
            _ => Stopped::NotAsked,
        }
    }

    /// Sends `StopTask` until it is known to have been heard: twice is as good as once.
    async fn ask_to_stop(&self, why: &str) -> Result<(), AwsError> {
        loop {
            let asked = self
                .ecs
                .client()
                .stop_task()
                .cluster(self.cluster)
                .task(self.arn)
                .reason(why)
                .send()
                .await
                .map_err(|error| self.ecs.session().explain("ecs:StopTask", self.arn, error));
            match asked {
                Err(error) if error.is_doubtful() || error.is_throttled() => sleep(ASK_AGAIN).await,
                asked => return asked.map(|_| ()),
            }
        }
    }

    async fn until_stopped(&mut self) -> Watched {
        let began = Instant::now();
        let (mut known, mut blind) = (false, 0);
        let mut status = String::new();
        let mut seen_last = began;
        loop {
            match self.look().await {
                Ok(Some(task)) => {
                    (known, blind, seen_last) = (true, 0, Instant::now());
                    let now = task.last_status().unwrap_or_default();
                    if now != status {
                        self.step.say(format!("task {now} after {} s", began.elapsed().as_secs()));
                        now.clone_into(&mut status);
                    }
                    if now == "STOPPED" {
                        return Watched::Stopped(Box::new(task));
                    }
                }
                Ok(None) if seen_last.elapsed() > if known { GONE } else { NOT_YET } => {
                    let never = if known { "any more" } else { "at all" };
                    return Watched::Lost(format!("ECS does not know the task {never}"));
                }
                Ok(None) => {}
                Err(error) => {
                    blind += 1;
                    if blind == BLIND_LOOKS || error.is_access_denied() {
                        return Watched::Lost(format!("the task may still run: {error}"));
                    }
                    self.step.say(format!("ECS cannot be asked about the task: {error}"));
                }
            }
            self.log.read(self.step).await;
            self.step.live(format!(
                "{} · {} lines",
                if known { &status } else { "starting" },
                self.log.lines
            ));
            sleep(self.poll).await;
        }
    }

    /// The task, unless ECS does not know it (yet).
    async fn look(&self) -> Result<Option<Task>, AwsError> {
        let answer = self
            .ecs
            .client()
            .describe_tasks()
            .cluster(self.cluster)
            .tasks(self.arn)
            .send()
            .await
            .map_err(|error| self.ecs.session().explain("ecs:DescribeTasks", self.arn, error))?;
        Ok(answer.tasks.unwrap_or_default().into_iter().next())
    }
}
