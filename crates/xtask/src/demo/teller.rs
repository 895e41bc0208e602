//! What the person in front of the demo reads: a line while a stage runs, a line when it ends, a table at the end.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use super::children::Calls;

pub(crate) struct Teller {
    terminal: bool,
    begun: Instant,
    rows: Vec<Row>,
}

struct Row {
    stage: &'static str,
    verdict: String,
    took: Duration,
    calls: Option<Calls>,
    telling: String,
}

/// A stage that runs.
pub(crate) struct Running {
    stage: &'static str,
    begun: Instant,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a demo shows real time, and nothing in it is paused"
)]
fn now() -> Instant {
    Instant::now()
}

impl Teller {
    pub(crate) fn new() -> Self {
        Self { terminal: io::stdout().is_terminal(), begun: now(), rows: Vec::new() }
    }

    pub(crate) fn line(&self, text: &str) {
        if self.terminal {
            print("\r\x1b[2K");
        }
        print(&format!("{text}\n"));
    }

    pub(crate) fn heading(&self, text: &str) {
        self.line(&if self.terminal {
            format!("\n\x1b[1m{text}\x1b[0m")
        } else {
            format!("\n{text}")
        });
    }

    pub(crate) fn begin(&self, stage: &'static str, doing: &str) -> Running {
        print(&format!("  {stage:<9}{doing} …{}", if self.terminal { "" } else { "\n" }));
        Running { stage, begun: now() }
    }

    pub(crate) fn end(
        &mut self,
        running: &Running,
        good: bool,
        verdict: &str,
        calls: Option<Calls>,
        telling: &str,
    ) {
        let took = running.begun.elapsed();
        let mark = match (good, self.terminal) {
            (true, true) => "\x1b[32m✓\x1b[0m",
            (true, false) => "✓",
            (false, true) => "\x1b[31m✗\x1b[0m",
            (false, false) => "✗",
        };
        let telling = &shortened(telling);
        let counted = calls.map_or_else(String::new, |calls| format!("{} calls", calls.all));
        self.line(&format!(
            "{mark} {:<9}{verdict:<12}{:>6.1} s  {counted:<10} {telling}",
            running.stage,
            took.as_secs_f64()
        ));
        self.rows.push(Row {
            stage: running.stage,
            verdict: verdict.to_owned(),
            took,
            calls,
            telling: cut(telling),
        });
    }

    /// Somebody else's lines, set apart.
    pub(crate) fn quote(&self, text: &str) {
        for line in text.lines() {
            self.line(&format!("    │ {line}"));
        }
    }

    pub(crate) fn table(&self) {
        self.heading("What happened");
        self.line("  stage    verdict        time   calls  writing");
        for row in &self.rows {
            let (all, writing) = row.calls.map_or_else(Default::default, |calls| {
                (
                    calls.all.to_string(),
                    calls.writing.map_or_else(String::new, |writing| writing.to_string()),
                )
            });
            self.line(&format!(
                "  {:<9}{:<12}{:>5.1} s  {all:>5}  {writing:>7}  {}",
                row.stage,
                row.verdict,
                row.took.as_secs_f64(),
                row.telling
            ));
        }
        let calls = |pick: fn(Calls) -> u32| {
            self.rows.iter().filter_map(|row| row.calls.map(pick)).sum::<u32>()
        };
        self.line(&format!(
            "  {:<9}{:<12}{:>5.1} s  {:>5}  {:>7}",
            "all",
            "",
            self.begun.elapsed().as_secs_f64(),
            calls(|calls| calls.all),
            calls(|calls| calls.writing.unwrap_or_default())
        ));
    }
}

fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _broken_pipe = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Commits and digests in seven characters, as people name them.
fn shortened(text: &str) -> String {
    let mut short = String::new();
    for part in text.split_inclusive(|c: char| !c.is_ascii_hexdigit()) {
        let hex = part.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
        if hex.len() >= 40 {
            short.push_str(&hex[..7]);
            short.push_str(&part[hex.len()..]);
        } else {
            short.push_str(part);
        }
    }
    short
}

/// A table's cell: the whole is told where the stage ended, and in its report.
fn cut(text: &str) -> String {
    const WIDTH: usize = 100;
    if text.chars().count() <= WIDTH {
        return text.to_owned();
    }
    text.chars().take(WIDTH - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_and_digests_are_short() {
        let commit = "34d4bdaf9f15c4f2ba2458ee7e3affcfde47ca86";
        assert_eq!(shortened(&format!("release `{commit}` is live")), "release `34d4bda` is live");
        assert_eq!(shortened("a face, a cafe"), "a face, a cafe");
    }
}
