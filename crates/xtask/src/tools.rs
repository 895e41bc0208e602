//! Other people's tools, by the versions in `crates/xtask/tools`, installed under `target/github-tools` when they are first asked for.

use std::{fs, path::PathBuf, process::Command};

use miette::IntoDiagnostic as _;

use crate::process::{output, root, say};

/// A program that pip installs.
pub(crate) fn python(program: &str) -> miette::Result<PathBuf> {
    let wanted = root().join("crates/xtask/tools/requirements.txt");
    let folder = root().join("target/github-tools");
    let (venv, installed) = (folder.join("venv"), folder.join("requirements.txt"));
    let text = fs::read_to_string(&wanted).into_diagnostic()?;
    // Once for each content of the list.
    if !fs::read_to_string(&installed).is_ok_and(|installed| installed == text) {
        say(&format!(
            "installing crates/xtask/tools/requirements.txt from PyPI in {}",
            venv.display()
        ));
        output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let mut pip = Command::new(venv.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]);
        output(pip.arg(wanted))?;
        fs::write(installed, text).into_diagnostic()?;
    }
    Ok(venv.join("bin").join(program))
}
