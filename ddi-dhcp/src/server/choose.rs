//! Which address a client is offered (RFC 2131 section 4.3.1).

use crate::server::ask::Ask;
use crate::server::bind::is_reserved;
use crate::server::engine::{Server, World};
use crate::server::plan::Plan;
use crate::server::rules::{Message, Standing};
use crate::server::serving::{serves_at, service, subnets};
use crate::server::standing::{belongs_to, key_of};
use ddi_core::authority::{Permission, Service};
use ddi_core::{FreeKind, Lease, LeaseKey, PoolId};
use std::net::Ipv4Addr;

/// How often a pool is asked again when the address that it gave can't be used.
const POOL_TRIES: usize = 8;

/// The choice under way: who asks, and the lease that is looked at.
struct Choice<'c, 'w> {
    server: &'c mut Server,
    world: &'c mut World<'w>,
    plan: &'c Plan,
    ask: &'c Ask<'c>,
    lease: &'c mut Lease,
}

impl Server {
    /// Chooses an address; `lease` becomes what is stored of it. It is held for the client, if it is
    /// not the client's already.
    pub(crate) fn choose(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        lease: &mut Lease,
    ) -> Standing {
        Choice { server: self, world, plan, ask, lease }.choose()
    }
}

impl Choice<'_, '_> {
    /// The order is the RFC's, with reservations before all.
    fn choose(&mut self) -> Standing {
        if let Some(at) = self.ask.reservation {
            let address = self.plan.reservations[at as usize].address;
            let standing = self.standing(address);
            let good =
                matches!(standing, Standing::Mine | Standing::Reserved | Standing::Offered | Standing::Ended);
            if good && self.allows() {
                return if self.serves(address) { standing } else { Standing::NotOurs };
            }
        }
        if self.ask.message == Message::Bootp && !self.plan.config.dynamic_bootp {
            return Standing::Nothing;
        }
        self.choose_offered()
            .or_else(|| self.choose_own())
            .or_else(|| self.choose_requested())
            .or_else(|| self.choose_free())
            .unwrap_or(Standing::Nothing)
    }

    /// What it was offered before.
    fn choose_offered(&mut self) -> Option<Standing> {
        let address = self.server.offers.of_client(self.ask.link, &self.ask.client)?;
        let standing = self.standing(address);
        if standing == Standing::Offered && self.allows() && self.serves(address) {
            return Some(standing);
        }
        self.server.end_offer(self.world, self.plan, address);
        None
    }

    /// Its running lease, or the last one that it had.
    fn choose_own(&mut self) -> Option<Standing> {
        let mut found = std::mem::take(&mut self.server.found);
        self.server.find_on_link(self.world, self.plan, self.ask, &mut found);
        let mut best = None;
        for address in found.iter().filter_map(LeaseKey::as_v4) {
            let standing = self.standing(address);
            let rank = match standing {
                Standing::Mine => 2,
                Standing::Ended => 1,
                _ => continue,
            };
            let rank = (rank, self.lease.client_last_transaction_time, address);
            if self.allows() && best.is_none_or(|(_, other)| rank > other) {
                best = Some((standing, rank));
            }
        }
        self.server.found = found;
        let (standing, (_, _, address)) = best?;
        match standing {
            _ if self.serves(address) => self.take(address, standing),
            // Who answers for it has to; another address would be one too many.
            Standing::Mine => Some(Standing::NotOurs),
            _ => None,
        }
    }

    /// What it asks for.
    fn choose_requested(&mut self) -> Option<Standing> {
        if self.ask.address.is_unspecified() {
            return None;
        }
        let standing = self.standing(self.ask.address);
        if standing != Standing::Free || !self.allows() || !self.serves(self.ask.address) {
            return None;
        }
        self.take(self.ask.address, standing)
    }

    /// Any free one, of the client's own subnet first.
    fn choose_free(&mut self) -> Option<Standing> {
        for subnet in subnets(self.plan, self.ask) {
            for &pool in &self.plan.subnets[subnet as usize].pools {
                let id = PoolId(pool);
                if !self.plan.pools[pool as usize].admits(self.ask.classes) {
                    continue;
                }
                match service(self.world, self.ask, Some(id)) {
                    Service::Serve => {}
                    // It gets one of this pool; one of another would be one too many.
                    Service::LeaveToPartner => return Some(Standing::NotOurs),
                    _ => continue,
                }
                let authority = self.world.authority;
                for &kind in authority.free_kinds(self.world.now, id) {
                    if self.next_free(id, kind) {
                        return Some(Standing::Free);
                    }
                }
            }
        }
        None
    }

    fn next_free(&mut self, pool: PoolId, kind: FreeKind) -> bool {
        for _ in 0..POOL_TRIES {
            let Some(key) = self.world.store.next_free(pool, kind) else { return false };
            self.world.store.get_into(key, self.lease);
            // The store may not know of a hold or a reservation if it was told of the pools too late.
            let usable = key.as_v4().is_some_and(|address| {
                self.server.offers.is_for(address, &self.ask.client).is_none()
                    && self.plan.reservation_at(address).is_none()
            });
            if !usable {
                continue;
            }
            if self.allows() {
                return true;
            }
            self.world.store.release_hold(key);
            return false;
        }
        false
    }

    /// Reads the chosen lease, and holds its address if it is free.
    fn take(&mut self, address: Ipv4Addr, standing: Standing) -> Option<Standing> {
        let key = key_of(self.plan, address);
        self.world.store.get_into(key, self.lease);
        (standing == Standing::Mine || self.world.store.hold(key)).then_some(standing)
    }

    /// What the address is to the client; its lease is read.
    fn standing(&mut self, address: Ipv4Addr) -> Standing {
        self.server.standing(self.world, self.plan, self.ask, address, self.lease)
    }

    /// Does the authority let this server answer where it is about this address?
    fn serves(&self, address: Ipv4Addr) -> bool {
        serves_at(self.world, self.plan, self.ask, address)
    }

    /// Does the authority let this client have the lease's address?
    fn allows(&self) -> bool {
        permission(self.world, self.plan, self.ask, self.lease) == Permission::Allow
    }
}

/// May this client have the lease's address?
pub(crate) fn permission(world: &World<'_>, plan: &Plan, ask: &Ask<'_>, lease: &Lease) -> Permission {
    // A BOOTP client takes an address for ever, and can't be told otherwise. With a failover partner no
    // address is let go for ever: it has to be one that nobody else can get.
    if ask.message == Message::Bootp
        && !is_reserved(plan, ask, lease)
        && world.authority.grant(world.now, lease, u32::MAX).lease_seconds != u32::MAX
    {
        return Permission::Silent;
    }
    let pool = lease.key.as_v4().and_then(|address| plan.pool_of(address));
    world.authority.may_bind(world.now, lease, pool, belongs_to(lease, &ask.client))
}
