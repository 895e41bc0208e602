//! A plan as people read it: first what is destroyed or replaced and why, then the rest. Pure text.

use std::fmt::Write as _;

use actions_runtime::markdown;
use similar::TextDiff;

use crate::{
    events::Diagnostic,
    ledger::Ledger,
    plan::{Action, Attribute, Change, OutputChange, Plan, Shown},
    protect::Loss,
};

/// A resource with more differences than this is not read to its end in a log.
const LINES_EACH: usize = 60;
/// Addresses in one section of the summary, which is cut between sections.
const ADDRESSES_EACH: usize = 100;

impl Action {
    fn sign(self) -> &'static str {
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

/// The plan for a log or a terminal.
pub(crate) fn text(plan: &Plan, losses: &[Loss]) -> String {
    let mut lines = vec![format!("plan: {}", headline(plan))];
    for change in sorted(&plan.changes) {
        lines.push(format!("  {:>3} {}", change.action.sign(), title(change)));
        lines.extend(reasons(change).into_iter().map(|reason| format!("        {reason}")));
        lines.extend(indented(&differences(change), LINES_EACH));
    }
    lines.extend(plan.outputs.iter().map(|output| format!("  {}", output_line(output))));
    lines.extend(drift_lines(&relevant(plan)));
    lines
        .extend(plan.checks.iter().map(|(check, problem)| format!("  ! {check} fails: {problem}")));
    lines.extend(losses.iter().map(|loss| format!("  ! {}", loss.sentence())));
    if plan.partial {
        lines.push(
            "  ! the plan is limited by `target`: what it leaves out may differ too".to_owned(),
        );
    }
    lines.join("\n")
}

/// What changed outside of Terraform, for a log or a terminal.
pub(crate) fn drift_text(drift: &[Change]) -> String {
    drift_lines(drift).join("\n")
}

/// The same for the job's summary.
pub(crate) fn drift_markdown(drift: &[Change]) -> String {
    format!("### Changed outside of Terraform\n\n{}", markdown::fence("diff", &drift_text(drift)))
}

/// What all changes come to.
pub(crate) fn headline(plan: &Plan) -> String {
    let outputs = match plan.outputs.len() {
        0 => String::new(),
        1 => ", 1 output changes".to_owned(),
        many => format!(", {many} outputs change"),
    };
    if plan.is_empty() { "no changes".to_owned() } else { plan.counts.sentence() + &outputs }
}

fn sorted(changes: &[Change]) -> Vec<&Change> {
    let mut sorted: Vec<&Change> = changes.iter().collect();
    sorted.sort_by_key(|change| change.action);
    sorted
}

/// The address, and where it comes from.
fn title(change: &Change) -> String {
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
fn reasons(change: &Change) -> Vec<String> {
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
fn differences(change: &Change) -> Vec<String> {
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

fn indented(lines: &[String], most: usize) -> Vec<String> {
    let mut shown: Vec<String> =
        lines.iter().take(most).map(|line| format!("        {line}")).collect();
    if lines.len() > most {
        shown.push(format!("        … {} lines more", lines.len() - most));
    }
    shown
}

fn output_line(output: &OutputChange) -> String {
    let OutputChange { name, action, before, after } = output;
    match action {
        Action::Create => format!("  + output {name}: {}", after.inline()),
        Action::Delete => format!("  - output {name}"),
        _ => format!("  ~ output {name}: {} → {}", before.inline(), after.inline()),
    }
}

/// What changed outside of Terraform, as far as the plan does something about it. The rest is the business of `drift`.
fn relevant(plan: &Plan) -> Vec<Change> {
    let planned =
        |drift: &&Change| plan.changes.iter().any(|change| change.address == drift.address);
    plan.drift.iter().filter(planned).cloned().collect()
}

fn drift_lines(drift: &[Change]) -> Vec<String> {
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

/// The plan for the job's summary: sections, because a summary that is too long is cut between them.
pub(crate) fn markdown(plan: &Plan, losses: &[Loss], title_line: &str) -> Vec<String> {
    let mut head = format!("### {}\n\n", markdown::text(title_line));
    let _infallible = writeln!(head, "**{}**", headline(plan));
    for loss in losses {
        let _infallible = write!(head, "\n> [!CAUTION]\n> {}\n", markdown::text(&loss.sentence()));
    }
    for (check, problem) in &plan.checks {
        let _infallible = write!(
            head,
            "\n> [!WARNING]\n> {} fails: {}\n",
            markdown::text(check),
            markdown::text(problem)
        );
    }
    if plan.partial {
        head.push_str("\n> [!NOTE]\n> The plan is limited by `target`.\n");
    }
    let mut sections = vec![head];
    let (grave, other): (Vec<&Change>, Vec<&Change>) =
        sorted(&plan.changes).into_iter().partition(|change| change.action.destroys());
    sections.extend(grave.into_iter().map(|change| section(change, true)));
    let (detailed, listed): (Vec<&Change>, Vec<&Change>) =
        other.into_iter().partition(|change| change.action == Action::Update);
    sections.extend(detailed.into_iter().map(|change| section(change, false)));
    for changes in listed.chunks(ADDRESSES_EACH) {
        sections.push(
            changes
                .iter()
                .map(|change| {
                    format!("- {} {}\n", change.action.verb(), markdown::code(&title(change)))
                })
                .collect::<Vec<_>>()
                .concat(),
        );
    }
    if !plan.outputs.is_empty() {
        let lines: Vec<String> =
            plan.outputs.iter().map(|output| output_line(output).trim_start().to_owned()).collect();
        sections.push(folded("outputs", &markdown::fence("diff", &lines.join("\n"))));
    }
    let drift = drift_lines(&relevant(plan));
    if !drift.is_empty() {
        sections.push(folded(
            "changed outside of Terraform",
            &markdown::fence("diff", &drift.join("\n")),
        ));
    }
    sections
}

/// One changed resource.
fn section(change: &Change, grave: bool) -> String {
    let mut text = String::new();
    let name = format!("{} {}", change.action.verb(), title(change));
    for reason in reasons(change) {
        let _infallible = write!(text, "{}\n\n", markdown::text(&reason));
    }
    let lines = differences(change);
    if !lines.is_empty() {
        text.push_str(&markdown::fence("diff", &lines.join("\n")));
    }
    if grave { format!("#### {}\n\n{text}", markdown::text(&name)) } else { folded(&name, &text) }
}

fn folded(title: &str, body: &str) -> String {
    format!(
        "<details><summary>{}</summary>\n\n{}\n</details>\n",
        markdown::text(title),
        body.trim_end()
    )
}

/// What Terraform complains about, for the job's summary.
pub(crate) fn diagnostic_markdown(diagnostic: &Diagnostic) -> String {
    let mut text = format!("**{}**\n", markdown::text(&diagnostic.headline()));
    let body = diagnostic.body();
    if !body.is_empty() {
        let _infallible = write!(text, "\n{}", markdown::fence("", &body));
    }
    text
}

/// What an apply did, for the log.
pub(crate) fn ledger_text(ledger: &Ledger) -> String {
    let mut lines = vec![format!("{} of {} done:", ledger.done(), ledger.total())];
    lines.extend(ledger.lines().into_iter().map(|line| format!("  {line}")));
    lines.join("\n")
}

/// What an apply did, for the job's summary.
pub(crate) fn ledger_markdown(ledger: &Ledger) -> String {
    format!(
        "#### {} of {} done\n\n{}",
        ledger.done(),
        ledger.total(),
        markdown::fence("", &ledger.lines().join("\n"))
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::protect;

    fn everything(plan: &Plan) -> String {
        let losses = protect::losses(plan, &[]);
        let sections = markdown(plan, &losses, "root").join("\n");
        format!("{}\n{sections}\n{}", text(plan, &losses), drift_markdown(&plan.drift))
    }

    #[test]
    fn a_plan_with_every_action_is_told_gravest_first() {
        let plan = Plan::parse(include_bytes!("../tests/data/every-action.json")).unwrap();
        insta::assert_snapshot!(text(&plan, &[]));
        assert!(!everything(&plan).contains("S3cr3t-value"));
    }

    #[test]
    fn json_inside_a_string_is_compared_line_by_line() {
        let policy =
            |action: &str| json!({"Statement": [{"Action": action, "Resource": "*"}]}).to_string();
        let plan = json!({"resource_changes": [{
            "address": "aws_iam_policy.x", "type": "aws_iam_policy", "mode": "managed",
            "change": {"actions": ["update"], "before": {"policy": policy("s3:GetObject")}, "after": {"policy": policy("s3:*")}},
        }]});
        let plan = Plan::parse(plan.to_string().as_bytes()).unwrap();
        let text = text(&plan, &[]);
        assert!(text.contains("-         \"Action\": \"s3:GetObject\""), "{text}");
        assert!(text.contains("+         \"Action\": \"s3:*\""), "{text}");
    }

    /// Values that nothing else in a plan resembles.
    fn secret() -> impl Strategy<Value = String> {
        "zq[a-z\"\\\\/ \n<&%]{4,12}qz"
    }

    /// A tree of attributes in which some leaves hold the secret, as it is or inside of something.
    fn tree(secret: String) -> impl Strategy<Value = Value> {
        let inside = secret.clone();
        let encoded = secret.clone();
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~\n]{0,40}".prop_map(Value::from),
            Just(Value::from(secret)),
            Just(Value::from(format!("url://user:{inside}@host"))),
            Just(Value::from(json!({"nested": encoded}).to_string())),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map("[a-z_.]{1,8}", inner, 0..5)
                    .prop_map(Value::from_iter),
            ]
        })
    }

    fn actions() -> impl Strategy<Value = Vec<&'static str>> {
        prop_oneof![
            Just(vec!["no-op"]),
            Just(vec!["create"]),
            Just(vec!["read"]),
            Just(vec!["update"]),
            Just(vec!["delete", "create"]),
            Just(vec!["create", "delete"]),
            Just(vec!["delete"]),
            Just(vec!["forget"]),
            Just(vec!["create", "forget"]),
            Just(vec!["something-new"]),
            Just(vec![]),
        ]
    }

    fn marks() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<bool>().prop_map(Value::from),
            Just(json!({})),
            Just(json!([true])),
            proptest::collection::btree_map(
                "[a-z_.]{1,8}",
                any::<bool>().prop_map(Value::from),
                0..4
            )
            .prop_map(Value::from_iter),
        ]
    }

    prop_compose! {
        fn plan_with(secret: String)(
            changes in proptest::collection::vec(
                (actions(), tree(secret.clone()), tree(secret.clone()), marks(), marks(), marks()), 0..6),
            outputs in proptest::collection::vec((actions(), tree(secret.clone()), tree(secret.clone())), 0..3),
        ) -> Value {
            let change = |(index, (actions, before, after, unknown, hidden_before, hidden_after)): (usize, _)| json!({
                "address": format!("aws_x.y[{index}]"), "type": "aws_x", "mode": "managed",
                "change": {
                    "actions": actions, "before": before, "after": after, "after_unknown": unknown,
                    "before_sensitive": hidden_before, "after_sensitive": hidden_after,
                },
            });
            let changes: Vec<Value> = changes.into_iter().enumerate().map(change).collect();
            let outputs: serde_json::Map<String, Value> = outputs
                .into_iter()
                .enumerate()
                .map(|(index, (actions, before, after))| {
                    (format!("o{index}"), json!({"actions": actions, "before": before, "after": after}))
                })
                .collect();
            json!({"resource_changes": changes, "resource_drift": changes, "output_changes": outputs})
        }
    }

    proptest! {
        /// Marked in one single place, it is shown in none.
        #[test]
        fn a_value_that_is_marked_anywhere_is_shown_nowhere(
            (secret, mut plan) in secret().prop_flat_map(|secret| (Just(secret.clone()), plan_with(secret)))
        ) {
            plan["variables"] = json!({"password": {"value": secret}});
            plan["configuration"] = json!({"root_module": {"variables": {"password": {"sensitive": true}}}});
            let plan = Plan::parse(plan.to_string().as_bytes()).unwrap();
            let text = everything(&plan);
            for spelling in [secret.clone(), Value::from(secret.as_str()).to_string().trim_matches('"').to_owned()] {
                prop_assert!(!text.contains(&spelling), "{}", text);
            }
        }

        /// Whatever a plan looks like, it is told.
        #[test]
        fn no_shape_of_a_plan_is_a_panic(plan in tree("zq".to_owned())) {
            let plan = json!({"resource_changes": [{"address": "a.b", "mode": "managed", "change": {
                "actions": ["update"], "before": plan, "after": null, "after_unknown": plan, "before_sensitive": plan,
                "replace_paths": [["a", 0, "b.c"]]}}], "checks": [plan], "configuration": plan});
            let _text = Plan::parse(plan.to_string().as_bytes()).map(|plan| everything(&plan));
        }
    }
}
