//! A keyed fingerprint of a plan's changes: the reviewed plan and the one that is about to be applied are the same ones
//! exactly when their fingerprints are.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::plan::Plan;

/// Shorter keys can be tried out.
pub(crate) const SHORTEST_KEY: usize = 16;

/// HMAC-SHA-256 over every change in full. It covers values that are not shown, so it must not be guessable: hence the key.
pub(crate) fn of(plan: &Plan, key: &SecretString) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()).ok()?;
    // Whose fingerprint this is, so that the same key can serve elsewhere.
    mac.update(b"provision-infra plan 1\n");
    mac.update(plan.in_full.as_bytes());
    Some(mac.finalize().into_bytes().iter().fold(String::new(), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn change(address: &str, after: &str) -> Value {
        json!({"address": address, "mode": "managed",
            "change": {"actions": ["update"], "before": {"x": "old"}, "after": {"x": after}, "after_sensitive": {"x": true}}})
    }

    fn fingerprint(changes: &[Value], key: &str) -> String {
        let plan = json!({ "resource_changes": changes, "timestamp": "now" }).to_string();
        of(&Plan::parse(plan.as_bytes()).unwrap(), &SecretString::from(key)).unwrap()
    }

    #[test]
    fn it_covers_values_that_are_not_shown_and_no_order() {
        let key = "a key of sixteen and more";
        let (a, b) = (change("a.a", "hidden-1"), change("b.b", "hidden-2"));
        let ours = fingerprint(&[a.clone(), b.clone()], key);
        assert_eq!(ours, fingerprint(&[b.clone(), a.clone()], key));
        assert_ne!(ours, fingerprint(&[a.clone(), change("b.b", "hidden-3")], key));
        assert_ne!(ours, fingerprint(std::slice::from_ref(&a), key));
        assert_ne!(ours, fingerprint(&[a, b], "another key that is long"));
    }
}
