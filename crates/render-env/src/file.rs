//! The file itself: what stands in it now, whether git would carry it away, and putting it there whole.

use std::{
    io::{ErrorKind, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use actions_runtime::Faults;
use tokio::process::Command;

use crate::errors::Error;

/// Only its owner reads it.
const MODE: u32 = 0o600;

/// Where `path` stands with git.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Git {
    /// The next commit would carry the values away.
    Tracked,
    /// `git add .` would take it.
    NotIgnored,
    /// Ignored, or there is no repository.
    Safe,
}

/// The directory in which `path` will stand.
pub(crate) fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

pub(crate) fn check(path: &Path, faults: &mut Faults) {
    let directory = directory(path);
    if path.is_dir() {
        faults.add("output-file", format!("`{}` is a directory", path.display()));
    } else if path.file_name().is_none() {
        faults.add("output-file", format!("`{}` names no file", path.display()));
    } else if !directory.is_dir() {
        faults.add("output-file", format!("there is no directory `{}`", directory.display()));
    }
}

/// What `path` holds, where it exists and is text.
pub(crate) fn current(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

pub(crate) async fn git(path: &Path) -> Git {
    let run = async |arguments: &[&str]| {
        Command::new("git")
            .arg("-C")
            .arg(directory(path))
            .args(arguments)
            .arg("--")
            .arg(path.file_name().unwrap_or_default())
            .output()
            .await
            .ok()
            .and_then(|output| output.status.code())
    };
    if run(&["ls-files", "--error-unmatch"]).await == Some(0) {
        return Git::Tracked;
    }
    match run(&["check-ignore", "--quiet"]).await {
        Some(1) => Git::NotIgnored,
        _ => Git::Safe,
    }
}

/// Puts `text` at `path` in one move: no reader sees half a file, and nobody else sees any of it.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let put = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(".render-env-")
            .permissions(std::fs::Permissions::from_mode(MODE))
            .tempfile_in(directory(path))?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    put().map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Adds `text` to a file of the runner's that holds `current`. The runner sets its mode itself.
pub(crate) fn append(path: &Path, current: &str, text: &str) -> Result<(), Error> {
    // An earlier step may have left its last line open.
    let open = !current.is_empty() && !current.ends_with('\n');
    let text = format!("{}{text}", if open { "\n" } else { "" });
    let put = || -> std::io::Result<()> {
        let mut options = std::fs::OpenOptions::new();
        options.append(true).create(true).mode(MODE).open(path)?.write_all(text.as_bytes())
    };
    put().map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// A file that stays as it is may still have been open to others.
pub(crate) fn close_to_others(path: &Path) -> Result<(), Error> {
    let close = || -> std::io::Result<()> {
        let mode = std::fs::metadata(path)?.permissions().mode();
        if mode & 0o777 != MODE {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE))?;
        }
        Ok(())
    };
    close().map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// The text of an input file, or a fault that names the input.
pub(crate) fn read_input(input: &str, path: &Path, faults: &mut Faults) -> Option<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            faults.add(input, format!("there is no file `{}`", path.display()));
            None
        }
        Err(error) => {
            faults.add(input, format!("`{}` cannot be read: {error}", path.display()));
            None
        }
    }
}
