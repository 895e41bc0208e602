//! A deployment that is under way: watched to its end, taken back where that is ours to do, its end put into words.

use std::time::Duration;

use actions_runtime::Step;
use ecs_tasks::{TaskDefinition, last_part};
use tokio::time::{Instant, timeout};

use crate::{
    answers::{Answers, answers},
    execute::{GRACE, Outcome},
    inputs::{Inputs, OnCancel, Rollback},
    outputs::Verdict,
    report::{Report, tasks},
    slow::{Slow, TaskTimes},
    targets::{nobody_serves, settings_of},
    update::Target,
    watch::{End, Stop, Watch},
};

/// A rollback is watched at least this long, for whoever waits for it has nothing better to wait for.
const ROLLBACK_AT_LEAST: Duration = Duration::from_mins(10);

/// A deployment that is under way.
pub(crate) struct Rollout<'a> {
    pub(crate) step: &'a Step,
    pub(crate) inputs: &'a Inputs,
    pub(crate) report: &'a Report<'a>,
    pub(crate) target: &'a Target,
    pub(crate) registered: &'a TaskDefinition,
    pub(crate) watch: Watch<'a>,
}

impl Rollout<'_> {
    /// Watches it, takes it back where that is ours to do, and says how it ended.
    pub(crate) async fn finish(mut self) -> Outcome {
        let deadline = Instant::now() + self.inputs.wait_for_minutes.0;
        match self.watch.until(deadline, self.step.cancelled()).await {
            Stop::End(End::Failed { reason }) => self.after_failure(reason, deadline).await,
            Stop::End(End::Deployed { without_tasks: false }) => {
                Box::pin(self.verified(deadline)).await
            }
            stop => self.ended(stop, None).await,
        }
    }

    /// Fast ones need no explanation, and no further calls.
    async fn explained(&self, outcome: Outcome) -> Outcome {
        const SLOW: f64 = 20.0;
        if outcome.verdict != Verdict::Deployed || self.step.seconds() < SLOW {
            return outcome;
        }
        let settings = &self.watch.ours().settings;
        let session = self.target.ecs.session();
        let asking = async {
            let first = settings.load_balancers.iter().flat_map(|it| &it.target_groups).next();
            let group = async { settings_of(session, first?).await };
            tokio::join!(self.watch.slowest_task(), group, self.registered.largest_image(session))
        };
        let asked = tokio::select! {
            biased;
            () = self.step.cancelled().cancelled() => None,
            asked = timeout(GRACE, asking) => asked.ok(),
        };
        let (slowest, group, image_bytes) = asked.unwrap_or_default();
        let slow = Slow {
            settings: settings.clone(),
            definition: self.registered.clone(),
            tasks: self.running().1,
            group,
            image_bytes,
        };
        Outcome { slowest: slowest.unwrap_or_default(), slow: Some(slow), ..outcome }
    }

    async fn served(self) -> Outcome {
        let outcome = match self.nobody_serves().await {
            Some(problem) => {
                self.report.warn(&problem);
                let reason = format!(
                    "`{}` is deployed to `{}`, but {problem}",
                    self.registered, self.target.service
                );
                self.outcome(Verdict::Deployed, reason, None)
            }
            None => self.judged(End::Deployed { without_tasks: false }, None),
        };
        Box::pin(self.explained(outcome)).await
    }

    /// Whether the load balancer has nobody to send requests to, as far as it can be asked.
    async fn nobody_serves(&self) -> Option<String> {
        let asking = timeout(
            GRACE,
            nobody_serves(self.target.ecs.session(), &self.watch.ours().settings.load_balancers),
        );
        tokio::select! {
            biased;
            () = self.step.cancelled().cancelled() => None,
            asked = asking => match asked.ok()? {
                Ok(problem) => problem,
                Err(error) => {
                    self.report.targets_unreadable(&error);
                    None
                }
            },
        }
    }

    /// ECS is done; whether the new version answers is another question, where it is asked.
    async fn verified(mut self, deadline: Instant) -> Outcome {
        let session = self.target.ecs.session();
        let answered = answers(self.step, session, self.inputs, self.report, deadline).await;
        let left = format!("`{}` runs. {}", self.registered, self.how_to_roll_back());
        match answered {
            None | Some(Answers::Good) => Box::pin(self.served()).await,
            Some(Answers::Bad(reason)) => {
                self.watch.forget_record();
                self.after_failure(reason, deadline).await
            }
            Some(Answers::Late(problem)) => {
                let reason = format!("ECS has deployed `{}`, but {problem}", self.registered);
                self.outcome(Verdict::TimedOut, reason, Some(left))
            }
            Some(Answers::Cancelled) => {
                let reason = format!(
                    "cancelled while {} was being verified; ECS had finished",
                    self.registered
                );
                self.outcome(Verdict::Cancelled, reason, Some(left))
            }
        }
    }

    /// Nobody takes the failed deployment back so far.
    async fn after_failure(mut self, reason: String, deadline: Instant) -> Outcome {
        let cause = self.cause(&reason);
        if self.inputs.rollback == Rollback::Never {
            let reason = format!(
                "`{}` failed: {cause}; it was not rolled back, as `rollback` says",
                self.registered
            );
            return self.outcome(Verdict::Failed, reason, Some(self.how_to_roll_back()));
        }
        self.report.failed(&cause);
        let asked = match self.target.roll_back(&self.watch.undo()).await {
            Ok(asked) => asked,
            Err(problem) => {
                let reason = format!(
                    "`{}` failed: {cause}; it could not be rolled back: {problem}",
                    self.registered
                );
                let left = format!("the failed deployment {} is still there", self.watch.ours().id);
                return self.outcome(Verdict::Failed, reason, Some(left));
            }
        };
        self.report.rollback_asked(asked.by, self.watch.ours().previous.as_deref());
        self.watch.expect_rollback(asked.id);
        let deadline = deadline.max(Instant::now() + ROLLBACK_AT_LEAST);
        let stop = self.watch.until(deadline, self.step.cancelled()).await;
        self.ended(stop, Some(cause)).await
    }

    /// `cause` is why a rollback was asked for, where one was.
    async fn ended(self, stop: Stop, cause: Option<String>) -> Outcome {
        let registered = self.registered.to_string();
        let service = &self.target.service;
        let (running, desired) = self.running();
        match stop {
            Stop::End(end) => self.judged(end, cause),
            Stop::TimedOut if cause.is_some() || self.watch.is_rolling_back() => {
                let cause = cause.unwrap_or_else(|| self.cause("no reason given"));
                let reason = format!(
                    "`{registered}` failed ({cause}), and its rollback had not ended in time"
                );
                let left = format!(
                    "the rollback of `{service}` goes on: {running} of {desired} tasks run"
                );
                self.outcome(Verdict::Failed, reason, Some(left))
            }
            Stop::TimedOut => {
                let minutes = self.inputs.wait_for_minutes.0.as_secs_f64() / 60.0;
                let mut reason = format!(
                    "`{registered}` had not ended after {minutes} min: {running} of {desired} tasks run"
                );
                if let Some(why) = self.why() {
                    reason = format!("{reason}; {why}");
                }
                let left = format!(
                    "deployment {} goes on: {running} of {desired} tasks run. {}",
                    self.watch.ours().id,
                    self.how_to_roll_back()
                );
                self.outcome(Verdict::TimedOut, reason, Some(left))
            }
            Stop::Cancelled => self.cancelled(cause.is_some()).await,
            Stop::Lost(error) => {
                let said = error.aws().map_or_else(String::new, |it| format!(": {}", it.message()));
                let reason = format!(
                    "lost sight of deployment {} of `{registered}`, so its end is not known: {error}{said}",
                    self.watch.ours().id
                );
                let left = format!(
                    "the deployment goes on: a run with the same inputs watches it on. {}",
                    self.how_to_roll_back()
                );
                self.outcome(Verdict::Failed, reason, Some(left))
            }
            Stop::Gone => {
                let reason = format!(
                    "`{service}` is gone: somebody deleted it while `{registered}` was being deployed"
                );
                self.outcome(Verdict::Failed, reason, None)
            }
        }
    }

    /// What the judge said, in words. `cause` is why a rollback was asked for, where one was.
    fn judged(&self, end: End, cause: Option<String>) -> Outcome {
        let registered = self.registered.to_string();
        let service = &self.target.service;
        let (running, desired) = self.running();
        match end {
            End::Deployed { without_tasks: true } => {
                self.report.warn(&format!(
                    "`{service}` wants 0 tasks: `{registered}` is deployed, and nothing runs it"
                ));
                let reason = format!(
                    "`{registered}` is deployed to `{service}`, which wants 0 tasks: nothing runs it"
                );
                self.outcome(Verdict::Deployed, reason, None)
            }
            End::Deployed { without_tasks: false } => {
                let reason = format!(
                    "`{registered}` serves in `{service}` with {}",
                    tasks(desired.max(running))
                );
                self.outcome(Verdict::Deployed, reason, None)
            }
            End::RolledBack { to } => {
                let cause = cause.unwrap_or_else(|| self.cause("ECS gave no reason"));
                let reason = format!(
                    "`{registered}` failed and `{}` is back in `{service}`: {cause}",
                    last_part(&to)
                );
                self.outcome(Verdict::RolledBack, reason, None)
            }
            End::RollbackFailed { reason } => {
                let cause = cause.unwrap_or_else(|| self.cause(&reason));
                let reason = format!(
                    "`{registered}` failed ({cause}), AND ITS ROLLBACK FAILED TOO: {reason}"
                );
                let left = format!(
                    "`{service}` is in neither state: {running} of {desired} tasks run; somebody has to look now"
                );
                self.outcome(Verdict::Failed, reason, Some(left))
            }
            End::Failed { reason } => {
                let cause = cause.unwrap_or_else(|| self.cause(&reason));
                let reason = format!(
                    "`{registered}` failed ({cause}), and it is not known whether its rollback ended: {reason}"
                );
                self.outcome(Verdict::Failed, reason, None)
            }
            End::Superseded { by, definition } => {
                let what = if cause.is_some() {
                    "while the rollback was going on"
                } else {
                    "before it had ended"
                };
                let reason = format!(
                    "another deployment, {by} of `{}`, took over from `{registered}` {what}",
                    last_part(&definition)
                );
                self.outcome(Verdict::Superseded, reason, None)
            }
        }
    }

    async fn cancelled(self, rollback_asked: bool) -> Outcome {
        let (id, service) = (self.watch.ours().id.clone(), &self.target.service);
        let (running, desired) = self.running();
        let state = format!("{running} of {desired} tasks run");
        if rollback_asked || self.watch.is_rolling_back() {
            let reason = format!("cancelled while deployment {id} was being rolled back");
            let left = format!("the rollback of `{service}` goes on: {state}");
            return self.outcome(Verdict::Cancelled, reason, Some(left));
        }
        let reason =
            format!("cancelled while deployment {id} of `{}` was under way", self.registered);
        let left = match self.inputs.on_cancel {
            OnCancel::Leave => {
                format!("deployment {id} goes on: {state}. {}", self.how_to_roll_back())
            }
            OnCancel::Rollback => match timeout(GRACE, self.target.roll_back(&self.watch.undo()))
                .await
            {
                Ok(Ok(asked)) => {
                    let to =
                        self.watch.ours().previous.as_deref().map(last_part).unwrap_or_default();
                    format!(
                        "deployment {id} is being rolled back to `{to}` ({}): its end was not awaited",
                        asked.by
                    )
                }
                Ok(Err(problem)) => {
                    format!("deployment {id} goes on, for it could not be rolled back: {problem}")
                }
                Err(_elapsed) => {
                    format!("deployment {id} was asked to roll back, and ECS had not answered yet")
                }
            },
        };
        self.outcome(Verdict::Cancelled, reason, Some(left))
    }

    fn running(&self) -> (i32, i32) {
        let service = self.watch.last();
        let counted = service.deployment(&self.watch.ours().id).filter(|ours| ours.is_primary);
        match counted.or_else(|| service.primary()) {
            Some(deployment) => (deployment.running, deployment.desired),
            None => (service.running, service.desired),
        }
    }

    /// The cause in one line: what a task tells goes before what ECS tells.
    fn cause(&self, fallback: &str) -> String {
        self.why().unwrap_or_else(|| fallback.to_owned())
    }

    fn why(&self) -> Option<String> {
        const LONGEST_LINE: usize = 160;
        let Some(explained) = self.watch.causes().main() else {
            return self.watch.last_problem().map(str::to_owned);
        };
        let mut cause = explained.cause.what.clone();
        if explained.tasks > 1 {
            cause = format!("{cause} ({} tasks)", explained.tasks);
        }
        if let Some(check) = &explained.check {
            cause = format!("{cause}: {check}");
        } else if cause.contains("health checks")
            && let Some(check) = self.watch.unhealthy()
        {
            cause = format!("{cause}; {check}");
        }
        if let Some(line) = explained.last_line() {
            let line: String = line.chars().take(LONGEST_LINE).collect();
            cause = format!("{cause}; it last logged: {line}");
        }
        Some(cause)
    }

    fn how_to_roll_back(&self) -> String {
        match &self.watch.ours().previous {
            Some(previous) => format!(
                "To roll back: aws ecs update-service --cluster {} --service {} --task-definition {}",
                self.target.cluster,
                self.target.service,
                last_part(previous)
            ),
            None => "There is no completed deployment to roll back to.".to_owned(),
        }
    }

    fn outcome(&self, verdict: Verdict, reason: String, left_behind: Option<String>) -> Outcome {
        let ours = self.watch.ours();
        Outcome {
            verdict,
            reason,
            deployment: Some(ours.id.clone()),
            definition: Some(ours.definition.clone()),
            previous: ours.previous.clone(),
            left_behind,
            causes: self.watch.causes().iter().cloned().collect(),
            slowest: TaskTimes::default(),
            slow: None,
        }
    }
}
