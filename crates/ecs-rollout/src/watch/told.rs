//! What is worth a line, and what has been told already: changes, not every look. Pure.

use std::collections::BTreeSet;

use super::{
    seen::{Event, Hook, Opinion, Ours, Record, Snapshot},
    words::{in_short, is_problem},
};
use crate::service::{Deployment, Service};

#[derive(Debug, Default)]
pub(super) struct Told {
    once: BTreeSet<String>,
    tasks: Option<(i32, i32, i32, i32)>,
    draining: i32,
    stage: Option<String>,
    last_problem: Option<String>,
    alarm: Option<String>,
    failure: Option<String>,
    /// What the load balancer's check got, as ECS told it last.
    pub(super) unhealthy: Option<String>,
    /// The hook that the deployment waits for.
    pub(super) waits_for: Option<String>,
}

impl Told {
    /// Events of before our deployment are no news.
    pub(super) fn new(ours: &Ours) -> Self {
        Self { once: ours.old_events.clone(), ..Self::default() }
    }

    /// ECS's last words that tell of a problem, for when no task tells more.
    pub(super) fn problem(&self) -> Option<&str> {
        let words = [&self.alarm, &self.last_problem, &self.failure];
        words.into_iter().find_map(|words| words.as_deref())
    }

    pub(super) fn service_events(&mut self, service: &Service, opinion: &mut Opinion) {
        for event in service.events.iter().rev() {
            if self.once.insert(event.id.clone()) {
                let message = in_short(&event.message);
                if message.contains("is unhealthy in") {
                    self.unhealthy = Some(message.clone());
                }
                if is_problem(&message) {
                    self.last_problem = Some(message.clone());
                    opinion.look_at_tasks = true;
                }
                opinion.events.push(Event::Ecs(message));
            }
        }
    }

    pub(super) fn record(&mut self, record: &Record, opinion: &mut Opinion) {
        if record.stage != self.stage {
            self.stage.clone_from(&record.stage);
            opinion.events.extend(record.stage.clone().map(Event::Stage));
        }
        self.waits_for = None;
        for hook in &record.hooks {
            self.hook(hook, record, opinion);
        }
        for alarm in &record.alarms {
            if self.once.insert(format!("alarm {alarm}")) {
                let message = format!("the alarm `{alarm}` went off");
                self.alarm = Some(message.clone());
                opinion.events.push(Event::Ecs(message));
            }
        }
    }

    fn hook(&mut self, hook: &Hook, record: &Record, opinion: &mut Opinion) {
        let stage = record.stage.as_deref().unwrap_or("its stage");
        let message = match hook.status.as_str() {
            "AWAITING_ACTION" => {
                let waits = format!("{stage} waits for the hook {}", hook.name);
                self.waits_for = Some(waits.clone());
                format!("{waits}: {}", hook.way_on)
            }
            "IN_PROGRESS" => {
                let waits = format!("{stage} waits for the hook {}", hook.name);
                self.waits_for = Some(waits.clone());
                waits
            }
            "FAILED" | "TIMED_OUT" => {
                let problem =
                    format!("the hook {} of {stage} ended with {}", hook.name, hook.status);
                self.last_problem = Some(problem.clone());
                problem
            }
            _ => return,
        };
        if self.once.insert(format!("hook {} {} {stage}", hook.name, hook.status)) {
            opinion.events.push(Event::Hook(message));
        }
    }

    /// The counts of our deployment, where they changed.
    pub(super) fn tasks(&mut self, ours: &Deployment, opinion: &mut Opinion) {
        let tasks = (ours.running, ours.pending, ours.desired, ours.failed);
        if self.tasks == Some(tasks) {
            return;
        }
        // Only what went up says that tasks are on their way; every other change may hide one that stopped.
        opinion.look_at_tasks |= self.tasks.is_some_and(|(running, pending, _, failed)| {
            ours.failed > failed
                || ours.running < running
                || (ours.pending < pending && ours.running == running)
        });
        self.tasks = Some(tasks);
        let (running, pending, desired, failed) = tasks;
        // Of a deployment that was given up nothing more than its end is to be told.
        if ours.is_primary || running > 0 {
            opinion.events.push(Event::Tasks { running, pending, desired, failed });
        }
    }

    /// The tasks of the other deployments, once ours has all of its own.
    pub(super) fn draining(
        &mut self,
        ours: &Deployment,
        snapshot: &Snapshot,
        opinion: &mut Opinion,
    ) {
        let others = snapshot.service.deployments.iter().filter(|it| it.id != ours.id);
        let running: i32 = others.map(|it| it.running).sum();
        if ours.is_primary && ours.is_full() && running != self.draining {
            opinion.events.push(Event::Draining { running, going: running < self.draining });
        }
        self.draining = running;
    }

    /// ECS's reason, once. A deployment that is back already has another reason to give.
    pub(super) fn failure(&mut self, reason: &str, opinion: &mut Opinion) {
        if self.failure.is_none()
            && !reason.contains("completed")
            && !reason.contains("in progress")
        {
            self.failure = Some(reason.to_owned());
            opinion.events.push(Event::Failed(reason.to_owned()));
        }
    }

    pub(super) fn unknown(&mut self, state: &str, opinion: &mut Opinion) {
        if self.once.insert(format!("state {state}")) {
            opinion.events.push(Event::Unknown(state.to_owned()));
        }
    }
}
