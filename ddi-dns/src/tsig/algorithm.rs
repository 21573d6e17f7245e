//! The hash functions (RFC 8945 section 6), all by HMAC (RFC 2104).

use crate::name::NameRef;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use std::fmt;
use std::str::FromStr;

/// Longest tag, that of SHA-512.
pub(super) const TAG_MAX: usize = 64;

/// How a tag is made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC-SHA1: for old partners only.
    HmacSha1,
    /// HMAC-SHA224.
    HmacSha224,
    /// HMAC-SHA256: the usual one.
    HmacSha256,
    /// HMAC-SHA384.
    HmacSha384,
    /// HMAC-SHA512.
    HmacSha512,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::HmacSha1, Self::HmacSha224, Self::HmacSha256, Self::HmacSha384, Self::HmacSha512];

    /// Bytes of a whole tag.
    #[must_use]
    pub const fn tag_len(self) -> usize {
        match self {
            Self::HmacSha1 => 20,
            Self::HmacSha224 => 28,
            Self::HmacSha256 => 32,
            Self::HmacSha384 => 48,
            Self::HmacSha512 => 64,
        }
    }

    /// Fewest bytes that a tag may be cut to (RFC 8945 section 5.2.2.1).
    #[must_use]
    pub const fn tag_len_min(self) -> usize {
        let half = self.tag_len() / 2;
        if half < 10 { 10 } else { half }
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> NameRef<'static> {
        let wire: &[u8] = match self {
            Self::HmacSha1 => b"\x09hmac-sha1\0",
            Self::HmacSha224 => b"\x0bhmac-sha224\0",
            Self::HmacSha256 => b"\x0bhmac-sha256\0",
            Self::HmacSha384 => b"\x0bhmac-sha384\0",
            Self::HmacSha512 => b"\x0bhmac-sha512\0",
        };
        NameRef::new(wire).unwrap_or(NameRef::ROOT)
    }

    const fn text(self) -> &'static str {
        match self {
            Self::HmacSha1 => "hmac-sha1",
            Self::HmacSha224 => "hmac-sha224",
            Self::HmacSha256 => "hmac-sha256",
            Self::HmacSha384 => "hmac-sha384",
            Self::HmacSha512 => "hmac-sha512",
        }
    }
}

/// The text names no algorithm that is known here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("algorithm is not one of hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512")]
#[allow(clippy::exhaustive_structs, reason = "says all it can")]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        let text = text.strip_suffix('.').unwrap_or(text);
        Self::ALL.into_iter().find(|a| a.text().eq_ignore_ascii_case(text)).ok_or(UnknownAlgorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// A tag, whole or cut.
#[derive(Clone, Copy)]
pub(super) struct Tag {
    bytes: [u8; TAG_MAX],
    len: usize,
}

impl Tag {
    fn of(bytes: &[u8]) -> Self {
        let mut tag = Self { bytes: [0; TAG_MAX], len: bytes.len().min(TAG_MAX) };
        tag.bytes[..tag.len].copy_from_slice(&bytes[..tag.len]);
        tag
    }

    /// Its first `len` bytes.
    pub(super) fn cut(&self, len: usize) -> &[u8] {
        &self.bytes[..len.min(self.len)]
    }
}

/// A running hash, keyed.
#[derive(Clone)]
pub(super) enum Hash {
    Sha1(Hmac<Sha1>),
    Sha224(Hmac<Sha224>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

/// The same expression for the hash of each variant.
macro_rules! each {
    ($of:expr, $hash:ident => $do:expr) => {
        match $of {
            Self::Sha1($hash) => $do,
            Self::Sha224($hash) => $do,
            Self::Sha256($hash) => $do,
            Self::Sha384($hash) => $do,
            Self::Sha512($hash) => $do,
        }
    };
}

impl Hash {
    /// `None` can't come: HMAC takes secrets of any length.
    pub(super) fn new(algorithm: Algorithm, secret: &[u8]) -> Option<Self> {
        Some(match algorithm {
            Algorithm::HmacSha1 => Self::Sha1(Hmac::new_from_slice(secret).ok()?),
            Algorithm::HmacSha224 => Self::Sha224(Hmac::new_from_slice(secret).ok()?),
            Algorithm::HmacSha256 => Self::Sha256(Hmac::new_from_slice(secret).ok()?),
            Algorithm::HmacSha384 => Self::Sha384(Hmac::new_from_slice(secret).ok()?),
            Algorithm::HmacSha512 => Self::Sha512(Hmac::new_from_slice(secret).ok()?),
        })
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        each!(self, hash => Mac::update(hash, bytes));
    }

    pub(super) fn finish(self) -> Tag {
        each!(self, hash => Tag::of(&hash.finalize().into_bytes()))
    }

    /// Is `tag`, perhaps cut, what comes out? In constant time.
    pub(super) fn verify(self, tag: &[u8]) -> bool {
        each!(self, hash => hash.verify_truncated_left(tag).is_ok())
    }
}
