//! What a server does with a signed request (RFC 8945 section 5.2).

use super::algorithm::Algorithm;
use super::key::{Key, Keys};
use super::record::{Found, Malformed, Variables, append, find, hash_message, hash_variables, time_bytes};
use super::sign::Signer;
use crate::message::{HEADER_LEN, Header, Rcode, refuse};
use crate::name::Name;
use ddi_core::UnixTime;

/// What is wrong with a request's signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TsigError {
    /// The message or its TSIG can't be read, the TSIG is not the last record, there are two, or the tag
    /// has a length that it can't have.
    #[error("signature is malformed")]
    Malformed,
    /// The key is not known, or not with this algorithm.
    #[error("key or its algorithm is not known")]
    BadKey,
    /// The tag is not that of this message.
    #[error("signature is not that of the message")]
    BadSig,
    /// The sender's clock is too far from this one.
    #[error("signed at a time too far from this clock's")]
    BadTime,
    /// The tag is cut shorter than the key allows.
    #[error("signature is cut too short")]
    BadTrunc,
}

impl TsigError {
    /// The error in the TSIG of the answer; `None` if that has no TSIG.
    #[must_use]
    pub const fn code(self) -> Option<Rcode> {
        match self {
            Self::Malformed => None,
            Self::BadKey => Some(Rcode::BADKEY),
            Self::BadSig => Some(Rcode::BADSIG),
            Self::BadTime => Some(Rcode::BADTIME),
            Self::BadTrunc => Some(Rcode::BADTRUNC),
        }
    }
}

/// A request that must not be obeyed, and what is needed to say so.
#[derive(Debug)]
pub struct Rejection {
    error: TsigError,
    key_name: Name,
    algorithm: Name,
    original_id: u16,
    time: u64,
    fudge_secs: u16,
    /// Signs the refusal, if the request's tag was good.
    signer: Option<Signer>,
}

impl Keys {
    /// Checks a request's signature in the order of RFC 8945 section 5.2: form, key, tag, time, length of
    /// the tag. `Ok(None)`: it has none. `Ok(Some)`: it is good, and this signs the answer. The TSIG stays in
    /// the message; whoever reads on skips the last record.
    pub fn check(&self, request: &[u8], now: UnixTime) -> Result<Option<Signer>, Box<Rejection>> {
        let found = match find(request) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(None),
            Err(Malformed) => return Err(Rejection::malformed()),
        };
        let known = self.get(found.key_name()).filter(|key| key.algorithm().name() == found.algorithm);
        let Some(key) = known else {
            return Err(Rejection::unsigned(TsigError::BadKey, &found));
        };
        if !length_is_legal(key.algorithm(), found.tag.len()) {
            return Err(Rejection::malformed());
        }
        let mut hash = key.hash();
        hash_message(&mut hash, &request[..found.at], found.original_id, 1);
        hash_variables(&mut hash, key.name(), key.algorithm().name(), &found.variables);
        if !hash.verify(found.tag) {
            return Err(Rejection::unsigned(TsigError::BadSig, &found));
        }
        let error = if !found.is_timely(now.0) {
            TsigError::BadTime
        } else if found.tag.len() < key.tag_len() {
            TsigError::BadTrunc
        } else {
            return Ok(Some(Signer::answer(key, found.tag, found.original_id)));
        };
        Err(Rejection::signed(error, &found, key))
    }

    /// True if the message has a TSIG whose key is none of these: a forwarder hands it on as it is (RFC 8945
    /// section 5.5).
    pub(crate) fn are_foreign_to(&self, message: &[u8]) -> bool {
        matches!(find(message), Ok(Some(found)) if self.get(found.key_name()).is_none())
    }
}

/// Takes the TSIG, if any, off a message that was checked.
pub(crate) fn strip(message: &mut Vec<u8>) {
    if let (Ok(Some(found)), Some(mut header)) = (find(message), Header::parse(message)) {
        header.counts[3] = header.counts[3].saturating_sub(1);
        let at = found.at;
        message.truncate(at);
        message[..HEADER_LEN].copy_from_slice(&header.emit());
    }
}

/// RFC 8945 section 5.2.2.1.
pub(super) fn length_is_legal(algorithm: Algorithm, len: usize) -> bool {
    (algorithm.tag_len_min()..=algorithm.tag_len()).contains(&len)
}

impl Rejection {
    fn malformed() -> Box<Self> {
        Box::new(Self {
            error: TsigError::Malformed,
            key_name: Name::root(),
            algorithm: Name::root(),
            original_id: 0,
            time: 0,
            fudge_secs: 0,
            signer: None,
        })
    }

    fn unsigned(error: TsigError, found: &Found<'_>) -> Box<Self> {
        Box::new(Self {
            error,
            key_name: found.key_name().to_name(),
            algorithm: found.algorithm.to_name(),
            original_id: found.original_id,
            time: found.variables.time,
            fudge_secs: found.variables.fudge_secs,
            signer: None,
        })
    }

    fn signed(error: TsigError, found: &Found<'_>, key: &Key) -> Box<Self> {
        let signer = Signer::answer(key, found.tag, found.original_id);
        Box::new(Self { signer: Some(signer), ..*Self::unsigned(error, found) })
    }

    /// What is wrong.
    #[must_use]
    pub const fn error(&self) -> TsigError {
        self.error
    }

    /// The key's name as the request has it; the root if that can't be read. For the log only, unless the
    /// error is [`TsigError::BadTime`] or [`TsigError::BadTrunc`].
    #[must_use]
    pub const fn key_name(&self) -> &Name {
        &self.key_name
    }

    /// The answer's response code.
    #[must_use]
    pub const fn rcode(&self) -> Rcode {
        match self.error {
            TsigError::Malformed => Rcode::FORMERR,
            _ => Rcode::NOTAUTH,
        }
    }

    /// Writes the whole answer (RFC 8945 section 5.3.2): the request's id, opcode and question, and a TSIG
    /// with the error; without a tag for a bad key or tag, signed for a bad time or length. `None`: it does
    /// not fit, or `request` has no header.
    #[must_use]
    pub fn reply(&self, request: &[u8], now: UnixTime, buf: &mut [u8]) -> Option<usize> {
        let len = refuse(request, self.rcode(), buf)?;
        let Some(error) = self.error.code() else { return Some(len) };
        let now_bytes = time_bytes(now.0);
        // The client's own time lets it check the refusal (section 5.2.3).
        let (time, other): (_, &[u8]) = match self.error {
            TsigError::BadTime => (self.time, &now_bytes),
            _ => (now.0, &[]),
        };
        let variables = Variables { time, fudge_secs: self.fudge_secs, error, other };
        match &self.signer {
            Some(signer) => signer.clone().sign_with(buf, len, &variables),
            None => {
                let (key_name, algorithm) = (self.key_name.as_ref(), self.algorithm.as_ref());
                append(buf, len, key_name, algorithm, &[], self.original_id, &variables)
            }
        }
        .ok()
    }
}
