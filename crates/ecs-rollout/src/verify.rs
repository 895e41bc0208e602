//! Whether the new version answers. A single bad answer during a cut-over proves nothing, and a single good one neither:
//! good answers have to last.

use std::{fmt, str::FromStr, time::Duration};

use aws_session::Page;
use serde_json::Value;

/// `http://…` or `https://…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyUrl(pub String);

impl FromStr for VerifyUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        match rest {
            Some(rest) if !rest.is_empty() && !text.contains(char::is_whitespace) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err("is no address that begins with `https://` or `http://`".to_owned()),
        }
    }
}

/// What an answer has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    Status(u16),
    Header {
        name: String,
        value: String,
    },
    /// The members and indices that lead to a value.
    Json {
        path: Vec<String>,
        value: String,
    },
    Text(String),
}

impl FromStr for Expectation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORMS: &str =
            "lines are `status: 200`, `header NAME: value`, `json $.path: value` or `text: words`";
        let (kind, value) = text.split_once(':').ok_or(FORMS)?;
        let value = value.trim().to_owned();
        let mut words = kind.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("status"), None, None) => match value.parse() {
                Ok(status) if (100..=599).contains(&status) => Ok(Self::Status(status)),
                _ => Err(format!("`{value}` is no HTTP status")),
            },
            (Some("header"), Some(name), None) => Ok(Self::Header { name: name.to_owned(), value }),
            (Some("json"), Some(path), None) => Ok(Self::Json { path: json_path(path)?, value }),
            (Some("text"), None, None) if !value.is_empty() => Ok(Self::Text(value)),
            _ => Err(FORMS.to_owned()),
        }
    }
}

/// `$.build.tags[0]` as `build`, `tags`, `0`.
fn json_path(path: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("`{path}` is no path like `$.build.tags[0]`");
    let rest = path.strip_prefix('$').ok_or_else(wrong)?;
    let parts: Vec<String> =
        rest.split(['.', '[']).skip(1).map(|part| part.trim_end_matches(']').to_owned()).collect();
    if parts.iter().any(String::is_empty) { Err(wrong()) } else { Ok(parts) }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::Header { name, value } => write!(f, "header `{name}: {value}`"),
            Self::Json { path, value } => write!(f, "`{}` = `{value}`", path.join(".")),
            Self::Text(text) => write!(f, "text `{text}`"),
        }
    }
}

/// Why an answer is not good; each expectation has to hold.
pub(crate) fn check(page: &Page, expectations: &[Expectation]) -> Result<(), String> {
    let status_is_expected = expectations.iter().any(|it| matches!(it, Expectation::Status(_)));
    if !status_is_expected && !(200..300).contains(&page.status) {
        return Err(format!("status {}{}", page.status, beginning(&page.body)));
    }
    for expectation in expectations {
        let found = match expectation {
            Expectation::Status(status) if page.status == *status => continue,
            Expectation::Status(_) => format!("status {}{}", page.status, beginning(&page.body)),
            Expectation::Header { name, value } => match page.header(name) {
                Some(found) if found == value => continue,
                Some(found) => format!("header `{name}: {found}`"),
                None => format!("no header `{name}`"),
            },
            Expectation::Json { path, value } => match at(&page.body, path) {
                Ok(found) if found == *value => continue,
                Ok(found) => format!("`{}` = `{found}`", path.join(".")),
                Err(problem) => problem,
            },
            Expectation::Text(text) if page.body.contains(text.as_str()) => continue,
            Expectation::Text(_) => format!("other text{}", beginning(&page.body)),
        };
        return Err(format!("expected {expectation}, got {found}"));
    }
    Ok(())
}

fn at(body: &str, path: &[String]) -> Result<String, String> {
    let value: Value =
        serde_json::from_str(body).map_err(|_| format!("no JSON{}", beginning(body)))?;
    let mut here = &value;
    for part in path {
        let next = match here {
            Value::Array(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
            Value::Object(members) => members.get(part),
            _ => None,
        };
        here = next.ok_or_else(|| format!("no `{}`", path.join(".")))?;
    }
    Ok(match here {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

fn beginning(body: &str) -> String {
    const LONGEST: usize = 120;
    let words: String =
        body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect();
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

/// Answers come in with their time; at most one end comes out.
#[derive(Debug)]
pub(crate) struct Verification {
    good_for: Duration,
    failures: u32,
    good_since: Option<f64>,
    bad_in_a_row: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verified {
    Good,
    Bad(String),
}

impl Verification {
    pub(crate) fn new(good_for: Duration, failures: u32) -> Self {
        Self { good_for, failures, good_since: None, bad_in_a_row: 0 }
    }

    /// One answer, `at` seconds after the first.
    pub(crate) fn see(&mut self, at: f64, answer: Result<(), String>) -> Option<Verified> {
        match answer {
            Ok(()) => {
                self.bad_in_a_row = 0;
                let since = *self.good_since.get_or_insert(at);
                (at - since >= self.good_for.as_secs_f64()).then_some(Verified::Good)
            }
            Err(problem) => {
                self.good_since = None;
                self.bad_in_a_row += 1;
                (self.bad_in_a_row >= self.failures).then_some(Verified::Bad(problem))
            }
        }
    }

    /// Ten answers are asked for in the time that they have to be good.
    pub(crate) fn interval(&self) -> Duration {
        (self.good_for / 10).clamp(Duration::from_millis(100), Duration::from_secs(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        Page {
            status: 200,
            headers: vec![("x-version".to_owned(), "abc".to_owned())],
            body: r#"{"build": {"tags": ["v2"]}, "ok": true}"#.to_owned(),
        }
    }

    #[test]
    fn expectations_are_read_and_checked() {
        for (line, problem) in [
            ("status: 200", None),
            ("status: 204", Some("expected status 204, got status 200: {\"build\"")),
            ("header X-Version: abc", None),
            (
                "header x-version: def",
                Some("expected header `x-version: def`, got header `x-version: abc`"),
            ),
            ("header x-other: a", Some("got no header `x-other`")),
            ("json $.build.tags[0]: v2", None),
            ("json $.ok: true", None),
            ("json $.ok: false", Some("expected `ok` = `false`, got `ok` = `true`")),
            ("json $.nothing: x", Some("got no `nothing`")),
            ("text: \"tags\"", None),
            ("text: absent", Some("expected text `absent`, got other text")),
        ] {
            let answer = check(&page(), &[line.parse().unwrap()]);
            match (answer, problem) {
                (Ok(()), None) => {}
                (Err(told), Some(words)) if told.contains(words) => {}
                (answer, _) => panic!("{line}: {answer:?}"),
            }
        }
        assert!(check(&Page { status: 503, ..page() }, &[]).is_err());
        for wrong in ["200", "status: many", "header: x", "json build: x", "json $..a: x", "text:"]
        {
            assert!(wrong.parse::<Expectation>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn good_answers_have_to_last() {
        let bad = || Err("503".to_owned());
        let mut verification = Verification::new(Duration::from_secs(10), 3);
        for (at, answer, expected) in [
            (0.0, Ok(()), None),
            (9.0, Ok(()), None),
            (9.5, bad(), None),
            (10.0, Ok(()), None),
            (19.0, bad(), None),
            (19.5, bad(), None),
            (20.0, Ok(()), None),
            (30.0, Ok(()), Some(Verified::Good)),
        ] {
            assert_eq!(verification.see(at, answer), expected, "{at}");
        }
        let mut verification = Verification::new(Duration::from_secs(10), 3);
        assert_eq!(verification.see(0.0, bad()), None);
        assert_eq!(verification.see(1.0, bad()), None);
        assert_eq!(verification.see(2.0, bad()), Some(Verified::Bad("503".to_owned())));
    }
}
