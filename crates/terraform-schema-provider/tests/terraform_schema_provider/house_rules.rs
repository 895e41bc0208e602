//! What no tool of Terraform's checks: read from the text, which `terraform fmt` keeps regular.

use std::{collections::BTreeMap, fs, path::Path};

use crate::terraform::{home, modules, name, roots};

struct Variable {
    name: String,
    body: String,
}

/// Top-level blocks end at the first `}` in the first column.
fn variables(folder: &Path) -> Vec<Variable> {
    let text = fs::read_to_string(folder.join("variables.tf")).unwrap_or_default();
    text.split("\nvariable \"")
        .map(|part| part.strip_prefix("variable \"").unwrap_or(part))
        .filter_map(|part| {
            let (name, rest) = part.split_once("\" {\n")?;
            let (body, _) = rest.split_once("\n}")?;
            Some(Variable { name: name.to_owned(), body: body.to_owned() })
        })
        .collect()
}

fn folders() -> Vec<std::path::PathBuf> {
    let mut all = [modules(), roots()].concat();
    all.extend(Some(home().join("bootstrap")).filter(|folder| folder.exists()));
    all
}

#[test]
fn every_variable_is_described_exactly_typed_and_never_null() {
    let mut faults = Vec::new();
    for folder in folders() {
        for Variable { name: variable, body } in variables(&folder) {
            let mut miss =
                |what: &str| faults.push(format!("{}: {variable}: {what}", name(&folder)));
            if !body.contains("  description = \"") {
                miss("no description");
            }
            if !body.contains("\n  type ") || body.contains("any") && body.contains("(any)") {
                miss("no exact type");
            }
            if !body.lines().any(|line| line.split_whitespace().eq(["nullable", "=", "false"])) {
                miss("nullable");
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A validation that no test makes refuse may refuse nothing.
#[test]
fn every_validation_has_a_run_that_it_refuses() {
    let mut faults = Vec::new();
    for folder in folders() {
        let mut refused: BTreeMap<String, usize> = BTreeMap::new();
        for entry in fs::read_dir(folder.join("tests")).into_iter().flatten() {
            for line in fs::read_to_string(entry.unwrap().path()).unwrap().lines() {
                let Some(list) = line.trim().strip_prefix("expect_failures") else { continue };
                for word in
                    list.split(|letter: char| !(letter.is_alphanumeric() || "._".contains(letter)))
                {
                    if let Some(variable) = word.strip_prefix("var.") {
                        *refused.entry(variable.to_owned()).or_default() += 1;
                    }
                }
            }
        }
        for Variable { name: variable, body } in variables(&folder) {
            let validations = body.matches("\n  validation {").count();
            let runs = refused.get(&variable).copied().unwrap_or_default();
            if runs < validations {
                faults.push(format!(
                    "{}: {variable} has {validations} validations, {runs} runs that they refuse",
                    name(&folder)
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_module_says_what_it_is_and_which_provider_it_takes() {
    for module in modules() {
        for file in ["main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md", "tests"] {
            assert!(module.join(file).exists(), "{} has no {file}", module.display());
        }
    }
    // An attached provider is taken whatever the constraint says, so this is the only place where it is looked at.
    for folder in folders() {
        let versions = fs::read_to_string(folder.join("versions.tf")).unwrap();
        assert!(
            versions.contains("version = \">= 6.34, < 7.0\""),
            "{}: 6.69 must do",
            folder.display()
        );
        assert!(versions.contains("required_version = \">= 1.11\""), "{}", folder.display());
    }
}

/// The local AWS and the real one must treat a page's own paths alike.
#[test]
fn the_demo_rewrites_paths_as_the_module_does() {
    let module = fs::read_to_string(home().join("modules/web/spa-fallback.js")).unwrap();
    let local = fs::read_to_string(home().join("../crates/local-aws/src/spa-fallback.js")).unwrap();
    assert_eq!(module, local);
}

/// The alarms' texts link to chapters; an alarm without one wakes somebody for nothing.
#[test]
fn every_alarm_has_its_chapter_in_the_runbook() {
    let runbook = fs::read_to_string(home().join("../docs/runbook.md")).unwrap();
    let alarms = fs::read_to_string(home().join("modules/observability/alarms.tf")).unwrap();
    let mut chapters: Vec<&str> =
        runbook.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let mut names: Vec<&str> = alarms
        .lines()
        .filter_map(|line| line.trim().split_once("= { says = ").map(|(name, _)| name.trim()))
        .chain(["api-errors", "site-errors", "api-unwell"])
        .collect();
    chapters.sort_unstable();
    names.sort_unstable();
    assert_eq!(chapters, names);
}
