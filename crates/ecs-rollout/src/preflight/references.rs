//! What the `valueFrom`s of a task definition refer to. Pure.

use std::collections::BTreeMap;

use actions_runtime::did_you_mean;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use ecs_tasks::TaskDefinition;
use serde_json::Value;

/// Each thing that is referred to, and what refers to it first.
#[derive(Debug, Default)]
pub(super) struct References {
    pub(super) secrets: BTreeMap<SecretRef, String>,
    pub(super) parameters: BTreeMap<ParameterRef, String>,
}

/// A secret, without its JSON key: whether that is there, only the value tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SecretRef {
    /// The ARN, or the name, without what follows it.
    pub(super) id: String,
    pub(super) region: Option<String>,
    stage: Option<String>,
    version: Option<String>,
}

/// A parameter of SSM's Parameter Store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ParameterRef {
    /// As it may be called: an ARN does not tell `name` from `/name`.
    pub(super) names: Vec<String>,
    pub(super) region: Option<String>,
    pub(super) account: Option<String>,
}

impl References {
    pub(super) fn of(definition: &TaskDefinition) -> Self {
        let mut references = Self::default();
        for container in definition.containers() {
            let name = container["name"].as_str().unwrap_or_default();
            let lists = [&container["secrets"], &container["logConfiguration"]["secretOptions"]];
            for entry in lists.into_iter().filter_map(Value::as_array).flatten() {
                if let (Some(variable), Some(value_from)) =
                    (entry["name"].as_str(), entry["valueFrom"].as_str())
                {
                    references.add(value_from, format!("`{variable}` of the container `{name}`"));
                }
            }
            if let Some(credentials) =
                container["repositoryCredentials"]["credentialsParameter"].as_str()
            {
                // Whatever its name says: these are always a secret, by ARN or by name.
                let secret =
                    SecretRef::of(credentials).unwrap_or_else(|| SecretRef::named(credentials));
                let used_by = format!("`repositoryCredentials` of `{name}`");
                references.secrets.entry(secret).or_insert(used_by);
            }
        }
        references
    }

    fn add(&mut self, value_from: &str, used_by: String) {
        if let Some(secret) = SecretRef::of(value_from) {
            self.secrets.entry(secret).or_insert(used_by);
        } else if let Some(parameter) = ParameterRef::of(value_from) {
            self.parameters.entry(parameter).or_insert(used_by);
        }
    }
}

impl SecretRef {
    /// `arn:aws:secretsmanager:region:account:secret:name:json-key:stage:version`.
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

    fn named(name: &str) -> Self {
        Self { id: name.to_owned(), region: None, stage: None, version: None }
    }

    pub(super) fn name(&self) -> &str {
        self.id.rsplit(':').next().unwrap_or(&self.id)
    }

    /// What is wrong with the reference, the secret being there.
    pub(super) fn problem(&self, used_by: &str, secret: &DescribeSecretOutput) -> Option<String> {
        let name = secret.name().unwrap_or(self.name());
        if secret.deleted_date().is_some() {
            return Some(format!(
                "{used_by} refers to the secret `{name}`, which is marked for deletion"
            ));
        }
        let versions = secret.version_ids_to_stages()?;
        let stage = self.stage.as_deref().or(self.version.is_none().then_some("AWSCURRENT"));
        let stages: Vec<&String> = match &self.version {
            None => versions.values().flatten().collect(),
            Some(version) => match versions.get(version) {
                Some(stages) => stages.iter().collect(),
                None => {
                    return Some(format!(
                        "{used_by} refers to the version `{version}` of the secret `{name}`, which it does not have"
                    ));
                }
            },
        };
        let stage = stage.filter(|stage| !stages.iter().any(|it| it == stage))?;
        let of_version =
            self.version.as_ref().map(|it| format!("version `{it}` of ")).unwrap_or_default();
        Some(format!(
            "{used_by} refers to the stage `{stage}` of the secret `{name}`, which {of_version}it does not have{}",
            did_you_mean(stage, &stages)
        ))
    }
}

impl ParameterRef {
    /// `arn:aws:ssm:region:account:parameter/path`, or a name alone, as ECS takes it for one of its own region.
    fn of(value_from: &str) -> Option<Self> {
        let parts: Vec<&str> = value_from.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", _, "ssm", region, account, resource] => {
                let path = resource.strip_prefix("parameter/")?;
                // A name with levels begins with a slash, which the ARN leaves out.
                let mut names = vec![format!("/{path}")];
                if !path.contains('/') {
                    names.push(path.to_owned());
                }
                Some(Self {
                    names,
                    region: Some((*region).to_owned()),
                    account: Some((*account).to_owned()),
                })
            }
            ["arn", ..] => None,
            _ => Some(Self { names: vec![value_from.to_owned()], region: None, account: None }),
        }
    }

    pub(super) fn name(&self) -> &str {
        self.names.first().map(String::as_str).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:todo/db-AbCdEf";

    #[test]
    fn references_are_taken_apart() {
        for (text, stage, version) in [
            (SECRET.to_owned(), None, None),
            (format!("{SECRET}:url::"), None, None),
            (format!("{SECRET}:url:AWSPREVIOUS:"), Some("AWSPREVIOUS"), None),
            (format!("{SECRET}:::v1"), None, Some("v1")),
        ] {
            let secret = SecretRef::of(&text).unwrap();
            assert_eq!(secret.id, SECRET);
            assert_eq!(
                (secret.stage.as_deref(), secret.version.as_deref()),
                (stage, version),
                "{text}"
            );
        }
        for (text, names) in [
            ("arn:aws:ssm:eu-west-1:123456789012:parameter/todo/url", ["/todo/url"].as_slice()),
            ("arn:aws:ssm:eu-west-1:123456789012:parameter/todo", &["/todo", "todo"]),
            ("/todo/url", &["/todo/url"]),
            ("todo", &["todo"]),
        ] {
            assert_eq!(ParameterRef::of(text).unwrap().names, names, "{text}");
        }
        assert_eq!(SecretRef::of("todo"), None);
        assert_eq!(ParameterRef::of("arn:aws:s3:::todo"), None);
    }

    #[test]
    fn secrets_and_parameters_are_told_apart_and_named_once() {
        let definition = TaskDefinition::of(json!({ "family": "api", "containerDefinitions": [{
            "name": "api",
            "secrets": [
                { "name": "URL", "valueFrom": format!("{SECRET}:url::") },
                { "name": "KEY", "valueFrom": format!("{SECRET}:key::") },
                { "name": "FLAG", "valueFrom": "/todo/flag" },
            ],
            "repositoryCredentials": { "credentialsParameter": "registry" },
        }] }))
        .unwrap();
        let references = References::of(&definition);
        let secrets: Vec<&str> = references.secrets.keys().map(SecretRef::name).collect();
        assert_eq!(secrets, ["todo/db-AbCdEf", "registry"]);
        assert_eq!(
            references.secrets[&SecretRef::of(SECRET).unwrap()],
            "`URL` of the container `api`"
        );
        let parameters: Vec<&str> = references.parameters.keys().map(ParameterRef::name).collect();
        assert_eq!(parameters, ["/todo/flag"]);
    }

    #[test]
    fn a_stage_or_a_version_that_is_not_there_is_a_problem() {
        let secret = DescribeSecretOutput::builder()
            .name("todo/db")
            .version_ids_to_stages("v1", vec!["AWSPREVIOUS".to_owned()])
            .version_ids_to_stages("v2", vec!["AWSCURRENT".to_owned()])
            .build();
        let problem =
            |end: &str| SecretRef::of(&format!("{SECRET}{end}")).unwrap().problem("`URL`", &secret);
        for good in ["", ":url::", ":url:AWSPREVIOUS:", ":::v1", "::AWSCURRENT:v2"] {
            assert_eq!(problem(good), None, "{good}");
        }
        for (end, words) in [
            (
                "::AWSPREVIUS:",
                "the stage `AWSPREVIUS` of the secret `todo/db`, which it does not have; did you mean `AWSPREVIOUS`?",
            ),
            (":::v3", "the version `v3` of the secret `todo/db`, which it does not have"),
            (
                "::AWSCURRENT:v1",
                "the stage `AWSCURRENT` of the secret `todo/db`, which version `v1` of it does not have",
            ),
        ] {
            let told = problem(end).unwrap_or_default();
            assert!(told.contains(words), "{told}");
        }
    }
}
