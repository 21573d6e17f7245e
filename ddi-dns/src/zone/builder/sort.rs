//! Records as they came, and their order.

use crate::rr::Rtype;
use crate::zone::body::covered;
use crate::zone::rdata::compare;
use std::cmp::Ordering;

/// A record as the builder keeps it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) key: &'a [u8],
    pub(super) case: &'a [u8],
    pub(super) rtype: Rtype,
    pub(super) ttl: u32,
    pub(super) rdata: &'a [u8],
}

/// Records behind each other in one buffer:
///
/// ```text
/// key length u16, case length u16, rdata length u16, rtype u16, ttl u32, key, case, rdata
/// ```
#[derive(Debug, Default)]
pub(super) struct Pushed {
    bytes: Vec<u8>,
    order: Vec<Ref>,
}

/// Where a record starts, and the eight bytes of its key that it is being sorted by.
#[derive(Clone, Copy, Debug)]
struct Ref {
    head: u64,
    at: u64,
}

const HEADER_LEN: usize = 12;

impl Pushed {
    pub(super) const fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn push(&mut self, record: &Record<'_>) {
        self.start(record.key.len(), record.case.len(), record);
        self.bytes.extend_from_slice(record.key);
        self.bytes.extend_from_slice(record.case);
        self.end(record.rdata);
    }

    /// Pushes a record whose key is its labels from the last to the first, each closed by 0.
    pub(super) fn push_plain(&mut self, labels: &[u8], rtype: Rtype, ttl: u32, rdata: &[u8]) {
        self.start(labels.len(), 0, &Record { key: &[], case: &[], rtype, ttl, rdata });
        match labels.split_first() {
            Some((&len, label)) if usize::from(len) == label.len() => {
                self.bytes.extend_from_slice(label);
                self.bytes.push(0);
            }
            Some(_) => self.push_reversed(labels),
            None => {}
        }
        self.end(rdata);
    }

    fn push_reversed(&mut self, labels: &[u8]) {
        let start = self.bytes.len();
        self.bytes.resize(start + labels.len(), 0);
        let (mut rest, mut end) = (labels, self.bytes.len());
        while let Some((&len, tail)) = rest.split_first() {
            let (label, tail) = tail.split_at(usize::from(len));
            self.bytes[end - 1 - label.len()..end - 1].copy_from_slice(label);
            end -= 1 + label.len();
            rest = tail;
        }
    }

    fn start(&mut self, key_len: usize, case_len: usize, record: &Record<'_>) {
        self.order.push(Ref { head: 0, at: self.bytes.len() as u64 });
        let [k0, k1] = (key_len as u16).to_be_bytes();
        let [c0, c1] = (case_len as u16).to_be_bytes();
        let [d0, d1] = (record.rdata.len() as u16).to_be_bytes();
        let [r0, r1] = record.rtype.0.to_be_bytes();
        let [t0, t1, t2, t3] = record.ttl.to_be_bytes();
        self.bytes.extend_from_slice(&[k0, k1, c0, c1, d0, d1, r0, r1, t0, t1, t2, t3]);
    }

    fn end(&mut self, rdata: &[u8]) {
        self.bytes.extend_from_slice(rdata);
        if let Some(last) = self.order.last_mut() {
            last.head = head_of(record(&self.bytes, last.at).key);
        }
    }

    /// Brings the records into order: by key, type, covered type, data, and then as they came.
    pub(super) fn sort(&mut self) {
        sort_by_heads(&self.bytes, &mut self.order, 0);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Record<'_>> {
        self.order.iter().map(|reference| record(&self.bytes, reference.at))
    }
}

fn record(bytes: &[u8], at: u64) -> Record<'_> {
    let at = at as usize;
    let word = |i: usize| u16::from_be_bytes([bytes[at + i], bytes[at + i + 1]]);
    let [key, case, rdata] = [0, 2, 4].map(|i| usize::from(word(i)));
    let ttl = u32::from(word(8)) << 16 | u32::from(word(10));
    let (key_bytes, rest) = bytes[at + HEADER_LEN..][..key + case + rdata].split_at(key);
    let (case, rdata) = rest.split_at(case);
    Record { key: key_bytes, case, rtype: Rtype(word(6)), ttl, rdata }
}

/// The first eight bytes as a number, zeros where there are fewer.
fn head_of(key: &[u8]) -> u64 {
    let mut head = [0; 8];
    let len = key.len().min(8);
    head[..len].copy_from_slice(&key[..len]);
    u64::from_be_bytes(head)
}

/// Sorts records whose keys are the same up to `depth`, by eight bytes at a time: so that most comparisons
/// need not go to the records. A key ends with its only 0 in a row, so that zeros past its end are below
/// all that could follow it.
fn sort_by_heads(bytes: &[u8], order: &mut [Ref], depth: usize) {
    if !order.is_sorted_by_key(|reference| reference.head) {
        order.sort_unstable_by_key(|reference| (reference.head, reference.at));
    }
    for same in order.chunk_by_mut(|a, b| a.head == b.head).filter(|same| same.len() > 1) {
        let ends = |reference: &Ref| record(bytes, reference.at).key.len() <= depth + 8;
        if same.iter().all(ends) {
            same.sort_by(|a, b| {
                compare_data(&record(bytes, a.at), &record(bytes, b.at)).then(a.at.cmp(&b.at))
            });
        } else {
            for reference in same.iter_mut() {
                let key = record(bytes, reference.at).key;
                reference.head = head_of(key.get(depth + 8..).unwrap_or(&[]));
            }
            sort_by_heads(bytes, same, depth + 8);
        }
    }
}

fn compare_data(a: &Record<'_>, b: &Record<'_>) -> Ordering {
    let order = |record: &Record<'_>| (record.rtype, covered(record.rtype, record.rdata));
    order(a).cmp(&order(b)).then_with(|| compare(a.rtype, a.rdata, b.rdata))
}
