//! TCP without waiting: what is to be sent is kept here until the system takes it.

use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

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
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, out: Vec::new(), sent: 0 })
    }

    /// Begins to connect, from this address if it is one; that it failed is told by the first
    /// [`Stream::receive`].
    pub fn dial(from: Ipv4Addr, to: SocketAddrV4) -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Inet, SockType::Stream, flags, None)?;
        if !from.is_unspecified() {
            bind(fd.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(from, 0)))?;
        }
        match connect(fd.as_raw_fd(), &SockaddrIn::from(to)) {
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
                Ok(len) => bytes.extend_from_slice(&part[..len]),
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

/// A listening socket that nobody waits for.
pub fn listen(on: SocketAddrV4) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(on)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The next connection, if one is there. An error may last: it is too early to try again at once.
pub fn accept(listener: &TcpListener) -> io::Result<Option<(Stream, SocketAddrV4)>> {
    use io::ErrorKind::{ConnectionAborted, Interrupted, WouldBlock};
    match listener.accept() {
        Ok((socket, std::net::SocketAddr::V4(from))) => Ok(Some((Stream::new(socket)?, from))),
        Ok(_) => Ok(None),
        Err(e) if matches!(e.kind(), WouldBlock | Interrupted | ConnectionAborted) => Ok(None),
        Err(e) => Err(e),
    }
}
