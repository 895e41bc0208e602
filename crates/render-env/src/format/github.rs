//! `GITHUB_ENV`, which the runner reads after the step (actions/runner: `FileCommandManager.cs`).

use super::{Pairs, Read};

/// What the runner does not let a file set.
pub(super) fn is_reserved(key: &str) -> bool {
    key == "NODE_OPTIONS" || key.starts_with("GITHUB_") || key.starts_with("RUNNER_")
}

pub(super) fn read(text: &str) -> Option<Pairs> {
    let mut pairs = Read::default();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, _) = next(&mut rest);
        if line.is_empty() {
            continue;
        }
        let (equals, heredoc) = (line.find('='), line.find("<<"));
        match (equals, heredoc) {
            (Some(at), before) if before.is_none_or(|heredoc| at < heredoc) => {
                pairs.set(&line[..at], line[at + 1..].to_owned());
            }
            (_, Some(at)) => pairs.set(&line[..at], document(&mut rest, &line[at + 2..])?),
            _ => return None,
        }
    }
    Some(pairs.into_pairs())
}

/// The lines up to `delimiter`, with the line ends between them as they are.
fn document(rest: &mut &str, delimiter: &str) -> Option<String> {
    let (mut value, mut end) = (String::new(), "");
    while !rest.is_empty() {
        let (line, its_end) = next(rest);
        if line == delimiter {
            return Some(value);
        }
        value.push_str(end);
        value.push_str(line);
        end = its_end;
    }
    None
}

fn next<'a>(rest: &mut &'a str) -> (&'a str, &'a str) {
    let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
    *rest = after;
    match line.strip_suffix('\r') {
        Some(line) => (line, "\r\n"),
        None => (line, "\n"),
    }
}
