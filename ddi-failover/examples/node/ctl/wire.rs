//! The frames of an answer: a kind, a length (32 bits, big-endian), that many bytes.

use std::io::{self, Read, Write};

/// The longest frame that is sent or taken, in bytes.
pub const FRAME_MAX: usize = 1 << 20;

/// What a frame holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A part of the JSON document.
    Document,
    /// A part of the file that the client writes.
    File,
    /// The end: all went well.
    End,
    /// The end: a JSON document that says what went wrong, instead of what came before.
    Failed,
}

const KINDS: [(u8, Kind); 4] =
    [(b'd', Kind::Document), (b'f', Kind::File), (b'e', Kind::End), (b'x', Kind::Failed)];

pub fn write_frame(out: &mut impl Write, kind: Kind, bytes: &[u8]) -> io::Result<()> {
    let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    let byte = KINDS.iter().find(|(_, known)| *known == kind).map_or(b'x', |(byte, _)| *byte);
    out.write_all(&[&[byte], &len.to_be_bytes()[..]].concat())?;
    out.write_all(bytes)
}

/// Reads a frame into `bytes`.
pub fn read_frame(from: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<Kind> {
    let mut head = [0; 5];
    from.read_exact(&mut head)?;
    let len = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    let kind = KINDS.iter().find(|(byte, _)| *byte == head[0]);
    let (true, Some((_, kind))) = (len <= FRAME_MAX, kind) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "this is not a node's answer"));
    };
    bytes.resize(len, 0);
    from.read_exact(bytes)?;
    Ok(*kind)
}

/// Gathers what is written to it into frames of one kind.
pub struct Framed<W: Write> {
    out: W,
    kind: Kind,
    gathered: Vec<u8>,
}

/// Frames are sent when this full, in bytes.
const GATHER: usize = 1 << 16;

impl<W: Write> Framed<W> {
    pub fn new(out: W, kind: Kind) -> Self {
        Self { out, kind, gathered: Vec::with_capacity(GATHER * 2) }
    }
}

impl<W: Write> Write for Framed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = &bytes[..bytes.len().min(GATHER)];
        self.gathered.extend_from_slice(taken);
        if self.gathered.len() >= GATHER {
            self.flush()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.gathered.is_empty() {
            write_frame(&mut self.out, self.kind, &self.gathered)?;
            self.gathered.clear();
        }
        self.out.flush()
    }
}
