//! Which address a client is offered (RFC 2131 section 4.3.1).

use crate::server::ask::Ask;
use crate::server::engine::{Server, World};
use crate::server::plan::Plan;
use crate::server::rules::{Message, Standing};
use crate::server::standing::{belongs_to, key_of};
use ddi_core::authority::Permission;
use ddi_core::{FreeKind, Lease, LeaseKey, PoolId};
use std::net::Ipv4Addr;

/// How often a pool is asked again when the address that it gave can't be used.
const POOL_TRIES: usize = 8;

impl Server {
    /// Chooses an address; `lease` becomes what is stored of it. It is held for the client, if it is
    /// not the client's already. The order is the RFC's, with reservations before all.
    pub(crate) fn choose(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        lease: &mut Lease,
    ) -> Standing {
        if let Some(at) = ask.reservation {
            let address = plan.reservations[at as usize].address;
            let standing = self.standing(world, plan, ask, address, lease);
            let good =
                matches!(standing, Standing::Mine | Standing::Reserved | Standing::Offered | Standing::Ended);
            if good && allows(world, plan, ask, lease) {
                return standing;
            }
        }
        if ask.message == Message::Bootp && !plan.config.dynamic_bootp {
            return Standing::Nothing;
        }
        self.choose_offered(world, plan, ask, lease)
            .or_else(|| self.choose_own(world, plan, ask, lease))
            .or_else(|| self.choose_requested(world, plan, ask, lease))
            .or_else(|| self.choose_free(world, plan, ask, lease))
            .unwrap_or(Standing::Nothing)
    }

    /// What it was offered before.
    fn choose_offered(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        lease: &mut Lease,
    ) -> Option<Standing> {
        let address = self.offers.of_client(ask.link, &ask.client)?;
        let standing = self.standing(world, plan, ask, address, lease);
        if standing == Standing::Offered && allows(world, plan, ask, lease) {
            return Some(standing);
        }
        self.end_offer(world, plan, address);
        None
    }

    /// Its running lease, or the last one that it had.
    fn choose_own(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        lease: &mut Lease,
    ) -> Option<Standing> {
        let mut found = std::mem::take(&mut self.found);
        self.find_on_link(world, plan, ask, &mut found);
        let mut best = None;
        for address in found.iter().filter_map(LeaseKey::as_v4) {
            let standing = self.standing(world, plan, ask, address, lease);
            let rank = match standing {
                Standing::Mine => 2,
                Standing::Ended => 1,
                _ => continue,
            };
            let rank = (rank, lease.client_last_transaction_time, address);
            if allows(world, plan, ask, lease) && best.is_none_or(|(_, other)| rank > other) {
                best = Some((standing, rank));
            }
        }
        self.found = found;
        let (standing, (_, _, address)) = best?;
        self.take(world, plan, address, standing, lease)
    }

    /// What it asks for.
    fn choose_requested(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        lease: &mut Lease,
    ) -> Option<Standing> {
        if ask.address.is_unspecified() {
            return None;
        }
        let standing = self.standing(world, plan, ask, ask.address, lease);
        if standing != Standing::Free || !allows(world, plan, ask, lease) {
            return None;
        }
        self.take(world, plan, ask.address, standing, lease)
    }

    /// Any free one, of the client's own subnet first.
    fn choose_free(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        lease: &mut Lease,
    ) -> Option<Standing> {
        let others = plan.links[ask.link as usize].iter().copied().filter(|&other| other != ask.subnet);
        for subnet in std::iter::once(ask.subnet).chain(others) {
            for &pool in &plan.subnets[subnet as usize].pools {
                if !plan.pools[pool as usize].admits(ask.classes) {
                    continue;
                }
                let id = PoolId(pool);
                let authority = world.authority;
                for &kind in authority.free_kinds(world.now, id) {
                    if self.next_free(world, plan, ask, id, kind, lease) {
                        return Some(Standing::Free);
                    }
                }
            }
        }
        None
    }

    fn next_free(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        pool: PoolId,
        kind: FreeKind,
        lease: &mut Lease,
    ) -> bool {
        for _ in 0..POOL_TRIES {
            let Some(key) = world.store.next_free(pool, kind) else { return false };
            world.store.get_into(key, lease);
            // The store may not know of a hold or a reservation if it was told of the pools too late.
            let usable = key.as_v4().is_some_and(|address| {
                self.offers.is_for(address, &ask.client).is_none() && plan.reservation_at(address).is_none()
            });
            if !usable {
                continue;
            }
            if allows(world, plan, ask, lease) {
                return true;
            }
            world.store.release_hold(key);
            return false;
        }
        false
    }

    /// Reads the chosen lease, and holds its address if it is free.
    fn take(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        address: Ipv4Addr,
        standing: Standing,
        lease: &mut Lease,
    ) -> Option<Standing> {
        let key = key_of(plan, address);
        world.store.get_into(key, lease);
        (standing == Standing::Mine || world.store.hold(key)).then_some(standing)
    }
}

/// Does the authority let this client have the address?
pub(crate) fn allows(world: &World<'_>, plan: &Plan, ask: &Ask<'_>, lease: &Lease) -> bool {
    permission(world, plan, ask, lease) == Permission::Allow
}

pub(crate) fn permission(world: &World<'_>, plan: &Plan, ask: &Ask<'_>, lease: &Lease) -> Permission {
    let pool = lease.key.as_v4().and_then(|address| plan.pool_of(address));
    world.authority.may_bind(world.now, lease, pool, belongs_to(lease, &ask.client))
}
