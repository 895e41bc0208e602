//! The lines of which a plan's texts are made, the same ones in a log and in Markdown.

use std::fmt::Write as _;

use similar::TextDiff;

use crate::plan::{Action, Attribute, Change, OutputChange, Plan, Shown};

/// A resource with more differences than this is not read to its end in a log.
pub(super) const LINES_EACH: usize = 60;
impl Action {
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Delete => "-",
            Self::Replace => "-/+",
            Self::ReplaceAndForget => "+/.",
            Self::Forget => ".",
            Self::Update => "~",
            Self::Create => "+",
            Self::Read => "<=",
            Self::Nothing => ">",
        }
    }
}

pub(super) fn sorted(changes: &[Change]) -> Vec<&Change> {
    let mut sorted: Vec<&Change> = changes.iter().collect();
    sorted.sort_by_key(|change| change.action);
    sorted
}

/// The address, and where it comes from.
pub(super) fn title(change: &Change) -> String {
    let mut title = change.address.clone();
    if change.deposed {
        title.push_str(" (an old object that a replacement left behind)");
    }
    if let Some(previous) = &change.previous_address {
        let _infallible = write!(title, " (moved from {previous})");
    }
    if let Some(id) = &change.importing {
        let _infallible = write!(title, " (imported: {id})");
    }
    title
}

/// Why something is destroyed or replaced, and what follows from that.
pub(super) fn reasons(change: &Change) -> Vec<String> {
    let mut reasons = Vec::new();
    let forced = change.forced_by.join(", ");
    match (change.why, forced.is_empty()) {
        (Some(why), true) => reasons.push(format!("because {why}")),
        (Some(why), false) => reasons.push(format!("because {why}: {forced} changes")),
        (None, false) => reasons.push(format!("because {forced} changes")),
        (None, true) => {}
    }
    if !change.followed_by.is_empty() {
        reasons.push(format!("what refers to it: {}", change.followed_by.join(", ")));
    }
    reasons
}

/// The attributes of a change that are worth reading, as lines of a diff.
pub(super) fn differences(change: &Change) -> Vec<String> {
    let worth = |attribute: &&Attribute| match change.action {
        // A new object has a new id, ARN and so on: that goes without saying.
        Action::Replace | Action::ReplaceAndForget => {
            attribute.forces || attribute.after != Shown::Unknown
        }
        Action::Update => true,
        Action::Create | Action::Delete | Action::Forget | Action::Read | Action::Nothing => false,
    };
    change.attributes.iter().filter(worth).flat_map(attribute_lines).collect()
}

fn attribute_lines(attribute: &Attribute) -> Vec<String> {
    let Attribute { path, before, after, forces } = attribute;
    let forces = if *forces { "   (forces the replacement)" } else { "" };
    match (before, after) {
        (Shown::Block(_), Shown::Block(_) | Shown::Absent) | (Shown::Absent, Shown::Block(_)) => {
            let text = |shown: &Shown| match shown {
                Shown::Block(text) => format!("{}\n", text.trim_end()),
                _ => String::new(),
            };
            let (old, new) = (text(before), text(after));
            let diff = TextDiff::from_lines(old.as_str(), new.as_str());
            let mut lines = vec![format!("  {path}:{forces}")];
            for hunk in diff.unified_diff().context_radius(2).iter_hunks() {
                lines.extend(hunk.to_string().lines().map(|line| {
                    let (sign, rest) = line.split_at_checked(1).unwrap_or((line, ""));
                    format!("{sign}   {rest}")
                }));
            }
            lines
        }
        (Shown::Absent, after) => vec![format!("+ {path}: {}{forces}", after.inline())],
        (before, Shown::Absent) => vec![format!("- {path}: {}{forces}", before.inline())],
        (Shown::Sensitive, Shown::Sensitive) => {
            vec![format!("  {path}: (sensitive value) changes{forces}")]
        }
        (before, after) => {
            vec![format!("  {path}: {} → {}{forces}", before.inline(), after.inline())]
        }
    }
}

pub(super) fn indented(lines: &[String], most: usize) -> Vec<String> {
    let mut shown: Vec<String> =
        lines.iter().take(most).map(|line| format!("        {line}")).collect();
    if lines.len() > most {
        shown.push(format!("        … {} lines more", lines.len() - most));
    }
    shown
}

pub(super) fn output_line(output: &OutputChange) -> String {
    let OutputChange { name, action, before, after } = output;
    match action {
        Action::Create => format!("  + output {name}: {}", after.inline()),
        Action::Delete => format!("  - output {name}"),
        _ => format!("  ~ output {name}: {} → {}", before.inline(), after.inline()),
    }
}

/// What changed outside of Terraform, as far as the plan does something about it. The rest is the business of `drift`.
pub(super) fn relevant(plan: &Plan) -> Vec<Change> {
    let planned =
        |drift: &&Change| plan.changes.iter().any(|change| change.address == drift.address);
    plan.drift.iter().filter(planned).cloned().collect()
}

pub(super) fn drift_lines(drift: &[Change]) -> Vec<String> {
    let mut lines = Vec::new();
    for change in drift.iter().filter(|change| is_real(change)) {
        let what = if change.action == Action::Delete { "was deleted" } else { "was changed" };
        lines.push(format!("  drift: {} {what} outside of Terraform", change.address));
        let found: Vec<String> = change.attributes.iter().flat_map(attribute_lines).collect();
        lines.extend(indented(&found, LINES_EACH));
    }
    lines
}

/// A provider that writes `{}` where it read nothing has not seen a change: no attribute is left to show.
pub(crate) fn is_real(drift: &Change) -> bool {
    drift.action == Action::Delete || !drift.attributes.is_empty()
}
