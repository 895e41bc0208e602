//! A keyed fingerprint of a plan's changes: the reviewed plan and the one that is about to be applied are the same ones
//! exactly when their fingerprints are.
//!
//! `<HMAC of all changes, in hex>-<n><tags>`: the tags are n bytes of each change's own HMAC, as far as the whole fits the
//! description of a commit status. They decide nothing; they let a later run say *which* changes are other ones.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    key::PlanKey,
    plan::{InFull, Plan},
};

/// GitHub: a status's description has at most 140 characters, 66 of which the HMAC and the separators take.
const TAG_BYTES: usize = 54;
/// More changes in one sentence are not read.
const NAMED: usize = 10;

pub(crate) fn of(plan: &Plan, key: &PlanKey) -> String {
    let texts: Vec<&str> = plan.in_full.iter().map(|change| change.text.as_str()).collect();
    // The values that are not shown are in it, so it must not be guessable: hence the key.
    let mut fingerprint = hex(&key.mac("plan fingerprint", texts.join("\n").as_bytes()));
    let length = TAG_BYTES.checked_div(plan.in_full.len()).unwrap_or_default().min(4);
    if length > 0 {
        let tags: Vec<u8> =
            plan.in_full.iter().flat_map(|change| tag(change, key, length)).collect();
        let _infallible = write!(fingerprint, "-{length}{}", URL_SAFE_NO_PAD.encode(tags));
    }
    fingerprint
}

/// Whether `reviewed` and `now` stand for the same changes.
pub(crate) fn same(reviewed: &str, now: &str) -> bool {
    let whole = |fingerprint: &str| fingerprint.split('-').next().map(str::to_owned);
    whole(reviewed) == whole(now)
}

/// How the changes of `plan` differ from those that `reviewed` stands for, in words.
pub(crate) fn difference(reviewed: &str, plan: &Plan, key: &PlanKey) -> String {
    let mut others: Vec<&InFull> = plan.in_full.iter().collect();
    let mut gone = 0;
    if let Some((length, mut tags)) = tags(reviewed) {
        others.retain(|change| {
            let own = tag(change, key, length);
            match tags.iter().position(|tag| *tag == own) {
                Some(at) => {
                    tags.swap_remove(at);
                    false
                }
                None => true,
            }
        });
        gone = tags.len();
    }
    let mut named: Vec<String> =
        others.iter().take(NAMED).map(|change| change.label.clone()).collect();
    if others.len() > NAMED {
        named.push(format!("{} more", others.len() - NAMED));
    }
    let named = if named.is_empty() {
        "no change that would be new".to_owned()
    } else {
        format!("not among them: {}", named.join(", "))
    };
    match gone {
        0 => named,
        1 => format!("{named}; 1 of those that were reviewed is no longer there as it was"),
        many => {
            format!("{named}; {many} of those that were reviewed are no longer there as they were")
        }
    }
}

fn tag(change: &InFull, key: &PlanKey, length: usize) -> Vec<u8> {
    key.mac("plan change", change.text.as_bytes())[..length].to_vec()
}

fn tags(fingerprint: &str) -> Option<(usize, Vec<Vec<u8>>)> {
    let (_, tags) = fingerprint.split_once('-')?;
    let (length, tags) = tags.split_at_checked(1)?;
    let length = length.parse().ok().filter(|length| *length > 0)?;
    let bytes = URL_SAFE_NO_PAD.decode(tags).ok()?;
    Some((length, bytes.chunks(length).map(<[u8]>::to_vec).collect()))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use serde_json::{Value, json};

    use super::*;

    fn change(address: &str, after: &str) -> Value {
        json!({"address": address, "mode": "managed",
            "change": {"actions": ["update"], "before": {"x": "old"}, "after": {"x": after}, "after_sensitive": {"x": true}}})
    }

    fn plan(changes: &[Value]) -> Plan {
        let plan = json!({ "resource_changes": changes, "timestamp": "now" }).to_string();
        Plan::parse(plan.as_bytes()).unwrap()
    }

    fn key(text: &str) -> PlanKey {
        PlanKey::parse(&SecretString::from(text)).unwrap()
    }

    #[test]
    fn it_covers_values_that_are_not_shown_and_no_order() {
        let ours = key("a key of sixteen and more");
        let (a, b) = (change("a.a", "hidden-1"), change("b.b", "hidden-2"));
        let of = |changes: &[Value]| of(&plan(changes), &ours);
        let reviewed = of(&[a.clone(), b.clone()]);
        assert_eq!(reviewed, of(&[b.clone(), a.clone()]));
        assert!(!same(&reviewed, &of(&[a.clone(), change("b.b", "hidden-3")])));
        assert!(!same(&reviewed, &of(std::slice::from_ref(&a))));
        let other = super::of(&plan(&[a, b]), &key("another key that is long"));
        assert!(!same(&reviewed, &other));
        assert!(same(&reviewed, &reviewed[..64]), "the tags decide nothing");
    }

    #[test]
    fn what_differs_is_named() {
        let ours = key("a key of sixteen and more");
        let (a, b, c) = (change("a.a", "1"), change("b.b", "2"), change("c.c", "3"));
        let reviewed = of(&plan(&[a.clone(), b]), &ours);
        assert_eq!(
            difference(&reviewed, &plan(&[a.clone(), change("b.b", "hidden"), c]), &ours),
            "not among them: change b.b, change c.c; 1 of those that were reviewed is no longer there as it was"
        );
        assert_eq!(
            difference(&reviewed, &plan(std::slice::from_ref(&a)), &ours),
            "no change that would be new; 1 of those that were reviewed is no longer there as it was"
        );
        assert_eq!(difference(&reviewed[..64], &plan(&[a]), &ours), "not among them: change a.a");
    }

    #[test]
    fn it_fits_the_description_of_a_status() {
        let ours = key("a key of sixteen and more");
        for count in [0, 1, 13, 14, 54, 55, 2000] {
            let changes: Vec<Value> =
                (0..count).map(|index| change(&format!("a.b[{index}]"), "1")).collect();
            let fingerprint = of(&plan(&changes), &ours);
            assert!(fingerprint.len() <= 140, "{count}: {}", fingerprint.len());
        }
    }
}
