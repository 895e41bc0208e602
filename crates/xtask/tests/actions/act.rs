//! A second repository whose workflows use the actions by `org/todo-actions/<program>@v1`, run by act on this machine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use tempfile::TempDir;

use crate::{
    assets::{Assets, Fault},
    fetch::files,
    release::{tree, xtask},
};

/// GitHub's own actions, which cannot be downloaded here: stand-ins of a line.
const STAND_INS: [(&str, &str); 4] = [
    // act has one of its own, which knows no `ref`.
    (CHECKOUT, r#"git -C "$SOURCE" archive "$REF" | tar -x"#),
    (
        "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f",
        r#"mkdir -p "$ARTIFACTS/$NAME" && if [ -d "$FILES" ]; then cp -R "$FILES/." "$ARTIFACTS/$NAME/"; else cp "$FILES" "$ARTIFACTS/$NAME/"; fi"#,
    ),
    (
        "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c",
        r#"mkdir -p "$FILES" && cp -R "$ARTIFACTS/$NAME/." "$FILES/""#,
    ),
    ("hashicorp/setup-terraform@b9cd54a3c349d3f38e8881555d616ced269862dd", "terraform version"),
];

/// A repository of somebody else, with a runner of its own.
pub(crate) struct Repository {
    folder: TempDir,
    environment: Vec<(String, String)>,
    variables: Vec<(String, String)>,
}

impl Repository {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            write(&folder.path().join("repository").join(name), text);
        }
        for (name, script) in STAND_INS {
            write(
                &folder.path().join("stand-ins").join(name).join("action.yml"),
                &stand_in(script),
            );
            git(&folder.path().join("stand-ins").join(name));
        }
        git(&folder.path().join("repository"));
        Self { folder, environment: Vec::new(), variables: Vec::new() }
    }

    /// For every step, as a runner's own environment would have it.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A variable of the repository's settings.
    pub(crate) fn var(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A second commit.
    pub(crate) fn commit(&self, name: &str, text: &str) {
        write(&self.path("repository").join(name), text);
        git(&self.path("repository"));
    }

    /// Runs a workflow of the repository, to its end.
    pub(crate) fn act(&self, workflow: &str) -> Ran {
        let mut act = Command::new(act_binary());
        act.args(["push", "--platform", "ubuntu-24.04=-self-hosted", "--workflows", workflow]);
        act.current_dir(self.path("repository"));
        act.env("XDG_CACHE_HOME", self.path("cache")).env("XDG_CONFIG_HOME", self.path("config"));
        let tree = tree();
        act.arg("--local-repository").arg(format!("org/todo-actions@v1={}", tree.display()));
        for (name, _) in STAND_INS {
            let folder = self.path("stand-ins").join(name);
            act.arg("--local-repository").arg(format!("{name}={}", folder.display()));
        }
        let artifacts = self.path("artifacts").display().to_string();
        let source = self.path("repository").display().to_string();
        let own = [("ARTIFACTS", artifacts.as_str()), ("SOURCE", source.as_str())];
        let given = self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.into_iter().chain(given) {
            act.arg("--env").arg(format!("{name}={value}"));
        }
        for (name, value) in &self.variables {
            act.arg("--var").arg(format!("{name}={value}"));
        }
        Ran(act.output().unwrap())
    }
}

pub(crate) struct Ran(Output);

impl Ran {
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
            + &String::from_utf8_lossy(&self.0.stderr)
    }

    #[track_caller]
    pub(crate) fn assert_succeeded(&self) {
        assert!(self.0.status.success(), "{}", self.log());
    }

    #[track_caller]
    pub(crate) fn assert_said(&self, words: &str) {
        assert!(self.log().contains(words), "`{words}` is not in\n{}", self.log());
    }
}

/// As `cargo xtask lint` installs it.
fn act_binary() -> &'static Path {
    static ACT: OnceLock<PathBuf> = OnceLock::new();
    ACT.get_or_init(|| {
        xtask(&["tools"]).lines().last().map(|folder| Path::new(folder).join("act")).unwrap()
    })
}

fn stand_in(script: &str) -> String {
    format!(
        "name: stand-in
description: Stands in for one of GitHub's own.
inputs: {{ name: {{ default: '' }}, path: {{ default: '' }}, ref: {{ default: HEAD }} }}
runs:
  using: composite
  steps:
    - shell: sh
      run: |
        {script}
      env: {{ NAME: '${{{{ inputs.name }}}}', FILES: '${{{{ inputs.path }}}}', REF: '${{{{ inputs.ref }}}}' }}
"
    )
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn git(folder: &Path) {
    for arguments in
        [&["init", "--quiet"][..], &["add", "--all"], &["commit", "--quiet", "--message=first"]]
    {
        let mut git = Command::new("git");
        git.arg("-C").arg(folder).args(["-c", "user.name=test", "-c", "user.email=test@localhost"]);
        git.args(["-c", "commit.gpgSign=false"]).args(arguments);
        assert!(git.status().unwrap().success());
    }
}

const CHECKOUT: &str = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd";

/// A repository with one job that writes an env file: an action that needs nothing but itself.
fn small(assets: &Assets) -> Repository {
    let job = format!(
        "
    runs-on: ubuntu-24.04
    steps:
      - uses: {CHECKOUT}
      - id: env
        uses: org/todo-actions/render-env@v1
        with:
          template: app.env
          output-file: out.env
      - run: echo \"the verdict is $VERDICT\" && cat out.env
        env: {{ VERDICT: '${{{{ steps.env.outputs.verdict }}}}' }}
"
    );
    let one = format!("on: push\njobs:\n  one:{job}");
    let two = format!("on: push\njobs:\n  one:{job}  two:{job}");
    Repository::new(&[
        ("app.env", "GREETING=\"it's $(not run) `anywhere`\"\n"),
        (".github/workflows/one.yml", &one),
        (".github/workflows/two.yml", &two),
    ])
    .env("TODO_ACTIONS_DOWNLOAD_URL", &assets.url())
}

#[test]
fn the_first_use_downloads_once_and_a_warm_one_needs_no_network() {
    let assets = Assets::serve(&[]);
    let repository = small(&assets);
    for _ in 0..2 {
        let ran = repository.act(".github/workflows/one.yml");
        ran.assert_succeeded();
        ran.assert_said("the verdict is written");
        ran.assert_said("it's $(not run) `anywhere`");
        assert_eq!(assets.requests().len(), 1, "a warm use asks nobody");
    }
}

#[test]
fn a_tampered_binary_is_refused_and_not_asked_for_again() {
    let assets = Assets::serve(&[Fault::Tampered]);
    let repository = small(&assets);
    let ran = repository.act(".github/workflows/one.yml");
    ran.assert_said("another SHA-256 than the one that");
    assert!(!ran.log().contains("the verdict is"), "{}", ran.log());
    assert_eq!(assets.requests().len(), 1);
}

#[test]
fn a_truncated_download_is_tried_again_and_then_refused() {
    let assets = Assets::serve(&[Fault::CutShort; 4]);
    let repository = small(&assets);
    let ran = repository.act(".github/workflows/one.yml");
    ran.assert_said("tried 4 times");
    assert_eq!(assets.requests().len(), 4);
    // The fifth is whole.
    let ran = repository.act(".github/workflows/one.yml");
    ran.assert_succeeded();
}

#[test]
fn two_jobs_at_once_on_one_runner_share_one_file() {
    let assets = Assets::serve(&[]);
    let repository = small(&assets);
    repository.act(".github/workflows/two.yml").assert_succeeded();
    // act puts the runner's tool cache below its own.
    let cached = files(&repository.path("cache"));
    assert_eq!(cached.iter().filter(|name| *name == "render-env").count(), 1, "{cached:?}");
    assert!(!cached.iter().any(|name| name == "archive"), "{cached:?}");
}
