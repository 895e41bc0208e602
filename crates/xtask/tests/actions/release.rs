//! The release that all tests here use: packed from what cargo has built, by `cargo xtask release-tree --dry-run`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub(crate) fn xtask(arguments: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{said}\n{}", String::from_utf8_lossy(&out.stderr));
    said
}

/// Where the tree and its archives are.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        xtask(&["release-tree", "--dry-run"]);
        root().join("target/release-tree")
    })
}

pub(crate) fn tree() -> PathBuf {
    folder().join("tree")
}

/// What the manifest pins a program to.
pub(crate) fn binary_sha256(program: &str) -> String {
    let manifest = fs::read_to_string(tree().join("_fetch/manifest")).unwrap();
    let line = manifest.lines().find(|line| line.starts_with(&format!("{program} "))).unwrap();
    line.split(' ').nth(2).unwrap().to_owned()
}
