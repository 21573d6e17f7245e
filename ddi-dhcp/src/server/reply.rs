//! Building replies: which options, which fixed fields, and where to.

use crate::server::ask::Ask;
use crate::server::config::Params;
use crate::server::io::{Destination, Dropped, MAX_REPLY};
use crate::server::names::emit_fqdn;
use crate::server::plan::Plan;
use crate::server::rules::Message;
use crate::v4::{
    BROADCAST_FLAG, CodeSet, Header, MIN_LEN, MessageType, OptionSet, OptionValue, Reply, code, max_len_for,
};
use std::net::{Ipv4Addr, SocketAddrV4};

/// What a reply says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Says<'a> {
    /// `None`: a BOOTP reply.
    pub(crate) kind: Option<MessageType>,
    /// The address given; 0.0.0.0 if none.
    pub(crate) yiaddr: Ipv4Addr,
    /// The lease time, if it is about a lease.
    pub(crate) lease_seconds: Option<u32>,
    /// Flags and name of option 81, if it is to be answered.
    pub(crate) fqdn: Option<(u8, &'a [u8])>,
    /// V6ONLY_WAIT, if this is an IPv6-mostly pool (RFC 8925).
    pub(crate) v6_only: Option<u32>,
}

/// The text of a NAK (option 56).
const NAK_TEXT: &[u8] = b"address not available";

/// Buffers that are used again for each reply.
#[derive(Debug)]
pub(crate) struct ReplyScratch {
    options: OptionSet,
    order: Vec<u8>,
    fqdn: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
}

impl Default for ReplyScratch {
    fn default() -> Self {
        Self { options: OptionSet::new(), order: Vec::new(), fqdn: Vec::new(), bytes: vec![0; MAX_REPLY] }
    }
}

impl ReplyScratch {
    /// Builds the reply at the front of `bytes`; gives its length.
    pub(crate) fn build(&mut self, plan: &Plan, ask: &Ask<'_>, says: &Says<'_>) -> Result<usize, Dropped> {
        let nak = says.kind == Some(MessageType::Nak);
        let mut header = Header::reply_to(ask.packet);
        self.options.clear();
        self.put_first(plan, ask, says);
        if nak {
            self.options.put(code::MESSAGE_TEXT, NAK_TEXT);
            // RFC 2131 section 4.3.2: the relay shall broadcast it.
            if ask.is_relayed() {
                header.flags |= BROADCAST_FLAG;
            }
        } else {
            self.put_params(plan, ask, says, &mut header);
            self.put_special(ask, says);
            header.yiaddr = says.yiaddr;
            if says.kind != Some(MessageType::Offer) {
                header.ciaddr = ask.packet.ciaddr();
            }
        }
        self.put_echoes(plan, ask, says);
        self.emit(ask, says, &header)
    }

    fn emit(&mut self, ask: &Ask<'_>, says: &Says<'_>, header: &Header) -> Result<usize, Dropped> {
        self.order.clear();
        for piece in ask.packet.parameter_request_list().iter().flat_map(OptionValue::pieces) {
            self.order.extend_from_slice(piece);
        }
        let asked = ask.packet.max_message_size();
        // RFC 1542 section 2.1: a BOOTP client takes 300 bytes, unless it says otherwise.
        let bootp = says.kind.is_none() && asked.is_none();
        let most = if bootp { MIN_LEN } else { max_len_for(asked).min(MAX_REPLY) };
        let reply = Reply::new(header, &self.options).in_order(&self.order).at_most(most);
        let overload = matches!(says.kind, Some(MessageType::Offer | MessageType::Ack));
        let reply = if overload { reply.with_overload() } else { reply };
        Ok(reply.emit(&mut self.bytes).map_err(|_| Dropped::ReplyTooLong)?.len)
    }

    /// What the server says of itself and of the lease.
    fn put_first(&mut self, plan: &Plan, ask: &Ask<'_>, says: &Says<'_>) {
        let options = &mut self.options;
        if let Some(kind) = says.kind {
            options.put_u8(code::MESSAGE_TYPE, kind.into());
            options.put_ipv4(code::SERVER_ID, ask.server_id);
        }
        if let Some(seconds) = says.lease_seconds {
            options.put_u32(code::LEASE_SECONDS, seconds);
            // RFC 2131 section 4.4.5; an infinite lease has none.
            if seconds != u32::MAX && ask.requests(code::RENEWAL_SECONDS) {
                options.put_u32(code::RENEWAL_SECONDS, part(seconds, plan.config.renewal_permille));
            }
            if seconds != u32::MAX && ask.requests(code::REBINDING_SECONDS) {
                options.put_u32(
                    code::REBINDING_SECONDS,
                    seconds - part(seconds, 1000 - plan.config.rebinding_permille),
                );
            }
        }
    }

    /// What is configured, from the widest place to the narrowest.
    fn put_params(&mut self, plan: &Plan, ask: &Ask<'_>, says: &Says<'_>, header: &mut Header) {
        let address = if says.yiaddr.is_unspecified() { ask.packet.ciaddr() } else { says.yiaddr };
        let subnet = plan.subnet_of(address).unwrap_or(ask.subnet);
        let subnet = &plan.subnets[subnet as usize];
        self.options.put_ipv4(code::SUBNET_MASK, subnet.prefix.netmask());
        if ask.lists(code::BROADCAST_ADDRESS) {
            self.options.put_ipv4(code::BROADCAST_ADDRESS, subnet.prefix.broadcast());
        }
        let list = ask.packet.parameter_request_list();
        let wanted = list.map(|list| list.pieces().flatten().copied().collect::<CodeSet>());
        let pool = plan.pool_of(address).map(|pool| plan.pools[pool.0 as usize].merged);
        let mut put = |params: &Params| put_params(&mut self.options, header, params, wanted);
        put(&plan.merged[pool.unwrap_or(subnet.merged) as usize].params);
        for &class in ask.classes {
            put(&plan.classes[class as usize].params);
        }
        if let Some(reservation) = ask.reservation.map(|at| &plan.reservations[at as usize]) {
            put(&reservation.params);
            if !reservation.hostname.is_empty() && ask.requests(code::HOST_NAME) {
                self.options.put(code::HOST_NAME, &reservation.hostname);
            }
        }
    }

    fn put_special(&mut self, ask: &Ask<'_>, says: &Says<'_>) {
        if ask.message == Message::DiscoverRapid && says.kind == Some(MessageType::Ack) {
            self.options.put(code::RAPID_COMMIT, &[]);
        }
        if let Some((flags, fqdn)) = says.fqdn {
            emit_fqdn(flags, fqdn, &mut self.fqdn);
            self.options.put(code::CLIENT_FQDN, &self.fqdn);
        }
        if let Some(seconds) = says.v6_only.filter(|_| ask.lists(code::V6_ONLY_PREFERRED)) {
            self.options.put_u32(code::V6_ONLY_PREFERRED, seconds);
        }
    }

    /// What the client and the relay get back as they sent it (RFC 6842, RFC 3011, RFC 3046).
    fn put_echoes(&mut self, plan: &Plan, ask: &Ask<'_>, says: &Says<'_>) {
        let packet = ask.packet;
        if says.kind.is_some() {
            for value in packet.client_id().iter().filter(|value| !value.is_empty()) {
                self.options.put_value(value);
            }
        }
        if plan.config.subnet_selection {
            for value in packet.option(code::SUBNET_SELECTION).iter() {
                self.options.put_value(value);
            }
        }
        // A reply that does not pass the relay has nothing to tell it.
        if !ask.is_direct_inform() {
            for value in packet.relay_info().iter() {
                self.options.put_value(value);
            }
        }
    }
}

/// So many thousandths of a time.
fn part(seconds: u32, permille: u16) -> u32 {
    u32::try_from(u64::from(seconds) * u64::from(permille) / 1000).unwrap_or(u32::MAX)
}

fn put_params(options: &mut OptionSet, header: &mut Header, params: &Params, wanted: Option<CodeSet>) {
    for (code, value) in params.options.iter() {
        // The mask is sent in any case.
        let always = params.always.contains(code) || code == code::SUBNET_MASK;
        if always || wanted.is_none_or(|wanted| wanted.contains(code)) {
            options.put(code, value);
        } else {
            // What a wider place sends always is not this client's.
            options.remove(code);
        }
    }
    if let Some(next_server) = params.next_server {
        header.siaddr = next_server;
    }
    // The configuration's check keeps both shorter than their fields.
    for (field, text) in
        [(&mut header.sname[..], &params.server_name), (&mut header.file[..], &params.boot_file)]
    {
        if let Some((front, rest)) = field.split_at_mut_checked(text.len()).filter(|_| !text.is_empty()) {
            front.copy_from_slice(text);
            rest.fill(0);
        }
    }
}

/// Where a reply goes: RFC 2131 section 4.1.
///
/// ciaddr counts only where the address is known to be the client's, or is what the message is about:
/// else anybody could have replies sent to anybody.
pub(crate) fn destination(plan: &Plan, ask: &Ask<'_>, says: &Says<'_>) -> Destination {
    let packet = ask.packet;
    let ports = plan.config.ports;
    let to_client = |addr| Destination::Unicast(SocketAddrV4::new(addr, ports.client));
    if ask.is_direct_inform() {
        return to_client(packet.ciaddr());
    }
    if ask.is_relayed() {
        // RFC 8357 section 5.1: to the port that the relay sent from, if it says so.
        let own_port = ask.relay.is_some_and(|relay| relay.has_source_port());
        let from = ask.received.from.port();
        let port = if own_port && from != 0 { from } else { ports.relay };
        return Destination::Unicast(SocketAddrV4::new(packet.giaddr(), port));
    }
    let broadcast = Destination::Broadcast { port: ports.client };
    if says.kind == Some(MessageType::Nak) {
        return broadcast;
    }
    if ask.message == Message::Inform {
        let from = *ask.received.from.ip();
        return if from.is_unspecified() { broadcast } else { to_client(from) };
    }
    let ciaddr = packet.ciaddr();
    if !ciaddr.is_unspecified() && ciaddr == says.yiaddr {
        return to_client(ciaddr);
    }
    if packet.wants_broadcast() || ask.client.hw_addr.is_empty() || says.yiaddr.is_unspecified() {
        return broadcast;
    }
    Destination::LinkLayer { addr: says.yiaddr, hw_addr: ask.client.hw_addr, port: ports.client }
}
