//! What an image is made of, as one number: its fingerprint.
//!
//! Everything that the builder reads counts, and nothing else: a byte, a name or a permission changed in the context
//! changes the fingerprint; the time of a file, its owner and the order of a directory do not. What cannot be hashed
//! makes [`Content::Unknown`], and such an image is built, never skipped.

pub(crate) mod context;
pub(crate) mod dockerfile;
pub(crate) mod ignored;

use std::collections::BTreeMap;

use actions_runtime::values::Pair;
use sha2::{Digest as _, Sha256};

use crate::reference::Tag;

/// Whether two builds would be of the same content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Known(Fingerprint),
    /// It cannot be told, and why.
    Unknown(String),
    /// Nothing is built: this image is copied.
    Copied(Copied),
}

/// An image that is there already, elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copied {
    /// `registry/name`.
    pub(crate) from: String,
    pub(crate) digest: String,
}

impl Copied {
    pub(crate) fn source(&self) -> String {
        format!("{}@{}", self.from, self.digest)
    }

    /// The tag under which the copy is pushed: the ones that were asked for follow when it is known to be whole.
    pub(crate) fn tag(&self) -> Option<Tag> {
        format!("promoted-{}", self.digest.strip_prefix("sha256:")?).parse().ok()
    }
}

/// A SHA-256 over everything that goes into an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint(String);

/// How a fingerprint's tag begins, so that people see what it is.
pub(crate) const PREFIX: &str = "fingerprint-";

impl Fingerprint {
    /// The tag under which ECR keeps what was built from this content.
    pub(crate) fn tag(&self) -> Tag {
        // 76 characters of `[a-z0-9-]`: always a tag.
        format!("{PREFIX}{}", self.0).parse().unwrap_or_else(|_| unreachable!("a hash is a tag"))
    }
}

/// What counts besides the context.
#[derive(Debug)]
pub(crate) struct Ingredients<'a> {
    pub(crate) dockerfile: &'a [u8],
    pub(crate) target: Option<&'a str>,
    pub(crate) build_args: &'a [Pair],
    pub(crate) labels: &'a [Pair],
    /// Sorted; the builder's own when none was asked for.
    pub(crate) platforms: &'a [String],
    /// Names only: the value of a secret belongs in no hash that others can read.
    pub(crate) secrets: &'a [String],
    pub(crate) attestations: &'a [(&'static str, String)],
    /// The digest behind each image that the Dockerfile names.
    pub(crate) images: &'a BTreeMap<String, String>,
}

/// The fingerprint of `ingredients` and the hashed context.
pub(crate) fn fingerprint(ingredients: &Ingredients<'_>, context: &[u8; 32]) -> Fingerprint {
    let mut hash = Fields::new("build-push fingerprint 1");
    hash.add(b"dockerfile", ingredients.dockerfile);
    hash.add(b"target", ingredients.target.unwrap_or_default().as_bytes());
    // The last of several values for one argument is the one that docker takes.
    let arguments: BTreeMap<_, _> =
        ingredients.build_args.iter().map(|pair| (&pair.key, &pair.value)).collect();
    for (key, value) in arguments {
        hash.add(b"arg", key.as_bytes());
        hash.add(b"=", value.as_bytes());
    }
    let labels: BTreeMap<_, _> =
        ingredients.labels.iter().map(|pair| (&pair.key, &pair.value)).collect();
    for (key, value) in labels {
        hash.add(b"label", key.as_bytes());
        hash.add(b"=", value.as_bytes());
    }
    for platform in ingredients.platforms {
        hash.add(b"platform", platform.as_bytes());
    }
    for secret in ingredients.secrets {
        hash.add(b"secret", secret.as_bytes());
    }
    for (name, mode) in ingredients.attestations {
        hash.add(name.as_bytes(), mode.as_bytes());
    }
    for (image, digest) in ingredients.images {
        hash.add(b"image", image.as_bytes());
        hash.add(b"=", digest.as_bytes());
    }
    hash.add(b"context", context);
    Fingerprint(hex(&hash.finish()))
}

/// A hash over named fields, each with its length: no two lists of fields make the same bytes.
pub(crate) struct Fields(Sha256);

impl Fields {
    pub(crate) fn new(purpose: &str) -> Self {
        let mut fields = Self(Sha256::new());
        fields.add(b"purpose", purpose.as_bytes());
        fields
    }

    pub(crate) fn add(&mut self, name: &[u8], value: &[u8]) {
        for part in [name, value] {
            self.0.update((part.len() as u64).to_be_bytes());
            self.0.update(part);
        }
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(text: &str) -> Pair {
        text.parse().unwrap()
    }

    #[test]
    fn each_ingredient_counts_and_the_order_of_arguments_does_not() {
        let images = BTreeMap::from([("debian:12".to_owned(), "sha256:1".to_owned())]);
        let other_images = BTreeMap::from([("debian:12".to_owned(), "sha256:2".to_owned())]);
        let args = [pair("A=1"), pair("B=2")];
        let reversed = [pair("B=2"), pair("A=1")];
        let platforms = ["linux/amd64".to_owned()];
        let other_platforms = ["linux/arm64".to_owned()];
        let secrets = ["npm".to_owned()];
        let base = || Ingredients {
            dockerfile: b"FROM debian:12",
            target: None,
            build_args: &args,
            labels: &[],
            platforms: &platforms,
            secrets: &[],
            attestations: &[],
            images: &images,
        };
        let context = [7; 32];
        let of = |ingredients: Ingredients<'_>| fingerprint(&ingredients, &context);
        let first = of(base());
        assert_eq!(of(Ingredients { build_args: &reversed, ..base() }), first);
        let labels = [pair("A=1")];
        let attested = [("sbom", "true".to_owned())];
        for (what, changed) in [
            ("dockerfile", of(Ingredients { dockerfile: b"FROM debian:13", ..base() })),
            ("target", of(Ingredients { target: Some("x"), ..base() })),
            ("build-args", of(Ingredients { build_args: &args[..1], ..base() })),
            ("labels", of(Ingredients { labels: &labels, ..base() })),
            ("platforms", of(Ingredients { platforms: &other_platforms, ..base() })),
            ("attestations", of(Ingredients { attestations: &attested, ..base() })),
            ("secrets", of(Ingredients { secrets: &secrets, ..base() })),
            ("base image", of(Ingredients { images: &other_images, ..base() })),
            ("context", fingerprint(&base(), &[8; 32])),
        ] {
            assert_ne!(changed, first, "{what} does not count");
        }
    }

    #[test]
    fn fields_cannot_run_into_each_other() {
        let hash = |fields: &[(&[u8], &[u8])]| {
            let mut hash = Fields::new("test");
            for (name, value) in fields {
                hash.add(name, value);
            }
            hash.finish()
        };
        assert_ne!(hash(&[(b"a", b"bc")]), hash(&[(b"ab", b"c")]));
        assert_ne!(hash(&[(b"a", b""), (b"b", b"")]), hash(&[(b"a", b"b"), (b"", b"")]));
    }
}
