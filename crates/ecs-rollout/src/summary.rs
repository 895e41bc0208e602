//! The job summary: it stands alone, for whoever opens the run and nothing else. Pure.

use std::fmt::Write as _;

use actions_runtime::markdown::{code, fence, table, text};
use ecs_tasks::{Blame, Change, as_diff, last_part};

use crate::{
    execute::Outcome,
    inputs::Inputs,
    outputs::Verdict,
    report::tasks,
    timeline::{Span, gantt, seconds},
    watch::Explained,
};

/// What was told while it went on.
pub(crate) struct Told<'a> {
    pub(crate) inputs: &'a Inputs,
    pub(crate) took: f64,
    /// `17 calls, 2 of them writing`.
    pub(crate) calls: &'a str,
    /// Lines of the log with their second.
    pub(crate) lines: &'a [(f64, String)],
    pub(crate) spans: &'a [Span],
    /// What made it slow.
    pub(crate) slow: &'a [String],
}

/// The sections of a run that ended in a verdict, the most important first.
pub(crate) fn sections(outcome: &Outcome, told: &Told<'_>) -> Vec<String> {
    let mut sections = vec![head(outcome, told)];
    let blamed = outcome.causes.iter().filter(|it| it.cause.blame != Blame::Asked);
    sections.extend(blamed.map(cause));
    sections.push(facts(outcome, told));
    if !told.lines.is_empty() {
        let mut time = format!("#### Where the time went\n\n{}", gantt(told.spans));
        for sentence in told.slow {
            _ = write!(time, "\n- {}", prose(sentence));
        }
        sections.push(time);
        let lines: Vec<String> =
            told.lines.iter().map(|(at, text)| format!("{:>8}  {text}", seconds(*at))).collect();
        sections.push(format!(
            "<details><summary>What happened, second by second</summary>\n\n{}\n</details>",
            fence("", &lines.join("\n"))
        ));
    }
    sections
}

/// The sections of a dry run.
pub(crate) fn planned(service: &str, intentions: &[String], changes: &[Change]) -> Vec<String> {
    let mut head = format!("### Planned: {}\n\n", code(service));
    for line in intentions {
        _ = writeln!(head, "- {}", prose(line));
    }
    let mut sections = vec![head];
    if !changes.is_empty() {
        sections.push(format!("#### What changes\n\n{}", fence("diff", &as_diff(changes))));
    }
    sections
}

fn head(outcome: &Outcome, told: &Told<'_>) -> String {
    let sign = match outcome.verdict {
        Verdict::Deployed | Verdict::Unchanged | Verdict::Planned => "✅",
        Verdict::Failed | Verdict::RolledBack => "❌",
        Verdict::Superseded | Verdict::TimedOut | Verdict::Cancelled => "⚠️",
    };
    let what = told.inputs.service.as_deref().or(told.inputs.task_definition.as_deref());
    let mut head = format!(
        "### {sign} {}: {}\n\n{}\n",
        outcome.verdict,
        code(what.unwrap_or_default()),
        prose(&outcome.reason)
    );
    if let Some(left) = &outcome.left_behind {
        _ = writeln!(head, "\n{}", prose(left));
    }
    head
}

fn facts(outcome: &Outcome, told: &Told<'_>) -> String {
    let none = || "–".to_owned();
    let name = |arn: &Option<String>| arn.as_deref().map_or_else(none, |arn| code(&last_part(arn)));
    let service = told.inputs.service.as_deref().map_or_else(none, code);
    table(
        ["", ""],
        [
            ["Cluster, service".to_owned(), format!("{}, {service}", code(&told.inputs.cluster))],
            ["Revision".to_owned(), name(&outcome.definition)],
            ["Last completed before it".to_owned(), name(&outcome.previous)],
            ["Deployment".to_owned(), outcome.deployment.as_deref().map_or_else(none, code)],
            ["Took".to_owned(), format!("{}, {}", seconds(told.took), told.calls)],
        ],
    )
}

fn cause(explained: &Explained) -> String {
    let mut section = format!("#### {}\n\n", prose(&explained.cause.what));
    let count = i32::try_from(explained.tasks).unwrap_or(i32::MAX);
    _ = writeln!(section, "{}, the first of them {}.", tasks(count), code(explained.task.id()));
    if let Some(check) = &explained.check {
        _ = writeln!(section, "\nIts target: {}.", prose(check));
    }
    if let Some(advice) = &explained.cause.advice {
        _ = writeln!(section, "\n**What to do:** {}", prose(advice));
    }
    if let Some(note) = &explained.log_note {
        _ = writeln!(section, "\n{}", prose(note));
    }
    if !explained.log.is_empty() {
        _ = writeln!(section, "\nIts last lines:\n\n{}", fence("", &explained.log.join("\n")));
    }
    section
}

/// A sentence of ours: what it quotes in backticks stays quoted, all else is made harmless.
fn prose(sentence: &str) -> String {
    let parts = sentence.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { code(part) } else { text(part) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_keeps_its_quotes_and_loses_what_markdown_would_obey() {
        assert_eq!(prose("`a:1` failed: <b>"), "`a:1` failed: &lt;b&gt;");
    }
}
