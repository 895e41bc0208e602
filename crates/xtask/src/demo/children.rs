//! Programs run as a shell would: their report in a file that is named, their outputs as the object that `--json` prints.
//!
//! Each is a process group of its own. A signal to the demo is passed on once, and the program decides how to end.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

use crate::process::root;

/// What every child is given, and where its report goes.
pub(crate) struct Children {
    reports: PathBuf,
    count: u32,
    environment: BTreeMap<String, String>,
    interrupted: Arc<AtomicBool>,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its outputs; null for a tool that is none of ours.
    pub(crate) outputs: Value,
    pub(crate) report: PathBuf,
    pub(crate) calls: Option<Calls>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) all: u32,
    /// Not every program tells.
    pub(crate) writing: Option<u32>,
}

impl Ended {
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs[name].as_str().unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(&self.report).unwrap_or_default()
    }
}

impl Children {
    pub(crate) fn new(reports: PathBuf) -> miette::Result<Self> {
        if reports.exists() {
            std::fs::remove_dir_all(&reports).into_diagnostic()?;
        }
        std::fs::create_dir_all(&reports).into_diagnostic()?;
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // Whoever asks twice does not want to wait: what was started is ended all the same, by its keeper.
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&interrupted))
                .into_diagnostic()?;
            signal_hook::flag::register(signal, Arc::clone(&interrupted)).into_diagnostic()?;
        }
        // Nothing of the caller's AWS may reach a child: the demo must never meet a real account.
        let environment = [
            "PATH",
            "HOME",
            "LANG",
            "CARGO_HOME",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
            "RUSTUP_AUTO_INSTALL",
            "SSL_CERT_FILE",
            "TMPDIR",
        ]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::env::var_os(name)?.into_string().ok()?)))
        .collect();
        Ok(Self { reports, count: 0, environment, interrupted })
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.environment.insert(name.to_owned(), value.into());
    }

    pub(crate) fn interrupted(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.interrupted)
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Acquire)
    }

    pub(crate) fn reports(&self) -> &Path {
        &self.reports
    }

    /// One of the six: inputs as flags (one without a name is an argument), outputs from standard output, the report from standard error.
    pub(crate) fn program(
        &mut self,
        name: &str,
        folder: &Path,
        inputs: &[(&str, &str)],
    ) -> miette::Result<Ended> {
        let mut command = Command::new(root().join("target/debug").join(name));
        command.arg("--json").current_dir(folder);
        for (input, value) in inputs {
            command.arg(if input.is_empty() {
                (*value).to_owned()
            } else {
                format!("--{input}={value}")
            });
        }
        let outputs = self.reports.join(format!("{:02}-{name}.json", self.count + 1));
        let (status, report) = self.finish(&mut command, name, Some(&outputs))?;
        let printed = std::fs::read_to_string(&outputs).into_diagnostic()?;
        let text = std::fs::read_to_string(&report).unwrap_or_default();
        let mut ended = Ended {
            outputs: serde_json::from_str(&printed).unwrap_or(Value::Null),
            calls: calls(&text),
            report,
        };
        // web-publish counts what it asks of S3 by the thousand, and tells it as an output.
        if let (None, Some(requests)) = (ended.calls, ended.outputs["requests"].as_u64()) {
            ended.calls =
                Some(Calls { all: u32::try_from(requests).unwrap_or(u32::MAX), writing: None });
        }
        if ended.outputs["verdict"].is_null() {
            return Err(miette!(
                "{name} ended with {status} and no outputs: see {}\n{}",
                ended.report.display(),
                last_lines(&text, 15)
            ));
        }
        Ok(ended)
    }

    /// Any other tool, which has to succeed.
    pub(crate) fn tool(&mut self, name: &str, command: &mut Command) -> miette::Result<Ended> {
        let (status, report) = self.finish(command, name, None)?;
        let text = std::fs::read_to_string(&report).unwrap_or_default();
        if status.success() {
            return Ok(Ended { outputs: Value::Null, report, calls: None });
        }
        Err(miette!(
            "{name} failed ({status}), see {}\n{}",
            report.display(),
            last_lines(&text, 15)
        ))
    }

    fn finish(
        &mut self,
        command: &mut Command,
        name: &str,
        outputs: Option<&Path>,
    ) -> miette::Result<(ExitStatus, PathBuf)> {
        use std::os::unix::process::CommandExt as _;

        self.count += 1;
        let report = self.reports.join(format!("{:02}-{name}.log", self.count));
        let log = File::create(&report).into_diagnostic()?;
        let stdout = match outputs {
            Some(path) => File::create(path).into_diagnostic()?,
            None => log.try_clone().into_diagnostic()?,
        };
        command.env_clear().envs(&self.environment).process_group(0);
        command.stdin(Stdio::null()).stdout(stdout).stderr(log);
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .spawn()
            .into_diagnostic()
            .wrap_err_with(|| format!("cannot start {program}"))?;
        let status = self.wait(&mut child)?;
        if self.is_interrupted() {
            return Err(miette!("interrupted; what {name} said of it is in {}", report.display()));
        }
        Ok((status, report))
    }

    /// Until it ends; ten seconds longer than GitHub would wait once it has been asked to.
    #[expect(
        clippy::disallowed_methods,
        reason = "there is no runtime here, and the wait hears signals"
    )]
    fn wait(&self, child: &mut Child) -> miette::Result<ExitStatus> {
        let group = Pid::from_raw(i32::try_from(child.id()).into_diagnostic()?);
        let mut asked: Option<Instant> = None;
        loop {
            if let Some(status) = child.try_wait().into_diagnostic()? {
                return Ok(status);
            }
            if let Some(group) = group.filter(|_| self.is_interrupted()) {
                match asked {
                    None => {
                        asked = Some(Instant::now());
                        let _already_gone = kill_process_group(group, Signal::INT);
                    }
                    Some(since) if since.elapsed() > Duration::from_secs(20) => {
                        let _already_gone = kill_process_group(group, Signal::KILL);
                    }
                    Some(_) => {}
                }
            }
            thread::sleep(Duration::from_millis(15));
        }
    }
}

/// The programs end their reports with `17 calls, 2 of them writing`.
fn calls(text: &str) -> Option<Calls> {
    let words: Vec<&str> =
        text.split_whitespace().map(|word| word.trim_matches(['(', ')', ',', '.'])).collect();
    let at = words.iter().rposition(|word| matches!(*word, "call" | "calls"))?;
    let number = |at: Option<usize>| words.get(at?)?.parse::<u32>().ok();
    if words.get(at.checked_sub(1)?) == Some(&"writing") {
        let all = number(at.checked_sub(2))?;
        return Some(Calls { all, writing: Some(all) });
    }
    let all = number(at.checked_sub(1)).unwrap_or(0);
    let writing = if words.get(at + 2..at + 5) == Some(&["of", "them", "writing"]) {
        number(Some(at + 1))?
    } else {
        0
    };
    Some(Calls { all, writing: Some(writing) })
}

pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_from_the_programs_own_sentence() {
        let seen = |text| calls(text).map(|calls| (calls.all, calls.writing.unwrap_or_default()));
        assert_eq!(seen("deployed (4.1 s, 17 calls, 2 of them writing)"), Some((17, 2)));
        assert_eq!(seen("no calls"), Some((0, 0)));
        assert_eq!(seen("nothing was changed (1 writing call)"), Some((1, 1)));
        assert_eq!(seen("9 calls"), Some((9, 0)));
        assert_eq!(seen("no such thing"), None);
    }
}
