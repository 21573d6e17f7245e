//! Updates on their way: which leases the partner does not know yet, which were sent, which of the partner's
//! are to be acknowledged. Leases are kept by address only; what is sent is what is stored at that moment.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;

use ddi_core::{BindingState, Lease, Lsn, Origin, UnixTime};

use crate::endpoint::config::WINDOW_MAX;
use crate::endpoint::resync::Sweep;
use crate::endpoint::review::Review;
use crate::resolve::Refusal;
use crate::state::Ask;

/// The most changed leases that are remembered; beyond, all leases are looked through for them.
pub const DIRTY_MAX: usize = 65_536;
/// The most leases that are read and waiting to be sent.
pub(super) const READY_MAX: usize = 512;
/// The most updates of a partner that wait for the disk; a partner that sends more is disconnected.
pub const ACKS_MAX: usize = 16_384;

#[derive(Clone, Debug, Default)]
pub(super) struct Updates {
    window: usize,
    /// Changed, and to be sent: by address, beginning again at `next`.
    dirty: BTreeMap<u32, Mark>,
    next: u32,
    /// Prepared, and to be sent once durable.
    pub(super) ready: VecDeque<(u32, Mark)>,
    /// Sent, not acknowledged. One of each lease at the most.
    flights: BTreeMap<u32, Flight>,
    /// The partner's updates, to be acknowledged once durable.
    pub(super) acks: VecDeque<Ack>,
    pub(super) refusals: VecDeque<(u32, Option<Ipv4Addr>, Refusal)>,
    /// All leases are being looked through; and will be after that.
    pub(super) sweep: Option<Sweep>,
    pub(super) next_sweep: Option<Sweep>,
    /// PARTNER-DOWN: addresses from this one on are to be looked at.
    pub(super) reclaim_from: Option<u32>,
    /// A full update has come; what it did not tell of is being looked at.
    pub(super) review: Option<Review>,
}

/// Why a lease is to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Mark {
    /// The sweep waits for it.
    pub(super) swept: bool,
}

/// An update that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) xid: u32,
    /// Of the lease that was sent.
    pub(super) version: Lsn,
    pub(super) state: BindingState,
    pub(super) potential: UnixTime,
    pub(super) swept: bool,
    /// The lease has changed since, and is to be sent once this one is acknowledged.
    pub(super) again: Option<Mark>,
}

/// An update of the partner's that was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ack {
    pub(super) lsn: Lsn,
    pub(super) xid: u32,
    pub(super) addr: Ipv4Addr,
}

impl Updates {
    pub(super) fn linked(&mut self, max_unacked: u32) {
        self.unlinked();
        self.window = max_unacked.clamp(1, WINDOW_MAX) as usize;
    }

    /// Nothing of all this outlives a connection: NORMAL and UPDREQ find again what the partner lacks.
    pub(super) fn unlinked(&mut self) {
        *self = Self { reclaim_from: self.reclaim_from, ..Self::default() };
    }

    /// How many more may be sent.
    pub(super) fn room(&self) -> usize {
        self.window.saturating_sub(self.flights.len())
    }

    /// How many more may be prepared.
    pub(super) fn ready_room(&self) -> usize {
        self.room().min(READY_MAX).saturating_sub(self.ready.len())
    }

    pub(super) fn unacked(&self) -> usize {
        self.flights.len()
    }

    /// How many wait to be sent, without those that a sweep will find.
    pub(super) fn waiting(&self) -> usize {
        self.dirty.len() + self.ready.len()
    }

    /// Less than half of the partner's window is used, or about to be.
    pub(super) fn is_half_empty(&self) -> bool {
        self.unacked() + self.waiting() < self.window / 2
    }

    pub(super) fn has_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    pub(super) fn mark(&mut self, addr: u32, mark: Mark) {
        if let Some(flight) = self.flights.get_mut(&addr) {
            let before = flight.again.unwrap_or_default();
            let twice = before.swept && mark.swept;
            flight.again = Some(Mark { swept: before.swept || mark.swept });
            self.swept_is_done(twice);
        } else if let Some(known) = self.dirty.get_mut(&addr) {
            let twice = known.swept && mark.swept;
            known.swept |= mark.swept;
            self.swept_is_done(twice);
        } else if self.dirty.len() < DIRTY_MAX || mark.swept {
            self.dirty.insert(addr, mark);
        } else {
            self.sweep_again();
        }
    }

    /// A sweep found a lease that is on its way; `changed`: it is no longer what was sent.
    pub(super) fn mark_flight(&mut self, addr: u32, changed: bool) {
        let Some(flight) = self.flights.get_mut(&addr) else { return };
        if changed {
            let twice = flight.again.is_some_and(|mark| mark.swept);
            flight.again = Some(Mark { swept: true });
            self.swept_is_done(twice);
            return;
        }
        let twice = std::mem::replace(&mut flight.swept, true);
        self.swept_is_done(twice);
    }

    /// The next changed lease, in turn.
    pub(super) fn pop_dirty(&mut self) -> Option<(u32, Mark)> {
        let addr = self.dirty.range(self.next..).next().or_else(|| self.dirty.first_key_value())?.0;
        let addr = *addr;
        self.next = addr.wrapping_add(1);
        self.dirty.remove(&addr).map(|mark| (addr, mark))
    }

    /// The partner's word has taken the place of what was to be said of this lease.
    pub(super) fn unmark(&mut self, addr: u32) {
        let swept = self.dirty.remove(&addr).is_some_and(|mark| mark.swept);
        self.swept_is_done(swept);
        if let Some(flight) = self.flights.remove(&addr) {
            self.swept_is_done(flight.swept);
            self.swept_is_done(flight.again.is_some_and(|mark| mark.swept));
        }
    }

    pub(super) fn flight(&self, addr: u32) -> Option<&Flight> {
        self.flights.get(&addr)
    }

    pub(super) fn sent(&mut self, addr: u32, flight: Flight) {
        self.flights.insert(addr, flight);
    }

    /// Takes an acknowledged or refused update off, if it is the one.
    pub(super) fn land(&mut self, addr: u32, xid: u32) -> Option<Flight> {
        if self.flights.get(&addr)?.xid != xid {
            return None;
        }
        let flight = self.flights.remove(&addr)?;
        self.swept_is_done(flight.swept);
        Some(flight)
    }

    /// One that the sweep waited for is settled.
    pub(super) fn swept_is_done(&mut self, swept: bool) {
        if swept && let Some(sweep) = &mut self.sweep {
            sweep.pending = sweep.pending.saturating_sub(1);
        }
    }

    /// What changed while a sweep looked through the leases belongs to it.
    pub(super) fn join_sweep(&mut self) {
        let Some(sweep) = &mut self.sweep else { return };
        for flight in self.flights.values_mut() {
            if !std::mem::replace(&mut flight.swept, true) {
                sweep.pending += 1;
            }
            if let Some(again) = &mut flight.again
                && !std::mem::replace(&mut again.swept, true)
            {
                sweep.pending += 1;
            }
        }
        for mark in self.dirty.values_mut().chain(self.ready.iter_mut().map(|(_, mark)| mark)) {
            if !std::mem::replace(&mut mark.swept, true) {
                sweep.pending += 1;
            }
        }
    }

    /// Nothing that is on its way is part of a new sweep.
    fn forget_marks(&mut self) {
        for flight in self.flights.values_mut() {
            flight.swept = false;
            flight.again = flight.again.map(|_| Mark::default());
        }
        self.dirty.values_mut().for_each(|mark| mark.swept = false);
        self.ready.iter_mut().for_each(|(_, mark)| mark.swept = false);
    }

    /// The partner asks: any earlier request of its is forgotten.
    pub(super) fn sweep_for(&mut self, what: Ask, xid: u32) {
        self.forget_marks();
        self.sweep = Some(Sweep::new(what, Some(xid)));
    }

    /// Looks through all leases for those that the partner lacks.
    pub(super) fn sweep_unacked(&mut self, all: bool) {
        let sweep = Sweep::new(if all { Ask::All } else { Ask::Changes }, None);
        if self.sweep.as_ref().is_some_and(|sweep| sweep.xid.is_some()) {
            self.next_sweep = Some(sweep);
        } else {
            self.forget_marks();
            self.sweep = Some(sweep);
        }
    }

    /// More has changed than could be remembered.
    pub(super) fn sweep_again(&mut self) {
        let sweep = Sweep::new(Ask::Changes, None);
        if self.sweep.is_some() {
            self.next_sweep.get_or_insert(sweep)
        } else {
            self.sweep.insert(sweep)
        };
    }

    pub(super) fn retry(&mut self) {
        self.sweep_again();
    }
}

/// Is there anything in the lease that the partner has not acknowledged, as far as the lease tells?
///
/// - EXPIRED, RELEASED, RESET go away when acknowledged.
/// - `rewind_state` is the state that the partner knows.
/// - A binding of this server's own raises the potential expiration time that it is to send.
#[must_use]
pub fn needs_update(lease: &Lease) -> bool {
    let known = lease.rewind_state == Some(lease.state);
    match lease.state {
        BindingState::Expired | BindingState::Released | BindingState::Reset => true,
        BindingState::Active => {
            let times = &lease.potential_expiration_time;
            !known || lease.origin == Origin::Local && times.sent > times.acked
        }
        _ => !known,
    }
}

/// May the lease be sent as it is stored? What the partner may know from then on must be durable first:
/// else, after a crash, the lease would be rewound to a state from before.
pub(super) fn is_prepared(lease: &Lease) -> bool {
    let rewinds = matches!(
        lease.state,
        BindingState::Active | BindingState::Expired | BindingState::Released | BindingState::Reset
    );
    !rewinds || lease.rewind_state.is_none_or(|known| known == lease.state)
}
