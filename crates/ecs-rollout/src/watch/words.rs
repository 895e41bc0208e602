//! ECS's own events, shorter.

/// ECS begins every event with `(service todo-api) `, and writes ids and ARNs in full.
pub(crate) fn in_short(message: &str) -> String {
    let rest = message.strip_prefix("(service ").and_then(|rest| rest.split_once(") "));
    let message = rest.map_or(message, |(_, rest)| rest);
    message.split(' ').map(short_word).collect::<Vec<_>>().join(" ")
}

fn short_word(word: &str) -> String {
    const SHOWN: usize = 8;
    let punctuation = |c: char| matches!(c, '(' | ')' | '.' | ',' | ':');
    let bare = word.trim_matches(punctuation);
    let is_id = bare.len() == 32 && bare.bytes().all(|b| b.is_ascii_hexdigit());
    let short = if is_id {
        &bare[..SHOWN]
    } else if let Some((_, name)) = bare.split_once(":targetgroup/") {
        name.split('/').next().unwrap_or(name)
    } else {
        return word.to_owned();
    };
    word.replace(bare, short)
}

pub(crate) fn is_problem(message: &str) -> bool {
    ["unable", "unhealthy", "failed", "failing", "cannot", "could not", "error"]
        .iter()
        .any(|word| message.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_shortened() {
        assert_eq!(
            in_short(
                "(service api) (port 80) is unhealthy in (target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/api/0123) due to (reason 502)"
            ),
            "(port 80) is unhealthy in (target-group api) due to (reason 502)"
        );
        assert_eq!(
            in_short("(service api) has started 1 tasks: (task 0123456789abcdef0123456789abcdef)."),
            "has started 1 tasks: (task 01234567)."
        );
    }
}
