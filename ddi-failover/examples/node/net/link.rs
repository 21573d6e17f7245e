//! Links: what the system knows of an interface, and frames sent on it.

use super::frame;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, SockaddrIn, bind, send, socket,
};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd};

/// An interface.
pub struct Link {
    pub index: u32,
    pub addresses: Vec<Ipv4Addr>,
    hardware: LinkAddr,
}

impl Link {
    /// `None` if there is no interface of this name.
    pub fn find(name: &str) -> io::Result<Option<Self>> {
        let (mut hardware, mut addresses) = (None, Vec::new());
        for one in getifaddrs()?.filter(|one| one.interface_name == name) {
            let Some(address) = one.address else { continue };
            hardware = hardware.or(address.as_link_addr().copied());
            addresses.extend(address.as_sockaddr_in().map(SockaddrIn::ip));
        }
        let Some(hardware) = hardware else { return Ok(None) };
        let index = u32::try_from(hardware.ifindex()).map_err(io::Error::other)?;
        Ok(Some(Self { index, addresses, hardware }))
    }

    /// A socket that sends frames here. It needs CAP_NET_RAW and receives nothing (protocol 0).
    pub fn open_frames(&self) -> io::Result<Frames> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let packet = socket(AddressFamily::Packet, SockType::Raw, flags, None)?;
        bind(packet.as_raw_fd(), &self.hardware)?;
        Ok(Frames { packet, hw_addr: self.hardware.addr().unwrap_or_default(), frame: Vec::new() })
    }
}

/// See [`Link::open_frames`].
pub struct Frames {
    packet: OwnedFd,
    hw_addr: [u8; 6],
    frame: Vec<u8>,
}

impl Frames {
    pub fn send(
        &mut self,
        hw_to: [u8; 6],
        from: SocketAddrV4,
        to: SocketAddrV4,
        payload: &[u8],
    ) -> io::Result<()> {
        frame::write(&mut self.frame, self.hw_addr, hw_to, from, to, payload)
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        send(self.packet.as_raw_fd(), &self.frame, MsgFlags::MSG_DONTWAIT)?;
        Ok(())
    }
}
