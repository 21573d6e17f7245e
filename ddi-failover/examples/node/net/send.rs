//! Batched send.

use super::BATCH;
use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc::{in_addr, in_pktinfo};
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrIn, sendmmsg};
use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd};

/// Where a datagram leaves from: interface (0: as routed) and source address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Way {
    pub interface: u32,
    pub from: Option<Ipv4Addr>,
}

/// Replies on their way out. They are collected as long as they leave the same way.
pub struct Sender<const SIZE: usize> {
    buffers: Vec<[u8; SIZE]>,
    lens: Vec<usize>,
    to: Vec<Option<SockaddrIn>>,
    way: Way,
    headers: MultiHeaders<SockaddrIn>,
    /// Datagrams that the system did not take.
    pub failed: u64,
}

impl<const SIZE: usize> Sender<SIZE> {
    pub fn new() -> Self {
        Self {
            buffers: vec![[0; SIZE]; BATCH],
            lens: Vec::with_capacity(BATCH),
            to: Vec::with_capacity(BATCH),
            way: Way { interface: 0, from: None },
            headers: MultiHeaders::preallocate(BATCH, Some(cmsg_space!(in_pktinfo))),
            failed: 0,
        }
    }

    /// The buffer for the next datagram.
    pub fn next(&mut self) -> &mut [u8] {
        &mut self.buffers[self.lens.len()]
    }

    /// Queues the `len` bytes written to [`Sender::next`].
    pub fn push(&mut self, udp: &OwnedFd, len: usize, way: Way, to: SocketAddrV4) {
        if way != self.way && !self.lens.is_empty() {
            let nth = self.lens.len();
            self.send(udp);
            self.buffers.swap(0, nth);
        }
        self.way = way;
        self.lens.push(len);
        self.to.push(Some(to.into()));
        if self.lens.len() == BATCH {
            self.send(udp);
        }
    }

    /// Sends what is queued. A datagram that the system does not take is lost, as any may be.
    pub fn send(&mut self, udp: &OwnedFd) {
        let source = u32::from(self.way.from.unwrap_or(Ipv4Addr::UNSPECIFIED));
        let info = in_pktinfo {
            ipi_ifindex: i32::try_from(self.way.interface).unwrap_or(0),
            ipi_spec_dst: in_addr { s_addr: source.to_be() },
            ipi_addr: in_addr { s_addr: 0 },
        };
        let control = [ControlMessage::Ipv4PacketInfo(&info)];
        let slices: Vec<_> = self
            .buffers
            .iter()
            .zip(&self.lens)
            .map(|(buffer, len)| [IoSlice::new(&buffer[..*len])])
            .collect();
        let mut done = 0;
        while done < slices.len() {
            let flags = MsgFlags::MSG_DONTWAIT;
            let sent = sendmmsg(
                udp.as_raw_fd(),
                &mut self.headers,
                &slices[done..],
                &self.to[done..],
                control,
                flags,
            );
            match sent.map(Iterator::count) {
                Ok(count) if count > 0 => done += count,
                Err(Errno::EINTR) => {}
                _ => {
                    self.failed += 1;
                    done += 1;
                }
            }
        }
        self.lens.clear();
        self.to.clear();
    }
}
