//! Plan JSON as Terraform writes it, and what can be read from it without knowing what a change means.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Sensitive;

/// The parts of plan JSON that we read (Terraform: "JSON Output Format", 1.x). What else there is, is let be.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Written {
    pub(super) resource_changes: Vec<WrittenChange>,
    pub(super) resource_drift: Vec<WrittenChange>,
    pub(super) output_changes: BTreeMap<String, WrittenDiff>,
    pub(super) checks: Vec<Value>,
    pub(super) configuration: Value,
    pub(super) variables: BTreeMap<String, Value>,
    pub(super) planned_values: Value,
    pub(super) prior_state: Value,
    pub(super) complete: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenChange {
    pub(super) address: String,
    pub(super) previous_address: Option<String>,
    pub(super) mode: String,
    pub(super) r#type: String,
    pub(super) deposed: Option<String>,
    pub(super) change: WrittenDiff,
    pub(super) action_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenDiff {
    pub(super) actions: Vec<String>,
    pub(super) before: Value,
    pub(super) after: Value,
    pub(super) after_unknown: Value,
    pub(super) before_sensitive: Value,
    pub(super) after_sensitive: Value,
    pub(super) replace_paths: Vec<Vec<Value>>,
    pub(super) importing: Option<Value>,
}

impl Written {
    /// Every value that is called sensitive anywhere in the plan.
    pub(super) fn sensitive(&self) -> Sensitive {
        let mut sensitive = Sensitive::default();
        for change in self.resource_changes.iter().chain(&self.resource_drift) {
            sensitive.collect(&change.change.before, &change.change.before_sensitive);
            sensitive.collect(&change.change.after, &change.change.after_sensitive);
        }
        for change in self.output_changes.values() {
            sensitive.collect(&change.before, &change.before_sensitive);
            sensitive.collect(&change.after, &change.after_sensitive);
        }
        let declared = self.configuration.pointer("/root_module/variables");
        for (name, declaration) in declared.and_then(Value::as_object).into_iter().flatten() {
            if declaration.get("sensitive").and_then(Value::as_bool) == Some(true) {
                if let Some(value) =
                    self.variables.get(name).and_then(|variable| variable.get("value"))
                {
                    sensitive.collect(value, &Value::Bool(true));
                }
                if let Some(default) = declaration.get("default") {
                    sensitive.collect(default, &Value::Bool(true));
                }
            }
        }
        let prior = self.prior_state.get("values").unwrap_or(&Value::Null);
        for values in [&self.planned_values, prior] {
            for output in values.get("outputs").and_then(Value::as_object).into_iter().flatten() {
                if output.1.get("sensitive").and_then(Value::as_bool) == Some(true) {
                    sensitive
                        .collect(output.1.get("value").unwrap_or(&Value::Null), &Value::Bool(true));
                }
            }
            if let Some(module) = values.get("root_module") {
                collect_module(module, &mut sensitive);
            }
        }
        sensitive
    }

    /// The failing instances of all checks, with their messages.
    pub(super) fn failing_checks(&self) -> impl Iterator<Item = (String, String)> {
        self.checks.iter().flat_map(failing)
    }
}

fn collect_module(module: &Value, sensitive: &mut Sensitive) {
    for resource in module.get("resources").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(values), Some(marks)) =
            (resource.get("values"), resource.get("sensitive_values"))
        {
            sensitive.collect(values, marks);
        }
    }
    for child in module.get("child_modules").and_then(Value::as_array).into_iter().flatten() {
        collect_module(child, sensitive);
    }
}

/// The failing instances of a check, with their messages.
fn failing(check: &Value) -> Vec<(String, String)> {
    let name = |value: &Value| {
        value.pointer("/address/to_display").and_then(Value::as_str).unwrap_or("a check").to_owned()
    };
    let instances = check.get("instances").and_then(Value::as_array).into_iter().flatten();
    instances
        .filter(|instance| instance.get("status").and_then(Value::as_str) == Some("fail"))
        .flat_map(|instance| {
            let problems = instance.get("problems").and_then(Value::as_array).into_iter().flatten();
            problems
                .filter_map(|problem| problem.get("message").and_then(Value::as_str))
                .map(|message| (name(instance), message.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect()
}
