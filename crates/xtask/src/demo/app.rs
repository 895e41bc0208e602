//! The app that is deployed: a git repository of its own with the example in it, so that each deploy is a commit.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use miette::{IntoDiagnostic as _, WrapErr as _, miette};

use super::children::Children;
use crate::process::root;

/// What the page's build reads; all of it is public.
const WEB_ENV: &str = "VITE_API_BASE_URL=\nVITE_APP_VERSION={{ env.COMMIT }}\n";
/// What the API reads where it is no task of ECS, which gets the same from its task definition.
const API_ENV: &str = "\
PORT=8080
LOG_FORMAT=json
APP_VERSION={{ env.COMMIT }}
AWS_REGION={{ outputs.aws_region }}
DATABASE_URL=postgres://{{ secrets.db.username }}:{{ secrets.db.password | urlencode }}@{{ env.DB_HOST }}:5432/todo
BEARER_TOKEN={{ secrets.token }}
";

pub(crate) struct App {
    folder: PathBuf,
}

/// A text in a file of the app, and what the next commit makes of it.
pub(crate) struct Edit {
    pub(crate) file: &'static str,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
}

impl App {
    /// The example, copied and committed. The program of the image is built before: all commits share it.
    pub(crate) fn new(folder: &Path, image: &Path) -> miette::Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).into_diagnostic()?;
        }
        let example = root().join("examples/todo");
        copy(&example, folder)?;
        // Installed once for all runs, and in no commit.
        symlink(example.join("web/node_modules"), folder.join("web/node_modules"))
            .into_diagnostic()?;
        let context = folder.join("image");
        copy(image, &context)?;
        fs::copy(example.join("api/Dockerfile"), context.join("Dockerfile")).into_diagnostic()?;
        copy(&root().join("terraform/envs/local"), &folder.join("infra"))?;
        let env = folder.join("env");
        fs::create_dir_all(&env).into_diagnostic()?;
        fs::write(env.join("web.env"), WEB_ENV).into_diagnostic()?;
        fs::write(env.join("api.env"), API_ENV).into_diagnostic()?;
        let ignored = ".terraform
node_modules
dist
.env
.env.production
/outputs.json
";
        fs::write(folder.join(".gitignore"), ignored).into_diagnostic()?;
        let app = Self { folder: folder.to_owned() };
        app.git(&["init", "--quiet", "--initial-branch", "main"])?;
        app.commit("The todo app", &[])?;
        Ok(app)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn web(&self) -> PathBuf {
        self.folder.join("web")
    }

    /// Commits and gives the commit's name.
    pub(crate) fn commit(&self, title: &str, edits: &[Edit]) -> miette::Result<String> {
        for edit in edits {
            let path = self.folder.join(edit.file);
            let text = fs::read_to_string(&path).into_diagnostic()?;
            if !text.contains(edit.from) {
                return Err(miette!(
                    "`{}` holds no `{}`: the demo's edit is out of date",
                    edit.file,
                    edit.from
                ));
            }
            fs::write(&path, text.replacen(edit.from, edit.to, 1)).into_diagnostic()?;
        }
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", title])?;
        self.head()
    }

    pub(crate) fn head(&self) -> miette::Result<String> {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Vite, with what the `.env` beside it says.
    pub(crate) fn build_web(&self, children: &mut Children) -> miette::Result<PathBuf> {
        let mut npm = Command::new("npm");
        children.tool("vite", npm.args(["run", "--silent", "build"]).current_dir(self.web()))?;
        Ok(self.web().join("dist"))
    }

    fn git(&self, arguments: &[&str]) -> miette::Result<String> {
        let mut git = Command::new("git");
        git.arg("-C").arg(&self.folder);
        // The user's own configuration may sign commits, or run hooks.
        git.args([
            "-c",
            "user.name=demo",
            "-c",
            "user.email=demo@localhost",
            "-c",
            "commit.gpgSign=false",
        ]);
        git.args(["-c", "core.hooksPath=/dev/null"]).args(arguments);
        let out = git.output().into_diagnostic().wrap_err("git")?;
        if out.status.success() {
            return Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned());
        }
        Err(miette!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&out.stderr)))
    }
}

/// Copies a folder, without what was built or installed in it.
fn copy(from: &Path, to: &Path) -> miette::Result<()> {
    fs::create_dir_all(to).into_diagnostic()?;
    let entries =
        fs::read_dir(from).into_diagnostic().wrap_err_with(|| from.display().to_string())?;
    for entry in entries {
        let entry = entry.into_diagnostic()?;
        let name = entry.file_name();
        if matches!(name.to_str(), Some("node_modules" | "dist" | "target" | ".env" | ".terraform"))
        {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type().into_diagnostic()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).into_diagnostic()?;
        }
    }
    Ok(())
}
