//! One step of a serial.

use super::Records;
use crate::serial::Serial;

/// What turns the zone with serial `from` into that with serial `to`: exactly what is removed and added.
///
/// `removed` starts with the old SOA and `added` with the new one, so that both parts are what IXFR sends
/// (RFC 1995 section 4). A changed TTL is the removal of the whole rrset and its addition.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "what RFC 1995 section 4 says that it is")]
pub struct Delta {
    /// The serial before.
    pub from: Serial,
    /// The serial after.
    pub to: Serial,
    /// The old SOA, and what is gone.
    pub removed: Records,
    /// The new SOA, and what is new.
    pub added: Records,
}

impl Delta {
    /// The delta that takes this one back.
    #[must_use]
    pub fn inverted(&self) -> Self {
        Self { from: self.to, to: self.from, removed: self.added.clone(), added: self.removed.clone() }
    }

    /// How many records it removes and adds, SOAs included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.removed.len() + self.added.len()
    }

    /// True if it has no records at all, not even SOAs: no zone ever makes such a delta.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of its records.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        self.removed.wire().len() + self.added.wire().len()
    }
}
