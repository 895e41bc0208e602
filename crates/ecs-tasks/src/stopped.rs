//! Why a task ended, in words, and what to do about it. Pure: tasks in, sentences out.

use std::fmt;

use aws_sdk_ecs::types::{HealthStatus, Task, TaskStopCode};

use crate::shortened;

/// The end of one task, as `DescribeTasks` tells it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoppedTask {
    pub arn: String,
    pub started_by: String,
    /// The ARN of its task definition.
    pub definition: String,
    /// Seconds since 1970 by ECS's clock, all of them.
    pub created_at: Option<f64>,
    pub pull_started_at: Option<f64>,
    pub pull_stopped_at: Option<f64>,
    /// Set once the task was RUNNING.
    pub started_at: Option<f64>,
    pub stopped_at: Option<f64>,
    pub stop_code: Option<String>,
    pub reason: Option<String>,
    /// Its addresses in the service's subnets.
    pub addresses: Vec<String>,
    pub containers: Vec<StoppedContainer>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoppedContainer {
    pub name: String,
    /// Absent where the container never ran, or ECS lost it: a failure either way.
    pub exit_code: Option<i32>,
    pub reason: Option<String>,
    pub unhealthy: bool,
}

/// Whose doing it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The release: the image, its configuration, or what they need. A next task will end in the same way.
    Release,
    /// The platform: a Spot interruption, a host that went away. A next task may well live.
    Platform,
    /// Nobody: it was asked to stop, by ECS's scheduler or by a person.
    Asked,
}

/// A distinct cause of tasks that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    pub blame: Blame,
    /// One line: what happened.
    pub what: String,
    /// One line: what to do.
    pub advice: Option<String>,
    /// The container whose log tells more, where one ran.
    pub container: Option<String>,
    /// Equal for tasks that ended for the same cause.
    pub key: String,
}

impl StoppedTask {
    /// The last part of the ARN, which also ends the name of its log streams.
    pub fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }

    /// Whether it had been RUNNING.
    pub fn ran(&self) -> bool {
        self.started_at.is_some()
    }

    /// The ARN of the target group whose check it failed, where that is why ECS stopped it.
    pub fn failed_target_group(&self) -> Option<&str> {
        let reason = self.reason.as_deref().filter(|it| it.contains("ELB health checks"))?;
        let (_, arn) = reason.split_once("(target-group ")?;
        arn.split(')').next()
    }

    pub fn container(&self, name: &str) -> Option<&StoppedContainer> {
        self.containers.iter().find(|container| container.name == name)
    }

    /// Why it ended. `essential` are the containers whose end ends the task.
    pub fn cause(&self, essential: &[String]) -> Cause {
        let blame = self.blame();
        let reason = self.reason.as_deref().unwrap_or_default();
        let culprit = self.culprit(essential);
        let what = match culprit {
            // The reason of a failed start or a failed check says all; an exit code would only distract.
            Some(culprit) if !self.told_by_its_reason() => {
                let mut what = format!("container `{}` {}", culprit.name, in_words(culprit));
                if let Some(detail) =
                    culprit.reason.as_deref().filter(|it| !it.is_empty() && !what.contains(*it))
                {
                    what = format!("{what}: {}", shortened(detail));
                }
                what
            }
            _ if reason.is_empty() => match culprit {
                Some(StoppedContainer { name, reason: Some(detail), .. }) => {
                    format!("container `{name}`: {}", shortened(detail))
                }
                _ => format!(
                    "the task stopped ({})",
                    self.stop_code.as_deref().unwrap_or("no reason given")
                ),
            },
            _ => shortened(reason),
        };
        let advice = advice(reason, culprit).map(str::to_owned);
        let container = culprit
            .filter(|culprit| self.ran() || culprit.exit_code.is_some())
            .map(|culprit| culprit.name.clone());
        let key =
            format!("{}|{}", self.stop_code.as_deref().unwrap_or_default(), without_ids(&what));
        Cause { blame, what, advice, container, key }
    }

    fn blame(&self) -> Blame {
        let reason = self.reason.as_deref().unwrap_or_default();
        match self.stop_code.as_deref() {
            Some("UserInitiated") => Blame::Asked,
            // A failed health check is carried out by the scheduler too.
            Some("ServiceSchedulerInitiated")
                if !reason.contains("failed") && !reason.contains("unhealthy") =>
            {
                Blame::Asked
            }
            Some("SpotInterruption" | "TerminationNotice" | "InfrastructureHealth") => {
                Blame::Platform
            }
            _ => Blame::Release,
        }
    }

    fn told_by_its_reason(&self) -> bool {
        let reason = self.reason.as_deref().unwrap_or_default();
        let generic = reason.is_empty() || reason.starts_with("Essential container in task exited");
        match self.stop_code.as_deref() {
            Some("EssentialContainerExited") => false,
            _ => !generic,
        }
    }

    /// The container that ended the task: the others were only stopped after it, with 137 or 143.
    fn culprit(&self, essential: &[String]) -> Option<&StoppedContainer> {
        let is_essential =
            |it: &&StoppedContainer| essential.is_empty() || essential.contains(&it.name);
        let containers = || self.containers.iter().filter(is_essential);
        containers()
            .find(|it| it.exit_code.is_some_and(|code| !matches!(code, 0 | 137 | 143)))
            .or_else(|| {
                containers()
                    .find(|it| it.reason.as_deref().is_some_and(|reason| !reason.is_empty()))
            })
            .or_else(|| containers().find(|it| it.unhealthy))
            .or_else(|| containers().find(|it| it.exit_code == Some(0)))
            .or_else(|| containers().find(|it| it.exit_code.is_some()))
            .or_else(|| containers().next())
            .or_else(|| self.containers.first())
    }
}

impl Cause {
    /// What the last lines of the log add: some causes are only told there.
    #[must_use]
    pub fn with_log(mut self, lines: &[String]) -> Self {
        if lines.iter().any(|line| line.contains("exec format error")) {
            self.advice = Some(
                "the image was built for another CPU architecture than the task's `runtimePlatform`: build it for that one".to_owned(),
            );
        }
        self
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// How a container ended: `exited with 137: …`.
fn in_words(container: &StoppedContainer) -> String {
    let Some(code) = container.exit_code else {
        return "ended without an exit code: it never ran, or ECS lost it".to_owned();
    };
    let out_of_memory =
        container.reason.as_deref().is_some_and(|reason| reason.contains("OutOfMemory"));
    let words = match code {
        137 if out_of_memory => "killed for using more memory than it has",
        _ => return format!("exited with {}", exit_code_in_words(code)),
    };
    format!("exited with 137: {words}")
}

/// An exit code and what it usually means: `139: a segmentation fault`. Of 1 and other codes of its own nothing is known.
pub fn exit_code_in_words(code: i32) -> String {
    let words = match code {
        0 => "done, but a service's container has to keep running",
        2 => "often a wrong argument or a misuse of the shell",
        125 => "the container engine failed",
        126 => "its command was found but cannot be executed",
        127 => "its command was not found in the image",
        130 => "interrupted (SIGINT)",
        132 => "an illegal instruction: built for another CPU?",
        134 => "aborted (SIGABRT): a failed assertion, or a runtime that gave up",
        135 => "a bus error (SIGBUS)",
        136 => "an arithmetic error (SIGFPE)",
        137 => {
            "killed (SIGKILL): out of memory, or still running `stopTimeout` after it was asked to stop"
        }
        139 => "a segmentation fault (SIGSEGV)",
        141 => "a broken pipe (SIGPIPE)",
        143 => "it was asked to stop (SIGTERM)",
        129..=192 => return format!("{code}: ended by signal {}", code - 128),
        _ => return code.to_string(),
    };
    format!("{code}: {words}")
}

/// What to do, by the words that ECS, the agent and the engines use. First match wins: special before general.
fn advice(reason: &str, culprit: Option<&StoppedContainer>) -> Option<&'static str> {
    let detail = culprit.and_then(|it| it.reason.as_deref()).unwrap_or_default();
    let has = |needle: &str| reason.contains(needle) || detail.contains(needle);
    let by_words: [(&[&str], &str); 17] = [
        (
            &["toomanyrequests", "pull rate limit"],
            "the registry limits pulls: copy the image to ECR",
        ),
        (
            &["platform", "no matching manifest", "descriptor matching"],
            "the image has no variant for the task's CPU architecture: build it for `runtimePlatform`",
        ),
        (
            &["CannotPullContainerError", "i/o timeout"],
            "the task cannot reach the registry: give its subnet a NAT gateway or VPC endpoints for ECR and S3, or a public address",
        ),
        (
            &["CannotPullContainerError", "not authorized"],
            "let the execution role pull: ecr:GetAuthorizationToken, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer",
        ),
        (
            &["CannotPullContainerError", "denied"],
            "let the execution role pull: ecr:GetAuthorizationToken, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer",
        ),
        (
            &["CannotPull"],
            "check that the image exists under exactly that name, and that the execution role may pull it",
        ),
        (
            &["image digest resolution"],
            "check that the image exists under exactly that name, and that the execution role may pull it",
        ),
        (
            &["ResourceInitializationError", "AccessDenied"],
            "let the execution role read the secret: secretsmanager:GetSecretValue, and kms:Decrypt for its key",
        ),
        (
            &["ResourceInitializationError", "ResourceNotFoundException"],
            "a secret of the task definition does not exist (any more), or not at that stage",
        ),
        (
            &["ResourceInitializationError", "did not contain json key"],
            "the secret lacks that JSON key: check the end of `valueFrom`",
        ),
        (
            &["ResourceInitializationError", "log"],
            "the log group must exist, or `awslogs-create-group` be true and allowed for the execution role",
        ),
        (
            &["ResourceInitializationError"],
            "the task could not fetch what it needs to start: check its secrets, its execution role and its way to the internet or to VPC endpoints",
        ),
        (
            &["OutOfMemory"],
            "raise the task's or the container's `memory`, or let the program use less",
        ),
        (
            &["ELB health checks"],
            "the target group's check does not get its answer: compare its path, port and codes with the container, its timeout with the start-up time, and raise `healthCheckGracePeriodSeconds` for a slow start",
        ),
        (
            &["health check"],
            "the container's own `healthCheck` fails: run its command inside the image, and give it a `startPeriod`",
        ),
        (&["executable file not found"], "the command or entry point does not exist in the image"),
        (&["permission denied"], "the command is not executable for the image's user"),
    ];
    for (words, advice) in by_words {
        if words.iter().all(|word| has(word)) {
            return Some(advice);
        }
    }
    match culprit?.exit_code? {
        0 => Some(
            "a service needs a process that stays in the foreground; a job that ends belongs into a one-off task",
        ),
        126 => Some(
            "make the command executable in the image, and build the image for the task's CPU architecture",
        ),
        127 => Some("check `command` and `entryPoint` against what the image holds"),
        137 => Some(
            "raise the task's or the container's `memory`, or let the program end sooner when it is asked to",
        ),
        132 | 139 => Some(
            "a crash in native code: look at the log, and at the CPU architecture that the image was built for",
        ),
        _ => None,
    }
}

/// Ids, addresses and numbers out, so that two tasks that failed alike are alike. Exit codes are short and stay.
fn without_ids(text: &str) -> String {
    text.split(|c: char| !(c.is_alphanumeric() || c == '-'))
        .map(
            |word| {
                if word.len() > 4 && word.contains(|c: char| c.is_ascii_digit()) {
                    "#"
                } else {
                    word
                }
            },
        )
        .collect::<Vec<_>>()
        .join(" ")
}

impl From<&Task> for StoppedTask {
    fn from(task: &Task) -> Self {
        let seconds = |time: Option<&aws_sdk_ecs::primitives::DateTime>| {
            time.map(aws_sdk_ecs::primitives::DateTime::as_secs_f64)
        };
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            arn: text(task.task_arn()),
            started_by: text(task.started_by()),
            definition: text(task.task_definition_arn()),
            created_at: seconds(task.created_at()),
            pull_started_at: seconds(task.pull_started_at()),
            pull_stopped_at: seconds(task.pull_stopped_at()),
            started_at: seconds(task.started_at()),
            stopped_at: seconds(task.stopped_at()),
            stop_code: task.stop_code().map(TaskStopCode::as_str).map(str::to_owned),
            reason: task.stopped_reason().map(str::to_owned),
            addresses: task
                .containers()
                .iter()
                .flat_map(aws_sdk_ecs::types::Container::network_interfaces)
                .filter_map(|interface| interface.private_ipv4_address())
                .map(str::to_owned)
                .collect(),
            containers: task
                .containers()
                .iter()
                .map(|container| StoppedContainer {
                    name: text(container.name()),
                    exit_code: container.exit_code(),
                    reason: container.reason().map(str::to_owned),
                    unhealthy: container.health_status() == Some(&HealthStatus::Unhealthy),
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(code: &str, reason: &str, containers: &[(&str, Option<i32>, &str)]) -> StoppedTask {
        StoppedTask {
            arn: "arn:aws:ecs:eu-west-1:1:task/c/0123456789abcdef".to_owned(),
            stop_code: Some(code.to_owned()),
            reason: Some(reason.to_owned()),
            started_at: Some(1.0),
            containers: containers
                .iter()
                .map(|(name, exit_code, reason)| StoppedContainer {
                    name: (*name).to_owned(),
                    exit_code: *exit_code,
                    reason: (!reason.is_empty()).then(|| (*reason).to_owned()),
                    unhealthy: false,
                })
                .collect(),
            ..StoppedTask::default()
        }
    }

    #[track_caller]
    fn check(task: &StoppedTask, blame: Blame, what: &str, advice: &str) {
        let cause = task.cause(&[]);
        assert_eq!(cause.blame, blame, "{cause:?}");
        assert!(cause.what.contains(what), "{cause:?}");
        assert!(cause.advice.as_deref().unwrap_or_default().contains(advice), "{cause:?}");
    }

    #[test]
    fn causes_are_told_in_words() {
        let exited = "Essential container in task exited";
        check(
            &task("EssentialContainerExited", exited, &[("api", Some(1), "")]),
            Blame::Release,
            "container `api` exited with 1",
            "",
        );
        check(
            &task("EssentialContainerExited", exited, &[("api", Some(127), "")]),
            Blame::Release,
            "its command was not found",
            "entryPoint",
        );
        check(
            &task(
                "EssentialContainerExited",
                exited,
                &[("api", Some(137), "OutOfMemoryError: Container killed due to memory usage")],
            ),
            Blame::Release,
            "exited with 137: killed for using more memory than it has: OutOfMemoryError",
            "raise the task's",
        );
        check(
            &task(
                "TaskFailedToStart",
                "CannotPullContainerError: pull image manifest has been retried 5 time(s): not found",
                &[("api", None, "")],
            ),
            Blame::Release,
            "CannotPullContainerError",
            "exists under exactly that name",
        );
        check(
            &task(
                "ServiceSchedulerInitiated",
                "Task failed ELB health checks in (target-group arn:aws:x)",
                &[("api", Some(143), "")],
            ),
            Blame::Release,
            "Task failed ELB health checks",
            "target group",
        );
        check(
            &task(
                "ServiceSchedulerInitiated",
                "Scaling activity initiated by (deployment ecs-svc/1)",
                &[("api", Some(0), "")],
            ),
            Blame::Asked,
            "Scaling",
            "",
        );
        check(
            &task("SpotInterruption", "Your Spot Task was interrupted.", &[("api", Some(143), "")]),
            Blame::Platform,
            "Spot",
            "",
        );
        check(
            &task("NotKnownYet", "", &[("api", None, "")]),
            Blame::Release,
            "ended without an exit code",
            "",
        );
    }

    #[test]
    fn a_sidecar_that_was_stopped_afterwards_is_not_the_culprit() {
        let task = task(
            "EssentialContainerExited",
            "Essential container in task exited",
            &[("proxy", Some(137), ""), ("api", Some(3), "")],
        );
        assert_eq!(task.cause(&[]).container.as_deref(), Some("api"));
        assert_eq!(task.cause(&["proxy".to_owned()]).container.as_deref(), Some("proxy"));
    }

    #[test]
    fn the_same_cause_has_the_same_key_whatever_the_ids() {
        let stopped = |id: &str| {
            task(
                "TaskFailedToStart",
                &format!("ResourceInitializationError: request id {id} at 10.0.13.27"),
                &[],
            )
        };
        assert_eq!(stopped("0a1b2c3d4e").cause(&[]).key, stopped("ffee012345").cause(&[]).key);
        let exit =
            |code| task("EssentialContainerExited", "", &[("api", Some(code), "")]).cause(&[]).key;
        assert_ne!(exit(1), exit(2));
    }

    #[test]
    fn a_log_may_tell_the_architecture() {
        let cause = task("EssentialContainerExited", "", &[("api", Some(255), "")]).cause(&[]);
        let cause = cause.with_log(&["exec /app: exec format error".to_owned()]);
        assert!(cause.advice.unwrap().contains("CPU architecture"));
    }

    #[test]
    fn signals_have_their_number() {
        assert_eq!(exit_code_in_words(138), "138: ended by signal 10");
        assert_eq!(exit_code_in_words(42), "42");
    }
}
