//! A plan, read from `terraform show -json`: what changes, how, and why. Pure.
//!
//! Plan JSON holds secrets in clear in several places. Only `resource_changes`, `output_changes` and `checks` are ever
//! shown, and only through [`Sensitive`], which is made from all of them.

mod attributes;
mod followers;
mod sensitive;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use self::{
    attributes::{Attribute, Shown},
    sensitive::Sensitive,
};

/// The parts of plan JSON that we read (Terraform: "JSON Output Format", 1.x). What else there is, is let be.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Written {
    resource_changes: Vec<WrittenChange>,
    resource_drift: Vec<WrittenChange>,
    output_changes: BTreeMap<String, WrittenDiff>,
    checks: Vec<Value>,
    configuration: Value,
    variables: BTreeMap<String, Value>,
    planned_values: Value,
    prior_state: Value,
    complete: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WrittenChange {
    address: String,
    previous_address: Option<String>,
    mode: String,
    r#type: String,
    deposed: Option<String>,
    change: WrittenDiff,
    action_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WrittenDiff {
    actions: Vec<String>,
    before: Value,
    after: Value,
    after_unknown: Value,
    before_sensitive: Value,
    after_sensitive: Value,
    replace_paths: Vec<Vec<Value>>,
    importing: Option<Value>,
}

/// What a plan does.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) changes: Vec<Change>,
    pub(crate) drift: Vec<Change>,
    pub(crate) outputs: Vec<OutputChange>,
    /// Checks that fail, with what they say.
    pub(crate) checks: Vec<(String, String)>,
    pub(crate) counts: Counts,
    /// The plan leaves something out, because `target` says so.
    pub(crate) partial: bool,
    pub(crate) sensitive: Sensitive,
    /// Every change with all its values, secrets in clear: for the fingerprint, and never to be shown.
    pub(crate) in_full: InFull,
}

/// Text that no `{:?}` shows.
#[derive(Default)]
pub(crate) struct InFull(String);

impl std::fmt::Debug for InFull {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl InFull {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// By address, so that the order in which Terraform walks its graph is of no account.
    fn of(written: &Written) -> Self {
        let mut changes: Vec<Value> = written
            .resource_changes
            .iter()
            .filter(|change| change.mode != "data")
            .filter(|change| {
                Action::of(&change.change.actions) != Action::Nothing
                    || change.previous_address.is_some()
                    || change.change.importing.is_some()
            })
            .map(|change| {
                json!([
                    change.address,
                    change.deposed,
                    change.previous_address,
                    change.change.in_full()
                ])
            })
            .collect();
        changes.sort_by_key(Value::to_string);
        let outputs: Vec<Value> = written
            .output_changes
            .iter()
            .filter(|(_, change)| Action::of(&change.actions) != Action::Nothing)
            .map(|(name, change)| json!([name, change.in_full()]))
            .collect();
        Self(json!([changes, outputs]).to_string())
    }
}

impl WrittenDiff {
    fn in_full(&self) -> Value {
        json!([
            self.actions,
            self.before,
            self.after,
            self.after_unknown,
            self.replace_paths,
            self.importing
        ])
    }
}

/// One resource that changes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub(crate) address: String,
    pub(crate) r#type: String,
    pub(crate) action: Action,
    pub(crate) previous_address: Option<String>,
    /// The id under which it is taken over.
    pub(crate) importing: Option<String>,
    /// An old object that a replacement left behind.
    pub(crate) deposed: bool,
    /// Why, in words.
    pub(crate) why: Option<&'static str>,
    /// The attributes that force a replacement.
    pub(crate) forced_by: Vec<String>,
    /// Other changed resources that refer to this one.
    pub(crate) followed_by: Vec<String>,
    pub(crate) attributes: Vec<Attribute>,
    /// What the resource is before the change, for those who must know what would be lost.
    pub(crate) before: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    Delete,
    Replace,
    /// Replaced, and the old object is left behind.
    ReplaceAndForget,
    Forget,
    Update,
    Create,
    Read,
    Nothing,
}

/// How an output of the root changes. Values are shown by [`Shown`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OutputChange {
    pub(crate) name: String,
    pub(crate) action: Action,
    pub(crate) before: Shown,
    pub(crate) after: Shown,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) add: usize,
    pub(crate) change: usize,
    pub(crate) destroy: usize,
    pub(crate) replace: usize,
    pub(crate) import: usize,
    pub(crate) r#move: usize,
    pub(crate) forget: usize,
}

impl Counts {
    /// Resources that are touched outside of the state.
    pub(crate) fn touched(self) -> usize {
        self.add + self.change + self.destroy + self.replace
    }

    /// `1 to add, 2 to replace`, or that there is nothing.
    pub(crate) fn sentence(self) -> String {
        self.in_words([
            "to destroy",
            "to replace",
            "to change",
            "to add",
            "to import",
            "to move",
            "to forget",
        ])
    }

    /// `1 added, 2 replaced`, after an apply.
    pub(crate) fn done(self) -> String {
        self.in_words([
            "destroyed",
            "replaced",
            "changed",
            "added",
            "imported",
            "moved",
            "forgotten",
        ])
    }

    fn in_words(self, words: [&str; 7]) -> String {
        let Self { add, change, destroy, replace, import, r#move, forget } = self;
        let parts: Vec<String> = [destroy, replace, change, add, import, r#move, forget]
            .into_iter()
            .zip(words)
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if parts.is_empty() { "no resource changes".to_owned() } else { parts.join(", ") }
    }
}

impl Action {
    fn of(actions: &[String]) -> Self {
        let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
        match actions.as_slice() {
            ["create"] => Self::Create,
            ["read"] => Self::Read,
            ["update"] => Self::Update,
            ["forget"] => Self::Forget,
            ["create", "forget"] => Self::ReplaceAndForget,
            [] | ["no-op"] => Self::Nothing,
            many if many.contains(&"delete") && many.contains(&"create") => Self::Replace,
            // Whatever a later Terraform writes: a list with `delete` destroys.
            many if many.contains(&"delete") => Self::Delete,
            _ => Self::Update,
        }
    }

    /// Whether the object that there is will be gone.
    pub(crate) fn destroys(self) -> bool {
        matches!(self, Self::Delete | Self::Replace)
    }
}

impl Plan {
    pub(crate) fn parse(json: &[u8]) -> serde_json::Result<Self> {
        let written: Written = serde_json::from_slice(json)?;
        let sensitive = collect(&written);
        let references = followers::references(&written.configuration);
        let changes: Vec<Change> = written
            .resource_changes
            .iter()
            .filter(|change| change.mode != "data")
            .map(|change| read(change, &sensitive))
            .filter(Change::is_any)
            .collect();
        let counts = count(&changes);
        let changes = followers::note(changes, &references);
        Ok(Self {
            in_full: InFull::of(&written),
            counts,
            drift: written
                .resource_drift
                .iter()
                .map(|change| read(change, &sensitive))
                .filter(|change| change.action != Action::Nothing)
                .collect(),
            outputs: written
                .output_changes
                .iter()
                .map(|(name, change)| output(name, change, &sensitive))
                .filter(|change| change.action != Action::Nothing)
                .collect(),
            checks: written
                .checks
                .iter()
                .flat_map(failing)
                .map(|(check, problem)| {
                    let problem = if sensitive.hides(&problem) {
                        "(its message holds a sensitive value)".to_owned()
                    } else {
                        problem
                    };
                    (check, problem)
                })
                .collect(),
            partial: written.complete == Some(false),
            changes,
            sensitive,
        })
    }

    /// Nothing to apply: no resource, no output, not even an address changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.outputs.is_empty()
    }
}

impl Change {
    fn is_any(&self) -> bool {
        self.action != Action::Nothing
            || self.previous_address.is_some()
            || self.importing.is_some()
    }
}

fn read(written: &WrittenChange, sensitive: &Sensitive) -> Change {
    let change = &written.change;
    let action = Action::of(&change.actions);
    let forced_by: Vec<String> = match action {
        Action::Replace | Action::ReplaceAndForget => {
            change.replace_paths.iter().map(|path| attributes::path_of(path)).collect()
        }
        _ => Vec::new(),
    };
    let importing = change.importing.as_ref().filter(|importing| !importing.is_null());
    Change {
        address: written.address.clone(),
        r#type: written.r#type.clone(),
        action,
        previous_address: written
            .previous_address
            .clone()
            .filter(|previous| *previous != written.address),
        importing: importing.map(|importing| {
            let id = importing.get("id").and_then(Value::as_str).unwrap_or("its identity");
            if sensitive.hides(id) { "(sensitive value)".to_owned() } else { id.to_owned() }
        }),
        deposed: written.deposed.is_some(),
        why: written.action_reason.as_deref().and_then(why),
        attributes: match action {
            Action::Create
            | Action::Update
            | Action::Replace
            | Action::ReplaceAndForget
            | Action::Nothing => attributes::differences(
                &change.before,
                &change.after,
                [&change.after_unknown, &change.before_sensitive, &change.after_sensitive],
                &forced_by,
                sensitive,
            ),
            Action::Delete | Action::Forget | Action::Read => Vec::new(),
        },
        forced_by,
        followed_by: Vec::new(),
        before: change.before.clone(),
    }
}

/// Terraform: "JSON Output Format", `action_reason`. Those that say no more than the action are left out.
fn why(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "replace_because_tainted" => "it is tainted: an earlier apply left it half made",
        "replace_because_cannot_update" => "it cannot be updated in place",
        "replace_by_request" => "`replace` asks for it",
        "replace_by_triggers" => "`replace_triggered_by` names what changes",
        "delete_because_no_resource_config" => "it is no longer in the configuration",
        "delete_because_no_module" => "its module is no longer in the configuration",
        "delete_because_wrong_repetition" => "`count` or `for_each` came or went",
        "delete_because_count_index" => "`count` is smaller",
        "delete_because_each_key" => "`for_each` no longer has its key",
        "delete_because_no_move_target" => {
            "it was moved to an address that is not in the configuration"
        }
        _ => return None,
    })
}

fn count(changes: &[Change]) -> Counts {
    let of = |wanted: &[Action]| changes.iter().filter(|c| wanted.contains(&c.action)).count();
    Counts {
        add: of(&[Action::Create, Action::ReplaceAndForget]),
        change: of(&[Action::Update]),
        destroy: of(&[Action::Delete]),
        replace: of(&[Action::Replace]),
        import: changes.iter().filter(|change| change.importing.is_some()).count(),
        r#move: changes.iter().filter(|change| change.previous_address.is_some()).count(),
        forget: of(&[Action::Forget]),
    }
}

fn output(name: &str, change: &WrittenDiff, sensitive: &Sensitive) -> OutputChange {
    let action = Action::of(&change.actions);
    let shown = |value: &Value, marks: &Value, unknown: bool| {
        if value.is_null() && !unknown {
            Shown::Absent
        } else {
            Shown::of(
                value,
                marks,
                if unknown { &change.after_unknown } else { &Value::Null },
                sensitive,
            )
        }
    };
    OutputChange {
        name: name.to_owned(),
        action,
        before: shown(&change.before, &change.before_sensitive, false),
        after: shown(
            &change.after,
            &change.after_sensitive,
            change.after_unknown == Value::Bool(true),
        ),
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

/// Every value that is called sensitive anywhere in the plan.
fn collect(written: &Written) -> Sensitive {
    let mut sensitive = Sensitive::default();
    for change in written.resource_changes.iter().chain(&written.resource_drift) {
        sensitive.collect(&change.change.before, &change.change.before_sensitive);
        sensitive.collect(&change.change.after, &change.change.after_sensitive);
    }
    for change in written.output_changes.values() {
        sensitive.collect(&change.before, &change.before_sensitive);
        sensitive.collect(&change.after, &change.after_sensitive);
    }
    let declared = written.configuration.pointer("/root_module/variables");
    for (name, declaration) in declared.and_then(Value::as_object).into_iter().flatten() {
        if declaration.get("sensitive").and_then(Value::as_bool) == Some(true) {
            if let Some(value) =
                written.variables.get(name).and_then(|variable| variable.get("value"))
            {
                sensitive.collect(value, &Value::Bool(true));
            }
            if let Some(default) = declaration.get("default") {
                sensitive.collect(default, &Value::Bool(true));
            }
        }
    }
    let prior = written.prior_state.get("values").unwrap_or(&Value::Null);
    for values in [&written.planned_values, prior] {
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

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn sample() -> Plan {
        Plan::parse(include_bytes!("../../tests/data/every-action.json")).unwrap()
    }

    #[test]
    fn a_replacement_counts_in_to_replace_alone() {
        assert_eq!(
            sample().counts,
            Counts { add: 0, change: 3, destroy: 1, replace: 2, import: 1, r#move: 1, forget: 1 }
        );
    }

    #[test]
    fn what_stays_as_it_is_is_no_change() {
        let plan = sample();
        assert!(!plan.changes.iter().any(|change| change.address == "terraform_data.keep"));
        let moved =
            plan.changes.iter().find(|change| change.address == "terraform_data.new").unwrap();
        assert_eq!(moved.previous_address.as_deref(), Some("terraform_data.old"));
        assert_eq!(moved.action, Action::Nothing);
    }

    #[test]
    fn a_replacement_names_the_attribute_that_forces_it() {
        let plan = sample();
        let replaced = plan.changes.iter().find(|c| c.address == "terraform_data.rep").unwrap();
        assert_eq!(replaced.forced_by, ["triggers_replace"]);
        assert_eq!(replaced.why, Some("it cannot be updated in place"));
        assert!(replaced.attributes.iter().any(|a| a.path == "triggers_replace" && a.forces));
    }

    #[test]
    fn a_failing_check_is_told() {
        assert_eq!(sample().checks, [("check.c".to_owned(), "n is not one".to_owned())]);
    }
}
