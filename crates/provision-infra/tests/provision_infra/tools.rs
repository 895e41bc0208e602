//! Which program is run as Terraform.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use step_harness::Step;

use crate::root::{ROOT, Root};

/// Where the real one is.
fn terraform() -> String {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|folder| folder.join("terraform"));
    found.into_iter().find(|file| file.is_file()).unwrap().display().to_string()
}

/// A folder with scripts, before all others on PATH.
fn with(root: &Root, scripts: &[(&str, &str)], command: &str) -> Step {
    let folder = root.path().join("bin");
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in scripts {
        let script = folder.join(name);
        fs::write(&script, format!("#!/bin/sh\n{}\n", text.replace("TERRAFORM", &terraform())))
            .unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = std::env::var_os("PATH").unwrap();
    let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
    root.step(command).env("PATH", std::env::join_paths(folders).unwrap())
}

#[test]
fn the_wrapper_of_setup_terraform_is_passed_by() {
    let root = Root::new(ROOT);
    let wrapper = "echo '[command]terraform'; TERRAFORM \"$@\"; echo '::debug::Terraform exited'";
    let scripts = [("terraform", wrapper), ("terraform-bin", "exec TERRAFORM \"$@\"")];
    let run = with(&root, &scripts, "apply").run();
    assert_eq!((run.code, run.output("verdict")), (0, "applied"), "{run:#?}");
    assert!(!run.log.contains("exited"), "{}", run.log);
}

#[test]
fn tofu_is_found_by_its_name_and_by_its_path() {
    let root = Root::new(ROOT);
    let tofu = "echo tofu >> \"$TODO_SEEN\"; exec TERRAFORM \"$@\"";
    let seen = root.path().join("seen");
    let by_path = root.path().join("bin/tofu").display().to_string();
    for tool in ["tofu", &by_path] {
        let run = with(&root, &[("tofu", tofu)], "plan")
            .input("tool", tool)
            .env("TODO_SEEN", &seen)
            .run();
        assert_eq!((run.code, run.output("verdict")), (0, "changes"), "{run:#?}");
        assert!(fs::read_to_string(&seen).unwrap().lines().count() > 2, "{tool}");
        fs::remove_file(&seen).unwrap();
    }
}

#[test]
fn a_version_that_the_root_does_not_ask_for_is_refused() {
    let root = Root::new(&format!("terraform {{\n  required_version = \"~> 0.12\"\n}}\n{ROOT}"));
    fs::write(root.path().join("root/.terraform-version"), "0.12.31\n").unwrap();
    let run = root.run("plan");
    assert_eq!(run.code, 2, "{run:#?}");
    for fault in
        ["`.terraform-version` asks for 0.12.31", "`main.tf` requires `~> 0.12`, and this is"]
    {
        assert!(run.log.contains(fault), "{fault}: {}", run.log);
    }
    assert!(!Path::new(&root.path().join("root/.terraform")).exists());
}
