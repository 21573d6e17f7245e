//! Batched receive.

use super::BATCH;
use super::family::{Family, V4};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, RecvMsg, recvmmsg};
use std::io::{self, IoSliceMut};
use std::os::fd::{AsRawFd, OwnedFd};

/// Longer datagrams are cut. A DHCP message fits a frame; jumbo frames and many options leave it far below this.
const DATAGRAM_MAX: usize = 4096;

/// A datagram, and how it came in.
pub struct Datagram<'a, F: Family = V4> {
    pub interface: u32,
    pub from: F::Addr,
    pub to: F::Ip,
    pub bytes: &'a [u8],
}

/// Buffers for one batch.
pub struct Receiver<F: Family = V4> {
    buffers: Vec<u8>,
    headers: MultiHeaders<F::Sockaddr>,
}

impl<F: Family> Receiver<F> {
    pub fn new() -> Self {
        let headers = MultiHeaders::preallocate(BATCH, Some(F::space()));
        Self { buffers: vec![0; BATCH * DATAGRAM_MAX], headers }
    }

    /// Takes what is there, up to a batch, and hands out each datagram. Returns how many.
    pub fn receive(&mut self, udp: &OwnedFd, mut each: impl FnMut(&Datagram<'_, F>)) -> io::Result<usize> {
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
            let (interface, to) = arrival::<F>(&message);
            let bytes = message.iovs().next().unwrap_or_default();
            each(&Datagram { interface, from: from.into(), to, bytes });
        }
        Ok(count)
    }
}

fn arrival<F: Family>(message: &RecvMsg<'_, '_, F::Sockaddr>) -> (u32, F::Ip) {
    let mut controls = message.cmsgs().into_iter().flatten();
    controls.find_map(|control| F::arrival(&control)).unwrap_or((0, F::UNSPECIFIED))
}
