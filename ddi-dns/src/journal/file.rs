//! A file of operations that make zones, outside of the log: all zones of one moment, or a large one.
//! DESIGN.md section "Files" is its picture.

use super::error::{FileDamage, JournalError, OpError};
use super::op::{HEAD_BYTES, Op, PART_BYTES};
use ddi_core::blocks::{BLOCK_HEAD_LEN, BlockDamage, BlockFormat, close_block};
use ddi_core::{Lsn, Storage};
use std::sync::Arc;

/// Of an operation: LSN, length.
const OP_HEAD_LEN: usize = 12;
/// A block is closed when it has this many bytes of operations; no more than one operation follows.
const BLOCK_TARGET: usize = 256 << 10;
const FORMAT: BlockFormat = BlockFormat {
    header_magic: *b"ddiZ",
    footer_magic: *b"ddiY",
    version: 1,
    block_max: BLOCK_TARGET + PART_BYTES + OP_HEAD_LEN + HEAD_BYTES + (68 << 10),
};

/// The name of the file with all zones after this operation.
pub(super) fn all_name(lsn: Lsn) -> String {
    format!("zones-{:016x}", lsn.0)
}

/// The name of such a file that is being written.
pub(super) const UNFINISHED: &str = "zones.new";

/// The name of the file with one zone.
pub(super) fn one_name(number: u64) -> String {
    format!("zone-{number:016x}")
}

/// The operation of a file's name.
pub(super) fn lsn_of(name: &str) -> Option<Lsn> {
    number_of(name, "zones-").map(Lsn)
}

/// The number of a one-zone file's name.
pub(super) fn one_of(name: &str) -> Option<u64> {
    number_of(name, "zone-")
}

fn number_of(name: &str, prefix: &str) -> Option<u64> {
    let digits = name.strip_prefix(prefix)?;
    let number = u64::from_str_radix(digits, 16).ok()?;
    (digits == format!("{number:016x}")).then_some(number)
}

/// Writes a file, block by block.
pub(super) struct FileWriter {
    storage: Arc<dyn Storage>,
    name: String,
    number: u64,
    offset: u64,
    block: Vec<u8>,
    ops: u64,
}

impl FileWriter {
    pub(super) fn new(storage: Arc<dyn Storage>, name: String, number: u64) -> Self {
        Self { storage, name, number, offset: 0, block: vec![0; BLOCK_HEAD_LEN], ops: 0 }
    }

    /// Bytes written so far.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Makes the file anew: what an earlier one has left must not follow this one's end.
    pub(super) fn begin(&mut self) -> Result<(), JournalError> {
        self.storage.remove(&self.name).map_err(JournalError::storage("remove", &self.name))?;
        let header = FORMAT.header(self.number, 0);
        self.write(&header)
    }

    pub(super) fn push(&mut self, lsn: Lsn, op: &Op<'_>) -> Result<(), JournalError> {
        self.block.extend_from_slice(&lsn.0.to_le_bytes());
        let at = self.block.len();
        self.block.extend_from_slice(&[0; 4]);
        op.emit(&mut self.block);
        let len = self.block.len() - at - 4;
        if let Some(place) = self.block.get_mut(at..at + 4) {
            place.copy_from_slice(&(len as u32).to_le_bytes());
        }
        self.ops += 1;
        if self.block.len() - BLOCK_HEAD_LEN >= BLOCK_TARGET { self.close_block() } else { Ok(()) }
    }

    fn close_block(&mut self) -> Result<(), JournalError> {
        let mut block = std::mem::replace(&mut self.block, vec![0; BLOCK_HEAD_LEN]);
        if block.len() > BLOCK_HEAD_LEN {
            close_block(self.number, self.offset, &mut block);
            self.write(&block)?;
        }
        Ok(())
    }

    /// Writes what is left, and the end.
    pub(super) fn finish(&mut self) -> Result<(), JournalError> {
        self.close_block()?;
        let footer = FORMAT.footer(self.number, self.ops, self.offset);
        self.write(&footer)
    }

    pub(super) fn sync(&self) -> Result<(), JournalError> {
        self.storage.sync(&self.name).map_err(JournalError::storage("sync", &self.name))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        let written = self.storage.write(&self.name, self.offset, bytes);
        written.map_err(JournalError::storage("write", &self.name))?;
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

/// Where operations go.
pub(super) type Sink<'a> = &'a mut dyn FnMut(Lsn, &[u8]) -> Result<(), OpError>;

/// Gives all operations of a file to `sink`; returns the file's length.
pub(super) fn read(
    storage: &dyn Storage,
    name: &str,
    number: u64,
    sink: Sink<'_>,
) -> Result<u64, FileDamage> {
    let mut found = 0;
    let ends = FORMAT.read(storage, name, number, |offset, ops| {
        let read = read_ops(ops, sink).ok_or(BlockDamage::Block { offset })?;
        found += read.map_err(|why| FileDamage::Operation { offset, why })?;
        Ok::<_, FileDamage>(())
    })?;
    let said = ends.footer_count;
    if said != found {
        return Err(FileDamage::Count { found, said });
    }
    Ok(ends.bytes)
}

/// `None` if operations don't fill the block.
fn read_ops(ops: &[u8], sink: Sink<'_>) -> Option<Result<u64, OpError>> {
    let (mut rest, mut found) = (ops, 0);
    while let Some((head, after)) = rest.split_first_chunk::<OP_HEAD_LEN>() {
        let [lsn @ .., a, b, c, d] = *head;
        let (op, after) = after.split_at_checked(u32::from_le_bytes([a, b, c, d]) as usize)?;
        if let Err(why) = sink(Lsn(u64::from_le_bytes(lsn)), op) {
            return Some(Err(why));
        }
        found += 1;
        rest = after;
    }
    rest.is_empty().then_some(Ok(found))
}
