//! What an endpoint tells its host.

use std::collections::VecDeque;

use ddi_core::{LeaseKey, PoolId};

use crate::endpoint::link::LinkEnd;
use crate::resolve::{AfterRefusal, Refusal};
use crate::state::State;
use crate::wire::v4::RejectReason;

/// The most events that wait. Of those that only inform, the oldest are dropped and counted.
pub const EVENTS_MAX: usize = 1024;
/// The most [`Event::Applied`] that wait.
pub const APPLIED_MAX: usize = 16_384;

/// A connection's name, chosen by the host; not used again while the endpoint has it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a plain number of the host's")]
pub struct LinkId(pub u64);

/// What the host must do or may want to know.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Make these bytes durable in place of those before, atomically, then call
    /// [`handle_saved`](crate::endpoint::Endpoint::handle_saved). Until then the endpoint says nothing and
    /// serves nobody. A later one replaces an earlier one that was not written yet.
    Save {
        /// For `handle_saved`.
        number: u64,
        /// What to write.
        bytes: Box<[u8]>,
    },
    /// Connect to the partner, then call [`handle_dialled`](crate::endpoint::Endpoint::handle_dialled) or
    /// [`handle_dial_failed`](crate::endpoint::Endpoint::handle_dial_failed).
    Dial,
    /// Send what [`poll_transmit`](crate::endpoint::Endpoint::poll_transmit) still gives for this
    /// connection, close it, then call [`handle_closed`](crate::endpoint::Endpoint::handle_closed).
    Close {
        /// Which connection.
        link: LinkId,
        /// Why.
        why: LinkEnd,
    },
    /// The connection is up: the partner has agreed to talk.
    Linked {
        /// Which connection.
        link: LinkId,
        /// The partner's vendor class.
        vendor_class: Box<[u8]>,
    },
    /// This server's state changed.
    Moved {
        /// The old one.
        from: State,
        /// The new one.
        to: State,
    },
    /// The partner said that it is in this state.
    PartnerState {
        /// Its state.
        state: State,
        /// It has just started.
        startup: bool,
    },
    /// An update of the partner's was stored. What it changed is for the host to find in the lease. If
    /// [`Status::events_lost`](crate::endpoint::Status::events_lost) rises, some were dropped.
    Applied {
        /// Which lease.
        key: LeaseKey,
    },
    /// An update of the partner's was refused.
    RefusedPartner {
        /// Which lease.
        key: LeaseKey,
        /// Why.
        why: Refusal,
    },
    /// The partner refused an update of ours.
    RefusedByPartner {
        /// Which lease.
        key: LeaseKey,
        /// Its number.
        reason: RejectReason,
        /// What that means.
        after: AfterRefusal,
    },
    /// The partner's update gave a running lease to another client: both were served with it.
    ClientChanged {
        /// Which lease.
        key: LeaseKey,
    },
    /// The endpoint itself ended a lease in PARTNER-DOWN, or freed one that the partner agreed on.
    Freed {
        /// Which lease.
        key: LeaseKey,
    },
    /// More free addresses are on this side than should be, and could not be given away.
    Unbalanced {
        /// Which pool.
        pool: PoolId,
    },
    /// All leases that were asked for have come.
    Updated,
    /// The store refused a write; the partner's update is not acknowledged.
    StoreFailed {
        /// Which lease.
        key: LeaseKey,
    },
}

/// Events that wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    save: Option<(u64, Box<[u8]>)>,
    dial: bool,
    /// Bounded by the number of connections.
    closes: VecDeque<Event>,
    notices: VecDeque<Event>,
    applied: VecDeque<LeaseKey>,
    pub(super) lost: u64,
}

impl Events {
    pub(super) fn save(&mut self, number: u64, bytes: Box<[u8]>) {
        self.save = Some((number, bytes));
    }

    pub(super) fn dial(&mut self) {
        self.dial = true;
    }

    pub(super) fn close(&mut self, link: LinkId, why: LinkEnd) {
        self.closes.push_back(Event::Close { link, why });
    }

    pub(super) fn push(&mut self, event: Event) {
        if self.notices.len() >= EVENTS_MAX {
            self.notices.pop_front();
            self.lost += 1;
        }
        self.notices.push_back(event);
    }

    pub(super) fn applied(&mut self, key: LeaseKey) {
        if self.applied.len() >= APPLIED_MAX {
            self.applied.pop_front();
            self.lost += 1;
        }
        self.applied.push_back(key);
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        if let Some((number, bytes)) = self.save.take() {
            return Some(Event::Save { number, bytes });
        }
        if let Some(close) = self.closes.pop_front() {
            return Some(close);
        }
        if std::mem::take(&mut self.dial) {
            return Some(Event::Dial);
        }
        self.notices.pop_front().or_else(|| self.applied.pop_front().map(|key| Event::Applied { key }))
    }
}
