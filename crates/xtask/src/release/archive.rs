//! Archives of binaries, as dist leaves them: `<program>-<target>.tar.gz`, the binary in a folder of that name.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use sha2::{Digest as _, Sha256};

use super::PROGRAMS;
use crate::process::{cargo, output, root, say};

/// Runners as they call themselves, and the target that is built for each.
const KINDS: [(&str, &str); 4] = [
    ("Linux/X64", "x86_64-unknown-linux-musl"),
    ("Linux/ARM64", "aarch64-unknown-linux-musl"),
    ("macOS/X64", "x86_64-apple-darwin"),
    ("macOS/ARM64", "aarch64-apple-darwin"),
];
/// Built where musl's standard library is missing: a dry run, and the build of a pull request.
const TRIAL: (&str, &str) = ("Linux/X64", "x86_64-unknown-linux-gnu");

pub(super) struct Archive {
    pub(super) program: &'static str,
    pub(super) kind: &'static str,
    pub(super) file: String,
    pub(super) sha256: String,
    pub(super) bytes: u64,
    pub(super) binary_sha256: String,
}

/// Packs what cargo has built for this machine, without a symbol that nobody reads.
pub(super) fn pack(distrib: PathBuf) -> miette::Result<PathBuf> {
    let built = ["release", "debug"].map(|profile| root().join("target").join(profile));
    let is_there =
        |folder: &&PathBuf| PROGRAMS.iter().all(|program| folder.join(program).is_file());
    if !built.iter().any(|folder| is_there(&folder)) {
        cargo(&["build", "--quiet", "--workspace", "--bins"])?;
    }
    let built = built
        .iter()
        .find(is_there)
        .ok_or_else(|| miette!("the programs are in neither target/release nor target/debug"))?;
    say(&format!("packing   {} (by tar, and not by dist)", built.display()));
    for program in PROGRAMS {
        let name = format!("{program}-{}", TRIAL.1);
        let folder = distrib.join(&name);
        fs::create_dir_all(&folder).into_diagnostic()?;
        let binary = folder.join(program);
        output(Command::new("strip").arg("-o").arg(&binary).arg(built.join(program)))?;
        let archive = distrib.join(format!("{name}.tar.gz"));
        let mut tar = Command::new("tar");
        tar.args(["--use-compress-program", "gzip -1", "-cf"]).arg(archive);
        output(tar.arg("-C").arg(&distrib).arg(&name))?;
        fs::remove_dir_all(folder).into_diagnostic()?;
    }
    Ok(distrib)
}

/// The archives of the kinds of runners that there are; a kind's trial where its own is missing.
pub(super) fn read(distrib: &Path) -> miette::Result<Vec<Archive>> {
    let mut archives = Vec::new();
    for program in PROGRAMS {
        for (kind, target) in KINDS {
            let own = format!("{program}-{target}.tar.gz");
            let trial = (kind == TRIAL.0).then(|| format!("{program}-{}.tar.gz", TRIAL.1));
            let file = [Some(own), trial].into_iter().flatten();
            let Some(file) = file.into_iter().find(|file| distrib.join(file).is_file()) else {
                continue;
            };
            let whole = fs::read(distrib.join(&file)).into_diagnostic()?;
            let folder = file.trim_end_matches(".tar.gz");
            // One member by its name, as the script takes it out.
            let mut tar = Command::new("tar");
            tar.arg("-xzOf").arg(distrib.join(&file)).arg(format!("{folder}/{program}"));
            let binary = output(&mut tar).wrap_err_with(|| file.clone())?;
            archives.push(Archive {
                program,
                kind,
                sha256: sha256(&whole),
                bytes: whole.len() as u64,
                binary_sha256: sha256(&binary),
                file,
            });
        }
    }
    if archives.is_empty() {
        return Err(miette!("{} holds no archive of the programs", distrib.display()));
    }
    Ok(archives)
}

pub(super) fn kinds(archives: &[Archive]) -> Vec<&'static str> {
    let mut kinds: Vec<_> = archives.iter().map(|archive| archive.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// A release serves every kind of runner with every program, and never with a trial build.
pub(super) fn complete(archives: &[Archive]) -> miette::Result<()> {
    let missing: Vec<String> = PROGRAMS
        .iter()
        .flat_map(|program| KINDS.map(|(_, target)| format!("{program}-{target}.tar.gz")))
        .filter(|file| !archives.iter().any(|archive| archive.file == *file))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(miette!(
        help = "`--dry-run` makes a tree of what is built here",
        "a release needs all archives; missing: {}",
        missing.join(", ")
    ))
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    })
}
