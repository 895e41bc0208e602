//! What people read in a log or a terminal.

use super::{
    headline,
    lines::{
        LINES_EACH, differences, drift_lines, indented, output_line, reasons, relevant, sorted,
        title,
    },
};
use crate::{
    ledger::Ledger,
    plan::{Change, Plan},
    protect::Loss,
};

/// The plan for a log or a terminal.
pub(crate) fn plan_text(plan: &Plan, losses: &[Loss]) -> String {
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

/// What an apply did, for the log.
pub(crate) fn ledger_text(ledger: &Ledger) -> String {
    let mut lines = vec![format!("{} of {} done:", ledger.done(), ledger.total())];
    lines.extend(ledger.lines().into_iter().map(|line| format!("  {line}")));
    lines.join("\n")
}
