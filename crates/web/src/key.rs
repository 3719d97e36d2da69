//! The key that every request must carry.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// The fewest characters of a key that somebody chose.
const SHORTEST: usize = 16;

/// A bearer key. Its text is never shown by `Debug`.
#[derive(Clone)]
pub struct ApiKey(String);

/// A text that is no key. It does not repeat the text, which may be nearly one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidKey {
    /// Too few characters to be safe.
    #[error("the key has {0} characters; it takes at least {SHORTEST}")]
    TooShort(usize),
    /// A header could not carry it.
    #[error("the key holds a space or a character that is not printable ASCII")]
    NotPrintable,
}

impl ApiKey {
    /// A fresh key of 256 random bits.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The key's text, to be shown once to whoever is to use it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether a text is this key, in a time that says nothing of how much of it fits.
    #[must_use]
    pub fn is(&self, text: &[u8]) -> bool {
        // Digests have one length and can't be steered, so that not even the comparing loop has anything to tell.
        let (own, other) = (Sha256::digest(&self.0), Sha256::digest(text));
        own.iter().zip(other.iter()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
    }
}

impl FromStr for ApiKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Err(InvalidKey::NotPrintable)
        } else if text.len() < SHORTEST {
            Err(InvalidKey::TooShort(text.len()))
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_itself_and_nothing_else() {
        let key: ApiKey = "0123456789abcdef".parse().expect("a key");
        assert!(key.is(b"0123456789abcdef"));
        for other in [&b"0123456789abcdeF"[..], b"0123456789abcde", b"0123456789abcdef ", b""] {
            assert!(!key.is(other));
        }
    }

    #[test]
    fn generated_keys_are_long_differ_and_are_not_shown() {
        let (one, other) = (ApiKey::generate().expect("random"), ApiKey::generate().expect("random"));
        assert_eq!(one.reveal().len(), 64);
        assert_ne!(one.reveal(), other.reveal());
        assert!(!format!("{one:?}").contains(one.reveal()));
    }

    #[test]
    fn a_weak_or_unusable_key_is_refused() {
        assert_eq!("short".parse::<ApiKey>().expect_err("too short"), InvalidKey::TooShort(5));
        assert_eq!("0123456789 abcdef".parse::<ApiKey>().expect_err("a space"), InvalidKey::NotPrintable);
        assert_eq!("schlüssel-schlüssel".parse::<ApiKey>().expect_err("no ASCII"), InvalidKey::NotPrintable);
    }
}
