//! What people read: which keys, from where, and what changed. Never a value.

use std::collections::{BTreeMap, BTreeSet};

use actions_runtime::{Step, markdown};

use crate::{
    format::{Format, Pairs},
    render::Plan,
};

/// What became of a key since the file was written last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Added,
    Changed,
    Removed,
    Kept,
}

impl Change {
    fn sign(self) -> char {
        match self {
            Self::Added => '+',
            Self::Changed => '~',
            Self::Removed => '-',
            Self::Kept => ' ',
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Kept => "",
        }
    }
}

/// Each key of the new file and of the old one, with what became of it.
pub(crate) fn changes(before: &Pairs, after: &Pairs) -> Vec<(String, Change)> {
    let old: BTreeMap<&str, &str> = before.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let new: BTreeSet<&str> = after.iter().map(|(key, _)| key.as_str()).collect();
    let mut changes: Vec<(String, Change)> = after
        .iter()
        .map(|(key, value)| {
            let change = match old.get(key.as_str()) {
                None => Change::Added,
                Some(old) if old == value => Change::Kept,
                Some(_) => Change::Changed,
            };
            (key.clone(), change)
        })
        .collect();
    let gone = before.iter().filter(|(key, _)| !new.contains(key.as_str()));
    changes.extend(gone.map(|(key, _)| (key.clone(), Change::Removed)));
    changes
}

pub(crate) fn tell(
    step: &Step,
    file: &str,
    format: Format,
    plan: &Plan,
    changes: &[(String, Change)],
) {
    let source = |key: &str| {
        plan.taints
            .get(key)
            .map(|taints| taints.iter().cloned().collect::<Vec<_>>().join(", "))
            .unwrap_or_default()
    };
    let width = changes.iter().map(|(key, _)| key.len()).max().unwrap_or_default();
    let mut lines = vec![format!("{file}, for {}:", name(format))];
    lines.extend(changes.iter().map(|(key, change)| {
        format!("  {} {key:width$}  {}", change.sign(), source(key)).trim_end().to_owned()
    }));
    step.say(lines.join("\n"));
    let rows = changes.iter().map(|(key, change)| {
        [markdown::code(key), markdown::text(&source(key)), change.word().to_owned()]
    });
    step.summary(format!(
        "### {}\n\n{}",
        markdown::code(file),
        markdown::table(["key", "secret from", "change"], rows)
    ));
}

pub(crate) fn name(format: Format) -> &'static str {
    match format {
        Format::Node => "node",
        Format::Vite => "Vite",
        Format::Docker => "docker",
        Format::Shell => "a shell",
        Format::Json => "readers of JSON",
        Format::GithubEnv => "the steps that follow",
        Format::EcsSecrets => "ecs-rollout",
    }
}
