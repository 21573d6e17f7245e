//! Which endpoint the server's question is for; pools without a partner are the server's own.

use super::{Failover, Partner};
use ddi_core::authority::{Authority, Grant, Permission, Question, Service, Standalone};
use ddi_core::{BindingState, FreeKind, Lease, LeaseKey, Now, PoolId};

impl Failover {
    fn of_pool(&self, pool: Option<PoolId>) -> Option<&Partner> {
        let has = |partner: &&Partner| partner.pools.iter().any(|own| Some(own.id) == pool);
        self.partners.iter().find(has)
    }

    fn of_key(&self, key: LeaseKey) -> Option<&Partner> {
        self.partners.get(self.nth_of(key)?)
    }
}

impl Authority for Failover {
    fn serves(&self, now: Now, question: Question<'_>) -> Service {
        match self.of_pool(question.pool) {
            Some(partner) => partner.endpoint.serves(now, question),
            None => Standalone.serves(now, question),
        }
    }

    fn may_bind(&self, now: Now, lease: &Lease, pool: Option<PoolId>, same_client: bool) -> Permission {
        match self.of_key(lease.key) {
            Some(partner) => partner.endpoint.may_bind(now, lease, pool, same_client),
            None => Standalone.may_bind(now, lease, pool, same_client),
        }
    }

    fn free_kinds(&self, now: Now, pool: PoolId) -> &[FreeKind] {
        match self.of_pool(Some(pool)) {
            Some(partner) => partner.endpoint.free_kinds(now, pool),
            None => Standalone.free_kinds(now, pool),
        }
    }

    fn grant(&self, now: Now, lease: &Lease, desired_seconds: u32) -> Grant {
        match self.of_key(lease.key) {
            Some(partner) => partner.endpoint.grant(now, lease, desired_seconds),
            None => Standalone.grant(now, lease, desired_seconds),
        }
    }

    fn ended(&self, now: Now, lease: &Lease, released: bool) -> Option<BindingState> {
        match self.of_key(lease.key) {
            Some(partner) => partner.endpoint.ended(now, lease, released),
            None => Standalone.ended(now, lease, released),
        }
    }
}
