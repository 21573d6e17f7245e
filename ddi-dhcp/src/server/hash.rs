//! Hashes of what the network sends: keyed, so that nobody can aim at one slot.

use ddi_core::HwAddr;
use siphasher::sip::SipHasher13;
use std::hash::Hasher;
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

    fn hasher(self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.seed, !self.seed)
    }

    pub(crate) fn of_bytes(self, bytes: &[u8]) -> u64 {
        let mut hasher = self.hasher();
        hasher.write(bytes);
        hasher.finish()
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
