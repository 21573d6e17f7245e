//! Filling one message of a transfer with records. Its compression searches nothing: a name points at the
//! longest suffix that it shares with the last owner, or with the last name in data; in a zone in canonical
//! order that finds nearly all that there is to find.

use crate::delta::RecordRef;
use crate::message::{Flags, Full, HEADER_LEN, Header, may_be_sent_compressed};
use crate::name::{NAME_MAX, NameRef};
use crate::rr::{Class, Field, Rtype, fields};

/// Highest offset that a pointer can hold (RFC 1035 section 4.1.4).
const POINTER_MAX: usize = 0x3fff;

/// A message that is being filled: header, perhaps a question, answers.
pub(super) struct Filler<'b> {
    buf: &'b mut [u8],
    /// How far it may be filled.
    end: usize,
    len: usize,
    header: Header,
    owner: Spelled,
    target: Spelled,
}

impl<'b> Filler<'b> {
    /// Question and answers may take `end` bytes of `buf`.
    pub(super) fn new(buf: &'b mut [u8], end: usize, id: u16, flags: Flags) -> Result<Self, Full> {
        if end < HEADER_LEN || end > buf.len() {
            return Err(Full);
        }
        let header = Header { id, flags, counts: [0; 4] };
        Ok(Self { buf, end, len: HEADER_LEN, header, owner: Spelled::new(), target: Spelled::new() })
    }

    /// How many answers are in.
    pub(super) const fn answers(&self) -> u16 {
        self.header.counts[1]
    }

    pub(super) fn question(&mut self, name: NameRef<'_>, rtype: Rtype) -> Result<(), Full> {
        self.owner(name)?;
        self.put(&rtype.0.to_be_bytes())?;
        self.put(&Class::IN.0.to_be_bytes())?;
        self.header.counts[0] = 1;
        Ok(())
    }

    /// Writes all of an answer, or nothing. After [`Full`] no more may be written.
    pub(super) fn answer(&mut self, record: &RecordRef<'_>) -> Result<(), Full> {
        let count = self.header.counts[1].checked_add(1).ok_or(Full)?;
        let start = self.len;
        let written = self.record(record);
        match written {
            Ok(()) => self.header.counts[1] = count,
            Err(Full) => self.len = start,
        }
        written
    }

    /// Writes an OPT behind the last answer, into the bytes that were left free for it.
    pub(super) fn opt(&mut self, opt: &RecordRef<'_>) -> Result<(), Full> {
        self.end = self.buf.len();
        self.record(opt)?;
        self.header.counts[3] = 1;
        Ok(())
    }

    /// Writes the header; gives the message's length.
    pub(super) fn finish(self) -> usize {
        self.buf[..HEADER_LEN].copy_from_slice(&self.header.emit());
        self.len
    }

    fn record(&mut self, record: &RecordRef<'_>) -> Result<(), Full> {
        self.owner(record.owner)?;
        let ([r0, r1], [c0, c1]) = (record.rtype.0.to_be_bytes(), record.class.0.to_be_bytes());
        let [t0, t1, t2, t3] = record.ttl.to_be_bytes();
        let at = self.len + 8;
        if may_be_sent_compressed(record.rtype) {
            self.put(&[r0, r1, c0, c1, t0, t1, t2, t3, 0, 0])?;
            self.rdata(record.rtype, record.rdata)?;
            let len = u16::try_from(self.len - at - 2).map_err(|_| Full)?;
            self.buf[at..at + 2].copy_from_slice(&len.to_be_bytes());
            return Ok(());
        }
        let [n0, n1] = u16::try_from(record.rdata.len()).map_err(|_| Full)?.to_be_bytes();
        self.put(&[r0, r1, c0, c1, t0, t1, t2, t3, n0, n1])?;
        self.put(record.rdata)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let len = self.len + bytes.len();
        if len > self.end {
            return Err(Full);
        }
        self.buf[self.len..len].copy_from_slice(bytes);
        self.len = len;
        Ok(())
    }

    /// Data of the types of RFC 1035: numbers and names.
    fn rdata(&mut self, rtype: Rtype, rdata: &[u8]) -> Result<(), Full> {
        let mut rest = rdata;
        for &field in fields(rtype) {
            match (field, NameRef::split(rest)) {
                (Field::NameCompressed, Ok((name, tail))) => {
                    self.target(name)?;
                    rest = tail;
                }
                (Field::Fixed(len), _) => {
                    let (part, tail) = rest.split_at(usize::from(len).min(rest.len()));
                    self.put(part)?;
                    rest = tail;
                }
                _ => break,
            }
        }
        self.put(rest)
    }

    fn owner(&mut self, name: NameRef<'_>) -> Result<(), Full> {
        let at = self.len;
        let Shared { plain, pointer, foreign } = Shared::of(name, &self.owner, &self.target);
        self.name(&name.wire()[..plain], pointer)?;
        if foreign {
            self.owner.clone_from(&self.target);
        }
        self.owner.follow(name, at, plain);
        Ok(())
    }

    fn target(&mut self, name: NameRef<'_>) -> Result<(), Full> {
        let at = self.len;
        let Shared { plain, pointer, foreign } = Shared::of(name, &self.target, &self.owner);
        self.name(&name.wire()[..plain], pointer)?;
        if foreign {
            self.target.clone_from(&self.owner);
        }
        self.target.follow(name, at, plain);
        Ok(())
    }

    fn name(&mut self, plain: &[u8], pointer: Option<u16>) -> Result<(), Full> {
        self.put(plain)?;
        match pointer {
            Some(pointer) => self.put(&(0xc000 | pointer).to_be_bytes()),
            None => self.put(&[0]),
        }
    }
}

/// What a name shares with those before it.
struct Shared {
    /// Bytes of labels that it does not share.
    plain: usize,
    /// Where the rest stands; `None`: the rest is the root.
    pointer: Option<u16>,
    /// True if it stands in the second of the two names.
    foreign: bool,
}

impl Shared {
    fn of(name: NameRef<'_>, own: &Spelled, other: &Spelled) -> Self {
        let (wire, mut plain) = (name.wire(), 0);
        while wire[plain] != 0 {
            let suffix = &wire[plain..];
            if let pointer @ Some(_) = own.find(suffix) {
                return Self { plain, pointer, foreign: false };
            }
            if let pointer @ Some(_) = other.find(suffix) {
                return Self { plain, pointer, foreign: true };
            }
            plain += 1 + usize::from(wire[plain]);
        }
        Self { plain, pointer: None, foreign: false }
    }
}

/// A name that is in the message, and where each of its suffixes can be pointed at.
#[derive(Clone)]
struct Spelled {
    wire: [u8; NAME_MAX],
    len: usize,
    /// By a suffix's length: its offset in the message; 0 if it has none that a pointer can hold.
    offsets: [u16; NAME_MAX + 1],
}

impl Spelled {
    const fn new() -> Self {
        Self { wire: [0; NAME_MAX], len: 0, offsets: [0; NAME_MAX + 1] }
    }

    /// Where `suffix` stands. Case counts, so that it is preserved (RFC 5936 section 3.4).
    fn find(&self, suffix: &[u8]) -> Option<u16> {
        let offset = self.offsets[suffix.len()];
        (offset != 0 && self.wire[..self.len].ends_with(suffix)).then_some(offset)
    }

    /// `name` stands at `at`: `plain` bytes of labels, then what it shares with this one.
    fn follow(&mut self, name: NameRef<'_>, at: usize, plain: usize) {
        let wire = name.wire();
        self.forget(wire.len() - plain);
        let mut i = 0;
        while i < plain {
            if at + i <= POINTER_MAX {
                self.offsets[wire.len() - i] = (at + i) as u16;
            }
            i += 1 + usize::from(wire[i]);
        }
        self.wire[..wire.len()].copy_from_slice(wire);
        self.len = wire.len();
    }

    /// Forgets the suffixes that are longer than `keep`.
    fn forget(&mut self, keep: usize) {
        let mut i = 0;
        while i < self.len && self.len - i > keep {
            self.offsets[self.len - i] = 0;
            i += 1 + usize::from(self.wire[i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Reader;
    use crate::name::Name;

    #[test]
    fn what_is_written_is_read_again() {
        let owners =
            ["example.com", "a.example.com", "A.example.com", "x.A.example.com", "b.Example.com", "."];
        let mut seed = 1_u64;
        for round in 0..200 {
            let mut buf = vec![0; 300 + round * 200];
            let size = buf.len();
            let mut filler = Filler::new(&mut buf, size, 7, Flags::default()).unwrap();
            filler.question("example.com".parse::<Name>().unwrap().as_ref(), Rtype::AXFR).unwrap();
            let mut written = Vec::new();
            loop {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round as u64);
                let mut pick = || {
                    seed = seed.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    let long = "long-label-number-".repeat((seed >> 40) as usize % 4);
                    let text =
                        format!("{long}{}.{}", seed >> 61, owners[(seed >> 33) as usize % owners.len()]);
                    text.trim_end_matches('.').parse::<Name>().unwrap()
                };
                let (owner, target) = (pick(), pick());
                let rtype = [Rtype::NS, Rtype::A, Rtype::DNAME][(seed >> 20) as usize % 3];
                let rdata =
                    if rtype == Rtype::A { vec![1, 2, 3, 4] } else { target.as_ref().wire().to_vec() };
                let record = RecordRef::new(owner.as_ref(), rtype, 5, &rdata);
                if filler.answer(&record).is_err() {
                    break;
                }
                written.push((owner.as_ref().wire().to_vec(), rtype, rdata.clone()));
            }
            let len = filler.finish();
            let plain: usize = written.iter().map(|(owner, _, rdata)| owner.len() + 10 + rdata.len()).sum();
            // Compression gains something, whatever the names.
            assert!(len <= size && (written.len() < 9 || len < plain), "{len} {plain}");
            let mut reader = Reader::new(&buf[..len]).unwrap();
            for (owner, rtype, rdata) in &written {
                let record = reader.record().unwrap().unwrap();
                let mut read = Vec::new();
                record.expand_rdata(&mut read).unwrap();
                assert_eq!((record.owner().as_ref().wire(), record.rtype), (&owner[..], *rtype));
                assert_eq!(&read, rdata);
            }
            assert!(reader.record().unwrap().is_none());
            reader.finish().unwrap();
        }
    }
}
