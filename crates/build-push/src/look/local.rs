//! What the disk alone tells, and all that is wrong there.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use actions_runtime::{Faults, Step, did_you_mean};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{content::dockerfile::Dockerfile, inputs::Inputs, reference::Tag};

/// What the disk alone tells.
pub(super) struct Local {
    pub(super) tags: Vec<Tag>,
    pub(super) dockerfile_path: Option<PathBuf>,
    pub(super) dockerfile_text: Vec<u8>,
    pub(super) dockerfile: Dockerfile,
    pub(super) secrets: Vec<(String, SecretString)>,
    pub(super) commit: Option<String>,
}

/// What is wrong on this machine, all of it.
pub(super) async fn look(step: &Step, inputs: &Inputs, faults: &mut Faults) -> Local {
    let remote = is_remote(&inputs.context);
    let builds = inputs.from_image.is_none();
    if !builds {
        for input in inputs.only_for_a_build() {
            faults.add(input, "`from-image` builds nothing: give one or the other");
        }
    }
    if builds && !remote && !inputs.context.is_dir() {
        let shown = inputs.context.display().to_string();
        let there = names(inputs.context.parent(), Path::is_dir);
        faults.add(
            "context",
            format!("there is no directory `{shown}`{}", did_you_mean(&shown, &there)),
        );
    }
    let mut dockerfile_text = Vec::new();
    let mut dockerfile = Dockerfile::default();
    let dockerfile_path = match &inputs.file {
        Some(file) => Some(file.clone()),
        None if remote => None,
        None => Some(inputs.context.join("Dockerfile")),
    };
    if let Some(path) =
        dockerfile_path.as_deref().filter(|_| builds && !remote && inputs.context.is_dir())
    {
        match fs::read(path) {
            Ok(text) => {
                dockerfile = Dockerfile::read(&String::from_utf8_lossy(&text), &inputs.build_args);
                dockerfile_text = text;
                known_target(inputs, &dockerfile, faults);
            }
            Err(error) => faults.add("file", no_dockerfile(inputs, path, &error)),
        }
    }
    let commit = step.commit().await;
    let mut tags = inputs.tags.clone();
    if tags.is_empty() {
        match commit.as_deref().map(str::parse) {
            Some(Ok(commit)) => tags.push(commit),
            _ => faults.add("tags", "there is no commit here to name the image after: give a tag"),
        }
    }
    tags.sort();
    tags.dedup();
    let secrets = secrets(step, inputs, faults);
    Local { tags, dockerfile_path, dockerfile_text, dockerfile, secrets, commit }
}

/// An address that the builder fetches by itself (Docker: "Build context").
pub(super) fn is_remote(context: &Path) -> bool {
    let context = context.to_string_lossy();
    context.contains("://") || context.starts_with("git@") || context.starts_with("github.com/")
}

fn no_dockerfile(inputs: &Inputs, path: &Path, error: &io::Error) -> String {
    let shown = path.display().to_string();
    if error.kind() != io::ErrorKind::NotFound {
        return format!("`{shown}` cannot be read: {error}");
    }
    let in_context = inputs.context.join(path);
    if inputs.file.is_some() && in_context.is_file() {
        let meant = in_context.display();
        return format!(
            "there is no file `{shown}` here; did you mean `{meant}`? The path does not begin in the context"
        );
    }
    let there: Vec<String> = names(path.parent(), Path::is_file)
        .into_iter()
        .filter(|name| name.to_lowercase().contains("docker"))
        .collect();
    format!("there is no Dockerfile `{shown}`{}", did_you_mean(&shown, &there))
}

/// The paths in `directory` that are of a kind.
fn names(directory: Option<&Path>, kind: impl Fn(&Path) -> bool) -> Vec<String> {
    let directory = directory.unwrap_or(Path::new(""));
    let read = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let mut names: Vec<String> = fs::read_dir(read)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| kind(&entry.path()))
        .map(|entry| directory.join(entry.file_name()).display().to_string())
        .collect();
    names.sort();
    names
}

fn known_target(inputs: &Inputs, dockerfile: &Dockerfile, faults: &mut Faults) {
    if dockerfile.stages.is_empty() {
        faults.add("file", "it has no `FROM`: it is not a Dockerfile");
    } else if let Some(target) = inputs.target.as_deref().filter(|it| !dockerfile.has_stage(it)) {
        let stages = &dockerfile.stages;
        faults
            .add("target", format!("there is no stage `{target}`{}", did_you_mean(target, stages)));
    }
}

/// `secrets` (values, from the environment alone) and `secret-files`, masked before anybody sees them.
fn secrets(step: &Step, inputs: &Inputs, faults: &mut Faults) -> Vec<(String, SecretString)> {
    let mut secrets = Vec::new();
    if let Some(lines) = step.secret_input("secrets") {
        for line in lines.expose_secret().lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.split_once('=') {
                Some((id, value)) => {
                    secrets.push((id.trim().to_owned(), SecretString::from(value)));
                }
                // The line may be a secret: it is not repeated.
                None => faults.add("secrets", "a line is not `NAME=value`"),
            }
        }
    }
    for file in &inputs.secret_files {
        match fs::read_to_string(&file.value) {
            Ok(value) => secrets.push((file.key.clone(), SecretString::from(value))),
            Err(error) => {
                faults.add("secret-files", format!("`{}` cannot be read: {error}", file.value));
            }
        }
    }
    for (id, value) in &secrets {
        step.mask(value);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if id.is_empty() || !id.bytes().all(plain) {
            faults.add("secrets", "a name is letters, digits, `_`, `.` and `-`");
        }
    }
    secrets
}
