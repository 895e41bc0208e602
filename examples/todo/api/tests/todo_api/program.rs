//! The real binary in an environment of its own.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::http::{Answer, request};
use crate::postgres::{Database, PASSWORD, USER};

/// Nothing here takes that long, unless it hangs.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Launch {
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
}

/// The settings as ECS would inject them.
pub(crate) fn todo_api(database: &Database) -> Launch {
    let launch = Launch { arguments: Vec::new(), environment: BTreeMap::new() };
    launch
        .env("DB_HOST", "127.0.0.1")
        .env("DB_PORT", &database.port().to_string())
        .env("DB_NAME", database.name())
        .env("DB_USER", USER)
        .env("DB_PASSWORD", PASSWORD)
        .env("BIND_ADDRESS", "127.0.0.1")
        .env("PORT", "0")
}

impl Launch {
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    pub(crate) fn arg(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    pub(crate) fn start(self) -> Program {
        let mut child = Command::new(env!("CARGO_BIN_EXE_todo-api"))
            .args(self.arguments)
            .env_clear()
            .envs(self.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Program { child, lines, log: String::new(), port: None }
    }

    pub(crate) fn finish(self) -> Ended {
        self.start().end()
    }

    /// Starts the server, and waits until it listens.
    pub(crate) fn serve(self) -> Program {
        let mut program = self.start();
        let line = program.wait_for("listening on 127.0.0.1:");
        let (_, after) = line.split_once("127.0.0.1:").unwrap();
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        program.port = Some(digits.parse().unwrap());
        program
    }
}

pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    log: String,
    port: Option<u16>,
}

pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) log: String,
}

impl Program {
    pub(crate) fn port(&self) -> u16 {
        self.port.expect("only a server has a port")
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &Value::Null)
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        request(self.port(), method, path, body)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        loop {
            let line = self
                .lines
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("`{text}` never came:\n{}", self.log));
            self.note(&line);
            if line.contains(text) {
                return line;
            }
        }
    }

    fn note(&mut self, line: &str) {
        self.log.push_str(line);
        self.log.push('\n');
    }

    /// Waits for the end of the output, which is the end of the program.
    pub(crate) fn end(mut self) -> Ended {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.note(&line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    panic!("it does not end:\n{}", self.log)
                }
            }
        }
        let status = self.child.wait().unwrap();
        Ended { code: status.code(), log: std::mem::take(&mut self.log) }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
