//! Batched receive.

use super::BATCH;
use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc::in_pktinfo;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrIn, recvmmsg};
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd};

/// Longer datagrams are cut. A DHCP message fits a frame; jumbo frames and many options leave it far below this.
const DATAGRAM_MAX: usize = 4096;

/// A datagram, and how it came in.
pub struct Datagram<'a> {
    pub interface: u32,
    pub from: SocketAddrV4,
    pub to: Ipv4Addr,
    pub bytes: &'a [u8],
}

/// Buffers for one batch.
pub struct Receiver {
    buffers: Vec<u8>,
    headers: MultiHeaders<SockaddrIn>,
}

impl Receiver {
    pub fn new() -> Self {
        let headers = MultiHeaders::preallocate(BATCH, Some(cmsg_space!(in_pktinfo)));
        Self { buffers: vec![0; BATCH * DATAGRAM_MAX], headers }
    }

    /// Takes what is there, up to a batch, and hands out each datagram. Returns how many.
    pub fn receive(&mut self, udp: &OwnedFd, mut each: impl FnMut(&Datagram<'_>)) -> io::Result<usize> {
        let mut slices: Vec<_> =
            self.buffers.chunks_exact_mut(DATAGRAM_MAX).map(|buffer| [IoSliceMut::new(buffer)]).collect();
        let got = recvmmsg(udp.as_raw_fd(), &mut self.headers, &mut slices, MsgFlags::MSG_DONTWAIT, None);
        let got = match got {
            Ok(got) => got,
            // No reason to stop: nothing there, no memory for the moment, an ICMP error for something sent before.
            Err(Errno::EAGAIN | Errno::EINTR | Errno::ENOBUFS | Errno::ENOMEM | Errno::ECONNREFUSED) => {
                return Ok(0);
            }
            Err(e) => return Err(e.into()),
        };
        let mut count = 0;
        for message in got {
            count += 1;
            let Some(from) = message.address else { continue };
            let (interface, to) = arrival(&message);
            let bytes = message.iovs().next().unwrap_or_default();
            each(&Datagram { interface, from: from.into(), to, bytes });
        }
        Ok(count)
    }
}

fn arrival(message: &RecvMsg<'_, '_, SockaddrIn>) -> (u32, Ipv4Addr) {
    for control in message.cmsgs().into_iter().flatten() {
        if let ControlMessageOwned::Ipv4PacketInfo(info) = control {
            let to = Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr));
            return (u32::try_from(info.ipi_ifindex).unwrap_or(0), to);
        }
    }
    (0, Ipv4Addr::UNSPECIFIED)
}
