//! The words of a timeline: what happens, and what it waits for.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

use crate::operation::known_operation;

/// One line of a timeline. Counts are tasks; "ours" is the deployment or the one task whose timeline this is.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    /// `200ms`, `3 looks` (that many answers to `DescribeServices`, for a task to `DescribeTasks`), or `2 UpdateService` (calls of an operation),
    /// counted since the step before.
    Wait(Wait),
    /// Repeats steps: `{times: 3, steps: […]}`.
    Repeat(Repeat),
    /// New tasks of ours, PENDING.
    Start(u32),
    /// So many of our PENDING tasks become RUNNING.
    Run(u32),
    /// So many tasks of older deployments stop.
    Drain(u32),
    /// Everything that is left to do: all tasks run, older ones are gone, the deployment is COMPLETED.
    Complete,
    /// The container ends by itself: an exit code, or `{code, tasks, reason, others, log}`.
    Exit(Exit),
    /// The task never ran: the reason, or `{reason, tasks}`. No exit code.
    CannotStart(CannotStart),
    /// AWS stops the task: `{stop-code, reason, tasks, code}` (health checks, Spot, maintenance).
    Kill(Kill),
    /// ECS gives the deployment up for a reason of its own (an alarm, say) and rolls back where the service says so.
    Fail(String),
    /// Lines of our tasks' log: a list, or `{container, lines}` or `{container, burst}` (that many kilobytes).
    Log(Log),
    /// A line among the service's events.
    Event(String),
    /// Autoscaling sets the service's desired count.
    Desired(u32),
    /// Somebody else deploys the service: `{}` forces a new deployment, `{image}` makes and deploys a new revision.
    SomeoneDeploys(SomeoneDeploys),
    /// The task ends another way once `StopTask` is asked for: the steps from then on. Without it: one look later, exit code 143.
    OnStop(Steps),
    /// Members of AWS's answers as they are from now on, for what has no word here; `null` ends it: `{service, deployment, service-deployment, task}`.
    Set(Box<Set>),
}

pub(crate) type Steps = Vec<Step>;

#[derive(Debug, Clone)]
pub(crate) enum Wait {
    Time(Duration),
    Looks(u32),
    Calls(u32, String),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Repeat {
    pub(crate) times: u32,
    pub(crate) steps: Steps,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(remote = "Self", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Exit {
    /// Of the first essential container that `others` does not name; `null` is a container that left none.
    pub(crate) code: Option<i32>,
    #[serde(default = "one")]
    pub(crate) tasks: u32,
    /// The container's own reason ("`OutOfMemoryError`: …").
    #[serde(default)]
    pub(crate) reason: Option<String>,
    /// Exit codes of the task's other containers; those not named exit with 0, and `null` is none.
    #[serde(default)]
    pub(crate) others: BTreeMap<String, Option<i32>>,
    #[serde(default)]
    pub(crate) log: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(remote = "Self", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct CannotStart {
    pub(crate) reason: String,
    #[serde(default = "one")]
    pub(crate) tasks: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Kill {
    pub(crate) stop_code: String,
    pub(crate) reason: String,
    #[serde(default = "one")]
    pub(crate) tasks: u32,
    /// Exit code of the containers; none when they left none.
    #[serde(default)]
    pub(crate) code: Option<i32>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(remote = "Self", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Log {
    #[serde(default)]
    pub(crate) container: Option<String>,
    #[serde(default)]
    pub(crate) lines: Vec<String>,
    #[serde(default)]
    burst: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct SomeoneDeploys {
    #[serde(default)]
    pub(crate) image: Option<String>,
    #[serde(default)]
    pub(crate) task_definition: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Set {
    #[serde(default)]
    pub(crate) service: Option<Value>,
    #[serde(default)]
    pub(crate) deployment: Option<Value>,
    #[serde(default)]
    pub(crate) service_deployment: Option<Value>,
    #[serde(default)]
    pub(crate) task: Option<Value>,
}

const fn one() -> u32 {
    1
}

impl<'de> Deserialize<'de> for Wait {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let Some(wait) = parse_wait(&text) else {
            let expected = "expected `200ms`, `2s`, `3 looks` or `2 UpdateService`";
            return Err(de::Error::custom(format!("`wait: {text}`: {expected}")));
        };
        if let Self::Calls(_, operation) = &wait {
            known_operation(operation).map_err(de::Error::custom)?;
        }
        Ok(wait)
    }
}

fn parse_wait(text: &str) -> Option<Wait> {
    if let Some(time) = parse_duration(text) {
        return Some(Wait::Time(time));
    }
    let (count, what) = match text.split_once(' ') {
        Some((count, what)) => (count.parse().ok().filter(|count| *count > 0)?, what),
        None => (1, text),
    };
    match what {
        "look" | "looks" => Some(Wait::Looks(count)),
        operation if operation.starts_with(|first: char| first.is_ascii_uppercase()) => {
            Some(Wait::Calls(count, operation.into()))
        }
        _ => None,
    }
}

impl Step {
    /// Whether it says something of one task; the rest is about a service.
    pub(crate) fn fits_a_task(&self) -> bool {
        match self {
            Self::Wait(_)
            | Self::Start(_)
            | Self::Run(_)
            | Self::Exit(_)
            | Self::CannotStart(_)
            | Self::Kill(_)
            | Self::Log(_)
            | Self::OnStop(_) => true,
            Self::Repeat(repeat) => repeat.steps.iter().all(Self::fits_a_task),
            Self::Set(set) => {
                set.service.is_none()
                    && set.deployment.is_none()
                    && set.service_deployment.is_none()
            }
            Self::Drain(_)
            | Self::Complete
            | Self::Fail(_)
            | Self::Event(_)
            | Self::Desired(_)
            | Self::SomeoneDeploys(_) => false,
        }
    }
}

impl Exit {
    pub(crate) fn with(code: i32) -> Self {
        Self { code: Some(code), tasks: 1, ..Self::default() }
    }
}

impl Log {
    /// Lines of the container that decides.
    pub(crate) fn of(lines: &[String]) -> Self {
        Self { lines: lines.to_vec(), ..Self::default() }
    }
}

/// `200ms`, `1.5s`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s')?, 1.0),
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * unit).ok()
}

// What may be written short (`exit: 7`) or long (`exit: {code: 7, …}`): the derived, long form is an inherent `deserialize`.

impl<'de> Deserialize<'de> for Exit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Value::deserialize(deserializer)?;
        match written.as_i64().and_then(|code| i32::try_from(code).ok()) {
            Some(code) => Ok(Self::with(code)),
            None => Self::deserialize(written).map_err(de::Error::custom),
        }
    }
}

impl<'de> Deserialize<'de> for CannotStart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(reason) => Ok(Self { reason, tasks: 1 }),
            written => Self::deserialize(written).map_err(de::Error::custom),
        }
    }
}

impl<'de> Deserialize<'de> for Log {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = match Value::deserialize(deserializer)? {
            Value::Array(lines) => json!({"lines": lines}),
            written => written,
        };
        let mut log = Self::deserialize(written).map_err(de::Error::custom)?;
        // A kilobyte is eight lines of 128 bytes, each with its number: a lost or doubled one shows.
        log.lines.extend(
            (0..log.burst * 8).map(|number| format!("line {number:07} {}", "x".repeat(115))),
        );
        Ok(log)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_a_time_a_number_of_looks_or_of_calls() {
        assert!(
            matches!(parse_wait("200ms"), Some(Wait::Time(time)) if time == Duration::from_millis(200))
        );
        assert!(
            matches!(parse_wait("1.5s"), Some(Wait::Time(time)) if time == Duration::from_millis(1500))
        );
        assert!(matches!(parse_wait("1 look"), Some(Wait::Looks(1))));
        assert!(matches!(parse_wait("3 looks"), Some(Wait::Looks(3))));
        assert!(
            matches!(parse_wait("StopTask"), Some(Wait::Calls(1, operation)) if operation == "StopTask")
        );
        assert!(matches!(parse_wait("2 UpdateService"), Some(Wait::Calls(2, _))));
        for wrong in ["", "soon", "0 looks", "3 peeks", "-1s", "ms"] {
            assert!(parse_wait(wrong).is_none(), "{wrong}");
        }
    }
}
