//! Tasks of our deployment that failed, counted where ECS's circuit breaker does not.

use ecs_tasks::{Blame, StoppedTask};

use super::seen::{End, Ours};

/// A failure that ECS has yet to count may do so for this many seconds.
const COUNTING: f64 = 5.0;

#[derive(Debug, Default)]
pub(crate) struct Failures {
    tasks: Vec<Failure>,
    /// The most that ECS has counted: it begins again at 0 when a task runs.
    most_by_ecs: usize,
}

#[derive(Debug, Clone, Copy)]
struct Failure {
    at: f64,
    /// It had been RUNNING.
    ran: bool,
}

impl Failures {
    /// Takes in a task that stopped; whether that was a failure of the release.
    pub(crate) fn take_in(&mut self, at: f64, task: &StoppedTask) -> bool {
        let failed = task.cause(&[]).blame == Blame::Release;
        if failed {
            self.tasks.push(Failure { at, ran: task.ran() });
        }
        failed
    }

    pub(crate) fn counted_by_ecs(&mut self, failed: i32) {
        self.most_by_ecs = self.most_by_ecs.max(usize::try_from(failed).unwrap_or(0));
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// The end of a deployment that fails too often, and that ECS does not end.
    pub(crate) fn too_many(&self, ours: &Ours, at: f64) -> Option<End> {
        // With nothing to go back to the breaker stalls.
        let counted_by_ecs = ours.settings.breaker && ours.previous.is_some();
        let uncounted = if counted_by_ecs {
            let crashed = self.tasks.iter().filter(|it| it.ran && at - it.at >= COUNTING);
            crashed.count().saturating_sub(self.most_by_ecs)
        } else {
            self.tasks.len()
        };
        if uncounted < ours.max_failed_tasks {
            return None;
        }
        let what = if counted_by_ecs { "crashed after they were RUNNING" } else { "failed" };
        let reason =
            format!("{uncounted} tasks {what}, which is as many as `max-failed-tasks` allows");
        Some(End::Failed { reason })
    }
}

/// ECS names the deployment in `startedBy`; emulators name the service there. `since` is when ours was created.
pub(crate) fn is_ours(ours: &Ours, task: &StoppedTask, since: Option<f64>) -> bool {
    if task.started_by.starts_with("ecs-svc/") {
        return task.started_by == ours.id;
    }
    let young = match (task.created_at, since) {
        (Some(created), Some(since)) => created >= since - 1.0,
        _ => true,
    };
    task.definition == ours.definition && young
}
