//! The order of rdata inside an rrset.

use crate::rr::{Field, Rtype, canonical_rdata, fields, walk_fields};
use std::cmp::Ordering;

/// Canonical order (RFC 4034 section 6.3): as bytes, with names in lower case where section 6.2 says so.
/// What is equal in it is the same record.
pub(crate) fn compare(rtype: Rtype, a: &[u8], b: &[u8]) -> Ordering {
    if !fields(rtype).iter().any(|&field| is_lowered(field)) {
        return a.cmp(b);
    }
    // Up to the first byte that differs, both have their parts at the same places.
    let (mut at, mut order) = (0, Ordering::Equal);
    let walked = walk_fields(rtype, a, |field, part| {
        if order.is_eq() {
            let other = b.get(at..).unwrap_or(&[]);
            let other = &other[..other.len().min(part.len())];
            at += part.len();
            order = if is_lowered(field) { lowered(part).cmp(lowered(other)) } else { part.cmp(other) };
        }
    });
    if walked.is_err() {
        return a.cmp(b);
    }
    order.then_with(|| a.len().cmp(&b.len()))
}

const fn is_lowered(field: Field) -> bool {
    matches!(field, Field::NameCompressed | Field::NameLower)
}

fn lowered(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.iter().map(u8::to_ascii_lowercase)
}

/// Bytes that are equal where [`compare`] says so, and ordered as it says.
pub(crate) fn canonical_order(rtype: Rtype, rdata: &[u8]) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(rdata.len());
    match canonical_rdata(rtype, rdata, &mut canonical) {
        Ok(()) => canonical,
        Err(_) => rdata.to_vec(),
    }
}
