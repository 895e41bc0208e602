//! What the load balancer says of the service's targets. Few calls: at the end of a deployment, and when ECS stopped a
//! task for its health.

use aws_sdk_elasticloadbalancingv2::{Client, types};
use aws_session::{AwsError, Session};
use ecs_tasks::StoppedTask;
use futures_util::future::try_join_all;

use crate::service::LoadBalancer;

/// What a target group's settings cost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TargetGroup {
    pub(crate) name: String,
    /// Seconds from check to check, and how many in a row make a target healthy.
    pub(crate) interval: i32,
    pub(crate) threshold: i32,
    /// Seconds that a target which leaves may take for its last requests.
    pub(crate) deregistration_delay: Option<u32>,
}

/// One target, as its group sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Target {
    address: String,
    state: String,
    /// AWS's code: `Target.Timeout`.
    reason: String,
    description: String,
}

/// Why a task's target failed its check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FailedCheck {
    pub(crate) what: String,
    pub(crate) advice: String,
}

/// A sentence for the first of the service's load balancers behind which no target is healthy.
pub(crate) async fn nobody_serves(
    session: &Session,
    balancers: &[LoadBalancer],
) -> Result<Option<String>, AwsError> {
    for balancer in balancers {
        // A blue/green deployment changes the two groups of a load balancer over: either may serve.
        let groups = try_join_all(balancer.target_groups.iter().map(|arn| targets(session, arn)));
        let targets = groups.await?.concat();
        if let Some(first) = balancer.target_groups.first()
            && let Some(problem) = without_health(&targets)
        {
            return Ok(Some(format!("the target group `{}` {problem}", name_of(first))));
        }
    }
    Ok(None)
}

/// What the target of `task` got wrong, where ECS stopped it for its health and the load balancer still knows.
pub(crate) async fn failed_check(session: &Session, task: &StoppedTask) -> Option<FailedCheck> {
    let arn = task.failed_target_group()?;
    let client = Client::new(session.config());
    let (targets, group) = tokio::join!(targets(session, arn), target_group(&client, arn));
    let targets = targets.ok()?;
    // ECS takes a target out before it stops its task: then another one that fails tells why.
    let fails = |target: &&Target| target.state.starts_with("unhealthy");
    let own = targets.iter().find(|it| fails(it) && task.addresses.contains(&it.address));
    let target = own.or_else(|| targets.iter().find(fails))?;
    let check = group.as_ref().map(check_in_words);
    Some(FailedCheck { what: target.said(), advice: advice(&target.reason, check.as_deref()) })
}

/// The group's settings, where they may be read.
pub(crate) async fn settings_of(session: &Session, arn: &str) -> Option<TargetGroup> {
    let client = Client::new(session.config());
    let delay = async {
        let request = client.describe_target_group_attributes().target_group_arn(arn);
        let answer = request.send().await.ok()?;
        let key = Some("deregistration_delay.timeout_seconds");
        answer.attributes().iter().find(|it| it.key() == key)?.value()?.parse().ok()
    };
    let (group, deregistration_delay) = tokio::join!(target_group(&client, arn), delay);
    let group = group?;
    Some(TargetGroup {
        name: name_of(arn).to_owned(),
        interval: group.health_check_interval_seconds().unwrap_or_default(),
        threshold: group.healthy_threshold_count().unwrap_or_default(),
        deregistration_delay,
    })
}

async fn target_group(client: &Client, arn: &str) -> Option<types::TargetGroup> {
    let answer = client.describe_target_groups().target_group_arns(arn).send().await.ok()?;
    answer.target_groups().first().cloned()
}

async fn targets(session: &Session, arn: &str) -> Result<Vec<Target>, AwsError> {
    let request = Client::new(session.config()).describe_target_health().target_group_arn(arn);
    let answer = request.send().await.map_err(|error| {
        session.explain("elasticloadbalancing:DescribeTargetHealth", name_of(arn), error)
    })?;
    Ok(answer.target_health_descriptions().iter().map(Target::from).collect())
}

/// `GET /health on its own port has to answer 200 within 5 s`.
fn check_in_words(group: &types::TargetGroup) -> String {
    let port = match group.health_check_port() {
        Some(port) if port != "traffic-port" => format!("port {port}"),
        _ => "its own port".to_owned(),
    };
    let within = group.health_check_timeout_seconds().unwrap_or_default();
    match group.health_check_path() {
        Some(path) => {
            let codes = group.matcher().and_then(|it| it.http_code().or(it.grpc_code()));
            let codes = codes.unwrap_or("200");
            format!("GET {path} on {port} has to answer {codes} within {within} s")
        }
        None => format!("{port} has to accept a connection within {within} s"),
    }
}

/// What is wrong with a group of which no target is healthy.
fn without_health(targets: &[Target]) -> Option<String> {
    if targets.iter().any(Target::serves) {
        return None;
    }
    let Some(first) = targets.first() else { return Some("has no target".to_owned()) };
    let count = targets.len();
    Some(format!("has {count} and none is healthy: {}", first.said()))
}

/// What to do, by AWS's code for the reason.
fn advice(reason: &str, check: Option<&str>) -> String {
    let what = match reason {
        "Target.ResponseCodeMismatch" => {
            "the container answers with another code: let it answer so, or change the check's path or codes"
        }
        "Target.Timeout" => {
            "no answer in time: let the tasks' security group admit the load balancer on that port, or the container answer sooner"
        }
        "Target.FailedHealthChecks" => {
            "no connection came about: let the container listen on that port, on every address, and raise `healthCheckGracePeriodSeconds` for a slow start"
        }
        _ => {
            "compare its path, port and codes with the container, and raise `healthCheckGracePeriodSeconds` for a slow start"
        }
    };
    check.map_or_else(|| what.to_owned(), |check| format!("{check}; {what}"))
}

fn name_of(arn: &str) -> &str {
    let name = arn.split_once(":targetgroup/").map_or(arn, |(_, name)| name);
    name.split('/').next().unwrap_or(name)
}

impl Target {
    /// Where checks are off, nobody can say that it does not.
    fn serves(&self) -> bool {
        self.state == "healthy" || self.reason == "Target.HealthCheckDisabled"
    }

    fn said(&self) -> String {
        let words: Vec<&str> = [self.state.as_str(), &self.description, &self.reason]
            .into_iter()
            .filter(|words| !words.is_empty())
            .collect();
        words.join(", ")
    }
}

impl From<&types::TargetHealthDescription> for Target {
    fn from(target: &types::TargetHealthDescription) -> Self {
        let health = target.target_health();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            address: text(target.target().and_then(|it| it.id())),
            state: text(health.and_then(|it| it.state()).map(types::TargetHealthStateEnum::as_str)),
            reason: text(
                health.and_then(|it| it.reason()).map(types::TargetHealthReasonEnum::as_str),
            ),
            description: text(health.and_then(|it| it.description())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(state: &str, reason: &str, description: &str) -> Target {
        Target {
            address: "10.0.0.1".to_owned(),
            state: state.to_owned(),
            reason: reason.to_owned(),
            description: description.to_owned(),
        }
    }

    #[test]
    fn one_healthy_target_is_enough() {
        let bad = target(
            "unhealthy",
            "Target.ResponseCodeMismatch",
            "Health checks failed with these codes: [502]",
        );
        assert_eq!(without_health(&[bad.clone(), target("healthy", "", "")]), None);
        assert_eq!(
            without_health(&[target("unavailable", "Target.HealthCheckDisabled", "")]),
            None
        );
        assert_eq!(without_health(&[]).as_deref(), Some("has no target"));
        assert_eq!(
            without_health(&[bad]).as_deref(),
            Some(
                "has 1 and none is healthy: unhealthy, Health checks failed with these codes: [502], Target.ResponseCodeMismatch"
            )
        );
    }
}
