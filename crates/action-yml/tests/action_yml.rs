//! What is generated stands in the repository, and whoever knows one program knows all.

#[path = "action_yml/docs.rs"]
mod docs;

use std::{path::Path, process::Command};

#[test]
fn nothing_generated_is_stale() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let generated = action_yml::generate(&root).expect("the programs describe themselves");
    let stale = action_yml::stale(&root, &generated).expect("the files can be read");
    assert!(stale.is_empty(), "run `cargo xtask generate` and commit what it writes\n{stale}");
}

#[test]
fn what_the_version_promises_is_kept() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let unkept = action_yml::unkept(&root).expect("the files can be read");
    assert!(unkept.is_empty(), "{unkept:#?}");
}

#[test]
fn an_input_that_a_release_had_and_the_program_has_no_more_is_told() {
    let release = tempfile::tempdir().expect("a folder");
    let program = release.path().join("actions/migrate");
    std::fs::create_dir_all(&program).expect("a folder");
    let promised = r#"{"version": "0.1.0", "inputs": {"shards": {"type": "number"}}, "outputs": {"verdict": "number"}, "verdicts": {"migrated": "9"}}"#;
    std::fs::write(program.join("surface.json"), promised).expect("a file");
    let unkept = action_yml::unkept(release.path()).expect("the files can be read");
    let expected = [
        "migrate: the input `shards` is gone",
        "migrate: the output `verdict` was `number` and is `text`",
        "migrate: the verdict `migrated` was `9` and is `0`",
    ];
    assert_eq!(unkept[..3], expected);
}

#[test]
fn every_input_output_and_verdict_says_what_it_is() {
    for program in action_yml::all() {
        let silent = program.undescribed();
        assert!(silent.is_empty(), "{}: no doc comment on {silent:?}", program.name);
    }
}

/// The programs stand beside the tests of the workspace, which `cargo test --workspace` builds them for.
#[test]
fn each_program_prints_its_own_policy_without_any_input() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let test = std::env::current_exe().expect("a test has a path");
    let folder = test.ancestors().nth(2).expect("target/debug");
    for program in action_yml::all() {
        let printed = Command::new(folder.join(program.name))
            .env_clear()
            .arg("--print-policy")
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", program.name));
        let policy = root.join("actions").join(program.name).join("policy.json");
        assert!(printed.status.success(), "{printed:?}");
        assert_eq!(printed.stdout, std::fs::read(policy).expect("each program has a policy"));
    }
}

#[test]
fn every_statement_of_a_policy_says_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let silent = action_yml::unexplained(&root).expect("the policies can be read");
    assert!(silent.is_empty(), "no purpose in permissions.rs: {silent:#?}");
}

#[test]
fn every_program_has_what_all_have() {
    for program in action_yml::all() {
        let (inputs, outputs) = program.names();
        for input in ["aws-region", "role-to-assume", "allowed-account-ids", "dry-run", "json"] {
            assert!(
                inputs.iter().any(|name| name == input),
                "{} lacks the input `{input}`",
                program.name
            );
        }
        for output in ["verdict", "reason", "seconds"] {
            assert!(
                outputs.iter().any(|name| name == output),
                "{} lacks the output `{output}`",
                program.name
            );
        }
    }
}
