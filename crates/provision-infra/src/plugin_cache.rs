//! Providers are downloaded once a machine, not once a run: `TF_PLUGIN_CACHE_DIR`, unless somebody has set one.

use std::{
    fs::{self, File},
    path::PathBuf,
};

use actions_runtime::Step;
use rustix::fs::{FlockOperation, flock};

/// The shared folder, ours alone for as long as this lives: two `init`s in one cache spoil it (Terraform: "Provider Plugin
/// Cache").
pub(crate) struct PluginCache {
    pub(crate) folder: PathBuf,
    _lock: File,
}

/// `None` where there is a cache already, where none can be made, and while another run fills it: then this run downloads
/// for itself.
pub(crate) fn open(step: &Step) -> Option<PluginCache> {
    if step.env("TF_PLUGIN_CACHE_DIR").is_some() || is_configured(step) {
        return None;
    }
    let folder = match (step.env("RUNNER_TOOL_CACHE"), step.env("XDG_CACHE_HOME"), step.env("HOME"))
    {
        (Some(cache), _, _) | (None, Some(cache), _) => PathBuf::from(cache),
        (None, None, home) => PathBuf::from(home?).join(".cache"),
    };
    let folder = folder.join("provision-infra/providers");
    fs::create_dir_all(&folder).ok()?;
    let lock = File::create(folder.join(".lock")).ok()?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(PluginCache { folder, _lock: lock })
}

/// The variable would override what the user's own configuration says (Terraform: "CLI Configuration").
fn is_configured(step: &Step) -> bool {
    let own = || step.env("HOME").map(|home| PathBuf::from(home).join(".terraformrc"));
    let file = step.env("TF_CLI_CONFIG_FILE").map(PathBuf::from).or_else(own);
    let text = file.and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    text.lines().any(|line| line.trim_start().starts_with("plugin_cache_dir"))
}
