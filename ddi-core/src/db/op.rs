//! The database's operations as the log holds them: a byte that tells which, then a row's body or a key.

use super::row::{self, View};
use crate::id::LeaseKey;
use crate::lease::Lease;

/// A put; the body follows.
pub(crate) const PUT: u8 = 1;
/// A remove; the key follows.
const REMOVE: u8 = 2;

/// One operation, borrowed from the log.
#[allow(clippy::large_enum_variant, reason = "it lives on the stack of one call")]
pub(crate) enum Op<'a> {
    /// A well-formed body, and what is in it.
    Put(&'a [u8], View<'a>),
    Remove(LeaseKey),
}

impl<'a> Op<'a> {
    /// `None` unless it is exactly one operation.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        match bytes.split_first()? {
            (&PUT, body) => View::parse(body).map(|view| Self::Put(body, view)),
            (&REMOVE, key) => row::parse_key(key).map(Self::Remove),
            _ => None,
        }
    }

    /// Something that is the same for all operations on one lease, and near for near IPv4 addresses.
    pub(crate) fn block_hint(first: u8, rest: &[u8]) -> u32 {
        match first {
            PUT => row::addr_hint(rest) >> 8,
            _ => row::parse_key(rest).map_or(0, |key| row::key_hint(key) >> 8),
        }
    }
}

/// Replaces `out` by the put of `lease`. The body is what follows the first byte.
pub(crate) fn emit_put(lease: &Lease, out: &mut Vec<u8>) {
    out.clear();
    out.push(PUT);
    row::emit(lease, out);
}

/// Replaces `out` by the remove of `key`.
pub(crate) fn emit_remove(key: LeaseKey, out: &mut Vec<u8>) {
    out.clear();
    out.push(REMOVE);
    row::emit_key(key, out);
}
