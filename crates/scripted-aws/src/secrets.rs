//! Secrets Manager, as far as a deployer asks it.

use serde_json::{Value, json};

use crate::refusal::{Answer, page, refuse, required, text};
use crate::world::{Secret, World};

pub(crate) fn call(world: &World, operation: &str, body: &Value) -> Answer {
    match operation {
        "ListSecrets" => {
            let secrets: Vec<Value> =
                world.secrets.iter().map(|(name, secret)| describe(name, secret)).collect();
            Ok(page(body, "SecretList", &secrets, 100))
        }
        "DescribeSecret" => {
            let (name, secret) = find(world, required(body, "SecretId")?)?;
            Ok(describe(name, secret))
        }
        "GetSecretValue" => {
            let (name, secret) = find(world, required(body, "SecretId")?)?;
            let stage = text(body, "VersionStage").unwrap_or("AWSCURRENT");
            let Some(number) = secret.stages.iter().position(|known| known == stage) else {
                return refuse(
                    "ResourceNotFoundException",
                    format!(
                        "Secrets Manager can't find the specified secret value for staging label: {stage}"
                    ),
                );
            };
            Ok(json!({
                "ARN": secret.arn, "Name": name, "VersionId": version(number),
                "SecretString": secret.value, "VersionStages": [stage],
            }))
        }
        _ => refuse(
            "InvalidRequestException",
            format!("the scripted AWS has no Secrets Manager operation {operation}"),
        ),
    }
}

/// By name, by ARN, or by ARN without its last six characters.
fn find<'a>(
    world: &'a World,
    id: &str,
) -> Result<(&'a String, &'a Secret), crate::refusal::Refusal> {
    let partial = |secret: &Secret| secret.arn.rsplit_once('-').is_some_and(|(stem, _)| stem == id);
    match world
        .secrets
        .iter()
        .find(|(name, secret)| *name == id || secret.arn == id || partial(secret))
    {
        Some(found) => Ok(found),
        None => {
            refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        }
    }
}

fn version(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn describe(name: &str, secret: &Secret) -> Value {
    let stages: serde_json::Map<String, Value> = secret
        .stages
        .iter()
        .enumerate()
        .map(|(number, stage)| (version(number), json!([stage])))
        .collect();
    json!({"ARN": secret.arn, "Name": name, "VersionIdsToStages": stages, "RotationEnabled": false})
}
