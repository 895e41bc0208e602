//! Terraform as a process, attached to one schema provider for the whole test run.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use terraform_schema_provider::SchemaProvider;

/// What stands in `terraform/` and is written for the provider of this schema; envs/local is for another one, of 2021.
static PROVIDER: LazyLock<SchemaProvider> = LazyLock::new(|| {
    let mut folders = vec![home().join("modules"), home().join("bootstrap")];
    folders.extend(roots());
    folders.retain(|folder| folder.exists());
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    SchemaProvider::for_folders(&folders).expect("the schema provider starts")
});

pub(crate) fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../terraform").canonicalize().unwrap()
}

/// Each folder under `terraform/modules`.
pub(crate) fn modules() -> Vec<PathBuf> {
    folders(&home().join("modules"))
}

/// The environments that can be planned on this schema.
pub(crate) fn roots() -> Vec<PathBuf> {
    let mut roots = folders(&home().join("envs"));
    roots.retain(|root| root.file_name() != Some(OsStr::new("local")));
    roots
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    all.sort();
    all
}

pub(crate) fn name(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}

/// Runs Terraform in `folder` and gives what it prints, standard error too. Its data goes under `target/`.
pub(crate) fn try_terraform(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("terraform-data").join(
        folder
            .strip_prefix(home())
            .map_or_else(|_| name(folder), |path| path.to_string_lossy().replace('/', "-")),
    );
    let Output { status, stdout, stderr } = Command::new("terraform")
        .current_dir(folder)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_IN_AUTOMATION", "1")
        .env("TF_CLI_ARGS", "-no-color")
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .env("TF_DATA_DIR", data)
        .env("TF_REATTACH_PROVIDERS", PROVIDER.reattach())
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "none")
        .env("AWS_SECRET_ACCESS_KEY", "none")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .expect("Terraform 1.11 or newer must be on PATH: https://developer.hashicorp.com/terraform/install");
    let text = String::from_utf8_lossy(&stdout) + String::from_utf8_lossy(&stderr);
    (status.success(), text.into_owned())
}

#[track_caller]
pub(crate) fn terraform(folder: &Path, arguments: &[&str]) -> String {
    let (good, text) = try_terraform(folder, arguments);
    assert!(good, "terraform {} in {}:\n{text}", arguments.join(" "), folder.display());
    text
}
