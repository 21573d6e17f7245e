//! A snapshot file: a file of blocks whose number is the snapshot's LSN, and whose blocks are rows.
//! DESIGN.md section "Snapshots" is its picture.

use crate::blocks::BlockFormat;
use crate::db::arena::Row;
use crate::id::Lsn;

/// What the name of a whole snapshot starts with; its LSN in 16 hex digits follows.
const PREFIX: &str = "snapshot-";
/// The name of the one being written.
pub(crate) const UNFINISHED: &str = "snapshot.new";

/// Of a row, what stands before its body: its length and version.
pub(crate) const ROW_HEAD_LEN: usize = 10;
/// A block is closed when it has this many bytes of rows.
pub(crate) const BLOCK_TARGET: usize = 256 * 1024;

pub(crate) const FORMAT: BlockFormat = BlockFormat {
    header_magic: *b"ddiS",
    footer_magic: *b"ddiE",
    version: 1,
    block_max: BLOCK_TARGET + 16 * 1024,
};

pub(crate) fn name(lsn: Lsn) -> String {
    format!("{PREFIX}{:016x}", lsn.0)
}

/// The LSN of a snapshot's name; `None` if it is something else.
pub(crate) fn lsn_of(name: &str) -> Option<Lsn> {
    let digits = name.strip_prefix(PREFIX)?;
    let lsn = Lsn(u64::from_str_radix(digits, 16).ok()?);
    (name == self::name(lsn)).then_some(lsn)
}

/// Appends a row to a block: body length u16, version u64, body.
pub(crate) fn push_row(row: Row<'_>, block: &mut Vec<u8>) {
    block.extend_from_slice(&(row.body.len() as u16).to_le_bytes());
    block.extend_from_slice(&row.version.0.to_le_bytes());
    block.extend_from_slice(row.body);
}
