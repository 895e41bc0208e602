//! Looks at a deployment until it is judged. Deciding is the judge's; this only looks, waits and tells.

mod causes;
mod failures;
mod judge;
mod pace;
mod record;
mod seen;
mod told;
mod words;

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_ecs::types::DesiredStatus;
use ecs_tasks::{EcsError, StoppedTask, TaskDefinition};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

pub(crate) use self::{
    causes::{Causes, Explained},
    seen::{End, Event, Ours},
};
use self::{
    judge::Judge,
    pace::{Pace, Sight},
    record::Records,
    seen::{Opinion, Snapshot},
};
use crate::{
    report::Report,
    service::Service,
    slow::TaskTimes,
    update::{Target, Undo},
};

/// Looks that fail are repeated for so long before the deployment counts as lost from sight.
const BLIND_FOR: Duration = Duration::from_mins(3);
/// ECS describes at most so many tasks at once.
const TASKS_A_CALL: usize = 100;
/// Pages of stopped tasks: a service that fails more often than this has told its cause.
const PAGES: usize = 5;

/// Why the watch ended.
#[derive(Debug)]
pub(crate) enum Stop {
    End(End),
    TimedOut,
    Cancelled,
    /// The service cannot be seen any more.
    Lost(EcsError),
    Gone,
}

pub(crate) struct Watch<'a> {
    target: &'a Target,
    definition: &'a TaskDefinition,
    report: &'a Report<'a>,
    judge: Judge,
    pace: Pace,
    records: Records,
    causes: Causes,
    known_tasks: BTreeSet<String>,
    log_lines: usize,
    started: Instant,
    since: Option<f64>,
    last: Service,
    told_blind: bool,
}

impl<'a> Watch<'a> {
    /// `first` is the service right after the update.
    pub(crate) fn new(
        target: &'a Target,
        definition: &'a TaskDefinition,
        report: &'a Report<'a>,
        ours: Ours,
        first: Service,
        (poll, log_lines): (Duration, u16),
        old_record: Option<String>,
    ) -> Self {
        let since = first.deployment(&ours.id).and_then(|ours| ours.created_at);
        Self {
            target,
            definition,
            report,
            pace: Pace::new(poll, std::process::id()),
            records: Records::new(ours.definition.clone(), since, old_record),
            judge: Judge::new(ours),
            causes: Causes::default(),
            known_tasks: BTreeSet::new(),
            log_lines: usize::from(log_lines),
            started: Instant::now(),
            since,
            last: first,
            told_blind: false,
        }
    }

    pub(crate) fn causes(&self) -> &Causes {
        &self.causes
    }

    pub(crate) fn ours(&self) -> &Ours {
        self.judge.ours()
    }

    pub(crate) fn is_rolling_back(&self) -> bool {
        self.judge.is_rolling_back()
    }

    /// ECS's last words that tell of a problem, else what it waits for.
    pub(crate) fn last_problem(&self) -> Option<&str> {
        let told = self.judge.told();
        told.problem().or(told.waits_for.as_deref())
    }

    /// What the load balancer's check got, as ECS told it last.
    pub(crate) fn unhealthy(&self) -> Option<&str> {
        self.judge.told().unhealthy.as_deref()
    }

    /// The service as it was seen last.
    pub(crate) fn last(&self) -> &Service {
        &self.last
    }

    /// What a rollback needs to know.
    pub(crate) fn undo(&self) -> Undo {
        let ours = self.judge.ours();
        Undo {
            id: ours.id.clone(),
            definition: ours.definition.clone(),
            previous: ours.previous.clone(),
            record: self.records.arn().map(str::to_owned),
        }
    }

    /// What has ended cannot be stopped: an update alone takes it back.
    pub(crate) fn forget_record(&mut self) {
        self.records.forget();
    }

    /// From now on the end of a rollback is awaited that we asked for.
    pub(crate) fn expect_rollback(&mut self, id: Option<String>) {
        self.judge.expect_rollback(id);
    }

    /// Watches until there is an end. The deadline and a signal race the calls, not only the waits between them.
    pub(crate) async fn until(&mut self, deadline: Instant, cancelled: &CancellationToken) -> Stop {
        tokio::select! {
            biased;
            () = cancelled.cancelled() => Stop::Cancelled,
            stop = self.watching() => stop,
            () = sleep_until(deadline) => Stop::TimedOut,
        }
    }

    async fn watching(&mut self) -> Stop {
        let mut blind_since: Option<Instant> = None;
        loop {
            match self.target.look().await {
                Ok(None) => return Stop::Gone,
                Ok(Some(service)) => {
                    blind_since = None;
                    let opinion = self.judge(service).await;
                    if opinion.look_at_tasks {
                        self.look_at_tasks().await;
                    }
                    if let Some(end) = opinion.end {
                        if !matches!(end, End::Deployed { .. } | End::Superseded { .. }) {
                            self.find_causes().await;
                        }
                        return Stop::End(end);
                    }
                    self.report.live(&self.last, &self.judge.ours().id);
                    let sight = self.sight(opinion.near);
                    sleep(self.pace.next(self.at(), sight)).await;
                }
                Err(error) => {
                    let hopeless = error.aws().is_some_and(|error| {
                        use aws_session::AwsError as E;
                        matches!(
                            error,
                            E::AccessDenied(_)
                                | E::ExpiredCredentials(_)
                                | E::BadCredentials(_)
                                | E::NoCredentials(_)
                        )
                    });
                    let since = *blind_since.get_or_insert_with(Instant::now);
                    if hopeless || since.elapsed() > BLIND_FOR {
                        return Stop::Lost(error);
                    }
                    if !std::mem::replace(&mut self.told_blind, true) {
                        self.report.blind(&error);
                    }
                    sleep(self.pace.next(self.at(), self.sight(false))).await;
                }
            }
        }
    }

    fn at(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    fn sight(&self, near: bool) -> Sight {
        let ours = self.judge.ours();
        let deployment = self.last.deployment(&ours.id);
        // Other strategies keep the old tasks to the end, on purpose.
        let rolling = ours.settings.is_rolling();
        let others = self.last.deployments.iter().filter(|it| rolling && it.id != ours.id);
        Sight {
            near,
            // One that was given up wants none.
            full: deployment.is_some_and(|it| it.running > 0 && it.is_full()),
            ours: deployment.map_or(0, |it| it.running),
            others: others.map(|it| it.running).sum(),
        }
    }

    /// The judge's opinion of one look; its record is read where the judge asks for it.
    async fn judge(&mut self, service: Service) -> Opinion {
        self.last = service.clone();
        let mut snapshot = Snapshot { at: self.at(), service, record: None };
        let mut opinion = self.judge.see(&snapshot);
        self.tell(&opinion.events);
        if opinion.look_at_record {
            snapshot.record = self.records.read(self.target, &snapshot.service, self.report).await;
            if snapshot.record.is_some() {
                let looked_at_tasks = opinion.look_at_tasks;
                opinion = self.judge.see(&snapshot);
                opinion.look_at_tasks |= looked_at_tasks;
                self.tell(&opinion.events);
            }
        } else if self.records.arn().is_none() {
            // Found early, it is at hand when a rollback is wanted.
            self.records.find(self.target, &snapshot.service, self.report).await;
        }
        opinion
    }

    fn tell(&self, events: &[Event]) {
        for event in events {
            self.report.event(event);
        }
    }

    /// A failure without a cause would be half a verdict: ECS may take a moment to show the task that stopped.
    async fn find_causes(&mut self) {
        const TRIES: u32 = 3;
        for attempt in 0..TRIES {
            self.look_at_tasks().await;
            if !self.causes.is_empty() {
                break;
            }
            if attempt + 1 < TRIES {
                sleep(Duration::from_millis(400)).await;
            }
        }
        let late =
            self.causes.read_late_lines(&self.target.ecs, self.definition, self.log_lines).await;
        for explained in &late {
            self.report.late_lines(explained);
        }
    }

    async fn look_at_tasks(&mut self) {
        let tasks = match self.stopped_tasks().await {
            Ok(tasks) => tasks,
            Err(error) => return self.report.tasks_unreadable(&error),
        };
        for task in self.judge.see_tasks(self.at(), tasks, self.since) {
            if let Some(explained) =
                self.causes.add(&self.target.ecs, self.definition, &task, self.log_lines).await
            {
                self.report.stopped(explained);
            }
        }
    }

    /// When the task of ours that came up last did what; `None` where it cannot be read.
    pub(crate) async fn slowest_task(&self) -> Option<TaskTimes> {
        let client = self.target.ecs.client();
        let request = client.list_tasks().cluster(&self.target.cluster);
        let page = request.service_name(&self.target.service).send().await.ok()?;
        let arns: Vec<String> = page.task_arns().iter().take(TASKS_A_CALL).cloned().collect();
        if arns.is_empty() {
            return None;
        }
        let request = client.describe_tasks().cluster(&self.target.cluster);
        let answer = request.set_tasks(Some(arns)).send().await.ok()?;
        let ours = answer.tasks().iter().map(StoppedTask::from);
        let ours = ours.filter(|task| task.definition == self.judge.ours().definition);
        ours.max_by(|a, b| {
            a.started_at.unwrap_or_default().total_cmp(&b.started_at.unwrap_or_default())
        })
        .map(|task| TaskTimes {
            created: task.created_at,
            pull_started: task.pull_started_at,
            pull_stopped: task.pull_stopped_at,
            started: task.started_at,
        })
    }

    /// Stopped tasks of the service that were not known before, oldest first.
    async fn stopped_tasks(&mut self) -> Result<Vec<StoppedTask>, EcsError> {
        let (client, session) = (self.target.ecs.client(), self.target.ecs.session());
        let mut arns: Vec<String> = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let page = client
                .list_tasks()
                .cluster(&self.target.cluster)
                .service_name(&self.target.service)
                .desired_status(DesiredStatus::Stopped)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| session.explain("ecs:ListTasks", &self.target.service, error))?;
            arns.extend(
                page.task_arns().iter().filter(|arn| !self.known_tasks.contains(*arn)).cloned(),
            );
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        let mut tasks = Vec::new();
        for arns in arns.chunks(TASKS_A_CALL) {
            let answer = client
                .describe_tasks()
                .cluster(&self.target.cluster)
                .set_tasks(Some(arns.to_vec()))
                .send()
                .await
                .map_err(|error| {
                    session.explain("ecs:DescribeTasks", &self.target.service, error)
                })?;
            // One that is still stopping has no exit code yet: it is described again.
            let stopped =
                answer.tasks().iter().filter(|task| task.last_status() == Some("STOPPED"));
            tasks.extend(stopped.map(StoppedTask::from));
        }
        self.known_tasks.extend(tasks.iter().map(|task| task.arn.clone()));
        tasks.sort_by(|a, b| {
            a.stopped_at.unwrap_or_default().total_cmp(&b.stopped_at.unwrap_or_default())
        });
        Ok(tasks)
    }
}
