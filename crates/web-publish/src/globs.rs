//! Globs as inputs: `assets/**`, `*.map`, and lines of `glob: value`.
//!
//! Matched by hand and not by way of regular expressions, which would cost a megabyte of program, milliseconds at its start,
//! and most of the time that listing ten thousand files takes.

use std::str::FromStr;

/// A glob over paths inside the site. Without a slash it means a file's name, wherever the file lies.
///
/// `?` is one character and `*` any number of them, `/` excepted; `**` is any number of folders, or at the end everything
/// below; `[a-z]`, `[!a-z]` and `{one,other}` are as in a shell, and `\` takes the next character as it is.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    /// One for each way to choose among its alternatives.
    forms: Vec<Vec<Part>>,
}

/// What stands between two slashes.
#[derive(Debug, Clone)]
enum Part {
    /// `**`
    Deep,
    Name(Vec<Token>),
}

#[derive(Debug, Clone)]
enum Token {
    Text(String),
    One,
    Any,
    Set { negated: bool, ranges: Vec<(char, char)> },
}

impl Pattern {
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.forms.iter().any(|form| path_fits(form, path))
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("a glob is missing".to_owned());
        }
        let form = |form: String| -> Result<Vec<Part>, &'static str> {
            let anchored = form.trim_start_matches('/');
            let anywhere = (!anchored.contains('/')).then_some(Ok(Part::Deep));
            anywhere.into_iter().chain(anchored.split('/').map(part)).collect()
        };
        let forms: Result<_, _> =
            alternatives(text).and_then(|forms| forms.into_iter().map(form).collect());
        let forms = forms.map_err(|problem| format!("`{text}` is not a glob: {problem}"))?;
        Ok(Self { text: text.to_owned(), forms })
    }
}

/// `text` once for each way to choose among its `{…}`.
fn alternatives(text: &str) -> Result<Vec<String>, &'static str> {
    let (mut depth, mut open, mut cuts) = (0, 0, Vec::new());
    let (mut escaped, mut in_set) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => in_set = false,
            _ if in_set => {}
            '[' => in_set = true,
            '{' => {
                depth += 1;
                if depth == 1 {
                    open = at;
                }
            }
            ',' if depth == 1 => cuts.push(at),
            '}' if depth == 0 => return Err("a `}` closes nothing"),
            '}' if depth > 1 => depth -= 1,
            '}' => {
                cuts.push(at);
                let mut all = Vec::new();
                let mut from = open + 1;
                for cut in cuts {
                    let one = format!("{}{}{}", &text[..open], &text[from..cut], &text[at + 1..]);
                    all.extend(alternatives(&one)?);
                    from = cut + 1;
                }
                return Ok(all);
            }
            _ => {}
        }
    }
    if depth > 0 { Err("a `{` is not closed") } else { Ok(vec![text.to_owned()]) }
}

fn part(text: &str) -> Result<Part, &'static str> {
    if text == "**" {
        return Ok(Part::Deep);
    }
    let mut tokens = Vec::new();
    let mut literal = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let token = match c {
            '\\' => {
                literal.push(chars.next().ok_or("nothing follows its last `\\`")?);
                continue;
            }
            '?' => Token::One,
            '*' => Token::Any,
            '[' => set(&mut chars)?,
            c => {
                literal.push(c);
                continue;
            }
        };
        if !literal.is_empty() {
            tokens.push(Token::Text(std::mem::take(&mut literal)));
        }
        tokens.push(token);
    }
    if !literal.is_empty() {
        tokens.push(Token::Text(literal));
    }
    Ok(Part::Name(tokens))
}

/// What stands after a `[`.
fn set(chars: &mut std::str::Chars<'_>) -> Result<Token, &'static str> {
    const OPEN: &str = "a `[` is not closed";
    let mut inner = Vec::new();
    // A `]` that comes first is one of the characters.
    loop {
        match chars.next().ok_or(OPEN)? {
            ']' if !matches!(inner.as_slice(), [] | ['!' | '^']) => break,
            c => inner.push(c),
        }
    }
    let negated = matches!(inner[0], '!' | '^');
    let mut rest = &inner[usize::from(negated)..];
    let mut ranges = Vec::new();
    while let [first, after @ ..] = rest {
        (rest, ranges) = match after {
            ['-', last, after @ ..] if first <= last => {
                (after, [ranges, vec![(*first, *last)]].concat())
            }
            ['-', _, ..] => return Err("a range in `[…]` runs backwards"),
            after => (after, [ranges, vec![(*first, *first)]].concat()),
        };
    }
    Ok(Token::Set { negated, ranges })
}

fn path_fits(parts: &[Part], path: &str) -> bool {
    match parts {
        [] => false,
        [Part::Deep] => true,
        // The usual case: a name, wherever it lies.
        [Part::Deep, Part::Name(tokens)] => {
            name_fits(tokens, path.rsplit('/').next().unwrap_or(path))
        }
        [Part::Deep, rest @ ..] => {
            let below = path.match_indices('/').map(|(at, _)| &path[at + 1..]);
            std::iter::once(path).chain(below).any(|path| path_fits(rest, path))
        }
        [Part::Name(tokens)] => !path.contains('/') && name_fits(tokens, path),
        [Part::Name(tokens), rest @ ..] => path
            .split_once('/')
            .is_some_and(|(name, below)| name_fits(tokens, name) && path_fits(rest, below)),
    }
}

fn name_fits(tokens: &[Token], name: &str) -> bool {
    let one = |fits: &dyn Fn(char) -> bool, rest: &[Token]| {
        let mut chars = name.chars();
        chars.next().is_some_and(fits) && name_fits(rest, chars.as_str())
    };
    match tokens {
        [] => name.is_empty(),
        [Token::Text(text), rest @ ..] => {
            name.strip_prefix(text.as_str()).is_some_and(|name| name_fits(rest, name))
        }
        [Token::One, rest @ ..] => one(&|_| true, rest),
        [Token::Set { negated, ranges }, rest @ ..] => {
            let listed = |c| ranges.iter().any(|(first, last)| (*first..=*last).contains(&c));
            one(&|c| listed(c) != *negated, rest)
        }
        [Token::Any] => true,
        [Token::Any, Token::Text(text)] => name.ends_with(text.as_str()),
        [Token::Any, rest @ ..] => {
            name_fits(rest, "") || name.char_indices().any(|(at, _)| name_fits(rest, &name[at..]))
        }
    }
}

pub(crate) fn first_match<'a>(patterns: &'a [Pattern], path: &str) -> Option<&'a Pattern> {
    patterns.iter().find(|pattern| pattern.matches(path))
}

/// A line `glob: value`.
#[derive(Debug, Clone)]
pub struct Line {
    pub(crate) pattern: Pattern,
    pub(crate) value: String,
}

impl FromStr for Line {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (pattern, value) =
            text.split_once(':').ok_or_else(|| format!("`{text}` is not `glob: value`"))?;
        let value = value.trim();
        if value.is_empty() || value.contains(char::is_control) {
            return Err(format!("`{text}` has no value after its glob"));
        }
        Ok(Self { pattern: pattern.parse()?, value: value.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_without_a_slash_means_a_name_anywhere() {
        let check = |glob: &str, path: &str| glob.parse::<Pattern>().unwrap().matches(path);
        assert!(check("*.map", "assets/deep/app.js.map"));
        assert!(check("index.html", "index.html"));
        assert!(check("/assets/**", "assets/a/b.js"));
        assert!(!check("assets/*", "assets/a/b.js"));
        assert!(!check("docs/*.html", "index.html"));
        assert!("[".parse::<Pattern>().is_err());
        assert!(check("assets/**", "assets/b.js") && !check("assets/**", "assets"));
        assert!(check("**/.git/**", "a/.git/config") && check("**/.git/**", ".git/config"));
        assert!(check("a/**/z.js", "a/z.js") && check("a/**/z.js", "a/b/c/z.js"));
        assert!(check("**", "a/b") && check("**/*", "a/b") && check("*", "a/b"));
    }

    #[test]
    fn a_glob_is_what_it_is_in_a_shell() {
        for (glob, fits, others) in [
            ("{sw,service-worker}.js", &["sw.js", "a/service-worker.js"][..], &["xsw.js"][..]),
            ("{a,b/{c,d}}/*.js", &["a/x.js", "b/c/x.js", "b/d/x.js"], &["b/x.js"]),
            ("x-?.txt", &["x-1.txt", "x-日.txt"], &["x-.txt", "x-12.txt"]),
            ("[a-c][!0-9]", &["ax", "c-"], &["a1", "dx"]),
            ("[]x]", &["]", "x"], &["y"]),
            ("a*b*c", &["abc", "a-b-b-c"], &["acb"]),
            ("\\*.txt", &["*.txt"], &["a.txt"]),
            (".env.*", &[".env.production"], &[".env"]),
            ("*.html", &[".html", "a.b.html"], &["a.html.map"]),
            ("a**b", &["ab", "axb"], &["a/b"]),
        ] {
            let pattern: Pattern = glob.parse().unwrap();
            for path in fits {
                assert!(pattern.matches(path), "{glob}: {path}");
            }
            for path in others {
                assert!(!pattern.matches(path), "{glob}: {path}");
            }
        }
        for (glob, problem) in [
            ("a[", "`[` is not closed"),
            ("{a,b", "`{` is not closed"),
            ("a}", "`}` closes nothing"),
            ("[z-a]", "runs backwards"),
            ("a\\", "nothing follows"),
        ] {
            let error = glob.parse::<Pattern>().unwrap_err();
            assert!(error.contains(problem), "{glob}: {error}");
        }
    }

    #[test]
    fn a_line_has_a_glob_and_a_value() {
        let line: Line = "*.pdf: public, max-age=60".parse().unwrap();
        assert_eq!((line.pattern.text(), line.value.as_str()), ("*.pdf", "public, max-age=60"));
        assert!("no value:".parse::<Line>().is_err());
        assert!("nothing".parse::<Line>().is_err());
    }
}
