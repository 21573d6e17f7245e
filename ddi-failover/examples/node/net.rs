//! Sockets: the only part of the node that knows them.

pub mod family;
pub mod files;
pub mod frame;
pub mod link;
pub mod ping;
pub mod receive;
pub mod send;
pub mod stream;

use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, SockaddrIn6, bind, setsockopt, socket,
    sockopt::{
        Broadcast, Ipv4PacketInfo, Ipv6RecvPacketInfo, Ipv6V6Only, RcvBuf, RcvBufForce, SndBuf, SndBufForce,
    },
};
use std::io;
use std::net::{SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, OwnedFd};

/// Room for bursts, in bytes: a few ten thousand packets.
const SOCKET_BUFFER: usize = 16 << 20;

/// Datagrams that one system call takes or gives.
pub const BATCH: usize = 64;

/// A UDP socket for DHCP: non-blocking, may broadcast, tells where each datagram came in.
pub fn udp(listen: SocketAddrV4) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let udp = socket(AddressFamily::Inet, SockType::Datagram, flags, None)?;
    setsockopt(&udp, Ipv4PacketInfo, &true)?;
    setsockopt(&udp, Broadcast, &true)?;
    make_room(&udp)?;
    bind(udp.as_raw_fd(), &SockaddrIn::from(listen))?;
    Ok(udp)
}

/// A UDP socket for IPv6 alone: non-blocking, tells where each datagram came in.
pub fn udp6(listen: SocketAddrV6) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let udp = socket(AddressFamily::Inet6, SockType::Datagram, flags, None)?;
    setsockopt(&udp, Ipv6V6Only, &true)?;
    setsockopt(&udp, Ipv6RecvPacketInfo, &true)?;
    make_room(&udp)?;
    bind(udp.as_raw_fd(), &SockaddrIn6::from(listen))?;
    Ok(udp)
}

/// Root may go beyond the system's limit; others get what the limit allows.
fn make_room(udp: &OwnedFd) -> io::Result<()> {
    if setsockopt(udp, RcvBufForce, &SOCKET_BUFFER).is_err() {
        setsockopt(udp, RcvBuf, &SOCKET_BUFFER)?;
    }
    if setsockopt(udp, SndBufForce, &SOCKET_BUFFER).is_err() {
        setsockopt(udp, SndBuf, &SOCKET_BUFFER)?;
    }
    Ok(())
}
