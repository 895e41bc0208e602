//! The readers of env files: how a value is written for each, and what each reads back.
//!
//! A value has several spellings; the first that every version of the reader reads as that value is taken. Where none
//! does, the key is named and nothing is written.

mod docker;
mod github;
mod node;
mod npm;
mod shell;
mod vite;

use std::collections::HashMap;

use clap::ValueEnum;

/// Who reads the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// `node --env-file` and the npm package dotenv.
    Node,
    /// Vite's `loadEnv` of any version: a `$` is escaped, because Vite expands variables.
    Vite,
    /// `docker run --env-file`: values stand as they are, on one line.
    Docker,
    /// A POSIX shell: `. ./file`.
    Shell,
    /// One JSON object.
    Json,
    /// The runner's `GITHUB_ENV`: appended, for the steps that follow.
    GithubEnv,
    /// The input `secrets` of ecs-rollout: lines `KEY=arn:json-key:stage:version`. No secret is read.
    EcsSecrets,
}

/// A line of the file to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rendered {
    Aside(String),
    Entry { key: String, value: String },
}

pub(crate) type Pairs = Vec<(String, String)>;

/// What has been read so far: a key that stands twice keeps its place and takes the later value.
#[derive(Default)]
struct Read {
    pairs: Pairs,
    places: HashMap<String, usize>,
}

impl Read {
    fn set(&mut self, key: &str, value: String) {
        if let Some(place) = self.places.get(key) {
            self.pairs[*place].1 = value;
        } else {
            self.places.insert(key.to_owned(), self.pairs.len());
            self.pairs.push((key.to_owned(), value));
        }
    }

    fn into_pairs(self) -> Pairs {
        self.pairs
    }
}

impl Format {
    /// The text of the file, or what is wrong with each key that no spelling can carry.
    pub(crate) fn write(self, lines: &[Rendered]) -> Result<String, Vec<(String, &'static str)>> {
        if self == Self::Json {
            let members = pairs(lines).into_iter().map(|(key, value)| (key, value.into()));
            let object = serde_json::Value::Object(members.collect());
            return Ok(format!("{object:#}\n"));
        }
        let (mut text, mut faults) = (String::new(), Vec::new());
        for line in lines {
            match line {
                Rendered::Aside(_) if self == Self::GithubEnv => {}
                Rendered::Aside(aside) => {
                    text.push_str(aside);
                    text.push('\n');
                }
                Rendered::Entry { key, value } => match self.spell(key, value) {
                    Some(line) => {
                        text.push_str(&line);
                        text.push('\n');
                    }
                    None => faults.push((key.clone(), self.limit(key, value))),
                },
            }
        }
        if faults.is_empty() { Ok(text) } else { Err(faults) }
    }

    /// What each version of the reader makes of `text`. A reader that cannot make sense of it reads nothing.
    pub(crate) fn read(self, text: &str) -> Vec<Option<Pairs>> {
        match self {
            Self::Node => vec![Some(node::read(text)), Some(npm::read(text))],
            Self::Vite => {
                [node::read(text), npm::read(text)].map(|pairs| Some(vite::expand(pairs))).into()
            }
            Self::Docker | Self::EcsSecrets => vec![docker::read(text)],
            Self::Shell => vec![shell::read(text)],
            Self::GithubEnv => vec![github::read(text)],
            Self::Json => {
                let members: Option<serde_json::Map<String, serde_json::Value>> =
                    serde_json::from_str(text).ok();
                let text = |(key, value): (String, serde_json::Value)| {
                    Some((key, value.as_str()?.to_owned()))
                };
                vec![members.map(|members| members.into_iter().filter_map(text).collect())]
            }
        }
    }

    /// `KEY=…` in the first spelling that reads back.
    fn spell(self, key: &str, value: &str) -> Option<String> {
        if self == Self::GithubEnv && (github::is_reserved(key) || value.contains('\0')) {
            return None;
        }
        self.spellings(value).into_iter().map(|spelling| self.line(key, &spelling)).find(|line| {
            let [above, below] = self.neighbours();
            let own = above.lines().count();
            self.read(&format!("{above}{line}\n{below}")).into_iter().all(|pairs| {
                pairs.is_some_and(|pairs| {
                    pairs.len() == own + 1 + below.lines().count()
                        && pairs[own] == (key.to_owned(), value.to_owned())
                })
            })
        })
    }

    /// Lines around the one that is tried, in every kind of quotes: a spelling that swallows the next line is none. A
    /// `#` right after the quote is the worst that can follow, for what stands after a closing quote may be a comment.
    fn neighbours(self) -> [&'static str; 2] {
        match self {
            Self::Shell => ["export A='a'\n", "export Z='#z'\n"],
            Self::Docker | Self::GithubEnv | Self::EcsSecrets => ["A=a\n", "Z=z\n"],
            Self::Node | Self::Vite | Self::Json => {
                ["A1='#a'\nA2=\"#a\"\nA3=`#a`\n", "Z1='#z'\nZ2=\"#z\"\nZ3=`#z`\nZ4=z\n"]
            }
        }
    }

    fn line(self, key: &str, spelling: &str) -> String {
        match self {
            // Without randomness the line is none, and the key is told.
            Self::GithubEnv => actions_runtime::file_command(key, spelling)
                .map(|entry| entry.trim_end().to_owned())
                .unwrap_or_default(),
            // Without `export` a sourced file sets variables that no child sees.
            Self::Shell => format!("export {key}={spelling}"),
            Self::Node | Self::Vite | Self::Docker | Self::Json | Self::EcsSecrets => {
                format!("{key}={spelling}")
            }
        }
    }

    fn spellings(self, value: &str) -> Vec<String> {
        match self {
            Self::Node => node::spellings(value),
            Self::Vite => node::spellings(&vite::escape(value)),
            Self::Docker | Self::GithubEnv | Self::EcsSecrets => vec![value.to_owned()],
            Self::Shell => vec![shell::quote(value)],
            Self::Json => Vec::new(),
        }
    }

    /// Why this reader cannot be given `value`.
    fn limit(self, key: &str, value: &str) -> &'static str {
        if value.contains('\0') {
            return "holds a NUL, which no environment can carry";
        }
        match self {
            Self::GithubEnv if github::is_reserved(key) => {
                "is a name that the runner keeps to itself"
            }
            Self::GithubEnv => "ends in a carriage return, which the runner drops",
            Self::Docker => "holds a line end or white space that Docker's reader does not keep",
            Self::Node | Self::Vite if value.contains('\r') => {
                "holds a carriage return, which this reader drops"
            }
            Self::Node | Self::Vite => {
                "has every kind of quotes, or ends in `\\` beside quotes: this reader knows no escapes"
            }
            Self::Shell | Self::Json | Self::EcsSecrets => "cannot be spelled for this reader",
        }
    }
}

pub(crate) fn pairs(lines: &[Rendered]) -> Pairs {
    lines
        .iter()
        .filter_map(|line| match line {
            Rendered::Entry { key, value } => Some((key.clone(), value.clone())),
            Rendered::Aside(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(value: &str) -> Vec<Rendered> {
        vec![Rendered::Entry { key: "KEY".to_owned(), value: value.to_owned() }]
    }

    #[test]
    fn a_value_is_spelled_for_its_reader() {
        for (format, value, spelled) in [
            (Format::Node, "abc", Some("KEY=abc")),
            (Format::Node, "a b", Some("KEY='a b'")),
            (Format::Node, "a$b", Some("KEY='a$b'")),
            (Format::Vite, "a$b", Some("KEY='a\\$b'")),
            (Format::Node, "it's", Some("KEY=`it's`")),
            (Format::Node, "a'b`c", Some("KEY=\"a'b`c\"")),
            (Format::Node, "a'b\"c`d", Some("KEY=a'b\"c`d")),
            (Format::Node, "a'b\"c`d e#", None),
            (Format::Node, "l1\nl2", Some("KEY='l1\nl2'")),
            (Format::Node, "a\rb", None),
            (Format::Node, "C:\\", Some("KEY=C:\\")),
            (Format::Node, "", Some("KEY=''")),
            (Format::Docker, "a b", Some("KEY=a b")),
            (Format::Docker, "a\nb", None),
            (Format::Docker, "\"q\"", Some("KEY=\"q\"")),
            (Format::Shell, "it's $x", Some("export KEY='it'\\''s $x'")),
            (Format::Shell, "a\0b", None),
            (Format::GithubEnv, "a\r", None),
        ] {
            let written = format.write(&entry(value)).ok();
            assert_eq!(written.as_deref().map(str::trim_end), spelled, "{format:?} {value:?}");
        }
    }

    proptest::proptest! {
        /// Whatever is written is read back, by the rules of every version of its reader.
        #[test]
        fn what_is_written_is_read_back(values in proptest::collection::vec(VALUES, 1..6)) {
            let lines: Vec<Rendered> = values
                .iter()
                .enumerate()
                .map(|(at, value)| Rendered::Entry { key: format!("K{at}"), value: value.clone() })
                .collect();
            for format in [
                Format::Node, Format::Vite, Format::Docker, Format::Shell, Format::GithubEnv, Format::Json,
            ] {
                if let Ok(text) = format.write(&lines) {
                    for read in format.read(&text) {
                        proptest::prop_assert_eq!(read, Some(pairs(&lines)), "{:?}", format);
                    }
                }
            }
        }
    }

    /// The characters that mean something to some reader, and a few that mean nothing.
    const VALUES: &str = "[ab \\t\\n\\r#$'\"`\\\\{}=;!%n\u{e9}\u{2028}\u{a0}]{0,12}";
}
