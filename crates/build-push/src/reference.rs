//! The names that an image has: registry, repository, tag, digest, platform.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// A repository, and its registry where the input named it too (`HOST/NAME`, as Terraform's `repository_url` has it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    pub registry: Option<Registry>,
    pub name: String,
}

impl FromStr for Repository {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (registry, name) = match text.split_once('/') {
            Some((host, name)) if host.contains(['.', ':']) => (Some(host.parse()?), name),
            _ => (None, text),
        };
        if name.contains(['@', ':']) {
            return Err(
                "a repository has neither tag nor digest: tags are given by `tags`".to_owned()
            );
        }
        // ECR: CreateRepository, repositoryName.
        let fits = (2..=256).contains(&name.len()) && name.split('/').all(is_component);
        if fits {
            Ok(Self { registry, name: name.to_owned() })
        } else {
            Err("a repository is 2 to 256 lower-case letters, digits and `.`, `_`, `-` between them, in parts joined by `/`".to_owned())
        }
    }
}

/// Letters and digits, joined by single separators.
fn is_component(part: &str) -> bool {
    part.split(['.', '_', '-']).all(|word| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

/// `host` or `host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry(String);

impl Registry {
    pub fn host(&self) -> &str {
        &self.0
    }

    /// The account that a private registry of ECR belongs to, and its region.
    pub fn account_and_region(&self) -> Option<(&str, &str)> {
        let mut parts = self.0.split('.');
        let account = parts.next()?;
        let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        (digits && parts.next()? == "dkr" && parts.next()?.starts_with("ecr"))
            .then(|| parts.next())?
            .map(|region| (account, region))
    }
}

impl FromStr for Registry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim_end_matches('/');
        let fits = !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err("a registry is a host with an optional port, without `https://`".to_owned())
        }
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The part of a reference after its colon.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag(String);

impl Tag {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains(['/', ':', '@']) {
            return Err(
                "a tag is the part after the colon: the rest is given by `repository`".to_owned()
            );
        }
        let fits = text.len() <= 128
            && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err("a tag is up to 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two".to_owned())
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// `os/architecture[/variant]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform(String);

/// What builders and base images know (Docker: "Multi-platform builds"; Go: `go tool dist list`).
const PLATFORMS: [&str; 14] = [
    "linux/amd64",
    "linux/arm64",
    "linux/arm/v7",
    "linux/arm/v6",
    "linux/arm/v5",
    "linux/386",
    "linux/ppc64le",
    "linux/s390x",
    "linux/riscv64",
    "linux/loong64",
    "linux/mips64le",
    "windows/amd64",
    "windows/arm64",
    "freebsd/amd64",
];

impl Platform {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The level of an x86-64 processor and the only 64-bit ARM are spelled in more than one way.
        let known = text.strip_suffix("/v8").filter(|base| *base == "linux/arm64").unwrap_or(text);
        let known = match known {
            "linux/aarch64" => "linux/arm64",
            "linux/x86_64" => "linux/amd64",
            "linux/arm" => "linux/arm/v7",
            known => known,
        };
        if PLATFORMS.contains(&known) {
            return Ok(Self(known.to_owned()));
        }
        Err(format!("there is no such platform{}", actions_runtime::did_you_mean(text, &PLATFORMS)))
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_may_bring_its_registry() {
        let both: Repository =
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo/api".parse().unwrap();
        assert_eq!(both.name, "todo/api");
        assert_eq!(
            both.registry.as_ref().and_then(Registry::account_and_region),
            Some(("123456789012", "eu-west-1"))
        );
        let local: Repository = "127.0.0.1:4566/todo".parse().unwrap();
        assert_eq!(local.registry.as_ref().map(Registry::host), Some("127.0.0.1:4566"));
        assert_eq!(local.registry.and_then(|r| r.account_and_region().map(|_| ())), None);
        assert_eq!("todo/api".parse::<Repository>().unwrap().registry, None);
    }

    #[test]
    fn what_is_no_repository_is_told() {
        for text in
            ["Todo", "a", "todo//api", "todo/api:1", "todo/api@sha256:1", "todo/-api", "a__b/c"]
        {
            assert!(text.parse::<Repository>().is_err(), "{text}");
        }
    }

    #[test]
    fn tags_are_what_ecr_takes() {
        for text in ["1", "_x", "v1.2-rc_3", &"a".repeat(128)] {
            assert!(text.parse::<Tag>().is_ok(), "{text}");
        }
        for text in ["", "-x", ".x", "a b", "todo/api:1", &"a".repeat(129)] {
            assert!(text.parse::<Tag>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_platform_has_one_spelling() {
        let parse = |text: &str| text.parse::<Platform>().map(|platform| platform.to_string());
        assert_eq!(parse("linux/aarch64").as_deref(), Ok("linux/arm64"));
        assert_eq!(parse("linux/arm64/v8").as_deref(), Ok("linux/arm64"));
        assert_eq!(
            parse("linux/amd46"),
            Err("there is no such platform; did you mean `linux/amd64`?".to_owned())
        );
    }
}
