//! One batch as bytes: a 64-byte header, the operations, zeros up to a sector's end.
//!
//! ```text
//! offset size field            little-endian
//!      0    4 magic            "ddiB"
//!      4    2 version          1
//!      6    2 kind             0 operations, 1 gap
//!      8    8 first_lsn        of the first operation; the others follow one by one
//!     16    8 ops              how many operations (gap: how many are lost)
//!     24    4 payload_bytes    operations only, each a u32 length and that many bytes
//!     28    4 extent_bytes     header, payload, padding; a multiple of 512: the next batch starts here
//!     32    4 epoch
//!     36    4 payload_sum      crc32c of the payload, xor seed
//!     40    8 prev_chain       chain value after the batch before this one
//!     48    8 log_id
//!     56    4 zero
//!     60    4 header_sum       crc32c of the seed (as 4 bytes) and of bytes 0 to 59
//! ```
//! `seed` is the crc32c of log_id, segment id and first_lsn (8 bytes each), so a batch verifies only
//! in the segment that it was written to, and never in another log.

use std::ops::Range;

use crc32c::{crc32c, crc32c_append};

use crate::id::Lsn;

/// The version of the log format that this library writes.
pub const FORMAT_VERSION: u16 = 1;
/// The longest operation, in bytes.
pub const OP_MAX_BYTES: usize = 1 << 20;
/// The most that one batch holds, in bytes of payload.
pub const BATCH_MAX_BYTES: usize = 64 << 20;

/// What a disk writes whole or not at all, in bytes; batches start at multiples of it.
pub(crate) const SECTOR: u64 = 512;
/// Length of a batch header.
pub(crate) const HEADER_BYTES: usize = 64;
/// Padding is shorter than this, and batches are aligned to at most this, in bytes.
pub(crate) const PADDING_END: usize = 64 << 10;
/// What stands before each operation: its length as u32.
pub(crate) const OP_PREFIX_BYTES: usize = 4;

const MAGIC: [u8; 4] = *b"ddiB";

mod field {
    use super::Range;
    pub(super) const MAGIC: Range<usize> = 0..4;
    pub(super) const VERSION: Range<usize> = 4..6;
    pub(super) const KIND: Range<usize> = 6..8;
    pub(super) const FIRST_LSN: Range<usize> = 8..16;
    pub(super) const OPS: Range<usize> = 16..24;
    pub(super) const PAYLOAD_BYTES: Range<usize> = 24..28;
    pub(super) const EXTENT_BYTES: Range<usize> = 28..32;
    pub(super) const EPOCH: Range<usize> = 32..36;
    pub(super) const PAYLOAD_SUM: Range<usize> = 36..40;
    pub(super) const PREV_CHAIN: Range<usize> = 40..48;
    pub(super) const LOG_ID: Range<usize> = 48..56;
    pub(super) const HEADER_SUM: Range<usize> = 60..64;
    /// What `header_sum` covers.
    pub(super) const SUMMED: Range<usize> = 0..60;
}

/// What a batch is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum BatchKind {
    /// Operations.
    Ops,
    /// Operations that a salvage could not save: their numbers are taken, their content is lost.
    Gap,
}

/// A batch header that has verified, or that is to be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    pub(crate) kind: BatchKind,
    pub(crate) first: Lsn,
    pub(crate) ops: u64,
    pub(crate) payload_bytes: u32,
    pub(crate) extent_bytes: u32,
    pub(crate) epoch: u32,
    pub(crate) prev_chain: u64,
    pub(crate) log_id: u64,
    /// crc32c of the payload, without the seed.
    pub(crate) content: u32,
}

/// Why bytes are not a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotHeader {
    /// Magic, checksum or bounds are wrong.
    Invalid,
    /// All is well but for the version.
    Version(u16),
}

fn take<const N: usize>(bytes: &[u8; HEADER_BYTES], range: Range<usize>) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[range]);
    out
}

fn seed(log_id: u64, segment: u64, first: Lsn) -> u32 {
    let sum = crc32c(&log_id.to_le_bytes());
    let sum = crc32c_append(sum, &segment.to_le_bytes());
    crc32c_append(sum, &first.0.to_le_bytes())
}

impl Header {
    /// Reads a header of this segment; nothing in it is believed before its checksum.
    pub(crate) fn parse(bytes: &[u8; HEADER_BYTES], segment: u64) -> Result<Self, NotHeader> {
        if bytes[field::MAGIC] != MAGIC {
            return Err(NotHeader::Invalid);
        }
        let first = Lsn(u64::from_le_bytes(take(bytes, field::FIRST_LSN)));
        let log_id = u64::from_le_bytes(take(bytes, field::LOG_ID));
        let seed = seed(log_id, segment, first);
        let sum = u32::from_le_bytes(take(bytes, field::HEADER_SUM));
        if crc32c_append(crc32c(&seed.to_le_bytes()), &bytes[field::SUMMED]) != sum {
            return Err(NotHeader::Invalid);
        }
        let version = u16::from_le_bytes(take(bytes, field::VERSION));
        if version != FORMAT_VERSION {
            return Err(NotHeader::Version(version));
        }
        let kind = match u16::from_le_bytes(take(bytes, field::KIND)) {
            0 => BatchKind::Ops,
            1 => BatchKind::Gap,
            _ => return Err(NotHeader::Version(version)),
        };
        let header = Self {
            kind,
            first,
            ops: u64::from_le_bytes(take(bytes, field::OPS)),
            payload_bytes: u32::from_le_bytes(take(bytes, field::PAYLOAD_BYTES)),
            extent_bytes: u32::from_le_bytes(take(bytes, field::EXTENT_BYTES)),
            epoch: u32::from_le_bytes(take(bytes, field::EPOCH)),
            prev_chain: u64::from_le_bytes(take(bytes, field::PREV_CHAIN)),
            log_id,
            content: u32::from_le_bytes(take(bytes, field::PAYLOAD_SUM)) ^ seed,
        };
        if header.in_bounds() { Ok(header) } else { Err(NotHeader::Invalid) }
    }

    fn in_bounds(&self) -> bool {
        self.ops > 0
            && self.first.0 > 0
            && self.first.0.checked_add(self.ops).is_some()
            && self.payload_bytes as usize <= BATCH_MAX_BYTES
            && u64::from(self.extent_bytes) % SECTOR == 0
            && self.padding().is_some_and(|padding| padding < PADDING_END)
    }

    fn padding(&self) -> Option<usize> {
        (self.extent_bytes as usize).checked_sub(HEADER_BYTES + self.payload_bytes as usize)
    }

    /// Writes the header of this segment.
    pub(crate) fn emit(&self, segment: u64, out: &mut [u8; HEADER_BYTES]) {
        let seed = seed(self.log_id, segment, self.first);
        let kind: u16 = match self.kind {
            BatchKind::Ops => 0,
            BatchKind::Gap => 1,
        };
        out.fill(0);
        out[field::MAGIC].copy_from_slice(&MAGIC);
        out[field::VERSION].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        out[field::KIND].copy_from_slice(&kind.to_le_bytes());
        out[field::FIRST_LSN].copy_from_slice(&self.first.0.to_le_bytes());
        out[field::OPS].copy_from_slice(&self.ops.to_le_bytes());
        out[field::PAYLOAD_BYTES].copy_from_slice(&self.payload_bytes.to_le_bytes());
        out[field::EXTENT_BYTES].copy_from_slice(&self.extent_bytes.to_le_bytes());
        out[field::EPOCH].copy_from_slice(&self.epoch.to_le_bytes());
        out[field::PREV_CHAIN].copy_from_slice(&self.prev_chain.to_le_bytes());
        out[field::LOG_ID].copy_from_slice(&self.log_id.to_le_bytes());
        out[field::PAYLOAD_SUM].copy_from_slice(&(self.content ^ seed).to_le_bytes());
        let sum = crc32c_append(crc32c(&seed.to_le_bytes()), &out[field::SUMMED]);
        out[field::HEADER_SUM].copy_from_slice(&sum.to_le_bytes());
    }

    /// The last operation's number.
    pub(crate) fn last(&self) -> Lsn {
        Lsn(self.first.0 + (self.ops - 1))
    }

    /// The chain value after this batch: the high half is a crc32c of `prev_chain` and of this
    /// header's logical fields, the low half the payload's crc32c. It does not depend on where the
    /// batch lies, so two nodes with the same history have the same value at the same LSN.
    pub(crate) fn chain(&self) -> u64 {
        let mut sum = crc32c(&self.prev_chain.to_le_bytes());
        sum = crc32c_append(sum, &self.first.0.to_le_bytes());
        sum = crc32c_append(sum, &self.ops.to_le_bytes());
        sum = crc32c_append(sum, &self.payload_bytes.to_le_bytes());
        sum = crc32c_append(sum, &self.epoch.to_le_bytes());
        sum = crc32c_append(sum, &self.content.to_le_bytes());
        (u64::from(sum) << 32) | u64::from(self.content)
    }
}

/// Cuts a payload into its operations. An overrun gives `None` once, then ends.
pub(crate) struct Ops<'a> {
    rest: &'a [u8],
}

impl<'a> Ops<'a> {
    pub(crate) fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }
}

impl<'a> Iterator for Ops<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let cut = self.rest.split_first_chunk::<OP_PREFIX_BYTES>().and_then(|(len, rest)| {
            let len = u32::from_le_bytes(*len) as usize;
            rest.split_at_checked(len)
        });
        let (op, rest) = cut.unzip();
        self.rest = rest.unwrap_or_default();
        Some(op)
    }
}
