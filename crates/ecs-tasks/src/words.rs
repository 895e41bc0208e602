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

/// `text` with the beginning of each image's digest: twelve digits tell it from any other.
pub(crate) fn with_short_digests(text: &str) -> String {
    const BEFORE: &str = "@sha256:";
    const SHOWN: usize = 12;
    const LENGTH: usize = 64;
    let mut parts = text.split(BEFORE);
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        short.push_str(BEFORE);
        match part.get(..LENGTH) {
            Some(digest) if digest.bytes().all(|b| b.is_ascii_hexdigit()) => {
                short.push_str(&digest[..SHOWN]);
                short.push('…');
                short.push_str(&part[LENGTH..]);
            }
            _ => short.push_str(part),
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_shortened_wherever_they_stand() {
        let digest = "0123456789abcdef".repeat(4);
        assert_eq!(
            with_short_digests(&format!(
                "r/a:1@sha256:{digest}, b@sha256:{digest}, c@sha256:short"
            )),
            "r/a:1@sha256:0123456789ab…, b@sha256:0123456789ab…, c@sha256:short"
        );
    }

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
