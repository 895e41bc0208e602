//! Every change with all its values, secrets in clear: for the fingerprint, and never to be shown.

use std::fmt;

use serde_json::{Value, json};

use super::{
    Action,
    written::{Written, WrittenDiff},
};

/// One change of a resource or of an output.
pub(crate) struct InFull {
    /// `replace aws_a.b`, fit to be shown.
    pub(crate) label: String,
    /// Two changes are the same one exactly when their texts are.
    pub(crate) text: String,
}

/// Without the values.
impl fmt::Debug for InFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

/// All changes, by address: the order in which Terraform walks its graph is of no account.
pub(super) fn of(written: &Written) -> Vec<InFull> {
    let resources = written
        .resource_changes
        .iter()
        .filter(|change| change.mode != "data")
        .map(|change| (change, Action::of(&change.change.actions)))
        .filter(|(change, action)| {
            *action != Action::Nothing
                || change.previous_address.is_some()
                || change.change.importing.is_some()
        })
        .map(|(change, action)| InFull {
            label: format!("{} {}", action.verb(), change.address),
            text: json!([
                change.address,
                change.deposed,
                change.previous_address,
                values(&change.change)
            ])
            .to_string(),
        });
    let outputs = written
        .output_changes
        .iter()
        .map(|(name, change)| (name, change, Action::of(&change.actions)))
        .filter(|(_, _, action)| *action != Action::Nothing)
        .map(|(name, change, action)| InFull {
            label: format!("{} output {name}", action.verb()),
            text: json!(["output", name, values(change)]).to_string(),
        });
    let mut all: Vec<InFull> = resources.collect();
    all.sort_by(|a, b| a.text.cmp(&b.text));
    all.extend(outputs);
    all
}

fn values(change: &WrittenDiff) -> Value {
    json!([
        change.actions,
        change.before,
        change.after,
        change.after_unknown,
        change.replace_paths,
        change.importing
    ])
}
