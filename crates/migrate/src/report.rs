//! What people read: the plan, how it ended, the summary.

use actions_runtime::{
    Step,
    markdown::{code, fence, table, text},
};
use aws_sdk_ecs::types::Task;
use aws_session::Session;
use ecs_tasks::{LogPlace, LogStream, StoppedTask, as_diff, changes, exit_code_in_words};

use crate::{
    inputs::Inputs,
    judge::{End, judge},
    look::Look,
    outputs::{Outputs, Verdict},
    watch::{Log, Watched},
};

/// What will be run, and how.
pub(crate) fn plan(step: &Step, inputs: &Inputs, look: &Look) {
    let changes = changes(&look.from, &look.copy);
    let diff = as_diff(&changes);
    match &look.registered {
        Some(arn) => step.say(format!("{} is registered already", ecs_tasks::last_part(arn))),
        None => step.say(format!("new revision of {}, from {}:", look.copy.family(), look.from)),
    }
    if !diff.is_empty() {
        step.foreign(&diff);
    }
    let network = look.ask.network.as_ref().map_or_else(
        || "the host's network".to_owned(),
        |network| format!("subnets {}", network.subnets().join(", ")),
    );
    step.say(format!(
        "run container `{}` in cluster `{}` on {}, {network}",
        look.container,
        inputs.cluster,
        look.ask.capacity.in_words()
    ));
}

/// Where a person looks at the task, printed when it starts: an hour after its end ECS has forgotten it.
pub(crate) fn links(step: &Step, session: &Session, cluster: &str, arn: &str) {
    let id = ecs_tasks::last_part(arn);
    step.say(format!("task {id}"));
    if !session.endpoint_overridden("ECS") {
        let (region, cluster) = (session.region(), ecs_tasks::last_part(cluster));
        let host = match region.split('-').next() {
            Some("cn") => "console.amazonaws.cn",
            _ => "console.aws.amazon.com",
        };
        step.say(format!(
            "https://{region}.{host}/ecs/v2/clusters/{cluster}/tasks/{id}/logs?region={region}"
        ));
    }
}

/// The run's answer.
pub(crate) struct Answer<'a> {
    pub(crate) step: &'a Step,
    pub(crate) session: &'a Session,
    pub(crate) inputs: &'a Inputs,
    pub(crate) look: &'a Look,
}

/// The task of a run that started one.
pub(crate) struct Ran<'a> {
    pub(crate) arn: &'a str,
    pub(crate) place: &'a LogPlace,
    pub(crate) log: &'a Log,
}

impl Answer<'_> {
    /// A run that started no task.
    pub(crate) fn without_task(&self, verdict: Verdict, reason: String) -> Outputs {
        self.give(verdict, None, reason, None, None)
    }

    /// A run that did.
    pub(crate) fn with_task(&self, watched: &Watched, ran: &Ran<'_>) -> Outputs {
        let container = &self.look.container;
        let last = ran.log.last.iter().rev().find(|line| !line.trim().is_empty());
        let (verdict, exit_code, reason, advice, task) = match watched {
            Watched::Stopped(task) => {
                let lines: Vec<String> = ran.log.last.iter().cloned().collect();
                let end = judge(&StoppedTask::from(task.as_ref()), container);
                let (verdict, exit_code, reason, cause) = match end {
                    End::Well => {
                        (Verdict::Migrated, Some(0), format!("`{container}` ended with 0"), None)
                    }
                    End::Code(exit_code, cause) => {
                        let told = last.map(|line| format!("; its last line: {}", line.trim()));
                        let reason = format!("{cause}{}", told.unwrap_or_default());
                        (Verdict::Failed, Some(exit_code), reason, Some(cause))
                    }
                    End::NeverRan(cause) => (
                        Verdict::DidNotStart,
                        None,
                        format!("the task never ran: {cause}"),
                        Some(cause),
                    ),
                    End::Unknown(exit_code, cause) => {
                        let code = exit_code
                            .map_or("without an exit code", |_| "with 0, but not by itself");
                        let reason = format!(
                            "`{container}` ended {code} ({cause}): whether the migration is done is not known"
                        );
                        (Verdict::Failed, exit_code, reason, Some(cause))
                    }
                };
                let advice = cause.and_then(|cause| cause.with_log(&lines).advice);
                (verdict, exit_code, reason, advice, Some(task.as_ref()))
            }
            Watched::TimedOut(stopped) => {
                let minutes = self.inputs.timeout_minutes.0.as_secs_f64() / 60.0;
                let reason = format!("not done after {minutes} min: {}", stopped.in_words());
                (
                    Verdict::TimedOut,
                    code_of(stopped.task(), container),
                    reason,
                    None,
                    stopped.task(),
                )
            }
            Watched::Cancelled(stopped) => {
                let reason = format!("cancelled: {}", stopped.in_words());
                (
                    Verdict::Cancelled,
                    code_of(stopped.task(), container),
                    reason,
                    None,
                    stopped.task(),
                )
            }
            Watched::Lost(why) => {
                (Verdict::Failed, None, format!("lost sight of the task: {why}"), None, None)
            }
        };
        if let Some(advice) = &advice {
            self.step.say(format!("help: {advice}"));
        }
        let times = task.map(times);
        let mut outputs = self.give(verdict, exit_code, reason, Some(ran), times);
        outputs.task_arn = Some(ran.arn.to_owned());
        outputs
    }

    fn give(
        &self,
        verdict: Verdict,
        exit_code: Option<i32>,
        reason: String,
        ran: Option<&Ran<'_>>,
        times: Option<String>,
    ) -> Outputs {
        let stream = ran.and_then(|ran| match ran.place {
            LogPlace::CloudWatch(stream) => Some(stream.clone()),
            LogPlace::Elsewhere(_) => None,
        });
        let outputs = Outputs {
            verdict,
            exit_code,
            task_arn: ran.map(|ran| ran.arn.to_owned()),
            log_group: stream.as_ref().map(|stream| stream.group.clone()),
            log_stream: stream.as_ref().map(|stream| stream.stream.clone()),
            reason,
            seconds: self.step.seconds(),
        };
        let line = format!(
            "{} ({} s, {})",
            outputs.reason,
            outputs.seconds,
            self.session.calls().sentence()
        );
        match verdict {
            Verdict::Migrated | Verdict::Planned => self.step.say(line),
            Verdict::Cancelled => self.step.warning(&outputs.reason),
            Verdict::Failed | Verdict::DidNotStart | Verdict::TimedOut => {
                self.step.error(format!("{}: the service still runs what it ran", outputs.reason));
            }
        }
        self.summarise(&outputs, ran, stream.as_ref(), times);
        outputs
    }

    /// Read without the log: what ran, how it ended, its last lines.
    fn summarise(
        &self,
        outputs: &Outputs,
        ran: Option<&Ran<'_>>,
        stream: Option<&LogStream>,
        times: Option<String>,
    ) {
        let row = |name: &str, value: String| [name.to_owned(), value];
        let look = self.look;
        let mut rows = vec![
            row("Why", text(&outputs.reason)),
            row("Container", format!("{} of {}", code(&look.container), code(look.copy.family()))),
        ];
        if let Some(exit_code) = outputs.exit_code {
            let words = if exit_code == 0 { "0".to_owned() } else { exit_code_in_words(exit_code) };
            rows.push(row("Exit code", text(&words)));
        }
        rows.extend(look.copy.image(&look.container).map(|image| row("Image", code(image))));
        if let Some(ran) = ran {
            rows.push(row("Task", code(&ecs_tasks::last_part(ran.arn))));
            match (stream, ran.place) {
                (Some(stream), _) => {
                    let lines = ran.log.lines;
                    let (group, stream) = (code(&stream.group), code(&stream.stream));
                    rows.push(row("Log", format!("{group} {stream}, {lines} lines")));
                }
                (None, LogPlace::Elsewhere(place)) => rows.push(row("Log", text(place))),
                (None, LogPlace::CloudWatch(_)) => {}
            }
        }
        rows.extend(times.map(|times| row("Times", times)));
        rows.push(row(
            "Took",
            format!("{} s, {}", outputs.seconds, self.session.calls().sentence()),
        ));
        let title = title(outputs.verdict);
        let mut section =
            format!("### {title}: {}\n\n{}", code(look.from.family()), table(["", ""], rows));
        let last: Vec<&str> =
            ran.map(|ran| ran.log.last.iter().map(String::as_str).collect()).unwrap_or_default();
        if !last.is_empty() {
            section = format!("{section}\nIts last lines:\n\n{}", fence("", &last.join("\n")));
        }
        self.step.summary(section);
    }
}

fn title(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Migrated => "Migrated",
        Verdict::Planned => "Migration planned",
        Verdict::Failed => "Migration failed",
        Verdict::DidNotStart => "Migration did not start",
        Verdict::TimedOut => "Migration timed out",
        Verdict::Cancelled => "Migration cancelled",
    }
}

fn code_of(task: Option<&Task>, container: &str) -> Option<i32> {
    StoppedTask::from(task?).container(container)?.exit_code
}

/// `waited 12 s, pulled 4 s, ran 3 s`.
fn times(task: &Task) -> String {
    let at = |time: Option<&aws_sdk_ecs::primitives::DateTime>| {
        time.map(aws_sdk_ecs::primitives::DateTime::as_secs_f64)
    };
    let stages = [
        ("waited", at(task.created_at()), at(task.pull_started_at())),
        ("pulled", at(task.pull_started_at()), at(task.pull_stopped_at())),
        ("ran", at(task.started_at()), at(task.execution_stopped_at()).or(at(task.stopped_at()))),
    ];
    let told: Vec<String> = stages
        .into_iter()
        .filter_map(|(name, from, to)| Some(format!("{name} {:.0} s", (to? - from?).max(0.0))))
        .collect();
    told.join(", ")
}
