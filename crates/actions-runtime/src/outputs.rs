//! How a run ends: its outputs, where they go, and its exit code.

use std::{collections::BTreeMap, fmt::Write as _, fs::OpenOptions, io::Write as _, path::Path};

use serde::Serialize;
use serde_json::{Map, Value, json};

/// The outputs of a program: a struct whose kebab-case members are the action's outputs, `verdict` and `reason` among them.
pub trait StepOutputs: Serialize {
    /// The exit code that belongs to the verdict. A public contract: append, never renumber.
    fn exit(&self) -> Exit;
}

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0 done or nothing to do · 1 failed · 2 wrong usage · from 3 the program's own verdicts.
    Code(u8),
    /// 130 or 143, by the signal that came.
    Cancelled,
}

/// What a run that ended in an error still tells: every program has these two.
pub(crate) fn ended(verdict: &str, reason: &str) -> Map<String, Value> {
    let mut outputs = Map::new();
    outputs.insert("verdict".to_owned(), json!(verdict));
    outputs.insert("reason".to_owned(), json!(reason));
    outputs
}

/// The members of `outputs` by name.
pub(crate) fn members(outputs: &impl Serialize) -> serde_json::Result<Map<String, Value>> {
    match serde_json::to_value(outputs)? {
        Value::Object(members) => Ok(members),
        other => Err(serde::ser::Error::custom(format!("outputs must be a struct, not {other}"))),
    }
}

/// Every string in `value` passed through `redact`: a job output that holds a masked value is dropped by GitHub.
pub(crate) fn redacted(value: &Value, redact: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(redact(text)),
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| redacted(item, redact)).collect())
        }
        Value::Object(members) => Value::Object(
            members.iter().map(|(name, value)| (name.clone(), redacted(value, redact))).collect(),
        ),
        other => other.clone(),
    }
}

/// Appends `outputs` to the runner's `GITHUB_OUTPUT` file.
pub(crate) fn write(path: &Path, outputs: &Map<String, Value>) -> std::io::Result<()> {
    let mut text = String::new();
    for (name, value) in outputs {
        text.push_str(&file_command(name, &as_text(value))?);
    }
    OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

/// An entry of `GITHUB_OUTPUT` or `GITHUB_ENV`: `name<<delimiter`, the value, the delimiter. The delimiter is random, so
/// that no value can end it and add a key (GitHub: "Workflow commands for GitHub Actions", multiline strings).
pub fn file_command(name: &str, value: &str) -> std::io::Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(std::io::Error::other)?;
    let delimiter = random.iter().fold("end-".to_owned(), |mut delimiter, byte| {
        let _infallible = write!(delimiter, "{byte:02x}");
        delimiter
    });
    Ok(format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"))
}

/// Lists are lines, nothing is an empty text, structures are JSON.
fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

/// `path` of a runner's file, where there is one.
pub(crate) fn runner_file<'a>(
    environment: &'a BTreeMap<String, String>,
    name: &str,
) -> Option<&'a Path> {
    environment.get(name).filter(|path| !path.is_empty()).map(Path::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_kind_become_text() {
        for (value, text) in [
            (json!(null), ""),
            (json!("a\nb"), "a\nb"),
            (json!(["a", "b"]), "a\nb"),
            (json!(1.5), "1.5"),
            (json!(true), "true"),
            (json!({"a": 1}), r#"{"a":1}"#),
        ] {
            assert_eq!(as_text(&value), text);
        }
    }

    #[test]
    fn a_value_cannot_add_a_key() {
        let text = file_command("reason", "x\nEOF\nevil=1").unwrap();
        let delimiter = text.lines().next().unwrap().split_once("<<").unwrap().1;
        assert_eq!(delimiter.len(), "end-".len() + 32);
        assert_eq!(text, format!("reason<<{delimiter}\nx\nEOF\nevil=1\n{delimiter}\n"));
    }
}
