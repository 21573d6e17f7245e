//! A UDP socket of either family, with its batches.

use super::UDP_MAX;
use crate::net;
use crate::net::family::{Family, V4, V6};
use crate::net::receive::Receiver;
use crate::net::send::{Sender, Way};
use nix::sys::socket::{SockaddrIn, SockaddrIn6, getsockname};
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// What each datagram is handed to: sender, our own address, the message, and room for an answer, whose length
/// comes back.
pub type Each<'e> = dyn FnMut(SocketAddr, IpAddr, &[u8], &mut [u8]) -> Option<usize> + 'e;

pub enum Datagrams {
    V4(Socket<V4>),
    V6(Socket<V6>),
}

pub struct Socket<F: Family> {
    fd: OwnedFd,
    receiver: Receiver<F>,
    sender: Sender<UDP_MAX, F>,
}

impl Datagrams {
    /// With the address that it got.
    pub fn open(address: SocketAddr) -> io::Result<(Self, SocketAddr)> {
        Ok(match address {
            SocketAddr::V4(address) => {
                let fd = net::udp(address)?;
                let local = SocketAddrV4::from(getsockname::<SockaddrIn>(fd.as_raw_fd())?);
                (Self::V4(Socket::new(fd)), local.into())
            }
            SocketAddr::V6(address) => {
                let fd = net::udp6(address)?;
                let local = SocketAddrV6::from(getsockname::<SockaddrIn6>(fd.as_raw_fd())?);
                (Self::V6(Socket::new(fd)), local.into())
            }
        })
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::V4(socket) => socket.fd.as_fd(),
            Self::V6(socket) => socket.fd.as_fd(),
        }
    }

    /// One batch. Tells how many there were.
    pub fn receive(&mut self, each: &mut Each<'_>) -> io::Result<usize> {
        match self {
            Self::V4(socket) => socket.receive(each),
            Self::V6(socket) => socket.receive(each),
        }
    }

    /// Queues a datagram, which leaves from this address; `None`: as it is routed.
    pub fn push(&mut self, message: &[u8], from: Option<IpAddr>, to: SocketAddr) {
        match (self, to) {
            (Self::V4(socket), SocketAddr::V4(to)) => {
                let from = from.and_then(|from| if let IpAddr::V4(from) = from { Some(from) } else { None });
                socket.push(message, from, to);
            }
            (Self::V6(socket), SocketAddr::V6(to)) => {
                let from = from.and_then(|from| if let IpAddr::V6(from) = from { Some(from) } else { None });
                socket.push(message, from, to);
            }
            _ => {}
        }
    }

    pub fn send(&mut self) {
        match self {
            Self::V4(socket) => socket.sender.send(&socket.fd),
            Self::V6(socket) => socket.sender.send(&socket.fd),
        }
    }
}

impl<F: Family> Socket<F> {
    fn new(fd: OwnedFd) -> Self {
        Self { fd, receiver: Receiver::new(), sender: Sender::new() }
    }

    fn receive(&mut self, each: &mut Each<'_>) -> io::Result<usize> {
        let Self { fd, receiver, sender } = self;
        receiver.receive(fd, |datagram| {
            let (from, to) = (datagram.from.into(), datagram.to.into());
            if let Some(len) = each(from, to, datagram.bytes, sender.next()) {
                sender.push(fd, len, Way { interface: 0, from: Some(datagram.to) }, datagram.from);
            }
        })
    }

    fn push(&mut self, message: &[u8], from: Option<F::Ip>, to: F::Addr) {
        let len = message.len().min(UDP_MAX);
        self.sender.next()[..len].copy_from_slice(&message[..len]);
        self.sender.push(&self.fd, len, Way { interface: 0, from }, to);
    }
}
