//! `cargo xtask release-tree`: the tree that a release's tags point to, and its checks.
//!
//! A tag of a release is no commit of the source: it is a tree of a few kilobytes that holds each action at its root, the
//! script that fetches, and the SHA-256 of every binary. So whoever pins the action by its commit pins the binary too.
//! Nothing here touches a network or moves a tag: that is left to the release workflow.

mod archive;
mod commit;
mod manifest;
mod tree;

use std::{fs, path::PathBuf};

use miette::{IntoDiagnostic as _, WrapErr as _, miette};

use crate::process::{root, say};

/// The six, in the order in which a deploy runs them.
pub(crate) const PROGRAMS: [&str; 6] =
    ["provision-infra", "render-env", "build-push", "migrate", "ecs-rollout", "web-publish"];
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) const USAGE: &str = "\
Usage: cargo xtask release-tree [--dry-run] [--distrib FOLDER] [--repository OWNER/NAME]

  --dry-run      make and check the tree in target/release-tree, and commit nothing; without `--distrib`, from what
                 cargo has built here. A release needs dist's archives for every kind of runner, and commits the tree
                 to the branch `releases`
  --distrib      where dist left the archives (target/distrib)
  --repository   whose releases the actions download (org/todo-actions)
";

struct Options {
    dry_run: bool,
    distrib: Option<PathBuf>,
    repository: String,
}

impl Options {
    fn parse(arguments: &[&str]) -> miette::Result<Self> {
        let mut options =
            Self { dry_run: false, distrib: None, repository: "org/todo-actions".to_owned() };
        let mut arguments = arguments.iter();
        while let Some(&argument) = arguments.next() {
            let mut value = || {
                arguments.next().ok_or_else(|| miette!(help = USAGE, "`{argument}` needs a value"))
            };
            match argument {
                "--dry-run" => options.dry_run = true,
                "--distrib" => options.distrib = Some(value()?.into()),
                "--repository" => (*value()?).clone_into(&mut options.repository),
                other => return Err(miette!(help = USAGE, "there is no option `{other}`")),
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(arguments: &[&str]) -> miette::Result<()> {
    let options = Options::parse(arguments)?;
    let folder = root().join("target/release-tree");
    if folder.exists() {
        fs::remove_dir_all(&folder).into_diagnostic()?;
    }
    let (tree, tag) = (folder.join("tree"), format!("v{VERSION}"));
    let distrib = match options.distrib {
        Some(distrib) => distrib,
        None if options.dry_run => archive::pack(folder.join("distrib"))?,
        None => root().join("target/distrib"),
    };
    let archives = archive::read(&distrib)?;
    if !options.dry_run {
        changelog()?;
        archive::complete(&archives)?;
    }
    tree::make(&tree)?;
    let manifest = manifest::text(&options.repository, &tag, &archives);
    fs::write(tree.join("_fetch/manifest"), manifest).into_diagnostic()?;
    tree::check(&tree, &distrib, &options.repository, &tag)?;
    let previous = commit::previous(&folder.join("previous"))?;
    tree::compare(previous.as_deref(), &tree)?;

    let commit = if options.dry_run {
        commit::in_a_repository_of_its_own(&tree, &tag)?
    } else {
        commit::on_the_branch(&tree, &tag)?
    };
    say(&format!("tree      {} ({} bytes)", tree.display(), tree::size(&tree)?));
    say(&format!("archives  {} of {}", archives.len(), archive::kinds(&archives).join(", ")));
    say(&format!("commit    {commit}"));
    if options.dry_run {
        say("dry run: nothing was committed to this repository");
    }
    Ok(())
}

/// A release that the changelog does not know is one that nobody has described.
fn changelog() -> miette::Result<()> {
    let text = fs::read_to_string(root().join("CHANGELOG.md"))
        .into_diagnostic()
        .wrap_err("CHANGELOG.md")?;
    let heading = format!("## [{VERSION}]");
    if text.lines().any(|line| line.starts_with(&heading)) {
        return Ok(());
    }
    Err(miette!(
        help = format!("rename `## [Unreleased]` to `{heading} - <date>` and open a new one above"),
        "CHANGELOG.md has no `{heading}`"
    ))
}
