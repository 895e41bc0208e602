//! ECS's own words, shorter: ids and ARNs in full help nobody who reads.

/// `text` on one line, with the beginning of each task's id and the name of each target group.
pub fn shortened(text: &str) -> String {
    text.split_whitespace().map(short_word).collect::<Vec<_>>().join(" ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_arns_are_shortened_and_nothing_else() {
        for (text, expected) in [
            ("(task 0123456789abcdef0123456789abcdef).", "(task 01234567)."),
            (
                "in (target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/api/01)",
                "in (target-group api)",
            ),
            (
                "api@sha256:0123456789abcdef0123456789abcdef: not found",
                "api@sha256:0123456789abcdef0123456789abcdef: not found",
            ),
        ] {
            assert_eq!(shortened(text), expected);
        }
    }
}
