//! Whether this server answers, by the pools that the message is about: each may be shared with another
//! partner, whose relationship has a state of its own.

use crate::server::ask::Ask;
use crate::server::engine::World;
use crate::server::plan::{Plan, SubnetIndex};
use crate::server::rules::Message;
use ddi_core::PoolId;
use ddi_core::authority::{Asking, Question, Service};
use std::net::Ipv4Addr;

/// May this server answer at all? Where the client has no address yet, one pool that could give it one is
/// enough: the choice then keeps to such pools.
pub(crate) fn may_serve(world: &World<'_>, plan: &Plan, ask: &Ask<'_>) -> bool {
    if !ask.is_for_any_server() {
        return serves_at(world, plan, ask, ask.address);
    }
    let mut pools = subnets(plan, ask)
        .flat_map(|subnet| &plan.subnets[subnet as usize].pools)
        .filter(|pool| plan.pools[**pool as usize].admits(ask.classes))
        .peekable();
    if pools.peek().is_none() {
        return service(world, ask, first_pool(plan, ask.subnet)) == Service::Serve;
    }
    pools.any(|pool| service(world, ask, Some(PoolId(*pool))) == Service::Serve)
}

/// May this server answer where the client would have this address?
pub(crate) fn serves_at(world: &World<'_>, plan: &Plan, ask: &Ask<'_>, address: Ipv4Addr) -> bool {
    let on_link = plan.subnet_of(address).filter(|&at| plan.subnets[at as usize].link == ask.link);
    // A reserved address in no pool goes with those of its subnet.
    let pool = on_link.and_then(|_| plan.pool_of(address));
    service(world, ask, pool.or_else(|| first_pool(plan, on_link.unwrap_or(ask.subnet)))) == Service::Serve
}

/// Whether to answer where the client would have an address of this pool.
pub(crate) fn service(world: &World<'_>, ask: &Ask<'_>, pool: Option<PoolId>) -> Service {
    let asking = match ask.message {
        Message::Discover | Message::DiscoverRapid | Message::DiscoverV6Only | Message::Bootp => {
            Asking::Discover
        }
        Message::Selecting | Message::InitReboot | Message::Renewing | Message::Rebinding => Asking::Request,
        Message::Decline | Message::Release => Asking::GiveBack,
        Message::Inform => Asking::Inform,
    };
    let question = Question { asking, hash_id: ask.client.hash_id(), secs: ask.packet.secs(), pool };
    world.authority.serves(world.now, question)
}

/// The subnets that the client may get an address of, its own first.
pub(crate) fn subnets<'p>(plan: &'p Plan, ask: &Ask<'_>) -> impl Iterator<Item = SubnetIndex> + use<'p> {
    let own = ask.subnet;
    let others = plan.links[ask.link as usize].iter().copied().filter(move |&other| other != own);
    std::iter::once(own).chain(others)
}

fn first_pool(plan: &Plan, subnet: SubnetIndex) -> Option<PoolId> {
    plan.subnets[subnet as usize].pools.first().map(|&pool| PoolId(pool))
}
