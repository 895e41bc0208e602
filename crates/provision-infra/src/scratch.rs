//! The folder of a run: plans and Terraform's streams, which hold secrets in clear. For its owner alone, and gone with the
//! run; what a killed run leaves, the next one takes away.

use std::{
    fs,
    path::{Path, PathBuf},
};

use actions_runtime::Step;
use tempfile::TempDir;

use crate::errors::Error;

const PREFIX: &str = "provision-infra-";

pub(crate) fn folder(step: &Step) -> Result<TempDir, Error> {
    let place = step.env("RUNNER_TEMP").map_or_else(std::env::temp_dir, PathBuf::from);
    sweep(&place);
    // tempfile makes folders with mode 0700.
    tempfile::Builder::new()
        .prefix(&format!("{PREFIX}{}-", std::process::id()))
        .tempdir_in(&place)
        .map_err(|source| Error::Write { path: place, source })
}

/// Takes away the folders of runs whose process is gone.
fn sweep(place: &Path) {
    // Without it nobody can be told to be gone.
    if !Path::new("/proc/self").exists() {
        return;
    }
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-'));
        if let Some((process, _)) = owner
            && process.parse::<u32>().is_ok()
            && !Path::new("/proc").join(process).exists()
        {
            // Another user's folder stays: it cannot be taken away, and need not.
            let _not_ours = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_left_is_taken_away_and_nothing_else() {
        let place = TempDir::new().unwrap();
        let make = |name: String| {
            let path = place.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("plan"), "x").unwrap();
            path
        };
        // The largest number that a process can have is 2^22.
        let dead = make(format!("{PREFIX}4999999-x"));
        let alive = make(format!("{PREFIX}{}-x", std::process::id()));
        let other = make("provision-infra-notes".to_owned());
        sweep(place.path());
        assert!(!dead.exists() && alive.exists() && other.exists());
    }
}
