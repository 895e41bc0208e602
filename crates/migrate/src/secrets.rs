//! The secrets of the container that migrates, read to be hidden: a program in trouble prints its connection string.

use actions_runtime::Step;
use aws_sdk_secretsmanager::{Client, config::Builder};
use aws_session::{AwsError, Session};
use aws_types::region::Region;
use ecs_tasks::TaskDefinition;
use secrecy::SecretString;
use serde_json::Value;

/// What `valueFrom` of a secret refers to (ECS: "Specifying sensitive data using Secrets Manager secrets").
#[derive(Debug, PartialEq, Eq)]
enum Reference {
    Secret {
        arn: String,
        region: String,
        json_key: Option<String>,
        stage: Option<String>,
        version: Option<String>,
    },
    /// A name or an ARN of Parameter Store, which this program has no client for.
    Parameter,
}

impl Reference {
    fn of(value_from: &str) -> Self {
        let parts: Vec<&str> = value_from.split(':').collect();
        if parts.len() < 7 || parts[2] != "secretsmanager" {
            return Self::Parameter;
        }
        let part =
            |at: usize| parts.get(at).filter(|part| !part.is_empty()).map(|it| (*it).to_owned());
        Self::Secret {
            arn: parts[..7].join(":"),
            region: parts[3].to_owned(),
            json_key: part(7),
            stage: part(8),
            version: part(9),
        }
    }
}

/// Masks them all. A secret that was to be hidden and cannot be read ends the run, before there is a log.
pub(crate) async fn mask(
    step: &Step,
    session: &Session,
    definition: &TaskDefinition,
    container: &str,
) -> Result<(), AwsError> {
    let secrets = definition.container(container).and_then(|it| it["secrets"].as_array());
    for secret in secrets.into_iter().flatten() {
        let name = secret["name"].as_str().unwrap_or_default();
        let reference = Reference::of(secret["valueFrom"].as_str().unwrap_or_default());
        let Reference::Secret { arn, region, json_key, stage, version } = reference else {
            step.warning(format!(
                "`{name}` comes from Parameter Store, which is not read: it is not masked"
            ));
            continue;
        };
        let config = Builder::from(session.config()).region(Region::new(region));
        let answer = Client::from_conf(config.build())
            .get_secret_value()
            .secret_id(&arn)
            .set_version_stage(stage)
            .set_version_id(version)
            .send()
            .await
            .map_err(|error| session.explain("secretsmanager:GetSecretValue", &arn, error))?;
        for value in values(answer.secret_string().unwrap_or_default(), json_key.as_deref()) {
            step.mask(&SecretString::from(value));
        }
    }
    Ok(())
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
        let secret = |json_key: Option<&str>, stage: Option<&str>| Reference::Secret {
            arn: arn.to_owned(),
            region: "eu-west-1".to_owned(),
            json_key: json_key.map(str::to_owned),
            stage: stage.map(str::to_owned),
            version: None,
        };
        assert_eq!(Reference::of(arn), secret(None, None));
        assert_eq!(Reference::of(&format!("{arn}:url::")), secret(Some("url"), None));
        assert_eq!(
            Reference::of(&format!("{arn}::AWSPREVIOUS:")),
            secret(None, Some("AWSPREVIOUS"))
        );
        assert_eq!(Reference::of("/todo/parameter"), Reference::Parameter);
        assert_eq!(Reference::of("arn:aws:ssm:eu-west-1:1:parameter/x"), Reference::Parameter);
    }

    #[test]
    fn what_the_container_is_given_is_hidden() {
        assert_eq!(values(r#"{"url":"u","n":1}"#, Some("url")), ["u"]);
        assert_eq!(values(r#"{"url":"u","n":1}"#, None), [r#"{"url":"u","n":1}"#, "u"]);
        assert_eq!(values("plain", None), ["plain"]);
    }
}
