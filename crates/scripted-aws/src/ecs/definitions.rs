//! Task definitions: kept as they came, members that nobody knows included.

use serde_json::{Value, json};

use super::answers;
use crate::refusal::{Answer, list, page, refuse, required, text};
use crate::world::World;

impl World {
    /// The family's next revision.
    pub(crate) fn register(&mut self, family: &str, json: Value) -> String {
        let newest = self
            .definitions
            .iter()
            .filter(|known| known.family == family)
            .map(|known| known.revision)
            .max();
        self.add_definition(family, newest.unwrap_or(0) + 1, json)
    }
}

pub(super) fn register(world: &mut World, body: &Value) -> Answer {
    let Some(family) = text(body, "family") else {
        return refuse("ClientException", "Family should not be null or empty.");
    };
    let containers = body.get("containerDefinitions").and_then(Value::as_array);
    if containers.is_none_or(Vec::is_empty) {
        return refuse("ClientException", "Container list cannot be empty.");
    }
    // What an answer holds and a request must not: a program that sends an export back as it came is told so.
    for member in [
        "taskDefinitionArn",
        "revision",
        "status",
        "requiresAttributes",
        "compatibilities",
        "registeredAt",
        "registeredBy",
    ] {
        if body.get(member).is_some() {
            return refuse("ClientException", format!("Unknown parameter in input: \"{member}\""));
        }
    }
    let arn = world.register(family, body.clone());
    let Some(known) = world.definition(&arn) else { return refuse("ServerException", "gone") };
    Ok(json!({"taskDefinition": answers::definition(world, known), "tags": known.tags}))
}

pub(super) fn describe(world: &World, body: &Value) -> Answer {
    let Some(known) = world.definition(required(body, "taskDefinition")?) else {
        return refuse("ClientException", "Unable to describe task definition.");
    };
    let mut answer = json!({"taskDefinition": answers::definition(world, known)});
    if list(body, "include").iter().any(|what| what == "TAGS") {
        answer["tags"] = known.tags.clone();
    }
    Ok(answer)
}

pub(super) fn deregister(world: &mut World, body: &Value) -> Answer {
    let name = required(body, "taskDefinition")?;
    let Some(arn) = world.definition(name).map(|known| known.arn.clone()) else {
        return refuse(
            "ClientException",
            "The specified task definition does not exist. Specify a valid account, family, revision and try again.",
        );
    };
    for known in world.definitions.iter_mut().filter(|known| known.arn == arn) {
        known.active = false;
    }
    let Some(known) = world.definition(&arn) else { return refuse("ServerException", "gone") };
    Ok(json!({"taskDefinition": answers::definition(world, known)}))
}

/// Of a task definition: nothing else is tagged here after it was made.
pub(super) fn tag(world: &mut World, body: &Value) -> Answer {
    let arn = required(body, "resourceArn")?;
    let Some(known) = world.definitions.iter_mut().find(|known| known.arn == arn) else {
        return refuse("InvalidParameterException", "The specified task-definition was not found.");
    };
    for tag in body["tags"].as_array().into_iter().flatten() {
        let Some(tags) = known.tags.as_array_mut() else { continue };
        match tags.iter_mut().find(|there| there["key"] == tag["key"]) {
            Some(there) => *there = tag.clone(),
            None => tags.push(tag.clone()),
        }
    }
    Ok(json!({}))
}

pub(super) fn list_definitions(world: &World, body: &Value) -> Value {
    let family = text(body, "familyPrefix");
    let active = text(body, "status") != Some("INACTIVE");
    let mut known: Vec<_> = world
        .definitions
        .iter()
        .filter(|known| {
            known.active == active && family.is_none_or(|family| known.family == family)
        })
        .collect();
    known.sort_by(|a, b| (&a.family, a.revision).cmp(&(&b.family, b.revision)));
    if text(body, "sort") == Some("DESC") {
        known.reverse();
    }
    let arns: Vec<Value> = known.iter().map(|known| known.arn.clone().into()).collect();
    page(body, "taskDefinitionArns", &arns, 100)
}

pub(super) fn families(world: &World, body: &Value) -> Value {
    let prefix = text(body, "familyPrefix").unwrap_or_default();
    let status = text(body, "status");
    let fits = |active: bool| match status {
        Some("ACTIVE") => active,
        Some("INACTIVE") => !active,
        _ => true,
    };
    let mut names: Vec<&str> = world
        .definitions
        .iter()
        .filter(|known| fits(known.active) && known.family.starts_with(prefix))
        .map(|known| known.family.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    let names: Vec<Value> = names.into_iter().map(Value::from).collect();
    page(body, "families", &names, 100)
}
