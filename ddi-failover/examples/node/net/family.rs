//! IPv4 and IPv6: what batches of datagrams need to know of either.

use nix::cmsg_space;
use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, SockaddrIn, SockaddrIn6, SockaddrLike};
use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// One of the two.
pub trait Family {
    type Ip: Copy + PartialEq + Debug + Into<IpAddr>;
    type Addr: Copy + Into<SocketAddr> + From<Self::Sockaddr>;
    type Sockaddr: SockaddrLike + Copy + From<Self::Addr>;
    /// What the kernel tells, and is told, of a datagram: its interface and our own address.
    type Info;

    const UNSPECIFIED: Self::Ip;

    /// Room for that.
    fn space() -> Vec<u8>;
    /// Where a datagram is to leave from.
    fn info(interface: u32, from: Self::Ip) -> Self::Info;
    fn control(info: &Self::Info) -> ControlMessage<'_>;
    /// Where a datagram came in.
    fn arrival(control: &ControlMessageOwned) -> Option<(u32, Self::Ip)>;
}

pub enum V4 {}

impl Family for V4 {
    type Ip = Ipv4Addr;
    type Addr = SocketAddrV4;
    type Sockaddr = SockaddrIn;
    type Info = in_pktinfo;

    const UNSPECIFIED: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

    fn space() -> Vec<u8> {
        cmsg_space!(in_pktinfo)
    }

    fn info(interface: u32, from: Ipv4Addr) -> in_pktinfo {
        in_pktinfo {
            ipi_ifindex: i32::try_from(interface).unwrap_or(0),
            ipi_spec_dst: in_addr { s_addr: u32::from(from).to_be() },
            ipi_addr: in_addr { s_addr: 0 },
        }
    }

    fn control(info: &in_pktinfo) -> ControlMessage<'_> {
        ControlMessage::Ipv4PacketInfo(info)
    }

    fn arrival(control: &ControlMessageOwned) -> Option<(u32, Ipv4Addr)> {
        let ControlMessageOwned::Ipv4PacketInfo(info) = control else { return None };
        let to = Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr));
        Some((u32::try_from(info.ipi_ifindex).unwrap_or(0), to))
    }
}

pub enum V6 {}

impl Family for V6 {
    type Ip = Ipv6Addr;
    type Addr = SocketAddrV6;
    type Sockaddr = SockaddrIn6;
    type Info = in6_pktinfo;

    const UNSPECIFIED: Ipv6Addr = Ipv6Addr::UNSPECIFIED;

    fn space() -> Vec<u8> {
        cmsg_space!(in6_pktinfo)
    }

    fn info(interface: u32, from: Ipv6Addr) -> in6_pktinfo {
        in6_pktinfo { ipi6_addr: in6_addr { s6_addr: from.octets() }, ipi6_ifindex: interface }
    }

    fn control(info: &in6_pktinfo) -> ControlMessage<'_> {
        ControlMessage::Ipv6PacketInfo(info)
    }

    fn arrival(control: &ControlMessageOwned) -> Option<(u32, Ipv6Addr)> {
        let ControlMessageOwned::Ipv6PacketInfo(info) = control else { return None };
        Some((info.ipi6_ifindex, Ipv6Addr::from(info.ipi6_addr.s6_addr)))
    }
}
