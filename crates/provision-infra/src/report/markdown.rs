//! What people read in a job's summary and in a comment.

use std::fmt::Write as _;

use actions_runtime::markdown;

use super::{
    drift_text, headline,
    lines::{differences, drift_lines, output_line, reasons, relevant, sorted, title},
};
use crate::{
    events::Diagnostic,
    ledger::Ledger,
    plan::{Action, Change, Plan},
    protect::Loss,
};

/// Addresses in one section of the summary, which is cut between sections.
const ADDRESSES_EACH: usize = 100;

/// The same for the job's summary.
pub(crate) fn drift_sections(drift: &[Change]) -> Vec<Section> {
    let head = Section::of("### Changed outside of Terraform".to_owned());
    let each = drift.iter().map(|change| Section {
        full: markdown::fence("diff", &drift_text(std::slice::from_ref(change))),
        short: format!("- {}\n", markdown::code(&change.address)),
    });
    [head].into_iter().chain(each).collect()
}

const BETWEEN: &str = "\n\n";

/// A part of a plan's Markdown. A text that is too long is cut between sections, or takes their short form.
pub(crate) struct Section {
    pub(crate) full: String,
    /// What must be said of it at least.
    short: String,
}

impl Section {
    fn of(text: String) -> Self {
        Self { short: text.clone(), full: text }
    }
}

/// The plan for the job's summary and for a comment, what matters most first.
pub(crate) fn sections(plan: &Plan, losses: &[Loss], title_line: &str) -> Vec<Section> {
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
    let mut sections = vec![Section::of(head)];
    let (grave, other): (Vec<&Change>, Vec<&Change>) =
        sorted(&plan.changes).into_iter().partition(|change| change.action.destroys());
    sections.extend(grave.into_iter().map(|change| section(change, true)));
    let (detailed, listed): (Vec<&Change>, Vec<&Change>) =
        other.into_iter().partition(|change| change.action == Action::Update);
    sections.extend(detailed.into_iter().map(|change| section(change, false)));
    for changes in listed.chunks(ADDRESSES_EACH) {
        let lines: Vec<String> = changes.iter().copied().map(listed_line).collect();
        sections.push(Section::of(lines.concat()));
    }
    if !plan.outputs.is_empty() {
        let lines: Vec<String> =
            plan.outputs.iter().map(|output| output_line(output).trim_start().to_owned()).collect();
        sections.push(Section::of(folded("outputs", &markdown::fence("diff", &lines.join("\n")))));
    }
    let drift = drift_lines(&relevant(plan));
    if !drift.is_empty() {
        let drift = markdown::fence("diff", &drift.join("\n"));
        sections.push(Section::of(folded("changed outside of Terraform", &drift)));
    }
    sections
}

/// One changed resource.
fn section(change: &Change, grave: bool) -> Section {
    let mut text = String::new();
    let name = format!("{} {}", change.action.verb(), title(change));
    for reason in reasons(change) {
        let _infallible = write!(text, "{}\n\n", markdown::text(&reason));
    }
    let head = format!("#### {}\n\n{text}", markdown::text(&name));
    let short = if grave { head.clone() } else { listed_line(change) };
    let lines = differences(change);
    let diff =
        if lines.is_empty() { String::new() } else { markdown::fence("diff", &lines.join("\n")) };
    let full = if grave { head + &diff } else { folded(&name, &(text + &diff)) };
    Section { full, short }
}

fn listed_line(change: &Change) -> String {
    format!("- {} {}\n", change.action.verb(), markdown::code(&title(change)))
}

/// As much of the sections as fits into `limit` characters: each in full, else in short, else counted. What comes first is
/// told in full only as far as half of the room remains for a word about all others.
pub(crate) fn comment(sections: &[Section], limit: usize, rest_is_at: &str) -> String {
    let end = |short: usize, missing: usize| {
        format!(
            "_{short} parts are shortened and {missing} left out here; all of it: {rest_is_at}_\n"
        )
    };
    let room = limit.saturating_sub(length(&end(sections.len(), sections.len())));
    let length_of = |text: &str| length(text) + BETWEEN.len();
    let mut reserved: usize = sections.iter().map(|section| length_of(&section.short)).sum();
    let (mut text, mut left, mut short, mut missing) = (String::new(), room, 0, 0);
    for section in sections {
        reserved -= length_of(&section.short);
        let chosen = if length_of(&section.full) + reserved.min(room / 2) <= left {
            &section.full
        } else if length_of(&section.short) <= left {
            short += usize::from(section.short != section.full);
            &section.short
        } else {
            missing += 1;
            continue;
        };
        left -= length_of(chosen);
        text.push_str(chosen.trim_end());
        text.push_str(BETWEEN);
    }
    if short + missing > 0 {
        text.push_str(&end(short, missing));
    }
    text
}

/// As GitHub may count: what lies beyond the basic plane is two.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
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

/// What an apply did, for the job's summary.
pub(crate) fn ledger_markdown(ledger: &Ledger) -> String {
    format!(
        "#### {} of {} done\n\n{}",
        ledger.done(),
        ledger.total(),
        markdown::fence("", &ledger.lines().join("\n"))
    )
}
