//! Failover status: a relationship at a moment.

use crate::failover::ddi_failover;
use crate::guard;
use crate::handle::Failure;
use crate::lease_pool::ddi_pool_counts;
use crate::sized::{Growing, OutSized};
use crate::slice::Out;
use crate::status::{DDI_IDLE, DDI_OK, ddi_status};
use crate::store::{self, ddi_store};
use ::ddi_failover::relationships::RelationshipId;
use ::ddi_failover::wire::v4::server_state_number;
use ::ddi_failover::{Role, State};
use std::ffi::c_char;

/// The partner never said its state.
pub const DDI_FAILOVER_STATE_UNKNOWN: u32 = 0;
/// Just started, and waiting for the partner's word. Serves nobody.
pub const DDI_FAILOVER_STATE_STARTUP: u32 = 1;
/// Both servers work together.
pub const DDI_FAILOVER_STATE_NORMAL: u32 = 2;
/// The partner can't be reached, but may be serving.
pub const DDI_FAILOVER_STATE_COMMUNICATIONS_INTERRUPTED: u32 = 3;
/// The partner is known to serve nobody.
pub const DDI_FAILOVER_STATE_PARTNER_DOWN: u32 = 4;
/// Both may have given the same address away; finding out. Serves nobody.
pub const DDI_FAILOVER_STATE_POTENTIAL_CONFLICT: u32 = 5;
/// Getting the leases from the partner. Serves nobody.
pub const DDI_FAILOVER_STATE_RECOVER: u32 = 6;
/// Will be back soon. Serves nobody.
pub const DDI_FAILOVER_STATE_PAUSED: u32 = 7;
/// Going away for long: the partner takes over. Serves nobody.
pub const DDI_FAILOVER_STATE_SHUTDOWN: u32 = 8;
/// Ready for NORMAL as soon as the partner is. Serves renewals.
pub const DDI_FAILOVER_STATE_RECOVER_DONE: u32 = 9;
/// The partner went away during POTENTIAL-CONFLICT.
pub const DDI_FAILOVER_STATE_RESOLUTION_INTERRUPTED: u32 = 10;
/// The primary has heard all of the secondary's leases, but not yet the other way round.
pub const DDI_FAILOVER_STATE_CONFLICT_DONE: u32 = 11;
/// Has the leases; waiting until all that was forgotten has ended. Serves nobody.
pub const DDI_FAILOVER_STATE_RECOVER_WAIT: u32 = 254;

/// A relationship at a moment.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_failover_status {
    /// sizeof(ddi_failover_status)
    pub struct_size: u32,
    /// `DDI_FAILOVER_PRIMARY` or `DDI_FAILOVER_SECONDARY`.
    pub role: u32,
    /// This server's state, `DDI_FAILOVER_STATE_...`.
    pub state: u32,
    /// What the partner said last, on this connection or an earlier one.
    pub partner_state: u32,
    /// Since when this server is in its state, in seconds since 1970.
    pub since: u64,
    /// Since when the partner is in its, by its clock.
    pub partner_since: u64,
    /// The connection that is up, if `is_linked` is 1.
    pub link: u64,
    /// 1 if a connection is up.
    pub is_linked: u8,
    /// 1 if the partner is of this library, and more than the draft is spoken.
    pub is_rich: u8,
    /// Zero.
    pub pad: u16,
    /// The maximum client lead time in force, in seconds.
    pub mclt_seconds: u32,
    /// Updates that were sent and not answered.
    pub unacked: u64,
    /// Changed leases that wait to be sent.
    pub waiting: u64,
    /// The partner's updates that wait to be durable.
    pub to_ack: u64,
    /// Free addresses of the primary in all pools.
    pub free: u64,
    /// Free addresses of the secondary in all pools.
    pub backup: u64,
    /// Events that nobody collected.
    pub events_lost: u64,
}

// SAFETY: starts with struct_size; the rest is numbers.
unsafe impl Growing for ddi_failover_status {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_failover_status";
}

/// How a relationship is now.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size, no such relationship), `DDI_E_STORE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_status_of(
    failover: *mut ddi_failover,
    store: *mut ddi_store,
    relationship: u32,
    status: *mut ddi_failover_status,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(failover, |set| {
            let out = OutSized::new(status)?;
            let endpoint = set.relationships.get(RelationshipId(relationship as usize));
            let missing = || Failure::argument(format!("there is no relationship {relationship}"));
            let endpoint = endpoint.ok_or_else(missing)?;
            out.set(&of_status(&store::with(store, |store| Ok(endpoint.status(store)))?));
            Ok(DDI_OK)
        })
    }
}

/// The `index`th pool that a relationship shares, from 0 on: its number, and how many of its addresses are in which state.
/// Set `counts->struct_size` before. `DDI_IDLE` after the last.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size, no such relationship), `DDI_E_STORE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_failover_pool_counts(
    failover: *mut ddi_failover,
    store: *mut ddi_store,
    relationship: u32,
    index: u32,
    pool: *mut u32,
    counts: *mut ddi_pool_counts,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(failover, |set| {
            let (pool, counts) = (Out::new(pool, "pool")?, OutSized::new(counts)?);
            let endpoint = set.relationships.get(set.id(relationship)?);
            let Some(found) = endpoint.and_then(|endpoint| endpoint.config().pools.get(index as usize))
            else {
                return Ok(DDI_IDLE);
            };
            let counted = store::with(store, |store| Ok(store.pool_counts(found.id)))?;
            pool.set(found.id.0);
            counts.set(&counted.unwrap_or_default().into());
            Ok(DDI_OK)
        })
    }
}

/// The name of a state, such as "COMMUNICATIONS-INTERRUPTED"; "UNKNOWN" for a number that is none. Static.
#[unsafe(no_mangle)]
pub extern "C" fn ddi_failover_state_name(state: u32) -> *const c_char {
    match state {
        DDI_FAILOVER_STATE_STARTUP => c"STARTUP",
        DDI_FAILOVER_STATE_NORMAL => c"NORMAL",
        DDI_FAILOVER_STATE_COMMUNICATIONS_INTERRUPTED => c"COMMUNICATIONS-INTERRUPTED",
        DDI_FAILOVER_STATE_PARTNER_DOWN => c"PARTNER-DOWN",
        DDI_FAILOVER_STATE_POTENTIAL_CONFLICT => c"POTENTIAL-CONFLICT",
        DDI_FAILOVER_STATE_RECOVER => c"RECOVER",
        DDI_FAILOVER_STATE_PAUSED => c"PAUSED",
        DDI_FAILOVER_STATE_SHUTDOWN => c"SHUTDOWN",
        DDI_FAILOVER_STATE_RECOVER_DONE => c"RECOVER-DONE",
        DDI_FAILOVER_STATE_RESOLUTION_INTERRUPTED => c"RESOLUTION-INTERRUPTED",
        DDI_FAILOVER_STATE_CONFLICT_DONE => c"CONFLICT-DONE",
        DDI_FAILOVER_STATE_RECOVER_WAIT => c"RECOVER-WAIT",
        _ => c"UNKNOWN",
    }
    .as_ptr()
}

/// `DDI_FAILOVER_STATE_...`: the number on the wire.
pub(crate) fn state_number(state: State) -> u32 {
    server_state_number(state).into()
}

fn of_status(status: &::ddi_failover::endpoint::Status) -> ddi_failover_status {
    ddi_failover_status {
        struct_size: size_of::<ddi_failover_status>() as u32,
        role: match status.role {
            Role::Primary => 1,
            Role::Secondary => 2,
        },
        state: state_number(status.state),
        partner_state: status.partner.map_or(DDI_FAILOVER_STATE_UNKNOWN, state_number),
        since: status.since.0,
        partner_since: status.partner_since.0,
        link: status.link.map_or(0, |link| link.0),
        is_linked: status.link.is_some().into(),
        is_rich: status.rich.into(),
        pad: 0,
        mclt_seconds: status.mclt_seconds,
        unacked: status.unacked as u64,
        waiting: status.waiting as u64,
        to_ack: status.to_ack as u64,
        free: status.pools.iter().map(|(_, counts)| counts.free).sum(),
        backup: status.pools.iter().map(|(_, counts)| counts.backup).sum(),
        events_lost: status.events_lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn states_have_the_names_of_their_numbers() {
        for state in State::ALL {
            // SAFETY: a static text.
            let name = unsafe { CStr::from_ptr(ddi_failover_state_name(state_number(state))) };
            assert_eq!(name.to_str(), Ok(state.name()));
        }
    }
}
