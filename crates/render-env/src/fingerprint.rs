//! A keyed fingerprint of an env file: a rotation changes it, and who has no key learns nothing from it.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::format::Pairs;

/// HMAC-SHA-256 over the pairs by key. An unkeyed hash of a short value could be guessed.
pub(crate) fn of(pairs: &Pairs, key: &SecretString) -> Option<String> {
    let mut sorted: Vec<_> = pairs.iter().collect();
    sorted.sort();
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()).ok()?;
    for text in sorted.iter().flat_map(|(key, value)| [key, value]) {
        // The length goes first, so that no two lists of pairs are one text.
        mac.update(&(text.len() as u64).to_be_bytes());
        mac.update(text.as_bytes());
    }
    Some(mac.finalize().into_bytes().iter().fold(String::new(), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(pairs: &[(&str, &str)], key: &str) -> String {
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        of(&pairs, &SecretString::from(key)).unwrap()
    }

    #[test]
    fn it_differs_with_any_value_and_with_the_key_and_not_with_the_order() {
        let ours = fingerprint(&[("A", "1"), ("B", "2")], "key");
        assert_eq!(ours, fingerprint(&[("B", "2"), ("A", "1")], "key"));
        assert_ne!(ours, fingerprint(&[("A", "1"), ("B", "3")], "key"));
        assert_ne!(ours, fingerprint(&[("A", "1B"), ("", "2")], "key"));
        assert_ne!(ours, fingerprint(&[("A", "1"), ("B", "2")], "other"));
        assert_eq!(ours.len(), 64);
    }
}
