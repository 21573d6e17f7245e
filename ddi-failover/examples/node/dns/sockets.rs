//! The addresses that are listened on, by datagram and by connection, and which of them a datagram leaves from:
//! an answer from the address that was asked, whichever the route is.

mod datagrams;
mod ways;

use super::desk::Said;
use crate::net;
use crate::net::stream::{self, Stream};
use crate::run::Failure;
use crate::run::rest::Rest;
use datagrams::Datagrams;
use ddi_core::{Instant, Now};
use nix::poll::PollFlags;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::{fmt, io};
use ways::{Way, Ways};

/// The longest datagram that is sent, in bytes.
pub const UDP_MAX: usize = 4096;
/// Ports that are tried where any was asked for.
const PORT_TRIES: u32 = 20;
/// Datagrams handled of one address before anything else gets a turn.
const TURN: usize = 4 * net::BATCH;

/// One address.
struct Listener {
    local: SocketAddr,
    udp: Datagrams,
    /// `None`: nobody is listened to, this server only asks from here, at a port that nobody knows.
    tcp: Option<TcpListener>,
}

/// All of them.
pub struct Sockets {
    listeners: Vec<Listener>,
    ways: Ways,
    /// After failures to accept.
    rest: Rest,
}

/// Where it is listened, for the log.
#[derive(Clone)]
pub struct Locals(Vec<SocketAddr>);

impl fmt::Display for Locals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, local) in self.0.iter().enumerate() {
            write!(f, "{}{local}", if nth > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

impl Sockets {
    /// Listens on `addresses`, and has a socket for each of `others`, which this server speaks to by itself.
    pub fn open(addresses: &[SocketAddr], others: impl Iterator<Item = SocketAddr>) -> Result<Self, Failure> {
        let mut listeners = Vec::with_capacity(addresses.len());
        for address in addresses {
            listeners.push(Listener::open(*address, true).map_err(Failure::at(address))?);
        }
        for other in others {
            let is_asker = |one: &Listener| one.tcp.is_none() && one.local.is_ipv4() == other.is_ipv4();
            if !listeners.iter().any(is_asker) {
                let any = SocketAddr::new(unspecified(other), 0);
                listeners.push(Listener::open(any, false).map_err(Failure::at(any))?);
            }
        }
        Ok(Self { listeners, ways: Ways::default(), rest: Rest::default() })
    }

    pub fn locals(&self) -> Locals {
        Locals(self.listeners.iter().filter(|one| one.tcp.is_some()).map(|one| one.local).collect())
    }

    /// What to wait for, in the order of the flags that [`Sockets::receive`] and [`Sockets::accept`] take.
    pub fn fds(&self, now: Instant) -> impl Iterator<Item = (BorrowedFd<'_>, PollFlags)> {
        let accepts = if self.rest.is_on(now) { PollFlags::empty() } else { PollFlags::POLLIN };
        let udp = self.listeners.iter().map(|one| (one.udp.fd(), PollFlags::POLLIN));
        let tcp = self.listeners.iter().filter_map(|one| one.tcp.as_ref());
        udp.chain(tcp.map(move |tcp| (tcp.as_fd(), accepts)))
    }

    pub fn rest_end(&self, now: Instant) -> Option<Instant> {
        self.rest.end(now)
    }

    /// Hands what came by datagram to `each`, with room for an answer.
    pub fn receive(
        &mut self,
        ready: &[PollFlags],
        mut each: impl FnMut(SocketAddr, &[u8], &mut [u8]) -> Said,
    ) {
        let Self { listeners, ways, .. } = self;
        for (nth, listener) in listeners.iter_mut().enumerate() {
            if ready.get(nth).is_none_or(PollFlags::is_empty) {
                continue;
            }
            let is_asked = listener.tcp.is_some();
            let mut on_datagram = |from: SocketAddr, to: IpAddr, message: &[u8], out: &mut [u8]| {
                // Whoever was asked by us may answer, where we ask from; nobody was told to ask there.
                let is_question = message.get(2).is_some_and(|flags| flags & 0x80 == 0);
                if is_asked != is_question {
                    return None;
                }
                match each(from, message, out) {
                    Said::Answer(len) => Some(len),
                    Said::Later => {
                        ways.insert(from, message, Way { nth, from: to });
                        None
                    }
                    _ => None,
                }
            };
            let mut taken = 0;
            while taken < TURN {
                match listener.udp.receive(&mut on_datagram) {
                    Ok(got) if got == net::BATCH => taken += got,
                    _ => break,
                }
            }
        }
    }

    /// Queues an answer to what was heard before.
    pub fn answer(&mut self, to: SocketAddr, answer: &[u8]) {
        match self.ways.take(to, answer) {
            Some(Way { nth, from }) => self.listeners[nth].udp.push(answer, Some(from), to),
            None => self.push(self.nth_towards(to), to, answer),
        }
    }

    /// Queues a datagram of this server's own: from the address that is listened on, so that others know who it is,
    /// and not from its port, so that nobody can answer in their name who does not see it.
    pub fn ask(&mut self, to: SocketAddr, message: &[u8]) {
        let asks = |one: &Listener| one.tcp.is_none() && one.local.is_ipv4() == to.is_ipv4();
        self.push(self.listeners.iter().position(asks), to, message);
    }

    fn push(&mut self, nth: Option<usize>, to: SocketAddr, message: &[u8]) {
        // Not told, the system would choose the address by the route alone.
        let own = Some(self.from(to)).filter(|own| !own.is_unspecified());
        if let Some(nth) = nth {
            self.listeners[nth].udp.push(message, own, to);
        }
    }

    /// The address to ask from: any, unless one is listened on alone from which that can be reached.
    pub fn from(&self, to: SocketAddr) -> IpAddr {
        self.listeners.iter().find(|one| one.reaches(to)).map_or(unspecified(to), |one| one.local.ip())
    }

    fn nth_towards(&self, to: SocketAddr) -> Option<usize> {
        let reaches = |one: &Listener| one.reaches(to);
        let fits = |one: &Listener| one.fits(to);
        self.listeners.iter().position(reaches).or_else(|| self.listeners.iter().position(fits))
    }

    /// Sends what is queued.
    pub fn send(&mut self) {
        self.listeners.iter_mut().for_each(|one| one.udp.send());
    }

    /// Hands new connections to `each`, at most `most` of each address.
    pub fn accept(
        &mut self,
        now: Now,
        ready: &[PollFlags],
        most: usize,
        mut each: impl FnMut(Stream, SocketAddr),
    ) {
        let tcp = self.listeners.iter().filter_map(|one| one.tcp.as_ref());
        for (listener, _) in tcp.zip(ready.iter().skip(self.listeners.len())).filter(|(_, it)| !it.is_empty())
        {
            for _ in 0..most {
                match stream::accept_any(listener) {
                    Ok(Some((stream, from))) => each(stream, from),
                    Ok(None) => break,
                    // Too many open files, most likely.
                    Err(_) => return self.rest.begin(now.instant),
                }
            }
        }
    }
}

impl Listener {
    /// It is listened here, by what `to` is of.
    fn fits(&self, to: SocketAddr) -> bool {
        self.tcp.is_some() && self.local.is_ipv4() == to.is_ipv4()
    }

    fn reaches(&self, to: SocketAddr) -> bool {
        let own = self.local.ip();
        self.fits(to) && (own.is_unspecified() || own.is_loopback() == to.ip().is_loopback())
    }

    /// One port for both transports: where any was asked for, the one that UDP got.
    fn open(address: SocketAddr, with_tcp: bool) -> io::Result<Self> {
        let mut tries = if address.port() == 0 { PORT_TRIES } else { 1 };
        loop {
            tries -= 1;
            let (udp, local) = Datagrams::open(address)?;
            match with_tcp.then(|| stream::listen(local)).transpose() {
                Ok(tcp) => return Ok(Self { local, udp, tcp }),
                // Somebody else has that port of TCP.
                Err(e) if e.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
                Err(e) => return Err(e),
            }
        }
    }
}

fn unspecified(like: SocketAddr) -> IpAddr {
    if like.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}
