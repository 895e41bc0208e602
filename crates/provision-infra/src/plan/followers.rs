//! What follows from a replacement: which other changes refer to the resource that goes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Action, Change};

/// By address in the configuration: the addresses that it refers to.
pub(super) fn references(configuration: &Value) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    if let Some(root) = configuration.get("root_module") {
        references_of(root, "", &mut found);
    }
    found
}

fn references_of(module: &Value, prefix: &str, found: &mut BTreeMap<String, Vec<String>>) {
    for resource in module.get("resources").and_then(Value::as_array).into_iter().flatten() {
        let Some(address) = resource.get("address").and_then(Value::as_str) else { continue };
        let mut names = Vec::new();
        names_in(resource.get("expressions").unwrap_or(&Value::Null), &mut names);
        names_in(resource.get("for_each_expression").unwrap_or(&Value::Null), &mut names);
        names_in(resource.get("count_expression").unwrap_or(&Value::Null), &mut names);
        let depends = resource.get("depends_on").and_then(Value::as_array).into_iter().flatten();
        names.extend(depends.filter_map(Value::as_str).map(str::to_owned));
        let names = names.into_iter().map(|name| format!("{prefix}{name}")).collect();
        found.insert(format!("{prefix}{address}"), names);
    }
    let calls = module.get("module_calls").and_then(Value::as_object).into_iter().flatten();
    for (name, call) in calls {
        if let Some(module) = call.get("module") {
            references_of(module, &format!("{prefix}module.{name}."), found);
        }
    }
}

fn names_in(expression: &Value, names: &mut Vec<String>) {
    match expression {
        Value::Object(members) => {
            for (name, value) in members {
                if name == "references" {
                    let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
                    names.extend(texts.map(str::to_owned));
                } else {
                    names_in(value, names);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names_in(item, names)),
        _ => {}
    }
}

/// Notes at each replaced or destroyed resource which other changes refer to it.
pub(super) fn note(
    mut changes: Vec<Change>,
    references: &BTreeMap<String, Vec<String>>,
) -> Vec<Change> {
    let plain: Vec<String> = changes.iter().map(|change| without_keys(&change.address)).collect();
    // Terraform lists a reference `a.b[0].id` with all that it begins with, so `a.b` is among them.
    let mut referring: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (index, change) in changes.iter().enumerate() {
        if change.action != Action::Nothing {
            for name in references.get(&plain[index]).into_iter().flatten() {
                referring.entry(name).or_default().insert(index);
            }
        }
    }
    let followers: Vec<Vec<String>> = changes
        .iter()
        .zip(&plain)
        .map(|(change, own)| {
            let indices = referring.get(own.as_str()).filter(|_| change.action.destroys());
            let others = indices.into_iter().flatten().filter(|index| plain[**index] != *own);
            others.map(|index| changes[*index].address.clone()).collect()
        })
        .collect();
    for (change, followers) in changes.iter_mut().zip(followers) {
        change.followed_by = followers;
    }
    changes
}

/// `module.a["x"].aws_b.c[0]` as the configuration writes it: `module.a.aws_b.c`.
fn without_keys(address: &str) -> String {
    let (mut plain, mut depth, mut quoted, mut escaped) = (String::new(), 0_u32, false, false);
    for character in address.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if depth > 0 => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(character),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    #[test]
    fn an_address_loses_its_keys() {
        for (address, plain) in [
            ("aws_a.b", "aws_a.b"),
            ("module.m[\"x.y]\"].aws_a.b[0]", "module.m.aws_a.b"),
            ("aws_a.b[\"q\\\"]\"]", "aws_a.b"),
        ] {
            assert_eq!(without_keys(address), plain);
        }
    }

    #[test]
    fn what_follows_a_replacement_is_named() {
        let plan = Plan::parse(
            serde_json::json!({
                "resource_changes": [
                    {"address": "aws_a.x[0]", "mode": "managed", "type": "aws_a",
                     "change": {"actions": ["delete", "create"], "before": {}, "after": {}}},
                    {"address": "aws_b.y", "mode": "managed", "type": "aws_b",
                     "change": {"actions": ["update"], "before": {}, "after": {}}},
                    {"address": "aws_c.z", "mode": "managed", "type": "aws_c",
                     "change": {"actions": ["update"], "before": {}, "after": {}}},
                ],
                "configuration": {"root_module": {"resources": [
                    {"address": "aws_a.x", "expressions": {}},
                    {"address": "aws_b.y", "expressions": {"id": {"references": ["aws_a.x[0].id", "aws_a.x[0]", "aws_a.x"]}}},
                    {"address": "aws_c.z", "expressions": {"id": {"references": ["aws_a.xx.id", "aws_a.xx"]}}},
                ]}},
            })
            .to_string()
            .as_bytes(),
        )
        .unwrap();
        assert_eq!(plan.changes[0].followed_by, ["aws_b.y"]);
    }
}
