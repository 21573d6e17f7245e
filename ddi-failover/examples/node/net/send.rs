//! Batched send.

use super::BATCH;
use super::family::{Family, V4};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, sendmmsg};
use std::io::IoSlice;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};

/// Where a datagram leaves from: interface (0: as routed) and source address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Way<Ip = Ipv4Addr> {
    pub interface: u32,
    pub from: Option<Ip>,
}

/// Replies on their way out. They are collected as long as they leave the same way.
pub struct Sender<const SIZE: usize, F: Family = V4> {
    buffers: Vec<[u8; SIZE]>,
    lens: Vec<usize>,
    to: Vec<Option<F::Sockaddr>>,
    way: Way<F::Ip>,
    headers: MultiHeaders<F::Sockaddr>,
    /// Datagrams that the system did not take.
    pub failed: u64,
}

impl<const SIZE: usize, F: Family> Sender<SIZE, F> {
    pub fn new() -> Self {
        Self {
            buffers: vec![[0; SIZE]; BATCH],
            lens: Vec::with_capacity(BATCH),
            to: Vec::with_capacity(BATCH),
            way: Way { interface: 0, from: None },
            headers: MultiHeaders::preallocate(BATCH, Some(F::space())),
            failed: 0,
        }
    }

    /// The buffer for the next datagram.
    pub fn next(&mut self) -> &mut [u8] {
        &mut self.buffers[self.lens.len()]
    }

    /// Queues the `len` bytes written to [`Sender::next`].
    pub fn push(&mut self, udp: &OwnedFd, len: usize, way: Way<F::Ip>, to: F::Addr) {
        if way != self.way && !self.lens.is_empty() {
            let nth = self.lens.len();
            self.send(udp);
            self.buffers.swap(0, nth);
        }
        self.way = way;
        self.lens.push(len);
        self.to.push(Some(F::Sockaddr::from(to)));
        if self.lens.len() == BATCH {
            self.send(udp);
        }
    }

    /// Sends what is queued. A datagram that the system does not take is lost, as any may be.
    pub fn send(&mut self, udp: &OwnedFd) {
        let info = F::info(self.way.interface, self.way.from.unwrap_or(F::UNSPECIFIED));
        let control = [F::control(&info)];
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
