//! Which subnet a message is for, and by which of its addresses the server answers.

use crate::server::ask::Sender;
use crate::server::io::{Dropped, Received};
use crate::server::plan::{Plan, SubnetIndex};
use crate::v4::{Packet, RelayInfo};
use std::net::Ipv4Addr;

/// Was the message sent to this server alone? A relay tells by its flags (RFC 5010); one that does not
/// forwards broadcasts.
pub(crate) fn was_unicast(
    plan: &Plan,
    packet: &Packet<'_>,
    relay: Option<RelayInfo<'_>>,
    received: &Received<'_>,
) -> bool {
    if !packet.giaddr().is_unspecified() {
        return relay.and_then(|relay| relay.was_unicast()).unwrap_or(false);
    }
    is_unicast(plan, received.to)
}

/// Is this the address of one host, and known?
fn is_unicast(plan: &Plan, to: Ipv4Addr) -> bool {
    let directed = |to| {
        let subnet = &plan.subnets[plan.subnet_of(to)? as usize];
        (subnet.prefix.prefix_len() < 31).then_some(subnet.prefix.broadcast() == to)
    };
    !to.is_unspecified() && !to.is_broadcast() && !to.is_multicast() && directed(to) != Some(true)
}

/// The client's subnet. Of those who know, the nearest to the client decides: the relay by link selection
/// (RFC 3527), the client by subnet selection (RFC 3011), the relay by its address; without a relay, the
/// client by the address that it has, if it wrote to this server alone (RFC 2131 section 4.3.2,
/// RENEWING); else the link that the message came in on.
pub(crate) fn subnet(
    plan: &Plan,
    sender: &Sender<'_>,
    received: &Received<'_>,
) -> Result<SubnetIndex, Dropped> {
    let packet = sender.packet;
    let giaddr = packet.giaddr();
    let relayed = !giaddr.is_unspecified();
    if relayed && plan.config.only_listed_relays && plan.subnet_of_relay(giaddr, true).is_none() {
        return Err(Dropped::UnknownRelay);
    }
    let link_selection = sender.relay.filter(|_| relayed).and_then(|relay| relay.link_selection());
    let subnet_selection = packet.subnet_selection().filter(|_| plan.config.subnet_selection);
    let ciaddr = packet.ciaddr();
    let found = if let Some(addr) = link_selection.or(subnet_selection) {
        plan.subnet_of(addr)
    } else if relayed {
        plan.subnet_of_relay(giaddr, false)
    } else if sender.unicast && !ciaddr.is_unspecified() {
        plan.subnet_of(ciaddr)
    } else {
        plan.link_of(received.interface).and_then(|link| link.subnet)
    };
    found.ok_or(Dropped::NoSubnet)
}

/// The server's names for itself in one exchange.
pub(crate) struct ServerIds {
    /// For option 54 of the reply.
    pub(crate) server_id: Ipv4Addr,
    /// The source address of the reply: where the message was sent to, or on its link.
    pub(crate) reply_from: Option<Ipv4Addr>,
    /// The message is for another server.
    pub(crate) for_other: bool,
}

/// RFC 2131 section 4.1, and RFC 5107: what the relay says goes first, and for a client that renews by
/// unicast, what the relay said when it was last heard.
pub(crate) fn server_id(
    plan: &Plan,
    sender: &Sender<'_>,
    relay: Option<RelayInfo<'_>>,
    received: &Received<'_>,
) -> Result<ServerIds, Dropped> {
    let on_link = plan.link_of(received.interface).and_then(|link| link.address);
    let to = Some(received.to).filter(|&to| is_unicast(plan, to));
    let overriding = relay.and_then(|relay| relay.server_id_override());
    let server_id = overriding.or(plan.config.server_id).or(to).or(on_link).ok_or(Dropped::NoServerId)?;
    let is_own = |id: Ipv4Addr| id == server_id || to == Some(id) || plan.is_own(id);
    let named = sender.packet.has(crate::v4::code::SERVER_ID);
    let for_other = named && !sender.packet.server_id().is_some_and(is_own);
    Ok(ServerIds { server_id, reply_from: to.or(on_link), for_other })
}
