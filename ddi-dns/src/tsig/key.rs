//! Secrets that two sides share, by name.

use super::algorithm::{Algorithm, Hash};
use crate::name::{Name, NameRef};
use std::fmt;
use std::sync::Arc;

/// How far the clocks of the two sides may be apart (RFC 8945 section 10).
pub const FUDGE_SECS: u16 = 300;

/// Why a key can't be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No secret.
    #[error("key has an empty secret")]
    EmptySecret,
    /// A tag can't be cut to so few bytes, or is not as long.
    #[error("tags of {algorithm} have {} to {} bytes, not {len}", algorithm.tag_len_min(), algorithm.tag_len())]
    TagLen {
        /// The key's.
        algorithm: Algorithm,
        /// What was asked for.
        len: usize,
    },
    /// Two keys of one name.
    #[error("two keys have the same name")]
    DoubleName,
}

struct Shared {
    /// In lower case, as it is hashed.
    name: Name,
    algorithm: Algorithm,
    /// After the secret, before any message.
    hash: Hash,
    tag_len: usize,
    fudge_secs: u16,
}

/// A secret, its name and its algorithm. A name has one algorithm only (RFC 8945 section 10). Cloning is
/// cheap: clones share the secret. `Debug` does not show it.
#[derive(Clone)]
pub struct Key(Arc<Shared>);

impl Key {
    /// A key whose tags are sent whole, with [`FUDGE_SECS`]. `secret` is not in base 64.
    pub fn new(name: NameRef<'_>, algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        Self::with(name, algorithm, secret, algorithm.tag_len(), FUDGE_SECS)
    }

    /// A key whose tags are cut to `tag_len` bytes when sent; those that come must be as long at least.
    /// `fudge_secs` is how far the clocks may be apart by what this side signs.
    pub fn with(
        name: NameRef<'_>,
        algorithm: Algorithm,
        secret: &[u8],
        tag_len: usize,
        fudge_secs: u16,
    ) -> Result<Self, KeyError> {
        if tag_len < algorithm.tag_len_min() || tag_len > algorithm.tag_len() {
            return Err(KeyError::TagLen { algorithm, len: tag_len });
        }
        let hash = match Hash::new(algorithm, secret) {
            Some(hash) if !secret.is_empty() => hash,
            _ => return Err(KeyError::EmptySecret),
        };
        let name = Name::from_wire(&name.wire().to_ascii_lowercase()).unwrap_or_else(|_| name.to_name());
        Ok(Self(Arc::new(Shared { name, algorithm, hash, tag_len, fudge_secs })))
    }

    /// Its name, in lower case.
    #[must_use]
    pub fn name(&self) -> NameRef<'_> {
        self.0.name.as_ref()
    }

    /// Its algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// Bytes of a tag, as it is sent and at least must come.
    #[must_use]
    pub fn tag_len(&self) -> usize {
        self.0.tag_len
    }

    /// How far the clocks may be apart by what this side signs.
    #[must_use]
    pub fn fudge_secs(&self) -> u16 {
        self.0.fudge_secs
    }

    pub(super) fn hash(&self) -> Hash {
        self.0.hash.clone()
    }

    /// A hash that starts with the tag of the message before (RFC 8945 sections 4.3.1 and 5.3.1).
    pub(super) fn hash_after(&self, tag: &[u8]) -> Hash {
        let mut hash = self.hash();
        hash.update(&(tag.len() as u16).to_be_bytes());
        hash.update(tag);
        hash
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} {})", self.0.name, self.0.algorithm)
    }
}

/// The keys that a server knows.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// By name.
    keys: Vec<Key>,
}

impl Keys {
    /// No key: every signature is one of an unknown key.
    #[must_use]
    pub const fn new() -> Self {
        Self { keys: Vec::new() }
    }

    /// Adds a key; its name must be new.
    pub fn add(&mut self, key: Key) -> Result<(), KeyError> {
        match self.position(key.name()) {
            Ok(_) => Err(KeyError::DoubleName),
            Err(at) => {
                self.keys.insert(at, key);
                Ok(())
            }
        }
    }

    /// The key of this name.
    #[must_use]
    pub fn get(&self, name: NameRef<'_>) -> Option<&Key> {
        self.position(name).ok().map(|at| &self.keys[at])
    }

    fn position(&self, name: NameRef<'_>) -> Result<usize, usize> {
        self.keys.binary_search_by(|key| key.name().cmp(&name))
    }
}
