//! What a datagram asks: the message with the client's state, who the client is, and where it is.

use crate::server::io::{Dropped, Received};
use crate::server::offer::Client;
use crate::server::plan::classes::Field;
use crate::server::plan::{Identifier, Plan, SubnetIndex};
use crate::server::rules::Message;
use crate::server::select;
use crate::v4::{Cookie, MessageType, Op, Packet, RelayInfo, VendorData, code};
use std::net::Ipv4Addr;

/// The longest client_id: what a lease holds.
pub(crate) const CLIENT_ID_MAX: usize = 255;
/// The longest relay agent information.
pub(crate) const RELAY_INFO_MAX: usize = 1024;

/// Room for values that come in pieces, and for keys of look-ups.
#[derive(Debug)]
pub(crate) struct Joined {
    client_id: [u8; CLIENT_ID_MAX],
    relay_info: [u8; RELAY_INFO_MAX],
}

impl Default for Joined {
    fn default() -> Self {
        Self { client_id: [0; CLIENT_ID_MAX], relay_info: [0; RELAY_INFO_MAX] }
    }
}

/// Who sent the packet, and by what way, before any configuration is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender<'p> {
    pub(crate) packet: &'p Packet<'p>,
    pub(crate) client: Client<'p>,
    pub(crate) relay: Option<RelayInfo<'p>>,
    pub(crate) message: Message,
    /// The address that the message is about; 0.0.0.0 if it is about none.
    pub(crate) address: Ipv4Addr,
    /// It was sent to this server alone.
    pub(crate) unicast: bool,
}

impl<'p> Sender<'p> {
    pub(crate) fn new(
        plan: &Plan,
        packet: &'p Packet<'p>,
        received: &Received<'_>,
        joined: &'p mut Joined,
    ) -> Result<Self, Dropped> {
        if packet.op() != Op::Request {
            return Err(Dropped::NotRequest);
        }
        if matches!(packet.cookie(), Cookie::Other(_)) {
            return Err(Dropped::Malformed);
        }
        let giaddr = packet.giaddr();
        // Not the address of a host: 0/8, multicast, and what is above it with the broadcast address.
        let octet = giaddr.octets()[0];
        if !giaddr.is_unspecified() && (octet == 0 || octet >= 224) {
            return Err(Dropped::BadRelay);
        }
        let client_id = match packet.client_id() {
            Some(value) => value.to_slice(&mut joined.client_id).ok_or(Dropped::Malformed)?,
            None => &[],
        };
        if client_id.len() > CLIENT_ID_MAX {
            return Err(Dropped::Malformed);
        }
        let relay = match packet.relay_info() {
            Some(value) => {
                Some(RelayInfo::new(value.to_slice(&mut joined.relay_info).ok_or(Dropped::Malformed)?))
            }
            None => None,
        };
        let client = Client { client_id, hw_addr: packet.hw_addr() };
        if client.client_id.is_empty() && client.hw_addr.is_empty() {
            return Err(Dropped::NoIdentity);
        }
        let unicast = select::was_unicast(plan, packet, relay, received);
        let (message, address) = classify(packet, unicast)?;
        Ok(Self { packet, client, relay, message, address, unicast })
    }
}

/// The message and the address that it is about (RFC 2131 sections 4.3.2 and 4.3.6).
fn classify(packet: &Packet<'_>, unicast: bool) -> Result<(Message, Ipv4Addr), Dropped> {
    let some = |addr: Ipv4Addr| (!addr.is_unspecified()).then_some(addr);
    let requested = packet.requested_addr().and_then(some);
    let ciaddr = some(packet.ciaddr());
    if packet.is_bootp() {
        return Ok((Message::Bootp, Ipv4Addr::UNSPECIFIED));
    }
    let (message, address) = match packet.message_type() {
        Some(MessageType::Discover) => (Message::Discover, requested.or(Some(Ipv4Addr::UNSPECIFIED))),
        Some(MessageType::Request) if packet.has(code::SERVER_ID) => {
            (Message::Selecting, requested.or(ciaddr))
        }
        Some(MessageType::Request) if ciaddr.is_some() => {
            (if unicast { Message::Renewing } else { Message::Rebinding }, ciaddr)
        }
        Some(MessageType::Request) => (Message::InitReboot, requested),
        Some(MessageType::Decline) => (Message::Decline, requested),
        Some(MessageType::Release) => (Message::Release, ciaddr),
        Some(MessageType::Inform) => (Message::Inform, Some(packet.ciaddr())),
        _ => return Err(Dropped::UnknownType),
    };
    Ok((message, address.ok_or(Dropped::Incomplete)?))
}

/// A message that can be answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'p> {
    pub(crate) packet: &'p Packet<'p>,
    pub(crate) message: Message,
    /// The address that the message is about; 0.0.0.0 if it is about none.
    pub(crate) address: Ipv4Addr,
    pub(crate) client: Client<'p>,
    /// As the packet has it.
    pub(crate) relay: Option<RelayInfo<'p>>,
    pub(crate) received: Received<'p>,
    /// The subnet that the client is in, and the link with all its subnets.
    pub(crate) subnet: SubnetIndex,
    pub(crate) link: u32,
    /// What to put into option 54.
    pub(crate) server_id: Ipv4Addr,
    /// The source address of the reply.
    pub(crate) reply_from: Option<Ipv4Addr>,
    /// Ascending, so that the strongest comes last.
    pub(crate) classes: &'p [u32],
    pub(crate) reservation: Option<u32>,
    /// The message names another server.
    pub(crate) for_other: bool,
}

/// Buffers for [`Ask::new`].
#[derive(Debug, Default)]
pub(crate) struct AskScratch {
    key: Vec<u8>,
    classes: Vec<u32>,
    joined: Vec<u8>,
}

impl<'p> Ask<'p> {
    pub(crate) fn new(
        plan: &Plan,
        sender: Sender<'p>,
        received: &Received<'p>,
        stash: Option<RelayInfo<'p>>,
        scratch: &'p mut AskScratch,
    ) -> Result<Self, Dropped> {
        let Sender { packet, client, relay, message, address, .. } = sender;
        let subnet = select::subnet(plan, &sender, received)?;
        let link = plan.subnets[subnet as usize].link;
        let known = relay.or(stash);
        let ids = select::server_id(plan, &sender, known, received)?;
        let message =
            if message == Message::Discover && plan.config.rapid_commit && packet.has(code::RAPID_COMMIT) {
                Message::DiscoverRapid
            } else {
                message
            };
        find_classes(plan, packet, known, scratch);
        let AskScratch { key, classes, .. } = scratch;
        let reservation = find_reservation(plan, link, &client, known, key);
        Ok(Self {
            packet,
            message,
            address,
            client,
            relay,
            received: *received,
            subnet,
            link,
            server_id: ids.server_id,
            reply_from: ids.reply_from,
            classes,
            reservation,
            for_other: ids.for_other,
        })
    }

    /// True if the parameter request list has this code, or there is no list.
    pub(crate) fn requests(&self, code: u8) -> bool {
        self.packet
            .parameter_request_list()
            .is_none_or(|list| list.pieces().any(|piece| piece.contains(&code)))
    }

    /// True if the parameter request list has this code.
    pub(crate) fn lists(&self, code: u8) -> bool {
        self.packet
            .parameter_request_list()
            .is_some_and(|list| list.pieces().any(|piece| piece.contains(&code)))
    }

    /// An INFORM of a client whose address is known: the ACK goes there, past any relay (RFC 2131
    /// section 4.3.5).
    pub(crate) fn is_direct_inform(&self) -> bool {
        self.message == Message::Inform && !self.packet.ciaddr().is_unspecified()
    }

    /// Could any server answer it, which then says which address it is about?
    pub(crate) const fn is_for_any_server(&self) -> bool {
        use Message::{Bootp, Discover, DiscoverRapid, DiscoverV6Only, Inform};
        matches!(self.message, Discover | DiscoverRapid | DiscoverV6Only | Bootp | Inform)
    }

    /// Is the packet from a relay?
    pub(crate) fn is_relayed(&self) -> bool {
        !self.packet.giaddr().is_unspecified()
    }
}

/// The classes that the client is in, ascending.
fn find_classes(plan: &Plan, packet: &Packet<'_>, relay: Option<RelayInfo<'_>>, scratch: &mut AskScratch) {
    let AskScratch { key, classes, joined } = scratch;
    classes.clear();
    let index = &plan.class_index;
    if plan.classes.is_empty() {
        return;
    }
    let mut find = |field, value: &[u8]| index.find(field, value, key, classes);
    for (field, code) in [
        (Field::VendorClass, code::VENDOR_CLASS),
        (Field::UserClass, code::USER_CLASS),
        (Field::EnterpriseClass, code::VENDOR_CLASSES),
        (Field::EnterpriseOptions, code::VENDOR_OPTIONS),
    ] {
        if !index.looks_at(field) {
            continue;
        }
        let Some(value) = packet.option(code) else { continue };
        let value = value.contiguous().unwrap_or_else(|| {
            joined.clear();
            value.pieces().for_each(|piece| joined.extend_from_slice(piece));
            joined
        });
        match field {
            Field::UserClass => {
                find(field, value);
                user_classes(value, |class| find(field, class));
            }
            Field::EnterpriseClass => enterprise_classes(value, |class| find(field, class)),
            Field::EnterpriseOptions => {
                VendorData::all(value).for_each(|vendor| find(field, &vendor.enterprise.to_be_bytes()));
            }
            _ => find(field, value),
        }
    }
    find(Field::HwAddr, packet.hw_addr().bytes());
    if let Some(relay) = relay {
        if let Some(value) = relay.circuit_id() {
            find(Field::CircuitId, value);
        }
        if let Some(value) = relay.remote_id() {
            find(Field::RemoteId, value);
        }
    }
    classes.sort_unstable();
}

/// RFC 3004 section 4: a list of values with lengths.
fn user_classes(value: &[u8], mut visit: impl FnMut(&[u8])) {
    let mut rest = value;
    while let Some((one, after)) =
        rest.split_first().and_then(|(&len, rest)| rest.split_at_checked(usize::from(len)))
    {
        visit(one);
        rest = after;
    }
}

/// Visits the vendors in option 124, and each with its classes (RFC 3925 section 3), as tests name them.
fn enterprise_classes(value: &[u8], mut visit: impl FnMut(&[u8])) {
    let mut both = [0; 4 + 255];
    for vendor in VendorData::all(value) {
        both[..4].copy_from_slice(&vendor.enterprise.to_be_bytes());
        visit(&both[..4]);
        for class in vendor.classes() {
            let end = 4 + class.len();
            if let Some(room) = both.get_mut(4..end) {
                room.copy_from_slice(class);
                visit(&both[..end]);
            }
        }
    }
}

fn find_reservation(
    plan: &Plan,
    link: u32,
    client: &Client<'_>,
    relay: Option<RelayInfo<'_>>,
    key: &mut Vec<u8>,
) -> Option<u32> {
    if !plan.has_reservations() {
        return None;
    }
    let mut find = |identifier, bytes: &[u8]| {
        if bytes.is_empty() { None } else { plan.reservation_of(key, link, identifier, bytes) }
    };
    find(Identifier::ClientId, client.client_id)
        .or_else(|| find(Identifier::HwAddr, client.hw_addr.bytes()))
        .or_else(|| find(Identifier::CircuitId, relay?.circuit_id()?))
}
