//! Secrets without a template: each becomes a key, named as AWS's action names it
//! (aws-actions/aws-secretsmanager-get-secrets, "Environment variable naming").

use std::collections::{BTreeMap, BTreeSet};

use actions_runtime::{Faults, Step};
use secrecy::SecretString;
use serde_json::Value;

use crate::{
    expression::{Secret, mask_leaves},
    format::Rendered,
    render::Plan,
};

/// By alias: a key for the whole of each secret, or with `parse_json` one for each member of a JSON object.
pub(crate) fn plan(
    step: &Step,
    secrets: &BTreeMap<String, Secret>,
    parse_json: bool,
    faults: &mut Faults,
) -> Plan {
    let mut plan = Plan::default();
    for (alias, secret) in secrets {
        let mut found = Vec::new();
        match secret.members.as_ref().filter(|_| parse_json) {
            Some(members) => {
                for (name, value) in members {
                    mask_leaves(step, value);
                    flatten(&joined(alias, name), value, &mut found);
                }
            }
            None if alias.is_empty() => {
                faults.add("secret-ids", "a secret that is no JSON object needs an alias");
            }
            None => {
                step.mask(&SecretString::from(secret.text.as_str()));
                found.push((alias.clone(), secret.text.clone()));
            }
        }
        for (name, value) in found {
            let key = key_of(&name);
            let taint = BTreeSet::from([format!("secret `{alias}`")]);
            if plan.taints.insert(key.clone(), taint).is_some() {
                faults.add("secret-ids", format!("two values would be `{key}`: give them aliases"));
            }
            plan.lines.push(Rendered::Entry { key, value });
        }
    }
    plan
}

fn flatten(name: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                flatten(&joined(name, member), value, found);
            }
        }
        Value::String(text) => found.push((name.to_owned(), text.clone())),
        other => found.push((name.to_owned(), other.to_string())),
    }
}

fn joined(name: &str, member: &str) -> String {
    if name.is_empty() { member.to_owned() } else { format!("{name}_{member}") }
}

/// In capitals; what no variable's name may hold is `_`, and so is what precedes a digit that would be first.
fn key_of(name: &str) -> String {
    let key: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect();
    if key.starts_with(|c: char| c.is_ascii_digit()) { format!("_{key}") } else { key }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_named_as_awss_action_names_them() {
        for (name, key) in [("todo/db", "TODO_DB"), ("0/a-b", "_0_A_B"), ("", "")] {
            assert_eq!(key_of(name), key);
        }
        let mut found = Vec::new();
        flatten(&joined("", "db"), &json!({"port": 5432, "user": {"name": "x"}}), &mut found);
        let found: Vec<_> = found.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(found, [("db_port", "5432"), ("db_user_name", "x")]);
    }
}
