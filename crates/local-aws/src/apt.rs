//! Debian's packages: installed where that is the only way (the engine), else downloaded and unpacked under `target/`.
//!
//! Package lists for downloads are private, so that another release can be asked without touching the machine's sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{on_path, output, succeeds};
use crate::error::{At as _, Error, Result};
use crate::place::{Place, private_dir};

/// Whether packages can be installed at all.
pub(crate) fn can_install() -> bool {
    rustix::process::geteuid().is_root() && on_path("apt-get")
}

/// Installs what the machine lacks. `say` has told the user before.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-y", "--no-install-recommends"])
        .args(packages);
    if succeeds(&mut apt) {
        return Ok(());
    }
    // Most often the lists are missing (a fresh container) or older than the archive.
    output(Command::new("apt-get").args(["update", "-q"]))?;
    output(&mut apt).map(drop)
}

/// Lists of our own, of this machine's release or of another.
pub(crate) struct Lists {
    folder: PathBuf,
    options: Vec<String>,
}

impl Lists {
    /// The machine's own sources.
    pub(crate) fn own(place: &Place) -> Result<Self> {
        Self::update(place, "apt/own", &[])
    }

    /// The same archive, another suite.
    pub(crate) fn of_suite(place: &Place, suite: &str) -> Result<Self> {
        let archive = debian_archive().ok_or_else(|| {
            Error::Other("the machine's package sources name no Debian archive".to_owned())
        })?;
        let name = format!("apt/{suite}");
        let folder = place.join(&name);
        private_dir(&folder.join("sources"))?;
        let list = folder.join("sources/only.list");
        fs::write(&list, format!("deb {archive} {suite} main\n")).at(&list)?;
        let parts = folder.join("sources").display().to_string();
        Self::update(
            place,
            &name,
            &[
                "Dir::Etc::sourcelist=/dev/null".to_owned(),
                format!("Dir::Etc::sourceparts={parts}"),
            ],
        )
    }

    fn update(place: &Place, name: &str, sources: &[String]) -> Result<Self> {
        let folder = place.join(name);
        for part in ["lists/partial", "cache/archives/partial", "debs"] {
            private_dir(&folder.join(part))?;
        }
        let mut options = vec![
            format!("Dir::State::lists={}", folder.join("lists").display()),
            format!("Dir::Cache={}", folder.join("cache").display()),
            // The download user of apt may not look into a private folder.
            "APT::Sandbox::User=root".to_owned(),
        ];
        options.extend_from_slice(sources);
        let lists = Self { folder, options };
        output(lists.apt("apt-get").args(["update", "-q"]))?;
        Ok(lists)
    }

    fn apt(&self, tool: &str) -> Command {
        let mut command = Command::new(tool);
        for option in &self.options {
            command.args(["-o", option]);
        }
        command
    }

    /// What a package and all that it needs, need: package by package, because one question costs a second.
    pub(crate) fn needs(&self, package: &str) -> Result<BTreeMap<String, Vec<String>>> {
        let text =
            output(self.apt("apt-cache").args(["depends", "--recurse", "--important", package]))?;
        let mut needs = BTreeMap::<String, Vec<String>>::new();
        let mut of = String::new();
        for line in text.lines() {
            if !line.starts_with([' ', '<']) {
                line.clone_into(&mut of);
                needs.entry(of.clone()).or_default();
            } else if let Some((_, name)) = line.split_once("Depends: ") {
                needs.entry(of.clone()).or_default().push(name.to_owned());
            }
        }
        Ok(needs)
    }

    pub(crate) fn knows(&self, package: &str) -> bool {
        output(self.apt("apt-cache").args(["policy", package])).is_ok_and(|text| {
            text.lines()
                .any(|line| line.trim().starts_with("Candidate:") && !line.contains("(none)"))
        })
    }

    /// Downloads and unpacks; nothing is installed, no script of a package runs.
    pub(crate) fn unpack(&self, packages: &[String], into: &Path) -> Result<()> {
        let debs = self.folder.join("debs");
        output(self.apt("apt-get").current_dir(&debs).arg("download").args(packages))?;
        private_dir(into)?;
        for entry in fs::read_dir(&debs).at(&debs)?.flatten() {
            output(Command::new("dpkg").arg("-x").arg(entry.path()).arg(into))?;
            fs::remove_file(entry.path()).at(entry.path())?;
        }
        Ok(())
    }
}

/// `[signed-by=…] http://…` of the Debian archive that this machine uses.
fn debian_archive() -> Option<String> {
    let mut texts = vec![fs::read_to_string("/etc/apt/sources.list").unwrap_or_default()];
    for entry in fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten() {
        texts.push(fs::read_to_string(entry.path()).unwrap_or_default());
    }
    let is_archive = |word: &&str| {
        word.starts_with("http")
            && word.trim_end_matches('/').ends_with("/debian")
            && !word.contains("security")
    };
    texts.iter().flat_map(|text| text.split("\n\n")).find_map(|stanza| {
        let plain: Vec<&str> = stanza
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .flat_map(str::split_whitespace)
            .collect();
        let uri = plain.iter().find(|word| is_archive(word))?;
        let key =
            plain.iter().position(|word| *word == "Signed-By:").and_then(|at| plain.get(at + 1));
        Some(key.map_or_else(|| (*uri).to_owned(), |key| format!("[signed-by={key}] {uri}")))
    })
}
