//! Other programs, run from the workspace's root.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use miette::{IntoDiagnostic as _, WrapErr as _};

/// The folder that holds the workspace's Cargo.toml.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .components()
        .rev()
        .skip(2)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect()
}

/// A line for the person who started the task.
pub(crate) fn say(text: &str) {
    let _broken_pipe = writeln!(std::io::stdout(), "{text}");
}

/// `program arguments…`, from the root, printed before it runs.
pub(crate) fn run(program: &str, arguments: &[&str]) -> miette::Result<()> {
    say(&format!("$ {program} {}", arguments.join(" ")));
    let status =
        Command::new(program).args(arguments).current_dir(root()).status().into_diagnostic()?;
    if status.success() {
        Ok(())
    } else {
        Err(miette::miette!("`{program} {}` failed: {status}", arguments.join(" ")))
    }
}

/// What a program prints; what it says of its failure where it fails.
pub(crate) fn output(command: &mut Command) -> miette::Result<Vec<u8>> {
    let program = command.get_program().to_string_lossy().into_owned();
    let out = command.output().into_diagnostic().wrap_err_with(|| program.clone())?;
    if out.status.success() {
        return Ok(out.stdout);
    }
    let said = [out.stdout, out.stderr].concat();
    Err(miette::miette!("`{program}` failed: {}", String::from_utf8_lossy(&said).trim()))
}

/// The cargo that started this task.
pub(crate) fn cargo(arguments: &[&str]) -> miette::Result<()> {
    run(option_env!("CARGO").unwrap_or("cargo"), arguments)
}

/// Whether `program` can be found.
pub(crate) fn is_on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}
