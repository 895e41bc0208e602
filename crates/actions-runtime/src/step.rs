//! One run of a program, from its arguments to its exit code.

use std::{collections::BTreeMap, fmt::Display, io::Write as _, process::ExitCode, sync::Arc};

use secrecy::SecretString;
use serde_json::{Map, Value};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Cancelled, Exit, Faults, Group, Job, StepOutputs,
    console::{Console, Level, plain},
    inputs::{self, Stop},
    outputs, panics,
    signals::Signals,
    summary::Summary,
};

/// Longer reasons do not fit a chat message.
const LONGEST_REASON: usize = 500;

/// What a program sees of its surroundings, and how it speaks. Cheap to clone.
#[derive(Clone)]
pub struct Step(Arc<Inner>);

struct Inner {
    environment: BTreeMap<String, String>,
    job: Option<Job>,
    console: Console,
    summary: Summary,
    signals: Signals,
    started: Instant,
}

/// Runs a program: reads its inputs, runs it, writes its outputs and summary, and makes its exit code.
///
/// A panic becomes a report, and a run that ends in an error still writes `verdict=failed` and `reason`.
/// `policy` is what `--print-policy` prints: what the program needs to be allowed, of whomever.
pub async fn step<I, O>(
    policy: &str,
    run: impl AsyncFnOnce(&Step, I) -> miette::Result<O>,
) -> ExitCode
where
    I: clap::Parser,
    O: StepOutputs,
{
    let arguments: Vec<_> = std::env::args_os().collect();
    if arguments.iter().any(|argument| argument == inputs::PRINT_POLICY) {
        let _broken_pipe = std::io::stdout().write_all(policy.as_bytes());
        return ExitCode::SUCCESS;
    }
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let parsed = inputs::parse::<I>(&arguments, &environment);
    let wants_json = wants_json::<I>(&arguments, &environment);
    let step = Step::new(I::command().get_name(), environment, wants_json);
    let (outputs, code) = match parsed {
        Err(Stop::Help(text)) => return show_help(&text),
        Err(Stop::Faults(faults)) => step.told(&faults.into()),
        Ok(inputs) => {
            let panicked = step.clone();
            panics::become_reports(move |report| {
                let (outputs, _code) = panicked.told(report);
                let _nobody_is_left_to_tell = panicked.hand_over(&outputs, wants_json);
            });
            step.run(run, inputs).await
        }
    };
    step.console().live(None);
    match step.hand_over(&outputs, wants_json) {
        Ok(()) => ExitCode::from(code),
        Err(error) => {
            step.error(format!("the outputs of this step could not be written: {error}"));
            ExitCode::FAILURE
        }
    }
}

impl Step {
    fn new(program: &str, environment: BTreeMap<String, String>, wants_json: bool) -> Self {
        let job = Job::of(&environment);
        let colours = environment.get("NO_COLOR").is_none_or(String::is_empty)
            && environment.get("TERM").is_none_or(|terminal| terminal != "dumb");
        Self(Arc::new(Inner {
            console: Console::new(program, job.is_some(), wants_json, colours),
            environment,
            job,
            summary: Summary::default(),
            signals: Signals::default(),
            started: Instant::now(),
        }))
    }

    /// A line of ours; it may hold line ends.
    pub fn say(&self, text: impl Display) {
        self.console().say(&text.to_string());
    }

    /// Lines of ours that begin with a sign of what changes (`+`, `-`, `~`, `!`): coloured by it in a terminal.
    pub fn say_changes(&self, text: impl Display) {
        self.console().say_changes(&text.to_string());
    }

    /// Text that is not ours: it cannot command the runner or the terminal, and a rail shows whose it is.
    pub fn foreign(&self, text: &str) {
        self.console().foreign(text);
    }

    pub fn notice(&self, text: impl Display) {
        self.console().annotate(Level::Notice, &text.to_string());
    }

    pub fn warning(&self, text: impl Display) {
        self.console().annotate(Level::Warning, &text.to_string());
    }

    pub fn error(&self, text: impl Display) {
        self.console().annotate(Level::Error, &text.to_string());
    }

    /// Lines that belong together, until the returned guard is dropped.
    pub fn group(&self, title: impl Display) -> Group {
        self.console().open_group(&title.to_string());
        Group(self.clone())
    }

    /// The one line of a terminal that changes in place; nothing elsewhere.
    pub fn live(&self, text: impl Display) {
        self.console().live(Some(&text.to_string()));
    }

    /// One section of the job summary, as Markdown. Nothing outside a job.
    pub fn summary(&self, markdown: impl Into<String>) {
        self.0.summary.add(markdown.into());
    }

    /// Hides `secret` in everything that this step prints or hands on, and asks the runner to do so too.
    pub fn mask(&self, secret: &SecretString) {
        self.console().mask(secret);
    }

    /// `text` without the secrets that are masked: for what is handed to others than the console and the runner.
    pub fn redact(&self, text: &str) -> String {
        self.console().secrets.redact(text)
    }

    /// Is cancelled by the first SIGINT or SIGTERM.
    pub fn cancelled(&self) -> &CancellationToken {
        &self.0.signals.cancelled
    }

    /// The GitHub job, where the step runs in one.
    pub fn job(&self) -> Option<&Job> {
        self.0.job.as_ref()
    }

    /// The commit that this run is about: the job's, else the one checked out here.
    pub async fn commit(&self) -> Option<String> {
        if let Some(sha) = self.env("GITHUB_SHA") {
            return Some(sha);
        }
        let git = tokio::process::Command::new("git")
            .args(["rev-parse", "--verify", "HEAD"])
            .output()
            .await
            .ok()?;
        let commit = String::from_utf8(git.stdout).ok()?.trim().to_owned();
        (git.status.success() && !commit.is_empty()).then_some(commit)
    }

    /// A variable that is set and not blank. The only way to the environment.
    pub fn env(&self, name: &str) -> Option<String> {
        self.0.environment.get(name).filter(|value| !value.trim().is_empty()).cloned()
    }

    /// An input that has no flag, because everybody on the machine can read another process's arguments.
    /// It is masked before anybody sees it.
    pub fn secret_input(&self, name: &str) -> Option<SecretString> {
        let variable = format!("INPUT_{}", name.replace('-', "_").to_uppercase());
        let secret = SecretString::from(self.env(&variable)?);
        self.mask(&secret);
        Some(secret)
    }

    /// Seconds since the start, to two decimals.
    pub fn seconds(&self) -> f64 {
        (self.0.started.elapsed().as_secs_f64() * 100.0).round() / 100.0
    }

    /// Whether a person watches.
    pub fn terminal(&self) -> bool {
        self.console().face == crate::console::Face::Terminal
    }

    pub(crate) fn console(&self) -> &Console {
        &self.0.console
    }

    async fn run<I, O>(
        &self,
        run: impl AsyncFnOnce(&Self, I) -> miette::Result<O>,
        inputs: I,
    ) -> (Map<String, Value>, u8)
    where
        O: StepOutputs,
    {
        let mut program = std::pin::pin!(run(self, inputs));
        let mut signal = std::pin::pin!(self.0.signals.first());
        let mut listening = true;
        let ended = loop {
            tokio::select! {
                biased;
                name = &mut signal, if listening => {
                    listening = false;
                    match name {
                        Ok(name) => self.say(format!("{name} received: cancelling")),
                        Err(error) => self.warning(format!("this run cannot be cancelled: {error}")),
                    }
                }
                ended = &mut program => break ended,
            }
        };
        match ended {
            Ok(outputs) => self.finished(&outputs),
            Err(report) => self.told(&report),
        }
    }

    fn finished(&self, outputs: &impl StepOutputs) -> (Map<String, Value>, u8) {
        let code = match outputs.exit() {
            Exit::Code(code) => code,
            Exit::Cancelled => self.0.signals.exit_code(),
        };
        match outputs::members(outputs) {
            Ok(members) => (members, code),
            Err(error) => {
                self.told(&miette::miette!("the outputs cannot be written as JSON: {error}"))
            }
        }
    }

    /// Tells an error, and makes the outputs and the exit code that belong to it.
    fn told(&self, report: &miette::Report) -> (Map<String, Value>, u8) {
        self.console().live(None);
        let code = if let Some(faults) = report.downcast_ref::<Faults>() {
            for fault in faults.lines() {
                self.error(fault);
            }
            self.say("nothing was changed; `--help` explains every input");
            2
        } else if let Some(cancelled) = report.downcast_ref::<Cancelled>() {
            self.say(cancelled);
            return (
                outputs::ended("cancelled", &one_line(&cancelled.to_string())),
                self.0.signals.exit_code(),
            );
        } else {
            self.console().report(report);
            1
        };
        let reason = one_line(&plain(report.as_ref()));
        self.summary(format!(
            "### Failed\n\n{}",
            crate::markdown::fence("", &plain(report.as_ref()))
        ));
        (outputs::ended("failed", &reason), code)
    }

    fn hand_over(&self, outputs: &Map<String, Value>, wants_json: bool) -> std::io::Result<()> {
        let redact = |text: &str| self.console().secrets.redact(text);
        let outputs: Map<String, Value> = outputs
            .iter()
            .map(|(name, value)| (name.clone(), outputs::redacted(value, &redact)))
            .collect();
        if wants_json {
            Console::json(&Value::Object(outputs.clone()).to_string());
        }
        if let Some(path) = outputs::runner_file(&self.0.environment, "GITHUB_OUTPUT") {
            outputs::write(path, &outputs)?;
        }
        if let Some(path) = outputs::runner_file(&self.0.environment, "GITHUB_STEP_SUMMARY") {
            self.0.summary.write(path, redact)?;
        }
        Ok(())
    }
}

/// Before the inputs are known to be good, for faults must be told in the right place too.
fn wants_json<I: clap::Parser>(
    arguments: &[std::ffi::OsString],
    environment: &BTreeMap<String, String>,
) -> bool {
    let declared = I::command().get_arguments().any(|arg| arg.get_long() == Some("json"));
    let truthy = |value: &str| {
        matches!(value.trim().to_lowercase().as_str(), "true" | "1" | "yes" | "on" | "y" | "t")
    };
    let flag = arguments.iter().rev().find_map(|argument| match argument.to_str()? {
        "--json" => Some(true),
        argument => argument.strip_prefix("--json=").map(truthy),
    });
    declared
        && flag.unwrap_or_else(|| environment.get("INPUT_JSON").is_some_and(|value| truthy(value)))
}

fn show_help(text: &clap::Error) -> ExitCode {
    use std::io::IsTerminal as _;
    let mut stdout = std::io::stdout();
    let rendered = text.render();
    let _broken_pipe = if stdout.is_terminal() {
        write!(stdout, "{}", rendered.ansi())
    } else {
        write!(stdout, "{rendered}")
    };
    ExitCode::SUCCESS
}

/// `text` fit for a chat message.
fn one_line(text: &str) -> String {
    let line =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    match line.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line() {
        assert_eq!(one_line("a\n  because: b\n\n  help: c"), "a; because: b; help: c");
        assert_eq!(one_line(&"x".repeat(600)).chars().count(), LONGEST_REASON + 1);
    }
}
