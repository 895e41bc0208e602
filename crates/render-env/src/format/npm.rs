//! The npm package dotenv, which reads by one regular expression. Vite up to 7 carries it inside.
//!
//! ```text
//! /(?:^|^)\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)
//!  (\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?(?:$|$)/mg
//! ```
//! A quote after a backslash does not close, so a quoted value that ends in `\` swallows what follows it.

use super::{Pairs, Read};

pub(super) fn read(text: &str) -> Pairs {
    let text: Vec<char> = text.replace("\r\n", "\n").replace('\r', "\n").chars().collect();
    let mut pairs = Read::default();
    let mut at = 0;
    while at <= text.len() {
        match matched(&text, at) {
            Some((key, value, end)) => {
                pairs.set(&key, unquoted(&value));
                at = if end > at { end } else { at + 1 };
                // The next match begins where a line does.
                if at > 0 && at < text.len() && !is_line_end(text[at - 1]) {
                    at = next_line(&text, at);
                }
            }
            None => at = next_line(&text, at),
        }
    }
    pairs.into_pairs()
}

fn next_line(text: &[char], at: usize) -> usize {
    text[at.min(text.len())..]
        .iter()
        .position(|c| is_line_end(*c))
        .map_or(text.len() + 1, |found| at + found + 1)
}

/// The expression at the beginning of a line: key, value as written, and where the match ends.
fn matched(text: &[char], start: usize) -> Option<(String, Vec<char>, usize)> {
    let mut at = skip_space(text, start);
    let export: Vec<char> = "export".chars().collect();
    if text[at.min(text.len())..].starts_with(&export) {
        let after = skip_space(text, at + export.len());
        if after > at + export.len() && text.get(after).is_some_and(|c| is_key_character(*c)) {
            at = after;
        }
    }
    let key: String =
        text[at.min(text.len())..].iter().take_while(|c| is_key_character(**c)).collect();
    if key.is_empty() {
        return None;
    }
    at = skip_space(text, at + key.chars().count());
    if text.get(at) != Some(&'=') {
        return None;
    }
    at += 1;
    let open = skip_space(text, at);
    if let Some(quote) = text.get(open).filter(|c| ['\'', '"', '`'].contains(c)) {
        for close in closings(text, open, *quote) {
            if let Some(end) = tail(text, close + 1) {
                return Some((key, text[at..=close].to_vec(), end));
            }
        }
    }
    let bare: Vec<char> =
        text[at..].iter().take_while(|c| !['#', '\r', '\n'].contains(c)).copied().collect();
    let after = at + bare.len();
    let end = tail(text, after)?;
    Some((key, bare, end))
}

/// Where a value that opens at `open` may close, in the order in which the expression tries.
fn closings(text: &[char], open: usize, quote: char) -> Vec<usize> {
    let (mut found, mut at) = (Vec::new(), open + 1);
    while at < text.len() {
        if text[at] == '\\' && text.get(at + 1) == Some(&quote) {
            found.push(at + 1);
            at += 2;
        } else if text[at] == quote {
            found.push(at);
            break;
        } else {
            at += 1;
        }
    }
    found.reverse();
    found
}

/// White space, perhaps a comment, the end of a line.
fn tail(text: &[char], at: usize) -> Option<usize> {
    let farthest = skip_space(text, at);
    (at..=farthest).rev().find_map(|at| match text.get(at) {
        None => Some(at),
        Some(c) if is_line_end(*c) => Some(at),
        Some('#') => {
            Some(at + text[at..].iter().position(|c| is_line_end(*c)).unwrap_or(text.len() - at))
        }
        Some(_) => None,
    })
}

/// Trims, takes the quotes off, and unescapes what stood in double quotes.
fn unquoted(written: &[char]) -> String {
    let from = written.iter().position(|c| !is_space(*c)).unwrap_or(written.len());
    let to = written.iter().rposition(|c| !is_space(*c)).map_or(from, |at| at + 1);
    let value = &written[from..to];
    let (mut text, mut at) = (String::new(), 0);
    // `/^(['"`])([\s\S]*)\1$/mg`: each line may begin a quoted part, which ends at the last such quote before a line end.
    while at < value.len() {
        let begins = at == 0 || is_line_end(value[at - 1]);
        let closing = (begins && ['\'', '"', '`'].contains(&value[at])).then(|| {
            (at + 1..value.len()).rev().find(|close| {
                value[*close] == value[at]
                    && value.get(close + 1).is_none_or(|next| is_line_end(*next))
            })
        });
        if let Some(Some(close)) = closing {
            text.extend(&value[at + 1..close]);
            at = close + 1;
        } else {
            text.push(value[at]);
            at += 1;
        }
    }
    if value.first() == Some(&'"') {
        text = text.replace("\\n", "\n").replace("\\r", "\r");
    }
    text
}

fn skip_space(text: &[char], at: usize) -> usize {
    let at = at.min(text.len());
    at + text[at..].iter().take_while(|c| is_space(**c)).count()
}

/// ECMAScript's `\s`.
fn is_space(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}

/// ECMAScript's line terminators, where `^` and `$` match.
fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

fn is_key_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || ['_', '.', '-'].contains(&c)
}
