//! ICMP echo, for the server's question whether an address is in use.

use super::frame::checksum;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, recvfrom, sendto, socket,
};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

const ECHO_REPLY: u8 = 0;
const ECHO_REQUEST: u8 = 8;

/// An ICMP socket.
pub struct Pinger {
    icmp: OwnedFd,
    /// A raw socket gives the IP header too, and everybody's replies.
    raw: bool,
    id: [u8; 2],
}

impl Pinger {
    /// With CAP_NET_RAW a raw socket, else the kind for everybody, if the system allows that.
    pub fn open() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let open = |kind| socket(AddressFamily::Inet, kind, flags, SockProtocol::Icmp);
        let id = (std::process::id() as u16).to_be_bytes();
        match open(SockType::Raw) {
            Ok(icmp) => Ok(Self { icmp, raw: true, id }),
            Err(_) => Ok(Self { icmp: open(SockType::Datagram)?, raw: false, id }),
        }
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.icmp.as_fd()
    }

    pub fn ask(&self, address: Ipv4Addr) -> io::Result<()> {
        let mut echo = [ECHO_REQUEST, 0, 0, 0, self.id[0], self.id[1], 0, 1];
        let sum = checksum(&[&echo]);
        echo[2..4].copy_from_slice(&sum.to_be_bytes());
        let to = SockaddrIn::from(SocketAddrV4::new(address, 0));
        sendto(self.icmp.as_raw_fd(), &echo, &to, MsgFlags::MSG_DONTWAIT)?;
        Ok(())
    }

    /// The next address that answered.
    pub fn answer(&self) -> Option<Ipv4Addr> {
        let mut buffer = [0; 256];
        // Each turn takes one datagram from the socket's bounded queue.
        while let Ok((len, from)) = recvfrom::<SockaddrIn>(self.icmp.as_raw_fd(), &mut buffer) {
            let icmp = if self.raw { usize::from(buffer[0] & 0xf) * 4 } else { 0 };
            let reply = buffer.get(icmp..len).filter(|reply| reply.len() >= 8);
            let ours =
                reply.is_some_and(|reply| reply[0] == ECHO_REPLY && (!self.raw || reply[4..6] == self.id));
            if ours {
                return from.map(|from| from.ip());
            }
        }
        None
    }
}
