//! A client: what it wants, what it was promised, what it says next.

use std::net::Ipv4Addr;

use ddi_core::HwAddr;
use ddi_dhcp::v4::{Header, MessageType, Op, OptionSet, Packet, Reply, code};

use crate::plan::{Millis, server_addr};
use crate::random::Random;

/// Servers count in whole seconds, and by clocks that are a little wrong: clients stop so much early.
const EARLY: Millis = 2_500;
/// Longer than any datagram takes: a RELEASE that is overtaken by the same client's next REQUEST ends the new
/// lease, with any DHCP server.
const LATE: Millis = 6_000;

/// Where a client is (RFC 2131 figure 5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Init,
    Selecting,
    Requesting { address: Ipv4Addr, server: Ipv4Addr, tries: u8 },
    Rebooting,
    Bound,
}

/// An address that the client may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Held {
    pub(crate) address: Ipv4Addr,
    pub(crate) until: Millis,
    server: Ipv4Addr,
    renews_at: Millis,
    rebinds_at: Millis,
}

/// One client.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    number: usize,
    phase: Phase,
    pub(crate) held: Option<Held>,
    xid: u32,
    /// When it began to look for an address, and when it last asked for this one.
    began: Millis,
    asked: Millis,
    pub(crate) wakes_at: Millis,
}

/// A message to a server; `None`: to both.
pub(crate) type Said = (Option<usize>, Vec<u8>);

impl Client {
    pub(crate) fn new(number: usize, wakes_at: Millis) -> Self {
        Self { number, phase: Phase::Init, held: None, xid: 0, began: 0, asked: 0, wakes_at }
    }

    pub(crate) fn hw_addr(number: usize) -> HwAddr {
        HwAddr::new(1, &[2, 0, 0, 0, 0, number as u8]).expect("6 bytes fit")
    }

    /// Does what is due at `now`.
    pub(crate) fn wake(&mut self, now: Millis, random: &mut Random, said: &mut Vec<Said>) {
        if self.held.is_some_and(|held| held.until <= now) {
            self.held = None;
            self.phase = Phase::Init;
        }
        match (self.phase, self.held) {
            (Phase::Requesting { address, server, tries }, _) if tries < 3 => {
                self.phase = Phase::Requesting { address, server, tries: tries + 1 };
                self.request(now, address, server, said);
                self.wakes_at = now + random.between(2000, 4000);
            }
            (Phase::Rebooting, Some(held)) => {
                self.phase = Phase::Bound;
                self.wakes_at = held.renews_at.max(now + 1000);
            }
            (Phase::Bound, Some(held)) => self.bound(now, held, random, said),
            (phase, _) => {
                if phase != Phase::Selecting {
                    self.began = now;
                }
                self.phase = Phase::Selecting;
                self.held = None;
                self.xid = random.number() as u32;
                let secs = (now - self.began) / 1000;
                said.push((None, self.message(MessageType::Discover, secs as u16, |_, _| {})));
                self.wakes_at = now + random.between(2000, 6000);
            }
        }
    }

    /// Renews, or does something else that clients do.
    fn bound(&mut self, now: Millis, held: Held, random: &mut Random, said: &mut Vec<Said>) {
        self.xid = random.number() as u32;
        let to = if now >= held.rebinds_at { None } else { Some(usize::from(held.server != server_addr(0))) };
        match random.between(0, 99) {
            0..8 => {
                let bytes = self.message(MessageType::Release, 0, |header, options| {
                    header.ciaddr = held.address;
                    options.put(code::SERVER_ID, &held.server.octets());
                });
                said.push((Some(usize::from(held.server != server_addr(0))), bytes));
                self.rest(now, random);
            }
            // It goes on using the address, and says nothing more.
            8..12 => self.wakes_at = held.until,
            12..20 => {
                self.phase = Phase::Rebooting;
                self.asked = now;
                let bytes = self.message(MessageType::Request, 0, |_, options| {
                    options.put(code::REQUESTED_ADDRESS, &held.address.octets());
                });
                said.push((None, bytes));
                self.wakes_at = now + random.between(2000, 4000);
            }
            20 => {
                let bytes = self.message(MessageType::Decline, 0, |_, options| {
                    options.put(code::REQUESTED_ADDRESS, &held.address.octets());
                    options.put(code::SERVER_ID, &held.server.octets());
                });
                said.push((Some(usize::from(held.server != server_addr(0))), bytes));
                self.rest(now, random);
            }
            _ => {
                self.asked = now;
                let bytes = self.message(MessageType::Request, 0, |header, _| header.ciaddr = held.address);
                said.push((to, bytes));
                let rest = held.until.saturating_sub(now);
                self.wakes_at = now + (rest / 4).clamp(1000, 60_000).min(rest.max(1));
            }
        }
    }

    fn rest(&mut self, now: Millis, random: &mut Random) {
        (self.held, self.phase) = (None, Phase::Init);
        self.wakes_at = now + random.between(LATE, 60_000);
    }

    fn request(&mut self, now: Millis, address: Ipv4Addr, server: Ipv4Addr, said: &mut Vec<Said>) {
        self.asked = now;
        let secs = (now - self.began) / 1000;
        let bytes = self.message(MessageType::Request, secs as u16, |_, options| {
            options.put(code::REQUESTED_ADDRESS, &address.octets());
            options.put(code::SERVER_ID, &server.octets());
        });
        said.push((None, bytes));
    }

    fn message(
        &self,
        kind: MessageType,
        secs: u16,
        fill: impl FnOnce(&mut Header, &mut OptionSet),
    ) -> Vec<u8> {
        let mut header = Header {
            op: Op::Request,
            hw_addr: Self::hw_addr(self.number),
            xid: self.xid,
            secs,
            ..Header::default()
        };
        let mut options = OptionSet::new();
        options.put_u8(code::MESSAGE_TYPE, kind.into());
        if self.number % 2 == 1 {
            options.put(code::CLIENT_ID, &[0, b'c', self.number as u8]);
        }
        if !self.number.is_multiple_of(3) && kind != MessageType::Release && kind != MessageType::Decline {
            options.put(code::HOST_NAME, format!("host-{}", self.number).as_bytes());
        }
        fill(&mut header, &mut options);
        let mut out = [0; 600];
        let emitted = Reply::new(&header, &options).emit(&mut out).expect("a short message");
        out[..emitted.len].to_vec()
    }

    /// A server's reply. True if the client now holds an address, or holds it longer.
    pub(crate) fn hear(
        &mut self,
        now: Millis,
        packet: &Packet<'_>,
        random: &mut Random,
        said: &mut Vec<Said>,
    ) -> bool {
        let (Some(kind), Some(server)) = (packet.message_type(), packet.server_id()) else { return false };
        if packet.xid() != self.xid {
            return false;
        }
        match (kind, self.phase) {
            (MessageType::Offer, Phase::Selecting) => {
                self.phase = Phase::Requesting { address: packet.yiaddr(), server, tries: 0 };
                self.request(now, packet.yiaddr(), server, said);
                self.wakes_at = now + random.between(2000, 4000);
                false
            }
            (MessageType::Nak, Phase::Requesting { .. } | Phase::Rebooting | Phase::Bound) => {
                (self.held, self.phase) = (None, Phase::Init);
                self.wakes_at = now + 1;
                false
            }
            (MessageType::Ack, Phase::Requesting { .. } | Phase::Rebooting | Phase::Bound) => {
                self.acked(now, packet, server)
            }
            _ => false,
        }
    }

    fn acked(&mut self, now: Millis, packet: &Packet<'_>, server: Ipv4Addr) -> bool {
        let length = Millis::from(packet.lease_seconds().unwrap_or(0)) * 1000;
        let until = (self.asked + length).saturating_sub(EARLY);
        if until <= now || self.held.is_some_and(|held| held.address != packet.yiaddr()) {
            return false;
        }
        let (renews_at, rebinds_at) = (self.asked + length / 2, self.asked + length * 7 / 8);
        self.held = Some(Held { address: packet.yiaddr(), until, server, renews_at, rebinds_at });
        self.phase = Phase::Bound;
        self.wakes_at = renews_at.max(now + 1).min(until);
        true
    }
}
