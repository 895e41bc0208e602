//! `cargo xtask test`: every test that this machine can run.

use crate::{
    generate::{self, Mode},
    lint,
    process::{self, cargo, is_on_path, say},
};

/// A program that tests need, and how one gets it on Debian.
const NEEDED: &[(&str, &str)] = &[
    ("python3", "apt-get install python3 python3-venv"),
    ("node", "apt-get install nodejs npm"),
    ("npm", "apt-get install nodejs npm"),
    ("git", "apt-get install git"),
    ("curl", "apt-get install curl"),
    ("jq", "apt-get install jq"),
    ("docker", "apt-get install docker.io"),
    ("terraform", "Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install"),
    ("chromium", "apt-get install chromium"),
];

pub(crate) fn run() -> miette::Result<()> {
    let missing: Vec<&(&str, &str)> =
        NEEDED.iter().filter(|(program, _)| !is_on_path(program)).collect();
    for (program, remedy) in &missing {
        say(&format!(
            "missing: {program}; the tests that need it will say so. To get it: {remedy}"
        ));
    }
    if !missing.is_empty() && std::env::var_os("CI").is_some() {
        return Err(miette::miette!("in CI nothing may be missing"));
    }
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    generate::run(Mode::Check)?;
    if is_on_path("python3") {
        lint::run_all()?;
    }
    // The tests run the programs and each other's binaries: all of them are there before the first test starts.
    cargo(&["build", "--workspace", "--bins"])?;
    let calls = process::root().join("target/calls");
    let _none_yet = std::fs::remove_dir_all(&calls);
    cargo(&["test", "--workspace"])?;
    // A test that could not run made no calls: then nobody can say which permission is not needed.
    if missing.is_empty() {
        generate::run(Mode::Calls)?;
    }
    if is_on_path("npm") {
        page()?;
    }
    if is_on_path("terraform") {
        process::run("terraform", &["fmt", "-check", "-recursive", "terraform"])?;
    }
    Ok(())
}

/// The example app's page: its own tests, its build, and a visit by a browser to the whole app on this machine.
fn page() -> miette::Result<()> {
    let npm = |arguments: &[&str]| {
        process::run("npm", &[&["--prefix", "examples/todo/web"], arguments].concat())
    };
    npm(&["ci"])?;
    npm(&["test"])?;
    npm(&["run", "build"])?;
    if is_on_path("chromium") {
        npm(&["run", "e2e"])?;
    }
    Ok(())
}
