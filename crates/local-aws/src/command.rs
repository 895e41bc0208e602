//! Running the tools that the machine has: every failure carries the tool's own words.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, Result};

/// Runs to the end and gives standard output. Nothing is read from the terminal.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let line = describe(command);
    let done = command.stdin(Stdio::null()).output().map_err(|source| missing(command, source))?;
    let stdout = String::from_utf8_lossy(&done.stdout).into_owned();
    if done.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&done.stderr);
    let output = last_lines(if stderr.trim().is_empty() { &stdout } else { &stderr }, 12);
    Err(Error::Command { command: line, output: format!("{} ({})", output, done.status) })
}

/// Whether a tool is there and content with its arguments.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether `name` is an executable on PATH.
pub(crate) fn on_path(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

pub(crate) fn missing(command: &Command, source: io::Error) -> Error {
    let command = command.get_program().to_string_lossy().into_owned();
    let from = match command.as_str() {
        "docker" => {
            "https://docs.docker.com/engine/install/, or Debian's `docker.io` (`docker-cli` from Debian 13 on)"
        }
        "python3" => "Debian's `python3` and `python3-venv`",
        "ip" => "Debian's `iproute2`",
        _ => "it is needed for the local AWS",
    };
    Error::Missing { command, from, source }
}

pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// The end of a log file, for a message.
pub(crate) fn last_words(log: &Path) -> String {
    std::fs::read_to_string(log).map_or_else(|_| "none".to_owned(), |text| last_lines(&text, 8))
}

fn describe(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}
