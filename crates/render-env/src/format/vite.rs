//! What Vite does after parsing: variables are expanded (npm: dotenv-expand), so a `$` must be escaped.

use super::Pairs;

/// `value` so that nothing in it is expanded: `\$` is `$` to the expander, whatever stands before it.
pub(super) fn escape(value: &str) -> String {
    value.replace('$', "\\$")
}

/// The pairs after expansion in an empty environment, which is the worst case: what is expanded vanishes.
pub(super) fn expand(pairs: Pairs) -> Pairs {
    pairs.into_iter().map(|(key, value)| (key, unescaped(&without_references(&value)))).collect()
}

/// `${name}` and `$name` are cut out where no backslash stands before them.
fn without_references(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let length = if text.ends_with('\\') { None } else { reference(after) };
        if let Some(length) = length {
            rest = &after[length..];
        } else {
            text.push('$');
            rest = after;
        }
    }
    text.push_str(rest);
    text
}

fn reference(after: &str) -> Option<usize> {
    if let Some(inner) = after.strip_prefix('{') {
        let end = inner.find(['{', '}'])?;
        return (end > 0 && inner[end..].starts_with('}')).then_some(end + 2);
    }
    let name = after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').count();
    (name > 0 && !after.starts_with(|c: char| c.is_ascii_digit())).then_some(name)
}

fn unescaped(value: &str) -> String {
    value.replace("\\$", "$")
}
