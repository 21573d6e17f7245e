//! What a DHCP server of one's own asks before it answers, so that it and the partner's never give one address to two
//! clients. `ddi_dhcp_server` asks all of this itself.
//!
//!     ddi_failover_serves(failover, &now, DDI_FAILOVER_ASKING_REQUEST, id, id_len, secs, &pool, &service);
//!     ddi_failover_may_bind(failover, &now, &lease, &pool, same_client, &permission);    // or, for a new client:
//!     ddi_failover_free_kinds(failover, &now, pool, kinds, 2, &len);                      // which ddi_lease_db_next_free takes
//!     ddi_failover_grant(failover, &now, &lease, 3600, &lease_seconds, &lease.potential_sent);
//!     ...                                     // put the lease, tell it by ddi_failover_handle_lease_changed, commit, answer
//!
//! A lease that is not stored goes in as one in `DDI_STATE_FREE`. Pools are those of the configuration; a `pool` that is
//! NULL is none at all. What belongs to no relationship is this server's alone.

use crate::failover::ddi_failover;
use crate::guard;
use crate::handle::Failure;
use crate::lease::ddi_lease;
use crate::lease_pool::of_free_kind;
use crate::now::ddi_now;
use crate::sized;
use crate::slice::{self, ArrayOut, Out};
use crate::status::{DDI_IDLE, DDI_OK, ddi_status};
use ddi_core::authority::{Asking, Permission, Question, Service};
use ddi_core::{Authority, Lease, PoolId};

/// DISCOVER, or BOOTP: any server could answer, so load balancing applies (RFC 3074).
pub const DDI_FAILOVER_ASKING_DISCOVER: u32 = 1;
/// REQUEST, whatever the client's state.
pub const DDI_FAILOVER_ASKING_REQUEST: u32 = 2;
/// RELEASE or DECLINE.
pub const DDI_FAILOVER_ASKING_GIVE_BACK: u32 = 3;
/// INFORM: no lease is involved.
pub const DDI_FAILOVER_ASKING_INFORM: u32 = 4;

/// Answer.
pub const DDI_FAILOVER_SERVICE_SERVE: u32 = 1;
/// Say nothing: the partner answers this client.
pub const DDI_FAILOVER_SERVICE_LEAVE_TO_PARTNER: u32 = 2;
/// Say nothing: this server serves nobody in its present state.
pub const DDI_FAILOVER_SERVICE_NOT_SERVING: u32 = 3;

/// The address may be bound to the client.
pub const DDI_FAILOVER_PERMISSION_ALLOW: u32 = 1;
/// It may not; say nothing.
pub const DDI_FAILOVER_PERMISSION_SILENT: u32 = 2;
/// It may not; tell the client so with a NAK.
pub const DDI_FAILOVER_PERMISSION_NAK: u32 = 3;

/// May this server answer this packet at all? `asking` is one of `DDI_FAILOVER_ASKING_...`; `hash_id` is the client's
/// client_id, or else its hardware address (RFC 3074 section 6); `secs` is the packet's. `pool` is the pool of the
/// address in question (may be NULL: there is none): a server with several asks for each. `*service` is one of
/// `DDI_FAILOVER_SERVICE_...`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_serves(
    failover: *const ddi_failover,
    now: *const ddi_now,
    asking: u32,
    hash_id: *const u8,
    hash_id_len: usize,
    secs: u16,
    pool: *const u32,
    service: *mut u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(failover, |set| {
            let (now, hash_id) = (ddi_now::read(now)?, slice::bytes(hash_id, hash_id_len, "hash_id")?);
            let (pool, out) = (optional_pool(pool)?, Out::new(service, "service")?);
            let question = Question { asking: to_asking(asking)?, hash_id, secs, pool };
            out.set(match set.relationships.serves(now, question) {
                Service::Serve => DDI_FAILOVER_SERVICE_SERVE,
                Service::LeaveToPartner => DDI_FAILOVER_SERVICE_LEAVE_TO_PARTNER,
                _ => DDI_FAILOVER_SERVICE_NOT_SERVING,
            });
            Ok(DDI_OK)
        })
    }
}

/// May the address of `lease` (as stored) be bound to a client? `same_client` is 1 if the lease's last client is the one
/// that asks, else 0. `pool` may be NULL. `*permission` is one of `DDI_FAILOVER_PERMISSION_...`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_may_bind(
    failover: *const ddi_failover,
    now: *const ddi_now,
    lease: *const ddi_lease,
    pool: *const u32,
    same_client: u32,
    permission: *mut u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(failover, |set| {
            let (now, lease) = (ddi_now::read(now)?, stored(lease)?);
            let (pool, out) = (optional_pool(pool)?, Out::new(permission, "permission")?);
            let same_client = slice::flag(same_client, "same_client")?;
            out.set(match set.relationships.may_bind(now, &lease, pool, same_client) {
                Permission::Allow => DDI_FAILOVER_PERMISSION_ALLOW,
                Permission::Nak => DDI_FAILOVER_PERMISSION_NAK,
                _ => DDI_FAILOVER_PERMISSION_SILENT,
            });
            Ok(DDI_OK)
        })
    }
}

/// The kinds of free addresses of a pool that this server may give out, in the order to try: `*len` of
/// `DDI_FREE_KIND_...` to `kinds`, at most 2; none if it may give out none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_free_kinds(
    failover: *const ddi_failover,
    now: *const ddi_now,
    pool: u32,
    kinds: *mut u32,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(failover, |set| {
            let (now, room) = (ddi_now::read(now)?, ArrayOut::new(kinds, cap, len, "kinds")?);
            let kinds = set.relationships.free_kinds(now, PoolId(pool));
            let kinds: Vec<u32> = kinds.iter().map(|kind| of_free_kind(*kind)).collect();
            room.put(&kinds)
        })
    }
}

/// For how long the client of `lease` (as stored before this binding) may be given its address, where
/// `desired_seconds` is what the configuration and the client agree on: no longer than the partner knows of, and the
/// MCLT. `*lease_seconds` is what to tell the client, 0xffffffff for ever; `*potential_sent` is what to store as the
/// lease's `potential_sent`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_grant(
    failover: *const ddi_failover,
    now: *const ddi_now,
    lease: *const ddi_lease,
    desired_seconds: u32,
    lease_seconds: *mut u32,
    potential_sent: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(failover, |set| {
            let (now, lease) = (ddi_now::read(now)?, stored(lease)?);
            let seconds = Out::new(lease_seconds, "lease_seconds")?;
            let potential = Out::new(potential_sent, "potential_sent")?;
            let grant = set.relationships.grant(now, &lease, desired_seconds);
            seconds.set(grant.lease_seconds);
            potential.set(grant.potential_expiration_sent.0);
            Ok(DDI_OK)
        })
    }
}

/// The state (`DDI_STATE_...`) that `lease` goes to when its time has passed, or when its client has released it
/// (`released` 1, else 0). `DDI_IDLE`: leave it as it is for now, and ask again later.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_ended(
    failover: *const ddi_failover,
    now: *const ddi_now,
    lease: *const ddi_lease,
    released: u32,
    state: *mut u8,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(failover, |set| {
            let (now, lease) = (ddi_now::read(now)?, stored(lease)?);
            let (released, out) = (slice::flag(released, "released")?, Out::new(state, "state")?);
            let Some(state) = set.relationships.ended(now, &lease, released) else { return Ok(DDI_IDLE) };
            out.set(state.number());
            Ok(DDI_OK)
        })
    }
}

/// # Safety
/// `lease` is NULL or points to a lease whose byte fields can be read.
unsafe fn stored(lease: *const ddi_lease) -> Result<Lease, Failure> {
    let mut stored = Lease::default();
    // SAFETY: as promised.
    unsafe { sized::read(lease)?.fill(&mut stored) }?;
    Ok(stored)
}

/// # Safety
/// `pool` is NULL or points to a number.
unsafe fn optional_pool(pool: *const u32) -> Result<Option<PoolId>, Failure> {
    if pool.is_null() {
        return Ok(None);
    }
    // SAFETY: as promised.
    unsafe { slice::read(pool, "pool") }.map(|pool| Some(PoolId(pool)))
}

fn to_asking(asking: u32) -> Result<Asking, Failure> {
    match asking {
        DDI_FAILOVER_ASKING_DISCOVER => Ok(Asking::Discover),
        DDI_FAILOVER_ASKING_REQUEST => Ok(Asking::Request),
        DDI_FAILOVER_ASKING_GIVE_BACK => Ok(Asking::GiveBack),
        DDI_FAILOVER_ASKING_INFORM => Ok(Asking::Inform),
        other => Err(Failure::argument(format!("asking is {other}, none of 1 to 4"))),
    }
}
