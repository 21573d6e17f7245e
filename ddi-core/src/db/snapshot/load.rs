//! Reading a snapshot file.

use super::file::{
    BLOCK_HEAD_LEN, BLOCK_MAX, FOOTER_LEN, FOOTER_MAGIC, HEADER_LEN, HEADER_MAGIC, ROW_HEAD_LEN, VERSION,
    checksum,
};
use crate::db::op::PUT;
use crate::db::replay::{Malformed, Sink};
use crate::id::Lsn;
use crate::log::Storage;

/// What is wrong with a snapshot file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotDamage {
    /// It could not be read.
    #[error("can't be read at offset {offset}: {why}")]
    Unreadable {
        /// Where, in bytes.
        offset: u64,
        /// What the storage said.
        why: String,
    },
    /// The header is not one.
    #[error("no valid snapshot header")]
    Header,
    /// Written by a later version of this library.
    #[error("snapshot format version {version} is newer than this library knows")]
    Version {
        /// The version found.
        version: u16,
    },
    /// A block or the footer is damaged or missing.
    #[error("no valid block at offset {offset}")]
    Block {
        /// Where, in bytes.
        offset: u64,
    },
    /// A lease in a block that is whole makes no sense.
    #[error("the lease written at lsn {} is malformed", version.0)]
    Row {
        /// Its version.
        version: Lsn,
    },
    /// It holds another number of leases than it says.
    #[error("holds {found} leases, says {said}")]
    Count {
        /// What was read.
        found: u64,
        /// What the footer says.
        said: u64,
    },
}

/// Bytes asked of the storage at a time.
const PIECE: usize = 1 << 20;

/// What a whole snapshot file holds.
pub(crate) struct Loaded {
    pub(crate) leases: u64,
    pub(crate) bytes: u64,
}

/// Gives all leases of the snapshot to `sink`.
pub(crate) fn load(
    storage: &dyn Storage,
    name: &str,
    lsn: Lsn,
    sink: Sink<'_>,
) -> Result<Loaded, SnapshotDamage> {
    let mut input =
        Input { storage, name, buf: vec![0; PIECE.max(2 * BLOCK_MAX)], start: 0, filled: 0, offset: 0 };
    let said = header(&mut input, lsn)?;
    let mut found = 0;
    loop {
        let offset = input.offset;
        let damaged = SnapshotDamage::Block { offset };
        let head: [u8; BLOCK_HEAD_LEN] =
            input.peek(BLOCK_HEAD_LEN)?.and_then(|head| head.try_into().ok()).ok_or(damaged.clone())?;
        let [a, b, c, d, sum @ ..] = head;
        if [a, b, c, d] == FOOTER_MAGIC {
            break;
        }
        let len = u32::from_le_bytes([a, b, c, d]) as usize;
        if len > BLOCK_MAX {
            return Err(damaged);
        }
        let block = input.peek(BLOCK_HEAD_LEN + len)?.ok_or(damaged.clone())?;
        let rows = block.get(BLOCK_HEAD_LEN..).unwrap_or_default();
        let summed = crc32c::crc32c_append(checksum(lsn, offset, &[a, b, c, d]), rows);
        if summed != u32::from_le_bytes(sum) {
            return Err(damaged);
        }
        found += read_rows(rows, sink).ok_or(damaged)??;
        input.skip(BLOCK_HEAD_LEN + len);
    }
    let at = input.offset;
    if footer(&mut input, lsn)? != said || found != said {
        return Err(SnapshotDamage::Count { found, said });
    }
    Ok(Loaded { leases: found, bytes: at + FOOTER_LEN as u64 })
}

fn header(input: &mut Input<'_>, lsn: Lsn) -> Result<u64, SnapshotDamage> {
    let bytes = input.peek(HEADER_LEN)?.ok_or(SnapshotDamage::Header)?;
    let count = ends(bytes, HEADER_MAGIC, lsn, 0).ok_or(SnapshotDamage::Header)?;
    if let Some([a, b]) = bytes.get(4..6).and_then(|version| version.first_chunk())
        && u16::from_le_bytes([*a, *b]) > VERSION
    {
        return Err(SnapshotDamage::Version { version: u16::from_le_bytes([*a, *b]) });
    }
    input.skip(HEADER_LEN);
    Ok(count)
}

fn footer(input: &mut Input<'_>, lsn: Lsn) -> Result<u64, SnapshotDamage> {
    let offset = input.offset;
    let bytes = input.peek(FOOTER_LEN)?.ok_or(SnapshotDamage::Block { offset })?;
    ends(bytes, FOOTER_MAGIC, lsn, offset).ok_or(SnapshotDamage::Block { offset })
}

/// The count that a header or footer says, if it is whole and this snapshot's.
fn ends(bytes: &[u8], magic: [u8; 4], lsn: Lsn, offset: u64) -> Option<u64> {
    let (summed, sum) = bytes.split_last_chunk::<4>()?;
    let found_lsn = u64::from_le_bytes(*summed.get(8..16)?.first_chunk()?);
    let count = u64::from_le_bytes(*summed.get(16..24)?.first_chunk()?);
    let is_whole = checksum(lsn, offset, summed) == u32::from_le_bytes(*sum);
    (is_whole && summed.starts_with(&magic) && found_lsn == lsn.0).then_some(count)
}

/// Gives a block's rows to `sink`, and returns how many. `None` if they don't fill the block.
fn read_rows(rows: &[u8], sink: Sink<'_>) -> Option<Result<u64, SnapshotDamage>> {
    let (mut rest, mut found) = (rows, 0);
    while let Some((head, after)) = rest.split_first_chunk::<ROW_HEAD_LEN>() {
        let [a, b, version @ ..] = *head;
        let (body, after) = after.split_at_checked(usize::from(u16::from_le_bytes([a, b])))?;
        if let Err(Malformed(version)) = sink(Lsn(u64::from_le_bytes(version)), PUT, body) {
            return Some(Err(SnapshotDamage::Row { version }));
        }
        found += 1;
        rest = after;
    }
    rest.is_empty().then_some(Ok(found))
}

/// The file, read ahead.
struct Input<'a> {
    storage: &'a dyn Storage,
    name: &'a str,
    buf: Vec<u8>,
    /// The part of `buf` that is read and not yet used.
    start: usize,
    filled: usize,
    /// Of `start` in the file.
    offset: u64,
}

impl Input<'_> {
    /// The next `len` bytes; `None` if the file ends before.
    fn peek(&mut self, len: usize) -> Result<Option<&[u8]>, SnapshotDamage> {
        if self.filled - self.start < len {
            self.buf.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
            while self.filled < len {
                let offset = self.offset + self.filled as u64;
                let free = self.buf.get_mut(self.filled..).unwrap_or_default();
                let read = self.storage.read(self.name, offset, free);
                let read = read.map_err(|e| SnapshotDamage::Unreadable { offset, why: e.to_string() })?;
                if read == 0 {
                    return Ok(None);
                }
                self.filled += read;
            }
        }
        Ok(self.buf.get(self.start..self.start + len))
    }

    fn skip(&mut self, len: usize) {
        self.start += len;
        self.offset += len as u64;
    }
}
