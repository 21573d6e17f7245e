//! DHCP clients behind a relay on loopback, one message at a time.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use ddi_dhcp::v4::{MessageType, Packet};

use crate::Failure;

/// The relay's address.
pub(super) const RELAY: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// "Answer to the port that I send from" (RFC 8357).
const RELAY_AGENT_INFO: [u8; 4] = [82, 2, 19, 0];

/// What a client says.
#[derive(Clone, Copy)]
pub(super) enum Say {
    Discover,
    /// Takes the offer of a server.
    Select {
        address: Ipv4Addr,
        server: Ipv4Addr,
    },
    /// Asks any server to extend its lease (RFC 2131, section 4.3.2: REBINDING).
    Rebind {
        address: Ipv4Addr,
    },
}

/// What a server says.
pub(super) struct Answer {
    pub(super) client: u16,
    pub(super) kind: MessageType,
    pub(super) address: Ipv4Addr,
    pub(super) server: Ipv4Addr,
}

pub(super) struct Relay {
    socket: UdpSocket,
    servers: Vec<SocketAddrV4>,
}

impl Relay {
    pub(super) fn new(servers: Vec<SocketAddrV4>) -> Result<Self, Failure> {
        Ok(Self { socket: UdpSocket::bind((RELAY, 0))?, servers })
    }

    /// Hands a client's message to all servers. `seconds`: how long the client has tried.
    pub(super) fn send(&self, client: u16, say: Say, seconds: u16) -> Result<(), Failure> {
        let message = message(client, say, seconds);
        for server in &self.servers {
            // One that is gone refuses; that is its business.
            let _ = self.socket.send_to(&message, server);
        }
        Ok(())
    }

    /// The next answer, if one comes in time.
    pub(super) fn receive(&self, patience: Duration) -> Result<Option<Answer>, Failure> {
        self.socket.set_read_timeout(Some(patience.max(Duration::from_millis(1))))?;
        let mut bytes = [0; 1500];
        let Ok(len) = self.socket.recv(&mut bytes) else { return Ok(None) };
        let packet = Packet::parse(&bytes[..len])?;
        let kind = packet.message_type().ok_or("an answer without a type")?;
        let server = packet.server_id().ok_or("an answer without a server")?;
        Ok(Some(Answer { client: packet.xid() as u16, kind, address: packet.yiaddr(), server }))
    }
}

fn message(client: u16, say: Say, seconds: u16) -> Vec<u8> {
    let [high, low] = client.to_be_bytes();
    let own = if let Say::Rebind { address } = say { address } else { Ipv4Addr::UNSPECIFIED };
    let mut message = vec![1, 1, 6, 1, 0, 0, high, low];
    message.extend_from_slice(&seconds.to_be_bytes());
    message.extend_from_slice(&[0; 2]);
    message.extend_from_slice(&own.octets());
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&RELAY.octets());
    message.extend_from_slice(&[2, 0, 0, 0, high, low]);
    message.resize(236, 0);
    message.extend_from_slice(&[99, 130, 83, 99]);
    message.extend_from_slice(&[53, 1, if matches!(say, Say::Discover) { 1 } else { 3 }]);
    if let Say::Select { address, server } = say {
        message.extend_from_slice(&[50, 4]);
        message.extend_from_slice(&address.octets());
        message.extend_from_slice(&[54, 4]);
        message.extend_from_slice(&server.octets());
    }
    message.extend_from_slice(&RELAY_AGENT_INFO);
    message.push(255);
    message
}
