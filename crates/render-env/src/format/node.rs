//! `node --env-file` and `util.parseEnv` (Node: `src/node_dotenv.cc`), which Vite 8 reads with too.

use super::{Pairs, Read};

/// Spellings, the plainest first. Single quotes before others, because in those nothing is unescaped by anybody.
pub(super) fn spellings(value: &str) -> Vec<String> {
    let plain = !value.is_empty()
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@%+,~?&=*^()[]".contains(c));
    let mut spellings = Vec::new();
    if plain {
        spellings.push(value.to_owned());
    }
    spellings.extend(['\'', '`', '"'].map(|quote| format!("{quote}{value}{quote}")));
    if !plain && !value.is_empty() {
        spellings.push(value.to_owned());
    }
    spellings
}

pub(super) fn read(text: &str) -> Pairs {
    let text = text.replace('\r', "");
    let mut content = text.trim_matches(BLANKS);
    let mut pairs = Read::default();
    while let Some(first) = content.chars().next() {
        if first == '\n' || first == '#' {
            content = after_line(content);
            continue;
        }
        let Some(at) = content.find(['=', '\n']) else { break };
        let (key, rest) = (&content[..at], &content[at + 1..]);
        if content[at..].starts_with('\n') {
            content = rest.trim_matches(BLANKS);
            continue;
        }
        let key = key.trim_matches(BLANKS);
        let key = key.strip_prefix("export ").unwrap_or(key);
        if rest.is_empty() || rest.starts_with('\n') {
            pairs.set(key, String::new());
            content = rest.get(1..).unwrap_or_default();
            continue;
        }
        content = rest.trim_matches(BLANKS);
        let quote = content.chars().next().filter(|c| ['"', '\'', '`'].contains(c));
        let closing = quote.and_then(|quote| content[1..].find(quote).map(|at| at + 1));
        if let (Some(quote), Some(closing)) = (quote, closing) {
            let value = &content[1..closing];
            let value = if quote == '"' { value.replace("\\n", "\n") } else { value.to_owned() };
            pairs.set(key, value);
            content = after_line(&content[closing + 1..]);
        } else {
            let line = content.split('\n').next().unwrap_or_default();
            // A quote that is never closed belongs to the value, and so does a `#` after it.
            let value = match quote {
                Some(_) => line,
                None => line.split('#').next().unwrap_or_default().trim_matches(BLANKS),
            };
            pairs.set(key, value.to_owned());
            content = after_line(content);
        }
    }
    pairs.into_pairs()
}

const BLANKS: [char; 3] = [' ', '\t', '\n'];

fn after_line(text: &str) -> &str {
    text.find('\n').map_or("", |at| &text[at + 1..])
}
