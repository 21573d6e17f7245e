//! After a full update: what this server still has from before its loss, and the partner said nothing of; in
//! slices. The partner tells what it has stored, so that such an address was never leased as far as it knows.

use ddi_core::{Expect, LeaseKey, LeaseStore, Lsn, UnixTime};
use std::net::Ipv4Addr;

use crate::endpoint::engine::Endpoint;
use crate::endpoint::resync::SLICE;

/// A walk over the stored leases, before the update counts as done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Review {
    /// What was written up to here was written before the request.
    before: Lsn,
    from: Ipv4Addr,
}

impl Review {
    pub(super) const fn new(before: Lsn) -> Self {
        Self { before, from: Ipv4Addr::UNSPECIFIED }
    }
}

impl Endpoint {
    pub(super) fn review_slice<S: LeaseStore + ?Sized>(&mut self, store: &mut S) {
        let Some(review) = self.updates.review.take() else { return };
        let mut page = std::mem::take(&mut self.page);
        page.clear();
        for pool in self.pools.list.iter().filter(|pool| pool.last >= review.from) {
            let room = SLICE - page.len();
            store.scan_v4(pool.space, pool.first.max(review.from), pool.last, room, &mut page);
            if page.len() == SLICE {
                break;
            }
        }
        for &key in &page {
            self.review_one(store, key, review.before);
        }
        let last = page.last().and_then(LeaseKey::as_v4).filter(|_| page.len() == SLICE);
        self.page = page;
        self.again = true;
        match last.and_then(|last| u32::from(last).checked_add(1)) {
            Some(from) => self.updates.review = Some(Review { from: from.into(), ..review }),
            None => self.updated_all(),
        }
    }

    /// A free address is forgotten: the partner may have given it away and got it back, or lost it. Of anything
    /// else the partner is to hear, since the client may be there.
    fn review_one<S: LeaseStore + ?Sized>(&mut self, store: &mut S, key: LeaseKey, before: Lsn) {
        if !store.get_into(key, &mut self.lease) || self.lease.version > before {
            return;
        }
        let written = if self.lease.state.is_allocatable() && !self.lease.reserved {
            store.remove(key, Expect::Any).map(drop)
        } else {
            self.lease.rewind_state = None;
            self.lease.potential_expiration_time.acked = UnixTime::UNSET;
            store.put_forced(&mut self.lease, Expect::Any).map(drop)
        };
        if written.is_err() {
            self.store_failed(key);
        }
    }
}
