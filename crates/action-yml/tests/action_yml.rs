//! What is generated stands in the repository, and whoever knows one program knows all.

use std::path::Path;

#[test]
fn nothing_generated_is_stale() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let generated = action_yml::generate().expect("the programs describe themselves");
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
