//! Values that must not be shown, wherever they turn up.
//!
//! Terraform's markers are not enough: `terraform_data.output` of a sensitive input is not marked. So a value that is
//! marked in one place is hidden in all, also inside a longer text and in the usual encodings.

use std::{collections::BTreeSet, sync::OnceLock};

use aho_corasick::AhoCorasick;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// Shorter ones are hidden where they are marked, and no further: hiding every `1` would hide the plan.
const SHORTEST: usize = 4;

const UNRESERVED_KEPT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Debug, Clone, Default)]
pub(crate) struct Sensitive {
    values: BTreeSet<String>,
    /// Those values in all their spellings.
    spellings: BTreeSet<String>,
    /// Looks for all of them in one go: every text of a plan is searched. Made once all are known.
    search: OnceLock<Option<AhoCorasick>>,
}

impl Sensitive {
    /// Adds what `marks` marks in `value`. Marks are `true`, or an object or a list of the value's own shape.
    pub(super) fn collect(&mut self, value: &Value, marks: &Value) {
        match (marks, value) {
            (Value::Bool(true), _) => self.add_leaves(value),
            (Value::Object(marks), Value::Object(members)) => {
                for (name, marks) in marks {
                    if let Some(value) = members.get(name) {
                        self.collect(value, marks);
                    }
                }
            }
            (Value::Array(marks), Value::Array(items)) => {
                for (marks, item) in marks.iter().zip(items) {
                    self.collect(item, marks);
                }
            }
            _ => {}
        }
    }

    fn add_leaves(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Number(number) => self.add(&number.to_string()),
            Value::Array(items) => items.iter().for_each(|item| self.add_leaves(item)),
            Value::Object(members) => {
                for (name, member) in members {
                    // The keys of a sensitive map are as secret as its values.
                    if member.is_string() || member.is_number() {
                        self.add_leaves(member);
                    } else {
                        self.add(name);
                        self.add_leaves(member);
                    }
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn add(&mut self, text: &str) {
        if text.chars().count() < SHORTEST || !self.values.insert(text.to_owned()) {
            return;
        }
        self.search = OnceLock::new();
        let json = Value::from(text).to_string();
        self.spellings.extend([
            text.to_owned(),
            json[1..json.len() - 1].to_owned(),
            utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
            utf8_percent_encode(text, UNRESERVED_KEPT).to_string(),
            STANDARD.encode(text),
        ]);
        for line in text.lines().map(str::trim).filter(|line| line.chars().count() >= SHORTEST * 2)
        {
            self.spellings.insert(line.to_owned());
        }
    }

    /// Whether `text` holds a sensitive value.
    pub(crate) fn hides(&self, text: &str) -> bool {
        match self.search.get_or_init(|| AhoCorasick::new(&self.spellings).ok()) {
            Some(search) => search.is_match(text),
            // There are too many for one search.
            None => self.spellings.iter().any(|spelling| text.contains(spelling.as_str())),
        }
    }

    /// Whether a leaf of `value`, or a key in it, holds one.
    pub(crate) fn hides_in(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.hides(text),
            Value::Number(number) => self.values.contains(&number.to_string()),
            Value::Array(items) => items.iter().any(|item| self.hides_in(item)),
            Value::Object(members) => {
                members.iter().any(|(name, member)| self.hides(name) || self.hides_in(member))
            }
            Value::Null | Value::Bool(_) => false,
        }
    }

    /// The values themselves, for the masks.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(String::as_str)
    }
}

/// Whether `marks` marks anything.
pub(super) fn marks_any(marks: &Value) -> bool {
    match marks {
        Value::Bool(marked) => *marked,
        Value::Array(items) => items.iter().any(marks_any),
        Value::Object(members) => members.values().any(marks_any),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marks_are_booleans_objects_or_lists() {
        let value = json!({"a": "alpha-1", "b": {"c": "gamma-1", "d": "delta-1"}, "l": ["item-1", "item-2"], "n": 54321});
        for (marks, hidden, shown) in [
            (json!(true), vec!["alpha-1", "gamma-1", "item-2"], vec!["else"]),
            (json!({"a": true}), vec!["alpha-1"], vec!["gamma-1"]),
            (json!({"b": {"c": true}}), vec!["gamma-1"], vec!["delta-1"]),
            (json!({"l": [false, true]}), vec!["item-2"], vec!["item-1"]),
            (json!(false), vec![], vec!["alpha-1"]),
            (json!({}), vec![], vec!["alpha-1"]),
        ] {
            let mut sensitive = Sensitive::default();
            sensitive.collect(&value, &marks);
            assert!(hidden.iter().all(|text| sensitive.hides(text)), "{marks}");
            assert!(shown.iter().all(|text| !sensitive.hides(text)), "{marks}");
        }
    }

    #[test]
    fn a_value_is_hidden_inside_others_and_encoded() {
        let mut sensitive = Sensitive::default();
        sensitive.collect(&json!("p@ss word"), &json!(true));
        for text in ["postgres://u:p@ss word@h", "postgres://u:p%40ss%20word@h", "cEBzcyB3b3Jk"] {
            assert!(sensitive.hides(text), "{text}");
        }
        assert!(!sensitive.hides("password"));
    }
}
