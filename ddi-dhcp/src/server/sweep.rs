//! Leases that ended and wait for a partner that there is not: it was taken out of the configuration, or was
//! another server's, whose leases were imported. Nobody else would ever make them free. Each new configuration
//! has the pools looked through for them, in slices; what a failover partner still has to hear of stays.

use crate::server::engine::{Server, World};
use ddi_core::{BindingState, Lease, LeaseKey, PoolId};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// How many leases one [`Server::handle_timeout`] looks at.
const SLICE: usize = 256;

/// Where the search stands: the pool, and the next address in it if it has begun.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sweep {
    pool: usize,
    from: Option<Ipv4Addr>,
}

impl Server {
    /// Passes over pools without such leases, as their counts tell.
    pub(crate) fn aim_sweep(&mut self, world: &World<'_>) {
        let Some(sweep) = self.sweep.filter(|sweep| sweep.from.is_none()) else { return };
        let ending = |pool: &usize| {
            let counts = u32::try_from(*pool).ok().and_then(|pool| world.store.pool_counts(PoolId(pool)));
            counts.is_none_or(|counts| counts.ending > 0)
        };
        let next = (sweep.pool..self.plan.pools.len()).find(ending);
        self.sweep = next.map(|pool| Sweep { pool, from: None });
    }

    /// Makes those free that are in the next slice.
    pub(crate) fn sweep(&mut self, world: &mut World<'_>) {
        self.aim_sweep(world);
        let Some(sweep) = self.sweep.take() else { return };
        let plan = Arc::clone(&self.plan);
        let Some(pool) = plan.pools.get(sweep.pool) else { return };
        let mut found = std::mem::take(&mut self.found);
        let mut lease = std::mem::take(&mut self.lease);
        found.clear();
        let from = sweep.from.unwrap_or(pool.first);
        world.store.scan_v4(plan.config.space, from, pool.last, SLICE, &mut found);
        // What can't be made free now, because of a partner or of the store, is no different further on.
        let all = found.iter().all(|&key| self.free(world, key, &mut lease));
        let last = found.last().filter(|_| all && found.len() >= SLICE).and_then(LeaseKey::as_v4);
        let next = last
            .and_then(|last| u32::from(last).checked_add(1))
            .map(Ipv4Addr::from)
            .filter(|next| *next > from);
        (self.found, self.lease) = (found, lease);
        let pool = if next.is_some() { sweep.pool } else { sweep.pool + 1 };
        self.sweep = Some(Sweep { pool, from: next });
    }

    /// False if it has ended and can't be made free.
    fn free(&mut self, world: &mut World<'_>, key: LeaseKey, lease: &mut Lease) -> bool {
        if !world.store.get_into(key, lease) || !is_ending(lease.state) {
            return true;
        }
        is_over(world, lease) && self.put_state(world, lease, BindingState::Free).is_ok()
    }
}

fn is_ending(state: BindingState) -> bool {
    use BindingState::{Expired, PendingFree, Released, Reset};
    matches!(state, Expired | Released | Reset | PendingFree)
}

/// Has the lease ended, and is nobody to be heard before its address is free?
pub(crate) fn is_over(world: &World<'_>, lease: &Lease) -> bool {
    is_ending(lease.state) && world.authority.ended(world.now, lease, false) == Some(BindingState::Free)
}
