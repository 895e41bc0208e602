//! A `DOCKER_CONFIG` of this run alone, in which the login to ECR lives.
//!
//! The password goes into a file that only we can read: never into arguments or the environment, which others can see,
//! and never into the user's `~/.docker`. The folder is gone when the run ends, by a signal too; what a kill leaves
//! behind the next run sweeps, told from a living run's by a lock that dies with its process.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use actions_runtime::Step;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustix::{
    fs::{FlockOperation, flock},
    process::geteuid,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::error::Error;

const PREFIX: &str = "build-push-login-";
const LOCK: &str = "lock";

/// The folder, and the lock that shows that we are alive.
pub(crate) struct Login {
    folder: TempDir,
    _lock: File,
    settings: Map<String, Value>,
    /// Where the user's own docker keeps its things.
    home: Option<PathBuf>,
}

impl Login {
    /// Makes the folder from what the user's docker is set to: other logins, contexts, builders, plugins.
    pub(crate) fn prepare(step: &Step) -> Result<Self, Error> {
        let base = base(step);
        sweep(&base);
        let failed = |error| Error::Folder(base.clone(), error);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&base)
            .map_err(failed)?;
        let lock = private_file(&folder.path().join(LOCK)).map_err(failed)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| failed(error.into()))?;
        let home = home(step);
        let settings = match &home {
            Some(home) => {
                adopt(home, folder.path()).map_err(failed)?;
                settings(&home.join("config.json"))?
            }
            None => Map::new(),
        };
        let login = Self { folder, _lock: lock, settings, home };
        login.write().map_err(failed)?;
        Ok(login)
    }

    /// Logs in to `registry` with what ECR's `GetAuthorizationToken` gave.
    pub(crate) fn add(&mut self, registry: &str, token: &SecretString) -> Result<(), Error> {
        let auths = object(&mut self.settings, "auths");
        auths.insert(registry.to_owned(), json!({ "auth": token.expose_secret() }));
        // A credential store of the user's would be asked first, and would not know; an empty helper means this file.
        object(&mut self.settings, "credHelpers").insert(registry.to_owned(), json!(""));
        self.write().map_err(|error| Error::Folder(self.folder.path().to_owned(), error))
    }

    /// A file in the folder that only we can read.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> Result<PathBuf, Error> {
        let path = self.path(name);
        let written = private_file(&path).and_then(|mut file| file.write_all(content));
        written.map_err(|error| Error::Folder(path.clone(), error))?;
        Ok(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What docker must be told for this to be its settings.
    pub(crate) fn environment(&self, step: &Step) -> Vec<(&'static str, PathBuf)> {
        let mut environment = vec![("DOCKER_CONFIG", self.folder.path().to_owned())];
        // Without a path of their own the certificates of a TLS engine are looked for beside the settings.
        if let (Some(_), None, Some(home)) =
            (step.env("DOCKER_TLS_VERIFY"), step.env("DOCKER_CERT_PATH"), &self.home)
        {
            environment.push(("DOCKER_CERT_PATH", home.clone()));
        }
        environment
    }

    /// The socket of the engine on this machine, where it is the one that builds: nobody has chosen another engine, or
    /// another builder as docker/setup-buildx-action does.
    pub(crate) fn own_engine(&self, step: &Step) -> Option<PathBuf> {
        let buildx = self.path("buildx");
        let current = fs::read(buildx.join("current")).unwrap_or_default();
        let current: Value = serde_json::from_slice(&current).unwrap_or_default();
        let chosen = current["Name"].as_str().is_some_and(|name| !name.is_empty())
            || fs::read_dir(buildx.join("defaults")).is_ok_and(|mut it| it.next().is_some())
            || ["BUILDX_BUILDER", "BUILDX_CONFIG"].iter().any(|name| step.env(name).is_some());
        if chosen {
            return None;
        }
        if let Some(host) = step.env("DOCKER_HOST") {
            return host.strip_prefix("unix://").map(PathBuf::from);
        }
        let context = self.settings.get("currentContext").and_then(Value::as_str);
        let default = context.is_none_or(|name| ["", "default"].contains(&name))
            && step.env("DOCKER_CONTEXT").is_none();
        default.then(|| PathBuf::from("/var/run/docker.sock"))
    }

    fn write(&self) -> io::Result<()> {
        let text = Value::Object(self.settings.clone()).to_string();
        private_file(&self.path("config.json"))?.write_all(text.as_bytes())
    }
}

/// The password inside ECR's token, `base64(AWS:password)`.
pub(crate) fn password(token: &SecretString) -> Option<SecretString> {
    let text = String::from_utf8(STANDARD.decode(token.expose_secret()).ok()?).ok()?;
    text.split_once(':').map(|(_, password)| SecretString::from(password))
}

/// The runner's own folder, else one in memory, else the usual one.
fn base(step: &Step) -> PathBuf {
    ["RUNNER_TEMP", "XDG_RUNTIME_DIR", "TMPDIR"]
        .into_iter()
        .filter_map(|name| step.env(name).map(PathBuf::from))
        .find(|path| path.is_dir())
        .unwrap_or_else(|| PathBuf::from("/tmp"))
}

/// docker: `config.Dir()`.
fn home(step: &Step) -> Option<PathBuf> {
    let named = step.env("DOCKER_CONFIG").map(PathBuf::from);
    named.or_else(|| Some(PathBuf::from(step.env("HOME")?).join(".docker")))
}

fn settings(path: &Path) -> Result<Map<String, Value>, Error> {
    match fs::read(path) {
        Ok(text) => {
            serde_json::from_slice(&text).map_err(|error| Error::Settings(path.to_owned(), error))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Map::new()),
        Err(error) => Err(Error::Unreadable(path.to_owned(), error)),
    }
}

/// Brings along what docker looks for beside its settings. What it only reads is linked; builders are copied, since
/// buildx notes there what it did last.
fn adopt(home: &Path, folder: &Path) -> io::Result<()> {
    let Ok(home) = home.canonicalize() else { return Ok(()) };
    for name in ["cli-plugins", "contexts"] {
        if home.join(name).is_dir() {
            symlink(home.join(name), folder.join(name))?;
        }
    }
    for name in ["current", "defaults", "instances", "certs"] {
        copy(&home.join("buildx").join(name), &folder.join("buildx").join(name))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else if from.is_file() {
        to.parent().map_or(Ok(()), fs::create_dir_all)?;
        private_file(to)?.write_all(&fs::read(from)?)?;
    }
    Ok(())
}

fn object<'a>(settings: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
    let member = settings.entry(name).or_insert_with(|| json!({}));
    if !member.is_object() {
        *member = json!({});
    }
    match member {
        Value::Object(members) => members,
        _ => unreachable!("it was made an object"),
    }
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Removes what runs left behind that were killed.
fn sweep(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.metadata().is_ok_and(|it| it.is_dir() && it.uid() == geteuid().as_raw());
        if ours && is_abandoned(&entry.path()) {
            // Somebody else may be sweeping too.
            let _gone = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether nobody holds the lock. A folder without one is being made at this moment, or is not ours.
fn is_abandoned(folder: &Path) -> bool {
    File::open(folder.join(LOCK))
        .is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_left_is_swept_and_a_living_ones_is_not() {
        let base = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let folder = base.path().join(format!("{PREFIX}{name}"));
            fs::create_dir(&folder).unwrap();
            (private_file(&folder.join(LOCK)).unwrap(), folder)
        };
        let (living, kept) = make("living");
        flock(&living, FlockOperation::NonBlockingLockExclusive).unwrap();
        let (dead, swept) = make("dead");
        drop(dead);
        let being_made = base.path().join(format!("{PREFIX}being-made"));
        fs::create_dir(&being_made).unwrap();
        sweep(base.path());
        assert!(kept.exists() && being_made.exists() && !swept.exists());
    }

    #[test]
    fn the_password_is_found_in_the_token() {
        let token = SecretString::from(STANDARD.encode("AWS:pass:word"));
        assert_eq!(password(&token).unwrap().expose_secret(), "pass:word");
    }
}
