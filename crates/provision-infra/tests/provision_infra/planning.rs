//! Plans: counted, told, and without a secret.

use std::fs;

use crate::root::{ROOT, Root, readable};

#[test]
fn a_plan_is_counted_and_told() {
    let root = Root::new(ROOT);
    let run = root.run("plan");
    assert_eq!((run.code, run.output("verdict")), (0, "changes"), "{run:#?}");
    assert_eq!(run.output("reason"), "plan: 4 to add, 2 outputs change");
    for (name, value) in [
        ("to-add", "4"),
        ("to-change", "0"),
        ("to-destroy", "0"),
        ("to-replace", "0"),
        ("to-move", "0"),
    ] {
        assert_eq!(run.output(name), value, "{name}");
    }
    assert!(run.log.contains("+ terraform_data.value"), "{}", run.log);
    assert!(run.summary.contains("### Terraform: root"), "{}", run.summary);
    assert!(
        !root.path().join("outputs.json").exists()
            && !root.path().join("root/terraform.tfstate").exists()
    );
}

#[test]
fn a_replacement_says_what_forces_it_and_what_follows() {
    let root = Root::new(ROOT);
    assert_eq!(root.run("apply").code, 0);
    let run = root.step("plan").input("variables", "n=2").run();
    assert_eq!(
        run.output("reason"),
        "plan: 1 to replace, 3 to change, 1 output changes",
        "{run:#?}"
    );
    assert_eq!(
        (run.output("to-replace"), run.output("to-add"), run.output("to-destroy")),
        ("1", "0", "0")
    );
    let replaced = run.log.find("-/+ terraform_data.replaced").unwrap();
    assert!(
        replaced < run.log.find("~ terraform_data.value").unwrap(),
        "what is replaced stands first"
    );
    for line in [
        "because it cannot be updated in place: triggers_replace changes",
        "what refers to it: terraform_data.follows",
        "triggers_replace: \"1\" → \"2\"   (forces the replacement)",
        "input: \"n is 1\" → \"n is 2\"",
    ] {
        assert!(run.log.contains(line), "{line}: {}", run.log);
    }
    assert!(run.summary.contains("#### replace terraform\\_data.replaced"), "{}", run.summary);
}

#[test]
fn a_sensitive_value_is_in_no_text_also_where_terraform_forgot_that_it_is() {
    let root = Root::new(ROOT);
    for (command, variables) in [
        ("plan", ""),
        ("apply", ""),
        ("plan", "n=2\npassword=battery-staple"),
        ("apply", "n=3"),
        ("output", ""),
    ] {
        let run = root.step(command).input("variables", variables).run();
        assert_eq!(run.code, 0, "{run:#?}");
        for secret in ["c0rrect-horse", "battery-staple"] {
            assert!(!readable(&run).contains(secret), "{command}: {run:#?}");
        }
    }
    // The outputs are for render-env, and hold it.
    assert!(
        fs::read_to_string(root.path().join("outputs.json")).unwrap().contains("c0rrect-horse")
    );
}

#[test]
fn a_move_and_a_forgotten_resource_are_counted_for_themselves() {
    let root =
        Root::new("resource \"terraform_data\" \"a\" {}\nresource \"terraform_data\" \"b\" {}\n");
    assert_eq!(root.run("apply").code, 0);
    root.write(
        "resource \"terraform_data\" \"c\" {}\nmoved {\n  from = terraform_data.a\n  to = terraform_data.c\n}\n\
         removed {\n  from = terraform_data.b\n  lifecycle {\n    destroy = false\n  }\n}\n",
    );
    let run = root.run("plan");
    assert_eq!(run.output("verdict"), "changes");
    assert_eq!((run.output("to-move"), run.output("to-destroy")), ("1", "0"), "{run:#?}");
    assert_eq!(run.output("reason"), "plan: 1 to move, 1 to forget");
    assert!(run.log.contains("> terraform_data.c (moved from terraform_data.a)"), "{}", run.log);
    assert_eq!(root.run("apply").output("verdict"), "applied");
    assert_eq!(root.run("plan").output("verdict"), "no-changes");
}

#[test]
fn a_failing_check_is_told_and_stops_nothing() {
    let root = Root::new(
        "variable \"n\" {\n  default = 1\n}\ncheck \"size\" {\n  assert {\n    condition = var.n == 2\n    \
         error_message = \"one is not two\"\n  }\n}\n",
    );
    let run = root.run("plan");
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(run.log.contains("! check.size fails: one is not two"), "{}", run.log);
}

#[test]
fn a_dry_run_changes_nothing() {
    let root = Root::new(ROOT);
    for command in ["plan", "apply", "destroy"] {
        let run = root.step(command).input("dry-run", "true").input("plan-file", "").run();
        assert_eq!((run.code, run.output("verdict")), (0, "planned"), "{run:#?}");
    }
    let left: Vec<_> =
        fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["root"]);
    assert!(!root.path().join("root/terraform.tfstate").exists());
}

#[test]
fn an_invalid_configuration_fails_with_terraforms_own_words() {
    let root = Root::new("resource \"terraform_data\" \"a\" {\n  inptu = 1\n}\n");
    let run = root.run("plan");
    assert_eq!((run.code, run.output("verdict")), (1, "failed"), "{run:#?}");
    assert_eq!(run.output("failure-reason"), "plan-failed");
    assert!(run.output("reason").contains("Unsupported argument"), "{run:#?}");
    assert!(run.log.contains("Did you mean \"input\"?"), "{}", run.log);
}
