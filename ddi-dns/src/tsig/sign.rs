//! Signing: a client's request, a server's answers to it.

use super::algorithm::TAG_MAX;
use super::key::Key;
use super::record::{Variables, append, hash_message, hash_timers, hash_variables, record_len};
use super::verify::Verifier;
use crate::message::{Flags, Full, HEADER_LEN, Header, Rcode, Reader};
use ddi_core::UnixTime;
use std::fmt;

impl Key {
    /// Bytes that a signature by this key adds to a request.
    #[must_use]
    pub fn signature_len(&self) -> usize {
        record_len(self.name(), self.algorithm().name(), self.tag_len(), 0)
    }

    /// Signs the request in `buf[..len]` (RFC 8945 section 5.1); gives its new length and what checks the
    /// answer.
    pub fn sign_request(&self, buf: &mut [u8], len: usize, now: UnixTime) -> Result<(usize, Verifier), Full> {
        let message = buf.get(..len).ok_or(Full)?;
        let id = Header::parse(message).ok_or(Full)?.id;
        let (name, algorithm) = (self.name(), self.algorithm().name());
        let variables =
            Variables { time: now.0, fudge_secs: self.fudge_secs(), error: Rcode::NOERROR, other: &[] };
        let mut hash = self.hash();
        hash_message(&mut hash, message, id, 0);
        hash_variables(&mut hash, name, algorithm, &variables);
        let tag = hash.finish();
        let tag = tag.cut(self.tag_len());
        let len = append(buf, len, name, algorithm, tag, id, &variables)?;
        Ok((len, Verifier::after_request(self, tag)))
    }
}

/// Signs the answer to one request, or all messages of a long answer in their order (RFC 8945 sections 5.3
/// and 5.3.1). Every message is signed.
#[derive(Clone)]
pub struct Signer {
    key: Key,
    /// Of the message before: first the request.
    prior: [u8; TAG_MAX],
    prior_len: usize,
    /// Answers' tags are no shorter than the request's (section 7).
    tag_len: usize,
    original_id: u16,
    is_first: bool,
    /// Of the message before: times don't go back in a stream.
    time: u64,
}

impl Signer {
    pub(super) fn answer(key: &Key, request_tag: &[u8], original_id: u16) -> Self {
        let mut signer = Self {
            key: key.clone(),
            prior: [0; TAG_MAX],
            prior_len: 0,
            tag_len: key.tag_len().max(request_tag.len()),
            original_id,
            is_first: true,
            time: 0,
        };
        signer.follow(request_tag);
        signer
    }

    fn follow(&mut self, tag: &[u8]) {
        self.prior_len = tag.len().min(TAG_MAX);
        self.prior[..self.prior_len].copy_from_slice(&tag[..self.prior_len]);
    }

    /// The key that signed the request.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Bytes that the signature adds: to be left free by who writes the answer.
    #[must_use]
    pub fn signature_len(&self) -> usize {
        record_len(self.key.name(), self.key.algorithm().name(), self.tag_len, 0)
    }

    /// Signs the answer in `buf[..len]`; gives its new length. On an error nothing has changed.
    pub fn sign(&mut self, buf: &mut [u8], len: usize, now: UnixTime) -> Result<usize, Full> {
        let variables = Variables {
            time: now.0.max(self.time),
            fudge_secs: self.key.fudge_secs(),
            error: Rcode::NOERROR,
            other: &[],
        };
        self.sign_with(buf, len, &variables)
    }

    /// Like [`Signer::sign`] for a datagram: if there is no room, the answer becomes its header and question
    /// with TC set and NOERROR (RFC 8945 section 5.3).
    pub fn sign_or_truncate(&mut self, buf: &mut [u8], len: usize, now: UnixTime) -> Result<usize, Full> {
        match self.sign(buf, len, now) {
            Ok(len) => Ok(len),
            Err(Full) => {
                let len = truncate(buf, len).ok_or(Full)?;
                self.sign(buf, len, now)
            }
        }
    }

    pub(super) fn sign_with(
        &mut self,
        buf: &mut [u8],
        len: usize,
        variables: &Variables<'_>,
    ) -> Result<usize, Full> {
        let message = buf.get(..len).ok_or(Full)?;
        let (name, algorithm) = (self.key.name(), self.key.algorithm().name());
        let mut hash = self.key.hash_after(&self.prior[..self.prior_len]);
        // That of the first sender: a forwarder changes the message's id, and back (section 4.2).
        hash_message(&mut hash, message, self.original_id, 0);
        if self.is_first {
            hash_variables(&mut hash, name, algorithm, variables);
        } else {
            hash_timers(&mut hash, variables);
        }
        let tag = hash.finish();
        let tag = tag.cut(self.tag_len);
        let len = append(buf, len, name, algorithm, tag, self.original_id, variables)?;
        self.follow(tag);
        self.is_first = false;
        self.time = variables.time;
        Ok(len)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({:?}, request {})", self.key, self.original_id)
    }
}

/// Cuts the message in `buf[..len]` down to header and question; gives the new length.
fn truncate(buf: &mut [u8], len: usize) -> Option<usize> {
    let mut reader = Reader::new(buf.get(..len)?).ok()?;
    let mut questions = 0;
    while reader.question().ok()?.is_some() {
        questions += 1;
    }
    let (mut header, len) = (*reader.header(), reader.offset());
    header.flags = header.flags.with(Flags::TC).with_rcode(Rcode::NOERROR);
    header.counts = [questions, 0, 0, 0];
    buf[..HEADER_LEN].copy_from_slice(&header.emit());
    Some(len)
}
