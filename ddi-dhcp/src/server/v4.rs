//! From a message to its answer: standing, rule, action.

use crate::server::ask::Ask;
use crate::server::bind::desired_seconds;
use crate::server::choose::permission;
use crate::server::engine::{Server, World};
use crate::server::io::{Conflict, Dropped, EXHAUSTED_EVERY_SECS, Event};
use crate::server::names::Named;
use crate::server::plan::Plan;
use crate::server::reply::{Says, destination};
use crate::server::rules::{self, Answer, Message, Standing};
use crate::server::serving::may_serve;
use crate::server::standing::key_of;
use crate::v4::{MessageType, code};
use ddi_core::authority::Permission;
use ddi_core::{Instant, Lease, Lsn};
use std::net::Ipv4Addr;

/// Subnets without a free address, and how often that was so.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exhaustion {
    refused: u64,
    /// When an event may be made again.
    quiet_until: Instant,
}

impl Server {
    /// Answers a message. `tries`: how many addresses were already pinged for it.
    pub(crate) fn on_message(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        lease: &mut Lease,
        tries: u8,
    ) -> Result<(), Dropped> {
        let named_other = matches!(ask.message, Message::Selecting | Message::Decline | Message::Release);
        let other = named_other && ask.for_other;
        if !other && !may_serve(world, plan, ask) {
            return Err(Dropped::NotServing);
        }
        let v6_only = v6_only_of_first_pool(plan, ask);
        let (message, standing) = match ask.message {
            _ if other => (ask.message, Standing::NotOurs),
            Message::Discover | Message::DiscoverRapid if v6_only.is_some() => {
                (Message::DiscoverV6Only, Standing::Nothing)
            }
            Message::Discover | Message::DiscoverRapid | Message::DiscoverV6Only | Message::Bootp => {
                (ask.message, self.choose(world, plan, ask, lease))
            }
            Message::Inform => (ask.message, Standing::Nothing),
            _ => (ask.message, self.standing(world, plan, ask, ask.address, lease)),
        };
        match rules::answer(message, standing, plan.config.authoritative) {
            Answer::Offer => self.offer(world, plan, ask, lease, standing, tries),
            Answer::OfferNothing => self.offer_nothing(plan, ask, v6_only),
            Answer::Ack | Answer::BootReply => {
                if self.waits_for_ping(world, plan, ask, lease, standing, tries)? {
                    return Ok(());
                }
                self.ack(world, plan, ask, lease)
            }
            Answer::Nak => self.nak(plan, ask),
            Answer::Quarantine => self.decline(world, plan, lease),
            Answer::Release => self.end(world, lease).map(drop).map_err(|_| Dropped::Store),
            Answer::Options => self.inform(plan, ask),
            Answer::Forget => {
                if let Some(address) = self.offers.of_client(ask.link, &ask.client) {
                    self.end_offer(world, plan, address);
                }
                Err(Dropped::OtherServer)
            }
            Answer::Silent => Err(self.why_silent(world, plan, ask, standing)),
        }
    }

    fn why_silent(&mut self, world: &World<'_>, plan: &Plan, ask: &Ask<'_>, standing: Standing) -> Dropped {
        match standing {
            Standing::NotOurs if ask.is_for_any_server() => Dropped::NotServing,
            Standing::NotOurs => Dropped::OtherServer,
            Standing::Nothing if ask.message == Message::Bootp && !plan.config.dynamic_bootp => {
                Dropped::Silent
            }
            Standing::Nothing => {
                self.exhausted(world, plan, ask);
                Dropped::NoAddress
            }
            _ => Dropped::Silent,
        }
    }

    fn exhausted(&mut self, world: &World<'_>, plan: &Plan, ask: &Ask<'_>) {
        let Some(state) = self.exhaustion.get_mut(ask.subnet as usize) else { return };
        state.refused += 1;
        if world.now.instant < state.quiet_until {
            return;
        }
        let refused = std::mem::take(&mut state.refused);
        state.quiet_until = world.now.instant.plus_secs(EXHAUSTED_EVERY_SECS);
        self.events.push(Event::Exhausted { subnet_id: plan.subnets[ask.subnet as usize].id, refused });
    }

    fn offer(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        lease: &mut Lease,
        standing: Standing,
        tries: u8,
    ) -> Result<(), Dropped> {
        let Some(address) = lease.key.as_v4() else { return Err(Dropped::Silent) };
        let expires = world.now.instant.plus_secs(plan.config.offer_seconds.into());
        match standing {
            Standing::Mine => {}
            Standing::Offered => {
                if tries == 0 && self.pings.contains(address) {
                    // The client was impatient; the answer to its first DISCOVER will do.
                    return Err(Dropped::Silent);
                }
                self.offers.extend(address, expires);
            }
            Standing::Reserved => self.add_offer(world, plan, ask, address, expires),
            _ => match plan.config.ping_millis {
                Some(millis) => return self.ping(world, plan, ask, address, millis, tries),
                None => self.add_offer(world, plan, ask, address, expires),
            },
        }
        let named = self.name(plan, ask);
        let desired = desired_seconds(plan, ask, lease);
        let seconds = world.authority.grant(world.now, lease, desired).lease_seconds;
        self.counters.offers += 1;
        self.reply_lease(plan, ask, MessageType::Offer, lease, seconds, named, Lsn::ZERO)
    }

    fn add_offer(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        address: Ipv4Addr,
        expires: Instant,
    ) {
        // A client has one offer on a link: `choose` ended an older one, but for a reserved address.
        if let Some(older) = self.offers.of_client(ask.link, &ask.client) {
            self.end_offer(world, plan, older);
        }
        while self.offers.len() >= plan.config.max_offers {
            let Some((oldest, _)) = self.offers.oldest() else { break };
            self.counters.offers_evicted += 1;
            self.end_offer(world, plan, oldest);
        }
        self.offers.insert(address, ask.link, &ask.client, expires);
    }

    /// Is an address that is to be ACKed at once pinged first? Its client has no offer, before which that
    /// would have been done: it is made one meanwhile.
    fn waits_for_ping(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        lease: &Lease,
        standing: Standing,
        tries: u8,
    ) -> Result<bool, Dropped> {
        let at_once = matches!(ask.message, Message::DiscoverRapid | Message::Bootp);
        let (Some(millis), Some(address)) = (plan.config.ping_millis.filter(|_| at_once), lease.key.as_v4())
        else {
            return Ok(false);
        };
        match standing {
            Standing::Free | Standing::Ended => {
                self.ping(world, plan, ask, address, millis, tries).map(|()| true)
            }
            Standing::Offered if tries == 0 && self.pings.contains(address) => Err(Dropped::Silent),
            _ => Ok(false),
        }
    }

    /// Offers the address and has it pinged: the message is looked at again when that has an end.
    fn ping(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        address: Ipv4Addr,
        millis: u32,
        tries: u8,
    ) -> Result<(), Dropped> {
        if self.pings.is_full() {
            world.store.release_hold(key_of(plan, address));
            return Err(Dropped::QueueFull);
        }
        let expires = world.now.instant.plus_secs(plan.config.offer_seconds.into());
        self.add_offer(world, plan, ask, address, expires);
        let deadline = world.now.instant.plus_millis(millis.into());
        self.pings.push(address, tries + 1, deadline, &ask.received);
        self.counters.pings += 1;
        let interface = if ask.is_relayed() { 0 } else { ask.received.interface };
        self.events.push(Event::Ping { address, interface });
        Ok(())
    }

    fn offer_nothing(&mut self, plan: &Plan, ask: &Ask<'_>, v6_only: Option<u32>) -> Result<(), Dropped> {
        let seconds = plan.subnets[ask.subnet as usize].lease.default_seconds;
        let says = Says {
            kind: Some(MessageType::Offer),
            yiaddr: Ipv4Addr::UNSPECIFIED,
            lease_seconds: Some(seconds),
            fqdn: None,
            v6_only,
        };
        self.counters.offers += 1;
        self.reply(plan, ask, &says, Lsn::ZERO)
    }

    /// Binds and promises. The reply waits until the lease is durable.
    fn ack(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        lease: &mut Lease,
    ) -> Result<(), Dropped> {
        match permission(world, plan, ask, lease) {
            Permission::Allow => {}
            Permission::Nak if ask.message != Message::Bootp && ask.message != Message::DiscoverRapid => {
                return self.nak(plan, ask);
            }
            _ => return Err(Dropped::NotServing),
        }
        let mine = lease.state == ddi_core::BindingState::Active;
        let named = self.name(plan, ask);
        let desired = desired_seconds(plan, ask, lease);
        let grant = world.authority.grant(world.now, lease, desired);
        let cached = if mine { self.cached_seconds(world, plan, ask, lease, named, &grant) } else { None };
        let (seconds, version) = match cached {
            Some(remaining) => {
                self.counters.acks_cached += 1;
                (remaining, lease.version)
            }
            None => match self.bind(world, plan, ask, lease, named, &grant) {
                Ok(version) => (grant.lease_seconds, version),
                Err(why) => {
                    self.unhold(world, lease);
                    return Err(why);
                }
            },
        };
        if let Some(address) = self.offers.of_client(ask.link, &ask.client) {
            self.end_offer(world, plan, address);
        }
        if ask.message == Message::Bootp {
            self.counters.bootp_replies += 1;
            let yiaddr = lease.key.as_v4().unwrap_or(Ipv4Addr::UNSPECIFIED);
            let says = Says { kind: None, yiaddr, lease_seconds: None, fqdn: None, v6_only: None };
            return self.reply(plan, ask, &says, version);
        }
        self.counters.acks += 1;
        self.reply_lease(plan, ask, MessageType::Ack, lease, seconds, named, version)
    }

    /// A lease could not be written: its address is held for nobody, unless it is offered.
    fn unhold(&mut self, world: &mut World<'_>, lease: &Lease) {
        let offered = lease.key.as_v4().is_some_and(|address| self.offers.contains(address));
        if !offered {
            world.store.release_hold(lease.key);
        }
    }

    fn nak(&mut self, plan: &Plan, ask: &Ask<'_>) -> Result<(), Dropped> {
        let says = Says {
            kind: Some(MessageType::Nak),
            yiaddr: Ipv4Addr::UNSPECIFIED,
            lease_seconds: None,
            fqdn: None,
            v6_only: None,
        };
        self.counters.naks += 1;
        self.reply(plan, ask, &says, Lsn::ZERO)
    }

    fn decline(&mut self, world: &mut World<'_>, plan: &Plan, lease: &mut Lease) -> Result<(), Dropped> {
        self.quarantine(world, plan, lease, Conflict::Declined).map(drop).map_err(|_| Dropped::Store)
    }

    fn inform(&mut self, plan: &Plan, ask: &Ask<'_>) -> Result<(), Dropped> {
        // The address is not ours to judge, but replies are not sent just anywhere.
        let ciaddr = ask.packet.ciaddr();
        let on_link = plan.subnet_of(ciaddr).is_some_and(|at| plan.subnets[at as usize].link == ask.link);
        if !ciaddr.is_unspecified() && !on_link {
            return Err(Dropped::NoSubnet);
        }
        let says = Says {
            kind: Some(MessageType::Ack),
            yiaddr: Ipv4Addr::UNSPECIFIED,
            lease_seconds: None,
            fqdn: None,
            v6_only: v6_only_of_first_pool(plan, ask),
        };
        self.counters.acks += 1;
        self.reply(plan, ask, &says, Lsn::ZERO)
    }

    #[allow(clippy::too_many_arguments, reason = "all of them make up the reply")]
    fn reply_lease(
        &mut self,
        plan: &Plan,
        ask: &Ask<'_>,
        kind: MessageType,
        lease: &Lease,
        seconds: u32,
        named: Option<Named>,
        version: Lsn,
    ) -> Result<(), Dropped> {
        let yiaddr = lease.key.as_v4().unwrap_or(Ipv4Addr::UNSPECIFIED);
        let fqdn = std::mem::take(&mut self.fqdn);
        let says = Says {
            kind: Some(kind),
            yiaddr,
            lease_seconds: Some(seconds),
            fqdn: named.and_then(|named| named.flags).map(|flags| (flags, &fqdn[..])),
            v6_only: plan.pool_of(yiaddr).and_then(|pool| plan.pools[pool.0 as usize].v6_only),
        };
        let replied = self.reply(plan, ask, &says, version);
        self.fqdn = fqdn;
        replied
    }

    fn reply(&mut self, plan: &Plan, ask: &Ask<'_>, says: &Says<'_>, version: Lsn) -> Result<(), Dropped> {
        let len = self.reply.build(plan, ask, says)?;
        let to = destination(plan, ask, says);
        let bytes = self.reply.bytes.get(..len).unwrap_or_default();
        self.replies.push(version, bytes, ask.received.interface, ask.reply_from, to);
        Ok(())
    }
}

/// The V6ONLY_WAIT of the pool that the client would get an address from, if the client knows of it
/// (RFC 8925 section 3.3).
fn v6_only_of_first_pool(plan: &Plan, ask: &Ask<'_>) -> Option<u32> {
    if !ask.lists(code::V6_ONLY_PREFERRED) {
        return None;
    }
    let subnet = &plan.subnets[ask.subnet as usize];
    let pools = subnet.pools.iter().map(|&pool| &plan.pools[pool as usize]);
    pools.filter(|pool| pool.admits(ask.classes)).map(|pool| pool.v6_only).next().unwrap_or(subnet.v6_only)
}
