//! Random changes of a few zones, and what a journal holds as one string of bytes.

use ddi_core::{Lsn, MemStorage, UnixTime};
use ddi_dns::journal::{JournalConfig, JournalError, Kept};
use ddi_dns::zone::Builder;
use ddi_dns::{Edit, Journal, Name, Rtype, SerialPolicy, Snapshot};
use std::sync::Arc;

/// A small generator (xorshift64*).
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound.max(1)
    }
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

pub(crate) fn soa(serial: u32) -> Vec<u8> {
    let mut rdata = b"\x02ns\x07example\0\x05admin\x07example\0".to_vec();
    for number in [serial, 3600, 600, 86_400, 300] {
        rdata.extend_from_slice(&number.to_be_bytes());
    }
    rdata
}

/// A zone with this many hosts.
pub(crate) fn zone(apex: &Name, serial: u32, hosts: u64, rng: &mut Rng) -> Snapshot {
    let mut builder = Builder::new(apex.as_ref());
    builder.push(apex.as_ref(), Rtype::SOA, 3600, &soa(serial)).expect("a SOA");
    for _ in 0..hosts {
        let owner = apex.child(format!("Host-{}", rng.below(hosts * 2)).as_bytes()).expect("short");
        let addr = (rng.below(1 << 32) as u32).to_be_bytes();
        builder.push(owner.as_ref(), Rtype::A, 300, &addr).expect("an address");
    }
    builder.finish().expect("a zone")
}

/// Everything in the journal: two journals that hold the same have the same.
pub(crate) fn content<'a>(zones: impl Iterator<Item = &'a Kept>) -> Vec<u8> {
    let mut all = Vec::new();
    for kept in zones {
        all.extend_from_slice(&kept.version().0.to_be_bytes());
        let mut walk = kept.snapshot().walk();
        while let Some(record) = walk.next() {
            record.emit(&mut all);
        }
        for delta in kept.history().iter() {
            all.extend_from_slice(format!("{} to {}", delta.from, delta.to).as_bytes());
            all.extend_from_slice(delta.removed.wire());
            all.extend_from_slice(delta.added.wire());
        }
        all.extend_from_slice(kept.note());
        all.push(b'|');
    }
    all
}

pub(crate) fn open(storage: &Arc<MemStorage>) -> Result<Journal, JournalError> {
    Journal::open(Arc::clone(storage) as _, &config()).map(|(journal, _)| journal)
}

pub(crate) fn config() -> JournalConfig {
    let mut config = JournalConfig::default();
    (config.log.first_segment_bytes, config.log.segment_bytes) = (4096, 8192);
    config.history.deltas = 6;
    config
}

/// One change of one of a few zones; `None` where there was nothing to do.
pub(crate) fn change(journal: &mut Journal, rng: &mut Rng) -> Result<Option<Lsn>, JournalError> {
    let apex = name(["example.", "sub.example.", "Other.test.", "10.in-addr.arpa."][rng.below(4) as usize]);
    let Some(kept) = journal.zone(apex.as_ref()) else {
        let (serial, hosts) = (rng.below(1 << 32) as u32, rng.below(9));
        return journal.replace(&zone(&apex, serial, hosts, rng)).map(Some);
    };
    match rng.below(20) {
        0 => journal.remove(apex.as_ref()),
        1..3 => {
            // The same serial or an older one: versions are not told apart by it.
            let serial = kept.snapshot().serial().0.wrapping_sub(rng.below(2) as u32);
            let next = zone(&apex, serial, 5, rng);
            journal.replace(&next).map(Some)
        }
        3..5 => {
            let note = vec![b'n'; rng.below(30) as usize];
            journal.set_note(apex.as_ref(), &note).map(Some)
        }
        5 => {
            let next = zone(&apex, 77, 8, rng);
            let mut load = journal.begin_load(&next);
            while !load.step(1)? {}
            journal.end_load(&mut load).map(Some)
        }
        _ => append(journal, &apex, rng),
    }
}

/// An edit of a zone that is there.
pub(crate) fn append(journal: &mut Journal, apex: &Name, rng: &mut Rng) -> Result<Option<Lsn>, JournalError> {
    let kept = journal.zone(apex.as_ref()).expect("it is there");
    let mut edit = Edit::new(kept.snapshot());
    for _ in 0..=rng.below(4) {
        let owner = apex.child(format!("host-{}", rng.below(12)).as_bytes()).expect("short");
        let addr = [10, 0, 0, rng.below(4) as u8];
        match rng.below(6) {
            0 => {
                edit.remove_name(owner.as_ref());
            }
            1 => {
                edit.remove(owner.as_ref(), Rtype::A, &addr);
            }
            2 => {
                let text = vec![b'x'; 1 + rng.below(200) as usize];
                let rdata = [&[text.len() as u8][..], &text].concat();
                edit.add(owner.as_ref(), Rtype::TXT, rng.below(600) as u32, &rdata).expect("a text");
            }
            _ => {
                edit.add(owner.as_ref(), Rtype::A, rng.below(600) as u32, &addr).expect("an address");
            }
        }
    }
    let policy = if rng.below(9) == 0 { SerialPolicy::UnixTime } else { SerialPolicy::Increment };
    match edit.finish(policy, UnixTime(1_800_000_000 + rng.below(1 << 20))).expect("a delta") {
        Some((delta, after)) => journal.append(Arc::new(delta), &after).map(Some),
        None => Ok(None),
    }
}
