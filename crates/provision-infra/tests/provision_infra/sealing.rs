//! Sealed plans: applied as they are, and refused by name when they are broken or were made for something else.

use std::{fs, os::unix::fs::PermissionsExt as _};

use secrecy::ExposeSecret as _;
use step_harness::{Run, Step};

use crate::root::{ROOT, Root};

const KEY: &str = "a key of sixteen and more";

fn plan(root: &Root) -> Step {
    root.step("plan").input("plan-file", "the.plan").input("plan-key", KEY)
}

fn apply(root: &Root) -> Step {
    root.step("apply").input("plan-file", "the.plan").input("plan-key", KEY)
}

/// A root with a sealed plan of it.
fn planned(configuration: &str) -> Root {
    let root = Root::new(configuration);
    let run = plan(&root).run();
    assert_eq!((run.code, run.output("plan-file")), (0, "the.plan"), "{run:#?}");
    root
}

fn assert_refused(root: &Root, run: &Run, why: &str) {
    assert_eq!((run.code, run.output("verdict")), (3, "refused"), "{why}: {run:#?}");
    assert!(run.output("reason").contains(why), "{why}: {run:#?}");
    assert!(!root.path().join("root/terraform.tfstate").exists());
}

#[test]
fn a_sealed_plan_is_for_its_owner_alone_and_is_applied_as_it_is() {
    let root = planned(ROOT);
    let file = root.path().join("the.plan");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n-> scrypt "));
    // On another machine there is neither what `init` made nor the state.
    let elsewhere = Root::new(ROOT);
    fs::write(elsewhere.path().join("the.plan"), bytes).unwrap();
    for (root, name) in [(&root, "its own machine"), (&elsewhere, "another")] {
        let run = apply(root).run();
        assert_eq!((run.code, run.output("verdict")), (0, "applied"), "{name}: {run:#?}");
        assert_eq!(run.output("reason"), "applied: 4 added");
    }
}

#[test]
fn a_plan_without_a_key_is_sealed_and_says_that_it_is_readable() {
    let root = Root::new(ROOT);
    let run = root.step("plan").input("plan-file", "the.plan").run();
    assert!(run.log.contains("a plan holds secrets in clear"), "{}", run.log);
    assert_refused(&root, &apply(&root).run(), "sealed without this `plan-key`");
    let file = root.path().join("the.plan");
    let sealed = fs::read_to_string(&file).unwrap();
    fs::write(&file, sealed.replace("\"workspace\":\"default\"", "\"workspace\":\"blue\""))
        .unwrap();
    let bare = || root.step("apply").input("plan-file", "the.plan");
    assert_refused(&root, &bare().run(), "its seal is broken");
    fs::write(&file, "PK\u{3}\u{4}").unwrap();
    assert_refused(&root, &bare().run(), "no plan that `plan` sealed");
    fs::write(&file, sealed).unwrap();
    assert_eq!(bare().run().output("verdict"), "applied");
}

#[test]
fn a_tampered_plan_and_one_of_another_key_are_refused() {
    let root = planned(ROOT);
    assert_refused(
        &root,
        &apply(&root).input("plan-key", "another key of sixteen").run(),
        "another `plan-key`",
    );
    let file = root.path().join("the.plan");
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    assert_refused(&root, &apply(&root).run(), "its seal is broken");
    let run = apply(&root).input("plan-key", "").run();
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.log.contains("`plan-key`: is required: the plan is encrypted"), "{}", run.log);
}

#[test]
fn a_plan_of_another_commit_workspace_root_or_base_is_refused_by_name() {
    let root = planned(ROOT);
    let commit = "f".repeat(40);
    let run = apply(&root).env("GITHUB_SHA", commit.clone()).input("workspace", "blue").run();
    assert_refused(
        &root,
        &run,
        &format!("for commit `0123456789abcdef0123456789abcdef01234567`, and this is `{commit}`"),
    );
    assert_refused(&root, &run, "for workspace `default`, and this is `blue`");

    fs::rename(root.path().join("root"), root.path().join("other")).unwrap();
    let run = apply(&root).input("working-directory", "other").run();
    assert_refused(&root, &run, "for root `root`, and this is `other`");
    fs::rename(root.path().join("other"), root.path().join("root")).unwrap();

    let event = |base: &str| {
        let path = root.path().join("event.json");
        fs::write(
            &path,
            format!("{{\"pull_request\":{{\"number\":7,\"base\":{{\"sha\":\"{base}\"}}}}}}"),
        )
        .unwrap();
        path
    };
    assert_eq!(plan(&root).env("GITHUB_EVENT_PATH", event("one")).run().code, 0);
    let run = apply(&root).env("GITHUB_EVENT_PATH", event("two")).run();
    assert_refused(&root, &run, "on base `one`, and this is `two`");
}

#[test]
fn other_content_of_the_root_or_of_a_module_is_refused_by_name() {
    let configuration = "module \"m\" {\n  source = \"../m\"\n}\n";
    let root = Root::new(configuration);
    let module = root.path().join("m");
    fs::create_dir(&module).unwrap();
    fs::write(module.join("main.tf"), "resource \"terraform_data\" \"a\" {}\n").unwrap();
    assert_eq!(plan(&root).run().code, 0);

    fs::write(module.join("main.tf"), "resource \"terraform_data\" \"b\" {}\n").unwrap();
    fs::write(root.path().join("root/policy.json"), "{}").unwrap();
    assert_refused(
        &root,
        &apply(&root).run(),
        "from other content of `../m/main.tf`, `policy.json`",
    );
    fs::write(module.join("main.tf"), "resource \"terraform_data\" \"a\" {}\n").unwrap();
    fs::remove_file(root.path().join("root/policy.json")).unwrap();
    assert_eq!(apply(&root).run().output("verdict"), "applied");
}

#[test]
fn a_recipient_seals_what_the_identity_alone_applies() {
    let root = Root::new(ROOT);
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let identity = identity.to_string();
    let identity = identity.expose_secret();
    let file = root.path().join("key");
    fs::write(&file, format!("{recipient}\n")).unwrap();
    let run = plan(&root).input("plan-key", "").env("INPUT_PLAN_KEY_FILE", &file).run();
    assert_eq!(run.code, 0, "{run:#?}");
    let fingerprint = run.output("plan-fingerprint").to_owned();
    let run = apply(&root).input("plan-key", &recipient).run();
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.log.contains("`apply` needs its identity"), "{}", run.log);
    let run = apply(&root).input("plan-key", identity).input("plan-fingerprint", fingerprint).run();
    assert_eq!((run.code, run.output("verdict")), (0, "applied"), "{run:#?}");
}
