//! What an accepted update makes of a lease, and what the partner's answer makes of it.

use ddi_core::lease::PotentialExpiration;
use ddi_core::{BindingState, HwAddr, Lease, Origin, UnixTime};

use crate::resolve::update::Update;
use crate::state::{Profile, Role};
use crate::wire::v4::RejectReason;

/// Writes an accepted update into the lease. The BNDACK may leave once that is durable. An option that
/// was absent leaves the old value, but for flags, and for the identity of a lease that now has another
/// client or none.
///
/// A reserved address whose binding ended is BACKUP if the secondary tells of the end, else FREE: so the
/// secondary, dhcpd too, has it when that is acknowledged.
pub fn apply(profile: Profile, role: Role, lease: &mut Lease, update: &Update<'_>, relationship: u16) {
    let same_client = update.same_client(lease);
    let goes_on = same_client && lease.state == BindingState::Active;
    let promised_here = lease.origin == Origin::Local;
    if !same_client || update.state == BindingState::Abandoned {
        lease.hostname.clear();
        lease.relay_agent_info.clear();
        lease.user.clear();
    }
    set_client(lease, update);
    lease.state = settled(role.partner(), update.reserved, update.state);
    // The partner knows this state, whatever it becomes here.
    lease.rewind_state = Some(lease.state);
    lease.reserved = update.reserved;
    lease.bootp = update.bootp;
    lease.origin = Origin::Partner(relationship);
    if let Some(start) = update.start_time_of_state {
        lease.start_time_of_state = start;
    }
    if let Some(expiration) = update.expiration {
        // Section 7.1.5: a later time only. dhcpd takes every one, and is compared with; but what this server told
        // the client itself stays true, whatever a partner says who had not heard of it.
        let is_floor = profile == Profile::Draft || promised_here;
        lease.expiration_time = if is_floor && goes_on && lease.state == BindingState::Active {
            lease.expiration_time.max(expiration)
        } else {
            expiration
        };
    }
    if let Some(heard) = update.client_last_transaction_time {
        let before = if same_client { lease.client_last_transaction_time } else { UnixTime::UNSET };
        lease.client_last_transaction_time = before.max(heard);
    }
    if lease.state != BindingState::Active {
        // Nobody is promised anything any more.
        lease.potential_expiration_time = PotentialExpiration::default();
    } else if !goes_on {
        // What was acknowledged before was acknowledged of another lease.
        lease.potential_expiration_time.acked = UnixTime::UNSET;
    }
    if let Some(potential) = update.potential_expiration {
        // For an ACTIVE lease that it learned from us, dhcpd reports none of its own: no promise is
        // taken back by that.
        if lease.state != BindingState::Active || potential != UnixTime::UNSET {
            lease.potential_expiration_time.received = potential;
        }
    }
}

/// dhcpd: an absent client_id is cleared unless the lease is free; ABANDONED has no client at all.
fn set_client(lease: &mut Lease, update: &Update<'_>) {
    match update.client_id {
        Some(id) => {
            lease.client_id.clear();
            lease.client_id.extend_from_slice(id);
        }
        None if matches!(update.state, BindingState::Free | BindingState::Backup | BindingState::Reset) => {}
        None => lease.client_id.clear(),
    }
    match update.hw_addr {
        Some(hw_addr) => lease.hw_addr = hw_addr,
        None if update.state == BindingState::Abandoned => lease.hw_addr = HwAddr::EMPTY,
        None => {}
    }
}

/// Section 5.11: what ended is FREE as soon as both servers know; a reserved one of which the secondary told is
/// BACKUP (dhcpd).
const fn settled(teller: Role, reserved: bool, state: BindingState) -> BindingState {
    match state {
        BindingState::Expired | BindingState::Released | BindingState::Reset => {
            if reserved && matches!(teller, Role::Secondary) {
                BindingState::Backup
            } else {
                BindingState::Free
            }
        }
        other => other,
    }
}

/// Our update of the lease is being sent: the partner may know this state from now on.
pub fn transmitted(lease: &mut Lease) {
    lease.rewind_state = Some(lease.state);
}

/// The partner acknowledged the update in which we sent `potential` (section 7.2.2). A reserved address
/// of which the secondary told becomes BACKUP, not FREE; but FREE with dhcpd as primary, which made that of it.
pub fn acknowledged(profile: Profile, role: Role, lease: &mut Lease, potential: UnixTime) {
    let state = settled(role, lease.reserved && profile == Profile::Draft, lease.state);
    if state != lease.state {
        lease.state = state;
        lease.rewind_state = Some(lease.state);
    }
    let before = if lease.state == BindingState::Active {
        lease.potential_expiration_time
    } else {
        Default::default()
    };
    lease.potential_expiration_time = PotentialExpiration { acked: potential, ..before };
}

/// What a refused update of ours calls for. By section 7.2.2 only a later change, an UPDREQ, or the next NORMAL
/// sends it again; the endpoint does so after [`RETRY_SECONDS`](crate::endpoint::RETRY_SECONDS) where it may help.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AfterRefusal {
    /// Nothing: the partner has newer or better, and sends it by itself.
    PartnerKnowsBetter,
    /// The two configurations differ: tell the operator, once per address.
    ConfigDiffers,
    /// Two clients may have the address: tell the operator.
    Conflict,
    /// The partner did not understand us: tell the operator, it is a bug.
    Misunderstood,
}

/// What a refusal's number calls for.
#[must_use]
pub const fn after_refusal(reason: RejectReason) -> AfterRefusal {
    match reason {
        RejectReason::OUTDATED_BINDING | RejectReason::LESS_CRITICAL_BINDING => {
            AfterRefusal::PartnerKnowsBetter
        }
        RejectReason::ILLEGAL_ADDRESS | RejectReason::NOT_RESERVED => AfterRefusal::ConfigDiffers,
        RejectReason::FATAL_CONFLICT => AfterRefusal::Conflict,
        _ => AfterRefusal::Misunderstood,
    }
}
