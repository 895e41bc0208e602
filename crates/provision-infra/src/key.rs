//! `plan-key`: what a plan is sealed with, and what keys its fingerprint.

use std::io::Read as _;

use age::{DecryptError, scrypt, x25519};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// Shorter passphrases can be tried out.
const SHORTEST: usize = 16;
/// scrypt with N = 2^15: 32 MB and a tenth of a second. The passphrase is a machine's, not one that a person remembers.
const WORK: u8 = 15;
/// What a file may ask of us, so that a forged one cannot keep the machine busy.
const MOST_WORK: u8 = 20;

pub(crate) struct PlanKey {
    kind: Kind,
    /// The passphrase, or the recipient: what `plan` and `apply` both know.
    shared: SecretString,
}

enum Kind {
    Passphrase(SecretString),
    /// Seals, and cannot open: for a `plan` that must not read other plans.
    Recipient(x25519::Recipient),
    Identity(x25519::Identity),
}

/// Why a sealed file stays closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It was sealed with another key.
    Key,
    /// It is not as it was sealed.
    Broken,
}

impl PlanKey {
    pub(crate) fn parse(key: &SecretString) -> Result<Self, &'static str> {
        let text = key.expose_secret().trim();
        if text.starts_with("AGE-SECRET-KEY-") {
            let identity: x25519::Identity =
                text.parse().map_err(|_| "begins as an age identity does, and is none")?;
            let shared = identity.to_public().to_string().into();
            return Ok(Self { kind: Kind::Identity(identity), shared });
        }
        if text.starts_with("age1") {
            let recipient: x25519::Recipient =
                text.parse().map_err(|_| "begins as an age recipient does, and is none")?;
            let shared = recipient.to_string().into();
            return Ok(Self { kind: Kind::Recipient(recipient), shared });
        }
        if text.chars().count() < SHORTEST {
            return Err("has less than 16 characters");
        }
        let passphrase = SecretString::from(text);
        Ok(Self { kind: Kind::Passphrase(passphrase.clone()), shared: passphrase })
    }

    /// Whether it opens what it seals.
    pub(crate) fn opens(&self) -> bool {
        !matches!(self.kind, Kind::Recipient(_))
    }

    /// HMAC-SHA-256 of `bytes`. `purpose` keeps what is made for one end from serving another.
    pub(crate) fn mac(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.shared.expose_secret().as_bytes())
        else {
            unreachable!("HMAC takes a key of any length")
        };
        mac.update(purpose.as_bytes());
        mac.update(b"\n");
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }

    /// `bytes` in the age format.
    pub(crate) fn seal(&self, bytes: &[u8]) -> Result<Vec<u8>, age::EncryptError> {
        match &self.kind {
            Kind::Passphrase(passphrase) => {
                let mut recipient = scrypt::Recipient::new(passphrase.clone());
                recipient.set_work_factor(WORK);
                age::encrypt(&recipient, bytes)
            }
            Kind::Recipient(recipient) => age::encrypt(recipient, bytes),
            Kind::Identity(identity) => age::encrypt(&identity.to_public(), bytes),
        }
    }

    pub(crate) fn open(&self, bytes: &[u8]) -> Result<Vec<u8>, Closed> {
        match &self.kind {
            Kind::Passphrase(passphrase) => {
                let mut identity = scrypt::Identity::new(passphrase.clone());
                identity.set_max_work_factor(MOST_WORK);
                open(&identity, bytes)
            }
            Kind::Identity(identity) => open(identity, bytes),
            Kind::Recipient(_) => Err(Closed::Key),
        }
    }
}

fn open(identity: &dyn age::Identity, bytes: &[u8]) -> Result<Vec<u8>, Closed> {
    let decryptor = age::Decryptor::new_buffered(bytes).map_err(|_| Closed::Broken)?;
    let mut content =
        decryptor.decrypt(std::iter::once(identity)).map_err(|error| match error {
            DecryptError::DecryptionFailed
            | DecryptError::KeyDecryptionFailed
            | DecryptError::NoMatchingKeys => Closed::Key,
            _ => Closed::Broken,
        })?;
    let mut plain = Vec::new();
    content.read_to_end(&mut plain).map_err(|_| Closed::Broken)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> PlanKey {
        PlanKey::parse(&SecretString::from(text)).unwrap()
    }

    #[test]
    fn a_passphrase_opens_what_it_sealed_and_nothing_else() {
        let ours = key("a key of sixteen and more");
        let sealed = ours.seal(b"content").unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"content"));
        assert_eq!(ours.open(&sealed).as_deref(), Ok(b"content".as_slice()));
        assert_eq!(key("another key of sixteen").open(&sealed), Err(Closed::Key));
        let mut tampered = sealed;
        *tampered.last_mut().unwrap() ^= 1;
        assert_eq!(ours.open(&tampered), Err(Closed::Broken));
    }

    #[test]
    fn a_recipient_seals_what_its_identity_alone_opens() {
        let identity = x25519::Identity::generate();
        let recipient = key(&identity.to_public().to_string());
        let sealed = recipient.seal(b"content").unwrap();
        assert_eq!(recipient.open(&sealed), Err(Closed::Key));
        let identity = key(identity.to_string().expose_secret());
        assert_eq!(identity.open(&sealed).as_deref(), Ok(b"content".as_slice()));
        assert_eq!(identity.mac("x", b"y"), recipient.mac("x", b"y"));
        assert!(identity.opens() && !recipient.opens());
    }

    #[test]
    fn a_short_or_garbled_key_is_none() {
        for text in ["short", "age1qqqqqqqqqqqqqqqqqqqq", "AGE-SECRET-KEY-1QQQQ"] {
            assert!(PlanKey::parse(&SecretString::from(text)).is_err(), "{text}");
        }
    }
}
