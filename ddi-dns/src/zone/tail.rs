//! What many answers of a zone end with, written once for each version: the SOA of a negative answer, and
//! the zone's servers with their addresses, which go with a positive one.
//!
//! Pointers in these records lead to the apex in the question's name or to names in the tail itself. Where
//! both lie differs from answer to answer, so that the pointers are set when a tail is put.

use super::snapshot::Snapshot;
use crate::message::{Flags, Full, HEADER_LEN, Header, Owner, POINTER_MAX, Section, Writer};
use crate::name::{NAME_MAX, NameRef};
use crate::rr::{Class, Rtype};

/// Tails of more bytes are not kept, so that ten thousand small zones stay cheap.
const TAIL_MAX: usize = 1024;
/// Bytes of a record between its owner and its data.
const FIXED_LEN: usize = 10;
/// The apex where a tail is written first: right behind the header, as a question's name.
const APEX_AT: u16 = HEADER_LEN as u16;

/// The tails of one version.
#[derive(Debug, Default)]
pub(crate) struct Tails {
    /// The SOA with the TTL of a negative answer (RFC 2308 section 3).
    pub(crate) negative: Option<Tail>,
    /// The NS rrset as authority, and the servers' addresses.
    pub(crate) servers: Option<Tail>,
}

/// Records as they will be in a message, but for the pointers.
#[derive(Debug)]
pub(crate) struct Tail {
    bytes: Box<[u8]>,
    /// How many records for each section.
    counts: [u16; 4],
    pointers: Box<[Pointer]>,
}

/// A pointer of a tail: it stands at `at` and leads to so many bytes behind the apex or the tail's start.
#[derive(Clone, Copy, Debug)]
struct Pointer {
    at: u16,
    to_apex: bool,
    behind: u16,
}

impl Tails {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let apex = snapshot.apex();
        let negative = Tail::written(apex, |writer| {
            let soa = snapshot.soa_record();
            let (ttl, owner) = (soa.ttl.min(snapshot.soa().minimum), Owner::At(APEX_AT));
            writer.record_of(Section::Authority, owner, Rtype::SOA, Class::IN, ttl, soa.rdata).map(drop)
        });
        let servers = Tail::written(apex, |writer| put_servers(snapshot, writer));
        Self { negative, servers }
    }
}

fn put_servers(snapshot: &Snapshot, writer: &mut Writer<'_>) -> Result<(), Full> {
    let ns = snapshot.apex_body().rrset(Rtype::NS).ok_or(Full)?;
    for rdata in ns.rdatas() {
        let owner = Owner::At(APEX_AT);
        writer.record_of(Section::Authority, owner, Rtype::NS, Class::IN, ns.ttl(), rdata)?;
    }
    let hosts = ns.rdatas().filter_map(|rdata| NameRef::new(rdata).ok());
    for (name, body) in hosts.filter_map(|name| Some((name, snapshot.host(name)?))) {
        for rrset in [Rtype::A, Rtype::AAAA].into_iter().filter_map(|rtype| body.rrset(rtype)) {
            for rdata in rrset.rdatas() {
                writer.record(Section::Additional, name, rrset.rtype(), Class::IN, rrset.ttl(), rdata)?;
            }
        }
    }
    Ok(())
}

impl Tail {
    /// What `put` writes behind a question for the apex. None if that is too much, or for the root's zone,
    /// to whose apex no pointer can lead.
    fn written(apex: NameRef<'_>, put: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>) -> Option<Self> {
        if apex.is_root() {
            return None;
        }
        let mut message = [0; HEADER_LEN + NAME_MAX + 4 + TAIL_MAX];
        let mut writer = Writer::new(&mut message, 0, Flags::default()).ok()?;
        writer.question(apex, Rtype::SOA, Class::IN).ok()?;
        let start = writer.len();
        put(&mut writer).ok()?;
        let end = writer.finish();
        let [_, counts @ ..] = Header::parse(&message)?.counts;
        let bytes = &message[start..end];
        let pointers = pointers(bytes)?.into_iter().map(|at| {
            let to = u16::from_be_bytes([bytes[at] & 0x3f, bytes[at + 1]]);
            let to_apex = usize::from(to) < start;
            let behind = to - if to_apex { APEX_AT } else { start as u16 };
            Pointer { at: at as u16, to_apex, behind }
        });
        let counts = [0, counts[0], counts[1], counts[2]];
        Some(Self { bytes: bytes.into(), counts, pointers: pointers.collect() })
    }

    /// Puts it behind what is written: all of it, or nothing. `apex_at` is where the apex is in the message.
    pub(crate) fn put(&self, writer: &mut Writer<'_>, apex_at: u16) -> Result<(), Full> {
        let start = writer.len();
        if start + self.bytes.len() > POINTER_MAX {
            return Err(Full);
        }
        let place = writer.records(&self.bytes, self.counts)?;
        for pointer in &self.pointers {
            let to = pointer.behind + if pointer.to_apex { apex_at } else { start as u16 };
            let at = usize::from(pointer.at);
            place[at..at + 2].copy_from_slice(&(0xc000 | to).to_be_bytes());
        }
        Ok(())
    }
}

/// Where pointers stand in records of the types that tails have.
fn pointers(records: &[u8]) -> Option<Vec<usize>> {
    let (mut pointers, mut at) = (Vec::new(), 0);
    while at < records.len() {
        at = end_of_name(records, at, &mut pointers)?;
        let fixed: &[u8; FIXED_LEN] = records.get(at..)?.first_chunk()?;
        let &[t0, t1, .., n0, n1] = fixed;
        let names = match Rtype(u16::from_be_bytes([t0, t1])) {
            Rtype::SOA => 2,
            Rtype::NS => 1,
            _ => 0,
        };
        let mut name_at = at + FIXED_LEN;
        for _ in 0..names {
            name_at = end_of_name(records, name_at, &mut pointers)?;
        }
        at += FIXED_LEN + usize::from(u16::from_be_bytes([n0, n1]));
    }
    Some(pointers)
}

/// The end of the name at `at`; adds where its pointer stands, if it has one.
fn end_of_name(records: &[u8], mut at: usize, pointers: &mut Vec<usize>) -> Option<usize> {
    loop {
        match *records.get(at)? {
            0 => return Some(at + 1),
            0xc0.. => {
                pointers.push(at);
                return Some(at + 2);
            }
            len => at += 1 + usize::from(len),
        }
    }
}
