//! The log groups that containers write to.

use aws_session::Session;
use ecs_tasks::TaskDefinition;
use futures_util::future::join_all;

use super::{Finding, unchecked};

/// Each group once; one that the task makes itself need not be there.
pub(super) async fn check(session: &Session, definition: &TaskDefinition) -> Vec<Finding> {
    let mut groups: Vec<(String, Option<String>)> = Vec::new();
    for container in definition.containers() {
        let log = &container["logConfiguration"];
        let options = &log["options"];
        if log["logDriver"] != "awslogs" || options["awslogs-create-group"] == "true" {
            continue;
        }
        if let Some(group) = options["awslogs-group"].as_str() {
            let place = (group.to_owned(), options["awslogs-region"].as_str().map(str::to_owned));
            if !groups.contains(&place) {
                groups.push(place);
            }
        }
    }
    let checks = groups
        .iter()
        .map(async |(group, region)| group_finding(session, group, region.as_deref()).await);
    join_all(checks).await.into_iter().flatten().collect()
}

async fn group_finding(session: &Session, group: &str, region: Option<&str>) -> Option<Finding> {
    let mut config = aws_sdk_cloudwatchlogs::config::Builder::from(session.config());
    if let Some(region) = region {
        config = config.region(aws_sdk_cloudwatchlogs::config::Region::new(region.to_owned()));
    }
    let client = aws_sdk_cloudwatchlogs::Client::from_conf(config.build());
    let answer = client
        .describe_log_groups()
        .log_group_name_prefix(group)
        .send()
        .await
        .map_err(|error| session.explain("logs:DescribeLogGroups", group, error));
    match answer {
        Ok(answer) => {
            let there =
                answer.log_groups().iter().any(|known| known.log_group_name() == Some(group));
            (!there).then(|| Finding::Fault {
                input: "task-definition",
                problem: format!("the log group `{group}` does not exist: create it, or set `awslogs-create-group`"),
            })
        }
        Err(error) => Some(unchecked(&format!("the log group `{group}`"), &error)),
    }
}
