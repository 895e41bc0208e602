//! `format: ecs-secrets`: where a secret is, instead of what it is. ECS reads it when a task starts, so that the API's
//! secrets never pass through the machine that deploys.

use std::collections::BTreeMap;

use actions_runtime::{Faults, did_you_mean};

use crate::{
    format::Rendered,
    render::Plan,
    template::{Holes, Line, Part, is_key, parse},
};

/// A secret as ECS is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) arn: String,
    pub(crate) stage: Option<String>,
    pub(crate) version: Option<String>,
}

impl Source {
    /// `arn:json-key:stage:version`, the colons kept (ECS: "Passing secrets with Secrets Manager"); the bare ARN where
    /// nothing follows.
    fn value_from(&self, key: Option<&str>) -> String {
        let Self { arn, stage, version } = self;
        let or_nothing = |text: &Option<String>| text.clone().unwrap_or_default();
        if key.is_none() && stage.is_none() && version.is_none() {
            return arn.clone();
        }
        format!("{arn}:{}:{}:{}", key.unwrap_or_default(), or_nothing(stage), or_nothing(version))
    }
}

/// The lines `KEY=valueFrom` of a template whose every value is one bare secret.
pub(crate) fn plan(text: &str, sources: &BTreeMap<String, Source>, faults: &mut Faults) -> Plan {
    let lines = match parse(text, Holes::Expressions) {
        Ok(lines) => lines,
        Err(wrong) => {
            for (line, fault) in wrong {
                faults.add("template", format!("line {line}: {fault}"));
            }
            return Plan::default();
        }
    };
    let mut plan = Plan::default();
    for line in lines {
        let entry = match line {
            Line::Aside(text) => {
                plan.lines.push(Rendered::Aside(text));
                continue;
            }
            Line::Entry(entry) => entry,
        };
        let reference = match entry.value.as_slice() {
            [Part::Hole(source)] => bare(source),
            _ => None,
        };
        let Some((alias, key)) = reference else {
            faults.add(
                "template",
                format!(
                    "line {}, `{}`: only a bare secret such as `{{{{ secrets[\"todo-db\"].password }}}}` can be referred to",
                    entry.line, entry.key
                ),
            );
            continue;
        };
        let Some(source) = sources.get(&alias) else {
            let names: Vec<&String> = sources.keys().collect();
            let near = did_you_mean(&alias, &names);
            faults.add(
                "template",
                format!(
                    "line {}, `{}`: `secret-ids` names no secret `{alias}`{near}",
                    entry.line, entry.key
                ),
            );
            continue;
        };
        plan.taints.insert(entry.key.clone(), [format!("secret `{alias}`, by reference")].into());
        plan.lines
            .push(Rendered::Entry { key: entry.key, value: source.value_from(key.as_deref()) });
    }
    plan
}

/// `secrets.alias.key`, `secrets["alias"]["key"]` and what lies between, without the key too.
fn bare(expression: &str) -> Option<(String, Option<String>)> {
    let (alias, rest) = member(expression.strip_prefix("secrets")?)?;
    if rest.is_empty() {
        return Some((alias, None));
    }
    let (key, rest) = member(rest)?;
    rest.is_empty().then_some((alias, Some(key)))
}

/// `.name` or `["name"]`, and what follows.
fn member(text: &str) -> Option<(String, &str)> {
    if let Some(rest) = text.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        return is_key(name).then(|| (name.to_owned(), rest));
    }
    let rest = text.strip_prefix('[')?;
    let quote = rest.chars().next().filter(|c| ['"', '\''].contains(c))?;
    let (name, rest) = rest[1..].split_once(quote)?;
    // A colon would end the field of ECS's notation.
    (!name.contains(['\\', ':'])).then_some((name.to_owned(), rest.strip_prefix(']')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_secret_is_a_reference() {
        for (expression, expected) in [
            ("secrets.db.password", Some(("db", Some("password")))),
            ("secrets[\"todo-db\"].password", Some(("todo-db", Some("password")))),
            ("secrets['todo-db'][\"pass-word\"]", Some(("todo-db", Some("pass-word")))),
            ("secrets.token", Some(("token", None))),
            ("secrets.db.password | urlencode", None),
            ("secrets.db.password.more", None),
            ("secrets.todo-db", None),
            ("outputs.x", None),
            ("secrets", None),
        ] {
            let expected =
                expected.map(|(a, k): (&str, Option<&str>)| (a.to_owned(), k.map(str::to_owned)));
            assert_eq!(bare(expression), expected, "{expression}");
        }
    }

    #[test]
    fn the_colons_are_those_of_ecs() {
        let source = |stage: Option<&str>, version: Option<&str>| Source {
            arn: "arn:x".to_owned(),
            stage: stage.map(str::to_owned),
            version: version.map(str::to_owned),
        };
        for (source, key, expected) in [
            (source(None, None), None, "arn:x"),
            (source(None, None), Some("k"), "arn:x:k::"),
            (source(Some("AWSPREVIOUS"), None), None, "arn:x::AWSPREVIOUS:"),
            (source(None, Some("v1")), Some("k"), "arn:x:k::v1"),
        ] {
            assert_eq!(source.value_from(key), expected);
        }
    }
}
