//! A plan in a file that can be handed on: with the lock file and the facts it was made from, authenticated under `plan-key`
//! and encrypted, because a plan holds secrets in clear.
//!
//! The file is a line `provision-infra plan 1 <how> <seal>` and the content as JSON, all of it inside the age format where
//! there is a key. Without one the seal is a plain hash, which tells accidents and no forgery.

use std::{collections::BTreeMap, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    facts::Facts,
    fingerprint::hex,
    key::{Closed, PlanKey},
};

const TITLE: &str = "provision-infra plan 1";
/// How a file in the age format begins (age: "age-encryption.org/v1").
const AGE: &[u8] = b"age-encryption.org/";
pub(crate) const LOCK_FILE: &str = ".terraform.lock.hcl";

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SealedPlan {
    pub(crate) facts: Facts,
    /// The lock file as it was after `init`, where there is one.
    pub(crate) lock_file: Option<String>,
    plan: String,
}

impl SealedPlan {
    pub(crate) fn new(facts: Facts, lock_file: Option<String>, plan: &[u8]) -> Self {
        Self { facts, lock_file, plan: STANDARD.encode(plan) }
    }

    /// Terraform's own plan file.
    pub(crate) fn plan(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.plan).ok()
    }

    pub(crate) fn seal(&self, key: Option<&PlanKey>) -> Result<Vec<u8>, std::io::Error> {
        let content = serde_json::to_string(self)?;
        let text = format!("{TITLE} {}\n{content}", seal_of(&content, key));
        match key {
            Some(key) => key.seal(text.as_bytes()).map_err(std::io::Error::other),
            None => Ok(text.into_bytes()),
        }
    }

    /// What `bytes` hold, or why they are not to be trusted.
    pub(crate) fn open(bytes: &[u8], key: Option<&PlanKey>) -> Result<Self, &'static str> {
        const BROKEN: &str = "its seal is broken: this is not what `plan` wrote";
        let opened;
        let text = match (is_encrypted(bytes), key) {
            (true, Some(key)) => {
                opened = key.open(bytes).map_err(|closed| match closed {
                    Closed::Key => "it was sealed with another `plan-key`",
                    Closed::Broken => BROKEN,
                })?;
                &opened
            }
            (true, None) => return Err("it is encrypted, and there is no `plan-key`"),
            (false, Some(_)) => return Err("it was sealed without this `plan-key`"),
            (false, None) => bytes,
        };
        let text = std::str::from_utf8(text).map_err(|_| "it is no plan that `plan` sealed")?;
        let (title, content) = text.split_once('\n').ok_or("it is no plan that `plan` sealed")?;
        let seal = title.strip_prefix(TITLE).ok_or("it is no plan that `plan` sealed")?;
        if seal.trim() != seal_of(content, key) {
            return Err(BROKEN);
        }
        serde_json::from_str(content).map_err(|_| BROKEN)
    }
}

pub(crate) fn is_encrypted(bytes: &[u8]) -> bool {
    bytes.starts_with(AGE)
}

fn seal_of(content: &str, key: Option<&PlanKey>) -> String {
    match key {
        // Whoever knows a recipient can encrypt to it: the encryption alone would not say who made the plan.
        Some(key) => format!("hmac-sha256 {}", hex(&key.mac("sealed plan", content.as_bytes()))),
        None => format!("sha256 {}", hex(&Sha256::digest(content.as_bytes()))),
    }
}

/// The lock file of `root`.
pub(crate) fn lock_file(root: &Path) -> Option<String> {
    fs::read_to_string(root.join(LOCK_FILE)).ok()
}

/// The providers for which `now` says something that `sealed` does not. That `init` adds hashes of other platforms to a
/// file is no difference.
pub(crate) fn unlike(sealed: &str, now: &str) -> Vec<String> {
    let sealed = providers(sealed);
    let known = |provider: &str, line: &str| {
        sealed.get(provider).is_some_and(|lines: &Vec<String>| lines.iter().any(|l| l == line))
    };
    providers(now)
        .into_iter()
        .filter(|(provider, lines)| lines.iter().any(|line| !known(provider, line)))
        .map(|(provider, _)| provider)
        .collect()
}

/// By provider, the lines of its block.
fn providers(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut current = None;
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("provider \"") {
            let name = name.split('"').next().unwrap_or_default().to_owned();
            found.entry(name.clone()).or_default();
            current = Some(name);
        } else if let Some(lines) = current.as_ref().and_then(|name| found.get_mut(name)) {
            // `terraform fmt` lines up the equals signs by what else is there.
            lines.push(line.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn key(text: &str) -> PlanKey {
        PlanKey::parse(&SecretString::from(text)).unwrap()
    }

    fn sealed() -> SealedPlan {
        SealedPlan::new(Facts::default(), Some("lock".to_owned()), b"PK plan")
    }

    #[test]
    fn a_seal_opens_with_its_key_alone() {
        let (ours, theirs) = (key("a key of sixteen and more"), key("another key of sixteen"));
        for key in [None, Some(&ours)] {
            let bytes = sealed().seal(key).unwrap();
            assert_eq!(is_encrypted(&bytes), key.is_some());
            let opened = SealedPlan::open(&bytes, key).unwrap();
            assert_eq!(opened, sealed());
            assert_eq!(opened.plan().as_deref(), Some(b"PK plan".as_slice()));
        }
        let open = |bytes: &[u8], key| SealedPlan::open(bytes, key).unwrap_err();
        let (plain, closed) = (sealed().seal(None).unwrap(), sealed().seal(Some(&ours)).unwrap());
        assert!(open(&closed, Some(&theirs)).contains("another `plan-key`"));
        assert!(open(&closed, None).contains("there is no `plan-key`"));
        assert!(open(&plain, Some(&ours)).contains("without this `plan-key`"));
        assert!(open(b"PK\x03\x04", None).contains("no plan that `plan` sealed"));
    }

    #[test]
    fn a_changed_byte_breaks_the_seal() {
        let ours = key("a key of sixteen and more");
        for key in [None, Some(&ours)] {
            let bytes = sealed().seal(key).unwrap();
            for at in [bytes.len() - 1, bytes.len() / 2 + 20] {
                let mut tampered = bytes.clone();
                tampered[at] ^= 1;
                assert!(SealedPlan::open(&tampered, key).is_err(), "{at}");
            }
        }
    }

    #[test]
    fn a_recipient_s_plan_is_authenticated_too() {
        let identity = age::x25519::Identity::generate();
        let ours = key(secrecy::ExposeSecret::expose_secret(&identity.to_string()));
        // Encrypted to the right one by somebody who made up the rest.
        let content = serde_json::to_string(&sealed()).unwrap();
        let forged = format!("{TITLE} {}\n{content}", seal_of(&content, None));
        let forged = age::encrypt(&identity.to_public(), forged.as_bytes()).unwrap();
        assert!(SealedPlan::open(&forged, Some(&ours)).unwrap_err().contains("broken"));
    }

    #[test]
    fn more_hashes_are_no_difference_and_another_version_is() {
        let lock = "# made by init\nprovider \"r/h/aws\" {\n  version     = \"6.0.0\"\n  hashes = [\n    \"h1:a\",\n  ]\n}\n";
        let sealed = lock.replace("\"h1:a\",", "\"h1:a\",\n    \"h1:b\",");
        assert_eq!(unlike(&sealed, lock), Vec::<String>::new());
        assert_eq!(unlike(&sealed, &lock.replace("6.0.0", "6.0.1")), ["r/h/aws"]);
        assert_eq!(unlike(&sealed, &lock.replace("h/aws", "h/tls")), ["r/h/tls"]);
    }
}
