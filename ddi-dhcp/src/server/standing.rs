//! What an address is to a client: the second column of the rules table.

use crate::server::ask::Ask;
use crate::server::choose::permission;
use crate::server::engine::{Server, World};
use crate::server::offer::Client;
use crate::server::plan::Plan;
use crate::server::rules::{Message, Standing};
use crate::server::sweep::is_over;
use ddi_core::authority::Permission;
use ddi_core::store::FIND_MAX;
use ddi_core::{BindingState, Identity, Lease, LeaseAddr, LeaseKey};
use std::net::Ipv4Addr;

/// The key of an address here.
pub(crate) fn key_of(plan: &Plan, address: Ipv4Addr) -> LeaseKey {
    LeaseKey { space: plan.config.space, addr: LeaseAddr::V4(address) }
}

/// Is the lease's present or last client this one?
pub(crate) fn belongs_to(lease: &Lease, client: &Client<'_>) -> bool {
    client.is(&lease.client_id, &lease.hw_addr)
}

fn identity<'c>(client: &Client<'c>) -> Identity<'c> {
    if client.client_id.is_empty() {
        Identity::HwAddr(client.hw_addr)
    } else {
        Identity::ClientId(client.client_id)
    }
}

impl Server {
    /// The standing of `address`. `lease` becomes what is stored of it, if it is on the client's link.
    pub(crate) fn standing(
        &mut self,
        world: &World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        address: Ipv4Addr,
        lease: &mut Lease,
    ) -> Standing {
        let on_link = plan.subnet_of(address).filter(|&at| plan.subnets[at as usize].link == ask.link);
        if on_link.is_none() {
            return Standing::WrongLink;
        }
        world.store.get_into(key_of(plan, address), lease);
        let mine = belongs_to(lease, &ask.client);
        // Whoever has an address can give it back, whatever has become of it in the configuration meanwhile.
        if mine && lease.state == BindingState::Active && gives_back(ask.message) {
            return Standing::Mine;
        }
        let reserved_here = match plan.reservation_at(address) {
            Some(at) if Some(at) == ask.reservation => true,
            Some(_) => return Standing::Others,
            None => false,
        };
        if !reserved_here && self.reservation_waits(world, plan, ask) {
            return Standing::Elsewhere;
        }
        if !reserved_here && !is_dynamic(plan, ask, address) {
            return Standing::NotDynamic;
        }
        let offered = self.offers.is_for(address, &ask.client);
        match lease.state {
            BindingState::Active if mine => Standing::Mine,
            BindingState::Active => Standing::Others,
            BindingState::Reset if !is_over(world, lease) => Standing::Others,
            BindingState::Abandoned => Standing::Abandoned,
            _ if offered == Some(true) => Standing::Offered,
            _ if offered == Some(false) => Standing::Others,
            BindingState::Expired | BindingState::Released | BindingState::PendingFree
                if !mine && !is_over(world, lease) =>
            {
                Standing::Others
            }
            _ if reserved_here => Standing::Reserved,
            _ if mine => Standing::Ended,
            _ if is_reminder(ask.message) && self.has_lease_elsewhere(world, plan, ask, address) => {
                Standing::Elsewhere
            }
            _ => Standing::Free,
        }
    }

    /// Has the client a reservation on this link that it could have now?
    fn reservation_waits(&mut self, world: &World<'_>, plan: &Plan, ask: &Ask<'_>) -> bool {
        let Some(at) = ask.reservation else { return false };
        let address = plan.reservations[at as usize].address;
        let other = &mut self.other;
        world.store.get_into(key_of(plan, address), other);
        let available = match other.state {
            BindingState::Abandoned | BindingState::Reset => false,
            state if state.is_allocatable() => self.offers.is_for(address, &ask.client) != Some(false),
            _ => belongs_to(other, &ask.client),
        };
        available && permission(world, plan, ask, other) == Permission::Allow
    }

    /// Has the client a running lease of another address on this link?
    fn has_lease_elsewhere(
        &mut self,
        world: &World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        address: Ipv4Addr,
    ) -> bool {
        let mut found = std::mem::take(&mut self.found);
        self.find_on_link(world, plan, ask, &mut found);
        let other = &mut self.other;
        let elsewhere = found.iter().any(|&key| {
            key.as_v4() != Some(address)
                && world.store.get_into(key, other)
                && other.state == BindingState::Active
                && belongs_to(other, &ask.client)
        });
        self.found = found;
        elsewhere
    }

    /// The keys of leases on the client's link whose present or last client may be this one. By address:
    /// subnet numbers in old leases may be those of an older configuration.
    pub(crate) fn find_on_link(
        &self,
        world: &World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        found: &mut Vec<LeaseKey>,
    ) {
        let (space, identity) = (plan.config.space, identity(&ask.client));
        found.clear();
        world.store.find(space, None, identity, found);
        if found.len() >= FIND_MAX {
            // Not all of them: there are as many in other subnets, perhaps, where they tell nothing here.
            for &subnet in &plan.links[ask.link as usize] {
                world.store.find(space, Some(plan.subnets[subnet as usize].id), identity, found);
            }
            found.sort_unstable();
            found.dedup();
        }
        found.retain(|key| {
            let subnet = key.as_v4().and_then(|address| plan.subnet_of(address));
            subnet.is_some_and(|at| plan.subnets[at as usize].link == ask.link)
        });
    }
}

/// Is the address in a pool that the client may use?
fn is_dynamic(plan: &Plan, ask: &Ask<'_>, address: Ipv4Addr) -> bool {
    plan.pool_of(address).is_some_and(|pool| plan.pools[pool.0 as usize].admits(ask.classes))
}

/// Does the client not want the address any more?
fn gives_back(message: Message) -> bool {
    matches!(message, Message::Decline | Message::Release)
}

/// Does the client say that it has had the address before?
fn is_reminder(message: Message) -> bool {
    matches!(message, Message::InitReboot | Message::Renewing | Message::Rebinding)
}
