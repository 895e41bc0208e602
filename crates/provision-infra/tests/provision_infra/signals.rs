//! A cancelled run: Terraform gets one SIGINT, is waited for, and keeps its state.

use std::fs;

use crate::root::Root;

/// The second resource writes down each signal that its shell gets, and takes a while.
pub(crate) const SLOW: &str = r#"
resource "terraform_data" "first" {}
resource "terraform_data" "slow" {
  input = terraform_data.first.id
  provisioner "local-exec" {
    command = "echo started > started; sleep 3"
  }
}
resource "terraform_data" "last" {
  input = terraform_data.slow.id
}
"#;

pub(crate) fn started(root: &Root) {
    let file = root.path().join("root/started");
    for _ in 0..600 {
        if file.exists() {
            return;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    }
    panic!("the slow resource never began");
}

#[test]
fn github_cancels_with_two_signals_and_terraform_gets_one() {
    let root = Root::new(SLOW);
    let running = root.step("apply").spawn();
    started(&root);
    running.signal("INT");
    running.wait_for("SIGINT received: cancelling");
    // 7.5 s later GitHub sends SIGTERM: the same cancel.
    running.signal("TERM");
    let run = running.finish();
    assert_eq!((run.code, run.output("verdict")), (130, "cancelled"), "{run:#?}");
    assert!(run.log.contains("Terraform finishes what it has begun"), "{}", run.log);
    // A second interrupt would have made Terraform say so and drop its state.
    assert!(!run.log.contains("Two interrupts received"), "{}", run.log);
    assert!(run.log.contains("never reached   1  terraform_data.last"), "{}", run.log);
    let state = root.state().to_string();
    assert!(state.contains("\"first\""), "{state}");
    assert!(!root.path().join("root/.terraform.tfstate.lock.info").exists());
    let left: Vec<_> =
        fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["root"], "the folder of the plan is gone");
}

#[test]
fn sigterm_cancels_too() {
    let root = Root::new(SLOW);
    let running = root.step("apply").spawn();
    started(&root);
    running.signal("TERM");
    let run = running.finish();
    assert_eq!((run.code, run.output("verdict")), (143, "cancelled"), "{run:#?}");
}
