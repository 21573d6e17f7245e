//! A snapshot file: a header, blocks of rows, a footer. DESIGN.md section "Snapshots" is its picture.
//! Everything is covered by a checksum that is seeded with the snapshot's LSN and the place in the file.

use crate::db::arena::Row;
use crate::id::Lsn;

/// What the name of a whole snapshot starts with; its LSN in 16 hex digits follows.
const PREFIX: &str = "snapshot-";
/// The name of the one being written.
pub(crate) const UNFINISHED: &str = "snapshot.new";

pub(crate) const VERSION: u16 = 1;
pub(crate) const HEADER_LEN: usize = 32;
pub(crate) const FOOTER_LEN: usize = 32;
pub(crate) const BLOCK_HEAD_LEN: usize = 8;
/// Of a row, what stands before its body: its length and version.
pub(crate) const ROW_HEAD_LEN: usize = 10;
/// A block is closed when it has this many bytes of rows.
pub(crate) const BLOCK_TARGET: usize = 256 * 1024;
/// No block has more.
pub(crate) const BLOCK_MAX: usize = BLOCK_TARGET + 16 * 1024;

pub(crate) const HEADER_MAGIC: [u8; 4] = *b"ddiS";
pub(crate) const FOOTER_MAGIC: [u8; 4] = *b"ddiE";

pub(crate) fn name(lsn: Lsn) -> String {
    format!("{PREFIX}{:016x}", lsn.0)
}

/// The LSN of a snapshot's name; `None` if it is something else.
pub(crate) fn lsn_of(name: &str) -> Option<Lsn> {
    let digits = name.strip_prefix(PREFIX)?;
    let lsn = Lsn(u64::from_str_radix(digits, 16).ok()?);
    (name == self::name(lsn)).then_some(lsn)
}

/// The checksum of `bytes` that stand at `offset` of the snapshot of `lsn`.
pub(crate) fn checksum(lsn: Lsn, offset: u64, bytes: &[u8]) -> u32 {
    let seed = crc32c::crc32c(&lsn.0.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c_append(seed, &offset.to_le_bytes()), bytes)
}

/// Header: magic, version u16, zero u16, lsn u64, count u64, zero u32, checksum u32.
pub(crate) fn header(lsn: Lsn, count: u64) -> [u8; HEADER_LEN] {
    ends(HEADER_MAGIC, lsn, count, 0)
}

/// Footer: the same with its own magic.
pub(crate) fn footer(lsn: Lsn, count: u64, offset: u64) -> [u8; FOOTER_LEN] {
    ends(FOOTER_MAGIC, lsn, count, offset)
}

fn ends(magic: [u8; 4], lsn: Lsn, count: u64, offset: u64) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    bytes[0..4].copy_from_slice(&magic);
    bytes[4..6].copy_from_slice(&VERSION.to_le_bytes());
    bytes[8..16].copy_from_slice(&lsn.0.to_le_bytes());
    bytes[16..24].copy_from_slice(&count.to_le_bytes());
    let sum = checksum(lsn, offset, &bytes[..28]);
    bytes[28..32].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// Appends a row to a block: body length u16, version u64, body.
pub(crate) fn push_row(row: Row<'_>, block: &mut Vec<u8>) {
    block.extend_from_slice(&(row.body.len() as u16).to_le_bytes());
    block.extend_from_slice(&row.version.0.to_le_bytes());
    block.extend_from_slice(row.body);
}

/// Fills in the head that the block starts with: length u32 of the rows, checksum u32.
pub(crate) fn close_block(lsn: Lsn, offset: u64, block: &mut [u8]) {
    let Some((head, rows)) = block.split_first_chunk_mut::<BLOCK_HEAD_LEN>() else { return };
    let len = (rows.len() as u32).to_le_bytes();
    let sum = crc32c::crc32c_append(checksum(lsn, offset, &len), rows).to_le_bytes();
    head[..4].copy_from_slice(&len);
    head[4..].copy_from_slice(&sum);
}
