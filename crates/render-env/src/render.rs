//! From a template to pairs: pure but for the masks, and complete before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use actions_runtime::Faults;

use crate::{
    expression::Scope,
    format::Rendered,
    template::{Holes, Line, Part, Placeholder, parse},
};

/// What a bundler puts into the browser's files.
const PUBLIC: [&str; 4] = ["VITE_", "NEXT_PUBLIC_", "PUBLIC_", "REACT_APP_"];

/// The file to be, and whose secrets are in it.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) lines: Vec<Rendered>,
    /// By key: the secrets and sensitive outputs that its value names.
    pub(crate) taints: BTreeMap<String, BTreeSet<String>>,
}

impl Plan {
    /// The keys that everybody could read, with the secrets that would be in them.
    pub(crate) fn leaks(&self, allowed: &[String]) -> Vec<(&str, &BTreeSet<String>)> {
        self.taints
            .iter()
            .filter(|(key, taints)| {
                !taints.is_empty()
                    && PUBLIC.iter().any(|prefix| key.starts_with(prefix))
                    && !allowed.contains(key)
            })
            .map(|(key, taints)| (key.as_str(), taints))
            .collect()
    }
}

/// Fills a template's expressions.
pub(crate) fn template(text: &str, scope: &Scope, faults: &mut Faults) -> Plan {
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
        match fill(&entry.value, scope) {
            Ok((value, taints)) => {
                plan.taints.insert(entry.key.clone(), taints);
                plan.lines.push(Rendered::Entry { key: entry.key, value });
            }
            Err(wrong) => {
                for fault in wrong {
                    faults
                        .add("template", format!("line {}, `{}`: {fault}", entry.line, entry.key));
                }
            }
        }
    }
    plan
}

/// Fills the `<NAME>`s of an output's text. Nothing else in that text is looked at.
pub(crate) fn from_output(
    name: &str,
    placeholders: &[Placeholder],
    scope: &Scope,
    faults: &mut Faults,
) -> Plan {
    let Some(output) = scope.output(name) else {
        let message = format!("there is no output `{name}`");
        let near = actions_runtime::did_you_mean(name, &scope.output_names());
        faults.add("from-output", message + &near);
        return Plan::default();
    };
    let Some(text) = output.value.as_str() else {
        faults.add("from-output", format!("the output `{name}` is no text"));
        return Plan::default();
    };
    let lines = match parse(text, Holes::Placeholders) {
        Ok(lines) => lines,
        Err(wrong) => {
            for (line, fault) in wrong {
                faults.add("from-output", format!("line {line} of `{name}`: {fault}"));
            }
            return Plan::default();
        }
    };
    let filled = values_of(placeholders, scope, faults);
    let mut unused: BTreeSet<&str> = filled.keys().copied().collect();
    let mut plan = Plan::default();
    for line in lines {
        let entry = match line {
            Line::Aside(text) => {
                plan.lines.push(Rendered::Aside(text));
                continue;
            }
            Line::Entry(entry) => entry,
        };
        let mut value = String::new();
        let mut taints: BTreeSet<String> =
            output.sensitive.then(|| format!("sensitive output `{name}`")).into_iter().collect();
        for part in &entry.value {
            match part {
                Part::Text(text) => value.push_str(text),
                Part::Hole(hole) => match filled.get(hole.as_str()) {
                    Some((text, tainted)) => {
                        unused.remove(hole.as_str());
                        value.push_str(text);
                        taints.extend(tainted.iter().cloned());
                    }
                    None => faults.add(
                        "placeholders",
                        format!("nothing fills `<{hole}>` of `{}`", entry.key),
                    ),
                },
            }
        }
        plan.taints.insert(entry.key.clone(), taints);
        plan.lines.push(Rendered::Entry { key: entry.key, value });
    }
    for name in unused {
        faults.add("placeholders", format!("the output has no `<{name}>`"));
    }
    plan
}

type Filled = (String, BTreeSet<String>);

fn values_of<'a>(
    placeholders: &'a [Placeholder],
    scope: &Scope,
    faults: &mut Faults,
) -> BTreeMap<&'a str, Filled> {
    let mut filled = BTreeMap::new();
    for placeholder in placeholders {
        let value = fill(&placeholder.value, scope).unwrap_or_else(|wrong| {
            for fault in wrong {
                faults.add("placeholders", format!("`{}`: {fault}", placeholder.name));
            }
            Filled::default()
        });
        if filled.insert(placeholder.name.as_str(), value).is_some() {
            faults.add("placeholders", format!("`{}` is there twice", placeholder.name));
        }
    }
    filled
}

fn fill(parts: &[Part], scope: &Scope) -> Result<Filled, Vec<String>> {
    let (mut value, mut taints, mut faults) = (String::new(), BTreeSet::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text(text) => value.push_str(text),
            Part::Hole(source) => match scope.evaluate(source) {
                Ok(evaluated) => {
                    value.push_str(&evaluated.text);
                    taints.extend(evaluated.taints);
                }
                Err(wrong) => faults.extend(wrong),
            },
        }
    }
    if faults.is_empty() { Ok((value, taints)) } else { Err(faults) }
}
