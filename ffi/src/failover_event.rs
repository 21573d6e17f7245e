//! Events of failover: what the application must do or may want to know.

use crate::failover::DDI_FAILOVER_NOBODY;
use crate::failover_status::state_number;
use crate::lease_key::ddi_lease_key;
use crate::sized::Growing;
use ddi_failover::endpoint::Event;
use ddi_failover::relationships::RelationshipId;
use ddi_failover::resolve::AfterRefusal;

/// The room that `ddi_failover_poll_event` needs at the most, in bytes.
pub const DDI_FAILOVER_MAX_EVENT: usize = 4096;

/// Make the bytes in the buffer durable in place of those before, atomically (a temporary file, sync, rename, sync of the
/// directory), then call `ddi_failover_handle_saved` with `number`. Until then the relationship says nothing and serves
/// nobody. A later one replaces an earlier one that was not written yet.
pub const DDI_FAILOVER_EVENT_SAVE: u32 = 1;
/// Connect to the partner, then call `ddi_failover_handle_dialled` or `ddi_failover_handle_dial_failed`.
pub const DDI_FAILOVER_EVENT_DIAL: u32 = 2;
/// Send what `ddi_failover_poll_transmit` still gives for `link`, close it, then call `ddi_failover_handle_closed`. The
/// buffer says why, in words.
pub const DDI_FAILOVER_EVENT_CLOSE: u32 = 3;
/// Connection `link` is up: the partner has agreed to talk. The buffer has its vendor class.
pub const DDI_FAILOVER_EVENT_LINKED: u32 = 4;
/// This server's state changed from `old_state` to `state` (`DDI_FAILOVER_STATE_...`).
pub const DDI_FAILOVER_EVENT_MOVED: u32 = 5;
/// The partner said that it is in `state`; `flag` is 1 if it has just started.
pub const DDI_FAILOVER_EVENT_PARTNER_STATE: u32 = 6;
/// An update of the partner's was stored: `key`.
pub const DDI_FAILOVER_EVENT_APPLIED: u32 = 7;
/// An update of the partner's was refused: `key`; the buffer says why, in words.
pub const DDI_FAILOVER_EVENT_REFUSED_PARTNER: u32 = 8;
/// The partner refused an update of ours: `key`, `number` is its reason, the buffer has it in words. `flag` is 1 if the
/// operator should know (the configurations differ, or two clients may have the address), 0 if not.
pub const DDI_FAILOVER_EVENT_REFUSED_BY_PARTNER: u32 = 9;
/// The partner's update gave a running lease to another client: `key`. Both were served with it.
pub const DDI_FAILOVER_EVENT_CLIENT_CHANGED: u32 = 10;
/// The endpoint itself ended a lease in PARTNER-DOWN, or freed one that the partner agreed on: `key`.
pub const DDI_FAILOVER_EVENT_FREED: u32 = 11;
/// More free addresses are on this side than should be, and could not be given away: `number` is the pool.
pub const DDI_FAILOVER_EVENT_UNBALANCED: u32 = 12;
/// All leases that were asked for have come.
pub const DDI_FAILOVER_EVENT_UPDATED: u32 = 13;
/// The store refused a write: `key`. The partner's update is not acknowledged.
pub const DDI_FAILOVER_EVENT_STORE_FAILED: u32 = 14;

/// An event. Members that its kind does not name are zero.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_failover_event {
    /// sizeof(ddi_failover_event)
    pub struct_size: u32,
    /// `DDI_FAILOVER_EVENT_...`; a later version of the library may have more.
    pub kind: u32,
    /// Whose event it is; `DDI_FAILOVER_NOBODY` for a connection that belongs to no relationship.
    pub relationship: u32,
    /// As the kind says.
    pub flag: u32,
    /// Which connection.
    pub link: u64,
    /// As the kind says.
    pub number: u64,
    /// Which lease.
    pub key: ddi_lease_key,
    /// A state.
    pub state: u32,
    /// The state before.
    pub old_state: u32,
}

// SAFETY: starts with struct_size; the rest is numbers.
unsafe impl Growing for ddi_failover_event {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_failover_event";
}

/// The bytes that go to the caller's buffer, if the event has some that are no text.
pub(crate) fn bytes_in(event: &Event) -> Option<&[u8]> {
    match event {
        Event::Save { bytes, .. } | Event::Linked { vendor_class: bytes, .. } => Some(bytes),
        _ => None,
    }
}

/// The text that goes there otherwise.
pub(crate) fn text_of(event: &Event) -> String {
    match event {
        Event::Close { why, .. } => why.to_string(),
        Event::RefusedPartner { why, .. } => why.to_string(),
        Event::RefusedByPartner { reason, .. } => reason.to_string(),
        _ => String::new(),
    }
}

pub(crate) fn of_event(id: Option<RelationshipId>, event: &Event) -> ddi_failover_event {
    let relationship = id.and_then(|id| u32::try_from(id.0).ok()).unwrap_or(DDI_FAILOVER_NOBODY);
    let mut out = ddi_failover_event {
        struct_size: size_of::<ddi_failover_event>() as u32,
        kind: 0,
        relationship,
        flag: 0,
        link: 0,
        number: 0,
        key: ddi_lease_key::default(),
        state: 0,
        old_state: 0,
    };
    fill(&mut out, event);
    out
}

fn fill(out: &mut ddi_failover_event, event: &Event) {
    let mut about = |kind, key: &ddi_core::LeaseKey| (out.kind, out.key) = (kind, (*key).into());
    match event {
        Event::Applied { key } => about(DDI_FAILOVER_EVENT_APPLIED, key),
        Event::RefusedPartner { key, .. } => about(DDI_FAILOVER_EVENT_REFUSED_PARTNER, key),
        Event::ClientChanged { key } => about(DDI_FAILOVER_EVENT_CLIENT_CHANGED, key),
        Event::Freed { key } => about(DDI_FAILOVER_EVENT_FREED, key),
        Event::StoreFailed { key } => about(DDI_FAILOVER_EVENT_STORE_FAILED, key),
        Event::RefusedByPartner { key, reason, after } => {
            about(DDI_FAILOVER_EVENT_REFUSED_BY_PARTNER, key);
            out.number = reason.0.into();
            out.flag = (*after != AfterRefusal::PartnerKnowsBetter).into();
        }
        Event::Save { number, .. } => (out.kind, out.number) = (DDI_FAILOVER_EVENT_SAVE, *number),
        Event::Dial => out.kind = DDI_FAILOVER_EVENT_DIAL,
        Event::Close { link, .. } => (out.kind, out.link) = (DDI_FAILOVER_EVENT_CLOSE, link.0),
        Event::Linked { link, .. } => (out.kind, out.link) = (DDI_FAILOVER_EVENT_LINKED, link.0),
        Event::Moved { from, to } => {
            out.kind = DDI_FAILOVER_EVENT_MOVED;
            (out.old_state, out.state) = (state_number(*from), state_number(*to));
        }
        Event::PartnerState { state, startup } => {
            out.kind = DDI_FAILOVER_EVENT_PARTNER_STATE;
            (out.state, out.flag) = (state_number(*state), (*startup).into());
        }
        Event::Unbalanced { pool } => {
            (out.kind, out.number) = (DDI_FAILOVER_EVENT_UNBALANCED, pool.0.into());
        }
        Event::Updated => out.kind = DDI_FAILOVER_EVENT_UPDATED,
        _ => {}
    }
}
