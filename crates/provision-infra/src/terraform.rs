//! Terraform as a child: found, started in a process group of its own, read line by line, interrupted once, waited for.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use actions_runtime::Step;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
    signal::unix::{Signal as Signals, SignalKind, signal},
    time::timeout,
};

use crate::{
    errors::Error,
    events::{Diagnostic, Event, parse},
};

/// A program that Terraform started may outlive it and hold its pipes open.
const DRAIN: Duration = Duration::from_secs(2);
/// More of what Terraform says beside its stream helps nobody.
const LONGEST_STDERR: u64 = 64 * 1024;

/// One root and the program that works on it.
pub(crate) struct Terraform {
    program: PathBuf,
    directory: PathBuf,
    environment: Vec<(String, String)>,
    removed: Vec<&'static str>,
}

/// How a command of Terraform ended.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    /// `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    /// Errors alone; warnings have been told.
    pub(crate) errors: Vec<Diagnostic>,
    /// What it said beside its stream.
    pub(crate) stderr: String,
    pub(crate) cancelled: bool,
}

impl Ended {
    pub(crate) fn is_fine(&self) -> bool {
        self.code == Some(0)
    }
}

impl Terraform {
    pub(crate) fn new(program: PathBuf, directory: &Path) -> Self {
        let environment = [
            ("TF_IN_AUTOMATION", "1"),
            ("TF_INPUT", "0"),
            // It would ask its maker for news on every run.
            ("CHECKPOINT_DISABLE", "1"),
        ];
        Self {
            program,
            directory: directory.to_owned(),
            removed: Vec::new(),
            environment: environment
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        }
    }

    pub(crate) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.environment.push((name.into(), value.into()));
    }

    /// Keeps a variable of ours from it.
    pub(crate) fn unset(&mut self, name: &'static str) {
        self.removed.push(name);
    }

    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Runs a command with `-json` among its arguments and hands each event to `on_event`.
    pub(crate) async fn stream(
        &self,
        step: &Step,
        arguments: &[String],
        mut on_event: impl FnMut(&Event),
    ) -> Result<Ended, Error> {
        let mut errors = Vec::new();
        let mut ended = self
            .run(step, arguments, |line| match parse(line) {
                Ok(Some(Event::Diagnostic(diagnostic))) if diagnostic.is_error() => {
                    on_event(&Event::Diagnostic(diagnostic.clone()));
                    errors.push(*diagnostic);
                }
                Ok(Some(event)) => on_event(&event),
                Ok(None) => {}
                Err(_) => on_event(&Event::Foreign { line: line.to_owned() }),
            })
            .await?;
        ended.errors = errors;
        Ok(ended)
    }

    /// Runs a command and returns all that it prints, which is JSON and not for the log.
    pub(crate) async fn read(
        &self,
        step: &Step,
        arguments: &[String],
    ) -> Result<(Ended, String), Error> {
        let mut text = String::new();
        let ended = self
            .run(step, arguments, |line| {
                text.push_str(line);
                text.push('\n');
            })
            .await?;
        Ok((ended, text))
    }

    async fn run(
        &self,
        step: &Step,
        arguments: &[String],
        mut on_line: impl FnMut(&str),
    ) -> Result<Ended, Error> {
        if step.cancelled().is_cancelled() {
            return Ok(Ended { cancelled: true, ..Ended::default() });
        }
        let mut child = self.start(arguments)?;
        let stderr = child.stderr.take();
        let said = tokio::spawn(async move {
            let mut bytes = Vec::new();
            if let Some(stderr) = stderr {
                let _what_came_counts = stderr.take(LONGEST_STDERR).read_to_end(&mut bytes).await;
            }
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let broken = |source| Error::Stream { program: self.program.clone(), source };
        let stdout =
            child.stdout.take().ok_or_else(|| broken(std::io::ErrorKind::BrokenPipe.into()))?;
        let mut lines = BufReader::new(stdout).lines();
        let mut interrupts = Interrupts::new(step);
        let mut ended: Option<ExitStatus> = None;
        loop {
            let next = async {
                if ended.is_some() {
                    timeout(DRAIN, lines.next_line()).await.unwrap_or(Ok(None))
                } else {
                    lines.next_line().await
                }
            };
            tokio::select! {
                line = next => match line.map_err(broken)? {
                    Some(line) => on_line(&line),
                    None => break,
                },
                status = child.wait(), if ended.is_none() => ended = Some(status.map_err(broken)?),
                () = interrupts.next(step) => interrupt(&child),
            }
        }
        let status = loop {
            if let Some(status) = ended {
                break status;
            }
            tokio::select! {
                status = child.wait() => ended = Some(status.map_err(broken)?),
                () = interrupts.next(step) => interrupt(&child),
            }
        };
        let stderr = timeout(DRAIN, said).await.ok().and_then(Result::ok).unwrap_or_default();
        Ok(Ended {
            code: status.code(),
            errors: Vec::new(),
            stderr,
            cancelled: interrupts.sent > 0 || step.cancelled().is_cancelled(),
        })
    }

    fn start(&self, arguments: &[String]) -> Result<Child, Error> {
        let mut command = Command::new(&self.program);
        // Our own inputs, some of them secret, are none of Terraform's business.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("INPUT_") {
                command.env_remove(name);
            }
        }
        for name in &self.removed {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .current_dir(&self.directory)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            // A Ctrl-C in a terminal reaches every process of the group: Terraform's is its own, so that it gets exactly
            // the one that we send. A second one makes it drop everything and lose state.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| Error::Start { program: self.program.clone(), source })
    }
}

fn interrupt(child: &Child) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended in this very moment.
        let _gone = kill_process(pid, Signal::INT);
    }
}

/// When Terraform is to be interrupted: once, by whatever signal came first. GitHub's SIGTERM 7.5 s later belongs to the
/// same cancel; only a person at a terminal can insist.
struct Interrupts {
    sent: u8,
    person: Option<Signals>,
}

impl Interrupts {
    fn new(step: &Step) -> Self {
        let person = if step.terminal() { signal(SignalKind::interrupt()).ok() } else { None };
        Self { sent: 0, person }
    }

    async fn next(&mut self, step: &Step) {
        if self.sent == 0 {
            step.cancelled().cancelled().await;
            if let Some(person) = &mut self.person {
                // The first Ctrl-C, which this listener heard too.
                let _heard = timeout(Duration::from_millis(50), person.recv()).await;
                step.warning(
                    "Terraform finishes what it has begun and saves its state; a second Ctrl-C makes it stop at once, \
                     and the state may then miss what exists",
                );
            } else {
                step.say("Terraform finishes what it has begun and saves its state");
            }
        } else {
            match &mut self.person {
                Some(person) if self.sent == 1 => drop(person.recv().await),
                _ => std::future::pending().await,
            }
        }
        self.sent += 1;
    }
}

/// The program that `tool` names. setup-terraform puts a wrapper in front of Terraform that adds lines of its own to
/// what Terraform prints (setup-terraform #20, #328); the real one stands beside it as `terraform-bin`.
pub(crate) fn find(tool: &str, step: &Step) -> Option<PathBuf> {
    let is_program = |path: &Path| {
        use std::os::unix::fs::PermissionsExt as _;
        path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    if tool.contains('/') {
        let path = std::path::absolute(tool).ok()?;
        return is_program(&path).then_some(path);
    }
    let path = step.env("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    [format!("{tool}-bin"), tool.to_owned()]
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| is_program(path))
}
