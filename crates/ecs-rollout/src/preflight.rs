//! What would fail a whole rollout and can be known before it: read, never written. A secret's value is never asked for.
//!
//! What cannot be checked for lack of rights is a note and not a fault.

use std::collections::BTreeMap;

use actions_runtime::{Faults, did_you_mean};
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_session::{AwsError, Session};
use ecs_tasks::{ImageFinding, TaskDefinition};
use futures_util::future::join_all;
use serde_json::Value;

use crate::plan::{Action, Plan};

/// Checks what tasks of the plan's revision need to start. The notes say what was not checked.
pub(crate) async fn check(session: &Session, plan: &Plan) -> Result<Vec<String>, Faults> {
    // What runs already has started once.
    if matches!(plan.action, Action::Nothing | Action::Adopt { .. }) {
        return Ok(Vec::new());
    }
    let definition = plan.revision.definition();
    let (images, secrets, groups) = tokio::join!(
        images(session, definition),
        secrets(session, definition),
        groups(session, definition)
    );
    let mut faults = Faults::default();
    let mut notes = Vec::new();
    for finding in images.into_iter().chain(secrets).chain(groups) {
        match finding {
            Finding::Fault { input, problem } => faults.add(input, problem),
            Finding::Note(note) => notes.push(note),
        }
    }
    faults.check()?;
    notes.sort();
    notes.dedup();
    Ok(notes)
}

enum Finding {
    Fault { input: &'static str, problem: String },
    Note(String),
}

async fn images(session: &Session, definition: &TaskDefinition) -> Vec<Finding> {
    let findings = definition.check_images(session).await;
    findings.into_iter().map(Finding::from).collect()
}

impl From<ImageFinding> for Finding {
    fn from(finding: ImageFinding) -> Self {
        match finding {
            ImageFinding::Unfit(problem) => Self::Fault { input: "image", problem },
            ImageFinding::NotChecked(note) => Self::Note(note),
        }
    }
}

/// A reference to a secret, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct SecretRef {
    /// The ARN, or the name, without what follows it.
    id: String,
    region: Option<String>,
    stage: Option<String>,
    version: Option<String>,
}

impl SecretRef {
    /// `arn:aws:secretsmanager:region:account:secret:name:json-key:stage:version`. Parameters are none.
    fn of(value_from: &str) -> Option<Self> {
        let parts: Vec<&str> = value_from.split(':').collect();
        let [
            arn @ "arn",
            partition,
            service @ "secretsmanager",
            region,
            account,
            kind @ "secret",
            name,
            rest @ ..,
        ] = parts.as_slice()
        else {
            return None;
        };
        let given =
            |index: usize| rest.get(index).filter(|it| !it.is_empty()).map(|it| (*it).to_owned());
        Some(Self {
            id: [*arn, partition, service, region, account, kind, name].join(":"),
            region: Some((*region).to_owned()),
            stage: given(1),
            version: given(2),
        })
    }

    fn name(&self) -> &str {
        self.id.rsplit(':').next().unwrap_or(&self.id)
    }

    fn check(&self, used_by: &str, secret: &DescribeSecretOutput) -> Option<String> {
        let name = secret.name().unwrap_or(self.name());
        if secret.deleted_date().is_some() {
            return Some(format!(
                "{used_by} refers to the secret `{name}`, which is marked for deletion"
            ));
        }
        let versions = secret.version_ids_to_stages()?;
        if let Some(version) = &self.version {
            let missing = !versions.contains_key(version);
            return missing.then(|| format!("{used_by} refers to the version `{version}` of the secret `{name}`, which it does not have"));
        }
        let stage = self.stage.as_deref().unwrap_or("AWSCURRENT");
        let stages: Vec<&String> = versions.values().flatten().collect();
        let missing = !stages.iter().any(|it| *it == stage);
        missing.then(|| {
            format!("{used_by} refers to the stage `{stage}` of the secret `{name}`, which it does not have{}", did_you_mean(stage, &stages))
        })
    }
}

async fn secrets(session: &Session, definition: &TaskDefinition) -> Vec<Finding> {
    let mut wanted: BTreeMap<SecretRef, String> = BTreeMap::new();
    for (name, value_from) in references(definition) {
        if let Some(secret) = SecretRef::of(&value_from) {
            wanted.entry(secret).or_insert(name);
        }
    }
    let checks =
        wanted.iter().map(async |(secret, name)| secret_finding(session, secret, name).await);
    join_all(checks).await.into_iter().flatten().collect()
}

async fn secret_finding(session: &Session, secret: &SecretRef, used_by: &str) -> Option<Finding> {
    let mut config = aws_sdk_secretsmanager::config::Builder::from(session.config());
    if let Some(region) = &secret.region {
        config = config.region(aws_sdk_secretsmanager::config::Region::new(region.clone()));
    }
    let client = aws_sdk_secretsmanager::Client::from_conf(config.build());
    let answer =
        client.describe_secret().secret_id(&secret.id).send().await.map_err(|error| {
            session.explain("secretsmanager:DescribeSecret", secret.name(), error)
        });
    let fault = |problem: String| Some(Finding::Fault { input: "secrets", problem });
    match answer {
        Ok(found) => secret.check(used_by, &found).and_then(fault),
        Err(error) if error.is_not_found() => {
            let names = match client.list_secrets().max_results(100).send().await {
                Ok(answer) => answer
                    .secret_list()
                    .iter()
                    .filter_map(|it| it.name())
                    .map(str::to_owned)
                    .collect(),
                Err(_) => Vec::new(),
            };
            let hint =
                if names.is_empty() { String::new() } else { did_you_mean(secret.name(), &names) };
            fault(format!(
                "{used_by} refers to the secret `{}`, which does not exist{hint}",
                secret.name()
            ))
        }
        Err(error) => Some(unchecked(&format!("the secret `{}`", secret.name()), &error)),
    }
}

/// What refers to a secret, and the reference.
fn references(definition: &TaskDefinition) -> Vec<(String, String)> {
    let mut references = Vec::new();
    for container in definition.containers() {
        let container_name = container["name"].as_str().unwrap_or_default();
        let lists = [&container["secrets"], &container["logConfiguration"]["secretOptions"]];
        for entry in lists.into_iter().filter_map(Value::as_array).flatten() {
            if let (Some(name), Some(value_from)) =
                (entry["name"].as_str(), entry["valueFrom"].as_str())
            {
                references.push((
                    format!("`{name}` of the container `{container_name}`"),
                    value_from.to_owned(),
                ));
            }
        }
        if let Some(credentials) =
            container["repositoryCredentials"]["credentialsParameter"].as_str()
        {
            references.push((
                format!("`repositoryCredentials` of `{container_name}`"),
                credentials.to_owned(),
            ));
        }
    }
    references
}

async fn groups(session: &Session, definition: &TaskDefinition) -> Vec<Finding> {
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

fn unchecked(what: &str, error: &AwsError) -> Finding {
    Finding::Note(if error.is_access_denied() {
        format!("not checked: {what} (this run may not call {})", error.operation())
    } else {
        format!("not checked: {what} ({error})")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:todo/db-AbCdEf";
        for (text, stage, version) in [
            (arn.to_owned(), None, None),
            (format!("{arn}:url::"), None, None),
            (format!("{arn}:url:AWSPREVIOUS:"), Some("AWSPREVIOUS"), None),
            (format!("{arn}:::v1"), None, Some("v1")),
        ] {
            let secret = SecretRef::of(&text).unwrap();
            assert_eq!(secret.id, arn);
            assert_eq!(
                (secret.stage.as_deref(), secret.version.as_deref()),
                (stage, version),
                "{text}"
            );
        }
        assert_eq!(SecretRef::of("arn:aws:ssm:eu-west-1:123456789012:parameter/todo"), None);
        assert_eq!(SecretRef::of("todo"), None);
    }
}
