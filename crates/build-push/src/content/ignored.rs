//! What `.dockerignore` leaves out, read as the builder reads it (moby/patternmatcher, moby/buildkit `dockerignore`).
//!
//! These are not gitignore's rules: a pattern is rooted at the context, `**` may stand anywhere, the last pattern that
//! matches decides, and `!` brings back what lies inside a directory that was left out.

/// The patterns of one file, in its order. What builders of different age read differently is an error: where we
/// cannot know what goes in, nothing may be skipped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ignored(Vec<Pattern>);

#[derive(Debug, PartialEq, Eq)]
struct Pattern {
    /// `!`: brings back.
    exception: bool,
    tokens: Vec<Token>,
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Character(char),
    /// `?`: one character, no separator.
    One,
    /// `*`: any, no separator.
    Any,
    /// `**`: any, separators too.
    Deep,
    /// `**/`: nothing, or anything that ends in a separator.
    Directories,
    /// `[a-z]`.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Ignored {
    /// Reads the text of a `.dockerignore`.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut patterns = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let line = line.trim();
            let (exception, line) = match line.strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, line),
            };
            if line.is_empty() {
                if exception {
                    return Err("`!` alone is no pattern".to_owned());
                }
                continue;
            }
            let cleaned = clean(line);
            // The context itself cannot be left out.
            if cleaned != "." {
                patterns.push(Pattern { exception, tokens: tokens(&cleaned)? });
            }
        }
        Ok(Self(patterns))
    }

    /// Whether the builder leaves out `path` (relative to the context, `/` between its parts).
    pub(crate) fn leaves_out(&self, path: &str) -> bool {
        let mut left_out = false;
        for pattern in &self.0 {
            // A pattern holds for what it names and for everything below.
            if left_out == pattern.exception && prefixes(path).any(|prefix| pattern.matches(prefix))
            {
                left_out = !pattern.exception;
            }
        }
        left_out
    }

    /// Whether something below a directory that is left out may be brought back.
    pub(crate) fn has_exceptions(&self) -> bool {
        self.0.iter().any(|pattern| pattern.exception)
    }
}

/// `a`, `a/b`, `a/b/c`.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at]).chain(std::iter::once(path))
}

/// Go's `filepath.Clean`, rooted: no `.`, `..` or doubled separators, no leading or trailing one.
fn clean(pattern: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

fn tokens(pattern: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '*' if characters.next_if_eq(&'*').is_some() => match characters.next() {
                Some('/') => tokens.push(Token::Directories),
                None => tokens.push(Token::Deep),
                Some(_) => return Err(format!("`{pattern}` has `**` inside a name")),
            },
            '*' => tokens.push(Token::Any),
            '?' => tokens.push(Token::One),
            '\\' => tokens.push(Token::Character(
                characters.next().ok_or_else(|| format!("`{pattern}` ends in a backslash"))?,
            )),
            '[' => tokens.push(
                class(&mut characters)
                    .ok_or_else(|| format!("`{pattern}` has a `[` that is not closed"))?,
            ),
            character => tokens.push(Token::Character(character)),
        }
    }
    let plain = tokens.iter().all(|token| matches!(token, Token::Character(_)));
    let special = |token: &Token| matches!(token, Token::Character(c) if "+(){}|^".contains(*c));
    // The builder makes a regular expression of it without escaping these.
    if !plain && tokens.iter().any(special) {
        return Err(format!("`{pattern}` mixes wildcards with `+(){{}}|^`"));
    }
    Ok(tokens)
}

fn class(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Token> {
    let negated = characters.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        let low = match characters.next()? {
            ']' if !ranges.is_empty() => return Some(Token::Class { negated, ranges }),
            '\\' => characters.next()?,
            low => low,
        };
        let mut high = low;
        let mut ahead = characters.clone();
        if ahead.next() == Some('-') && ahead.peek().is_some_and(|next| *next != ']') {
            characters.next();
            high = match characters.next()? {
                '\\' => characters.next()?,
                high => high,
            };
        }
        ranges.push((low, high));
    }
}

impl Pattern {
    fn matches(&self, path: &str) -> bool {
        let path: Vec<char> = path.chars().collect();
        matches(&self.tokens, &path)
    }
}

fn matches(tokens: &[Token], path: &[char]) -> bool {
    let Some((token, rest)) = tokens.split_first() else { return path.is_empty() };
    let one = |fits: bool| fits && matches(rest, &path[1..]);
    match token {
        Token::Character(wanted) => one(path.first() == Some(wanted)),
        Token::One => one(path.first().is_some_and(|c| *c != '/')),
        Token::Class { negated, ranges } => one(path.first().is_some_and(|c| {
            ranges.iter().any(|(low, high)| (low..=high).contains(&c)) != *negated
        })),
        Token::Any => {
            let reach = path.iter().position(|c| *c == '/').unwrap_or(path.len());
            (0..=reach).any(|taken| matches(rest, &path[taken..]))
        }
        Token::Deep => (0..=path.len()).any(|taken| matches(rest, &path[taken..])),
        Token::Directories => {
            matches(rest, path)
                || path
                    .iter()
                    .enumerate()
                    .any(|(at, c)| *c == '/' && matches(rest, &path[at + 1..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, left_out: &[&str], kept: &[&str]) {
        let ignored = Ignored::read(file).unwrap();
        for path in left_out {
            assert!(ignored.leaves_out(path), "{file:?} keeps {path}");
        }
        for path in kept {
            assert!(!ignored.leaves_out(path), "{file:?} leaves out {path}");
        }
    }

    #[test]
    fn patterns_are_rooted_and_hold_for_everything_below() {
        check(
            "node_modules",
            &["node_modules", "node_modules/a/b"],
            &["web/node_modules", "node_modules2"],
        );
        check("/target/", &["target", "target/debug/x"], &["crates/target"]);
        check("./a//b/../c", &["a/c", "a/c/d"], &["a/b", "a"]);
    }

    #[test]
    fn stars_stop_at_separators_and_double_stars_do_not() {
        check("*.md", &["README.md"], &["docs/README.md"]);
        check("**/*.md", &["README.md", "docs/a/README.md"], &["README.mdx"]);
        check("docs/**", &["docs/a", "docs/a/b"], &["docs"]);
        check("**/node_modules", &["node_modules/x", "web/node_modules/x"], &["my_node_modules"]);
        check("*/temp*", &["some/temporary", "some/temp/x"], &["temp", "a/b/temp"]);
        check("temp?", &["tempa"], &["temp", "temp/"]);
        check("a**/b", &["ab", "a/x/b", "ax/b"], &["a", "axb"]);
        check("c++", &["c++"], &["c"]);
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        check(
            "*\n!Dockerfile\n!src",
            &["README", "target/x"],
            &["Dockerfile", "src", "src/main.rs"],
        );
        check("*.md\n!README*.md\nREADME-secret.md", &["a.md", "README-secret.md"], &["README.md"]);
        check("!a\na", &["a"], &[]);
    }

    #[test]
    fn comments_blanks_and_classes() {
        check("\u{feff}# a\n\n  b  \n.\n", &["b"], &["# a", "a"]);
        check("[a-c]x\n[^d]y\nq\\*", &["ax", "ey", "q*"], &["dx", "dy", "qq"]);
        check(" # not a comment", &["# not a comment"], &[]);
    }

    #[test]
    fn what_builders_read_differently_is_an_error() {
        for pattern in ["[a", "a\\", "**foo", "***", "*.c++", "!"] {
            assert!(Ignored::read(pattern).is_err(), "{pattern}");
        }
    }
}
