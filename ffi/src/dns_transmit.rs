//! Where a message goes: what the polls of the DNS machines fill in beside the bytes.

use crate::addr::ddi_addr;
use crate::dns_message::{DDI_TRANSPORT_TCP, DDI_TRANSPORT_UDP};
use crate::sized::Growing;
use ddi_dns::update::Source;
use std::net::SocketAddr;

/// A message to send.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_dns_transmit {
    /// `sizeof(ddi_dns_transmit)`.
    pub struct_size: u32,
    /// `DDI_TRANSPORT_UDP`: a datagram. `DDI_TRANSPORT_TCP`: over the connection `link`, or if that is 0 over
    /// a new one to `to`.
    pub transport: u32,
    /// Where to.
    pub to: ddi_addr,
    /// The caller's number for the connection that the request came over; 0: none.
    pub link: u64,
}

// SAFETY: repr(C), starts with struct_size, numbers only.
unsafe impl Growing for ddi_dns_transmit {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_dns_transmit";
}

impl ddi_dns_transmit {
    pub(crate) fn new(to: SocketAddr, is_tcp: bool) -> Self {
        let transport = if is_tcp { DDI_TRANSPORT_TCP } else { DDI_TRANSPORT_UDP };
        Self { struct_size: 0, transport, to: to.into(), link: 0 }
    }

    pub(crate) fn answer(to: Source) -> Self {
        Self { link: to.link.unwrap_or(0), ..Self::new(to.address, to.link.is_some()) }
    }
}

/// Who sent a message: an address, and the connection's number if it is not 0.
pub(crate) fn source(address: SocketAddr, link: u64) -> Source {
    Source { address, link: (link != 0).then_some(link) }
}
