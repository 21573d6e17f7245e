//! Reads a segment in big pieces and looks at what stands at an offset.

use std::sync::Arc;

use super::error::LogError;
use super::frame::{HEADER_BYTES, Header, NotHeader, SECTOR};
use super::segment;
use super::storage::Storage;
use crc32c::crc32c;

/// How much is read at first, in bytes. Each read is twice as long as the one before ...
const FIRST_CHUNK_BYTES: usize = 16 << 10;
/// ... up to this; longer ones only for a batch that is longer.
const CHUNK_BYTES: usize = 1 << 20;

/// What stands at an offset.
pub(crate) enum Look {
    /// A whole batch: header and payload verify. [`Window::payload`] gives the latter.
    Batch(Header),
    /// The header verifies, the payload does not.
    BadPayload(Header),
    /// Not a batch: zeros, damage, or the end of the file.
    Nothing,
}

/// A sliding view on one segment.
pub(crate) struct Window {
    storage: Arc<dyn Storage>,
    segment: u64,
    name: String,
    /// Offset in the file of `buf[0]`.
    start: u64,
    /// How much of `buf` is from the file.
    filled: usize,
    buf: Vec<u8>,
    /// How much to read next.
    chunk: usize,
}

impl Window {
    pub(crate) fn new(storage: Arc<dyn Storage>, segment: u64) -> Self {
        let name = segment::name(segment);
        Self { storage, segment, name, start: 0, filled: 0, buf: Vec::new(), chunk: FIRST_CHUNK_BYTES }
    }

    /// Moves on to another segment.
    pub(crate) fn turn_to(&mut self, segment: u64) {
        if self.segment != segment {
            self.segment = segment;
            self.name = segment::name(segment);
        }
        self.forget();
    }

    /// Forgets what was read: the file has grown meanwhile.
    pub(crate) fn forget(&mut self) {
        self.filled = 0;
    }

    /// The segment it is on.
    pub(crate) fn segment(&self) -> u64 {
        self.segment
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// `len` bytes from `offset`; fewer only at the end of the file.
    pub(crate) fn bytes(&mut self, offset: u64, len: usize) -> Result<&[u8], LogError> {
        let held = offset >= self.start && offset - self.start + len as u64 <= self.filled as u64;
        if !held {
            let want = len.max(self.chunk);
            self.chunk = (self.chunk * 2).min(CHUNK_BYTES);
            if self.buf.len() < want {
                self.buf.resize(want, 0);
            }
            self.filled = 0;
            let all = self.storage.read(&self.name, offset, &mut self.buf);
            // If it can't be read all, what is asked for may be readable.
            let read = all.or_else(|_| {
                let asked = self.buf.get_mut(..len).unwrap_or_default();
                self.storage.read(&self.name, offset, asked)
            });
            self.filled = read.map_err(LogError::storage("read", &self.name))?;
            self.start = offset;
        }
        let from = (offset - self.start) as usize;
        let to = (from + len).min(self.filled);
        Ok(self.buf.get(from..to).unwrap_or_default())
    }

    /// The header at an offset.
    pub(crate) fn header(&mut self, offset: u64) -> Result<Option<Header>, LogError> {
        let segment = self.segment;
        let Some(bytes) = self.bytes(offset, HEADER_BYTES)?.first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let parsed = Header::parse(bytes, segment);
        self.parsed(parsed, offset)
    }

    fn parsed(&self, parsed: Result<Header, NotHeader>, offset: u64) -> Result<Option<Header>, LogError> {
        match parsed {
            Ok(header) => Ok(Some(header)),
            Err(NotHeader::Invalid) => Ok(None),
            Err(NotHeader::Version(version)) => {
                Err(LogError::Version { file: self.name.clone(), offset, version })
            }
        }
    }

    /// The batch at an offset.
    pub(crate) fn look(&mut self, offset: u64) -> Result<Look, LogError> {
        let Some(header) = self.header(offset)? else { return Ok(Look::Nothing) };
        let len = header.payload_bytes as usize;
        if len > CHUNK_BYTES && !self.reaches(offset + (HEADER_BYTES + len) as u64)? {
            return Ok(Look::BadPayload(header));
        }
        let bytes = self.bytes(offset, HEADER_BYTES + len)?;
        let payload = bytes.get(HEADER_BYTES..).unwrap_or_default();
        if payload.len() == len && crc32c(payload) == header.content {
            return Ok(Look::Batch(header));
        }
        Ok(Look::BadPayload(header))
    }

    /// Whether the file still has its name.
    pub(crate) fn exists(&self) -> bool {
        let read = self.storage.read(&self.name, 0, &mut [0]);
        !matches!(read, Err(e) if e.kind() == std::io::ErrorKind::NotFound)
    }

    /// Whether the file is that long: no memory is taken for what it does not hold.
    fn reaches(&self, end: u64) -> Result<bool, LogError> {
        let read = self.storage.read(&self.name, end.saturating_sub(1), &mut [0]);
        Ok(read.map_err(LogError::storage("read", &self.name))? == 1)
    }

    /// The payload of the batch that the last look found, at this offset.
    pub(crate) fn payload(&self, offset: u64, header: &Header) -> &[u8] {
        let from = (offset.saturating_sub(self.start)) as usize + HEADER_BYTES;
        self.buf.get(from..from + header.payload_bytes as usize).unwrap_or_default()
    }

    /// The first header of a segment, reading no more than that.
    pub(crate) fn peek(storage: &Arc<dyn Storage>, segment: u64) -> Result<Option<Header>, LogError> {
        let window = Self::new(Arc::clone(storage), segment);
        let mut bytes = [0; HEADER_BYTES];
        storage.read(&window.name, 0, &mut bytes).map_err(LogError::storage("read", &window.name))?;
        window.parsed(Header::parse(&bytes, segment), 0)
    }

    /// What lies from `from` (a sector's start) to the end of the file; headers are looked for from
    /// `headers_from` on.
    pub(crate) fn survey(&mut self, from: u64, headers_from: u64) -> Result<Survey, LogError> {
        let mut survey = Survey::default();
        let mut offset = from;
        loop {
            let len = self.bytes(offset, SECTOR as usize)?.len();
            if len == 0 {
                return Ok(survey);
            }
            if !is_zero(self.bytes(offset, len)?) {
                survey.first_nonzero.get_or_insert(offset);
                survey.end_nonzero = offset + len as u64;
                let wanted = survey.first_header.is_none() && offset >= headers_from;
                if wanted && self.header(offset)?.is_some() {
                    survey.first_header = Some(offset);
                }
            }
            offset += SECTOR;
        }
    }

    /// Whether any sector from `from` to `to` is all zeros or beyond the end of the file.
    pub(crate) fn has_zero_sector(&mut self, from: u64, to: u64) -> Result<bool, LogError> {
        for offset in (from..to).step_by(SECTOR as usize) {
            if is_zero(self.bytes(offset, SECTOR as usize)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What a survey of the rest of a segment found.
#[derive(Default)]
pub(crate) struct Survey {
    /// The first sector that is not all zeros.
    pub(crate) first_nonzero: Option<u64>,
    /// The end of the last sector that is not all zeros.
    pub(crate) end_nonzero: u64,
    /// The first header that verifies.
    pub(crate) first_header: Option<u64>,
}

/// No early exit inside, so that it runs at the speed of memory.
fn is_zero(sector: &[u8]) -> bool {
    sector.iter().fold(0, |any, byte| any | byte) == 0
}
