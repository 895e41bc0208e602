//! The program as a process, with the real docker, against a local AWS whose registry is real.

#![expect(clippy::unwrap_used, reason = "the helpers of a test may panic as the test may")]

#[path = "build_push/cached.rs"]
mod cached;
#[path = "build_push/login.rs"]
mod login;
#[path = "build_push/once.rs"]
mod once;
#[path = "build_push/promoted.rs"]
mod promoted;
#[path = "build_push/scan.rs"]
mod scan;
#[path = "build_push/wrong.rs"]
mod wrong;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use local_aws::{LocalAws, Needs};
use serde_json::{Value, json};
use step_harness::{Run, Step, step};
use tempfile::TempDir;

/// One for all tests of this binary.
fn aws() -> &'static LocalAws {
    static AWS: OnceLock<LocalAws> = OnceLock::new();
    // PostgreSQL's image is the one with a shell in it.
    AWS.get_or_init(|| {
        LocalAws::start(Needs { engine: true, postgres: true, auth: false }).unwrap()
    })
}

/// An image of this machine that has a shell.
fn with_a_shell() -> String {
    format!("postgres:{}-alpine", aws().postgres_major().unwrap())
}

/// A repository of its own for a test.
fn repository(name: &str, mutability: &str) -> String {
    let name = format!("todo/{name}");
    let made = json!({ "repositoryName": name, "imageTagMutability": mutability });
    aws().call("ecr", "create_repository", &made).unwrap();
    name
}

/// A folder with files, the Dockerfile among them.
fn context(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

const SMALL: [(&str, &str); 3] = [
    ("Dockerfile", "FROM scratch\nCOPY app /app\nCOPY data /data\n"),
    ("app", "the program"),
    ("data/list", "1\n"),
];

fn build(repository: &str, context: &Path) -> Step {
    step!("build-push")
        .endpoint(&aws().endpoint())
        .env("DOCKER_HOST", aws().docker_host().unwrap())
        .env("DOCKER_CONFIG", aws().docker_config())
        .input("registry", aws().registry())
        .input("repository", repository)
        .input("context", context)
}

#[track_caller]
fn assert_end(run: &Run, verdict: &str, code: i32) {
    assert_eq!((run.output("verdict"), run.code), (verdict, code), "{run:#?}");
}

/// The tags of a repository, each with its digest.
fn tags(repository: &str) -> Vec<(String, String)> {
    let images =
        aws().call("ecr", "describe_images", &json!({ "repositoryName": repository })).unwrap();
    let mut tags: Vec<(String, String)> = images["imageDetails"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|image| {
            let digest = image["imageDigest"].as_str().unwrap().to_owned();
            let tags = image["imageTags"].as_array().unwrap().clone();
            tags.into_iter().map(move |tag| (tag.as_str().unwrap().to_owned(), digest.clone()))
        })
        .collect();
    tags.sort();
    tags
}

fn digest_of(repository: &str, tag: &str) -> Option<String> {
    tags(repository).into_iter().find(|(name, _)| name == tag).map(|(_, digest)| digest)
}

/// The configuration of an image, as a pull by digest brings it.
fn pulled(image: &str) -> Value {
    aws().docker_output(&["pull", "--quiet", image]).unwrap();
    let told =
        aws().docker_output(&["image", "inspect", "--format", "{{json .Config}}", image]).unwrap();
    serde_json::from_str(&told).unwrap()
}

/// A `docker` to put first on PATH: it notes what it is given, and does `before` on the way to the real one.
fn noting_docker(before: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("notes");
    let real = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|directory| directory.join("docker"))
        .find(|path| path.is_file())
        .unwrap();
    let script = format!(
        "#!/bin/sh\n{{ printf '%s\\n' \"$@\"; env; }} >> {}\n{before}\nexec {} \"$@\"\n",
        notes.display(),
        real.display()
    );
    let path = folder.path().join("docker");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    (folder, notes)
}

/// PATH with `folder` before everything else.
fn path_with(folder: &TempDir) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap();
    let all = std::iter::once(folder.path().to_owned()).chain(std::env::split_paths(&path));
    std::env::join_paths(all).unwrap()
}
