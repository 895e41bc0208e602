//! Runs the probe as a process with an environment of its own.

use std::{
    collections::BTreeMap,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

pub(crate) struct Probe {
    command: Command,
    // Holds the home directory for as long as the probe may look into it.
    home: tempfile::TempDir,
}

pub(crate) struct Ended {
    pub(crate) code: u8,
    /// Everything that was printed.
    pub(crate) text: String,
    pub(crate) outputs: BTreeMap<String, Value>,
}

impl Probe {
    /// Keys, a region, and nothing else: no home, no profile, no metadata.
    pub(crate) fn new(scenario: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "probe::probe", "--nocapture"])
            .env_clear()
            .env("HOME", home.path())
            .env("INPUT_SCENARIO", scenario)
            .env("INPUT_JSON", "true")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null());
        Self { command, home }
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without(mut self, names: &[&str]) -> Self {
        for name in names {
            self.command.env_remove(name);
        }
        self
    }

    pub(crate) fn at(self, aws: &crate::aws::Aws) -> Self {
        self.env("AWS_ENDPOINT_URL", &aws.url)
    }

    /// A file in the home directory.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn run(mut self) -> Ended {
        Ended::of(self.command.output().unwrap())
    }

    /// Runs until `signal_now` says so, then on after a SIGINT.
    pub(crate) fn interrupt(mut self, signal_now: &std::sync::mpsc::Receiver<()>) -> Ended {
        let piped = self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = piped.spawn().unwrap();
        signal_now.recv().unwrap();
        let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        Ended::of(child.wait_with_output().unwrap())
    }
}

impl Ended {
    fn of(output: Output) -> Self {
        let stdout = String::from_utf8(output.stdout).unwrap();
        let text = format!("{stdout}{}", String::from_utf8(output.stderr).unwrap());
        let code = stdout
            .split_once("ended: ExitCode(unix_exit_status(")
            .and_then(|(_, rest)| rest.split_once(')')?.0.parse().ok())
            .unwrap_or_else(|| panic!("no end in:\n{text}"));
        let object = &stdout[stdout.find('{').unwrap_or(0)..];
        let outputs = serde_json::Deserializer::from_str(object).into_iter().next();
        let outputs =
            outputs.and_then(Result::ok).unwrap_or_else(|| panic!("no outputs in:\n{text}"));
        Self { code, text, outputs }
    }

    pub(crate) fn output(&self, name: &str) -> String {
        match &self.outputs[name] {
            Value::String(text) => text.clone(),
            Value::Array(items) => {
                items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        }
    }

    #[track_caller]
    pub(crate) fn says(&self, text: &str) {
        assert!(self.text.contains(text), "`{text}` is missing in:\n{}", self.text);
    }
}
