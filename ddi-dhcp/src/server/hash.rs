//! Hashes of what the network sends: keyed, so that nobody can aim at one slot.

use ddi_core::HwAddr;
use std::hash::{DefaultHasher, Hasher};
use std::net::Ipv4Addr;

/// A keyed hash function.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Keyed {
    seed: u64,
}

impl Keyed {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// SipHash with the seed as the first block.
    fn hasher(self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.seed);
        hasher
    }

    pub(crate) fn of_addr(self, addr: Ipv4Addr) -> u64 {
        let mut hasher = self.hasher();
        hasher.write_u32(addr.into());
        hasher.finish()
    }

    /// Of a client on a link: its client_id, or its hw_addr if it has none.
    pub(crate) fn of_client(self, link: u32, client_id: &[u8], hw_addr: &HwAddr) -> u64 {
        let mut hasher = self.hasher();
        if client_id.is_empty() {
            hasher.write_u32(link);
            hasher.write_u16(hw_addr.htype());
            hasher.write(hw_addr.bytes());
        } else {
            hasher.write_u32(!link);
            hasher.write(client_id);
        }
        hasher.finish()
    }
}
