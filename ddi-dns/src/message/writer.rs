//! Writing a message into a caller's buffer, with compression by a small table.

use super::header::{Flags, HEADER_LEN, Header};
use super::reader::Section;
use crate::name::NameRef;
use crate::rr::{Class, Field, Rtype, fields};

/// How many name suffixes are kept to point at. A message repeats few; a bound keeps the search cheap
/// whatever is in it.
const TARGETS_MAX: usize = 64;
/// Highest offset that a pointer can hold (RFC 1035 section 4.1.4).
pub(crate) const POINTER_MAX: usize = 0x3fff;

/// The buffer is full: what was to be written is not in the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("message buffer is full")]
#[allow(clippy::exhaustive_structs, reason = "says all it can")]
pub struct Full;

/// A place in a message that is being written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    len: usize,
    targets_len: usize,
    counts: [u16; 4],
}

/// How a record's owner is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Owner<'a> {
    /// As a pointer to the name that starts at this offset of the message.
    At(u16),
    /// As this name, compressed.
    Name(NameRef<'a>),
}

/// Writes one message. Each call writes all of its record or nothing.
#[derive(Debug)]
pub struct Writer<'b> {
    buf: &'b mut [u8],
    len: usize,
    /// Where the message must end: the buffer's end, less what is held back.
    end: usize,
    header: Header,
    /// Offsets of labels in the message that later names may point at.
    targets: [u16; TARGETS_MAX],
    targets_len: usize,
}

impl<'b> Writer<'b> {
    /// Starts a message; `buf` is its limit in size.
    #[inline]
    pub fn new(buf: &'b mut [u8], id: u16, flags: Flags) -> Result<Self, Full> {
        if buf.len() < HEADER_LEN {
            return Err(Full);
        }
        let header = Header { id, flags, counts: [0; 4] };
        let end = buf.len();
        Ok(Self { buf, len: HEADER_LEN, end, header, targets: [0; TARGETS_MAX], targets_len: 0 })
    }

    /// Holds `bytes` back, so that a record which must be written last fits in any case.
    pub(crate) fn hold_back(&mut self, bytes: usize) -> Result<(), Full> {
        let end = self.end.checked_sub(bytes).ok_or(Full)?;
        if end < self.len {
            return Err(Full);
        }
        self.end = end;
        Ok(())
    }

    /// Frees all that was held back.
    pub(crate) const fn release(&mut self) {
        self.end = self.buf.len();
    }

    /// This place, to come back to.
    pub(crate) const fn mark(&self) -> Mark {
        Mark { len: self.len, targets_len: self.targets_len, counts: self.header.counts }
    }

    /// Forgets all that was written since `mark`.
    pub(crate) const fn rewind(&mut self, mark: &Mark) {
        (self.len, self.targets_len, self.header.counts) = (mark.len, mark.targets_len, mark.counts);
    }

    /// What is written so far, but for the header.
    pub(crate) fn written(&self) -> &[u8] {
        &self.buf[..self.len]
    }

    /// Bytes written so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True if nothing but the header is written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == HEADER_LEN
    }

    /// The flags, to change them before [`Writer::finish`].
    pub const fn flags_mut(&mut self) -> &mut Flags {
        &mut self.header.flags
    }

    /// Writes a question (UPDATE: the zone).
    pub fn question(&mut self, name: NameRef<'_>, rtype: Rtype, class: Class) -> Result<(), Full> {
        self.attempt(0, |w| {
            w.name(name)?;
            let ([t0, t1], [c0, c1]) = (rtype.0.to_be_bytes(), class.0.to_be_bytes());
            w.put(&[t0, t1, c0, c1])
        })
    }

    /// Writes a record. `rdata` is uncompressed; names in it are compressed where its type allows that to
    /// be sent (RFC 3597 section 4: the types of RFC 1035 only).
    pub fn record(
        &mut self,
        section: Section,
        owner: NameRef<'_>,
        rtype: Rtype,
        class: Class,
        ttl: u32,
        rdata: &[u8],
    ) -> Result<(), Full> {
        self.record_of(section, Owner::Name(owner), rtype, class, ttl, rdata).map(drop)
    }

    /// The same with an owner that may already stand in the message. Gives the offset of the data.
    pub(crate) fn record_of(
        &mut self,
        section: Section,
        owner: Owner<'_>,
        rtype: Rtype,
        class: Class,
        ttl: u32,
        rdata: &[u8],
    ) -> Result<usize, Full> {
        self.attempt(1 + section as usize, |w| {
            match owner {
                Owner::At(at) => w.put(&w.pointer_to(at))?,
                Owner::Name(name) => w.name(name)?,
            }
            let (t, c, [l0, l1, l2, l3]) = (rtype.0.to_be_bytes(), class.0.to_be_bytes(), ttl.to_be_bytes());
            w.put(&[t[0], t[1], c[0], c[1], l0, l1, l2, l3, 0, 0])?;
            let at = w.len;
            w.rdata(rtype, rdata)?;
            let len = u16::try_from(w.len - at).map_err(|_| Full)?;
            w.buf[at - 2..at].copy_from_slice(&len.to_be_bytes());
            Ok(at)
        })
    }

    /// Appends records that are written already, so many for each section, and gives where they are now.
    pub(crate) fn records(&mut self, records: &[u8], counts: [u16; 4]) -> Result<&mut [u8], Full> {
        let mut sums = self.header.counts;
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum = sum.checked_add(count).ok_or(Full)?;
        }
        let start = self.len;
        self.put(records)?;
        self.header.counts = sums;
        Ok(&mut self.buf[start..self.len])
    }

    /// A pointer to the name at `at`, or to where that itself points.
    fn pointer_to(&self, at: u16) -> [u8; 2] {
        let i = usize::from(at);
        match self.written().get(i..i + 2) {
            Some(&[high, low]) if high >= 0xc0 => [high, low],
            _ => (0xc000 | at).to_be_bytes(),
        }
    }

    /// Writes the header; gives the message's length.
    #[must_use]
    pub fn finish(mut self) -> usize {
        self.put_header()
    }

    /// The same in place. Nothing may be written afterwards.
    pub(crate) fn put_header(&mut self) -> usize {
        self.buf[..HEADER_LEN].copy_from_slice(&self.header.emit());
        self.len
    }

    /// Runs `write`; counts it in `counts[section]` if it fits, else undoes it.
    fn attempt<T>(
        &mut self,
        section: usize,
        write: impl FnOnce(&mut Self) -> Result<T, Full>,
    ) -> Result<T, Full> {
        let (len, targets_len) = (self.len, self.targets_len);
        let count = self.header.counts[section].checked_add(1).ok_or(Full)?;
        let written = write(self);
        match written {
            Ok(_) => self.header.counts[section] = count,
            Err(Full) => (self.len, self.targets_len) = (len, targets_len),
        }
        written
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let end = self.len + bytes.len();
        if end > self.end {
            return Err(Full);
        }
        self.buf[self.len..end].copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    fn rdata(&mut self, rtype: Rtype, rdata: &[u8]) -> Result<(), Full> {
        let mut rest = rdata;
        if may_be_sent_compressed(rtype) {
            for &field in fields(rtype) {
                let done = match field {
                    Field::Fixed(len) => usize::from(len).min(rest.len()),
                    Field::NameCompressed => match NameRef::split(rest) {
                        Ok((name, tail)) => {
                            self.name(name)?;
                            rest = tail;
                            continue;
                        }
                        Err(_) => break,
                    },
                    _ => break,
                };
                self.put(&rest[..done])?;
                rest = &rest[done..];
            }
        }
        self.put(rest)
    }

    /// Writes a name, as a pointer from the longest suffix on that the message already holds.
    fn name(&mut self, name: NameRef<'_>) -> Result<(), Full> {
        if self.targets_len == 0 {
            let start = self.len;
            self.put(name.wire())?;
            self.remember(start, name.wire().len() - 1);
            return Ok(());
        }
        let mut suffix = name;
        let found = loop {
            if suffix.is_root() {
                break None;
            }
            if let Some(target) = self.find(suffix) {
                break Some(target);
            }
            suffix = suffix.parent().unwrap_or(NameRef::ROOT);
        };
        let plain = name.wire().len() - suffix.wire().len();
        let start = self.len;
        self.put(&name.wire()[..plain])?;
        self.remember(start, plain);
        match found {
            Some(target) => self.put(&(0xc000 | target).to_be_bytes()),
            None => self.put(&[0]),
        }
    }

    /// Keeps the offsets of the labels in `start .. start + len` as targets.
    fn remember(&mut self, start: usize, len: usize) {
        let mut at = start;
        while at < start + len && at <= POINTER_MAX && self.targets_len < TARGETS_MAX {
            self.targets[self.targets_len] = at as u16;
            self.targets_len += 1;
            at += 1 + usize::from(self.buf[at]);
        }
    }

    fn find(&self, suffix: NameRef<'_>) -> Option<u16> {
        let targets = self.targets[..self.targets_len].iter();
        targets.copied().find(|&target| self.matches(usize::from(target), suffix))
    }

    /// Is the name at `at` of this message `suffix`, to the byte? Case counts, so that it is preserved.
    fn matches(&self, at: usize, suffix: NameRef<'_>) -> bool {
        let (mut at, mut wire) = (at, suffix.wire());
        loop {
            let first = self.buf[at];
            if first >= 0xc0 {
                // Our own pointers lead backwards to labels, so this ends.
                at = usize::from(u16::from_be_bytes([first & 0x3f, self.buf[at + 1]]));
                continue;
            }
            let len = 1 + usize::from(first);
            if wire.get(..len) != Some(&self.buf[at..at + len]) {
                return false;
            }
            if first == 0 {
                return true;
            }
            wire = &wire[len..];
            at += len;
        }
    }
}

/// RFC 3597 section 4: only the types of RFC 1035 are sent with compressed names.
pub(crate) const fn may_be_sent_compressed(rtype: Rtype) -> bool {
    matches!(
        rtype,
        Rtype::NS
            | Rtype::MD
            | Rtype::MF
            | Rtype::CNAME
            | Rtype::SOA
            | Rtype::MB
            | Rtype::MG
            | Rtype::MR
            | Rtype::PTR
            | Rtype::MINFO
            | Rtype::MX
    )
}
