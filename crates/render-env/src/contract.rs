//! `.env.example` as a contract: which keys there must be, and of what type.

use actions_runtime::{Faults, did_you_mean};

use crate::{format::Pairs, template::is_key};

#[derive(Debug, PartialEq, Eq)]
struct Clause {
    key: String,
    optional: bool,
    kind: Option<Kind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Integer,
    Boolean,
    Url,
}

/// Everything in which `pairs` differ from what `example` says. Values are not told.
pub(crate) fn check(example: &str, pairs: &Pairs, faults: &mut Faults) {
    let clauses: Vec<Clause> = example.lines().filter_map(clause).collect();
    for clause in &clauses {
        match pairs.iter().find(|(key, _)| *key == clause.key) {
            None if clause.optional => {}
            None => faults.add("example", format!("`{}` is missing", clause.key)),
            Some((_, value)) if value.is_empty() => {
                if !clause.optional {
                    faults.add("example", format!("`{}` is empty", clause.key));
                }
            }
            Some((_, value)) => {
                if let Some(kind) = clause.kind.filter(|kind| !kind.admits(value)) {
                    faults.add("example", format!("`{}` is not {}", clause.key, kind.noun()));
                }
            }
        }
    }
    let names: Vec<&String> = clauses.iter().map(|clause| &clause.key).collect();
    for (key, _) in pairs.iter().filter(|(key, _)| !names.contains(&key)) {
        faults.add("example", format!("`{key}` is unknown to it{}", did_you_mean(key, &names)));
    }
}

/// `KEY=anything # optional int`; a comment of other words is for people.
fn clause(line: &str) -> Option<Clause> {
    let line = line.trim();
    let (key, rest) = line.split_once('=')?;
    let key = key.trim();
    let key = key.strip_prefix("export ").map_or(key, str::trim);
    if !is_key(key) {
        return None;
    }
    let comment = rest
        .match_indices('#')
        .find(|(at, _)| *at == 0 || rest[..*at].ends_with([' ', '\t']))
        .map_or("", |(at, _)| &rest[at + 1..]);
    let words: Vec<&str> =
        comment.split([' ', ',', '\t']).filter(|word| !word.is_empty()).collect();
    let mut clause = Clause { key: key.to_owned(), optional: false, kind: None };
    if words.iter().all(|word| matches!(*word, "optional" | "int" | "bool" | "url")) {
        for word in words {
            match word {
                "optional" => clause.optional = true,
                "int" => clause.kind = Some(Kind::Integer),
                "bool" => clause.kind = Some(Kind::Boolean),
                _ => clause.kind = Some(Kind::Url),
            }
        }
    }
    Some(clause)
}

impl Kind {
    fn admits(self, value: &str) -> bool {
        match self {
            Self::Integer => value.parse::<i64>().is_ok(),
            Self::Boolean => matches!(value, "true" | "false"),
            Self::Url => value.split_once("://").is_some_and(|(scheme, rest)| {
                scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                    && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
                    && !rest.is_empty()
                    && !rest.starts_with('/')
                    && !rest.contains(char::is_whitespace)
            }),
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Integer => "a whole number",
            Self::Boolean => "`true` or `false`",
            Self::Url => "a URL",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_differs_is_told_at_once() {
        let example = "# the API\nPORT=1 # int\nSITE=https://x # url\nDEBUG= # optional bool\nDATABASE_URL=x # see docs\n\
            LOG_LEVEL=info\n";
        let pairs = [
            ("PORT", "many"),
            ("SITE", "example"),
            ("DEBUG", ""),
            ("DATABASE_URL", ""),
            ("LOG_LEVL", "info"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec();
        let mut faults = Faults::default();
        check(example, &pairs, &mut faults);
        assert_eq!(
            faults.to_string().lines().collect::<Vec<_>>(),
            [
                "`example`: `PORT` is not a whole number",
                "`example`: `SITE` is not a URL",
                "`example`: `DATABASE_URL` is empty",
                "`example`: `LOG_LEVEL` is missing",
                "`example`: `LOG_LEVL` is unknown to it; did you mean `LOG_LEVEL`?",
            ]
        );
    }
}
