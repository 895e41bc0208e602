//! Applies: their ledger, their outputs, and how they fail.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::root::{ROOT, Root};

#[test]
fn an_apply_does_what_the_plan_says_and_writes_the_outputs() {
    let root = Root::new(ROOT);
    let run = root.run("apply");
    assert_eq!((run.code, run.output("verdict")), (0, "applied"), "{run:#?}");
    assert_eq!(run.output("reason"), "applied: 4 added");
    assert!(run.log.contains("[4/4] created terraform_data."), "{}", run.log);
    assert!(run.log.contains("4 of 4 done:\n  created         4  "), "{}", run.log);
    let outputs = root.path().join("outputs.json");
    assert_eq!(fs::metadata(&outputs).unwrap().permissions().mode() & 0o777, 0o600);
    let outputs: serde_json::Value = serde_json::from_slice(&fs::read(outputs).unwrap()).unwrap();
    assert_eq!(outputs["n"]["value"], "n is 1");
    assert_eq!(run.output("outputs-file"), "outputs.json");

    let run = root.run("apply");
    assert_eq!((run.code, run.output("verdict")), (0, "no-changes"), "{run:#?}");
    let run = root.step("output").input("outputs-file", "again.json").run();
    assert_eq!(
        (run.code, run.output("reason")),
        (0, "2 outputs written to again.json"),
        "{run:#?}"
    );
    let run = root.run("destroy");
    assert_eq!((run.output("verdict"), run.output("to-destroy")), ("applied", "4"), "{run:#?}");
    assert_eq!(root.state()["resources"], serde_json::json!([]));
}

#[test]
fn a_failing_apply_tells_what_was_done_what_failed_and_what_was_never_reached() {
    let root = Root::new(
        r#"
resource "terraform_data" "first" {}
resource "terraform_data" "broken" {
  input = terraform_data.first.id
  provisioner "local-exec" {
    command = "echo out of luck >&2; exit 7"
  }
}
resource "terraform_data" "last" {
  input = terraform_data.broken.id
}
"#,
    );
    let run = root.run("apply");
    assert_eq!((run.code, run.output("verdict")), (1, "failed"), "{run:#?}");
    assert_eq!(run.output("failure-reason"), "apply-failed");
    assert!(run.output("reason").contains("1 of 3 done"), "{run:#?}");
    for line in [
        "created         1  terraform_data.first",
        "failed          1  terraform_data.broken: local-exec provisioner error",
        "never reached   1  terraform_data.last",
        "next: what was done is in the state",
    ] {
        assert!(run.log.contains(line), "{line}: {}", run.log);
    }
    assert!(run.summary.contains("#### 1 of 3 done"), "{}", run.summary);
    let run = root.run("plan");
    assert!(run.log.contains("because it is tainted"), "{}", run.log);
}

#[test]
fn a_plan_that_the_state_has_overtaken_is_stale() {
    let root = Root::new(ROOT);
    assert_eq!(root.step("plan").input("plan-file", "the.plan").run().code, 0);
    assert_eq!(root.run("apply").code, 0);
    let before = root.state();
    let run = root.step("apply").input("plan-file", "the.plan").run();
    assert_eq!((run.code, run.output("verdict")), (4, "stale"), "{run:#?}");
    assert_eq!(run.output("failure-reason"), "plan-changed");
    assert_eq!(root.state(), before);
}

#[test]
fn a_held_lock_is_told_with_its_holder() {
    let root = Root::new(
        "resource \"terraform_data\" \"slow\" {\n  provisioner \"local-exec\" {\n    command = \"sleep 5\"\n  }\n}\n",
    );
    let holder = root.step("apply").spawn();
    holder.wait_for("plan: 1 to add");
    // The lock is there before the event stream says a word.
    let lock = root.path().join("root/.terraform.tfstate.lock.info");
    let asked = std::iter::repeat_with(|| root.run("plan")).take(20).find(|run| run.code != 0);
    let run = asked.expect("the lock is held for five seconds");
    assert_eq!((run.code, run.output("verdict")), (5, "locked"), "{run:#?}");
    assert_eq!(run.output("failure-reason"), "state-locked");
    let info: serde_json::Value = serde_json::from_str(run.output("lock-info")).unwrap();
    assert_eq!(info["operation"], "OperationTypeApply");
    assert!(run.output("reason").contains("is locked by"), "{run:#?}");
    assert!(run.output("reason").ends_with("UTC (it applies)"), "{run:#?}");

    let patient = root.step("plan").input("lock-timeout", "30s").run();
    assert_eq!((patient.code, patient.output("verdict")), (0, "no-changes"), "{patient:#?}");
    assert_eq!(holder.finish().code, 0);
    assert!(!lock.exists());
}

#[test]
fn more_than_max_changes_is_refused() {
    let root = Root::new(ROOT);
    let run = root.step("apply").input("max-changes", "3").run();
    assert_eq!((run.code, run.output("verdict")), (3, "refused"), "{run:#?}");
    assert!(run.output("reason").contains("4 resources would change"), "{run:#?}");
    assert!(!root.path().join("root/terraform.tfstate").exists());
    // A plan says so, and goes on.
    let run = root.step("plan").input("max-changes", "3").run();
    assert_eq!((run.code, run.output("verdict")), (0, "changes"), "{run:#?}");
    assert!(run.log.contains("`apply` will refuse this plan"), "{}", run.log);
}

#[test]
fn a_workspace_has_a_state_of_its_own() {
    let root = Root::new(ROOT);
    assert_eq!(root.step("apply").input("workspace", "blue").run().code, 0);
    assert!(root.path().join("root/terraform.tfstate.d/blue/terraform.tfstate").exists());
    assert_eq!(root.run("plan").output("to-add"), "4");
}

#[test]
fn only_the_changes_that_were_reviewed_are_applied() {
    let root = Root::new(ROOT);
    let key = "a key of sixteen and more";
    let plan = root.step("plan").input("plan-key", key).run();
    let fingerprint = plan.output("plan-fingerprint").to_owned();
    assert!(fingerprint.len() > 64 && fingerprint.len() <= 140, "{plan:#?}");
    assert_eq!(
        root.step("plan").input("plan-key", key).run().output("plan-fingerprint"),
        fingerprint
    );
    assert_eq!(root.run("plan").output("plan-fingerprint"), "");

    let apply = |key: &str, variables: &str| {
        let step = root.step("apply").input("plan-fingerprint", fingerprint.clone());
        step.input("plan-key", key).input("variables", variables).run()
    };
    // Only a value that is shown nowhere differs.
    let run = apply(key, "password=another-horse");
    assert_eq!((run.code, run.output("verdict")), (4, "stale"), "{run:#?}");
    assert_eq!(run.output("failure-reason"), "plan-changed");
    let differing = "not among them: create terraform_data.secret, create output password; 2 of those that were reviewed";
    assert!(run.output("reason").contains(differing), "{run:#?}");
    let run = apply("another key of sixteen", "");
    assert_eq!((run.code, run.output("verdict")), (4, "stale"), "{run:#?}");
    assert!(!root.path().join("root/terraform.tfstate").exists());
    let run = apply("", "");
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.log.contains("`plan-key`: is required with `plan-fingerprint`"), "{}", run.log);
    let run = apply(key, "");
    assert_eq!((run.code, run.output("verdict")), (0, "applied"), "{run:#?}");
    // Once more: there is nothing left to do.
    let run = apply(key, "");
    assert_eq!((run.code, run.output("verdict")), (0, "no-changes"), "{run:#?}");
}
