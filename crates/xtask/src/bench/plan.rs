//! `cargo xtask bench plan`: what a plan of 2,000 resources costs provision-infra to read and to tell, in time and memory.
//! Terraform is a script that prints the plan: its own time is none of ours.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use miette::IntoDiagnostic as _;
use serde_json::{Value, json};

use super::{Folder, megabytes, milliseconds, peak_of};
use crate::process::{cargo, root, say};

const RESOURCES: usize = 2000;
const RUNS: usize = 11;

const TERRAFORM: &str = r#"#!/bin/sh
case "$1" in
version) echo '{"terraform_version":"1.11.4"}' ;;
plan) for argument; do case "$argument" in -out=*) : > "${argument#-out=}" ;; esac; done ;;
show) cat "$BENCH_PLAN" ;;
esac
"#;

pub(crate) fn plan() -> miette::Result<()> {
    cargo(&["build", "--release", "--workspace", "--bin", "provision-infra"])?;
    let folder = Folder::new()?;
    let terraform = folder.0.join("terraform");
    fs::write(&terraform, TERRAFORM).into_diagnostic()?;
    fs::set_permissions(&terraform, fs::Permissions::from_mode(0o755)).into_diagnostic()?;
    let few = run(&folder.0, &terraform, 1)?;
    let many = run(&folder.0, &terraform, RESOURCES)?;
    say(&format!(
        "median of {RUNS} runs of `plan`, Terraform played by a script; peak resident memory"
    ));
    for (count, (time, peak)) in [(1, few), (RESOURCES, many)] {
        say(&format!("{count:>6} resources {:>12} {:>12}", milliseconds(time), megabytes(peak)));
    }
    let difference = many.0.saturating_sub(few.0);
    say(&format!("reading and telling {RESOURCES}: {}", milliseconds(difference)));
    Ok(())
}

/// Time and peak memory of a run.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn run(folder: &Path, terraform: &Path, resources: usize) -> miette::Result<(Duration, u64)> {
    let plan = folder.join("plan.json");
    fs::write(&plan, of(resources).to_string()).into_diagnostic()?;
    let (mut times, mut peak) = (Vec::new(), 0);
    for _ in 0..RUNS {
        let started = std::time::Instant::now();
        let mut child = Command::new(root().join("target/release/provision-infra"))
            .arg("plan")
            .arg(format!("--tool={}", terraform.display()))
            .current_dir(folder)
            .env("BENCH_PLAN", &plan)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .into_diagnostic()?;
        while child.try_wait().into_diagnostic()?.is_none() {
            let status = fs::read_to_string(format!("/proc/{}/status", child.id()));
            peak = peak.max(status.ok().as_deref().and_then(peak_of).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(1));
        }
        times.push(started.elapsed());
        miette::ensure!(child.wait().into_diagnostic()?.success(), "the plan was not told");
    }
    times.sort();
    Ok((times[RUNS / 2], peak))
}

/// A plan in which each resource refers to the one before it; some are replaced, some hold a secret.
fn of(resources: usize) -> Value {
    let name = |index: usize| format!("aws_iam_policy.p{index}");
    let change = |index: usize| {
        let actions = match index % 10 {
            0 => json!(["delete", "create"]),
            1..=4 => json!(["update"]),
            _ => json!(["create"]),
        };
        let state = |action: &str| {
            json!({
                "arn": format!("arn:aws:iam::123456789012:policy/p{index}"), "name": format!("p{index}"),
                "policy": json!({"Statement": [{"Action": action, "Effect": "Allow", "Resource": "*"}]}).to_string(),
                "secret": format!("hidden-{}", index / 20), "tags": {"Name": format!("p{index}"), "Team": "todo"},
            })
        };
        json!({"address": name(index), "type": "aws_iam_policy", "mode": "managed", "change": {
            "actions": actions, "before": state("s3:GetObject"), "after": state("s3:*"),
            "before_sensitive": {"secret": true}, "after_sensitive": {"secret": true},
            "replace_paths": [["policy"]],
        }})
    };
    let resource = |index: usize| {
        let references = index.checked_sub(1).map(name).into_iter().collect::<Vec<_>>();
        json!({"address": name(index), "expressions": {"policy": {"references": references}}})
    };
    json!({
        "resource_changes": (0..resources).map(change).collect::<Vec<_>>(),
        "configuration": {"root_module": {"resources": (0..resources).map(resource).collect::<Vec<_>>()}},
    })
}
