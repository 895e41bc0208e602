//! Judges one deployment: what was seen goes in, events and at most one end come out.
//!
//! Pure: time is a number that comes with what was seen. It must never judge the service's stability instead of the
//! deployment, and never take another deployment for ours.

use ecs_tasks::StoppedTask;

use super::{
    failures::{Failures, is_ours},
    seen::{End, Event, Opinion, Ours, Record, Snapshot},
    told::Told,
};
use crate::service::{Deployment, State};

/// How long, in seconds, a state is waited out that should pass.
mod patience {
    /// An answer that is older than our update.
    pub(super) const STALE: f64 = 60.0;
    /// ECS's rollback after a deployment was marked FAILED.
    pub(super) const ROLLBACK_STARTS: f64 = 90.0;
    /// A record that lags behind the service.
    pub(super) const RECORD: f64 = 20.0;
    /// Tasks are listed at least this often while the deployment is not full.
    pub(super) const TASKS: f64 = 15.0;
    /// After a task stopped, the end is thought near for so long.
    pub(super) const AFTER_STOP: f64 = 5.0;
}

#[derive(Debug)]
pub(crate) struct Judge {
    ours: Ours,
    seen: bool,
    told: Told,
    failures: Failures,
    tasks_looked_at: f64,
    last_stop: Option<f64>,
    failed_since: Option<(f64, String)>,
    elsewhere_since: Option<f64>,
    absent_since: Option<f64>,
    rolling_back: bool,
    our_rollback: OurRollback,
}

/// The rollback that this run asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum OurRollback {
    NotAsked,
    /// ECS does it by itself.
    Asked,
    /// An update does it: the id of its deployment.
    Update(String),
}

impl OurRollback {
    fn is_asked(&self) -> bool {
        *self != Self::NotAsked
    }
}

impl Judge {
    pub(crate) fn new(ours: Ours) -> Self {
        Self {
            told: Told::new(&ours),
            ours,
            seen: false,
            failures: Failures::default(),
            tasks_looked_at: 0.0,
            last_stop: None,
            failed_since: None,
            elsewhere_since: None,
            absent_since: None,
            rolling_back: false,
            our_rollback: OurRollback::NotAsked,
        }
    }

    pub(crate) fn ours(&self) -> &Ours {
        &self.ours
    }

    pub(crate) fn told(&self) -> &Told {
        &self.told
    }

    pub(crate) fn is_rolling_back(&self) -> bool {
        self.rolling_back
    }

    /// From now on a rollback is awaited that we asked for. `id` is its deployment, where an update made one.
    pub(crate) fn expect_rollback(&mut self, id: Option<String>) {
        self.our_rollback = id.map_or(OurRollback::Asked, OurRollback::Update);
        self.failed_since = None;
        self.elsewhere_since = None;
    }

    /// Stopped tasks that were not known before. Ours are kept and returned.
    pub(crate) fn see_tasks(
        &mut self,
        at: f64,
        tasks: Vec<StoppedTask>,
        since: Option<f64>,
    ) -> Vec<StoppedTask> {
        self.tasks_looked_at = at;
        let mine: Vec<StoppedTask> =
            tasks.into_iter().filter(|task| is_ours(&self.ours, task, since)).collect();
        for task in &mine {
            if self.failures.take_in(at, task) {
                self.last_stop = Some(at);
            }
        }
        mine
    }

    /// One look at the service.
    pub(crate) fn see(&mut self, snapshot: &Snapshot) -> Opinion {
        let mut opinion = Opinion::default();
        self.tell_changes(snapshot, &mut opinion);
        opinion.end = self.end(snapshot, &mut opinion);
        opinion.near = self.is_near(snapshot);
        opinion
    }

    fn tell_changes(&mut self, snapshot: &Snapshot, opinion: &mut Opinion) {
        self.told.service_events(&snapshot.service, opinion);
        if let Some(record) = &snapshot.record {
            self.told.record(record, opinion);
        }
        let Some(ours) = snapshot.service.deployment(&self.ours.id) else { return };
        self.seen = true;
        self.failures.counted_by_ecs(ours.failed);
        self.told.tasks(ours, opinion);
        self.told.draining(ours, snapshot, opinion);
        if !ours.is_done() && snapshot.at - self.tasks_looked_at >= patience::TASKS {
            opinion.look_at_tasks = true;
        }
    }

    fn end(&mut self, snapshot: &Snapshot, opinion: &mut Opinion) -> Option<End> {
        if let Some(record) = &snapshot.record
            && let Some(end) = self.end_by_record(record, snapshot, opinion)
        {
            return Some(end);
        }
        let ours = snapshot.service.deployment(&self.ours.id);
        match (ours, snapshot.service.primary()) {
            (Some(ours), _) if ours.is_primary => self.while_primary(ours, snapshot, opinion),
            (ours, Some(primary)) => self.when_replaced(ours, primary, snapshot, opinion),
            (_, None) => {
                let since = *self.absent_since.get_or_insert(snapshot.at);
                (snapshot.at - since > patience::STALE).then(|| End::Failed {
                    reason: "the service has no PRIMARY deployment any more: its end is not known"
                        .to_owned(),
                })
            }
        }
    }

    /// Our service deployment says more than the service where it may be read.
    fn end_by_record(
        &mut self,
        record: &Record,
        snapshot: &Snapshot,
        opinion: &mut Opinion,
    ) -> Option<End> {
        let primary = snapshot.service.primary();
        match record.status.as_str() {
            "SUCCESSFUL" if !self.our_rollback.is_asked() => Some(self.deployed(snapshot)),
            "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS" => {
                let reason = record.rollback_reason.clone().or_else(|| record.reason.clone());
                self.tell_rollback(reason, opinion);
                None
            }
            "ROLLBACK_SUCCESSFUL" => {
                self.tell_rollback(
                    record.rollback_reason.clone().or_else(|| record.reason.clone()),
                    opinion,
                );
                // It is only said when it is seen: the service may lag behind for a moment.
                let back = primary.filter(|primary| primary.id != self.ours.id);
                let since = *self.elsewhere_since.get_or_insert(snapshot.at);
                match back {
                    Some(primary)
                        if primary.definition != self.ours.definition
                            || self.is_rollback(None, primary)
                            || primary.is_done() =>
                    {
                        Some(End::RolledBack { to: primary.definition.clone() })
                    }
                    _ if snapshot.at - since > patience::RECORD => {
                        Some(End::RolledBack { to: self.ours.previous.clone().unwrap_or_default() })
                    }
                    _ => None,
                }
            }
            "ROLLBACK_FAILED" => Some(End::RollbackFailed {
                reason: record
                    .reason
                    .clone()
                    .unwrap_or_else(|| "ECS reports ROLLBACK_FAILED".to_owned()),
            }),
            "STOPPED" if !self.our_rollback.is_asked() => match primary {
                Some(primary) if primary.id != self.ours.id => self.when_replaced(
                    snapshot.service.deployment(&self.ours.id),
                    primary,
                    snapshot,
                    opinion,
                ),
                _ => Some(End::Failed {
                    reason: record
                        .reason
                        .clone()
                        .unwrap_or_else(|| "the deployment was stopped".to_owned()),
                }),
            },
            "PENDING" | "IN_PROGRESS" | "STOP_REQUESTED" | "SUCCESSFUL" | "STOPPED" => None,
            other => {
                self.told.unknown(other, opinion);
                None
            }
        }
    }

    fn while_primary(
        &mut self,
        ours: &Deployment,
        snapshot: &Snapshot,
        opinion: &mut Opinion,
    ) -> Option<End> {
        if self.our_rollback.is_asked() {
            // Asked, and not begun yet; the watch's own deadline bounds this.
            opinion.look_at_record = true;
            return None;
        }
        match &ours.state {
            State::Failed => {
                let reason = ours
                    .reason
                    .clone()
                    .unwrap_or_else(|| "ECS reports rolloutState FAILED".to_owned());
                return self.while_failed(reason, snapshot, opinion);
            }
            State::Unknown(state) => self.told.unknown(state, opinion),
            State::Absent | State::InProgress | State::Completed => {}
        }
        if ours.is_done() && (!self.ours.must_fill || ours.is_full()) {
            // Blue/green and its kin go on after the tasks are there: their record has the last word.
            if self.ours.settings.is_rolling() {
                return Some(self.deployed(snapshot));
            }
            opinion.look_at_record = true;
            let since = *self.elsewhere_since.get_or_insert(snapshot.at);
            let unreadable =
                snapshot.record.is_none() && snapshot.at - since > patience::RECORD / 4.0;
            return unreadable.then(|| self.deployed(snapshot));
        }
        if !self.ours.settings.is_rolling() {
            opinion.look_at_record = true;
        }
        self.failures.too_many(&self.ours, snapshot.at)
    }

    /// FAILED: does ECS take it back?
    fn while_failed(
        &mut self,
        reason: String,
        snapshot: &Snapshot,
        opinion: &mut Opinion,
    ) -> Option<End> {
        opinion.look_at_record = true;
        opinion.look_at_tasks |= self.failed_since.is_none();
        self.told.failure(&reason, opinion);
        let (since, reason) = self.failed_since.get_or_insert((snapshot.at, reason)).clone();
        if !self.ours.settings.rolls_back || self.ours.previous.is_none() {
            return Some(End::Failed { reason });
        }
        (snapshot.at - since > patience::ROLLBACK_STARTS)
            .then(|| End::Failed { reason: format!("{reason} (ECS did not roll it back)") })
    }

    /// PRIMARY is another deployment than ours.
    fn when_replaced(
        &mut self,
        ours: Option<&Deployment>,
        primary: &Deployment,
        snapshot: &Snapshot,
        opinion: &mut Opinion,
    ) -> Option<End> {
        let from_before = self.ours.before.contains(&primary.id);
        if ours.is_none() && from_before && !self.seen && !self.rolling_back {
            // Older than our update: DescribeServices is eventually consistent.
            let since = *self.absent_since.get_or_insert(snapshot.at);
            opinion.look_at_record = true;
            return (snapshot.at - since > patience::STALE).then(|| End::Failed {
                reason: format!(
                    "deployment {} never appeared in the service: its end is not known",
                    self.ours.id
                ),
            });
        }
        self.seen = true;
        if let Some(failed) = ours.filter(|ours| ours.state == State::Failed)
            && self.failed_since.is_none()
        {
            let reason = failed
                .reason
                .clone()
                .unwrap_or_else(|| "ECS reports rolloutState FAILED".to_owned());
            self.told.failure(&reason, opinion);
            self.failed_since = Some((snapshot.at, reason));
        }
        let record_says_rollback =
            snapshot.record.as_ref().is_some_and(|record| record.status.starts_with("ROLLBACK_"));
        if record_says_rollback || self.is_rollback(ours, primary) {
            opinion.look_at_tasks |= !self.rolling_back;
            self.tell_rollback(primary.reason.clone(), opinion);
            opinion.look_at_record = true;
            if snapshot
                .record
                .as_ref()
                .is_some_and(|record| record.status == "ROLLBACK_IN_PROGRESS")
            {
                return None;
            }
            return match primary.state {
                State::Failed => Some(End::RollbackFailed {
                    reason: primary
                        .reason
                        .clone()
                        .unwrap_or_else(|| "ECS reports FAILED".to_owned()),
                }),
                _ if primary.is_done() => Some(End::RolledBack { to: primary.definition.clone() }),
                _ => None,
            };
        }
        // A record that still says IN_PROGRESS lags behind: it tells in a moment whether this is a rollback.
        opinion.look_at_record = true;
        let since = *self.elsewhere_since.get_or_insert(snapshot.at);
        let lags = snapshot
            .record
            .as_ref()
            .is_some_and(|it| it.status == "IN_PROGRESS" || it.status == "PENDING");
        if lags && snapshot.at - since < patience::RECORD {
            return None;
        }
        Some(End::Superseded { by: primary.id.clone(), definition: primary.definition.clone() })
    }

    /// Whether `primary` takes ours back, as far as the service alone tells.
    fn is_rollback(&self, ours: Option<&Deployment>, primary: &Deployment) -> bool {
        match &self.our_rollback {
            OurRollback::Update(id) if *id == primary.id => return true,
            OurRollback::Asked
                if primary.definition != self.ours.definition
                    && self.ours.previous.as_ref() == Some(&primary.definition) =>
            {
                return true;
            }
            _ => {}
        }
        let told = primary.reason.as_deref().is_some_and(|reason| {
            let reason = reason.to_lowercase();
            reason.contains("rolling back")
                || reason.contains("rollback")
                || reason.contains("rolled back")
        });
        let failed =
            ours.is_some_and(|ours| ours.state == State::Failed) || self.failed_since.is_some();
        let back = self.ours.previous.as_ref() == Some(&primary.definition);
        if primary.definition == self.ours.definition {
            // The same revision, forced: only a failure, or ECS's words, tell a rollback from a newer deployment.
            return back && (told || failed || self.ours.before.contains(&primary.id));
        }
        back || (told && failed)
    }

    fn deployed(&self, snapshot: &Snapshot) -> End {
        let desired = snapshot
            .service
            .deployment(&self.ours.id)
            .map_or(snapshot.service.desired, |ours| ours.desired);
        End::Deployed { without_tasks: desired == 0 }
    }

    fn tell_rollback(&mut self, reason: Option<String>, opinion: &mut Opinion) {
        if !self.rolling_back {
            self.rolling_back = true;
            if let Some(reason) = reason
                && !self.our_rollback.is_asked()
            {
                self.told.failure(&reason, opinion);
            }
            let to = self.ours.previous.clone().unwrap_or_default();
            opinion.events.push(Event::RollingBack { to, by_us: self.our_rollback.is_asked() });
        }
    }

    fn is_near(&self, snapshot: &Snapshot) -> bool {
        let stopped = self.last_stop.is_some_and(|stop| snapshot.at - stop <= patience::AFTER_STOP);
        let full = snapshot.service.primary().is_some_and(Deployment::is_full);
        stopped || full || self.failed_since.is_some() || self.rolling_back
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
