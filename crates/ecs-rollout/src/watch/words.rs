//! ECS's own events, shorter.

use ecs_tasks::shortened;

/// ECS begins every event with `(service todo-api) `, and writes ids and ARNs in full.
pub(crate) fn in_short(message: &str) -> String {
    let rest = message.strip_prefix("(service ").and_then(|rest| rest.split_once(") "));
    let message = rest.map_or(message, |(_, rest)| rest);
    // Ours or not is said by the judge; the id says it to nobody.
    let rest = message.strip_prefix("(deployment ecs-svc/").and_then(|rest| rest.split_once(") "));
    shortened(rest.map_or(message, |(_, rest)| rest))
}

pub(crate) fn is_problem(message: &str) -> bool {
    ["unable", "unhealthy", "failed", "failing", "cannot", "could not", "error"]
        .iter()
        .any(|word| message.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_shortened() {
        assert_eq!(
            in_short(
                "(service api) (port 80) is unhealthy in (target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/api/0123) due to (reason 502)"
            ),
            "(port 80) is unhealthy in (target-group api) due to (reason 502)"
        );
        assert_eq!(
            in_short("(service api) has started 1 tasks: (task 0123456789abcdef0123456789abcdef)."),
            "has started 1 tasks: (task 01234567)."
        );
    }
}
