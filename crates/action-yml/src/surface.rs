//! `surface.json`: what a version number promises of a program, and whether a change keeps the promise.
//!
//! Inputs, outputs, verdicts and exit codes may be added at any time. Taking one away, giving it another type or another
//! exit code breaks workflows that work today, and needs a new major version.

use std::{fs, path::Path};

use miette::{IntoDiagnostic as _, WrapErr as _};
use serde_json::{Map, Value, json};

use crate::{program::Program, programs::all};

/// The file of a program.
pub(crate) fn json(program: &Program) -> miette::Result<String> {
    Ok(serde_json::to_string_pretty(&surface(program)).into_diagnostic()? + "\n")
}

fn surface(program: &Program) -> Value {
    let inputs: Map<String, Value> = program
        .inputs()
        .into_iter()
        .map(|input| (input.name, json!({ "type": input.kind, "required": input.required })))
        .collect();
    let outputs: Map<String, Value> =
        program.outputs().into_iter().map(|output| (output.name, json!(output.kind))).collect();
    let verdicts: Map<String, Value> =
        program.verdicts().into_iter().map(|(verdict, exit)| (verdict.name, json!(exit))).collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "inputs": inputs,
        "outputs": outputs,
        "verdicts": verdicts,
    })
}

/// What workflows that work with `old` would miss in `new`; nothing when the version says so.
fn broken(old: &Value, new: &Value) -> Vec<String> {
    if major(&new["version"]) > major(&old["version"]) {
        return Vec::new();
    }
    let mut broken = Vec::new();
    for (kind, part) in [("input", "inputs"), ("output", "outputs"), ("verdict", "verdicts")] {
        for (name, was) in old[part].as_object().into_iter().flatten() {
            match new[part].get(name) {
                None => broken.push(format!("the {kind} `{name}` is gone")),
                Some(is) if part == "inputs" => broken.extend(broken_input(name, was, is)),
                Some(is) if is != was => {
                    broken.push(format!(
                        "the {kind} `{name}` was {} and is {}",
                        word(was),
                        word(is)
                    ));
                }
                Some(_) => {}
            }
        }
    }
    let was = old["inputs"].as_object();
    for (name, is) in new["inputs"].as_object().into_iter().flatten() {
        if is["required"] == true && was.is_some_and(|was| !was.contains_key(name)) {
            broken.push(format!("the new input `{name}` is required"));
        }
    }
    broken
}

fn broken_input(name: &str, was: &Value, is: &Value) -> Option<String> {
    if let (Some(old), Some(new)) = (was["type"].as_array(), is["type"].as_array()) {
        let gone: Vec<String> =
            old.iter().filter(|choice| !new.contains(choice)).map(word).collect();
        if !gone.is_empty() {
            return Some(format!("the input `{name}` no longer takes {}", gone.join(", ")));
        }
    } else if was["type"] != is["type"] {
        let (old, new) = (word(&was["type"]), word(&is["type"]));
        return Some(format!("the input `{name}` was {old} and is {new}"));
    }
    let required = is["required"] == true && was["required"] == false;
    required.then(|| format!("the input `{name}` is required now"))
}

/// What the programs no longer keep of what stands in the repository, a line each.
pub fn unkept(root: &Path) -> miette::Result<Vec<String>> {
    let mut lines = Vec::new();
    for program in all() {
        let was = read(&root.join("actions").join(program.name))?;
        let is = surface(&program);
        lines.extend(broken(&was, &is).into_iter().map(|line| format!("{}: {line}", program.name)));
    }
    Ok(lines)
}

/// The same between two releases' trees: folders that hold `<program>/surface.json`.
pub fn breaks(old: &Path, new: &Path) -> miette::Result<Vec<String>> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(old).into_diagnostic().wrap_err_with(|| old.display().to_string())? {
        let program = entry.into_diagnostic()?.file_name();
        let was = read(&old.join(&program))?;
        if was.is_null() {
            continue;
        }
        let is = read(&new.join(&program))?;
        let program = program.to_string_lossy();
        lines.extend(broken(&was, &is).into_iter().map(|line| format!("{program}: {line}")));
    }
    lines.sort();
    Ok(lines)
}

/// Null where there is no such file.
fn read(program: &Path) -> miette::Result<Value> {
    let path = program.join("surface.json");
    match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text)
            .into_diagnostic()
            .wrap_err_with(|| path.display().to_string()),
        Err(_) => Ok(Value::Null),
    }
}

/// What has to change for a break to be allowed: below 1.0.0 that is the middle number, as Cargo has it.
fn major(version: &Value) -> (u64, u64) {
    let mut numbers = version.as_str().unwrap_or_default().split('.');
    let mut next = || numbers.next().and_then(|number| number.parse().ok()).unwrap_or(0);
    match next() {
        0 => (0, next()),
        major => (major, 0),
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Value), expected: &[&str]) {
        let old = json!({
            "version": "1.2.3",
            "inputs": {
                "wait": { "type": "flag", "required": false },
                "format": { "type": ["node", "vite"], "required": false },
            },
            "outputs": { "verdict": "text", "tags": "lines" },
            "verdicts": { "deployed": "0", "rolled-back": "3" },
        });
        let mut new = old.clone();
        change(&mut new);
        assert_eq!(broken(&old, &new), expected);
    }

    #[test]
    fn what_is_added_breaks_nothing() {
        check(
            |new| {
                new["inputs"]["more"] = json!({ "type": "text", "required": false });
                new["inputs"]["format"]["type"] = json!(["node", "vite", "shell"]);
                new["outputs"]["more"] = json!("text");
                new["verdicts"]["superseded"] = json!("4");
            },
            &[],
        );
    }

    #[test]
    fn what_is_taken_away_or_retyped_is_told() {
        check(
            |new| {
                *new = json!({
                    "version": "1.3.0",
                    "inputs": {
                        "format": { "type": ["node"], "required": true },
                        "must": { "type": "text", "required": true },
                    },
                    "outputs": { "verdict": "text", "tags": "text" },
                    "verdicts": { "deployed": "0", "rolled-back": "4" },
                });
            },
            &[
                "the input `wait` is gone",
                "the input `format` no longer takes `vite`",
                "the output `tags` was `lines` and is `text`",
                "the verdict `rolled-back` was `3` and is `4`",
                "the new input `must` is required",
            ],
        );
        check(
            |new| new["inputs"]["wait"] = json!({ "type": "text", "required": false }),
            &["the input `wait` was `flag` and is `text`"],
        );
        check(
            |new| new["inputs"]["wait"]["required"] = json!(true),
            &["the input `wait` is required now"],
        );
    }

    #[test]
    fn a_major_version_may_break_and_below_one_that_is_the_middle_number() {
        check(
            |new| {
                new["version"] = json!("2.0.0");
                new["outputs"] = json!({});
            },
            &[],
        );
        assert!(major(&json!("0.2.0")) > major(&json!("0.1.9")));
        assert_eq!(major(&json!("1.9.0")), major(&json!("1.2.0")));
    }
}
