//! The template: an env file read strictly, each value a list of text and holes.
//!
//! Readers disagree about what stands in an env file; here only that is accepted which all of them mean alike, and the
//! rest is a fault that says how to write it.

use std::str::FromStr;

/// A line of the template, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// A comment or nothing.
    Aside(String),
    Entry(Entry),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) value: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    /// What stands between `{{` and `}}`, or between `<` and `>`.
    Hole(String),
}

/// What a hole looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holes {
    /// `{{ expression }}`
    Expressions,
    /// `<NAME>`, as the text of an output has them. Nothing else in that text means anything.
    Placeholders,
}

/// A line `NAME={{ expression }}` of the input `placeholders`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    pub(crate) name: String,
    pub(crate) value: Vec<Part>,
}

impl FromStr for Placeholder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("is not `NAME={{ expression }}`")?;
        let name = name.trim().trim_start_matches('<').trim_end_matches('>');
        if !is_placeholder(name) {
            return Err(format!("`{name}` is no placeholder: capitals, digits and `_`"));
        }
        Ok(Self { name: name.to_owned(), value: parts(value.trim(), Holes::Expressions)? })
    }
}

/// What is wrong with a template: the line, and what to do.
pub(crate) type Fault = (usize, String);

/// Reads `text`, or says everything that is wrong with it.
pub(crate) fn parse(text: &str, holes: Holes) -> Result<Vec<Line>, Vec<Fault>> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let mut lines = Vec::new();
    let mut faults: Vec<Fault> = Vec::new();
    let mut seen: Vec<(String, usize)> = Vec::new();
    let (mut rest, mut number) = (text.as_str(), 1);
    while !rest.is_empty() {
        let line = rest.split('\n').next().unwrap_or_default();
        let next = rest.get(line.len() + 1..).unwrap_or_default();
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            lines.push(Line::Aside(trimmed.to_owned()));
            (rest, number) = (next, number + 1);
            continue;
        }
        match entry(rest, line, holes) {
            Ok((key, value, length)) => {
                if let Some((_, first)) = seen.iter().find(|(known, _)| *known == key) {
                    faults.push((number, format!("`{key}` stands in line {first} already")));
                }
                seen.push((key.clone(), number));
                lines.push(Line::Entry(Entry { key, line: number, value }));
                let taken = &rest[..length];
                number += taken.matches('\n').count() + 1;
                rest = rest.get(length + 1..).unwrap_or_default();
            }
            Err(fault) => {
                faults.push((number, fault));
                (rest, number) = (next, number + 1);
            }
        }
    }
    if faults.is_empty() { Ok(lines) } else { Err(faults) }
}

/// The key, the value, and where its last line ends in `rest`.
fn entry(rest: &str, line: &str, holes: Holes) -> Result<(String, Vec<Part>, usize), String> {
    let equals = line.find('=').ok_or_else(|| {
        format!("`{}` is not `KEY=value`", line.trim().chars().take(40).collect::<String>())
    })?;
    let key = line[..equals].trim();
    let key = key.strip_prefix("export ").map_or(key, str::trim_start);
    if !is_key(key) {
        return Err(format!("`{key}` is no key: letters, digits and `_`, no digit first"));
    }
    let after = &rest[equals + 1..];
    let blank = after.len() - after.trim_start_matches([' ', '\t']).len();
    let start = equals + 1 + blank;
    let (value, end) = if let Some(quote @ ('"' | '\'' | '`')) = rest[start..].chars().next() {
        let (inner, length) =
            quoted(&rest[start..], quote, holes).map_err(|fault| format!("`{key}`: {fault}"))?;
        (inner, start + length)
    } else {
        let (inner, length) =
            bare(&line[start..], holes).map_err(|fault| format!("`{key}`: {fault}"))?;
        (inner, start + length)
    };
    Ok((key.to_owned(), value, end))
}

/// A value in quotes, and where its line ends.
fn quoted(text: &str, quote: char, holes: Holes) -> Result<(Vec<Part>, usize), String> {
    let inner = &text[1..];
    let end = find_outside_holes(inner, holes, |rest| rest.starts_with(quote))?
        .ok_or_else(|| format!("the closing {quote} is missing"))?;
    let after = &inner[end + 1..];
    let tail = after.split('\n').next().unwrap_or_default();
    if !tail.trim().is_empty() && !tail.trim_start().starts_with('#') {
        return Err(format!("there is text after the closing {quote}"));
    }
    let mut parts = parts(&inner[..end], holes)?;
    if quote == '"' {
        for part in &mut parts {
            if let Part::Text(text) = part {
                // As every reader does; other escapes mean something to none of them.
                *text = text.replace("\\n", "\n");
            }
        }
    }
    Ok((parts, 1 + end + 1 + tail.len()))
}

/// A value without quotes up to a comment.
fn bare(line: &str, holes: Holes) -> Result<(Vec<Part>, usize), String> {
    let hash = find_outside_holes(line, holes, |rest| rest.starts_with('#'))?;
    let value = match hash {
        None => line,
        Some(at) if line[..at].ends_with([' ', '\t']) => &line[..at],
        Some(_) => {
            return Err(
                "some readers take `#` for a comment, others do not: put the value in quotes"
                    .to_owned(),
            );
        }
    };
    Ok((parts(value.trim_end(), holes)?, line.len()))
}

/// Where in `text`, outside of every hole, `found` holds for what follows.
fn find_outside_holes(
    text: &str,
    holes: Holes,
    found: impl Fn(&str) -> bool,
) -> Result<Option<usize>, String> {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if let Some((_, length)) = hole(rest, holes)? {
            at += length;
        } else if found(rest) {
            return Ok(Some(at));
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    Ok(None)
}

fn parts(text: &str, holes: Holes) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let (mut literal, mut at) = (String::new(), 0);
    while at < text.len() {
        let rest = &text[at..];
        if let Some((inner, length)) = hole(rest, holes)? {
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Hole(inner.to_owned()));
            at += length;
        } else if let Some(character) = rest.chars().next() {
            literal.push(character);
            at += character.len_utf8();
        }
    }
    if !literal.is_empty() {
        parts.push(Part::Text(literal));
    }
    Ok(parts)
}

/// The hole with which `text` begins, and its length.
fn hole(text: &str, holes: Holes) -> Result<Option<(&str, usize)>, String> {
    match holes {
        Holes::Placeholders => Ok(text.strip_prefix('<').and_then(|inner| {
            let name = &inner[..inner.find('>')?];
            is_placeholder(name).then_some((name, name.len() + 2))
        })),
        Holes::Expressions => {
            if text.starts_with("{%") {
                return Err("`{% … %}` is not available: a value is text and `{{ expressions }}`"
                    .to_owned());
            }
            let Some(inner) = text.strip_prefix("{{") else { return Ok(None) };
            let end = expression_end(inner).ok_or("`{{` without `}}` in its line")?;
            Ok(Some((inner[..end].trim(), end + 4)))
        }
    }
}

/// Where `}}` stands in `text`, outside of the expression's own strings.
fn expression_end(text: &str) -> Option<usize> {
    let mut string: Option<char> = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (string, character) {
            (_, '\n') => return None,
            (Some(_), '\\') => {
                characters.next();
            }
            (Some(quote), _) if quote == character => string = None,
            (None, '"' | '\'') => string = Some(character),
            (None, '}') if text[at..].starts_with("}}") => return Some(at),
            _ => {}
        }
    }
    None
}

/// What every reader and every shell takes for a variable's name.
pub(crate) fn is_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_placeholder(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str, holes: Holes) -> Vec<(String, Vec<Part>)> {
        parse(text, holes)
            .unwrap()
            .into_iter()
            .filter_map(|line| match line {
                Line::Entry(entry) => Some((entry.key, entry.value)),
                Line::Aside(_) => None,
            })
            .collect()
    }

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn hole(text: &str) -> Part {
        Part::Hole(text.to_owned())
    }

    #[test]
    fn values_are_text_and_holes() {
        let template = "# a comment\n\nexport PORT=3000 # the API\nURL=\"postgres://{{ secrets[\"a }} b\"].u }}@x\"\n\
            CERT='one\ntwo'\nEMPTY=\nJOINED={{ outputs.a }}{{ outputs.b }}\nSPACED=\"a\\nb\"\n";
        assert_eq!(
            entries(template, Holes::Expressions),
            [
                ("PORT".to_owned(), vec![text("3000")]),
                (
                    "URL".to_owned(),
                    vec![text("postgres://"), hole("secrets[\"a }} b\"].u"), text("@x")]
                ),
                ("CERT".to_owned(), vec![text("one\ntwo")]),
                ("EMPTY".to_owned(), vec![]),
                ("JOINED".to_owned(), vec![hole("outputs.a"), hole("outputs.b")]),
                ("SPACED".to_owned(), vec![text("a\nb")]),
            ]
        );
    }

    #[test]
    fn the_text_of_an_output_has_placeholders_and_no_expressions() {
        assert_eq!(
            entries("A=x<DB_PASSWORD>y{{ z }}<b>\n", Holes::Placeholders),
            [("A".to_owned(), vec![text("x"), hole("DB_PASSWORD"), text("y{{ z }}<b>")])]
        );
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let faults = parse(
            "no equals\n9A=1\nA=a#b\nB='open\nC={{ x\nD={% if x %}\nE=\"a\" b\nF=1\nF=2\n",
            Holes::Expressions,
        )
        .unwrap_err();
        let lines: Vec<usize> = faults.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7, 9], "{faults:#?}");
    }
}
