//! What the DHCP server engine asks before it answers. Alone, a server may do anything; with a
//! failover partner, the relationship's state decides.

use crate::id::PoolId;
use crate::lease::{BindingState, Lease};
use crate::store::FreeKind;
use crate::time::{Now, UnixTime};

/// The packet that a client sent, as far as an authority cares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Asking {
    /// DISCOVER, or BOOTP: any server could answer, so load balancing applies (RFC 3074).
    Discover,
    /// REQUEST, whatever the client's state.
    Request,
    /// RELEASE or DECLINE.
    GiveBack,
    /// INFORM: no lease is involved.
    Inform,
}

/// One client's question.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the inputs of RFC 3074 and no more")]
pub struct Question<'a> {
    /// What was sent.
    pub asking: Asking,
    /// What the client hashes by: its client_id, or else its hw_addr (RFC 3074 section 6).
    pub hash_id: &'a [u8],
    /// The packet's `secs`.
    pub secs: u16,
    /// The pool that the address in question is of, or would be: a server with several asks for each. The
    /// first one of the subnet, if it is in none; `None` if there is none at all.
    pub pool: Option<PoolId>,
}

/// Whether to answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Service {
    /// Answer.
    Serve,
    /// Say nothing: the partner answers this client.
    LeaveToPartner,
    /// Say nothing: this server serves nobody in its present state.
    NotServing,
}

/// Whether a lease's address may be bound to the client that asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Permission {
    /// Yes.
    Allow,
    /// No; say nothing.
    Silent,
    /// No; tell the client so with a NAK.
    Nak,
}

/// How long a client may be given an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the two results of the MCLT rule")]
pub struct Grant {
    /// Lease time for the client, in seconds; `u32::MAX` is infinite.
    pub lease_seconds: u32,
    /// What to store as the potential expiration time sent; `UNSET` without a partner.
    pub potential_expiration_sent: UnixTime,
}

/// What the DHCP server engine asks before it answers.
pub trait Authority {
    /// May this server answer this question at all?
    fn serves(&self, now: Now, question: Question<'_>) -> Service;

    /// May `lease` (as stored; FREE if it never was) be bound to a client? `same_client` tells
    /// whether its last client is the one that asks.
    fn may_bind(&self, now: Now, lease: &Lease, pool: Option<PoolId>, same_client: bool) -> Permission;

    /// The kinds of free addresses that this server may allocate from, in the order to try.
    fn free_kinds(&self, now: Now, pool: PoolId) -> &[FreeKind];

    /// The lease time, where `desired_seconds` is what the configuration and the client agree on.
    /// `lease` is as stored before this binding.
    fn grant(&self, now: Now, lease: &Lease, desired_seconds: u32) -> Grant;

    /// The state that `lease` goes to when its time has passed (ACTIVE, ABANDONED) or its client
    /// released it (`released`). `None`: leave it as it is for now.
    fn ended(&self, now: Now, lease: &Lease, released: bool) -> Option<BindingState>;
}

/// A reference to an authority is one, so that `&A` with any `A` can become `&dyn Authority`.
impl<A: Authority + ?Sized> Authority for &A {
    fn serves(&self, now: Now, question: Question<'_>) -> Service {
        (**self).serves(now, question)
    }

    fn may_bind(&self, now: Now, lease: &Lease, pool: Option<PoolId>, same_client: bool) -> Permission {
        (**self).may_bind(now, lease, pool, same_client)
    }

    fn free_kinds(&self, now: Now, pool: PoolId) -> &[FreeKind] {
        (**self).free_kinds(now, pool)
    }

    fn grant(&self, now: Now, lease: &Lease, desired_seconds: u32) -> Grant {
        (**self).grant(now, lease, desired_seconds)
    }

    fn ended(&self, now: Now, lease: &Lease, released: bool) -> Option<BindingState> {
        (**self).ended(now, lease, released)
    }
}

/// A server without a partner.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "has no state, and never will")]
pub struct Standalone;

impl Authority for Standalone {
    fn serves(&self, _now: Now, _question: Question<'_>) -> Service {
        Service::Serve
    }

    fn may_bind(&self, _now: Now, lease: &Lease, _pool: Option<PoolId>, same_client: bool) -> Permission {
        match lease.state {
            BindingState::Active if same_client => Permission::Allow,
            BindingState::Active => Permission::Nak,
            BindingState::Abandoned => Permission::Nak,
            _ => Permission::Allow,
        }
    }

    fn free_kinds(&self, _now: Now, _pool: PoolId) -> &[FreeKind] {
        // BACKUP addresses stay behind when a partner is taken out of the configuration.
        &[FreeKind::Free, FreeKind::Backup]
    }

    fn grant(&self, _now: Now, _lease: &Lease, desired_seconds: u32) -> Grant {
        Grant { lease_seconds: desired_seconds, potential_expiration_sent: UnixTime::UNSET }
    }

    fn ended(&self, _now: Now, _lease: &Lease, _released: bool) -> Option<BindingState> {
        Some(BindingState::Free)
    }
}
