//! What must never be read by anybody: secrets, in all the spellings in which they could turn up.

use std::sync::Mutex;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

/// Shorter ones would blot out half of a log, and a mask that short protects nothing.
const SHORTEST: usize = 4;

/// The secrets known so far.
#[derive(Default)]
pub(crate) struct Secrets(Mutex<Vec<String>>);

impl Secrets {
    /// Adds `secret` in all its spellings. Returns those that are new, for the runner's own mask.
    pub(crate) fn add(&self, secret: &SecretString) -> Vec<String> {
        let mut known = self.lock();
        let new: Vec<String> = spellings(secret.expose_secret())
            .into_iter()
            .filter(|spelling| !known.contains(spelling))
            .collect();
        known.extend(new.iter().cloned());
        // The longest first: a secret that holds another must not leave its rest behind.
        known.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        new
    }

    /// `text` with every secret in it replaced.
    pub(crate) fn redact(&self, text: &str) -> String {
        let known = self.lock();
        known.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), "***") } else { text }
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Every spelling in which a secret may turn up: as it is, URL-encoded (two habits), JSON-escaped, base64, and each of its
/// lines. None, where it is too short to be told from other text.
pub fn spellings(secret: &str) -> Vec<String> {
    if secret.chars().count() < SHORTEST {
        return Vec::new();
    }
    let json = serde_json::Value::from(secret).to_string();
    let mut all = vec![
        secret.to_owned(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        utf8_percent_encode(secret, UNRESERVED_KEPT).to_string(),
        json.trim_matches('"').to_owned(),
        STANDARD.encode(secret),
    ];
    all.extend(secret.lines().map(|line| line.trim().to_owned()));
    all.retain(|spelling| spelling.chars().count() >= SHORTEST);
    all.sort();
    all.dedup();
    all
}

/// RFC 3986, section 2.3: unreserved characters are not encoded.
const UNRESERVED_KEPT: &percent_encoding::AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_redacted() {
        let secrets = Secrets::default();
        let _new = secrets.add(&SecretString::from("p@ss \"w\"\nsecond line"));
        for text in [
            "p@ss \"w\"\nsecond line",
            "p%40ss%20%22w%22%0Asecond%20line",
            "p@ss \\\"w\\\"\\nsecond line",
            "second line",
        ] {
            assert_eq!(secrets.redact(text), "***", "{text}");
        }
        assert_eq!(secrets.redact(&STANDARD.encode("p@ss \"w\"\nsecond line")), "***");
    }

    #[test]
    fn short_ones_are_left_alone() {
        let secrets = Secrets::default();
        assert!(secrets.add(&SecretString::from("abc")).is_empty());
        assert_eq!(secrets.redact("abc"), "abc");
    }
}
