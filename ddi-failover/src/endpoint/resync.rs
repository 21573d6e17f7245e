//! Looking through all leases: for UPDREQ and UPDREQALL, on coming to NORMAL, and when more changed than could
//! be remembered. In slices, between which ordinary updates are sent.

use std::net::Ipv4Addr;

use ddi_core::{BindingState, Expect, LeaseKey, LeaseStore, Origin};

use crate::endpoint::connect::CLOCK_SKEW_SECONDS_MAX;
use crate::endpoint::engine::Endpoint;
use crate::endpoint::event::Event;
use crate::endpoint::flow::{Mark, is_prepared, needs_update};
use crate::endpoint::states::Say;
use crate::resolve::transmitted;
use crate::state::{Ask, Profile, Role, State};
use crate::wire::v4::RejectReason;

/// How many leases one call reads, at the most.
pub const SLICE: usize = 512;
/// How many addresses are read at once.
const PAGE: usize = 64;

/// A walk over the stored leases of all pools, by address.
#[derive(Clone, Debug)]
pub(super) struct Sweep {
    pub(super) what: Ask,
    /// The request that UPDDONE answers.
    pub(super) xid: Option<u32>,
    /// Which pool, and from which address on.
    place: usize,
    from: Option<Ipv4Addr>,
    ended: bool,
    /// What was waiting or on its way at the end has joined it.
    closed: bool,
    /// Found, and not acknowledged or refused yet.
    pub(super) pending: usize,
    page: Vec<u32>,
}

impl Sweep {
    pub(super) const fn new(what: Ask, xid: Option<u32>) -> Self {
        Self { what, xid, place: 0, from: None, ended: false, closed: false, pending: 0, page: Vec::new() }
    }

    pub(super) const fn has_more(&self) -> bool {
        !self.ended || !self.page.is_empty()
    }
}

impl Endpoint {
    /// The partner asks for leases.
    pub(super) fn on_request(&mut self, xid: u32, what: Ask) {
        // Section 7.4.2: until it has them all, it can't know what it lacks.
        self.saved.full_update_due |= what == Ask::All;
        let what = if self.saved.full_update_due { Ask::All } else { what };
        self.updates.sweep_for(what, xid);
    }

    /// A slice of everything that is not an answer to a message.
    pub(super) fn work<S: LeaseStore + ?Sized>(&mut self, store: &mut S) {
        if self.is_linked() {
            self.prepare(store);
            self.balance_slice(store);
            // What was given away is sent at once.
            self.prepare(store);
            self.end_sweep();
        }
        self.review_slice(store);
        self.reclaim_slice(store);
    }

    /// The partner was heard on the connection that is up.
    pub(super) fn is_linked(&self) -> bool {
        self.links.up().is_some() && self.talk.heard
    }

    /// May changes be sent without having been asked for?
    pub(super) fn sends_changes(&self) -> bool {
        self.is_linked() && matches!(self.saved.state, State::Normal | State::PartnerDown)
    }

    /// Those that a request waits for are sent in any state.
    pub(super) fn sends_dirty(&self) -> bool {
        self.sends_changes() || self.updates.sweep.as_ref().is_some_and(|sweep| sweep.closed)
    }

    /// Reads leases that are to be sent, as many as can be.
    fn prepare<S: LeaseStore + ?Sized>(&mut self, store: &mut S) {
        let sends_changes = self.sends_dirty();
        let mut budget = SLICE;
        let mut room = self.updates.ready_room();
        let mut turn = false;
        while room > 0 && budget > 0 {
            turn = !turn;
            let dirty = if sends_changes && turn { self.updates.pop_dirty() } else { None };
            let next = dirty
                .or_else(|| self.next_swept(store, &mut budget))
                .or_else(|| if sends_changes { self.updates.pop_dirty() } else { None });
            let Some((addr, mark)) = next else { break };
            budget = budget.saturating_sub(1);
            if self.prepare_one(store, addr, mark) {
                room -= 1;
            }
        }
        let more = sends_changes && self.updates.has_dirty()
            || self.updates.sweep.as_ref().is_some_and(Sweep::has_more);
        self.again |= more && room > 0;
    }

    /// True if the lease now waits to be sent.
    fn prepare_one<S: LeaseStore + ?Sized>(&mut self, store: &mut S, addr: u32, mark: Mark) -> bool {
        if let Some(flight) = self.updates.flight(addr) {
            if mark.swept {
                // It is on its way already; its acknowledgement counts.
                let version = flight.version;
                let key = self.pools.key(addr.into());
                store.get_into(key, &mut self.lease);
                self.updates.mark_flight(addr, self.lease.version != version);
            } else {
                self.updates.mark(addr, mark);
            }
            return false;
        }
        let key = self.pools.key(addr.into());
        let stored = store.get_into(key, &mut self.lease);
        if !stored || !self.wanted(mark) {
            self.updates.swept_is_done(mark.swept);
            return false;
        }
        // Whatever it is told for, its end by the clock may be too early.
        let looked_at = mark.swept || self.lease.state == BindingState::Expired;
        let changed = looked_at && self.stretch() || self.leave_end_to_dhcpd();
        if changed || !is_prepared(&self.lease) {
            transmitted(&mut self.lease);
            if store.put_forced(&mut self.lease, Expect::Any).is_err() {
                self.store_failed(key);
                return false;
            }
        }
        self.updates.ready.push_back((addr, mark));
        true
    }

    /// A partner that lost its leases may have renewed this one without telling, up to the moment at which it
    /// lost them: to MCLT after that, or after what it could promise. Neither server ends the lease before that.
    /// True if the lease in `self.lease` has changed.
    fn stretch(&mut self) -> bool {
        let mclt = u64::from(self.mclt_seconds());
        let lease = &mut self.lease;
        let state = match (lease.state, lease.rewind_state) {
            _ if !self.saved.full_update_due => return false,
            (BindingState::Active, _) => BindingState::Active,
            // The partner may have heard of the end, and have given the address to anybody.
            (BindingState::Expired | BindingState::Released, Some(known)) if known == lease.state => {
                BindingState::Abandoned
            }
            // One that was given back or declined may have been taken again there.
            (BindingState::Expired | BindingState::Released, _) => BindingState::Active,
            (BindingState::Abandoned, known) if known != Some(BindingState::Abandoned) => {
                BindingState::Abandoned
            }
            _ => return false,
        };
        // A quarantine, and a lease of this server's own, end by this server's clock alone.
        let by_own_clock = state == BindingState::Abandoned || lease.origin == Origin::Local;
        let slack = if by_own_clock { CLOCK_SKEW_SECONDS_MAX } else { 0 };
        let times = &lease.potential_expiration_time;
        let promised = times.sent.max(times.received);
        let until = promised.max(self.latest.unix).plus_secs(mclt).plus_secs(slack);
        if until <= lease.expiration_time {
            return false;
        }
        lease.expiration_time = until;
        if state != lease.state {
            lease.state = state;
            lease.start_time_of_state = self.latest.unix;
        }
        true
    }

    /// Is the lease in `self.lease` to be sent?
    pub(super) fn wanted(&self, mark: Mark) -> bool {
        let all = mark.swept && self.updates.sweep.as_ref().is_some_and(|sweep| sweep.what == Ask::All);
        all || needs_update(&self.lease)
    }

    /// dhcpd as primary lets nobody else end a lease in NORMAL; it does so itself, and tells. Of one that began
    /// and ended while it could not be reached it has to hear as ACTIVE: else the address would be nobody's for
    /// ever. True if the lease in `self.lease` has changed.
    fn leave_end_to_dhcpd(&mut self) -> bool {
        let is_refused = self.profile == Profile::Isc
            && self.config.role == Role::Secondary
            && self.saved.state == State::Normal
            && self.lease.state == BindingState::Expired;
        if is_refused {
            self.lease.state = BindingState::Active;
        }
        is_refused
    }

    /// The next lease of the sweep.
    fn next_swept<S: LeaseStore + ?Sized>(&mut self, store: &S, budget: &mut usize) -> Option<(u32, Mark)> {
        let sweep = self.updates.sweep.as_mut()?;
        let all = sweep.what == Ask::All;
        loop {
            if let Some(addr) = sweep.page.pop() {
                let key = self.pools.key(addr.into());
                *budget = budget.saturating_sub(1);
                store.get_into(key, &mut self.lease);
                if all || needs_update(&self.lease) {
                    sweep.pending += 1;
                    return Some((addr, Mark { swept: true }));
                }
                if *budget == 0 {
                    return None;
                }
                continue;
            }
            if sweep.ended {
                return None;
            }
            let Some(pool) = self.pools.list.get(sweep.place) else {
                sweep.ended = true;
                return None;
            };
            self.page.clear();
            let from = sweep.from.unwrap_or(pool.first);
            store.scan_v4(pool.space, from, pool.last, PAGE, &mut self.page);
            sweep.page.extend(self.page.iter().rev().filter_map(LeaseKey::as_v4).map(u32::from));
            let last = self.page.last().and_then(LeaseKey::as_v4).map(u32::from);
            let next = last.and_then(|last| last.checked_add(1)).map(Ipv4Addr::from);
            match next.filter(|next| self.page.len() == PAGE && *next <= pool.last) {
                Some(next) => sweep.from = Some(next),
                None => (sweep.place, sweep.from) = (sweep.place + 1, None),
            }
        }
    }

    /// Says UPDDONE when all that was asked for is acknowledged.
    fn end_sweep(&mut self) {
        if let Some(sweep) = &mut self.updates.sweep
            && !sweep.has_more()
            && !std::mem::replace(&mut sweep.closed, true)
        {
            self.updates.join_sweep();
        }
        while let Some(sweep) =
            self.updates.sweep.take_if(|sweep| sweep.closed && !sweep.has_more() && sweep.pending == 0)
        {
            if let Some(xid) = sweep.xid {
                self.talk.says.push_back(Say::Done { xid });
            }
            if sweep.what == Ask::All {
                self.saved.full_update_due = false;
            }
            self.updates.sweep = self.updates.next_sweep.take();
            self.again |= self.updates.sweep.is_some();
            if self.talk.handing_back && self.updates.sweep.is_none() {
                self.handed_back();
            }
        }
    }

    /// Nothing that depends on this write may be said: the connection goes, and what was not acknowledged
    /// comes again.
    pub(super) fn store_failed(&mut self, key: LeaseKey) {
        self.events.push(Event::StoreFailed { key });
        self.talk.hang_up = Some((RejectReason::MISCELLANEOUS, "this server could not store a lease"));
    }
}
