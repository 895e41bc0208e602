//! The keeper: a process that outlives ours just long enough to end what we started (see `keeper.py`).

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::command::{self, missing};
use crate::error::{At as _, Error, Result};
use crate::place::{Place, lives, read_json};

const SCRIPT: &str = include_str!("keeper.py");

/// Ends the run when dropped, and when this process ends in any other way: what it waits for is the end of a pipe.
#[derive(Debug)]
pub(crate) struct Keeper {
    process: Child,
}

impl Keeper {
    /// To be called under the setup lock: from here on the engine counts as used.
    pub(crate) fn start(place: &Place, run: &Path) -> Result<Self> {
        let log = fs::File::create(run.join("keeper.log")).at(run)?;
        let mut command = script(place, run)?;
        // A group of its own: Ctrl-C in a terminal goes to the whole group of the owner, and the keeper must outlive that.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut process = command.spawn().map_err(|source| missing(&command, source))?;
        let mut ready = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut ready).at(run)?;
        }
        if ready.trim() == "ready" {
            return Ok(Self { process });
        }
        Err(Error::Died { what: "the keeper", log: command::last_words(&run.join("keeper.log")) })
    }

    /// Waits until everything has ended.
    pub(crate) fn finish(&mut self) {
        drop(self.process.stdin.take());
        let _already_gone = self.process.wait();
    }
}

/// Ends runs that nobody owns and nobody keeps any more.
pub(crate) fn sweep(place: &Place) -> Result<()> {
    let Ok(runs) = fs::read_dir(place.join("runs")) else { return Ok(()) };
    for run in runs.flatten().map(|entry| entry.path()) {
        // Without a state it is being made by somebody who waits for the lock we hold.
        let Some(state) = read_json(&run.join("state.json")) else { continue };
        let kept = read_json(&run.join("keeper.json")).is_some_and(|keeper| lives(&keeper));
        if !kept && !lives(&state["owner"]) {
            command::output(script(place, &run)?.arg("--sweep"))?;
        }
    }
    Ok(())
}

/// Ends an engine that does not answer. To be called under the setup lock.
pub(crate) fn end_engine(place: &Place) -> Result<()> {
    command::output(&mut script(place, Path::new("--engine"))?).map(drop)
}

fn script(place: &Place, run: &Path) -> Result<Command> {
    let path = place.join("keeper.py");
    fs::write(&path, SCRIPT).at(&path)?;
    let mut command = Command::new("python3");
    command.arg(path).arg(place.root()).arg(run);
    Ok(command)
}
