//! The lease: one row of the database, and the life of its binding state.

use crate::id::{HwAddr, LeaseAddr, LeaseKey, Lsn};
use crate::time::UnixTime;
use std::net::Ipv4Addr;

/// What a lease is at the moment. The numbers are the ones on the wire of the failover protocol
/// (draft-ietf-dhc-failover-12 section 12.2; RFC 8156 section 5.5.1 for the last two) and on disk.
/// OFFERED is not among them: an offer promises nothing and is not stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[non_exhaustive]
#[repr(u8)]
pub enum BindingState {
    /// Nobody's; the primary (or the only server) may allocate it.
    #[default]
    Free = 1,
    /// Bound to a client.
    Active = 2,
    /// The client's time ran out; with a partner, the partner may not know yet.
    Expired = 3,
    /// The client gave it back; with a partner, the partner may not know yet.
    Released = 4,
    /// Found in use by somebody else (DECLINE, ping): quarantined until its expiration_time.
    Abandoned = 5,
    /// An operator took it from the client.
    Reset = 6,
    /// Nobody's; the secondary may allocate it.
    Backup = 7,
    /// RFC 8156: free, but the partner has not acknowledged that yet.
    PendingFree = 8,
    /// RFC 8156's name for what the secondary may allocate.
    FreeBackup = 9,
}

impl BindingState {
    /// Every state, in wire order.
    pub const ALL: [Self; 9] = [
        Self::Free,
        Self::Active,
        Self::Expired,
        Self::Released,
        Self::Abandoned,
        Self::Reset,
        Self::Backup,
        Self::PendingFree,
        Self::FreeBackup,
    ];

    /// The state with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// The number on the wire and on disk.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// True if an address in this state may be given to a new client by some server.
    #[must_use]
    pub const fn is_allocatable(self) -> bool {
        matches!(self, Self::Free | Self::Backup | Self::FreeBackup)
    }

    /// May a lease go from this state to `to`? [`TRANSITIONS`] decides; staying is always legal
    /// (a renewal is ACTIVE to ACTIVE).
    #[must_use]
    pub fn may_become(self, to: Self) -> bool {
        self == to || TRANSITIONS[self as usize - 1].1.contains(&to)
    }
}

use BindingState::{Abandoned, Active, Backup, Expired, Free, FreeBackup, PendingFree, Released, Reset};

/// Legal binding-state transitions, as far as a store can judge: draft-ietf-dhc-failover-12 section
/// 5.2 (figure 5.2-1) with what its text adds, and RFC 8156 section 4.2 for PENDING-FREE and
/// FREE-BACKUP. A partner's update may arrive late and skip states (section 7.1.3 there), so what the
/// partner may say is wider; that table is ddi-failover's. A lease that is not stored is FREE.
pub const TRANSITIONS: [(BindingState, &[BindingState]); 9] = [
    (Free, &[Active, Abandoned, Backup, FreeBackup, Reset]),
    (Active, &[Expired, Released, Abandoned, Reset, Free, Backup, PendingFree]),
    (Expired, &[Free, Backup, Active, Abandoned, Reset, PendingFree]),
    (Released, &[Free, Backup, Active, Abandoned, Reset, Expired, PendingFree]),
    (Abandoned, &[Free, Backup, Reset, Active, Expired, PendingFree]),
    (Reset, &[Free, Backup, Active, Abandoned, PendingFree]),
    (Backup, &[Active, Abandoned, Free, Reset]),
    (PendingFree, &[Free, FreeBackup, Active, Abandoned, Reset]),
    (FreeBackup, &[Active, Abandoned, Free, Reset]),
];

/// Whose word the lease's present content is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[allow(clippy::exhaustive_enums, reason = "there is no third party to a lease")]
pub enum Origin {
    /// This server's own.
    #[default]
    Local,
    /// A partner's, by relationship number.
    Partner(u16),
}

/// The three potential expiration times of draft-ietf-dhc-failover-12 section 5.2.1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "the three times of the draft")]
pub struct PotentialExpiration {
    /// Last sent to the partner, acknowledged or not.
    pub sent: UnixTime,
    /// Last acknowledged by the partner.
    pub acked: UnixTime,
    /// Last received from the partner.
    pub received: UnixTime,
}

/// What is known about the lease's names in DNS (RFC 4702, RFC 4703).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "small enough to spell out")]
pub struct DdnsFacts {
    /// The A or AAAA (with its DHCID) is in DNS under `fqdn`.
    pub forward: bool,
    /// The PTR is in DNS.
    pub reverse: bool,
    /// The client said that it updates its A or AAAA itself (option 81, S = 0).
    pub by_client: bool,
    /// The full name in text form without a final dot; empty if none.
    pub fqdn: Vec<u8>,
}

/// One lease. Byte fields are empty where the lease has no such thing; they hold what was received,
/// so they may contain anything. To write one, fill a [`Lease::new`]; to read many, reuse one:
/// [`LeaseStore::get_into`](crate::LeaseStore::get_into) keeps the capacity of the byte fields.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Lease {
    /// Address space and address.
    pub key: LeaseKey,
    /// The binding state.
    pub state: BindingState,
    /// The state to go back to if the partner has not heard of this one yet; only with a partner.
    pub rewind_state: Option<BindingState>,
    /// Link-layer address; [`HwAddr::EMPTY`] if none.
    pub hw_addr: HwAddr,
    /// DHCPv4 option 61; at most 255 bytes.
    pub client_id: Vec<u8>,
    /// DHCPv6 client DUID; at most 130 bytes (RFC 8415 section 11.1).
    pub duid: Vec<u8>,
    /// DHCPv6 identity association, with `duid`.
    pub iaid: u32,
    /// When the binding state last changed.
    pub start_time_of_state: UnixTime,
    /// When the client was last heard.
    pub client_last_transaction_time: UnixTime,
    /// When the client's lease ends (ACTIVE), ended, or the quarantine ends (ABANDONED).
    pub expiration_time: UnixTime,
    /// DHCPv6: when the address stops being preferred.
    pub preferred_time: UnixTime,
    /// What the partner was told, acknowledged and told us.
    pub potential_expiration_time: PotentialExpiration,
    /// The subnet's number in the configuration; an attribute, never a key.
    pub subnet_id: u32,
    /// Host name as the client sent it (option 12), or as configured.
    pub hostname: Vec<u8>,
    /// The lease's names in DNS.
    pub ddns: DdnsFacts,
    /// Option 82 as received: its sub-options, without code and length.
    pub relay_agent_info: Vec<u8>,
    /// The application's own bytes; ddi never looks at them.
    pub user: Vec<u8>,
    /// The address is reserved for this client.
    pub reserved: bool,
    /// Given by BOOTP: no lease time was told to the client.
    pub bootp: bool,
    /// Whose word this is.
    pub origin: Origin,
    /// The log sequence number of the put that wrote this; set by the store.
    pub version: Lsn,
}

impl Lease {
    /// A FREE lease with nothing known.
    #[must_use]
    pub fn new(key: LeaseKey) -> Self {
        Self {
            key,
            state: BindingState::Free,
            rewind_state: None,
            hw_addr: HwAddr::EMPTY,
            client_id: Vec::new(),
            duid: Vec::new(),
            iaid: 0,
            start_time_of_state: UnixTime::UNSET,
            client_last_transaction_time: UnixTime::UNSET,
            expiration_time: UnixTime::UNSET,
            preferred_time: UnixTime::UNSET,
            potential_expiration_time: PotentialExpiration::default(),
            subnet_id: 0,
            hostname: Vec::new(),
            ddns: DdnsFacts::default(),
            relay_agent_info: Vec::new(),
            user: Vec::new(),
            reserved: false,
            bootp: false,
            origin: Origin::Local,
            version: Lsn::ZERO,
        }
    }

    /// Makes this what [`Lease::new`] gives, keeping the capacity of the byte fields.
    pub fn reset(&mut self, key: LeaseKey) {
        let mut fresh = Self::new(key);
        for (kept, new) in [
            (&mut self.client_id, &mut fresh.client_id),
            (&mut self.duid, &mut fresh.duid),
            (&mut self.hostname, &mut fresh.hostname),
            (&mut self.ddns.fqdn, &mut fresh.ddns.fqdn),
            (&mut self.relay_agent_info, &mut fresh.relay_agent_info),
            (&mut self.user, &mut fresh.user),
        ] {
            kept.clear();
            std::mem::swap(kept, new);
        }
        *self = fresh;
    }
}

impl Default for Lease {
    fn default() -> Self {
        Self::new(LeaseKey { space: 0, addr: LeaseAddr::V4(Ipv4Addr::UNSPECIFIED) })
    }
}
