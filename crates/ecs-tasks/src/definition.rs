//! A task definition as JSON from end to end, so that members which the SDK does not know survive a new revision.
//!
//! Pure: nothing here talks to AWS.

use std::fmt;

use serde_json::{Map, Value, json};

/// Members that ECS reports and refuses to be given back.
const READ_ONLY: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
];

/// A task definition, as ECS describes it or as a file holds it; its tags are the member `tags`, as in a registration.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskDefinition(Map<String, Value>);

/// Why a text is no task definition. `line` and `column` count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at line {line}, column {column}")]
pub struct NotADefinition {
    pub problem: String,
    pub line: usize,
    pub column: usize,
}

impl TaskDefinition {
    /// Reads a file: a definition alone, or what `aws ecs describe-task-definition` prints. Which revision such an export was
    /// made of is left out: the file may have been edited since, and says what is wanted, not what is there.
    pub fn parse(text: &str) -> Result<Self, NotADefinition> {
        let text = text.trim_start_matches('\u{feff}');
        let value: Value = serde_json::from_str(text).map_err(|error| {
            let said = error.to_string();
            let problem = said.split(" at line ").next().unwrap_or(&said);
            NotADefinition {
                problem: format!("not JSON: {problem}"),
                line: error.line(),
                column: error.column(),
            }
        })?;
        let (line, column) = start_of(text);
        let file = Self::of(value).map_err(|problem| NotADefinition { problem, line, column })?;
        match file.registration() {
            Value::Object(members) => Ok(Self(members)),
            _ => Ok(file),
        }
    }

    /// Takes a definition out of its JSON value, an answer of `DescribeTaskDefinition` included.
    pub fn of(value: Value) -> Result<Self, String> {
        let Value::Object(mut members) = value else {
            return Err("not a task definition: a JSON object was expected".to_owned());
        };
        if let Some(Value::Object(mut inner)) = members.remove("taskDefinition") {
            if let Some(tags) = members.remove("tags") {
                inner.insert("tags".to_owned(), tags);
            }
            members = inner;
        }
        let text = |name: &str| {
            members.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty())
        };
        if !text("family") {
            return Err("not a task definition: it has no `family`".to_owned());
        }
        let Some(Value::Array(containers)) = members.get("containerDefinitions") else {
            return Err("not a task definition: it has no `containerDefinitions`".to_owned());
        };
        if containers.is_empty() {
            return Err("not a task definition: `containerDefinitions` is empty".to_owned());
        }
        if containers.iter().any(|container| container["name"].as_str().is_none()) {
            return Err("not a task definition: a container has no `name`".to_owned());
        }
        Ok(Self(members))
    }

    /// The ARN of this revision; a file need not have one.
    pub fn arn(&self) -> Option<&str> {
        self.0.get("taskDefinitionArn")?.as_str()
    }

    pub fn family(&self) -> &str {
        self.0.get("family").and_then(Value::as_str).unwrap_or_default()
    }

    pub fn revision(&self) -> Option<u64> {
        self.0.get("revision")?.as_u64()
    }

    /// `family:revision`, or the family alone of what is not registered.
    pub fn name(&self) -> String {
        match self.revision() {
            Some(revision) => format!("{}:{revision}", self.family()),
            None => self.family().to_owned(),
        }
    }

    /// An INACTIVE revision cannot be deployed.
    pub fn is_active(&self) -> bool {
        self.0.get("status").and_then(Value::as_str).is_none_or(|status| status == "ACTIVE")
    }

    /// Makes this a definition of another family, as for a one-off task beside the service.
    pub fn set_family(&mut self, family: &str) {
        self.0.insert("family".to_owned(), json!(family));
    }

    /// Sets or, with `None`, takes away any member.
    pub fn set(&mut self, member: &str, value: Option<Value>) {
        match value {
            Some(value) => _ = self.0.insert(member.to_owned(), value),
            None => _ = self.0.shift_remove(member),
        }
    }

    pub fn get(&self, member: &str) -> Option<&Value> {
        self.0.get(member)
    }

    pub fn containers(&self) -> impl Iterator<Item = &Value> {
        self.0.get("containerDefinitions").and_then(Value::as_array).into_iter().flatten()
    }

    pub fn container(&self, name: &str) -> Option<&Value> {
        self.containers().find(|container| container["name"] == name)
    }

    pub fn container_mut(&mut self, name: &str) -> Option<&mut Map<String, Value>> {
        self.0
            .get_mut("containerDefinitions")?
            .as_array_mut()?
            .iter_mut()
            .filter_map(Value::as_object_mut)
            .find(|container| container.get("name").is_some_and(|it| it == name))
    }

    pub fn container_names(&self) -> Vec<String> {
        self.containers()
            .filter_map(|container| container["name"].as_str())
            .map(str::to_owned)
            .collect()
    }

    /// Containers whose end ends the task. A container is essential unless it says otherwise.
    pub fn essential_containers(&self) -> Vec<String> {
        self.containers()
            .filter(|container| container["essential"].as_bool().unwrap_or(true))
            .filter_map(|container| container["name"].as_str())
            .map(str::to_owned)
            .collect()
    }

    pub fn image(&self, container: &str) -> Option<&str> {
        self.container(container)?["image"].as_str()
    }

    pub fn set_image(&mut self, container: &str, image: &str) {
        if let Some(container) = self.container_mut(container) {
            container.insert("image".to_owned(), json!(image));
        }
    }

    /// An empty list is the image's own command.
    pub fn set_command(&mut self, container: &str, command: &[String]) {
        if let Some(container) = self.container_mut(container) {
            container.insert("command".to_owned(), json!(command));
        }
    }

    /// Adds variables to a container, or gives them another value. A name cannot be a secret and a variable at once.
    pub fn set_environment(&mut self, container: &str, name: &str, value: &str) {
        self.set_named(
            container,
            ("environment", "secrets"),
            name,
            json!({ "name": name, "value": value }),
        );
    }

    /// Adds secrets to a container, or lets them refer to another value.
    pub fn set_secret(&mut self, container: &str, name: &str, value_from: &str) {
        self.set_named(
            container,
            ("secrets", "environment"),
            name,
            json!({ "name": name, "valueFrom": value_from }),
        );
    }

    fn set_named(
        &mut self,
        container: &str,
        (list, other): (&str, &str),
        name: &str,
        entry: Value,
    ) {
        let Some(container) = self.container_mut(container) else { return };
        if let Some(Value::Array(other)) = container.get_mut(other) {
            other.retain(|entry| entry["name"] != name);
        }
        let list = container.entry(list).or_insert_with(|| json!([]));
        if !list.is_array() {
            *list = json!([]);
        }
        if let Some(list) = list.as_array_mut() {
            match list.iter_mut().find(|entry| entry["name"] == name) {
                Some(there) => *there = entry,
                None => list.push(entry),
            }
        }
    }

    pub fn tag(&self, key: &str) -> Option<&str> {
        self.0
            .get("tags")?
            .as_array()?
            .iter()
            .find(|tag| tag["key"] == key)
            .and_then(|tag| tag["value"].as_str())
    }

    pub fn set_tag(&mut self, key: &str, value: &str) {
        let tags = self.0.entry("tags").or_insert_with(|| json!([]));
        if !tags.is_array() {
            *tags = json!([]);
        }
        if let Some(tags) = tags.as_array_mut() {
            let tag = json!({ "key": key, "value": value });
            match tags.iter_mut().find(|tag| tag["key"] == key) {
                Some(there) => *there = tag,
                None => tags.push(tag),
            }
        }
    }

    /// What `RegisterTaskDefinition` is given: everything but the read-only members. ECS refuses an empty list of tags,
    /// and tags of its own (`aws:`).
    pub fn registration(&self) -> Value {
        let mut members = self.0.clone();
        for member in READ_ONLY {
            members.shift_remove(member);
        }
        if let Some(Value::Array(tags)) = members.get_mut("tags") {
            tags.retain(|tag| !tag["key"].as_str().is_some_and(|key| key.starts_with("aws:")));
            if tags.is_empty() {
                members.shift_remove("tags");
            }
        }
        members.retain(|_, value| !value.is_null());
        Value::Object(members)
    }

    /// Whether tasks of the two are the same; tags do not matter.
    pub fn runs_the_same_as(&self, other: &Self) -> bool {
        crate::diff::normal(self) == crate::diff::normal(other)
    }

    /// As [`runs_the_same_as`](Self::runs_the_same_as), and with the same tags.
    pub fn is_registered_as(&self, other: &Self) -> bool {
        self.runs_the_same_as(other) && sorted_tags(self) == sorted_tags(other)
    }
}

impl fmt::Display for TaskDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

fn sorted_tags(definition: &TaskDefinition) -> Vec<(String, String)> {
    let registration = definition.registration();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut tags: Vec<_> = registration["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tag| (text(&tag["key"]), text(&tag["value"])))
        .collect();
    tags.sort();
    tags
}

fn start_of(text: &str) -> (usize, usize) {
    let before = &text[..text.len() - text.trim_start().len()];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described() -> TaskDefinition {
        TaskDefinition::of(json!({
            "taskDefinition": {
                "taskDefinitionArn": "arn:aws:ecs:eu-west-1:1:task-definition/api:7",
                "family": "api", "revision": 7, "status": "ACTIVE", "registeredAt": 1.5,
                "requiresAttributes": [{ "name": "x" }], "compatibilities": ["FARGATE"],
                "fromTheFuture": { "kept": true },
                "containerDefinitions": [
                    { "name": "api", "image": "a:1", "alsoNew": 1, "environment": [{ "name": "A", "value": "1" }],
                      "secrets": [{ "name": "S", "valueFrom": "arn:x" }] },
                    { "name": "proxy", "image": "p:1", "essential": false }
                ]
            },
            "tags": [{ "key": "commit", "value": "abc" }, { "key": "aws:x", "value": "y" }]
        }))
        .unwrap()
    }

    #[test]
    fn members_that_nobody_knows_survive_and_read_only_ones_do_not() {
        let registration = described().registration();
        assert_eq!(registration["fromTheFuture"]["kept"], true);
        assert_eq!(registration["containerDefinitions"][0]["alsoNew"], 1);
        for member in READ_ONLY {
            assert!(registration.get(member).is_none(), "{member}");
        }
        assert_eq!(registration["tags"], json!([{ "key": "commit", "value": "abc" }]));
    }

    #[test]
    fn an_export_says_nothing_of_the_revision_that_it_was_made_of() {
        let described = described();
        let export = json!({ "taskDefinition": Value::Object(described.0.clone()) }).to_string();
        let file = TaskDefinition::parse(&export).unwrap();
        assert_eq!((file.arn(), file.revision()), (None, None));
        assert!(file.is_registered_as(&described));
    }

    #[test]
    fn a_name_is_a_secret_or_a_variable_never_both() {
        let mut definition = described();
        definition.set_environment("api", "S", "plain");
        definition.set_environment("api", "A", "2");
        definition.set_secret("api", "N", "arn:n");
        let container = definition.container("api").unwrap();
        assert_eq!(
            container["environment"],
            json!([{ "name": "A", "value": "2" }, { "name": "S", "value": "plain" }])
        );
        assert_eq!(container["secrets"], json!([{ "name": "N", "valueFrom": "arn:n" }]));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_place() {
        for (text, expected) in [
            ("{\n  \"family\": \"x\",,\n}", "not JSON: key must be a string at line 2, column 17"),
            ("\n  []", "not a task definition: a JSON object was expected at line 2, column 3"),
            (
                "{\"containerDefinitions\": []}",
                "not a task definition: it has no `family` at line 1, column 1",
            ),
            (
                "{\"family\": \"x\"}",
                "not a task definition: it has no `containerDefinitions` at line 1, column 1",
            ),
        ] {
            assert_eq!(TaskDefinition::parse(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn names_and_essentials_are_read() {
        let definition = described();
        assert_eq!(definition.name(), "api:7");
        assert_eq!(definition.container_names(), ["api", "proxy"]);
        assert_eq!(definition.essential_containers(), ["api"]);
        assert_eq!(definition.tag("commit"), Some("abc"));
    }
}
