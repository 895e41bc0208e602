//! Tasks that fail, the circuit breaker that counts them, and ECS's way back.

use std::time::Duration;

use serde_json::Value;

use crate::scenario::Breaker;
use crate::step::{CannotStart, Exit, Kill, Log, Step, Wait};
use crate::timeline::{Actor, Timeline};
use crate::world::{RollbackNote, World};

impl World {
    pub(crate) fn tasks_exit(&mut self, at: usize, id: &str, exit: &Exit) {
        let mut tasks = self.tasks_of(at, id, |status| status == "RUNNING");
        tasks.extend(self.tasks_of(at, id, |status| !matches!(status, "RUNNING" | "STOPPED")));
        for task in tasks.into_iter().take(exit.tasks as usize) {
            let ran = self.tasks[task].status == "RUNNING";
            self.write_log(task, &Log::of(&exit.log));
            self.task_exits(task, exit);
            // ECS counts what never came to RUNNING, and nothing that crashed later.
            if !ran {
                self.count_failure(at, id);
            }
        }
    }

    pub(crate) fn tasks_cannot_start(&mut self, at: usize, id: &str, cannot: &CannotStart) {
        let pending = self.tasks_of(at, id, |status| !matches!(status, "RUNNING" | "STOPPED"));
        let name = self.services[at].name.clone();
        for task in pending.into_iter().take(cannot.tasks as usize) {
            self.task_cannot_start(task, &cannot.reason);
            self.service_event(
                at,
                format!(
                    "(service {name}) was unable to place a task. Reason: {}.",
                    cannot.reason.trim_end_matches('.')
                ),
            );
            self.count_failure(at, id);
        }
    }

    pub(crate) fn tasks_are_killed(&mut self, at: usize, id: &str, kill: &Kill) {
        let tasks = self.tasks_of(at, id, |status| status != "STOPPED");
        for task in tasks.into_iter().take(kill.tasks as usize) {
            self.task_is_killed(task, kill);
            if kill.reason.contains("health checks") {
                let (name, task) = (self.services[at].name.clone(), self.tasks[task].id.clone());
                self.service_event(
                    at,
                    format!("(service {name}) (task {task}) stopped: {}", kill.reason),
                );
                self.count_failure(at, id);
            }
        }
    }

    /// One more failed task in a row; at the threshold the circuit breaker trips.
    fn count_failure(&mut self, at: usize, id: &str) {
        let now = self.clock.now;
        let service = &mut self.services[at];
        let threshold = (service.desired.div_ceil(2)).clamp(3, 200);
        let breaker = service.breaker;
        let Some(deployment) = service.deployment(id) else { return };
        deployment.failed += 1;
        deployment.updated = now;
        let (failed, arn, under_way) =
            (deployment.failed, deployment.record.clone(), deployment.rollout == "IN_PROGRESS");
        let undoing = deployment.undoes.is_some();
        if let Some(known) = service.record(&arn) {
            known.failures = failed;
        }
        if breaker == Breaker::Off || failed < threshold || !under_way || undoing {
            return;
        }
        if let Some(known) = service.record(&arn) {
            known.breaker = "TRIGGERED";
        }
        self.give_up(at, id, "ECS deployment circuit breaker: tasks failed to start.");
    }

    /// The deployment FAILED. Where the service says so, the last completed one is brought back; the rollback itself may fail too.
    pub(crate) fn give_up(&mut self, at: usize, id: &str, reason: &str) {
        let now = self.clock.now;
        let service = &mut self.services[at];
        let name = service.name.clone();
        let rolls_back = service.breaker == Breaker::Rollback
            || service.settings.pointer("/deploymentConfiguration/alarms/rollback")
                == Some(&Value::Bool(true));
        let Some(deployment) = service.deployment(id) else { return };
        deployment.rollout = "FAILED";
        deployment.reason = reason.into();
        deployment.updated = now;
        let (undoes, arn) = (deployment.undoes.clone(), deployment.record.clone());
        for task in self.tasks_of(at, id, |status| !matches!(status, "RUNNING" | "STOPPED")) {
            let reason = format!("Scaling activity initiated by (deployment {id})");
            self.task_is_killed(
                task,
                &Kill {
                    stop_code: "ServiceSchedulerInitiated".into(),
                    reason,
                    tasks: 1,
                    code: None,
                },
            );
        }
        let why = reason.rsplit(": ").next().unwrap_or(reason).trim_end_matches('.').to_owned();
        self.service_event(
            at,
            format!("(service {name}) (deployment {id}) deployment failed: {why}."),
        );
        self.forget_timeline(at, id);
        if undoes.is_none() && rolls_back && self.roll_back(at, id, reason, self.clock.now) {
            return;
        }
        let undone = undoes.is_some();
        if let Some(known) = self.services[at].record(&undoes.unwrap_or(arn)) {
            known.status = if undone { "ROLLBACK_FAILED" } else { "STOPPED" };
            known.reason = Some(reason.into());
            known.updated = now;
            known.finished = Some(now);
        }
    }

    /// Brings the last completed deployment back; false where there is none.
    pub(crate) fn roll_back(&mut self, at: usize, id: &str, reason: &str, now: Duration) -> bool {
        let new_id = self.services[at].rollback_gets_new_id.then(|| self.deployment_id());
        let steps = self
            .rollback
            .clone()
            .unwrap_or_else(|| vec![Step::Wait(Wait::Looks(2)), Step::Complete]);
        let service = &mut self.services[at];
        let Some(known) = service
            .deployments
            .iter()
            .position(|deployment| deployment.completed && deployment.id != id)
        else {
            return false;
        };
        let failed = service.deployment(id).map(|deployment| {
            deployment.rollout = "FAILED";
            deployment.reason = reason.into();
            deployment.record.clone()
        });
        let mut back = service.deployments[known].clone();
        let old_id = back.id.clone();
        if let Some(new_id) = new_id {
            back.id = new_id;
            back.created = now;
        } else {
            service.deployments.remove(known);
        }
        back.rollout = "IN_PROGRESS";
        back.reason =
            format!("ECS deployment circuit breaker: rolling back to deploymentId {old_id}");
        back.failed = 0;
        back.updated = now;
        back.undoes.clone_from(&failed);
        let (back_id, to, name, cluster) = (
            back.id.clone(),
            back.revision_arn.clone(),
            service.name.clone(),
            service.cluster.clone(),
        );
        service.deployments.insert(0, back);
        if let Some(known) = failed.as_deref().and_then(|arn| service.record(arn)) {
            known.status = "ROLLBACK_IN_PROGRESS";
            known.rollback = Some(RollbackNote { reason: reason.into(), to, at: now });
            known.updated = now;
        }
        self.service_event(at, format!("(service {name}) rolling back to deployment {old_id}."));
        self.forget_timeline(at, id);
        let actor = Actor::Deployment { cluster, service: name, id: back_id };
        self.timelines.push(Timeline::new(actor, steps, now));
        true
    }
}
