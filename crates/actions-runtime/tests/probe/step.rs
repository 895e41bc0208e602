//! A step that does whatever its test asks for: the runtime is tested through it, as a process.

use std::process::ExitCode;

use actions_runtime::{CommonInputs, Exit, Faults, Step, StepOutputs};
use secrecy::SecretString;
use serde::Serialize;

/// Do what a test asks for.
#[derive(Debug, clap::Parser)]
#[command(name = "probe", version)]
struct Inputs {
    /// What to do.
    #[arg(long, value_parser = ["succeed", "fail", "fault", "panic", "leak", "wait", "refuse", "big-summary"])]
    r#do: String,
    /// A number of times.
    #[arg(long, default_value_t = 1)]
    times: u32,
    #[command(flatten)]
    common: CommonInputs,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Outputs {
    verdict: &'static str,
    reason: String,
    dry_run: bool,
    lines: Vec<&'static str>,
}

impl StepOutputs for Outputs {
    fn exit(&self) -> Exit {
        match self.verdict {
            "done" => Exit::Code(0),
            "cancelled" => Exit::Cancelled,
            _ => Exit::Code(3),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    actions_runtime::step("{}\n", run).await
}

async fn run(step: &Step, inputs: Inputs) -> miette::Result<Outputs> {
    let outputs = |verdict, reason: &str| Outputs {
        verdict,
        reason: reason.to_owned(),
        dry_run: inputs.common.dry_run,
        lines: vec!["one", "two"],
    };
    match inputs.r#do.as_str() {
        "fail" => Err(miette::miette!(help = "try again", "it did not work")),
        "fault" => {
            let mut faults = Faults::default();
            faults.add("cluster", "there is no cluster `x`");
            faults.add("service", "there is no service `y`");
            faults.check()?;
            Ok(outputs("done", ""))
        }
        "panic" => {
            step.mask(&SecretString::from("hunter2-hunter2"));
            panic!("unexpected hunter2-hunter2")
        }
        "leak" => {
            step.mask(&SecretString::from("hunter2-hunter2"));
            step.say("ours: hunter2-hunter2");
            step.foreign("::error::not ours hunter2-hunter2\n##[warning]neither\n\u{1b}[31mred");
            step.warning("50% of hunter2-hunter2\nsecond line");
            step.summary("hunter2-hunter2");
            Ok(outputs("done", "hunter2-hunter2"))
        }
        "wait" => {
            step.say("waiting");
            step.cancelled().cancelled().await;
            Ok(outputs("cancelled", "cancelled while waiting"))
        }
        "refuse" => Ok(outputs("refused", "it would do harm")),
        "big-summary" => {
            (0..40).for_each(|section| {
                step.summary(format!("## {section}\n\n{}", "x".repeat(50_000)));
            });
            Ok(outputs("done", ""))
        }
        _ => {
            let group = step.group("A title");
            (0..inputs.times).for_each(|time| step.say(format!("line {time}")));
            drop(group);
            step.summary("## Done");
            Ok(outputs("done", "all is well"))
        }
    }
}
