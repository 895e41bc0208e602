//! A POSIX shell that sources the file: everything in single quotes, where nothing means anything.

use super::Pairs;

pub(super) fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

/// Reads what [`quote`] writes and nothing else: a file that would run something reads as no file at all.
pub(super) fn read(text: &str) -> Option<Pairs> {
    let mut pairs = Pairs::new();
    let mut rest = text;
    if text.contains('\0') {
        return None;
    }
    while !rest.is_empty() {
        if rest.starts_with('#') || rest.starts_with('\n') {
            rest = rest.find('\n').map_or("", |at| &rest[at + 1..]);
            continue;
        }
        let (key, after) = rest.strip_prefix("export ").unwrap_or(rest).split_once('=')?;
        if !crate::template::is_key(key) {
            return None;
        }
        let mut value = String::new();
        rest = after;
        while let Some(inner) = rest.strip_prefix('\'') {
            let end = inner.find('\'')?;
            value.push_str(&inner[..end]);
            rest = &inner[end + 1..];
            if let Some(after) = rest.strip_prefix("\\'") {
                value.push('\'');
                rest = after;
            }
        }
        rest = rest.strip_prefix('\n')?;
        pairs.push((key.to_owned(), value));
    }
    Some(pairs)
}
