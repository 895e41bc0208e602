//! Where everything lives: `<workspace>/target/local-aws/`, readable by its owner alone, and nothing outside it.
//!
//! ```text
//! venv/          MiniStack and boto3, made once              engine/   one Docker engine, shared by all who run at the time
//! runs/<run>/    one local AWS: state.json, its DOCKER_CONFIG logs/     what MiniStack said, newest twenty
//! setup.lock     held while something shared is made or ended
//! ```

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::error::{At as _, Result};

#[derive(Debug, Clone)]
pub(crate) struct Place {
    root: PathBuf,
}

impl Place {
    /// The workspace this crate was built in. A test binary runs in its own crate's folder, so the working directory says nothing.
    pub(crate) fn of_workspace() -> Result<Self> {
        let workspace =
            Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
        let root = workspace.join("target/local-aws");
        private_dir(&root)?;
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn venv_bin(&self) -> PathBuf {
        self.root.join("venv/bin")
    }

    /// Waits until nobody else is making or ending something shared. The kernel lets go of it when the process dies.
    pub(crate) fn lock(&self) -> Result<File> {
        let path = self.root.join("setup.lock");
        let file = File::options().create(true).append(true).open(&path).at(&path)?;
        file.lock().at(&path)?;
        Ok(file)
    }

    /// A new folder for one local AWS.
    pub(crate) fn new_run(&self) -> Result<PathBuf> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let runs = self.root.join("runs");
        private_dir(&runs)?;
        let run = runs.join(format!("{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        if run.exists() {
            fs::remove_dir_all(&run).at(&run)?;
        }
        private_dir(&run)?;
        Ok(run)
    }
}

pub(crate) fn private_dir(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).at(path)
}

/// A process as it can be found again: its number, and when it began, because numbers are given out anew.
pub(crate) fn identity(pid: u32) -> Value {
    json!({ "pid": pid, "start": start_time(pid) })
}

/// Whether that very process still lives. A zombie does not.
pub(crate) fn lives(identity: &Value) -> bool {
    let Some(pid) = identity["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()) else {
        return false;
    };
    start_time(pid).is_some_and(|start| Some(start) == identity["start"].as_u64())
}

/// Field 22 of `/proc/PID/stat`, in ticks since boot. The command's name before it may hold spaces and parentheses.
fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    if state == "Z" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

pub(crate) fn read_json(path: &Path) -> Option<Value> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

/// Written beside and renamed, so that a reader never sees half of it.
pub(crate) fn write_json(path: &Path, value: &Value) -> Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, value.to_string()).at(&beside)?;
    fs::rename(&beside, path).at(path)
}
