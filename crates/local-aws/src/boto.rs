//! Calls to the local AWS for setting up and for looking, through boto3 in a process that is kept (see `boto.py`).

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::REGION;
use crate::command::missing;
use crate::error::{At as _, Error, Result};
use crate::place::Place;

#[derive(Debug)]
pub(crate) struct Boto {
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Boto {
    pub(crate) fn start(place: &Place, endpoint: &str) -> Result<Self> {
        let mut command = Command::new(place.venv_bin().join("python"));
        command.args(["-c", include_str!("boto.py"), endpoint, REGION]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(|source| missing(&command, source))?;
        let (Some(requests), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(Error::Other("boto3's process has no pipes".to_owned()));
        };
        Ok(Self { process, requests: Some(requests), answers: BufReader::new(answers) })
    }

    pub(crate) fn call(&mut self, service: &str, call: &str, params: &Value) -> Result<Value> {
        let asked = json!({ "service": service, "call": call, "params": params });
        if let Some(requests) = &mut self.requests {
            writeln!(requests, "{asked}").at(Path::new("boto.py"))?;
        }
        let mut line = String::new();
        self.answers.read_line(&mut line).at(Path::new("boto.py"))?;
        let mut out: Value = serde_json::from_str(&line).map_err(|_| {
            Error::Other(format!("boto3's process ended while it was asked {service}.{call}"))
        })?;
        match out["code"].as_str() {
            None => Ok(out["answer"].take()),
            Some(code) => Err(Error::Call {
                call: format!("{service}.{call}"),
                code: code.to_owned(),
                message: out["message"].as_str().unwrap_or_default().to_owned(),
            }),
        }
    }
}

impl Drop for Boto {
    fn drop(&mut self) {
        drop(self.requests.take());
        let _already_gone = self.process.wait();
    }
}
