//! Internet addresses, of our own, so that no header of a system is needed.

use crate::handle::Failure;
use crate::slice;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// No address.
pub const DDI_FAMILY_NONE: u8 = 0;
/// IPv4: the address is in the first 4 bytes.
pub const DDI_FAMILY_V4: u8 = 4;
/// IPv6: the address is in all 16 bytes.
pub const DDI_FAMILY_V6: u8 = 6;

/// An address with a port, as a socket has it. Not `struct sockaddr`: examples/dhcp_server.c has the few
/// lines that convert.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct ddi_addr {
    /// `DDI_FAMILY_V4` or `DDI_FAMILY_V6`; `DDI_FAMILY_NONE` (0) where there may be none.
    pub family: u8,
    /// Zero.
    pub pad: u8,
    /// In the host's byte order; 0 if it has no meaning.
    pub port: u16,
    /// IPv6: the interface's number for link-local addresses (`sin6_scope_id`); otherwise 0.
    pub scope: u32,
    /// The address in network byte order; bytes that are not used are 0.
    pub bytes: [u8; 16],
}

impl ddi_addr {
    /// The address of one that must be there.
    ///
    /// # Safety
    /// `addr` is NULL or points to a `ddi_addr`.
    pub(crate) unsafe fn read(addr: *const Self, what: &'static str) -> Result<SocketAddr, Failure> {
        // SAFETY: as promised.
        let addr = unsafe { slice::read(addr, what) }?;
        addr.socket_addr(what)?.ok_or_else(|| Failure::argument(format!("{what}: family is 0, none")))
    }

    /// `None` for `DDI_FAMILY_NONE`.
    pub(crate) fn socket_addr(&self, what: &'static str) -> Result<Option<SocketAddr>, Failure> {
        let port = self.port;
        Ok(match self.ip(what)? {
            None => None,
            Some(IpAddr::V4(ip)) => Some(SocketAddrV4::new(ip, port).into()),
            Some(IpAddr::V6(ip)) => Some(SocketAddrV6::new(ip, port, 0, self.scope).into()),
        })
    }

    /// Without the port. `None` for `DDI_FAMILY_NONE`.
    #[inline]
    pub(crate) fn ip(&self, what: &'static str) -> Result<Option<IpAddr>, Failure> {
        let [a, b, c, d, ..] = self.bytes;
        match self.family {
            DDI_FAMILY_NONE => Ok(None),
            DDI_FAMILY_V4 => Ok(Some(Ipv4Addr::new(a, b, c, d).into())),
            DDI_FAMILY_V6 => Ok(Some(Ipv6Addr::from(self.bytes).into())),
            other => Err(Failure::argument(format!("{what}: family {other} is none of 0, 4, 6"))),
        }
    }
}

impl From<SocketAddr> for ddi_addr {
    fn from(addr: SocketAddr) -> Self {
        let scope = match addr {
            SocketAddr::V4(_) => 0,
            SocketAddr::V6(v6) => v6.scope_id(),
        };
        Self { port: addr.port(), scope, ..Self::from(addr.ip()) }
    }
}

impl From<IpAddr> for ddi_addr {
    fn from(ip: IpAddr) -> Self {
        let mut bytes = [0; 16];
        let family = match ip {
            IpAddr::V4(v4) => {
                bytes[..4].copy_from_slice(&v4.octets());
                DDI_FAMILY_V4
            }
            IpAddr::V6(v6) => {
                bytes = v6.octets();
                DDI_FAMILY_V6
            }
        };
        Self { family, pad: 0, port: 0, scope: 0, bytes }
    }
}
