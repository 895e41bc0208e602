//! The commit of a release: a child of the last release's, so that comparing two tags shows what changed for users.
//! It holds no workflow file, which a job's token could not push.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use miette::IntoDiagnostic as _;

use super::PROGRAMS;
use crate::process::{output, root};

const BRANCH: &str = "refs/heads/releases";

/// The last release's tree, unpacked; none before the first release.
pub(super) fn previous(folder: &Path) -> miette::Result<Option<PathBuf>> {
    let Some(commit) = tip(&root())? else { return Ok(None) };
    for program in PROGRAMS {
        let file = format!("{program}/surface.json");
        // An earlier release may not have had this program.
        let Ok(text) = output(git(&root()).args(["show", &format!("{commit}:{file}")])) else {
            continue;
        };
        fs::create_dir_all(folder.join(program)).into_diagnostic()?;
        fs::write(folder.join(file), text).into_diagnostic()?;
    }
    Ok(Some(folder.to_owned()))
}

/// In this repository: the branch moves, tags are left to whoever publishes.
pub(super) fn on_the_branch(tree: &Path, tag: &str) -> miette::Result<String> {
    let parent = tip(&root())?;
    let commit = make(&root(), tree, tag, parent.as_deref())?;
    output(git(&root()).args(["update-ref", BRANCH, &commit]))?;
    Ok(commit)
}

/// For a trial: the tree becomes a repository with the two tags that users name.
pub(super) fn in_a_repository_of_its_own(tree: &Path, tag: &str) -> miette::Result<String> {
    output(git(tree).args(["init", "--quiet", "--initial-branch", "releases"]))?;
    let commit = make(tree, tree, tag, None)?;
    output(git(tree).args(["reset", "--quiet", "--hard", &commit]))?;
    for tag in [tag, "v1"] {
        output(git(tree).args(["tag", tag, &commit]))?;
    }
    Ok(commit)
}

/// The same files, parent and source give the same commit: its dates are the source commit's.
fn make(repository: &Path, tree: &Path, tag: &str, parent: Option<&str>) -> miette::Result<String> {
    let source = text(&output(git(&root()).args(["rev-parse", "HEAD"]))?);
    let date = text(&output(git(&root()).args(["show", "--no-patch", "--format=%cI", "HEAD"]))?);
    let index = tree.with_file_name("index");
    let git = || {
        let mut git = git(repository);
        git.arg("--work-tree").arg(tree).env("GIT_INDEX_FILE", &index);
        git.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        git
    };
    // What the user's own configuration ignores belongs to the tree all the same.
    output(git().args(["add", "--all", "--force", "."]).current_dir(tree))?;
    let written = text(&output(git().arg("write-tree"))?);
    let message = format!("{tag}\n\nSource: {source}");
    let mut commit = git();
    commit.args(["-c", "commit.gpgSign=false", "commit-tree", &written, "-m", &message]);
    if let Some(parent) = parent {
        commit.args(["-p", parent]);
    }
    let commit = text(&output(&mut commit)?);
    fs::remove_file(index).into_diagnostic()?;
    Ok(commit)
}

fn tip(repository: &Path) -> miette::Result<Option<String>> {
    let mut show = git(repository);
    let refs = ["refs/remotes/origin/releases", BRANCH];
    show.args(["for-each-ref", "--format=%(objectname)"]).args(refs);
    Ok(text(&output(&mut show)?).lines().next().map(ToOwned::to_owned))
}

fn git(repository: &Path) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(repository);
    // A machine without an identity of its own commits too; the release workflow sets its own.
    git.env("GIT_AUTHOR_NAME", "todo-actions").env("GIT_COMMITTER_NAME", "todo-actions");
    git.env("GIT_AUTHOR_EMAIL", "releases@localhost")
        .env("GIT_COMMITTER_EMAIL", "releases@localhost");
    git
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).trim().to_owned()
}
