//! What differs between two task definitions, field by field, as a person names it.

use std::fmt;

use serde_json::{Map, Value};

use crate::{TaskDefinition, words::with_short_digests};

type IsDefault = fn(&Value) -> bool;

/// ECS answers with these whether they were given or not: as good as absent.
const DEFAULTS_OF_A_CONTAINER: [(&str, IsDefault); 4] = [
    ("essential", |value| *value == Value::Bool(true)),
    ("cpu", |value| value.as_u64() == Some(0)),
    ("readonlyRootFilesystem", |value| *value == Value::Bool(false)),
    ("privileged", |value| *value == Value::Bool(false)),
];

/// One field that differs. Values of secrets' references are never in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `containerDefinitions.api.image`.
    pub path: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(f, "~ {}: {before} → {after}", self.path),
            (None, Some(after)) => write!(f, "+ {}: {after}", self.path),
            (Some(before), None) => write!(f, "- {}: {before}", self.path),
            (None, None) => f.write_str(&self.path),
        }
    }
}

/// The fields of `after` that are not as in `before`; tags are left out, for they are no part of what runs.
pub fn changes(before: &TaskDefinition, after: &TaskDefinition) -> Vec<Change> {
    let mut changes = Vec::new();
    compare("", Some(&normal(before)), Some(&normal(after)), &mut changes);
    changes
}

/// Changes as the lines of a `diff` block.
pub fn as_diff(changes: &[Change]) -> String {
    let mut lines = Vec::new();
    for change in changes {
        for (sign, value) in [('-', &change.before), ('+', &change.after)] {
            if let Some(value) = value {
                lines.push(format!("{sign} {}: {value}", change.path));
            }
        }
    }
    lines.join("\n")
}

/// The definition in one spelling: lists that are sets keyed by name, defaults and blanks left out.
pub(crate) fn normal(definition: &TaskDefinition) -> Value {
    let mut value = definition.registration();
    if let Some(members) = value.as_object_mut() {
        members.shift_remove("tags");
        for number in ["cpu", "memory"] {
            if let Some(Value::Number(n)) = members.get(number) {
                let text = n.to_string();
                members.insert(number.to_owned(), Value::String(text));
            }
        }
        if members.get("enableFaultInjection") == Some(&Value::Bool(false)) {
            members.shift_remove("enableFaultInjection");
        }
        if let Some(Value::Array(compatibilities)) = members.get_mut("requiresCompatibilities") {
            compatibilities.sort_by_key(ToString::to_string);
        }
        if let Some(Value::Array(containers)) = members.get_mut("containerDefinitions") {
            containers.iter_mut().filter_map(Value::as_object_mut).for_each(normal_container);
        }
    }
    keyed(value).unwrap_or(Value::Null)
}

fn normal_container(container: &mut Map<String, Value>) {
    for (member, is_default) in DEFAULTS_OF_A_CONTAINER {
        if container.get(member).is_some_and(is_default) {
            container.shift_remove(member);
        }
    }
    if let Some(Value::Array(ports)) = container.get_mut("portMappings") {
        for port in ports.iter_mut().filter_map(Value::as_object_mut) {
            // With awsvpc ECS answers with the container's port as the host's.
            if port.get("hostPort") == port.get("containerPort")
                || port.get("hostPort") == Some(&0.into())
            {
                port.shift_remove("hostPort");
            }
            if port.get("protocol").is_some_and(|protocol| protocol == "tcp") {
                port.shift_remove("protocol");
            }
        }
    }
}

/// Lists of named things become objects, so that their order does not matter; what is empty goes.
fn keyed(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => {
            let name = |item: &Value| {
                ["name", "key", "containerPath", "sourceVolume"]
                    .into_iter()
                    .find_map(|key| item.get(key)?.as_str().map(str::to_owned))
            };
            let names: Option<Vec<String>> = items.iter().map(name).collect();
            let unique = names.filter(|names| {
                let mut sorted = names.clone();
                sorted.sort();
                sorted.dedup();
                sorted.len() == names.len()
            });
            Some(match unique {
                Some(names) => Value::Object(
                    names
                        .into_iter()
                        .zip(items)
                        .filter_map(|(name, item)| Some((name, keyed(item)?)))
                        .collect(),
                ),
                None => Value::Array(
                    items.into_iter().map(|item| keyed(item).unwrap_or(Value::Null)).collect(),
                ),
            })
        }
        Value::Object(members) => {
            let members: Map<String, Value> = members
                .into_iter()
                .filter_map(|(name, member)| Some((name, keyed(member)?)))
                .collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        other => Some(other),
    }
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<Change>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
            for name in names {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(&path, old.get(name), new.get(name), changes);
            }
        }
        _ => changes.push(Change {
            path: path.trim_end_matches(".value").trim_end_matches(".valueFrom").to_owned(),
            before: before.map(|value| shown(path, value)),
            after: after.map(|value| shown(path, value)),
        }),
    }
}

/// A value on one line. What a secret refers to is not shown: its name says enough.
fn shown(path: &str, value: &Value) -> String {
    const LONGEST: usize = 300;
    let mut parts = path.split('.').skip(2);
    if parts.next() == Some("secrets") {
        return match value {
            Value::Object(secrets) if parts.next().is_none() => {
                secrets.keys().cloned().collect::<Vec<_>>().join(", ")
            }
            _ => "(a secret)".to_owned(),
        };
    }
    let value = match value {
        // `{"name": "A", "value": "1"}` under `environment.A` says no more than its value.
        Value::Object(members) if members.contains_key("name") && members.len() == 2 => {
            members.get("value").unwrap_or(value)
        }
        _ => value,
    };
    let text = match value {
        Value::String(text) => text.clone(),
        other => without_references(other).to_string(),
    };
    let text = with_short_digests(&text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn without_references(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| match name.as_str() {
                "valueFrom" => (name.clone(), Value::from("(a secret)")),
                _ => (name.clone(), without_references(member)),
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(without_references).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition(container: &Value) -> TaskDefinition {
        TaskDefinition::of(json!({ "family": "api", "containerDefinitions": [container] })).unwrap()
    }

    #[test]
    fn spelling_does_not_matter() {
        let told = definition(&json!({
            "name": "api", "image": "a:1", "essential": true, "cpu": 0, "mountPoints": [], "volumesFrom": [],
            "portMappings": [{ "containerPort": 80, "hostPort": 80, "protocol": "tcp" }],
            "environment": [{ "name": "B", "value": "2" }, { "name": "A", "value": "1" }],
        }));
        let written = definition(&json!({
            "name": "api", "image": "a:1", "portMappings": [{ "containerPort": 80 }],
            "environment": [{ "name": "A", "value": "1" }, { "name": "B", "value": "2" }],
        }));
        assert!(told.runs_the_same_as(&written));
        assert_eq!(changes(&told, &written), []);
    }

    #[test]
    fn a_diff_names_fields_and_never_what_a_secret_refers_to() {
        let before = definition(&json!({
            "name": "api", "image": "a:1",
            "secrets": [{ "name": "URL", "valueFrom": "arn:old" }],
            "environment": [{ "name": "A", "value": "1" }],
        }));
        let mut after = before.clone();
        after.set_image("api", "a:2");
        after.set_environment("api", "B", "x=y");
        after.set_secret("api", "URL", "arn:new");
        after.set_secret("api", "KEY", "arn:key");
        let shown: Vec<String> = changes(&before, &after).iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "~ containerDefinitions.api.image: a:1 → a:2",
                "~ containerDefinitions.api.secrets.URL: (a secret) → (a secret)",
                "+ containerDefinitions.api.secrets.KEY: (a secret)",
                "+ containerDefinitions.api.environment.B: x=y",
            ]
        );
        assert!(!as_diff(&changes(&before, &after)).contains("arn:"));
    }

    #[test]
    fn unknown_members_are_compared_too() {
        let before = definition(&json!({ "name": "api", "image": "a", "future": { "x": 1 } }));
        let after = definition(&json!({ "name": "api", "image": "a", "future": { "x": 2 } }));
        assert_eq!(
            changes(&before, &after)[0].to_string(),
            "~ containerDefinitions.api.future.x: 1 → 2"
        );
    }
}
