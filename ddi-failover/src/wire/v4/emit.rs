//! Writing messages.

use crate::error::EmitError;
use crate::wire::v4::numbers::{Code, Kind};
use crate::wire::v4::{HEADER_LEN, MAX_LEN};

/// What every message carries besides its type and options.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "the fixed header of the draft")]
pub struct Header {
    /// Seconds since 1970 at the moment of sending.
    pub time: u32,
    /// Transaction id: the sender's own, or the one of the message that is answered.
    pub xid: u32,
}

/// Writes one message into `buffer` and returns its length in bytes.
///
/// # Errors
///
/// [`EmitError::NoRoom`]; what `buffer` holds then is not specified.
pub fn emit(
    buffer: &mut [u8],
    kind: Kind,
    header: Header,
    write: impl FnOnce(&mut Writer<'_>),
) -> Result<usize, EmitError> {
    let room = buffer.len().min(MAX_LEN);
    let (buffer, _) = buffer.split_at_mut(room);
    let mut writer = Writer { buffer, len: 0, overflow: false };
    let ([t0, t1, t2, t3], [x0, x1, x2, x3]) = (header.time.to_be_bytes(), header.xid.to_be_bytes());
    writer.bytes(&[0, 0, kind.0, HEADER_LEN as u8, t0, t1, t2, t3, x0, x1, x2, x3]);
    write(&mut writer);
    let Writer { buffer, len, overflow } = writer;
    match buffer.first_chunk_mut::<2>() {
        // At most MAX_LEN, which fits.
        Some(length) if !overflow => *length = (len as u16).to_be_bytes(),
        _ => return Err(EmitError::NoRoom { room }),
    }
    Ok(len)
}

/// Appends one message to `out` and returns its length in bytes. On an error `out` is as before.
///
/// # Errors
///
/// [`EmitError::NoRoom`] if the message would be longer than [`MAX_LEN`].
pub fn append(
    out: &mut Vec<u8>,
    kind: Kind,
    header: Header,
    write: impl FnOnce(&mut Writer<'_>),
) -> Result<usize, EmitError> {
    let start = out.len();
    out.resize(start + MAX_LEN, 0);
    let (_, buffer) = out.split_at_mut(start);
    let written = emit(buffer, kind, header, write);
    out.truncate(start + written.unwrap_or(0));
    written
}

/// Writes options alone, to be [joined](Writer::options) into a message later; gives how many bytes they take,
/// `None` if they don't fit.
pub(crate) fn emit_options(buffer: &mut [u8], write: impl FnOnce(&mut Writer<'_>)) -> Option<usize> {
    let mut writer = Writer { buffer, len: 0, overflow: false };
    write(&mut writer);
    (!writer.overflow).then_some(writer.len)
}

/// Takes the options of one message. What does not fit is remembered and reported at the end, by
/// [`emit`].
#[derive(Debug)]
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    len: usize,
    overflow: bool,
}

impl Writer<'_> {
    /// One option.
    pub fn option(&mut self, code: Code, data: &[u8]) {
        self.option_parts(code, data, &[]);
    }

    /// One option, its data in two parts.
    pub fn option_parts(&mut self, code: Code, first: &[u8], second: &[u8]) {
        let Ok(length) = u16::try_from(first.len().saturating_add(second.len())) else {
            self.overflow = true;
            return;
        };
        for part in [&code.0.to_be_bytes()[..], &length.to_be_bytes(), first, second] {
            self.bytes(part);
        }
    }

    /// One option, if there is data for it.
    pub fn maybe(&mut self, code: Code, data: Option<&[u8]>) {
        if let Some(data) = data {
            self.option(code, data);
        }
    }

    /// One option of 8 bits, if there is a number for it.
    pub fn maybe_u8(&mut self, code: Code, number: Option<u8>) {
        self.maybe(code, number.map(|n| [n]).as_ref().map(<[u8; 1]>::as_slice));
    }

    /// One option of 16 bits, if there is a number for it.
    pub fn maybe_u16(&mut self, code: Code, number: Option<u16>) {
        self.maybe(code, number.map(u16::to_be_bytes).as_ref().map(<[u8; 2]>::as_slice));
    }

    /// One option of 32 bits, if there is a number for it.
    pub fn maybe_u32(&mut self, code: Code, number: Option<u32>) {
        self.maybe(code, number.map(u32::to_be_bytes).as_ref().map(<[u8; 4]>::as_slice));
    }

    /// Options that are written already.
    pub(crate) fn options(&mut self, bytes: &[u8]) {
        self.bytes(bytes);
    }

    /// Bytes that still fit.
    #[must_use]
    pub fn room(&self) -> usize {
        self.buffer.len() - self.len
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let end = self.len.saturating_add(bytes.len());
        match self.buffer.get_mut(self.len..end) {
            Some(place) if !self.overflow => {
                place.copy_from_slice(bytes);
                self.len = end;
            }
            _ => self.overflow = true,
        }
    }
}
