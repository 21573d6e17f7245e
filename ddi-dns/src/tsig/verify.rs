//! What a client does with the answer to a signed request (RFC 8945 sections 5.3.1 and 5.4).

use super::algorithm::Hash;
use super::key::Key;
use super::record::{Malformed, find, hash_message, hash_timers, hash_variables};
use super::request::length_is_legal;
use crate::message::Rcode;
use ddi_core::UnixTime;
use std::fmt;

/// Most messages in a row without a signature that a transfer may have (RFC 8945 section 5.3.1).
pub const UNSIGNED_MAX: usize = 99;

/// Why a message is not to be trusted. An answer that came over UDP may be forged: drop it and wait on for
/// a better one until the request times out (RFC 8945 section 5.4). A stream is to be closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// No signature where one must be: the first message, the last, or after [`UNSIGNED_MAX`] without.
    #[error("signature is missing")]
    Missing,
    /// The message or its TSIG can't be read, or the TSIG is not its last record.
    #[error("signature is malformed")]
    Malformed,
    /// Signed with another key or algorithm than the request.
    #[error("signed with another key")]
    BadKey,
    /// The tag is not that of the messages.
    #[error("signature is not that of the message")]
    BadSig,
    /// The sender's clock is too far from this one.
    #[error("signed at a time too far from this clock's")]
    BadTime,
    /// The tag is cut shorter than the key allows.
    #[error("signature is cut too short")]
    BadTrunc,
    /// The answer says, well signed, that the server refuses the request's signature.
    #[error("server refuses the signature with code {}", code.0)]
    Refused {
        /// BADTIME or BADTRUNC.
        code: Rcode,
        /// The server's clock, if the code is BADTIME.
        server_time: Option<UnixTime>,
    },
    /// The answer says so without a signature: BADKEY or BADSIG. Anyone can have sent it.
    #[error("answer without a signature says that the server refuses it with code {}", code.0)]
    RefusedUnsigned {
        /// The code.
        code: Rcode,
    },
}

/// How a message that was accepted was signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a message has a signature or none")]
pub enum Signature {
    /// It and all before it are proven.
    Good,
    /// It has none: nothing of it may be used until a later one is [`Signature::Good`].
    Pending,
}

/// Checks the answer to one request, or all messages of a long answer in their order.
///
/// What is unsigned is hashed as it comes and not kept: memory is constant. A message that is refused
/// changes nothing, so that a good one may still follow.
#[derive(Clone)]
pub struct Verifier {
    key: Key,
    /// Over the tag of the last signed message and the unsigned messages since.
    hash: Hash,
    unsigned: usize,
    is_first: bool,
}

impl Verifier {
    pub(super) fn after_request(key: &Key, tag: &[u8]) -> Self {
        Self { key: key.clone(), hash: key.hash_after(tag), unsigned: 0, is_first: true }
    }

    /// The key that signed the request.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Checks the next message. Its id is the caller's to compare. If it is well signed the TSIG is its
    /// last record, for the reader to skip.
    pub fn check(&mut self, message: &[u8], now: UnixTime) -> Result<Signature, VerifyError> {
        let found = match find(message) {
            Ok(Some(found)) => found,
            Ok(None) => return self.on_unsigned(message),
            Err(Malformed) => return Err(VerifyError::Malformed),
        };
        let (name, algorithm) = (self.key.name(), self.key.algorithm());
        if found.tag.is_empty() && found.variables.error != Rcode::NOERROR {
            return Err(VerifyError::RefusedUnsigned { code: found.variables.error });
        }
        if found.key_name() != name || found.algorithm != algorithm.name() {
            return Err(VerifyError::BadKey);
        }
        if !length_is_legal(algorithm, found.tag.len()) {
            return Err(VerifyError::Malformed);
        }
        let mut hash = self.hash.clone();
        hash_message(&mut hash, &message[..found.at], found.original_id, 1);
        if self.is_first {
            hash_variables(&mut hash, name, algorithm.name(), &found.variables);
        } else {
            hash_timers(&mut hash, &found.variables);
        }
        if !hash.verify(found.tag) {
            return Err(VerifyError::BadSig);
        }
        if !found.is_timely(now.0) {
            return Err(VerifyError::BadTime);
        }
        if found.tag.len() < self.key.tag_len() {
            return Err(VerifyError::BadTrunc);
        }
        if found.variables.error != Rcode::NOERROR {
            let server_time = server_time(found.variables.other);
            return Err(VerifyError::Refused { code: found.variables.error, server_time });
        }
        self.hash = self.key.hash_after(found.tag);
        self.unsigned = 0;
        self.is_first = false;
        Ok(Signature::Good)
    }

    fn on_unsigned(&mut self, message: &[u8]) -> Result<Signature, VerifyError> {
        if self.is_first || self.unsigned >= UNSIGNED_MAX {
            return Err(VerifyError::Missing);
        }
        self.hash.update(message);
        self.unsigned += 1;
        Ok(Signature::Pending)
    }

    /// Call at the end of a stream: the last message must have been signed.
    pub const fn finish(&self) -> Result<(), VerifyError> {
        if self.is_first || self.unsigned > 0 { Err(VerifyError::Missing) } else { Ok(()) }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({:?}, {} unsigned)", self.key, self.unsigned)
    }
}

/// The 48 bits that come with BADTIME.
fn server_time(other: &[u8]) -> Option<UnixTime> {
    let bytes: &[u8; 6] = other.try_into().ok()?;
    Some(UnixTime(bytes.iter().fold(0, |time, &byte| time << 8 | u64::from(byte))))
}
