//! `cargo xtask generate`: what is written from the programs' own types.

use crate::process;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    /// Says what is stale and fails.
    Check,
    /// Compares the policies with the calls that the tests made, and fails where they differ.
    Calls,
}

pub(crate) fn run(mode: Mode) -> miette::Result<()> {
    // The whole workspace is selected so that features resolve as they do for the tests: nothing is built twice.
    process::cargo(&["build", "--quiet", "--workspace", "--bin", "action-yml"])?;
    let generator = process::root().join("target/debug/action-yml");
    let arguments: &[&str] = match mode {
        Mode::Write => &[],
        Mode::Check => &["--check"],
        Mode::Calls => &["--calls", "target/calls"],
    };
    process::run(&generator.to_string_lossy(), arguments)
}
