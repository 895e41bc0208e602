//! The secrets of the container that migrates, read to be hidden: a program in trouble prints its connection string.

use std::collections::BTreeMap;

use actions_runtime::Step;
use aws_sdk_secretsmanager::{Client, config::Builder};
use aws_session::{AwsError, Session};
use aws_types::region::Region;
use ecs_tasks::TaskDefinition;
use secrecy::SecretString;
use serde_json::Value;

use crate::error::Error;

/// What `valueFrom` of a secret refers to (ECS: "Specifying sensitive data using Secrets Manager secrets").
#[derive(Debug, PartialEq, Eq)]
enum Reference {
    Secret(Secret),
    /// A name or an ARN of Parameter Store. A name is one of the session's region.
    Parameter {
        name: String,
        region: Option<String>,
    },
}

#[derive(Debug, PartialEq, Eq)]
struct Secret {
    arn: String,
    region: String,
    json_key: Option<String>,
    stage: Option<String>,
    version: Option<String>,
}

/// Parameter Store: `GetParameters`, `Names`.
const AT_ONCE: usize = 10;

impl Reference {
    fn of(value_from: &str) -> Self {
        let parts: Vec<&str> = value_from.split(':').collect();
        if parts.len() < 7 || parts[2] != "secretsmanager" {
            let region = parts.get(3).filter(|_| parts[0] == "arn");
            return Self::Parameter {
                name: value_from.to_owned(),
                region: region.map(|region| (*region).to_owned()),
            };
        }
        let part =
            |at: usize| parts.get(at).filter(|part| !part.is_empty()).map(|it| (*it).to_owned());
        Self::Secret(Secret {
            arn: parts[..7].join(":"),
            region: parts[3].to_owned(),
            json_key: part(7),
            stage: part(8),
            version: part(9),
        })
    }
}

/// Masks them all. A secret that was to be hidden and cannot be read ends the run, before there is a log.
pub(crate) async fn mask(
    step: &Step,
    session: &Session,
    definition: &TaskDefinition,
    container: &str,
) -> miette::Result<()> {
    let secrets = definition.container(container).and_then(|it| it["secrets"].as_array());
    let mut parameters: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
    for secret in secrets.into_iter().flatten() {
        match Reference::of(secret["valueFrom"].as_str().unwrap_or_default()) {
            Reference::Secret(secret) => {
                for value in secret.read(session).await? {
                    step.mask(&SecretString::from(value));
                }
            }
            Reference::Parameter { name, region } => {
                parameters.entry(region).or_default().push(name);
            }
        }
    }
    for (region, names) in &parameters {
        for names in names.chunks(AT_ONCE) {
            for value in read_parameters(session, region.as_deref(), names).await? {
                step.mask(&SecretString::from(value));
            }
        }
    }
    Ok(())
}

impl Secret {
    async fn read(&self, session: &Session) -> Result<Vec<String>, AwsError> {
        let config = Builder::from(session.config()).region(Region::new(self.region.clone()));
        let answer = Client::from_conf(config.build())
            .get_secret_value()
            .secret_id(&self.arn)
            .set_version_stage(self.stage.clone())
            .set_version_id(self.version.clone())
            .send()
            .await
            .map_err(|error| session.explain("secretsmanager:GetSecretValue", &self.arn, error))?;
        Ok(values(answer.secret_string().unwrap_or_default(), self.json_key.as_deref()))
    }
}

async fn read_parameters(
    session: &Session,
    region: Option<&str>,
    names: &[String],
) -> miette::Result<Vec<String>> {
    let mut config = aws_sdk_ssm::config::Builder::from(session.config());
    if let Some(region) = region {
        config = config.region(Region::new(region.to_owned()));
    }
    let answer = aws_sdk_ssm::Client::from_conf(config.build())
        .get_parameters()
        .set_names(Some(names.to_vec()))
        .with_decryption(true)
        .send()
        .await
        .map_err(|error| session.explain("ssm:GetParameters", names.join(", "), error))?;
    if !answer.invalid_parameters().is_empty() {
        return Err(Error::NoParameter(answer.invalid_parameters().join("`, `")).into());
    }
    Ok(answer.parameters.unwrap_or_default().into_iter().filter_map(|it| it.value).collect())
}

/// What the container is given; of a whole JSON secret the texts in it too.
fn values(secret: &str, json_key: Option<&str>) -> Vec<String> {
    let parsed: Value = serde_json::from_str(secret).unwrap_or_default();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(key) = json_key {
        return parsed.get(key).map(text).into_iter().collect();
    }
    let members = parsed.as_object().into_iter().flatten();
    let texts = members.filter_map(|(_, value)| value.as_str().map(str::to_owned));
    std::iter::once(secret.to_owned()).chain(texts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:todo/database-AbCdEf";
        let secret = |json_key: Option<&str>, stage: Option<&str>| {
            Reference::Secret(Secret {
                arn: arn.to_owned(),
                region: "eu-west-1".to_owned(),
                json_key: json_key.map(str::to_owned),
                stage: stage.map(str::to_owned),
                version: None,
            })
        };
        let parameter = |name: &str, region: Option<&str>| Reference::Parameter {
            name: name.to_owned(),
            region: region.map(str::to_owned),
        };
        assert_eq!(Reference::of(arn), secret(None, None));
        assert_eq!(Reference::of(&format!("{arn}:url::")), secret(Some("url"), None));
        assert_eq!(
            Reference::of(&format!("{arn}::AWSPREVIOUS:")),
            secret(None, Some("AWSPREVIOUS"))
        );
        assert_eq!(Reference::of("/todo/parameter"), parameter("/todo/parameter", None));
        let arn = "arn:aws:ssm:us-east-1:1:parameter/x";
        assert_eq!(Reference::of(arn), parameter(arn, Some("us-east-1")));
    }

    #[test]
    fn what_the_container_is_given_is_hidden() {
        assert_eq!(values(r#"{"url":"u","n":1}"#, Some("url")), ["u"]);
        assert_eq!(values(r#"{"url":"u","n":1}"#, None), [r#"{"url":"u","n":1}"#, "u"]);
        assert_eq!(values("plain", None), ["plain"]);
    }
}
