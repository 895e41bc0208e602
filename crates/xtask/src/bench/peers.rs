//! What people use today, from `PyPI` and pinned, and what a run of a program costs.

use std::{fs, path::PathBuf, process::Command};

use miette::{IntoDiagnostic as _, miette};

use crate::process::{root, run};

pub(crate) const AWSCLI: &str = "awscli==1.46.3";

/// One run of one program.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
    pub(crate) mebibytes: u64,
}

/// Where benchmarks keep what they need.
pub(crate) fn folder() -> PathBuf {
    root().join("target/bench")
}

/// A Python environment that has these programs, each with the package that brings it.
pub(crate) fn python(programs: &[(&str, &str)]) -> miette::Result<PathBuf> {
    let venv = folder().join("peers");
    fs::create_dir_all(folder()).into_diagnostic()?;
    let path = venv.display().to_string();
    if !venv.join("bin/pip").exists() {
        run("python3", &["-m", "venv", &path])?;
    }
    let missing = programs.iter().filter(|(program, _)| !venv.join("bin").join(program).exists());
    let missing: Vec<&str> = missing.map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        run(&format!("{path}/bin/pip"), &[&["install", "--quiet"], missing.as_slice()].concat())?;
    }
    Ok(venv)
}

/// Runs a command to its end, and fails where it fails.
pub(crate) fn measure(
    name: &str,
    words: &[String],
    configure: impl FnOnce(&mut Command),
) -> miette::Result<Cost> {
    let log = folder().join("last.log");
    let mut command = Command::new("python3");
    command.args(["-c", include_str!("measure.py")]).arg(&log).args(words);
    configure(&mut command);
    let output = command.output().into_diagnostic()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words: Vec<&str> = text.split_whitespace().collect();
    let [code, wall, cpu, mebibytes] = words.as_slice() else {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(miette!("{name} could not be measured: {text}{error}"));
    };
    if *code != "0" {
        return Err(miette!(
            "{name} ended with {code}: {}",
            fs::read_to_string(&log).unwrap_or_default()
        ));
    }
    Ok(Cost {
        wall: wall.parse().into_diagnostic()?,
        cpu: cpu.parse().into_diagnostic()?,
        mebibytes: mebibytes.parse().into_diagnostic()?,
    })
}
