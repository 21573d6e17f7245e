//! A file of checksummed blocks, written once: a header, blocks, a footer. Snapshots of the lease database
//! and files of zones are such files. Each checksum is seeded with the file's number and the place in it,
//! so that no block of another file or place verifies. `DESIGN.md` section "Snapshots" is the picture.

use crate::log::Storage;

/// Bytes of the header, and of the footer.
pub const ENDS_LEN: usize = 32;
/// Bytes before the content of a block: its length and checksum.
pub const BLOCK_HEAD_LEN: usize = 8;
/// Bytes asked of the storage at a time.
const PIECE: usize = 1 << 20;

/// What tells one kind of file from another.
#[derive(Clone, Copy, Debug)]
pub struct BlockFormat {
    /// What the header starts with.
    pub header_magic: [u8; 4],
    /// What the footer starts with; read as a length it has to be more than `block_max`.
    pub footer_magic: [u8; 4],
    /// The newest version that is known.
    pub version: u16,
    /// The most bytes that a block's content has.
    pub block_max: usize,
}

/// What is wrong with such a file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlockDamage {
    /// It could not be read.
    #[error("can't be read at offset {offset}: {why}")]
    Unreadable {
        /// Where, in bytes.
        offset: u64,
        /// What the storage said.
        why: String,
    },
    /// The header is not one.
    #[error("no valid header")]
    Header,
    /// Written by a later version of this library.
    #[error("format version {version} is newer than this library knows")]
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
}

/// What the two ends of a whole file say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ends {
    /// The count in the header.
    pub header_count: u64,
    /// The count in the footer.
    pub footer_count: u64,
    /// The file's length, in bytes.
    pub bytes: u64,
}

impl BlockFormat {
    /// The header: magic, version u16, zero u16, number u64, count u64, zero u32, checksum u32.
    #[must_use]
    pub fn header(&self, number: u64, count: u64) -> [u8; ENDS_LEN] {
        self.end(self.header_magic, number, count, 0)
    }

    /// The footer, which stands at `offset`: the same with its own magic.
    #[must_use]
    pub fn footer(&self, number: u64, count: u64, offset: u64) -> [u8; ENDS_LEN] {
        self.end(self.footer_magic, number, count, offset)
    }

    fn end(&self, magic: [u8; 4], number: u64, count: u64, offset: u64) -> [u8; ENDS_LEN] {
        let mut bytes = [0; ENDS_LEN];
        bytes[..4].copy_from_slice(&magic);
        bytes[4..6].copy_from_slice(&self.version.to_le_bytes());
        bytes[8..16].copy_from_slice(&number.to_le_bytes());
        bytes[16..24].copy_from_slice(&count.to_le_bytes());
        let sum = checksum(number, offset, &bytes[..28]);
        bytes[28..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Gives the content of each block, with the offset of the block, to `each`; an error of that ends it.
    ///
    /// # Errors
    /// [`BlockDamage`] in the caller's error, where a byte is not as it was written.
    pub fn read<E: From<BlockDamage>>(
        &self,
        storage: &dyn Storage,
        name: &str,
        number: u64,
        mut each: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<Ends, E> {
        let buf = vec![0; PIECE + BLOCK_HEAD_LEN + self.block_max];
        let mut input = Input { storage, name, buf, start: 0, filled: 0, offset: 0 };
        let header_count = self.read_header(&mut input, number)?;
        loop {
            let offset = input.offset;
            let damaged = || BlockDamage::Block { offset };
            let head: [u8; BLOCK_HEAD_LEN] =
                input.peek(BLOCK_HEAD_LEN)?.and_then(|head| head.try_into().ok()).ok_or_else(damaged)?;
            let [a, b, c, d, sum @ ..] = head;
            if [a, b, c, d] == self.footer_magic {
                break;
            }
            let len = u32::from_le_bytes([a, b, c, d]) as usize;
            if len > self.block_max {
                return Err(damaged().into());
            }
            let block = input.peek(BLOCK_HEAD_LEN + len)?.ok_or_else(damaged)?;
            let content = block.get(BLOCK_HEAD_LEN..).unwrap_or_default();
            let summed = crc32c::crc32c_append(checksum(number, offset, &[a, b, c, d]), content);
            if summed != u32::from_le_bytes(sum) {
                return Err(damaged().into());
            }
            each(offset, content)?;
            input.skip(BLOCK_HEAD_LEN + len);
        }
        let offset = input.offset;
        let footer = input.peek(ENDS_LEN)?.and_then(|bytes| count(bytes, self.footer_magic, number, offset));
        let footer_count = footer.ok_or(BlockDamage::Block { offset })?;
        Ok(Ends { header_count, footer_count, bytes: offset + ENDS_LEN as u64 })
    }

    fn read_header(&self, input: &mut Input<'_>, number: u64) -> Result<u64, BlockDamage> {
        let bytes = input.peek(ENDS_LEN)?.ok_or(BlockDamage::Header)?;
        let count = count(bytes, self.header_magic, number, 0).ok_or(BlockDamage::Header)?;
        if let Some(version) = bytes.get(4..6).and_then(|version| version.first_chunk())
            && u16::from_le_bytes(*version) > self.version
        {
            return Err(BlockDamage::Version { version: u16::from_le_bytes(*version) });
        }
        input.skip(ENDS_LEN);
        Ok(count)
    }
}

/// Fills in the head, [`BLOCK_HEAD_LEN`] bytes, that a block to be written at `offset` starts with: length
/// u32 of the content, checksum u32.
pub fn close_block(number: u64, offset: u64, block: &mut [u8]) {
    let Some((head, content)) = block.split_first_chunk_mut::<BLOCK_HEAD_LEN>() else { return };
    let len = (content.len() as u32).to_le_bytes();
    let sum = crc32c::crc32c_append(checksum(number, offset, &len), content).to_le_bytes();
    head[..4].copy_from_slice(&len);
    head[4..].copy_from_slice(&sum);
}

/// The checksum of `bytes` that stand at `offset` of the file with this number.
fn checksum(number: u64, offset: u64, bytes: &[u8]) -> u32 {
    let seed = crc32c::crc32c(&number.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c_append(seed, &offset.to_le_bytes()), bytes)
}

/// The count that a header or footer says, if it is whole and this file's.
fn count(bytes: &[u8], magic: [u8; 4], number: u64, offset: u64) -> Option<u64> {
    let (summed, sum) = bytes.split_last_chunk::<4>()?;
    let found = u64::from_le_bytes(*summed.get(8..16)?.first_chunk()?);
    let count = u64::from_le_bytes(*summed.get(16..24)?.first_chunk()?);
    let is_whole = checksum(number, offset, summed) == u32::from_le_bytes(*sum);
    (is_whole && summed.starts_with(&magic) && found == number).then_some(count)
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
    fn peek(&mut self, len: usize) -> Result<Option<&[u8]>, BlockDamage> {
        if self.filled - self.start < len {
            self.buf.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
            while self.filled < len {
                let offset = self.offset + self.filled as u64;
                let free = self.buf.get_mut(self.filled..).unwrap_or_default();
                let read = self.storage.read(self.name, offset, free);
                let read = read.map_err(|e| BlockDamage::Unreadable { offset, why: e.to_string() })?;
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
