//! A SHA-256, and whether two contents are the same.

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

/// The SHA-256 of a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Digest(pub(crate) [u8; 32]);

impl Digest {
    /// As S3 wants it in `x-amz-checksum-sha256`.
    pub(crate) fn base64(&self) -> String {
        BASE64_STANDARD.encode(self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a SHA-256");
        if text.len() != 64 || !text.is_ascii() {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let pair = text.get(at * 2..at * 2 + 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// What is known of an object's bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Content {
    /// Unknown for objects that another tool put there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<Digest>,
    /// S3's ETag, without its quotes; none for a file that is not there yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) etag: Option<String>,
}

impl Content {
    /// Whether both are known to be the same bytes. Where that cannot be known they are not.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self.sha256, other.sha256) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => self.etag.is_some() && self.etag == other.etag,
        }
    }

    /// A name for these bytes under `.releases/objects/`.
    pub(crate) fn name(&self) -> Option<String> {
        match (&self.sha256, &self.etag) {
            (Some(sha256), _) => Some(sha256.to_string()),
            (None, Some(etag)) => Some(format!("etag-{etag}")),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_and_read_back() {
        let digest = Digest(std::array::from_fn(|n| u8::try_from(n).unwrap() * 7));
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!("0".repeat(63).parse::<Digest>().is_err());
        assert!("g".repeat(64).parse::<Digest>().is_err());
    }

    #[test]
    fn what_is_not_known_to_be_the_same_is_not() {
        let sha = |n| Content { sha256: Some(Digest([n; 32])), etag: None };
        let etag = |text: &str| Content { sha256: None, etag: Some(text.to_owned()) };
        assert!(sha(1).same(&sha(1)) && !sha(1).same(&sha(2)));
        assert!(etag("a").same(&etag("a")) && !etag("a").same(&sha(1)));
        assert!(!Content::default().same(&Content::default()));
    }
}
