//! Globs as inputs: `assets/**`, `*.map`, and lines of `glob: value`.

use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};

/// A glob over paths inside the site. Without a slash it means a file's name, wherever the file lies.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

impl Pattern {
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.matcher.is_match(path)
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
        let anchored = text.trim_start_matches('/');
        let full =
            if anchored.contains('/') { anchored.to_owned() } else { format!("**/{anchored}") };
        let glob = GlobBuilder::new(&full)
            .literal_separator(true)
            .build()
            .map_err(|error| format!("`{text}` is not a glob: {}", error.kind()))?;
        Ok(Self { text: text.to_owned(), matcher: glob.compile_matcher() })
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
    }

    #[test]
    fn a_line_has_a_glob_and_a_value() {
        let line: Line = "*.pdf: public, max-age=60".parse().unwrap();
        assert_eq!((line.pattern.text(), line.value.as_str()), ("*.pdf", "public, max-age=60"));
        assert!("no value:".parse::<Line>().is_err());
        assert!("nothing".parse::<Line>().is_err());
    }
}
