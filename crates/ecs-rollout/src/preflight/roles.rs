//! Whether the task's two roles are there, and whether ECS may work as them.

use aws_session::Session;
use ecs_tasks::TaskDefinition;
use futures_util::future::join_all;

use super::{Finding, unchecked};

/// Whom a role has to trust, in every partition.
const ECS: &str = "ecs-tasks.amazonaws.com";

pub(super) async fn check(session: &Session, definition: &TaskDefinition) -> Vec<Finding> {
    let mut roles: Vec<(&str, &str)> = Vec::new();
    for (kind, member) in [("execution role", "executionRoleArn"), ("task role", "taskRoleArn")] {
        let role = definition.get(member).and_then(|role| role.as_str());
        // By name or by ARN, and the same one often serves as both.
        let name = role.and_then(|role| role.rsplit('/').next()).filter(|name| !name.is_empty());
        if let Some(name) = name
            && roles.iter().all(|(_, known)| *known != name)
        {
            roles.push((kind, name));
        }
    }
    let client = aws_sdk_iam::Client::new(session.config());
    let checks = roles.iter().map(async |(kind, name)| one(session, &client, kind, name).await);
    join_all(checks).await.into_iter().flatten().collect()
}

async fn one(
    session: &Session,
    client: &aws_sdk_iam::Client,
    kind: &str,
    name: &str,
) -> Option<Finding> {
    let answer = client
        .get_role()
        .role_name(name)
        .send()
        .await
        .map_err(|error| session.explain("iam:GetRole", name, error));
    match answer {
        Ok(answer) => {
            // Percent-encoded JSON, in which this name is written as it is.
            let trust = answer.role()?.assume_role_policy_document()?;
            (!trust.contains(ECS)).then(|| {
                Finding::Note(format!(
                    "the {kind} `{name}` does not name `{ECS}` in its trust policy: ECS may not be able to assume it"
                ))
            })
        }
        Err(error) if error.is_not_found() => Some(Finding::Fault {
            input: "task-definition",
            problem: format!("the {kind} `{name}` does not exist: tasks could not start"),
        }),
        Err(error) => Some(unchecked(&format!("the {kind} `{name}`"), &error)),
    }
}
