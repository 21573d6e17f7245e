//! The few DHCP messages that the demo's relay and clients send, and what it reads of the answers.

pub use ddi_dhcp::v4::MessageType;
use ddi_dhcp::v4::Packet;
use std::net::Ipv4Addr;

/// Room for the longest message here, in bytes.
pub const MESSAGE_MAX: usize = 320;

/// Relay agent information: a circuit-id, and "answer to the port that I send from" (RFC 8357).
const RELAY_AGENT_INFO: &[u8] = &[82, 8, 1, 4, b'd', b'e', b'm', b'o', 19, 0];

/// What a client asks for.
#[derive(Clone, Copy)]
pub enum Request {
    Discover,
    /// Takes the offer of `server`.
    Select {
        address: Ipv4Addr,
        server: Ipv4Addr,
    },
    /// Extends the lease that it has.
    Renew {
        address: Ipv4Addr,
    },
}

/// Who asks. Every other client names itself by a client_id too.
#[derive(Clone, Copy)]
pub struct Identity {
    nth: u32,
    pub hw_addr: [u8; 6],
    pub has_client_id: bool,
}

impl Identity {
    /// The nth client.
    pub fn nth(nth: u32) -> Self {
        let [a, b, c, d] = nth.to_be_bytes();
        Self { nth, hw_addr: [2, 0xdd, a, b, c, d], has_client_id: nth % 2 == 1 }
    }

    /// The client_id that this client sends, empty if none.
    pub fn client_id(&self) -> Vec<u8> {
        if self.has_client_id { [&[1], &self.hw_addr[..]].concat() } else { Vec::new() }
    }
}

/// The host name that the nth client sends.
pub fn hostname(nth: u32) -> String {
    format!("c{nth}")
}

/// Writes a message as it leaves the relay at `relay`; returns its length.
pub fn write(out: &mut [u8], who: Identity, xid: u32, relay: Ipv4Addr, request: Request) -> usize {
    let mut message = Vec::with_capacity(MESSAGE_MAX);
    message.extend_from_slice(&[1, 1, 6, 1]);
    message.extend_from_slice(&xid.to_be_bytes());
    message.extend_from_slice(&[0; 4]);
    let client_addr = if let Request::Renew { address } = request { address } else { Ipv4Addr::UNSPECIFIED };
    message.extend_from_slice(&client_addr.octets());
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&relay.octets());
    message.extend_from_slice(&who.hw_addr);
    message.resize(236, 0);
    message.extend_from_slice(&[99, 130, 83, 99]);
    message.extend_from_slice(&[53, 1, if matches!(request, Request::Discover) { 1 } else { 3 }]);
    if let Request::Select { address, server } = request {
        message.extend_from_slice(&[&[50, 4], &address.octets()[..], &[54, 4], &server.octets()].concat());
    }
    if who.has_client_id {
        message.extend_from_slice(&[&[61, 7, 1], &who.hw_addr[..]].concat());
    }
    let name = hostname(who.nth);
    message.extend_from_slice(&[&[12, name.len() as u8], name.as_bytes()].concat());
    message.extend_from_slice(&[55, 3, 1, 3, 6]);
    message.extend_from_slice(RELAY_AGENT_INFO);
    message.push(255);
    out[..message.len()].copy_from_slice(&message);
    message.len()
}

/// What an answer says.
pub struct Answer {
    pub xid: u32,
    pub kind: MessageType,
    pub address: Ipv4Addr,
    pub server: Ipv4Addr,
    pub lease_seconds: u32,
}

/// `None` if it is not an answer at all.
pub fn read(bytes: &[u8]) -> Option<Answer> {
    let packet = Packet::parse(bytes).ok()?;
    let server = packet.server_id().unwrap_or(Ipv4Addr::UNSPECIFIED);
    let kind = packet.message_type()?;
    let lease_seconds = packet.lease_seconds().unwrap_or_default();
    Some(Answer { xid: packet.xid(), kind, address: packet.yiaddr(), server, lease_seconds })
}
