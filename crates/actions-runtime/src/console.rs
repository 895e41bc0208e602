//! What people read while a program runs, in a terminal, in a job's log, or through a pipe.

use std::{
    io::{IsTerminal as _, Write as _},
    sync::Mutex,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use miette::{Diagnostic, GraphicalReportHandler};

use crate::{inert, secrets::Secrets};

/// Where the text goes, and what may be in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// A GitHub job: groups and annotations, no control characters.
    Job,
    /// A person at a terminal: colours and one live line.
    Terminal,
    /// A pipe or a file: plain lines.
    Plain,
}

pub(crate) struct Console {
    pub(crate) face: Face,
    /// With `--json` the outputs alone stand on standard output.
    to_stderr: bool,
    program: String,
    pub(crate) secrets: Secrets,
    live: Mutex<Option<ProgressBar>>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Level {
    Notice,
    Warning,
    Error,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// ANSI: cyan, yellow, red; bold.
    fn colour(self) -> &'static str {
        match self {
            Self::Notice => "\u{1b}[1;36m",
            Self::Warning => "\u{1b}[1;33m",
            Self::Error => "\u{1b}[1;31m",
        }
    }
}

impl Console {
    pub(crate) fn new(program: &str, in_job: bool, to_stderr: bool, colours: bool) -> Self {
        let terminal = if to_stderr {
            std::io::stderr().is_terminal()
        } else {
            std::io::stdout().is_terminal()
        };
        let face = match (in_job, terminal && colours) {
            (true, _) => Face::Job,
            (false, true) => Face::Terminal,
            (false, false) => Face::Plain,
        };
        Self {
            face,
            to_stderr,
            program: program.to_owned(),
            secrets: Secrets::default(),
            live: Mutex::default(),
        }
    }

    /// Lines of ours. What they quote may still not command the runner.
    pub(crate) fn say(&self, text: &str) {
        for line in self.secrets.redact(text).lines() {
            match self.face {
                Face::Job => self.line(&inert::no_command(&inert::printable(line))),
                Face::Terminal | Face::Plain => self.line(&inert::printable(line)),
            }
        }
    }

    /// Lines of ours, in a terminal coloured by the sign that each begins with.
    pub(crate) fn say_changes(&self, text: &str) {
        if self.face != Face::Terminal {
            return self.say(text);
        }
        for line in self.secrets.redact(text).lines().map(inert::printable) {
            let colour = match line.trim_start().as_bytes() {
                [b'-', b'/', ..] | [b'!', ..] => "\u{1b}[1;31m",
                [b'-', ..] => "\u{1b}[31m",
                [b'+', ..] => "\u{1b}[32m",
                [b'~', ..] => "\u{1b}[33m",
                _ => {
                    self.line(&line);
                    continue;
                }
            };
            self.line(&format!("{colour}{line}\u{1b}[0m"));
        }
    }

    /// Lines that are not ours, behind a rail that shows it.
    pub(crate) fn foreign(&self, text: &str) {
        for line in self.secrets.redact(text).lines() {
            let line = format!("│ {}", inert::printable(line));
            self.line(&if self.face == Face::Job { inert::no_command(&line) } else { line });
        }
    }

    pub(crate) fn annotate(&self, level: Level, text: &str) {
        let text = self.secrets.redact(text);
        match self.face {
            Face::Job => self.line(&format!(
                "::{} title={}::{}",
                level.name(),
                escape_property(&self.program),
                escape_data(&text)
            )),
            Face::Terminal => {
                self.say_painted(&format!("{}{}:\u{1b}[0m ", level.colour(), level.name()), &text);
            }
            Face::Plain => self.say(&format!("{}: {text}", level.name())),
        }
    }

    /// An error with its causes and its help.
    pub(crate) fn report(&self, report: &miette::Report) {
        match self.face {
            Face::Terminal => {
                let mut text = String::new();
                let handler = GraphicalReportHandler::new().with_links(false);
                if handler.render_report(&mut text, report.as_ref()).is_err() {
                    text = format!("{report:?}");
                }
                // The handler's colours are ours; the secrets are not.
                self.line(self.secrets.redact(&text).trim_end());
            }
            Face::Job => self.annotate(Level::Error, &plain(report.as_ref())),
            Face::Plain => self.say(&format!("error: {}", plain(report.as_ref()))),
        }
    }

    pub(crate) fn open_group(&self, title: &str) {
        let title = inert::printable(&self.secrets.redact(title).replace('\n', " "));
        match self.face {
            Face::Job => self.line(&format!("::group::{}", escape_data(&title))),
            Face::Terminal => self.line(&format!("\u{1b}[1m{title}\u{1b}[0m")),
            Face::Plain => self.line(&title),
        }
    }

    fn close_group(&self) {
        if self.face == Face::Job {
            self.line("::endgroup::");
        }
    }

    /// Asks the runner to hide `secret`, in all its spellings, and hides it in what we print ourselves.
    pub(crate) fn mask(&self, secret: &secrecy::SecretString) {
        for spelling in self.secrets.add(secret) {
            if self.face == Face::Job {
                self.line(&format!("::add-mask::{}", escape_data(&spelling)));
            }
        }
    }

    /// The one line that changes in place. `None` takes it away.
    pub(crate) fn live(&self, text: Option<&str>) {
        if self.face != Face::Terminal {
            return;
        }
        let mut live = self.live.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match text {
            Some(text) => {
                let text = inert::printable(&self.secrets.redact(text).replace('\n', " "));
                live.get_or_insert_with(spinner).set_message(text);
            }
            None => {
                if let Some(bar) = live.take() {
                    bar.finish_and_clear();
                }
            }
        }
    }

    /// The outputs as one object, on standard output whatever else goes where.
    pub(crate) fn json(text: &str) {
        let _broken_pipe = writeln!(std::io::stdout(), "{text}");
    }

    fn say_painted(&self, head: &str, text: &str) {
        let mut lines = text.lines().map(inert::printable);
        self.line(&format!("{head}{}", lines.next().unwrap_or_default()));
        lines.for_each(|line| self.line(&line));
    }

    fn line(&self, line: &str) {
        let write = || {
            // A reader that went away is no reason to stop a deployment.
            let _broken_pipe = if self.to_stderr {
                writeln!(std::io::stderr(), "{line}")
            } else {
                writeln!(std::io::stdout(), "{line}")
            };
        };
        match &*self.live.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// Lines that belong together, folded in a job's log. It ends when this is dropped.
#[must_use = "the group ends when this is dropped"]
pub struct Group(pub(crate) crate::Step);

impl Drop for Group {
    fn drop(&mut self) {
        self.0.console().close_group();
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// The message, its causes, its help: one a line, without colour.
pub(crate) fn plain(error: &dyn Diagnostic) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str("\n  because: ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    if let Some(help) = error.help() {
        text.push_str("\n  help: ");
        text.push_str(&help.to_string());
    }
    text
}

/// GitHub: actions/toolkit, `command.ts`, `escapeData`.
fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// GitHub: actions/toolkit, `command.ts`, `escapeProperty`.
fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}
