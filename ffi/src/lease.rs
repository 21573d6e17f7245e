//! The lease: one row of the database. The same struct goes in and comes out. Byte fields going in are the
//! caller's and are copied; coming out they are borrowed until the next call on the handle that gave them.

use crate::handle::Failure;
use crate::lease_key::{ddi_hw_addr, ddi_lease_key};
use crate::sized::Growing;
use crate::slice;
use ddi_core::{BindingState, Lease, Lsn, Origin, UnixTime};
use std::ffi::c_char;

/// Nobody's; the primary (or the only server) may allocate it.
pub const DDI_STATE_FREE: u8 = 1;
/// Bound to a client.
pub const DDI_STATE_ACTIVE: u8 = 2;
/// The client's time ran out; with a partner, the partner may not know yet.
pub const DDI_STATE_EXPIRED: u8 = 3;
/// The client gave it back; with a partner, the partner may not know yet.
pub const DDI_STATE_RELEASED: u8 = 4;
/// Found in use by somebody else: quarantined until its expiration_time.
pub const DDI_STATE_ABANDONED: u8 = 5;
/// An operator took it from the client.
pub const DDI_STATE_RESET: u8 = 6;
/// Nobody's; the secondary may allocate it.
pub const DDI_STATE_BACKUP: u8 = 7;
/// RFC 8156: free, but the partner has not acknowledged that yet.
pub const DDI_STATE_PENDING_FREE: u8 = 8;
/// RFC 8156's name for what the secondary may allocate.
pub const DDI_STATE_FREE_BACKUP: u8 = 9;

/// The name of a binding state, such as "PENDING-FREE"; "UNKNOWN" for a number that is none. Static.
#[unsafe(no_mangle)]
pub extern "C" fn ddi_state_name(state: u8) -> *const c_char {
    match state {
        DDI_STATE_FREE => c"FREE",
        DDI_STATE_ACTIVE => c"ACTIVE",
        DDI_STATE_EXPIRED => c"EXPIRED",
        DDI_STATE_RELEASED => c"RELEASED",
        DDI_STATE_ABANDONED => c"ABANDONED",
        DDI_STATE_RESET => c"RESET",
        DDI_STATE_BACKUP => c"BACKUP",
        DDI_STATE_PENDING_FREE => c"PENDING-FREE",
        DDI_STATE_FREE_BACKUP => c"FREE-BACKUP",
        _ => c"UNKNOWN",
    }
    .as_ptr()
}

/// A lease. `memset` it to zero, set `struct_size`, `key` and `state`, and then what is known.
/// Times are seconds since 1970, `DDI_TIME_UNSET` or `DDI_TIME_NEVER`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_lease {
    /// sizeof(ddi_lease)
    pub struct_size: u32,
    /// The subnet's number in the configuration; an attribute, never a key.
    pub subnet_id: u32,
    /// Address space and address.
    pub key: ddi_lease_key,
    /// Out: the log sequence number of the put that wrote this. Not read.
    pub version: u64,
    /// When the binding state last changed.
    pub start_time_of_state: u64,
    /// When the client was last heard.
    pub client_last_transaction_time: u64,
    /// When the client's lease ends (ACTIVE), ended, or the quarantine ends (ABANDONED).
    pub expiration_time: u64,
    /// DHCPv6: when the address stops being preferred.
    pub preferred_time: u64,
    /// Potential expiration time last sent to the partner (draft-ietf-dhc-failover-12 section 5.2.1).
    pub potential_sent: u64,
    /// The one last acknowledged by the partner.
    pub potential_acked: u64,
    /// The one last received from the partner.
    pub potential_received: u64,
    /// Link-layer address.
    pub hw_addr: ddi_hw_addr,
    /// DHCPv6 identity association, with `duid`.
    pub iaid: u32,
    /// With `is_partners`: the number of the relationship.
    pub partner: u16,
    /// 1 if what this says is a partner's word, 0 if it is this server's own.
    pub is_partners: u8,
    /// `DDI_STATE_...`
    pub state: u8,
    /// The state to go back to if the partner has not heard of this one yet; 0 if none.
    pub rewind_state: u8,
    /// 1 if the address is reserved for this client.
    pub reserved: u8,
    /// 1 if given by BOOTP: no lease time was told to the client.
    pub bootp: u8,
    /// 1 if the A or AAAA is in DNS under `fqdn`.
    pub ddns_forward: u8,
    /// 1 if the PTR is in DNS.
    pub ddns_reverse: u8,
    /// 1 if the client updates its A or AAAA itself (option 81, S = 0).
    pub ddns_by_client: u8,
    /// Zero.
    pub pad: [u8; 2],
    /// DHCPv4 option 61; at most 255 bytes.
    pub client_id: *const u8,
    /// Its length.
    pub client_id_len: usize,
    /// DHCPv6 client DUID; at most 130 bytes.
    pub duid: *const u8,
    /// Its length.
    pub duid_len: usize,
    /// Host name as the client sent it; any bytes.
    pub hostname: *const u8,
    /// Its length.
    pub hostname_len: usize,
    /// The full name in DNS, text without a final dot.
    pub fqdn: *const u8,
    /// Its length.
    pub fqdn_len: usize,
    /// Option 82 as received: its sub-options, without code and length.
    pub relay_agent_info: *const u8,
    /// Its length.
    pub relay_agent_info_len: usize,
    /// The application's own bytes; the library never looks at them.
    pub user: *const u8,
    /// Their length.
    pub user_len: usize,
}

// SAFETY: starts with struct_size; integers and pointers, which are checked before they are followed.
unsafe impl Growing for ddi_lease {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_lease";
}

impl ddi_lease {
    /// Overwrites `lease`, keeping the capacity of its byte fields.
    ///
    /// # Safety
    /// The byte fields can be read.
    pub(crate) unsafe fn fill(&self, lease: &mut Lease) -> Result<(), Failure> {
        lease.reset(self.key.to_key()?);
        lease.state = state(self.state, "state")?;
        lease.rewind_state = match self.rewind_state {
            0 => None,
            number => Some(state(number, "rewind_state")?),
        };
        lease.hw_addr = self.hw_addr.to_hw_addr()?;
        lease.iaid = self.iaid;
        lease.start_time_of_state = UnixTime(self.start_time_of_state);
        lease.client_last_transaction_time = UnixTime(self.client_last_transaction_time);
        lease.expiration_time = UnixTime(self.expiration_time);
        lease.preferred_time = UnixTime(self.preferred_time);
        lease.potential_expiration_time.sent = UnixTime(self.potential_sent);
        lease.potential_expiration_time.acked = UnixTime(self.potential_acked);
        lease.potential_expiration_time.received = UnixTime(self.potential_received);
        lease.subnet_id = self.subnet_id;
        lease.reserved = flag(self.reserved, "reserved")?;
        lease.bootp = flag(self.bootp, "bootp")?;
        lease.ddns.forward = flag(self.ddns_forward, "ddns_forward")?;
        lease.ddns.reverse = flag(self.ddns_reverse, "ddns_reverse")?;
        lease.ddns.by_client = flag(self.ddns_by_client, "ddns_by_client")?;
        lease.origin = if flag(self.is_partners, "is_partners")? {
            Origin::Partner(self.partner)
        } else {
            Origin::Local
        };
        lease.version = Lsn(self.version);
        for (to, from, len, what) in [
            (&mut lease.client_id, self.client_id, self.client_id_len, "client_id"),
            (&mut lease.duid, self.duid, self.duid_len, "duid"),
            (&mut lease.hostname, self.hostname, self.hostname_len, "hostname"),
            (&mut lease.ddns.fqdn, self.fqdn, self.fqdn_len, "fqdn"),
            (
                &mut lease.relay_agent_info,
                self.relay_agent_info,
                self.relay_agent_info_len,
                "relay_agent_info",
            ),
            (&mut lease.user, self.user, self.user_len, "user"),
        ] {
            // SAFETY: as promised.
            to.extend_from_slice(unsafe { slice::bytes(from, len, what) }?);
        }
        Ok(())
    }

    /// To hand to C: the byte fields point into `lease`.
    pub(crate) fn of(lease: &Lease) -> Self {
        let potential = &lease.potential_expiration_time;
        let (partner, is_partners) = match lease.origin {
            Origin::Local => (0, 0),
            Origin::Partner(number) => (number, 1),
        };
        Self {
            struct_size: size_of::<Self>() as u32,
            subnet_id: lease.subnet_id,
            key: lease.key.into(),
            version: lease.version.0,
            start_time_of_state: lease.start_time_of_state.0,
            client_last_transaction_time: lease.client_last_transaction_time.0,
            expiration_time: lease.expiration_time.0,
            preferred_time: lease.preferred_time.0,
            potential_sent: potential.sent.0,
            potential_acked: potential.acked.0,
            potential_received: potential.received.0,
            hw_addr: lease.hw_addr.into(),
            iaid: lease.iaid,
            partner,
            is_partners,
            state: lease.state.number(),
            rewind_state: lease.rewind_state.map_or(0, BindingState::number),
            reserved: lease.reserved.into(),
            bootp: lease.bootp.into(),
            ddns_forward: lease.ddns.forward.into(),
            ddns_reverse: lease.ddns.reverse.into(),
            ddns_by_client: lease.ddns.by_client.into(),
            pad: [0; 2],
            client_id: pointer(&lease.client_id),
            client_id_len: lease.client_id.len(),
            duid: pointer(&lease.duid),
            duid_len: lease.duid.len(),
            hostname: pointer(&lease.hostname),
            hostname_len: lease.hostname.len(),
            fqdn: pointer(&lease.ddns.fqdn),
            fqdn_len: lease.ddns.fqdn.len(),
            relay_agent_info: pointer(&lease.relay_agent_info),
            relay_agent_info_len: lease.relay_agent_info.len(),
            user: pointer(&lease.user),
            user_len: lease.user.len(),
        }
    }
}

/// NULL where there is nothing.
fn pointer(bytes: &[u8]) -> *const u8 {
    if bytes.is_empty() { std::ptr::null() } else { bytes.as_ptr() }
}

pub(crate) fn state(number: u8, what: &str) -> Result<BindingState, Failure> {
    BindingState::from_number(number)
        .ok_or_else(|| Failure::argument(format!("{what} is {number}, none of 1 to 9")))
}

/// 0 or 1.
pub(crate) fn flag(value: u8, what: &str) -> Result<bool, Failure> {
    slice::flag(value.into(), what)
}
