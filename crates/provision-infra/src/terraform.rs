//! Terraform as a child: found, started in a process group of its own, read line by line, interrupted once, waited for.
//!
//! It writes into files, not into pipes: a pipe breaks when this program is killed, and Terraform would die of that in the
//! middle of an apply, with the lock in its hand and what it made not yet in the state. So it goes on and ends in order.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use actions_runtime::Step;
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tempfile::NamedTempFile;
use tokio::{
    process::{Child, Command},
    signal::unix::{Signal as Signals, SignalKind, signal},
    time::{sleep, timeout},
};

use crate::{
    errors::Error,
    events::{Diagnostic, Event, parse},
};

/// How often its file is looked into.
const LOOK: Duration = Duration::from_millis(50);
/// More of what Terraform says beside its stream helps nobody.
const LONGEST_STDERR: u64 = 64 * 1024;

/// One root and the program that works on it.
#[derive(Clone)]
pub(crate) struct Terraform {
    program: PathBuf,
    directory: PathBuf,
    environment: Vec<(String, String)>,
    removed: Vec<&'static str>,
    /// Where its files are.
    scratch: PathBuf,
}

/// What `version -json` says.
#[derive(Debug, Deserialize)]
pub(crate) struct Versions {
    pub(crate) terraform_version: String,
    #[serde(default)]
    pub(crate) provider_selections: BTreeMap<String, String>,
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
    pub(crate) fn new(program: PathBuf, directory: &Path, scratch: &Path) -> Self {
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
            scratch: scratch.to_owned(),
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

    /// Its own version and, once it is initialised, those of the providers.
    pub(crate) async fn versions(&self, step: &Step) -> Result<Versions, Error> {
        let (_, text) = self.read(step, &["version", "-json"].map(str::to_owned)).await?;
        let what = format!("{} version -json", self.program.display());
        serde_json::from_str(&text).map_err(|source| Error::NotJson { what, source })
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
        let broken = |source| Error::Stream { program: self.program.clone(), source };
        let (mut stdout, child_stdout) = self.file().map_err(broken)?;
        let (stderr, child_stderr) = self.file().map_err(broken)?;
        let mut child = self.start(arguments, [child_stdout, child_stderr])?;
        let mut interrupts = Interrupts::new(step);
        let mut ended: Option<ExitStatus> = None;
        let status = loop {
            for line in stdout.read(ended.is_some()).map_err(broken)? {
                on_line(&line);
            }
            if let Some(status) = ended {
                break status;
            }
            tokio::select! {
                status = child.wait() => ended = Some(status.map_err(broken)?),
                () = interrupts.due(step) => {
                    interrupts.tell(step).await;
                    interrupt(&child);
                }
                () = sleep(LOOK) => {}
            }
        };
        Ok(Ended {
            code: status.code(),
            errors: Vec::new(),
            stderr: stderr.all(),
            cancelled: interrupts.sent > 0 || step.cancelled().is_cancelled(),
        })
    }

    /// A file to write into and to read from, which no name leads to.
    fn file(&self) -> std::io::Result<(Lines, File)> {
        let named = NamedTempFile::new_in(&self.scratch)?;
        // Opened a second time, because a copy of the handle would share its place with the writer.
        let reader = named.reopen()?;
        Ok((Lines { file: reader, rest: Vec::new() }, named.into_file()))
    }

    fn start(&self, arguments: &[String], [stdout, stderr]: [File; 2]) -> Result<Child, Error> {
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
            .stdout(stdout)
            .stderr(stderr)
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

    /// Waits until it is due; may be asked again and again.
    async fn due(&mut self, step: &Step) {
        match &mut self.person {
            _ if self.sent == 0 => step.cancelled().cancelled().await,
            Some(person) if self.sent == 1 => drop(person.recv().await),
            _ => std::future::pending().await,
        }
    }

    async fn tell(&mut self, step: &Step) {
        self.sent += 1;
        if self.sent > 1 {
            return;
        }
        if let Some(person) = &mut self.person {
            // The first Ctrl-C, which this listener heard too.
            let _heard = timeout(LOOK, person.recv()).await;
            step.warning(
                "Terraform finishes what it has begun and saves its state; a second Ctrl-C makes it stop at once, and \
                 the state may then miss what exists",
            );
        } else {
            step.say("Terraform finishes what it has begun and saves its state");
        }
    }
}

/// What has been written to a file so far, line by line.
struct Lines {
    file: File,
    rest: Vec<u8>,
}

impl Lines {
    /// The lines that are new; at the end also the one that nothing ends.
    fn read(&mut self, at_the_end: bool) -> std::io::Result<Vec<String>> {
        self.file.read_to_end(&mut self.rest)?;
        let whole = match self.rest.iter().rposition(|byte| *byte == b'\n') {
            _ if at_the_end => self.rest.len(),
            Some(at) => at + 1,
            None => return Ok(Vec::new()),
        };
        let bytes: Vec<u8> = self.rest.drain(..whole).collect();
        Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
    }

    fn all(self) -> String {
        let mut bytes = self.rest;
        // It serves to explain a failure: what cannot be read is not there.
        let _unread = self.file.take(LONGEST_STDERR).read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
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
