//! Text that is not ours, made harmless for the runner: task logs, tool output, branch names.
//!
//! The runner obeys a line that begins with `::command` (after white space) and `##[command]` anywhere in a line
//! (GitHub: "Workflow commands for GitHub Actions"; actions/runner, `ActionCommand.cs`). A terminal obeys escape sequences.

/// Breaks a command apart without changing what a person reads.
const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// `line` without control characters and escape sequences; tabs stay.
pub(crate) fn printable(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => skip_escape_sequence(&mut characters),
            '\t' => clean.push('\t'),
            // Bidirectional overrides make a line read as something that it is not.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            _ if character.is_control() => {}
            _ => clean.push(character),
        }
    }
    clean
}

/// ECMA-48: `ESC [` … a final byte of `@` to `~`; `ESC ]` … BEL or `ESC \`; else one more character.
fn skip_escape_sequence(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match characters.next() {
        Some('[') => {
            for character in characters.by_ref() {
                if ('@'..='~').contains(&character) {
                    break;
                }
            }
        }
        Some(']') => {
            while let Some(character) = characters.next() {
                if character == '\u{7}'
                    || (character == '\u{1b}' && characters.next_if_eq(&'\\').is_some())
                {
                    break;
                }
            }
        }
        _ => {}
    }
}

/// `line` so that the runner sees no command in it.
pub(crate) fn no_command(line: &str) -> String {
    let line = line.replace("##[", &format!("##{ZERO_WIDTH_SPACE}["));
    if line.trim_start().starts_with("::") { format!("{ZERO_WIDTH_SPACE}{line}") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_either_form_are_broken() {
        for (line, expected) in [
            ("::set-output name=a::b", "\u{200b}::set-output name=a::b"),
            ("  ::add-mask::x", "\u{200b}  ::add-mask::x"),
            ("before ##[error]x", "before ##\u{200b}[error]x"),
            ("a::b stays", "a::b stays"),
        ] {
            assert_eq!(no_command(line), expected);
        }
    }

    #[test]
    fn escape_sequences_and_control_characters_are_gone() {
        assert_eq!(printable("\u{1b}[31mred\u{1b}[0m\r\u{7} \u{1b}]0;title\u{7}x\ty"), "red x\ty");
        assert_eq!(printable("\u{202e}abc"), "abc");
    }
}
