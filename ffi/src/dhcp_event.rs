//! Events of the DHCPv4 server: what the application may want to know or must do. Act on a lease once its `version` is
//! durable.

use crate::lease_key::{ddi_ipv4, ddi_lease_key};
use crate::sized::Growing;
use ddi_core::{LeaseKey, Lsn};
use ddi_dhcp::server::{Conflict, Event};

/// A client's lease was written: `key`, `version`; `flag` is 1 if it was this client's already.
pub const DDI_DHCP_EVENT_BOUND: u32 = 1;
/// The lease has a name that belongs in DNS from now on (RFC 4702): `key`, `version`, the full name in the buffer, in
/// text form without a final dot; `flag` is 1 if the A is the server's to add, 0 if only the PTR is.
pub const DDI_DHCP_EVENT_NAME_ADDED: u32 = 2;
/// The lease no longer has this name: what was added to DNS for it goes. As before.
pub const DDI_DHCP_EVENT_NAME_REMOVED: u32 = 3;
/// The client gave its address back: `key`, `version`.
pub const DDI_DHCP_EVENT_RELEASED: u32 = 4;
/// The client's time ran out: `key`, `version`.
pub const DDI_DHCP_EVENT_EXPIRED: u32 = 5;
/// The address is in use by somebody else and quarantined: `key`, `version`; `flag` is 1 if something answered a ping, 0
/// if its client declined it.
pub const DDI_DHCP_EVENT_QUARANTINED: u32 = 6;
/// The quarantine of an address is over: `key`, `version`.
pub const DDI_DHCP_EVENT_QUARANTINE_ENDED: u32 = 7;
/// Ping `address`, through `interface` (0: by the routing table), then call `ddi_dhcp_server_handle_ping`.
pub const DDI_DHCP_EVENT_PING: u32 = 8;
/// A subnet (`subnet_id`) has no free address: `count` messages went without an answer since the event before.
pub const DDI_DHCP_EVENT_EXHAUSTED: u32 = 9;
/// A datagram got no answer: `why`, whose name (such as "no_subnet") is in the buffer, `interface`, and who sent it:
/// `address`, `port`.
pub const DDI_DHCP_EVENT_DROPPED: u32 = 10;

/// An event. Members that its kind does not name are zero.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_dhcp_event {
    /// sizeof(ddi_dhcp_event)
    pub struct_size: u32,
    /// `DDI_DHCP_EVENT_...`; a later version of the library may have more.
    pub kind: u32,
    /// Which lease.
    pub key: ddi_lease_key,
    /// What wrote the lease.
    pub version: u64,
    /// How many.
    pub count: u64,
    /// As the kind says.
    pub flag: u32,
    /// Why a datagram was dropped.
    pub why: u32,
    /// A subnet's id.
    pub subnet_id: u32,
    /// An interface's number.
    pub interface: u32,
    /// An address.
    pub address: ddi_ipv4,
    /// Its UDP port.
    pub port: u16,
    /// Zero.
    pub pad: u16,
}

// SAFETY: starts with struct_size; the rest is numbers.
unsafe impl Growing for ddi_dhcp_event {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_dhcp_event";
}

/// What goes to the caller's buffer.
pub(crate) fn name_in(event: &Event) -> &[u8] {
    match event {
        Event::NameAdded { fqdn, .. } | Event::NameRemoved { fqdn, .. } => fqdn,
        Event::Dropped { why, .. } => why.name().as_bytes(),
        _ => &[],
    }
}

pub(crate) fn of_event(event: &Event) -> ddi_dhcp_event {
    match *event {
        Event::Bound { key, version, renewed } => {
            let flag = renewed.into();
            ddi_dhcp_event { flag, ..about(DDI_DHCP_EVENT_BOUND, key, version) }
        }
        Event::NameAdded { key, version, forward, .. } => {
            let flag = forward.into();
            ddi_dhcp_event { flag, ..about(DDI_DHCP_EVENT_NAME_ADDED, key, version) }
        }
        Event::NameRemoved { key, version, forward, .. } => {
            let flag = forward.into();
            ddi_dhcp_event { flag, ..about(DDI_DHCP_EVENT_NAME_REMOVED, key, version) }
        }
        Event::Released { key, version } => about(DDI_DHCP_EVENT_RELEASED, key, version),
        Event::Expired { key, version } => about(DDI_DHCP_EVENT_EXPIRED, key, version),
        Event::Quarantined { key, version, cause } => {
            let flag = (cause == Conflict::PingAnswered).into();
            ddi_dhcp_event { flag, ..about(DDI_DHCP_EVENT_QUARANTINED, key, version) }
        }
        Event::QuarantineEnded { key, version } => about(DDI_DHCP_EVENT_QUARANTINE_ENDED, key, version),
        Event::Ping { address, interface } => {
            ddi_dhcp_event { address: address.into(), interface, ..nothing(DDI_DHCP_EVENT_PING) }
        }
        Event::Exhausted { subnet_id, refused } => {
            ddi_dhcp_event { subnet_id, count: refused, ..nothing(DDI_DHCP_EVENT_EXHAUSTED) }
        }
        Event::Dropped { why, interface, from } => ddi_dhcp_event {
            why: why as u32,
            interface,
            address: (*from.ip()).into(),
            port: from.port(),
            ..nothing(DDI_DHCP_EVENT_DROPPED)
        },
        _ => nothing(0),
    }
}

fn about(kind: u32, key: LeaseKey, version: Lsn) -> ddi_dhcp_event {
    ddi_dhcp_event { key: key.into(), version: version.0, ..nothing(kind) }
}

fn nothing(kind: u32) -> ddi_dhcp_event {
    ddi_dhcp_event {
        struct_size: size_of::<ddi_dhcp_event>() as u32,
        kind,
        key: ddi_lease_key::default(),
        version: 0,
        count: 0,
        flag: 0,
        why: 0,
        subnet_id: 0,
        interface: 0,
        address: ddi_ipv4::default(),
        port: 0,
        pad: 0,
    }
}
