//! A command as people write it in a workflow file.

use std::str::FromStr;

/// Words as a shell splits them, or a JSON array of strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine(pub Vec<String>);

impl FromStr for CommandLine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = if text.trim_start().starts_with('[') {
            serde_json::from_str(text)
                .map_err(|error| format!("is no JSON array of strings: {error}"))?
        } else {
            shell_words::split(text)
                .map_err(|error| format!("cannot be split into words: {error}"))?
        };
        if words.is_empty() { Err("is empty".to_owned()) } else { Ok(Self(words)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_arrays_are_the_same() {
        let words = CommandLine(vec!["sh".to_owned(), "-c".to_owned(), "a b".to_owned()]);
        assert_eq!("sh -c 'a b'".parse(), Ok(words.clone()));
        assert_eq!(r#"["sh", "-c", "a b"]"#.parse(), Ok(words));
        assert!("sh -c 'a".parse::<CommandLine>().is_err());
        assert!("[1]".parse::<CommandLine>().is_err());
    }
}
