//! What is built, and the words that docker is told it in.

use std::{ffi::OsString, path::PathBuf};

use actions_runtime::values::Pair;

use crate::{cache::Cache, docker::option, reference::Platform};

/// One build, whichever builder does it.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "named as docker names them")]
pub(crate) struct Build {
    /// A directory, or an address that the builder fetches.
    pub(crate) context: PathBuf,
    pub(crate) dockerfile: Option<PathBuf>,
    pub(crate) target: Option<String>,
    pub(crate) platforms: Vec<Platform>,
    pub(crate) build_args: Vec<Pair>,
    /// Those of the source first: the ones that were asked for override them.
    pub(crate) labels: Vec<Pair>,
    /// Each id, and the private file that holds its value.
    pub(crate) secrets: Vec<(String, PathBuf)>,
    /// Take base images from their registry, whose digests were looked up, and not from what the engine still has.
    pub(crate) pull: bool,
    pub(crate) load: bool,
    /// What buildx is to attest, and how.
    pub(crate) attestations: Vec<(&'static str, String)>,
    pub(crate) cache: Cache,
}

impl Build {
    /// `docker buildx build`, which pushes too.
    pub(crate) fn with_buildx(&self, reference: &str, metadata: PathBuf) -> Vec<OsString> {
        let mut words = words(&["buildx", "build", "--progress=plain", "--push"]);
        // Attestations hold times: with them the same commit would give another index each time.
        if !self.attestations.iter().any(|(name, _)| *name == "provenance") {
            words.push("--provenance=false".into());
        }
        for (name, mode) in &self.attestations {
            words.push(format!("--{name}={mode}").into());
        }
        for cache in &self.cache.from {
            words.extend(option("--cache-from", cache));
        }
        for cache in &self.cache.to {
            words.extend(option("--cache-to", cache));
        }
        words.extend(option("--metadata-file", metadata));
        for (id, file) in &self.secrets {
            let mut secret = OsString::from(format!("id={id},src="));
            secret.push(file);
            words.extend(option("--secret", secret));
        }
        if !self.platforms.is_empty() {
            let platforms: Vec<&str> = self.platforms.iter().map(Platform::as_str).collect();
            words.extend(option("--platform", platforms.join(",")));
        }
        if self.load {
            words.push("--load".into());
        }
        self.finish(words, reference)
    }

    /// `docker build` without `BuildKit`, which leaves the image in the engine.
    pub(crate) fn with_classic(&self, reference: &str) -> Vec<OsString> {
        self.finish(words(&["build"]), reference)
    }

    /// What both builders take.
    fn finish(&self, mut words: Vec<OsString>, reference: &str) -> Vec<OsString> {
        words.extend(option("--tag", reference));
        if let Some(file) = &self.dockerfile {
            words.extend(option("--file", file));
        }
        if let Some(target) = &self.target {
            words.extend(option("--target", target));
        }
        for argument in &self.build_args {
            words.extend(option("--build-arg", argument.to_string()));
        }
        for label in &self.labels {
            words.extend(option("--label", label.to_string()));
        }
        if self.pull {
            words.push("--pull".into());
        }
        // A directory that begins with a dash is still a directory.
        words.push("--".into());
        words.push(self.context.clone().into_os_string());
        words
    }
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(Into::into).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_is_told_what_was_asked_for() {
        let build = Build {
            context: "-odd dir".into(),
            dockerfile: Some("a b/Dockerfile".into()),
            target: Some("web".to_owned()),
            platforms: vec!["linux/amd64".parse().unwrap(), "linux/arm64".parse().unwrap()],
            build_args: vec!["A=1 2".parse().unwrap()],
            labels: vec!["x=y".parse().unwrap()],
            secrets: vec![("npm".to_owned(), "/run/s".into())],
            pull: true,
            load: false,
            attestations: vec![("sbom", "true".to_owned())],
            cache: Cache {
                from: vec!["type=gha".to_owned()],
                to: vec!["type=inline".to_owned()],
                ..Cache::default()
            },
        };
        let words = build.with_buildx("r/n:t", "/m.json".into());
        let words: Vec<_> = words.iter().map(|word| word.to_str().unwrap()).collect();
        assert_eq!(
            words,
            [
                "buildx",
                "build",
                "--progress=plain",
                "--push",
                "--provenance=false",
                "--sbom=true",
                "--cache-from",
                "type=gha",
                "--cache-to",
                "type=inline",
                "--metadata-file",
                "/m.json",
                "--secret",
                "id=npm,src=/run/s",
                "--platform",
                "linux/amd64,linux/arm64",
                "--tag",
                "r/n:t",
                "--file",
                "a b/Dockerfile",
                "--target",
                "web",
                "--build-arg",
                "A=1 2",
                "--label",
                "x=y",
                "--pull",
                "--",
                "-odd dir",
            ]
        );
    }
}
