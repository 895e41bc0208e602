//! The manifest that `_fetch/run.sh` reads: a line a program and kind of runner.

use super::archive::Archive;

/// `release <owner/name> <tag>`, then `<program> <kind> <binary's sha256> <archive> <archive's sha256> <its bytes>`.
pub(super) fn text(repository: &str, tag: &str, archives: &[Archive]) -> String {
    let head = std::iter::once(format!("release {repository} {tag}"));
    let lines = archives.iter().map(|archive| {
        let Archive { program, kind, file, sha256, bytes, binary_sha256 } = archive;
        format!("{program} {kind} {binary_sha256} {file} {sha256} {bytes}")
    });
    head.chain(lines).map(|line| line + "\n").collect()
}
