//! How a task ended, as far as the migration goes. Pure: a task in, at most one end out.

use aws_sdk_ecs::types::Task;
use ecs_tasks::{Cause, StoppedTask};

/// The end of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// The named container ended with 0, by itself.
    Well,
    /// It ended with another code.
    Code(i32, Cause),
    /// It never ran.
    NeverRan(Cause),
    /// It had begun, and nobody knows how it ended: no exit code, or a 0 after somebody else had ended the task.
    Unknown(Option<i32>, Cause),
}

/// What a stopped task says of the container that migrates. A sidecar decides nothing.
pub(crate) fn judge(task: &StoppedTask, container: &str) -> End {
    let only = [container.to_owned()];
    let cause = task.cause(&only);
    match task.container(container).and_then(|it| it.exit_code) {
        // ECS asks a container to end and takes its 0 for an answer: whether its work was done nobody can know.
        Some(0) if !ended_by_itself(task) => End::Unknown(Some(0), cause),
        Some(0) => End::Well,
        Some(code) => End::Code(code, cause),
        None if task.ran() && task.stop_code.as_deref() != Some("TaskFailedToStart") => {
            End::Unknown(None, cause)
        }
        None => End::NeverRan(cause),
    }
}

fn ended_by_itself(task: &StoppedTask) -> bool {
    task.stop_code.as_deref().is_none_or(|code| code == "EssentialContainerExited")
}

/// Whether a task that never ran may well run when it is asked for again.
pub(crate) fn is_capacity(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    // RunTask's `failures[]` name what a cluster lacks: `RESOURCE:MEMORY`, `RESOURCE:ENI`.
    reason.starts_with("resource:")
        || reason.contains("capacity is unavailable")
        || reason.contains("insufficient capacity")
        || reason.contains("no container instances")
        || reason == "agent"
}

/// Seconds between the end of the container and the end of its task, by ECS's clock.
pub(crate) fn seconds_since_its_end(task: &Task) -> f64 {
    match (task.execution_stopped_at(), task.stopped_at()) {
        (Some(ended), Some(stopped)) => (stopped.as_secs_f64() - ended.as_secs_f64()).max(0.0),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use ecs_tasks::StoppedContainer;

    use super::*;

    fn task(code: &str, started: bool, containers: &[(&str, Option<i32>)]) -> StoppedTask {
        StoppedTask {
            arn: "arn:aws:ecs:eu-west-1:1:task/c/0123".to_owned(),
            stop_code: Some(code.to_owned()),
            reason: Some("why".to_owned()),
            started_at: started.then_some(1.0),
            containers: containers
                .iter()
                .map(|(name, exit_code)| StoppedContainer {
                    name: (*name).to_owned(),
                    exit_code: *exit_code,
                    ..StoppedContainer::default()
                })
                .collect(),
            ..StoppedTask::default()
        }
    }

    fn word(task: &StoppedTask) -> String {
        match judge(task, "api") {
            End::Well => "well".to_owned(),
            End::Code(code, _) => code.to_string(),
            End::NeverRan(_) => "never ran".to_owned(),
            End::Unknown(code, _) => format!("unknown {code:?}"),
        }
    }

    #[test]
    fn the_named_container_decides() {
        let exited = "EssentialContainerExited";
        for (code, started, containers, expected) in [
            (exited, true, vec![("api", Some(0))], "well"),
            (exited, true, vec![("api", Some(7))], "7"),
            (exited, true, vec![("proxy", Some(137)), ("api", Some(0))], "well"),
            (exited, true, vec![("proxy", Some(0)), ("api", Some(137))], "137"),
            (exited, true, vec![("api", None)], "unknown None"),
            (exited, true, vec![("proxy", Some(0))], "unknown None"),
            ("TaskFailedToStart", false, vec![("api", None)], "never ran"),
            ("TaskFailedToStart", false, vec![], "never ran"),
            ("SpotInterruption", true, vec![("api", Some(143))], "143"),
            ("SpotInterruption", true, vec![("api", Some(0))], "unknown Some(0)"),
            ("UserInitiated", true, vec![("api", Some(0))], "unknown Some(0)"),
            ("NotKnownYet", true, vec![("api", Some(0))], "unknown Some(0)"),
        ] {
            assert_eq!(word(&task(code, started, &containers)), expected, "{code} {containers:?}");
        }
    }

    #[test]
    fn capacity_is_told_from_mistakes() {
        for reason in [
            "RESOURCE:MEMORY",
            "Capacity is unavailable at this time. Please try again later or in a different availability zone",
            "AGENT",
        ] {
            assert!(is_capacity(reason), "{reason}");
        }
        for reason in ["MISSING", "ATTRIBUTE", "CannotPullContainerError: not found"] {
            assert!(!is_capacity(reason), "{reason}");
        }
    }
}
