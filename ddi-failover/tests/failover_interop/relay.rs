//! Clients behind a relay: one socket, any number of hardware addresses. Read and written apart from
//! ddi's own codec.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

pub(crate) const OFFER: u8 = 2;
pub(crate) const ACK: u8 = 5;

const DISCOVER: u8 = 1;
const REQUEST: u8 = 3;
const DECLINE: u8 = 4;
const RELEASE: u8 = 7;
/// How long an answer may take that must come.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait for one that must not come.
const SILENCE: Duration = Duration::from_millis(1500);

/// A client: its number is in its hardware address. Odd ones name themselves by a client_id too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Client(pub(crate) u32);

impl Client {
    pub(crate) fn hw_addr(self) -> [u8; 6] {
        let [a, b, c, d] = self.0.to_be_bytes();
        [2, 0xfa, a, b, c, d]
    }

    pub(crate) fn client_id(self) -> Vec<u8> {
        if self.0 % 2 == 1 { [&[1], &self.hw_addr()[..]].concat() } else { Vec::new() }
    }

    /// What load balancing hashes.
    pub(crate) fn key(self) -> Vec<u8> {
        if self.0 % 2 == 1 { self.client_id() } else { self.hw_addr().to_vec() }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) from: Ipv4Addr,
    pub(crate) xid: u32,
    pub(crate) kind: u8,
    pub(crate) address: Ipv4Addr,
    pub(crate) seconds: u32,
}

/// What a client holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bound {
    pub(crate) client: Client,
    pub(crate) address: Ipv4Addr,
    pub(crate) seconds: u32,
    pub(crate) from: Ipv4Addr,
}

struct Packet<'a> {
    client: Client,
    kind: u8,
    secs: u16,
    ciaddr: Ipv4Addr,
    options: &'a [u8],
}

pub(crate) struct Relay {
    socket: UdpSocket,
    address: Ipv4Addr,
    xid: Cell<u32>,
}

impl Relay {
    pub(crate) fn new(socket: UdpSocket) -> Self {
        let SocketAddr::V4(at) = socket.local_addr().expect("an address") else { panic!("IPv4") };
        Self { socket, address: *at.ip(), xid: Cell::new(1) }
    }

    fn send(&self, server: Ipv4Addr, packet: &Packet<'_>) -> u32 {
        let xid = self.xid.replace(self.xid.get() + 1);
        let mut bytes = vec![1, 1, 6, 1];
        bytes.extend_from_slice(&xid.to_be_bytes());
        bytes.extend_from_slice(&packet.secs.to_be_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(&packet.ciaddr.octets());
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(&self.address.octets());
        bytes.extend_from_slice(&packet.client.hw_addr());
        bytes.resize(236, 0);
        bytes.extend_from_slice(&[99, 130, 83, 99, 53, 1, packet.kind]);
        if packet.client.0 % 2 == 1 {
            bytes.extend_from_slice(&[61, 7]);
            bytes.extend_from_slice(&packet.client.client_id());
        }
        bytes.extend_from_slice(packet.options);
        bytes.push(255);
        bytes.resize(bytes.len().max(300), 0);
        self.socket.send_to(&bytes, (server, 67)).expect("sent");
        xid
    }

    /// The answers that come within `time`, of whomever.
    fn next(&self, time: Duration) -> Option<Answer> {
        let mut buffer = [0; 2048];
        self.socket.set_read_timeout(Some(time.max(Duration::from_millis(1)))).expect("a socket");
        let (count, from) = self.socket.recv_from(&mut buffer).ok()?;
        let SocketAddr::V4(from) = from else { return None };
        let bytes = &buffer[..count];
        let four = |at: usize| <[u8; 4]>::try_from(&bytes[at..at + 4]).expect("four bytes");
        let seconds = option(&bytes[240..], 51).map_or(0, |o| u32::from_be_bytes(o.try_into().expect("4")));
        let kind = option(&bytes[240..], 53).map_or(0, |kind| kind[0]);
        Some(Answer {
            from: *from.ip(),
            xid: u32::from_be_bytes(four(4)),
            kind,
            address: four(16).into(),
            seconds,
        })
    }

    fn answer(&self, server: Ipv4Addr, xid: u32, time: Duration) -> Option<Answer> {
        let deadline = Instant::now() + time;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            if let Some(answer) = self.next(left).filter(|a| a.xid == xid && a.from == server) {
                return Some(answer);
            }
        }
        None
    }

    fn discover(&self, server: Ipv4Addr, client: Client, secs: u16) -> u32 {
        let ciaddr = Ipv4Addr::UNSPECIFIED;
        self.send(server, &Packet { client, kind: DISCOVER, secs, ciaddr, options: &[] })
    }

    fn select(
        &self,
        server: Ipv4Addr,
        client: Client,
        (offered, more): (Ipv4Addr, &[u8]),
        time: Duration,
    ) -> Option<Answer> {
        let options = [&[50, 4], &offered.octets()[..], &[54, 4], &server.octets(), more].concat();
        let ciaddr = Ipv4Addr::UNSPECIFIED;
        let xid = self.send(server, &Packet { client, kind: REQUEST, secs: 10, ciaddr, options: &options });
        self.answer(server, xid, time)
    }

    /// Discover to ACK with this server, which is asked as one who has waited for long.
    pub(crate) fn try_bind(&self, server: Ipv4Addr, client: Client, time: Duration) -> Option<Bound> {
        self.try_bind_with(server, client, &[], time)
    }

    /// The same with `more` options.
    pub(crate) fn try_bind_with(
        &self,
        server: Ipv4Addr,
        client: Client,
        more: &[u8],
        time: Duration,
    ) -> Option<Bound> {
        let ciaddr = Ipv4Addr::UNSPECIFIED;
        let xid = self.send(server, &Packet { client, kind: DISCOVER, secs: 10, ciaddr, options: more });
        let offer = self.answer(server, xid, time)?;
        assert_eq!(offer.kind, OFFER, "{offer:?}");
        let ack = self.select(server, client, (offer.address, more), time)?;
        (ack.kind == ACK).then_some(Bound {
            client,
            address: ack.address,
            seconds: ack.seconds,
            from: server,
        })
    }

    #[track_caller]
    pub(crate) fn bind(&self, server: Ipv4Addr, client: u32) -> Bound {
        let bound = self.try_bind(server, Client(client), PATIENCE);
        bound.unwrap_or_else(|| panic!("{server} gives nothing to client {client}"))
    }

    /// For ever: option 51 with all bits set.
    #[track_caller]
    pub(crate) fn bind_for_ever(&self, server: Ipv4Addr, client: u32) -> Bound {
        let bound = self.try_bind_with(server, Client(client), &[51, 4, 255, 255, 255, 255], PATIENCE);
        bound.unwrap_or_else(|| panic!("{server} gives nothing to client {client}"))
    }

    /// The server gives nothing.
    #[track_caller]
    pub(crate) fn bind_fails(&self, server: Ipv4Addr, client: u32) {
        let bound = self.try_bind(server, Client(client), SILENCE);
        assert_eq!(bound, None, "{server} serves");
    }

    pub(crate) fn try_renew(&self, server: Ipv4Addr, bound: Bound, time: Duration) -> Option<Answer> {
        let packet =
            Packet { client: bound.client, kind: REQUEST, secs: 0, ciaddr: bound.address, options: &[] };
        let xid = self.send(server, &packet);
        self.answer(server, xid, time)
    }

    #[track_caller]
    pub(crate) fn renew(&self, server: Ipv4Addr, bound: Bound) -> Bound {
        let ack = self.try_renew(server, bound, PATIENCE);
        let ack = ack.unwrap_or_else(|| panic!("{server} does not renew {bound:?}"));
        assert_eq!((ack.kind, ack.address), (ACK, bound.address), "{ack:?}");
        Bound { seconds: ack.seconds, from: server, ..bound }
    }

    pub(crate) fn release(&self, bound: Bound) {
        let options = [&[54, 4], &bound.from.octets()[..]].concat();
        let (client, ciaddr) = (bound.client, bound.address);
        self.send(bound.from, &Packet { client, kind: RELEASE, secs: 0, ciaddr, options: &options });
    }

    pub(crate) fn decline(&self, bound: Bound) {
        let server = bound.from.octets();
        let options = [&[54, 4], &server[..], &[50, 4], &bound.address.octets()].concat();
        let (client, ciaddr) = (bound.client, Ipv4Addr::UNSPECIFIED);
        self.send(bound.from, &Packet { client, kind: DECLINE, secs: 0, ciaddr, options: &options });
    }

    /// Each of `clients` sends a fresh DISCOVER to each of `servers`; whoever offered, with its client.
    pub(crate) fn offers(
        &self,
        servers: &[Ipv4Addr],
        clients: impl Iterator<Item = u32>,
    ) -> Vec<(u32, Ipv4Addr)> {
        let mut asked = std::collections::HashMap::new();
        let mut offers = Vec::new();
        for client in clients {
            for server in servers {
                asked.insert(self.discover(*server, Client(client), 0), client);
            }
            while let Some(answer) = self.next(Duration::from_millis(2)) {
                offers.extend(asked.get(&answer.xid).map(|client| (*client, answer.from)));
            }
        }
        while let Some(answer) = self.next(SILENCE) {
            offers.extend(asked.get(&answer.xid).map(|client| (*client, answer.from)));
        }
        offers
    }
}

fn option(mut options: &[u8], code: u8) -> Option<&[u8]> {
    loop {
        match options {
            [0, rest @ ..] => options = rest,
            [255, ..] | [] | [_] => return None,
            [found, len, rest @ ..] => {
                let value = rest.get(..usize::from(*len))?;
                if *found == code {
                    return Some(value);
                }
                options = &rest[value.len()..];
            }
        }
    }
}
