//! Text that is not ours, made harmless for Markdown: no HTML, no link, no mention, no broken table.

/// `text` as running text: every character with a meaning in GitHub's Markdown is escaped; line ends become spaces.
pub fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // A mention or an issue reference is made by GitHub after parsing, so a backslash does not stop it.
            '@' => escaped.push_str("@\u{200b}"),
            '#' => escaped.push_str("#\u{200b}"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '\n' | '\r' => escaped.push(' '),
            _ if character.is_control() => {}
            _ => escaped.push(character),
        }
    }
    // A bare address becomes a link.
    escaped.replace("://", ":\u{200b}//").replace("www.", "www\u{200b}.")
}

/// `text` as a code span, safe inside a table too.
pub fn code(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let fence = "`".repeat(longest_run_of_backticks(&text) + 1);
    let pad =
        if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    // GitHub splits a table's cells before it looks for code spans.
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|"))
}

/// `text` as a fenced block. `language` colours it (`""`, `diff`, `json`).
pub fn fence(language: &str, text: &str) -> String {
    let text: String =
        text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).collect();
    let fence = "`".repeat(longest_run_of_backticks(&text).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// A table. Cells are Markdown already: pass them through [`text`] or [`code`] where they are not ours.
pub fn table<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(N));
    for row in rows {
        table.push_str("| ");
        table.push_str(&row.join(" | "));
        table.push_str(" |\n");
    }
    table
}

fn longest_run_of_backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_becomes_neither_html_nor_link_nor_mention() {
        assert_eq!(text("<b>@octo [x](y) a|b"), "&lt;b&gt;@\u{200b}octo \\[x\\](y) a\\|b");
        assert_eq!(text("https://evil"), "https:\u{200b}//evil");
    }

    #[test]
    fn a_span_or_block_cannot_be_closed_from_inside() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(fence("", "x\n```\ny"), "````\nx\n```\ny\n````\n");
    }

    #[test]
    fn a_table_has_its_rows() {
        assert_eq!(
            table(["a", "b"], [["1".to_owned(), "2".to_owned()]]),
            "| a | b |\n|---|---|\n| 1 | 2 |\n"
        );
    }
}
