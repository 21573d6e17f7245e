//! Sharing the free addresses (draft section 5.4): runs over each pool, in slices.

use ddi_core::db::PoolConfig;
use ddi_core::lease::{DdnsFacts, PotentialExpiration};
use ddi_core::{BindingState, Expect, FreeKind, Instant, LeaseKey, LeaseStore, Origin, UnixTime};
use std::net::Ipv4Addr;

use crate::balance::{Ages, Balance, Candidate, Judgement, Pass, next_run};
use crate::endpoint::engine::Endpoint;
use crate::endpoint::event::Event;
use crate::endpoint::resync::SLICE;
use crate::endpoint::states::{Alarm, Say};
use crate::state::{Role, State};

/// A run rests while so many changed leases wait to be sent.
const BACKLOG_MAX: usize = 4096;
/// dhcpd adds up to so many seconds, so that two servers don't run at the same moment.
const JITTER_SECONDS: u64 = 5;
/// A pool is counted once in this time at the most, while its leases change.
const LOOK_MILLIS: u64 = 1000;

/// One pool's share.
#[derive(Clone, Debug, Default)]
pub(super) struct PoolBalance {
    walk: Option<Walk>,
    last_run: UnixTime,
    next_run: Option<Instant>,
    /// When it was counted last: not for every lease.
    looked: Option<Instant>,
    /// A free address changed, so that the next run may be due earlier.
    pub(super) touched: bool,
    /// As of the last look: free addresses of the primary's and of the secondary's.
    pub(super) free: u64,
    pub(super) backup: u64,
}

#[derive(Clone, Copy, Debug)]
struct Walk {
    pass: Pass,
    from: Ipv4Addr,
    /// By the timer, which may ask the partner for addresses.
    timed: bool,
    given: u32,
}

impl Endpoint {
    /// POOLREQ: a run now, then POOLRESP.
    pub(super) fn on_pool_request(&mut self, xid: u32) {
        if self.saved.state == State::Normal {
            self.balance_all(Some(xid));
        } else {
            self.talk.says.push_back(Say::PoolResponse { xid, count: 0 });
        }
    }

    /// Begins a run over every pool; `reply`: the request to answer at the end.
    pub(super) fn balance_all(&mut self, reply: Option<u32>) {
        if self.saved.state != State::Normal {
            return;
        }
        for at in 0..self.balances.len() {
            self.begin_walk(at, false);
        }
        if let Some(xid) = reply {
            self.answer_pool_request();
            self.talk.pool_request = Some((xid, 0));
        }
        self.again = true;
    }

    /// Those pools whose time has come.
    pub(super) fn balance_due(&mut self) {
        let now = self.latest.instant;
        for at in 0..self.balances.len() {
            if self.balances.get(at).is_some_and(|balance| balance.next_run.is_some_and(|next| next <= now)) {
                self.begin_walk(at, true);
            }
        }
        self.arm_balance();
    }

    fn begin_walk(&mut self, at: usize, timed: bool) {
        let forgets = self.latest.unix < self.saved.forgotten_until;
        let later = self.instant_of(self.saved.forgotten_until);
        let (Some(balance), Some(pool)) = (self.balances.get_mut(at), self.pools.list.get(at)) else {
            return;
        };
        // What looks free may be held by a client that this server forgot, and that the partner never knew.
        balance.next_run = forgets.then_some(later);
        if forgets {
            return;
        }
        balance.walk.get_or_insert(Walk { pass: Pass::Affine, from: pool.first, timed, given: 0 });
    }

    pub(super) fn stop_balancing(&mut self) {
        for balance in &mut self.balances {
            (balance.walk, balance.next_run) = (None, None);
        }
        self.alarms.disarm(Alarm::Balance);
        self.answer_pool_request();
    }

    fn answer_pool_request(&mut self) {
        if let Some((xid, count)) = self.talk.pool_request.take() {
            self.talk.says.push_back(Say::PoolResponse { xid, count });
        }
    }

    /// Goes on with runs, and looks at the pools that changed.
    pub(super) fn balance_slice<S: LeaseStore + ?Sized>(&mut self, store: &mut S) {
        for at in 0..self.balances.len() {
            self.look_at(store, at);
        }
        if self.saved.state != State::Normal {
            return;
        }
        let mut budget = SLICE;
        for at in 0..self.balances.len() {
            while budget > 0 && self.updates.waiting() < BACKLOG_MAX {
                let Some(walk) = self.balances.get(at).and_then(|balance| balance.walk) else { break };
                let Some(pool) = self.pools.list.get(at).cloned() else { break };
                let next = match walk.pass {
                    Pass::Affine => self.walk_affine(store, &pool, walk, &mut budget),
                    Pass::Any => self.walk_any(store, &pool, walk, &mut budget),
                };
                if let Some(balance) = self.balances.get_mut(at) {
                    balance.walk = next;
                }
                if next.is_none() {
                    self.end_walk(store, at, &pool, walk.timed);
                }
            }
        }
        if self.balances.iter().any(|balance| balance.walk.is_some()) {
            self.again |= self.updates.waiting() < BACKLOG_MAX;
        } else {
            self.answer_pool_request();
        }
        self.arm_balance();
    }

    fn own_kind(&self) -> FreeKind {
        match self.config.role {
            Role::Primary => FreeKind::Free,
            Role::Secondary => FreeKind::Backup,
        }
    }

    fn balance_of<S: LeaseStore + ?Sized>(&self, store: &S, pool: &PoolConfig) -> Option<Balance> {
        let counts = store.pool_counts(pool.id)?;
        let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Some(Balance::new(self.config.role, number(counts.free), number(counts.backup), &self.config.balance))
    }

    /// First those whose last client is the partner's; in order of addresses, since never leased ones have
    /// none. `None`: the run is over.
    fn walk_affine<S: LeaseStore + ?Sized>(
        &mut self,
        store: &mut S,
        pool: &PoolConfig,
        mut walk: Walk,
        budget: &mut usize,
    ) -> Option<Walk> {
        let mut page = std::mem::take(&mut self.page);
        page.clear();
        store.scan_v4(pool.space, walk.from, pool.last, (*budget).min(SLICE), &mut page);
        let mut over = page.is_empty();
        for &key in &page {
            *budget = budget.saturating_sub(1);
            let Some(addr) = key.as_v4() else { continue };
            match u32::from(addr).checked_add(1).map(Ipv4Addr::from) {
                Some(next) if next <= pool.last => walk.from = next,
                _ => over = true,
            }
            match self.judge_affine(store, pool, key) {
                Some(Judgement::Stop) | None => over = true,
                Some(Judgement::Give) if store.hold(key) => {
                    store.get_into(key, &mut self.lease);
                    walk.given += u32::from(self.give(store, pool));
                }
                Some(_) => {}
            }
            if over {
                break;
            }
        }
        self.page = page;
        Some(if over { Walk { pass: Pass::Any, ..walk } } else { walk })
    }

    fn judge_affine<S: LeaseStore + ?Sized>(
        &mut self,
        store: &S,
        pool: &PoolConfig,
        key: LeaseKey,
    ) -> Option<Judgement> {
        let balance = self.balance_of(store, pool)?;
        store.get_into(key, &mut self.lease);
        let lease = &self.lease;
        let own = match self.own_kind() {
            FreeKind::Free => BindingState::Free,
            FreeKind::Backup => BindingState::Backup,
        };
        if lease.state != own || lease.reserved || lease.bootp || store.pool_of(key).is_none() {
            // Not to be given; but a run that has given enough is over.
            let judged = balance.judge(Pass::Affine, Candidate::NeverUsed);
            return Some(if judged == Judgement::Stop { judged } else { Judgement::Keep });
        }
        let candidate = Candidate::of(self.config.role, lease, &self.load_balance);
        Some(balance.judge(Pass::Affine, candidate))
    }

    /// Then any, those that were free for the longest time first.
    fn walk_any<S: LeaseStore + ?Sized>(
        &mut self,
        store: &mut S,
        pool: &PoolConfig,
        mut walk: Walk,
        budget: &mut usize,
    ) -> Option<Walk> {
        while *budget > 0 {
            *budget -= 1;
            let balance = self.balance_of(store, pool)?;
            let key = store.next_free(pool.id, self.own_kind())?;
            store.get_into(key, &mut self.lease);
            let candidate = Candidate::of(self.config.role, &self.lease, &self.load_balance);
            if balance.judge(Pass::Any, candidate) != Judgement::Give {
                store.release_hold(key);
                self.count_given(walk.given);
                return None;
            }
            let given = self.give(store, pool);
            if !given {
                store.release_hold(key);
                return None;
            }
            walk.given += 1;
        }
        Some(walk)
    }

    fn count_given(&mut self, given: u32) {
        if let Some((_, count)) = &mut self.talk.pool_request {
            *count = count.saturating_add(given);
        }
    }

    /// Makes the free lease in `self.lease`, which is held, the partner's.
    fn give<S: LeaseStore + ?Sized>(&mut self, store: &mut S, pool: &PoolConfig) -> bool {
        let now = self.latest.unix;
        let lease = &mut self.lease;
        lease.state = match self.config.role {
            Role::Primary => BindingState::Backup,
            Role::Secondary => BindingState::Free,
        };
        lease.start_time_of_state = now;
        lease.potential_expiration_time = PotentialExpiration::default();
        lease.hostname.clear();
        lease.ddns = DdnsFacts::default();
        lease.origin = Origin::Local;
        lease.subnet_id = pool.subnet_id;
        let key = lease.key;
        if store.put_forced(lease, Expect::Any).is_err() {
            self.store_failed(key);
            return false;
        }
        if let Some(addr) = key.as_v4() {
            self.changed(addr);
        }
        true
    }

    /// A lease in `self.lease` falls free on the primary, with the partner's knowledge: if its last client is
    /// the secondary's, the address becomes so too.
    pub(super) fn give_freed<S: LeaseStore + ?Sized>(&mut self, store: &S, place: Option<usize>) -> bool {
        let Some(pool) = place.and_then(|at| self.pools.list.get(at)) else { return false };
        if self.config.role != Role::Primary
            || self.saved.state != State::Normal
            || self.lease.state != BindingState::Free
        {
            return false;
        }
        let gives = self
            .balance_of(store, pool)
            .is_some_and(|balance| balance.gives_freed(&self.lease, &self.load_balance));
        if gives {
            self.lease.state = BindingState::Backup;
            self.lease.start_time_of_state = self.latest.unix;
            self.lease.origin = Origin::Local;
        }
        gives
    }

    fn end_walk<S: LeaseStore + ?Sized>(&mut self, store: &mut S, at: usize, pool: &PoolConfig, timed: bool) {
        if let Some(balance) = self.balances.get_mut(at) {
            balance.last_run = self.latest.unix;
            balance.touched = true;
        }
        self.look_at(store, at);
        let Some(balance) = self.balance_of(store, pool) else { return };
        if balance.is_unbalanced() {
            self.events.push(Event::Unbalanced { pool: pool.id });
        }
        if timed && balance.asks() {
            self.talk.says.push_back(Say::PoolRequest);
        }
    }

    /// Counts a pool that changed, and sets the time of its next run, which only ever gets earlier.
    pub(super) fn look_at<S: LeaseStore + ?Sized>(&mut self, store: &mut S, at: usize) {
        let (Some(balance), Some(pool)) = (self.balances.get(at), self.pools.list.get(at)) else { return };
        let rests = balance.looked.is_some_and(|at| self.latest.instant < at.plus_millis(LOOK_MILLIS));
        if !balance.touched || rests && balance.walk.is_none() && balance.next_run.is_some() {
            return;
        }
        let (id, last_run) = (pool.id, balance.last_run);
        let counts = store.pool_counts(id).unwrap_or_default();
        let idle = balance.walk.is_none() && self.saved.state == State::Normal;
        let next = idle.then(|| {
            let oldest_own = self.oldest(store, id, self.own_kind());
            let partners = match self.own_kind() {
                FreeKind::Free => FreeKind::Backup,
                FreeKind::Backup => FreeKind::Free,
            };
            let ages = Ages { oldest_own, oldest_partners: self.oldest(store, id, partners), last_run };
            let jitter = self.alarms.jitter(JITTER_SECONDS) as u32;
            let next = next_run(self.latest.unix, &ages, &self.config.balance, jitter);
            self.instant_of(next.max(self.saved.forgotten_until))
        });
        if let Some(balance) = self.balances.get_mut(at) {
            (balance.free, balance.backup, balance.touched) = (counts.free, counts.backup, false);
            balance.looked = Some(self.latest.instant);
            if let Some(next) = next {
                balance.next_run = Some(balance.next_run.map_or(next, |known| known.min(next)));
            }
        }
    }

    /// Since when the address that is free for the longest time is; `UNSET` if none is.
    fn oldest<S: LeaseStore + ?Sized>(
        &mut self,
        store: &mut S,
        pool: ddi_core::PoolId,
        kind: FreeKind,
    ) -> UnixTime {
        let Some(key) = store.next_free(pool, kind) else { return UnixTime::UNSET };
        store.get_into(key, &mut self.lease);
        store.release_hold(key);
        self.lease.start_time_of_state
    }

    fn arm_balance(&mut self) {
        match self.balances.iter().filter_map(|balance| balance.next_run).min() {
            Some(next) if self.is_linked() => self.arm(Alarm::Balance, next),
            _ => self.alarms.disarm(Alarm::Balance),
        }
    }
}
