//! What differs between a resource before and after, attribute by attribute, and how a value is shown.

use serde_json::Value;

use super::sensitive::{Sensitive, marks_any};

/// One attribute that differs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attribute {
    /// `tags.Name`, `ingress[0].from_port`.
    pub(crate) path: String,
    pub(crate) before: Shown,
    pub(crate) after: Shown,
    /// It forces a replacement.
    pub(crate) forces: bool,
}

/// A value as people may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    /// There is none.
    Absent,
    /// On one line.
    Inline(String),
    /// Text of several lines, or JSON laid out.
    Block(String),
    Sensitive,
    /// Known after the apply.
    Unknown,
}

/// Longer texts are cut: a plan is read by people.
const LONGEST_INLINE: usize = 160;
const LONGEST_BLOCK: usize = 20_000;

/// The attributes in which `before` and `after` differ. `marks` are: unknown after, sensitive before, sensitive after.
pub(super) fn differences(
    before: &Value,
    after: &Value,
    marks: [&Value; 3],
    forced_by: &[String],
    sensitive: &Sensitive,
) -> Vec<Attribute> {
    let mut walk = Walk { forced_by, sensitive, found: Vec::new() };
    walk.compare(&mut String::new(), before, after, marks);
    walk.found
}

/// `["ingress", 0, "port"]` as people write it.
pub(super) fn path_of(steps: &[Value]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Value::String(name) => step_into(&mut path, name),
            other => path.push_str(&format_index(other)),
        }
    }
    path
}

fn format_index(index: &Value) -> String {
    format!("[{index}]")
}

fn step_into(path: &mut String, name: &str) {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
    match (plain, path.is_empty()) {
        (true, true) => path.push_str(name),
        (true, false) => {
            path.push('.');
            path.push_str(name);
        }
        (false, _) => path.push_str(&format_index(&Value::from(name))),
    }
}

struct Walk<'a> {
    forced_by: &'a [String],
    sensitive: &'a Sensitive,
    found: Vec<Attribute>,
}

impl Walk<'_> {
    fn compare(&mut self, path: &mut String, before: &Value, after: &Value, marks: [&Value; 3]) {
        let [unknown, hidden_before, hidden_after] = marks;
        let whole = |marks: &Value| *marks == Value::Bool(true);
        if whole(unknown) || whole(hidden_before) || whole(hidden_after) {
            if before != after || whole(unknown) {
                self.add(path, before, after, marks);
            }
            return;
        }
        match (before, after) {
            (Value::Object(_), Value::Object(_) | Value::Null)
            | (Value::Null, Value::Object(_)) => {
                let names = members(before).chain(members(after)).chain(members(unknown));
                let mut seen: Vec<&str> = Vec::new();
                for name in names {
                    if seen.contains(&name) {
                        continue;
                    }
                    seen.push(name);
                    let length = path.len();
                    // A key of a map can hold a secret too.
                    let shown = if self.sensitive.hides(name) { "(sensitive)" } else { name };
                    step_into(path, shown);
                    let at = |value: &Value| value.get(name).cloned().unwrap_or(Value::Null);
                    let inner = marks.map(at);
                    self.compare(path, &at(before), &at(after), inner.each_ref());
                    path.truncate(length);
                }
            }
            (Value::Array(old), Value::Array(new))
                if old.len() == new.len()
                    || [old, new].iter().any(|items| items.iter().any(Value::is_object)) =>
            {
                for index in 0..old.len().max(new.len()) {
                    let length = path.len();
                    path.push_str(&format_index(&Value::from(index)));
                    let at = |value: &Value| value.get(index).cloned().unwrap_or(Value::Null);
                    let inner = marks.map(at);
                    self.compare(path, &at(before), &at(after), inner.each_ref());
                    path.truncate(length);
                }
            }
            _ => {
                if before != after || marks_any(unknown) {
                    self.add(path, before, after, marks);
                }
            }
        }
    }

    fn add(&mut self, path: &str, before: &Value, after: &Value, marks: [&Value; 3]) {
        let [unknown, hidden_before, hidden_after] = marks;
        let empty = |value: &Value| match value {
            Value::Null => true,
            // Providers of the older kind know no null.
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        };
        // What neither was nor will be there.
        if empty(before) && empty(after) && !marks_any(unknown) {
            return;
        }
        let shown = |value: &Value, hidden: &Value, unknown: &Value| {
            if value.is_null() && !marks_any(unknown) && !marks_any(hidden) {
                Shown::Absent
            } else {
                Shown::of(value, hidden, unknown, self.sensitive)
            }
        };
        let forces = self.forced_by.iter().any(|forced| {
            path == forced
                || path
                    .strip_prefix(forced.as_str())
                    .is_some_and(|rest| rest.starts_with(['.', '[']))
        });
        self.found.push(Attribute {
            path: path.to_owned(),
            before: shown(before, hidden_before, &Value::Null),
            after: shown(after, hidden_after, unknown),
            forces,
        });
    }
}

fn members(value: &Value) -> impl Iterator<Item = &str> {
    value.as_object().into_iter().flat_map(|members| members.keys().map(String::as_str))
}

impl Shown {
    pub(super) fn of(value: &Value, marks: &Value, unknown: &Value, sensitive: &Sensitive) -> Self {
        if marks_any(marks) || sensitive.hides_in(value) {
            return Self::Sensitive;
        }
        if marks_any(unknown) {
            return Self::Unknown;
        }
        match value {
            Value::Null => Self::Inline("null".to_owned()),
            Value::String(text) => {
                if let Some(laid_out) = laid_out(text) {
                    return Self::block(&laid_out, sensitive);
                }
                if text.trim_end().contains('\n') {
                    return Self::block(text, sensitive);
                }
                Self::Inline(cut(&value.to_string(), LONGEST_INLINE))
            }
            other => Self::Inline(cut(&other.to_string(), LONGEST_INLINE)),
        }
    }

    /// Laid out, an escape may be gone that hid a value from the search before.
    fn block(text: &str, sensitive: &Sensitive) -> Self {
        if sensitive.hides(text) { Self::Sensitive } else { Self::Block(cut(text, LONGEST_BLOCK)) }
    }

    /// On one line, whatever it is.
    pub(crate) fn inline(&self) -> String {
        match self {
            Self::Absent => "(none)".to_owned(),
            Self::Inline(text) => text.clone(),
            Self::Block(text) => format!("({} lines)", text.lines().count()),
            Self::Sensitive => "(sensitive value)".to_owned(),
            Self::Unknown => "(known after apply)".to_owned(),
        }
    }
}

/// JSON inside a string, as policies and task definitions have it.
fn laid_out(text: &str) -> Option<String> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let value: Value = serde_json::from_str(text).ok()?;
    let laid_out = format!("{value:#}");
    laid_out.contains('\n').then_some(laid_out)
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(before: &Value, after: &Value, unknown: &Value, marks: &Value) -> Vec<String> {
        let mut sensitive = Sensitive::default();
        sensitive.collect(before, marks);
        sensitive.collect(after, marks);
        differences(before, after, [unknown, marks, marks], &["a".to_owned()], &sensitive)
            .into_iter()
            .map(|a| {
                let forces = if a.forces { " !" } else { "" };
                format!("{}: {} -> {}{forces}", a.path, a.before.inline(), a.after.inline())
            })
            .collect()
    }

    #[test]
    fn only_what_differs_is_shown() {
        let before = json!({"a": 1, "same": "x", "tags": {"Name": "old", "Team": "t"}, "list": ["a", "b"], "gone": true});
        let after = json!({"a": 2, "same": "x", "tags": {"Name": "new", "Team": "t"}, "list": ["a"], "empty": []});
        assert_eq!(
            rows(&before, &after, &json!({"id": true}), &json!({})),
            [
                "a: 1 -> 2 !",
                "tags.Name: \"old\" -> \"new\"",
                "list: [\"a\",\"b\"] -> [\"a\"]",
                "gone: true -> (none)",
                "id: (none) -> (known after apply)",
            ]
        );
    }

    #[test]
    fn a_sensitive_value_is_hidden_where_it_is_marked_and_where_it_is_not() {
        let before =
            json!({"input": "hidden-1", "output": "hidden-1", "url": "x://hidden-1@y", "n": 1});
        let after =
            json!({"input": "hidden-2", "output": "hidden-2", "url": "x://hidden-2@y", "n": 2});
        assert_eq!(
            rows(&before, &after, &json!({}), &json!({"input": true})),
            [
                "input: (sensitive value) -> (sensitive value)",
                "output: (sensitive value) -> (sensitive value)",
                "url: (sensitive value) -> (sensitive value)",
                "n: 1 -> 2",
            ]
        );
    }

    #[test]
    fn json_in_a_string_is_laid_out() {
        let shown =
            Shown::of(&json!("{\"a\":[1,2]}"), &Value::Null, &Value::Null, &Sensitive::default());
        assert_eq!(shown, Shown::Block("{\n  \"a\": [\n    1,\n    2\n  ]\n}".to_owned()));
    }
}
