//! A plan, read from `terraform show -json`: what changes, how, and why. Pure.
//!
//! Plan JSON holds secrets in clear in several places. Only `resource_changes`, `output_changes` and `checks` are ever
//! shown, and only through [`Sensitive`], which is made from all of them.

mod attributes;
mod counts;
mod followers;
mod in_full;
mod sensitive;
mod written;

use serde_json::Value;

use self::written::{Written, WrittenChange, WrittenDiff};
pub(crate) use self::{
    attributes::{Attribute, Shown},
    counts::Counts,
    in_full::InFull,
    sensitive::Sensitive,
};

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
    pub(crate) in_full: Vec<InFull>,
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

    /// What it does, as an order.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Delete => "destroy",
            Self::Replace => "replace",
            Self::ReplaceAndForget => "replace, leaving the old one behind",
            Self::Forget => "forget",
            Self::Update => "change",
            Self::Create => "create",
            Self::Read => "read",
            Self::Nothing => "move",
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
        let sensitive = written.sensitive();
        let references = followers::references(&written.configuration);
        let changes: Vec<Change> = written
            .resource_changes
            .iter()
            .filter(|change| change.mode != "data")
            .map(|change| read(change, &sensitive))
            .filter(Change::is_any)
            .collect();
        let counts = Counts::of(&changes);
        let changes = followers::note(changes, &references);
        Ok(Self {
            in_full: in_full::of(&written),
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
                .failing_checks()
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
