//! TCP without waiting: what is to be sent is kept here until the system takes it.

use super::files;
use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, bind, connect, setsockopt, socket,
    sockopt::{Ipv6V6Only, ReuseAddr},
};
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// What one turn reads of one connection, in bytes, so that the others get theirs.
const READ_MAX: usize = 256 << 10;

/// A connection.
pub struct Stream {
    socket: TcpStream,
    out: Vec<u8>,
    sent: usize,
}

/// What [`Stream::receive`] found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// There may be more later.
    Open,
    /// The other side has said all.
    End,
}

impl Stream {
    pub fn new(socket: TcpStream) -> io::Result<Self> {
        files::admit(&socket)?;
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, out: Vec::new(), sent: 0 })
    }

    /// Begins to connect, from this address if it is one; that it failed is told by the first
    /// [`Stream::receive`].
    pub fn dial(from: impl Into<IpAddr>, to: impl Into<SocketAddr>) -> io::Result<Self> {
        let (from, to) = (from.into(), to.into());
        let fd = stream_socket(to)?;
        if !from.is_unspecified() {
            bind(fd.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(from, 0)))?;
        }
        match connect(fd.as_raw_fd(), &SockaddrStorage::from(to)) {
            Ok(()) | Err(Errno::EINPROGRESS) => Self::new(TcpStream::from(fd)),
            Err(e) => Err(e.into()),
        }
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// What to wait for.
    pub fn interest(&self) -> PollFlags {
        if self.waiting() == 0 { PollFlags::POLLIN } else { PollFlags::POLLIN | PollFlags::POLLOUT }
    }

    /// Bytes that the system has not taken yet.
    pub fn waiting(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Puts what has come behind `bytes`.
    pub fn receive(&mut self, bytes: &mut Vec<u8>) -> io::Result<Received> {
        let end = bytes.len() + READ_MAX;
        let mut part = [0; 16 << 10];
        while bytes.len() < end {
            match self.socket.read(&mut part) {
                Ok(0) => return Ok(Received::End),
                Ok(len) => {
                    bytes.extend_from_slice(&part[..len]);
                    if len < part.len() {
                        // That was all; what comes next, the end too, is told by the next wait.
                        break;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(Received::Open)
    }

    /// Where to put what is to be sent.
    pub fn out(&mut self) -> &mut Vec<u8> {
        // Whoever takes it slowly must not make us keep what is sent. No more is moved than was sent.
        if self.sent >= self.waiting() {
            self.out.drain(..self.sent);
            self.sent = 0;
        }
        &mut self.out
    }

    /// Gives the system what it takes.
    pub fn send(&mut self) -> io::Result<()> {
        while self.sent < self.out.len() {
            match self.socket.write(&self.out[self.sent..]) {
                Ok(len) => self.sent += len,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // Not connected yet, or the other side is slow.
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) => {
                    break;
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

/// A socket for an address like this one.
fn stream_socket(at: SocketAddr) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let family = if at.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    Ok(socket(family, SockType::Stream, flags, None)?)
}

/// A listening socket that nobody waits for. One for all IPv6 addresses takes no IPv4.
pub fn listen(on: impl Into<SocketAddr>) -> io::Result<TcpListener> {
    let on = on.into();
    let fd = stream_socket(on)?;
    setsockopt(&fd, ReuseAddr, &true)?;
    if on.is_ipv6() {
        setsockopt(&fd, Ipv6V6Only, &true)?;
    }
    bind(fd.as_raw_fd(), &SockaddrStorage::from(on))?;
    nix::sys::socket::listen(&fd, Backlog::MAXCONN)?;
    Ok(TcpListener::from(fd))
}

/// The next connection, if one is there. An error may last: it is too early to try again at once.
pub fn accept_any(listener: &TcpListener) -> io::Result<Option<(Stream, SocketAddr)>> {
    use io::ErrorKind::{ConnectionAborted, Interrupted, WouldBlock};
    match listener.accept() {
        Ok((socket, from)) => Ok(Some((Stream::new(socket)?, from))),
        Err(e) if matches!(e.kind(), WouldBlock | Interrupted | ConnectionAborted) => Ok(None),
        Err(e) => Err(e),
    }
}

/// [`accept_any`] where only IPv4 is listened to.
pub fn accept(listener: &TcpListener) -> io::Result<Option<(Stream, SocketAddrV4)>> {
    match accept_any(listener)? {
        Some((stream, SocketAddr::V4(from))) => Ok(Some((stream, from))),
        _ => Ok(None),
    }
}
