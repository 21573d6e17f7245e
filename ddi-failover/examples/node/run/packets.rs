//! Between the server engine and the sockets.

use super::rest::Rest;
use super::watched::Watched;
use crate::net;
use crate::net::link::{Frames, Link};
use crate::net::receive::Receiver;
use crate::net::send::{Sender, Way};
use crate::say::say;
use ddi_core::db::LeaseDb;
use ddi_core::{HwAddr, Instant, Now};
use ddi_dhcp::server::{Destination, MAX_REPLY, Received, Server, Transmit};
use ddi_failover::relationships::Relationships;
use nix::errno::Errno;
use nix::sys::socket::{SockaddrIn, getsockname};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Datagrams handled before anything else gets a turn.
const TURN: usize = 4 * net::BATCH;

/// Clients whose last datagram is longer ago are not waited for.
const LATELY_MILLIS: u64 = 20;

/// The DHCPv4 sockets.
pub struct Packets {
    udp: OwnedFd,
    /// Where it receives; the port is known even if any was asked for.
    pub local: SocketAddrV4,
    /// Interface and socket for clients that don't answer ARP yet.
    frames: Option<(u32, Frames)>,
    receiver: Receiver,
    sender: Sender<MAX_REPLY>,
    /// After failures to receive.
    pub rest: Rest,
    /// Frames that the system did not take.
    frames_failed: u64,
    /// How many datagrams the last turn took that took any, and when it did.
    taken: usize,
    last: Option<Instant>,
}

impl Packets {
    pub fn open(listen: SocketAddrV4, link: Option<&Link>) -> io::Result<Self> {
        let udp = net::udp(listen)?;
        let local = SocketAddrV4::from(getsockname::<SockaddrIn>(udp.as_raw_fd())?);
        let frames = link.and_then(|link| match link.open_frames() {
            Ok(frames) => Some((link.index, frames)),
            Err(e) => {
                say(format!("no packet socket ({e}): clients without an address are answered by broadcast"));
                None
            }
        });
        let (receiver, sender) = (Receiver::new(), Sender::new());
        let rest = Rest::default();
        Ok(Self { udp, local, frames, receiver, sender, rest, frames_failed: 0, taken: 0, last: None })
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.udp.as_fd()
    }

    /// Some datagrams came lately.
    pub fn is_busy(&self, now: Instant) -> bool {
        self.last.is_some_and(|last| now.millis_since(last) < LATELY_MILLIS)
    }

    /// Some came lately, and few at once.
    pub fn is_calm(&self, now: Instant) -> bool {
        self.is_busy(now) && self.taken < net::BATCH / 2
    }

    /// Replies that the system did not take.
    pub fn send_failed(&self) -> u64 {
        self.sender.failed + self.frames_failed
    }

    /// Hands what came in to the server. An interface that went down, a firewall that says no and
    /// whatever else may pass is given back as something to tell; an error means that there is no socket.
    pub fn receive(
        &mut self,
        now: Now,
        server: &mut Server,
        db: &mut Watched,
        authority: &Relationships,
    ) -> io::Result<Option<io::Error>> {
        self.taken = 0;
        self.last = Some(now.instant);
        while self.taken < TURN {
            let got = self.receiver.receive(&self.udp, |datagram| {
                let received = Received {
                    interface: datagram.interface,
                    from: datagram.from,
                    to: datagram.to,
                    bytes: datagram.bytes,
                };
                server.handle_datagram(now, db, authority, &received);
            });
            let got = match got {
                Ok(got) => got,
                Err(e) if is_hopeless(&e) => return Err(e),
                Err(e) => {
                    self.rest.begin(now.instant);
                    return Ok(Some(e));
                }
            };
            self.taken += got;
            if got < net::BATCH {
                break;
            }
        }
        Ok(None)
    }

    /// Sends every reply that may go out: those whose lease is durable.
    pub fn send(&mut self, server: &mut Server, db: &LeaseDb) {
        while let Some(transmit) = server.poll_transmit(db, self.sender.next()) {
            self.send_one(&transmit);
        }
        self.sender.send(&self.udp);
    }

    fn send_one(&mut self, transmit: &Transmit) {
        let broadcast = |port| SocketAddrV4::new(Ipv4Addr::BROADCAST, port);
        let (interface, to) = match transmit.to {
            // The routing table knows the way better than the interface that the question came in on.
            Destination::Unicast(to) => (0, to),
            Destination::Broadcast { port } => (transmit.interface, broadcast(port)),
            Destination::LinkLayer { addr, hw_addr, port } => {
                if self.send_frame(transmit, hw_addr, SocketAddrV4::new(addr, port)) {
                    return;
                }
                (transmit.interface, broadcast(port))
            }
        };
        self.sender.push(&self.udp, transmit.len, Way { interface, from: transmit.from }, to);
    }

    /// False if it can't be done on this link: RFC 2131 section 4.1 allows a broadcast then.
    fn send_frame(&mut self, transmit: &Transmit, hw_addr: HwAddr, to: SocketAddrV4) -> bool {
        let (Ok(hw_to), Some(from)) = (<[u8; 6]>::try_from(hw_addr.bytes()), transmit.from) else {
            return false;
        };
        let Some((_, frames)) = self.frames.as_mut().filter(|(index, _)| *index == transmit.interface) else {
            return false;
        };
        let from = SocketAddrV4::new(from, self.local.port());
        let payload = &self.sender.next()[..transmit.len];
        if frames.send(hw_to, from, to, payload).is_err() {
            self.frames_failed += 1;
        }
        true
    }
}

/// Time does not heal it: the descriptor or the call itself is wrong.
fn is_hopeless(error: &io::Error) -> bool {
    let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
    matches!(errno, Errno::EBADF | Errno::ENOTSOCK | Errno::EFAULT | Errno::EINVAL)
}
