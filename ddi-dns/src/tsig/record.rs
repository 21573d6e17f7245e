//! The TSIG record (RFC 8945 section 4.2), and what is hashed for its tag (section 4.3).

use super::algorithm::Hash;
use crate::message::{Full, HEADER_LEN, Header, Rcode, Reader, Section};
use crate::name::{NAME_MAX, NameRef};
use crate::rr::{Class, Rtype};

/// Bytes of the data behind the algorithm's name, without tag and other data.
const FIXED_LEN: usize = 6 + 2 + 2 + 2 + 2 + 2;

/// Seconds since 1970 have 48 bits here.
const TIME_MAX: u64 = (1 << 48) - 1;

/// The message can't be read, or its TSIG can't, or stands elsewhere than last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Malformed;

/// The parts of the data that a side sets freely, and that are hashed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variables<'a> {
    pub(super) time: u64,
    pub(super) fudge_secs: u16,
    pub(super) error: Rcode,
    pub(super) other: &'a [u8],
}

/// A TSIG record that stands where it must.
pub(super) struct Found<'a> {
    /// Offset of the record in the message: the message's length without it.
    pub(super) at: usize,
    owner: [u8; NAME_MAX],
    owner_len: usize,
    pub(super) algorithm: NameRef<'a>,
    pub(super) tag: &'a [u8],
    pub(super) original_id: u16,
    pub(super) variables: Variables<'a>,
}

impl Found<'_> {
    /// The key's name.
    pub(super) fn key_name(&self) -> NameRef<'_> {
        NameRef::new(&self.owner[..self.owner_len]).unwrap_or(NameRef::ROOT)
    }

    /// True if the time it was signed at is near `now`.
    pub(super) fn is_timely(&self, now: u64) -> bool {
        self.variables.time.abs_diff(now) <= u64::from(self.variables.fudge_secs)
    }
}

/// The message's TSIG; `None` if it has none. It must be the last record of the additional section, and
/// the message must end with it (section 5.2).
pub(super) fn find(message: &[u8]) -> Result<Option<Found<'_>>, Malformed> {
    let mut reader = Reader::new(message).map_err(|_| Malformed)?;
    let mut tsig = None;
    while let Some(record) = reader.record().map_err(|_| Malformed)? {
        if tsig.is_some() {
            return Err(Malformed);
        }
        if record.rtype == Rtype::TSIG {
            tsig = Some(record);
        }
    }
    let Some(record) = tsig else { return Ok(None) };
    reader.finish().map_err(|_| Malformed)?;
    if record.section != Section::Additional || record.class != Class::ANY || record.ttl != 0 {
        return Err(Malformed);
    }
    let mut owner = [0; NAME_MAX];
    let owner_len = record.owner_into(&mut owner).wire().len();
    let (algorithm, rest) = NameRef::split(record.raw_rdata()).map_err(|_| Malformed)?;
    let mut parts = Parts(rest);
    let time = parts.take(6)?.iter().fold(0, |time, &byte| time << 8 | u64::from(byte));
    let fudge_secs = parts.word()?;
    let tag_len = parts.word()?;
    let tag = parts.take(tag_len)?;
    let original_id = parts.word()?;
    let error = Rcode(parts.word()?);
    let other_len = parts.word()?;
    let other = parts.take(other_len)?;
    if !parts.0.is_empty() {
        return Err(Malformed);
    }
    let variables = Variables { time, fudge_secs, error, other };
    Ok(Some(Found { at: record.offset(), owner, owner_len, algorithm, tag, original_id, variables }))
}

struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn take(&mut self, len: u16) -> Result<&'a [u8], Malformed> {
        let (part, rest) = self.0.split_at_checked(usize::from(len)).ok_or(Malformed)?;
        self.0 = rest;
        Ok(part)
    }

    fn word(&mut self) -> Result<u16, Malformed> {
        let (&[high, low], rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(u16::from_be_bytes([high, low]))
    }
}

/// Hashes a message without its TSIG (section 4.3.2): `message` ends where that starts, and its header
/// counts `signatures` of them.
pub(super) fn hash_message(hash: &mut Hash, message: &[u8], original_id: u16, signatures: u16) {
    let Some(mut header) = Header::parse(message) else { return };
    header.id = original_id;
    header.counts[3] = header.counts[3].saturating_sub(signatures);
    hash.update(&header.emit());
    hash.update(&message[HEADER_LEN..]);
}

/// Hashes the TSIG variables (section 4.3.3).
pub(super) fn hash_variables(
    hash: &mut Hash,
    key_name: NameRef<'_>,
    algorithm: NameRef<'_>,
    variables: &Variables<'_>,
) {
    hash.update(key_name.wire());
    hash.update(&Class::ANY.0.to_be_bytes());
    hash.update(&0_u32.to_be_bytes());
    hash.update(algorithm.wire());
    hash_timers(hash, variables);
    hash.update(&variables.error.0.to_be_bytes());
    hash.update(&(variables.other.len() as u16).to_be_bytes());
    hash.update(variables.other);
}

/// Hashes the timers alone (section 4.3.3.1).
pub(super) fn hash_timers(hash: &mut Hash, variables: &Variables<'_>) {
    hash.update(&time_bytes(variables.time));
    hash.update(&variables.fudge_secs.to_be_bytes());
}

/// A time in 48 bits.
pub(super) fn time_bytes(time: u64) -> [u8; 6] {
    let [_, _, bytes @ ..] = time.min(TIME_MAX).to_be_bytes();
    bytes
}

/// How long a record is with such names, tag and other data.
pub(super) fn record_len(key_name: NameRef<'_>, algorithm: NameRef<'_>, tag: usize, other: usize) -> usize {
    key_name.wire().len() + 10 + algorithm.wire().len() + FIXED_LEN + tag + other
}

/// Appends a record to the message in `buf[..len]` and counts it; gives the new length. Without room the
/// message is as before.
pub(super) fn append(
    buf: &mut [u8],
    len: usize,
    key_name: NameRef<'_>,
    algorithm: NameRef<'_>,
    tag: &[u8],
    original_id: u16,
    variables: &Variables<'_>,
) -> Result<usize, Full> {
    let mut header = buf.get(..len).and_then(Header::parse).ok_or(Full)?;
    header.counts[3] = header.counts[3].checked_add(1).ok_or(Full)?;
    let end = len + record_len(key_name, algorithm, tag.len(), variables.other.len());
    let mut rest = buf.get_mut(len..end).ok_or(Full)?;
    let rdata_len = algorithm.wire().len() + FIXED_LEN + tag.len() + variables.other.len();
    let parts: [&[u8]; 14] = [
        key_name.wire(),
        &Rtype::TSIG.0.to_be_bytes(),
        &Class::ANY.0.to_be_bytes(),
        &0_u32.to_be_bytes(),
        &(rdata_len as u16).to_be_bytes(),
        algorithm.wire(),
        &time_bytes(variables.time),
        &variables.fudge_secs.to_be_bytes(),
        &(tag.len() as u16).to_be_bytes(),
        tag,
        &original_id.to_be_bytes(),
        &variables.error.0.to_be_bytes(),
        &(variables.other.len() as u16).to_be_bytes(),
        variables.other,
    ];
    for part in parts {
        let (here, after) = rest.split_at_mut(part.len());
        here.copy_from_slice(part);
        rest = after;
    }
    buf[..HEADER_LEN].copy_from_slice(&header.emit());
    Ok(end)
}
