//! The files of the tree, and whether they do what they are for.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use miette::{IntoDiagnostic as _, WrapErr as _, miette};

use super::{PROGRAMS, VERSION};
use crate::process::{self, output, root};

/// `actions/` at the root, and the licences. GitHub fetches the whole tree once a job: it stays small.
pub(super) fn make(tree: &Path) -> miette::Result<()> {
    copy(&root().join("actions"), tree)?;
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(root().join(licence), tree.join(licence)).into_diagnostic()?;
    }
    Ok(())
}

/// Each program comes through the tree's own script, from these archives and an empty cache, and is this version.
pub(super) fn check(
    tree: &Path,
    distrib: &Path,
    repository: &str,
    tag: &str,
) -> miette::Result<()> {
    let scratch = tree.with_file_name("check");
    let server = scratch.join("server");
    let releases = server.join(repository).join("releases/download");
    fs::create_dir_all(&releases).into_diagnostic()?;
    symlink(distrib.canonicalize().into_diagnostic()?, releases.join(tag)).into_diagnostic()?;
    for program in PROGRAMS {
        let mut sh = Command::new("sh");
        sh.arg(tree.join("_fetch/run.sh")).args([program, "--version"]);
        sh.env("TODO_ACTIONS_DOWNLOAD_URL", format!("file://{}", server.display()));
        sh.envs(runner()?).env("RUNNER_TOOL_CACHE", scratch.join("cache"));
        sh.env_remove("TODO_ACTIONS_TOKEN");
        let said = output(&mut sh).wrap_err_with(|| program.to_owned())?;
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        if said != format!("{program} {VERSION}") {
            return Err(miette!("{program} is not of this version: it says `{said}`"));
        }
    }
    fs::remove_dir_all(scratch).into_diagnostic()
}

/// This machine, as a runner on it would call itself.
fn runner() -> miette::Result<[(&'static str, &'static str); 2]> {
    let os = match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "macOS",
        other => return Err(miette!("no release is made for {other}")),
    };
    let arch = if std::env::consts::ARCH == "aarch64" { "ARM64" } else { "X64" };
    Ok([("RUNNER_OS", os), ("RUNNER_ARCH", arch)])
}

/// Nothing that the last release had may be gone without a new major version.
pub(super) fn compare(previous: Option<&Path>, tree: &Path) -> miette::Result<()> {
    let Some(previous) = previous else {
        process::say("surface   there is no earlier release to compare with");
        return Ok(());
    };
    process::cargo(&["build", "--quiet", "--workspace", "--bin", "action-yml"])?;
    let generator = root().join("target/debug/action-yml").to_string_lossy().into_owned();
    let (previous, tree) = (previous.to_string_lossy(), tree.to_string_lossy());
    process::run(&generator, &["--compare", &previous, &tree])
}

pub(super) fn size(folder: &Path) -> miette::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).into_diagnostic()? {
        let entry = entry.into_diagnostic()?;
        bytes += match entry.file_name().to_str() {
            Some(".git") => 0,
            _ if entry.file_type().into_diagnostic()?.is_dir() => size(&entry.path())?,
            _ => entry.metadata().into_diagnostic()?.len(),
        };
    }
    Ok(bytes)
}

fn copy(from: &Path, to: &Path) -> miette::Result<()> {
    fs::create_dir_all(to).into_diagnostic()?;
    for entry in fs::read_dir(from).into_diagnostic()? {
        let entry = entry.into_diagnostic()?;
        let target = to.join(entry.file_name());
        if entry.file_type().into_diagnostic()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target).into_diagnostic()?;
        }
    }
    Ok(())
}
