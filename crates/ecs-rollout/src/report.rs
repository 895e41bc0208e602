//! What people read: lines of the log, annotations, the job summary. It decides nothing.

use std::{
    fmt::Write as _,
    sync::{Mutex, PoisonError},
};

use actions_runtime::Step;
use aws_session::{AwsError, Session};
use ecs_tasks::{Blame, EcsError, TaskDefinition, last_part};

use crate::{
    execute::Outcome,
    inputs::Inputs,
    look::{Seen, SeenService},
    outputs::{Outputs, Verdict},
    plan::{Action, Plan, Revision},
    service::Service,
    slow::{advice, in_detail},
    summary::{self, Told},
    timeline::{DRAINING, HEALTH_CHECKS, STARTING, Timeline, seconds},
    watch::{Event, Explained},
};

pub(crate) struct Report<'a> {
    step: &'a Step,
    session: &'a Session,
    inputs: &'a Inputs,
    timeline: Timeline,
    /// The lines of the rollout, for the summary.
    lines: Mutex<Vec<(f64, String)>>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(step: &'a Step, session: &'a Session, inputs: &'a Inputs) -> Self {
        let report =
            Self { step, session, inputs, timeline: Timeline::default(), lines: Mutex::default() };
        report.timeline.begin("looking", 0.0);
        report
    }

    fn service_name(&self) -> &str {
        self.inputs.service.as_deref().unwrap_or_default()
    }

    /// A line with its second, kept for the summary.
    fn line(&self, text: &str) {
        let at = self.step.seconds();
        self.step.say(format!("{:>7}  {text}", seconds(at)));
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push((at, text.to_owned()));
    }

    // The plan.

    pub(crate) fn plan(&self, plan: &Plan, seen: &Seen) {
        if let Some(service) = &seen.service {
            let now = &service.now;
            let state = now.primary().map_or_else(String::new, |primary| {
                format!(", {} of {} running", primary.running, tasks(primary.desired))
            });
            self.step.say(format!(
                "`{}` in `{}` runs `{}`{state}",
                now.name, self.inputs.cluster, service.runs
            ));
        }
        for note in &plan.notes {
            self.step.notice(note);
        }
        if !plan.changes.is_empty() {
            let _group = self.step.group(format!("What changes ({})", plan.changes.len()));
            for change in &plan.changes {
                self.step.say(format!("  {change}"));
            }
        }
        for line in self.intentions(plan, seen) {
            self.step.say(line);
        }
    }

    /// What the preflight could not look at.
    pub(crate) fn not_checked(&self, notes: &[String]) {
        for note in notes {
            self.step.say(note);
        }
    }

    /// The plan in sentences.
    fn intentions(&self, plan: &Plan, seen: &Seen) -> Vec<String> {
        let mut lines = Vec::new();
        match &plan.revision {
            Revision::New(definition) if self.inputs.rollback_to.is_some() => {
                lines.push(format!("register `{definition}` again, for it is INACTIVE by now"));
            }
            Revision::New(definition) => {
                lines.push(format!("register a new revision of `{}`", definition.family()));
            }
            Revision::Registered(definition) => {
                lines.push(format!("use the revision `{definition}`, which is there already"));
            }
        }
        if plan.commits.is_some() {
            lines.push("tag it with this commit".to_owned());
        }
        match &plan.action {
            Action::RegisterOnly => {
                lines.push("deploy nothing, for no `service` is named".to_owned());
            }
            Action::Nothing => lines.push(
                "change nothing: exactly this runs, completed and with all its tasks".to_owned(),
            ),
            Action::Adopt { id } => {
                lines.push(format!("watch deployment {id}, which deploys exactly this already"));
            }
            Action::Update(update) => {
                let why = update.why.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
                let count = update.desired_count.map_or_else(String::new, |count| {
                    format!(" to {}", tasks(i32::try_from(count).unwrap_or(i32::MAX)))
                });
                lines.push(format!("update `{}`{count}, once{why}", self.service_name()));
                if let Some(service) = &seen.service {
                    lines.push(self.what_if_it_fails(plan, service));
                }
            }
        }
        lines
    }

    fn what_if_it_fails(&self, plan: &Plan, service: &SeenService) -> String {
        let back = plan.previous.as_deref().map(last_part);
        match (back, service.settings.rolls_back, self.inputs.rollback) {
            (None, ..) => {
                "if it fails: nothing to go back to, for no deployment has completed yet".to_owned()
            }
            (Some(back), true, _) => format!("if it fails: ECS rolls back to `{back}` by itself"),
            (Some(back), false, crate::inputs::Rollback::OnFailure) => {
                format!("if it fails: this run rolls back to `{back}`")
            }
            (Some(_), false, crate::inputs::Rollback::Never) => {
                "if it fails: nothing is rolled back, as `rollback` says".to_owned()
            }
        }
    }

    pub(crate) fn planned(&self, plan: &Plan, seen: &Seen) -> Outputs {
        let reason = format!("a dry run: would {}", self.intentions(plan, seen).join("; "));
        let definition = plan.revision.definition();
        self.step.say("dry run: nothing was changed");
        for section in
            summary::planned(self.service_name(), &self.intentions(plan, seen), &plan.changes)
        {
            self.step.summary(section);
        }
        Outputs {
            verdict: Verdict::Planned,
            deployment_id: None,
            task_definition_arn: definition
                .arn()
                .filter(|_| matches!(plan.revision, Revision::Registered(_)))
                .map(str::to_owned),
            previous_task_definition_arn: plan.previous.clone(),
            reason,
            seconds: self.step.seconds(),
        }
    }

    // While it goes on.

    pub(crate) fn registering(&self) {
        self.timeline.begin("registering", self.step.seconds());
    }

    pub(crate) fn registered(&self, definition: &TaskDefinition) {
        self.line(&format!("registered `{definition}`"));
    }

    pub(crate) fn tagged(&self, definition: &TaskDefinition, error: Option<&AwsError>) {
        match error {
            None => self.line(&format!("tagged `{definition}` with this commit")),
            Some(error) => self.line(&format!(
                "`{definition}` could not be tagged with this commit, so that `rollback-to` will not find it by that: {error}"
            )),
        }
    }

    pub(crate) fn started(&self, id: &str, definition: &TaskDefinition, service: &SeenService) {
        self.line(&format!("deployment {id} began: `{}` → `{definition}`", service.runs));
        self.timeline.begin(STARTING, self.step.seconds());
    }

    pub(crate) fn live(&self, service: &Service, ours: &str) {
        if let Some(deployment) = service.deployment(ours).or_else(|| service.primary()) {
            self.step.live(format!(
                "{}: {} of {} running, {} pending, {} failed",
                service.name,
                deployment.running,
                deployment.desired,
                deployment.pending,
                deployment.failed
            ));
        }
    }

    pub(crate) fn event(&self, event: &Event) {
        let at = self.step.seconds();
        match event {
            Event::Tasks { running, desired: 0, .. } if *running > 0 => {
                self.line(&format!("{} of the deployment still to be stopped", tasks(*running)));
            }
            Event::Tasks { running, pending, desired, failed } => {
                let mut line = format!("{running} of {} running", tasks(*desired));
                if *pending > 0 {
                    _ = write!(line, ", {pending} pending");
                }
                if *failed > 0 {
                    _ = write!(line, ", ECS counts {failed} failed");
                }
                let full = running >= desired && *pending == 0;
                self.timeline.begin(if full { HEALTH_CHECKS } else { STARTING }, at);
                self.line(&line);
            }
            Event::Draining { running, going } => {
                if *going {
                    self.timeline.begin(DRAINING, at);
                }
                match running {
                    0 => self.line("the old revision is gone"),
                    running => {
                        self.line(&format!("the old revision still has {}", tasks(*running)));
                    }
                }
            }
            Event::Stage(stage) => self.line(&format!("stage {stage}")),
            Event::Hook(message) => self.line(message),
            Event::Ecs(message) => self.line(&format!("ECS: {message}")),
            Event::Failed(reason) => self.line(&format!("ECS gave the deployment up: {reason}")),
            Event::RollingBack { to, by_us } => {
                self.timeline.begin("rolling back", at);
                let who = if *by_us { "the rollback" } else { "ECS's rollback" };
                self.line(&format!("{who} to `{}` goes on", last_part(to)));
            }
            Event::Unknown(state) => self.line(&format!(
                "ECS reports the state {state}, which this version does not know: watching on"
            )),
        }
    }

    /// A new cause for which tasks stopped.
    pub(crate) fn stopped(&self, explained: &Explained) {
        let whose = match explained.cause.blame {
            Blame::Release => "failed",
            Blame::Platform => "was lost",
            Blame::Asked => "was stopped",
        };
        let check = explained.check.as_ref().map_or_else(String::new, |check| format!(": {check}"));
        self.line(&format!(
            "task {} {whose}: {}{check}",
            short(explained.task.id()),
            explained.cause
        ));
        if let Some(advice) = &explained.cause.advice {
            self.step.say(format!("         what to do: {advice}"));
        }
        self.log_of(explained);
    }

    pub(crate) fn late_lines(&self, explained: &Explained) {
        self.line(&format!("task {} had logged:", short(explained.task.id())));
        self.log_of(explained);
    }

    fn log_of(&self, explained: &Explained) {
        if let Some(note) = &explained.log_note {
            self.step.say(format!("         {note}"));
        }
        if !explained.log.is_empty() {
            self.step.foreign(&explained.log.join("\n"));
        }
    }

    pub(crate) fn verifying(&self, url: &str, good_for: std::time::Duration) {
        self.timeline.begin("verifying", self.step.seconds());
        let good_for = seconds(good_for.as_secs_f64());
        self.line(&format!("ECS is done; asking {url}, which has to answer well for {good_for}"));
    }

    /// One answer; `problem` is what was wrong with it. Only changes are told.
    pub(crate) fn answered(&self, problem: Option<&str>) {
        let line = match problem {
            Some(problem) => format!("a bad answer: {problem}"),
            None => "a good answer".to_owned(),
        };
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let told = lines.last().is_some_and(|(_, last)| *last == line);
        drop(lines);
        if !told {
            self.line(&line);
        }
    }

    pub(crate) fn failed(&self, cause: &str) {
        self.line(&format!("the deployment failed: {cause}"));
    }

    pub(crate) fn rollback_asked(&self, by: &str, previous: Option<&str>) {
        self.timeline.begin("rolling back", self.step.seconds());
        self.line(&format!(
            "asked ECS to roll back to `{}` ({by})",
            previous.map(last_part).unwrap_or_default()
        ));
    }

    pub(crate) fn warn(&self, text: &str) {
        self.step.warning(text);
    }

    pub(crate) fn blind(&self, error: &EcsError) {
        let said = error.aws().map_or_else(String::new, |error| format!(": {}", error.message()));
        self.line(&format!("the service cannot be seen for the moment: {error}{said}"));
    }

    pub(crate) fn tasks_unreadable(&self, error: &EcsError) {
        if error.aws().is_some_and(AwsError::is_access_denied) {
            self.once("why tasks stop cannot be told: this run may not call ecs:ListTasks and ecs:DescribeTasks");
        } else {
            self.once(&format!("why tasks stop cannot be told: {error}"));
        }
    }

    pub(crate) fn targets_unreadable(&self, error: &AwsError) {
        let why = if error.is_access_denied() {
            format!("this run may not call {}", error.operation())
        } else {
            error.to_string()
        };
        self.line(&format!("not checked: whether a target is healthy ({why})"));
    }

    pub(crate) fn records_unreadable(&self) {
        self.once("this run may not read service deployments (ecs:ListServiceDeployments, ecs:DescribeServiceDeployments, ecs:DescribeServiceRevisions): a rollback is told by its task definition");
    }

    fn once(&self, text: &str) {
        let told = self
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .any(|(_, line)| line == text);
        if !told {
            self.line(text);
        }
    }

    // The end.

    pub(crate) fn cancelled_before_anything(&self) -> Outputs {
        let reason = "cancelled before anything was changed".to_owned();
        self.step.say(&reason);
        Outputs {
            verdict: Verdict::Cancelled,
            deployment_id: None,
            task_definition_arn: None,
            previous_task_definition_arn: None,
            reason,
            seconds: self.step.seconds(),
        }
    }

    pub(crate) fn end(&self, outcome: Outcome) -> Outputs {
        let took = self.step.seconds();
        let calls = self.session.calls().sentence();
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let spans = in_detail(self.timeline.spans(took), outcome.slowest);
        let slow = match &outcome.slow {
            Some(slow) => advice(&spans, slow),
            None => Vec::new(),
        };
        let told = Told {
            inputs: self.inputs,
            took,
            calls: &calls,
            lines: &lines,
            spans: &spans,
            slow: &slow,
        };
        for section in summary::sections(&outcome, &told) {
            self.step.summary(section);
        }
        let line = format!("{} after {}: {}", outcome.verdict, seconds(took), outcome.reason);
        match outcome.verdict {
            Verdict::Deployed | Verdict::Unchanged | Verdict::Planned => {
                self.step.say(format!("{line} ({calls})"));
            }
            Verdict::Cancelled => self.step.say(line),
            Verdict::Failed | Verdict::RolledBack | Verdict::Superseded | Verdict::TimedOut => {
                self.step.say(format!("({calls})"));
                self.step.error(line);
            }
        }
        for sentence in &slow {
            self.step.say(format!("what made it slow: {sentence}"));
        }
        if let Some(left) = &outcome.left_behind {
            self.step.say(left);
        }
        Outputs {
            verdict: outcome.verdict,
            deployment_id: outcome.deployment,
            task_definition_arn: outcome.definition,
            previous_task_definition_arn: outcome.previous,
            reason: outcome.reason,
            seconds: took,
        }
    }
}

/// `2 tasks`, `1 task`.
pub(crate) fn tasks(count: i32) -> String {
    if count == 1 { "1 task".to_owned() } else { format!("{count} tasks") }
}

/// The beginning of a task's id is enough for people.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
