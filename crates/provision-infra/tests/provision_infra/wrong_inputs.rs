//! Wrong inputs are told at once, before Terraform runs.

use std::fs;

use crate::root::{ROOT, Root};

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let root = Root::new(ROOT);
    let run = root
        .step("apply")
        .input("working-directory", "rot")
        .input("var-files", "none.tfvars")
        .input("plan-file", "none.plan")
        .input("variables", "n=2")
        .input("backend-config", "neither")
        .input("tool", "terrafrom")
        .run();
    assert_eq!((run.code, run.output("verdict")), (2, "failed"), "{run:#?}");
    for fault in [
        "`working-directory`: there is no folder `rot`",
        "`var-files`: there is no file `none.tfvars`",
        "`plan-file`: there is no file `none.plan`",
        "`variables`: is part of the saved plan: `plan` takes it, not `apply`",
        "`backend-config`: `neither` is neither `name=value` nor a file",
        "`tool`: there is no program `terrafrom` on PATH",
    ] {
        assert!(run.log.contains(fault), "{fault}: {}", run.log);
    }
}

#[test]
fn a_variable_that_a_file_would_override_is_refused() {
    let root = Root::new(ROOT);
    fs::write(root.path().join("root/terraform.tfvars"), "n = \"7\"\n").unwrap();
    let run = root.step("plan").input("variables", "n=2").run();
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.log.contains("`n` is set in `root/terraform.tfvars` too"), "{}", run.log);
}

#[test]
fn a_plain_shell_takes_the_command_as_a_word() {
    let root = Root::new(ROOT);
    let run = root.step("").shell().arg("plan").run();
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(run.log.contains("plan: 4 to add"), "{}", run.log);
    let run = root.step("").shell().arg("paln").run();
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.log.contains("`paln` is none of plan, apply"), "{}", run.log);
}

#[test]
fn a_file_of_accepted_drift_is_read_before_terraform_runs() {
    let root = Root::new(ROOT);
    fs::write(root.path().join("known.csv"), "a.b,c,soon,why\na.b,c\n").unwrap();
    let run = root.step("drift").input("drift-ignore", "known.csv").run();
    assert_eq!((run.code, run.output("verdict")), (2, "failed"), "{run:#?}");
    for fault in ["line 1: `soon` is no date", "line 2 is not `address,attribute,until,why`"] {
        assert!(run.log.contains(fault), "{fault}: {}", run.log);
    }
}
