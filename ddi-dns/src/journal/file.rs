//! A file of operations that make zones, outside of the log: all zones of one moment, or a large one.
//! DESIGN.md section "Files" is its picture. A checksum is seeded with the file's number and the place
//! in it, so that no block of another file or place verifies.

use super::error::{FileDamage, JournalError, OpError};
use super::op::{HEAD_BYTES, Op, PART_BYTES};
use ddi_core::{Lsn, Storage};
use std::sync::Arc;

pub(super) const VERSION: u16 = 1;
const HEADER_MAGIC: [u8; 4] = *b"ddiZ";
const FOOTER_MAGIC: [u8; 4] = *b"ddiY";
const HEADER_LEN: usize = 32;
const FOOTER_LEN: usize = 32;
/// Of a block: length, checksum.
const BLOCK_HEAD_LEN: usize = 8;
/// Of an operation: LSN, length.
const OP_HEAD_LEN: usize = 12;
/// A block is closed when it has this many bytes of operations; no more than one operation follows.
const BLOCK_TARGET: usize = 256 << 10;
/// No block has more.
const BLOCK_MAX: usize = BLOCK_TARGET + PART_BYTES + OP_HEAD_LEN + HEAD_BYTES + (68 << 10);
/// Bytes asked of the storage at a time.
const PIECE: usize = 1 << 20;

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

fn checksum(number: u64, offset: u64, bytes: &[u8]) -> u32 {
    let seed = crc32c::crc32c(&number.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c_append(seed, &offset.to_le_bytes()), bytes)
}

/// Header or footer: magic, version u16, zero u16, number u64, operations u64, zero u32, checksum u32.
fn ends(magic: [u8; 4], number: u64, ops: u64, offset: u64) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    bytes[..4].copy_from_slice(&magic);
    bytes[4..6].copy_from_slice(&VERSION.to_le_bytes());
    bytes[8..16].copy_from_slice(&number.to_le_bytes());
    bytes[16..24].copy_from_slice(&ops.to_le_bytes());
    let sum = checksum(number, offset, &bytes[..28]);
    bytes[28..].copy_from_slice(&sum.to_le_bytes());
    bytes
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
        let header = ends(HEADER_MAGIC, self.number, 0, 0);
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
        if let Some((head, ops)) = block.split_first_chunk_mut::<BLOCK_HEAD_LEN>()
            && !ops.is_empty()
        {
            let len = (ops.len() as u32).to_le_bytes();
            let sum = crc32c::crc32c_append(checksum(self.number, self.offset, &len), ops).to_le_bytes();
            head[..4].copy_from_slice(&len);
            head[4..].copy_from_slice(&sum);
            self.write(&block)?;
        }
        Ok(())
    }

    /// Writes what is left, and the end.
    pub(super) fn finish(&mut self) -> Result<(), JournalError> {
        self.close_block()?;
        let footer = ends(FOOTER_MAGIC, self.number, self.ops, self.offset);
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
    let mut input = Input {
        storage,
        name,
        buf: vec![0; PIECE + BLOCK_HEAD_LEN + BLOCK_MAX],
        start: 0,
        filled: 0,
        offset: 0,
    };
    header(&mut input, number)?;
    let mut found = 0;
    loop {
        let offset = input.offset;
        let damaged = || FileDamage::Block { offset };
        let head: [u8; BLOCK_HEAD_LEN] =
            input.peek(BLOCK_HEAD_LEN)?.and_then(|head| head.try_into().ok()).ok_or_else(damaged)?;
        let [a, b, c, d, sum @ ..] = head;
        if [a, b, c, d] == FOOTER_MAGIC {
            break;
        }
        let len = u32::from_le_bytes([a, b, c, d]) as usize;
        if len > BLOCK_MAX {
            return Err(damaged());
        }
        let block = input.peek(BLOCK_HEAD_LEN + len)?.ok_or_else(damaged)?;
        let ops = block.get(BLOCK_HEAD_LEN..).unwrap_or_default();
        let summed = crc32c::crc32c_append(checksum(number, offset, &[a, b, c, d]), ops);
        if summed != u32::from_le_bytes(sum) {
            return Err(damaged());
        }
        found +=
            read_ops(ops, sink).ok_or_else(damaged)?.map_err(|why| FileDamage::Operation { offset, why })?;
        input.skip(BLOCK_HEAD_LEN + len);
    }
    let offset = input.offset;
    let footer = input.peek(FOOTER_LEN)?.and_then(|bytes| ops_of(bytes, FOOTER_MAGIC, number, offset));
    let said = footer.ok_or(FileDamage::Block { offset })?;
    if said != found {
        return Err(FileDamage::Count { found, said });
    }
    Ok(offset + FOOTER_LEN as u64)
}

fn header(input: &mut Input<'_>, number: u64) -> Result<(), FileDamage> {
    let bytes = input.peek(HEADER_LEN)?.ok_or(FileDamage::Header)?;
    ops_of(bytes, HEADER_MAGIC, number, 0).ok_or(FileDamage::Header)?;
    if let Some(version) = bytes.get(4..6).and_then(|version| version.first_chunk())
        && u16::from_le_bytes(*version) > VERSION
    {
        return Err(FileDamage::Version { version: u16::from_le_bytes(*version) });
    }
    input.skip(HEADER_LEN);
    Ok(())
}

/// How many operations a header or footer says, if it is whole and this file's.
fn ops_of(bytes: &[u8], magic: [u8; 4], number: u64, offset: u64) -> Option<u64> {
    let (summed, sum) = bytes.split_last_chunk::<4>()?;
    let found = u64::from_le_bytes(*summed.get(8..16)?.first_chunk()?);
    let ops = u64::from_le_bytes(*summed.get(16..24)?.first_chunk()?);
    let is_whole = checksum(number, offset, summed) == u32::from_le_bytes(*sum);
    (is_whole && summed.starts_with(&magic) && found == number).then_some(ops)
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
    fn peek(&mut self, len: usize) -> Result<Option<&[u8]>, FileDamage> {
        if self.filled - self.start < len {
            self.buf.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
            while self.filled < len {
                let offset = self.offset + self.filled as u64;
                let free = self.buf.get_mut(self.filled..).unwrap_or_default();
                let read = self.storage.read(self.name, offset, free);
                let read = read.map_err(|e| FileDamage::Unreadable { offset, why: e.to_string() })?;
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
