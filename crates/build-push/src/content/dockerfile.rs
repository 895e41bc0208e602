//! What a Dockerfile takes from outside the context: its stages, the images that it names, what cannot be known.
//!
//! This reads only as much as a fingerprint needs. Wherever it is unsure it says so, and the image is built: a heredoc
//! is not told from instructions, for instance, since taking its lines for instructions can only add doubts.

use std::collections::{BTreeMap, BTreeSet};

use actions_runtime::values::Pair;

/// What a Dockerfile says about its surroundings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Dockerfile {
    /// The names of its stages, as written, in order; a stage without a name is its number.
    pub(crate) stages: Vec<String>,
    /// Images from outside: bases, sources of copies, the frontend.
    pub(crate) images: BTreeSet<String>,
    /// What nobody can hash, one reason each.
    pub(crate) doubts: Vec<String>,
}

impl Dockerfile {
    pub(crate) fn read(text: &str, build_args: &[Pair]) -> Self {
        let mut reader = Reader {
            given: build_args.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect(),
            arguments: BTreeMap::new(),
            found: Self::default(),
        };
        let escape = reader.directives(text);
        for line in logical_lines(text, escape) {
            reader.instruction(&line);
        }
        reader.found
    }

    /// Whether `target` names a stage.
    pub(crate) fn has_stage(&self, target: &str) -> bool {
        let by_number = target.parse().is_ok_and(|number: usize| number < self.stages.len());
        by_number || self.stages.iter().any(|stage| stage.eq_ignore_ascii_case(target))
    }
}

struct Reader {
    given: BTreeMap<String, String>,
    /// `ARG`s before the first `FROM`: the only ones that a `FROM` can use.
    arguments: BTreeMap<String, String>,
    found: Dockerfile,
}

impl Reader {
    /// `# syntax=`, `# escape=` at the top. Returns the character that continues a line.
    fn directives(&mut self, text: &str) -> char {
        let mut escape = '\\';
        if let Some(frontend) = self.given.get("BUILDKIT_SYNTAX") {
            self.found.images.insert(frontend.clone());
        }
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.trim();
            let Some(comment) = line.strip_prefix('#').or_else(|| line.strip_prefix("//")) else {
                break;
            };
            let Some((name, value)) = comment.split_once('=') else { break };
            match (name.trim().to_lowercase().as_str(), value.trim()) {
                ("syntax", value) => {
                    let frontend = value.split_whitespace().next().unwrap_or_default();
                    self.found.images.insert(frontend.to_owned());
                }
                ("escape", "`") => escape = '`',
                _ => {}
            }
        }
        escape
    }

    fn instruction(&mut self, line: &str) {
        let (keyword, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match keyword.to_uppercase().as_str() {
            "ARG" if self.found.stages.is_empty() => self.argument(rest),
            "FROM" => self.from(rest),
            "COPY" => self.copy(rest),
            "ADD" => {
                self.copy(rest);
                let remote = ["://", "git@", ".git"].iter().any(|mark| rest.contains(mark));
                if remote || rest.contains('$') {
                    self.doubt(format!("`ADD {rest}` may fetch from elsewhere"));
                }
            }
            "RUN" => self.run(rest),
            // What it holds runs in images built on this one; reading it costs a doubt at most.
            "ONBUILD" => self.instruction(rest),
            _ => {}
        }
    }

    fn argument(&mut self, rest: &str) {
        for word in rest.split_whitespace() {
            let (name, default) = match word.split_once('=') {
                Some((name, default)) => (name, Some(default)),
                None => (word, None),
            };
            let default = default.map(|text| text.trim_matches(['"', '\'']).to_owned());
            match self.given.get(name).cloned().or(default) {
                Some(value) => self.arguments.insert(name.to_owned(), value),
                None => self.arguments.remove(name),
            };
        }
    }

    fn from(&mut self, rest: &str) {
        let words: Vec<&str> =
            rest.split_whitespace().skip_while(|word| word.starts_with("--")).collect();
        let number = self.found.stages.len();
        match words.first().map(|image| (image, expand(image, &self.arguments))) {
            Some((_, Some(image))) => self.image(&image),
            Some((image, None)) => {
                self.doubt(format!("`FROM {image}` is not known before the build"));
            }
            None => self.doubt("a `FROM` without an image".to_owned()),
        }
        let name = match words.get(1..3) {
            Some([keyword, name]) if keyword.eq_ignore_ascii_case("as") => (*name).to_owned(),
            _ => number.to_string(),
        };
        self.found.stages.push(name);
    }

    fn copy(&mut self, rest: &str) {
        for flag in rest.split_whitespace().take_while(|word| word.starts_with("--")) {
            if let Some(source) = flag.strip_prefix("--from=") {
                self.source(source);
            }
        }
    }

    fn run(&mut self, rest: &str) {
        for flag in rest.split_whitespace().take_while(|word| word.starts_with("--")) {
            let Some(mount) = flag.strip_prefix("--mount=") else { continue };
            for option in mount.split(',') {
                if let Some(source) = option.strip_prefix("from=") {
                    self.source(source);
                }
            }
        }
    }

    /// A stage by name or number, or an image.
    fn source(&mut self, source: &str) {
        if source.contains('$') {
            self.doubt(format!("`from={source}` is not known before the build"));
        } else if source.parse::<usize>().is_err() {
            self.image(source);
        }
    }

    /// Notes `image`, unless it is a stage that came before.
    fn image(&mut self, image: &str) {
        let is_stage = self.found.stages.iter().any(|stage| stage.eq_ignore_ascii_case(image));
        if !is_stage && image != "scratch" {
            self.found.images.insert(image.to_owned());
        }
    }

    fn doubt(&mut self, doubt: String) {
        if !self.found.doubts.contains(&doubt) {
            self.found.doubts.push(doubt);
        }
    }
}

/// Lines joined where they are continued, without comments and blanks.
fn logical_lines(text: &str, escape: char) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = String::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let trimmed = line.trim();
        // Inside a continued line too, comments and blanks are skipped.
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if let Some(continued) = trimmed.strip_suffix(escape) {
            current.push_str(continued);
            current.push(' ');
        } else {
            current.push_str(trimmed);
            lines.push(std::mem::take(&mut current).trim().to_owned());
        }
    }
    if !current.trim().is_empty() {
        lines.push(current.trim().to_owned());
    }
    lines
}

/// `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`; nothing where a value is not known.
fn expand(text: &str, arguments: &BTreeMap<String, String>) -> Option<String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(braced) = rest.strip_prefix('{') {
            let (inside, after) = braced.split_once('}')?;
            let end = inside.find(|c| !is_name(c)).unwrap_or(inside.len());
            let (name, modifier) = inside.split_at(end);
            let value = arguments.get(name).map(String::as_str);
            let value = match modifier {
                "" => value?,
                _ => match (modifier.strip_prefix(":-"), modifier.strip_prefix('-')) {
                    (Some(default), _) => value.filter(|v| !v.is_empty()).unwrap_or(default),
                    (None, Some(default)) => value.unwrap_or(default),
                    (None, None) => return None,
                },
            };
            if value.contains('$') {
                return None;
            }
            expanded.push_str(value);
            rest = after;
        } else {
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            expanded.push_str(arguments.get(name).filter(|value| !value.contains('$'))?);
            rest = after;
        }
    }
    expanded.push_str(rest);
    let plain = !expanded.is_empty() && !expanded.contains(['\\', '"', '\'', '{', '}']);
    plain.then_some(expanded)
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, args: &[&str]) -> Dockerfile {
        let args: Vec<Pair> = args.iter().map(|arg| arg.parse().unwrap()).collect();
        Dockerfile::read(text, &args)
    }

    fn images(text: &str, args: &[&str]) -> Vec<String> {
        let file = read(text, args);
        assert!(file.doubts.is_empty(), "{text}: {:?}", file.doubts);
        file.images.into_iter().collect()
    }

    #[test]
    fn stages_are_not_images() {
        let text = "FROM rust:1.94 AS build\nRUN cargo build\nFROM build\nFROM scratch as Final\n\
            COPY --from=build /a /a\nCOPY --from=0 --chown=1 /b /b\nCOPY --from=nginx:1 /c /c";
        assert_eq!(images(text, &[]), ["nginx:1", "rust:1.94"]);
        let file = read(text, &[]);
        assert_eq!(file.stages, ["build", "1", "Final"]);
        assert!(file.has_stage("final") && file.has_stage("2") && !file.has_stage("3"));
    }

    #[test]
    fn arguments_before_the_first_from_are_known() {
        let text =
            "ARG BASE=debian\nARG VERSION=\"12\"\nFROM --platform=$BUILDPLATFORM ${BASE}:$VERSION";
        assert_eq!(images(text, &[]), ["debian:12"]);
        assert_eq!(images(text, &["VERSION=13", "BASE=r.example/x"]), ["r.example/x:13"]);
        assert_eq!(images("FROM a:${T:-1}", &[]), ["a:1"]);
        assert_eq!(images("ARG T=\nFROM a${T:-x}${T-y}", &[]), ["ax"]);
    }

    #[test]
    fn what_is_not_known_is_a_doubt() {
        for text in [
            "FROM ${BASE}",
            "FROM base-${TARGETARCH}",
            "FROM a:${T%-x}",
            "FROM scratch\nADD https://x/y /y",
            "FROM scratch\nADD git@github.com:a/b /y",
            "FROM scratch\nADD [\"https://x/y\", \"/y\"]",
            "FROM scratch\nARG U\nADD $U /y",
            "FROM scratch\nCOPY --from=$X /a /a",
            "FROM scratch\nONBUILD ADD https://x /y",
            "FROM",
        ] {
            assert!(!read(text, &[]).doubts.is_empty(), "{text}");
        }
        assert!(read("FROM scratch\nADD app.tar.gz /", &[]).doubts.is_empty());
    }

    #[test]
    fn continued_lines_comments_mounts_and_the_frontend() {
        assert_eq!(
            images("# syntax=docker/dockerfile:1\n# x\nFROM \\\n  # why\n\n  debian:12\n", &[]),
            ["debian:12", "docker/dockerfile:1"]
        );
        assert_eq!(images("# escape=`\nFROM `\ndebian:12", &[]), ["debian:12"]);
        assert_eq!(
            images("FROM scratch\nRUN --mount=type=bind,from=tools:2,target=/t /t/x", &[]),
            ["tools:2"]
        );
        assert_eq!(images("from scratch\nrun <<EOF\nFROM x\nEOF\nFROM y", &[]), ["x", "y"]);
    }
}
