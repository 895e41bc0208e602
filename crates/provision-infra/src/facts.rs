//! What a plan was made from and for: the commit, the root with its modules, the tools, the account. A sealed plan carries
//! these facts, and `apply` compares them with its own.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use actions_runtime::Step;
use github_api::PullRequest;
use ignore::WalkBuilder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{fingerprint::hex, inputs::Inputs};

/// More names in one sentence are not read.
const NAMED: usize = 5;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    commit: Option<String>,
    /// The commit of the base branch that a pull request was planned against.
    base: Option<String>,
    root: String,
    workspace: String,
    /// Terraform's version.
    tool: String,
    /// Known once Terraform is initialised.
    initialised: Option<Initialised>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Initialised {
    /// `None` where the root has nothing to do with AWS.
    account: Option<String>,
    providers: BTreeMap<String, String>,
    /// SHA-256 of each file of the root and of its modules.
    files: BTreeMap<String, String>,
}

impl Facts {
    /// What can be known before `init`.
    pub(crate) async fn of(step: &Step, inputs: &Inputs, tool: &str) -> Self {
        Self {
            commit: step.commit().await,
            base: PullRequest::of(step).map(|pull_request| pull_request.base),
            root: root(step, &inputs.working_directory),
            workspace: workspace(step, inputs),
            tool: tool.to_owned(),
            initialised: None,
        }
    }

    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    pub(crate) fn workspace(&self) -> &str {
        &self.workspace
    }

    /// Adds what `init` has made known.
    pub(crate) fn add(
        &mut self,
        step: &Step,
        inputs: &Inputs,
        providers: BTreeMap<String, String>,
        account: Option<String>,
    ) {
        let files = files(step, inputs);
        self.initialised = Some(Initialised { account, providers, files });
    }

    /// What of `now` is other than it was, in words. What is not known yet is not compared.
    pub(crate) fn differences(&self, now: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: &str, then: Option<&String>, now: Option<&String>| {
            if let (Some(then), Some(now)) = (then, now)
                && then != now
            {
                found.push(format!("{what} `{then}`, and this is `{now}`"));
            }
        };
        compare("for commit", self.commit.as_ref(), now.commit.as_ref());
        compare("on base", self.base.as_ref(), now.base.as_ref());
        compare("for root", Some(&self.root), Some(&now.root));
        compare("for workspace", Some(&self.workspace), Some(&now.workspace));
        compare("by Terraform", Some(&self.tool), Some(&now.tool));
        if let (Some(then), Some(now)) = (&self.initialised, &now.initialised) {
            let unknown = "not known".to_owned();
            compare("for account", then.account.as_ref(), now.account.as_ref().or(Some(&unknown)));
            let other = differing(&then.providers, &now.providers);
            if !other.is_empty() {
                found.push(format!("with other versions of the providers {}", named(&other)));
            }
            let other = differing(&then.files, &now.files);
            if !other.is_empty() {
                found.push(format!("from other content of {}", named(&other)));
            }
        }
        found
    }
}

fn differing<'a>(
    then: &'a BTreeMap<String, String>,
    now: &'a BTreeMap<String, String>,
) -> Vec<&'a str> {
    let mut names: Vec<&str> = then
        .keys()
        .chain(now.keys())
        .filter(|name| then.get(*name) != now.get(*name))
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn named(names: &[&str]) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    if names.len() > NAMED {
        shown.push(format!("{} more", names.len() - NAMED));
    }
    shown.join(", ")
}

/// The root's path as the same one on every machine: from the top of the repository, else from the job's workspace.
fn root(step: &Step, directory: &Path) -> String {
    let path = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    let workspace = step.env("GITHUB_WORKSPACE").map(PathBuf::from);
    let top = path
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .or_else(|| workspace.as_deref().filter(|folder| path.starts_with(folder)))
        .or_else(|| path.parent());
    let path = top.and_then(|top| path.strip_prefix(top).ok()).unwrap_or(&path);
    if path.as_os_str().is_empty() { ".".to_owned() } else { path.display().to_string() }
}

/// As Terraform finds it (Terraform: `internal/command/meta.go`, `WorkspaceOverridden`).
fn workspace(step: &Step, inputs: &Inputs) -> String {
    let selected = || {
        let file = data_folder(step, &inputs.working_directory).join("environment");
        fs::read_to_string(file).ok().map(|name| name.trim().to_owned())
    };
    inputs
        .workspace
        .clone()
        .or_else(|| step.env("TF_WORKSPACE"))
        .or_else(selected)
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "default".to_owned())
}

/// Where Terraform keeps what it knows of a root.
pub(crate) fn data_folder(step: &Step, root: &Path) -> PathBuf {
    root.join(step.env("TF_DATA_DIR").unwrap_or_else(|| ".terraform".to_owned()))
}

/// The files of the root and of the modules that `init` found for it, by their path from the root.
fn files(step: &Step, inputs: &Inputs) -> BTreeMap<String, String> {
    let root = &inputs.working_directory;
    // What a run itself writes beside the configuration is none of it.
    let written: Vec<PathBuf> = [inputs.plan_file.as_ref(), Some(&inputs.outputs_file)]
        .into_iter()
        .flatten()
        .filter_map(|path| std::path::absolute(path).ok())
        .collect();
    let mut files = BTreeMap::new();
    for folder in [".".to_owned()].into_iter().chain(modules(&data_folder(step, root))) {
        let top = root.join(&folder);
        let walk = WalkBuilder::new(&top)
            .hidden(false)
            .parents(false)
            .require_git(false)
            .follow_links(true)
            // A module that `init` fetched lies in `.terraform`, and begins a walk of its own.
            .filter_entry(|entry| {
                entry.depth() == 0 || !is_made(&entry.file_name().to_string_lossy())
            })
            .build();
        for entry in walk.flatten().filter(|entry| entry.path().is_file()) {
            if std::path::absolute(entry.path()).is_ok_and(|path| written.contains(&path)) {
                continue;
            }
            let name = entry.path().strip_prefix(&top).unwrap_or(entry.path());
            let name = if folder == "." {
                name.display().to_string()
            } else {
                format!("{folder}/{}", name.display())
            };
            let content = fs::read(entry.path()).unwrap_or_default();
            files.insert(name, hex(&Sha256::digest(&content)));
        }
    }
    files
}

/// What Terraform or git makes, and nobody writes. The lock file is compared on its own.
fn is_made(name: &str) -> bool {
    matches!(
        name,
        ".git" | ".terraform" | "terraform.tfstate.d" | ".terraform.lock.hcl" | "crash.log"
    ) || name.contains(".tfstate")
}

/// Where the root's modules are (`.terraform/modules/modules.json`).
fn modules(data: &Path) -> Vec<String> {
    #[derive(Deserialize)]
    struct Manifest {
        #[serde(rename = "Modules")]
        modules: Vec<Module>,
    }
    #[derive(Deserialize)]
    struct Module {
        #[serde(rename = "Dir")]
        dir: String,
    }
    let manifest = fs::read(data.join("modules/modules.json")).unwrap_or_default();
    let manifest: Option<Manifest> = serde_json::from_slice(&manifest).ok();
    let folders = manifest.into_iter().flat_map(|manifest| manifest.modules);
    folders.map(|module| module.dir).filter(|folder| folder != ".").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
        };
        Facts {
            commit: Some("c1".to_owned()),
            base: None,
            root: "envs/dev".to_owned(),
            workspace: "default".to_owned(),
            tool: "1.11.4".to_owned(),
            initialised: Some(Initialised {
                account: Some("123456789012".to_owned()),
                providers: map(&[("aws", "6.0.0")]),
                files: map(&[("main.tf", "1"), ("../m/main.tf", "2")]),
            }),
        }
    }

    #[test]
    fn each_difference_is_named() {
        assert_eq!(facts().differences(&facts()), Vec::<String>::new());
        let mut now = facts();
        now.commit = Some("c2".to_owned());
        now.base = Some("b".to_owned());
        "blue".clone_into(&mut now.workspace);
        let initialised = now.initialised.as_mut().unwrap();
        initialised.account = Some("210987654321".to_owned());
        initialised.providers.clear();
        initialised.files.insert("main.tf".to_owned(), "3".to_owned());
        initialised.files.insert("new.tf".to_owned(), "4".to_owned());
        assert_eq!(
            facts().differences(&now),
            [
                "for commit `c1`, and this is `c2`",
                "for workspace `default`, and this is `blue`",
                "for account `123456789012`, and this is `210987654321`",
                "with other versions of the providers `aws`",
                "from other content of `main.tf`, `new.tf`",
            ]
        );
        now = facts();
        now.initialised = None;
        assert_eq!(facts().differences(&now), Vec::<String>::new(), "what is not known yet");
    }
}
