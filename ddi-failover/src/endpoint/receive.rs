//! The partner's updates, and its answers to ours.

use std::net::Ipv4Addr;

use ddi_core::{BindingState, Expect, HwAddr, Lease, LeaseKey, LeaseStore, Lsn, Origin, UnixTime};

use crate::endpoint::engine::Endpoint;
use crate::endpoint::event::Event;
use crate::endpoint::flow::{ACKS_MAX, Ack, Flight, Mark, needs_update};
use crate::endpoint::states::Alarm;
use crate::resolve::{
    Accepted, Context, Outgoing, Refusal, Update, acknowledged, after_refusal, apply, decide,
};
use crate::state::{Profile, Role, State};
use crate::wire::v4::{BindingAcks, BindingUpdate, BindingUpdates, RejectReason};

/// How long after a refusal all leases are looked through for what the partner lacks, in seconds.
pub const RETRY_SECONDS: u64 = 60;

impl Endpoint {
    pub(super) fn on_updates<S: LeaseStore + ?Sized>(
        &mut self,
        store: &mut S,
        xid: u32,
        updates: BindingUpdates<'_>,
    ) {
        for update in updates {
            let Ok(update) = update else {
                self.talk.hang_up = Some((RejectReason::MISCELLANEOUS, "malformed binding update"));
                return;
            };
            if self.updates.acks.len() + self.updates.refusals.len() >= ACKS_MAX {
                self.talk.hang_up = Some((RejectReason::MISCELLANEOUS, "too many unacknowledged updates"));
                return;
            }
            match self.on_update(store, &update) {
                Ok(Some((addr, lsn))) => self.updates.acks.push_back(Ack { lsn, xid, addr }),
                Ok(None) => {}
                Err(why) => {
                    if let Some(addr) = update.address {
                        self.events.push(Event::RefusedPartner { key: self.pools.key(addr), why });
                        self.after_refusing(store, addr, why);
                    }
                    self.updates.refusals.push_back((xid, update.address, why));
                }
            }
        }
    }

    /// Takes an update: gives what has to be durable before it is acknowledged; `None` if it could not be
    /// stored.
    fn on_update<S: LeaseStore + ?Sized>(
        &mut self,
        store: &mut S,
        wire: &BindingUpdate<'_>,
    ) -> Result<Option<(Ipv4Addr, Lsn)>, Refusal> {
        let update = Update::from_wire(wire)?;
        let addr = wire.address.ok_or(Refusal::Missing { what: "assigned-IP-address" })?;
        let key = self.pools.key(addr);
        let place = self.pools.place(addr);
        let stored = store.get_into(key, &mut self.lease);
        let outgoing = self.outgoing(addr, stored, &update);
        let context = Context {
            profile: self.profile,
            role: self.config.role,
            state: self.saved.state,
            now: self.latest.unix,
            held: &self.lease,
            in_pool: place.is_some(),
            outgoing,
            known: outgoing.is_none(),
        };
        // Its client holds the address by this server's word too, of which the partner may not have heard.
        let untold = outgoing.is_some() && is_served_by_both(&self.lease, &update);
        let changes_client = if place.is_some() && self.takes_anything() {
            false
        } else {
            match decide(&context, &update) {
                Ok(Accepted { changes_client, .. }) => changes_client,
                Err(why) => {
                    if untold && why == Refusal::OwnIsBetter {
                        self.remember_promise(store, &update);
                    }
                    return Err(why);
                }
            }
        };
        self.updates.unmark(addr.into());
        if !stored && is_never_leased(&update) {
            // As if never leased, which is what it is here: nothing to store.
            return Ok(Some((addr, Lsn::ZERO)));
        }
        self.write(wire, &update);
        let ended =
            matches!(update.state, BindingState::Expired | BindingState::Released | BindingState::Reset);
        self.touch_pool(place);
        let given = ended && self.give_freed(store, place);
        // The client was told a longer time by this server, or may have been, since the two clocks differ: the
        // partner has to know.
        let longer = self.lease.state == BindingState::Active
            && update.expiration.is_some_and(|end| end < self.lease.expiration_time);
        let tell = longer || untold;
        if tell {
            self.lease.rewind_state = None;
        }
        let Ok(lsn) = store.put_forced(&mut self.lease, Expect::Any) else {
            self.store_failed(key);
            return Ok(None);
        };
        if given || tell {
            self.changed(addr);
        }
        self.events.applied(key);
        if changes_client {
            self.events.push(Event::ClientChanged { key });
        }
        Ok(Some((addr, lsn)))
    }

    /// Makes the lease in `self.lease` what the update says.
    fn write(&mut self, wire: &BindingUpdate<'_>, update: &Update<'_>) {
        if self.saved.full_update_owed {
            // What an old database says of it was acknowledged of another lease, perhaps.
            self.lease.potential_expiration_time.acked = UnixTime::UNSET;
        }
        apply(self.profile, self.config.role, &mut self.lease, update, self.config.relationship);
        if self.rich {
            crate::endpoint::rich::take(wire, &mut self.lease);
        }
    }

    /// The lease in `self.lease` is of this pool, whose free addresses may have become more or fewer.
    fn touch_pool(&mut self, place: Option<usize>) {
        let Some(place) = place else { return };
        if let Some(pool) = self.pools.list.get(place) {
            self.lease.subnet_id = pool.subnet_id;
        }
        if let Some(balance) = self.balances.get_mut(place) {
            balance.touched = true;
        }
    }

    /// The partner's update is refused, being the earlier of two servers' words to the same client; what it
    /// promised holds all the same.
    fn remember_promise<S: LeaseStore + ?Sized>(&mut self, store: &mut S, update: &Update<'_>) {
        let lease = &mut self.lease;
        let received = update.potential_expiration.unwrap_or_default();
        let end = update.expiration.unwrap_or_default();
        let times = &mut lease.potential_expiration_time;
        if self.profile != Profile::Draft || received <= times.received && end <= lease.expiration_time {
            return;
        }
        times.received = times.received.max(received);
        lease.expiration_time = lease.expiration_time.max(end);
        if store.put_forced(lease, Expect::Any).is_err() {
            let key = lease.key;
            self.store_failed(key);
        }
    }

    /// This server's leases are lost, or are those of an older time: what the partner has is newer. Two that
    /// both lost them can't say that of each other.
    fn takes_anything(&self) -> bool {
        self.saved.full_update_owed
            && self.saved.state == State::Recover
            && self.saved.partner != Some(State::Recover)
    }

    /// What this server has to say of the lease in `self.lease` itself, and has not been heard with: on its
    /// way, or still to be sent.
    ///
    /// dhcpd counts only what is on its way. With it, what is still to be sent counts where a client was served:
    /// else a dhcpd that comes back, and tells again what it had told before, would take the address from the
    /// hands of a client of whom it has not heard.
    fn outgoing(&self, addr: Ipv4Addr, stored: bool, update: &Update<'_>) -> Option<Outgoing> {
        let held = &self.lease;
        let same = || {
            held.state == BindingState::Active
                && update.state == BindingState::Active
                && update.same_client(held)
        };
        // A lease that is over protects nobody; if dhcpd refused it, it never asks again.
        let served = held.state == BindingState::Active
            && held.origin == Origin::Local
            && self.latest.unix < held.expiration_time;
        let flight = self.updates.flight(addr.into());
        let counts = flight.is_some()
            || stored && needs_update(held) && (self.profile == Profile::Draft || served || same());
        // The partner judges what it hears: a client that left since then is on its way to it all the same.
        let tells_of_client = flight.is_some_and(|flight| flight.state == BindingState::Active);
        counts.then_some(Outgoing {
            state: if tells_of_client { BindingState::Active } else { held.state },
            client_last_transaction_time: held.client_last_transaction_time,
        })
    }

    /// The partner lacks what made this server refuse. The primary tells it; if both did, they might never
    /// end.
    fn after_refusing<S: LeaseStore + ?Sized>(&mut self, store: &mut S, addr: Ipv4Addr, why: Refusal) {
        let partner_lacks = matches!(
            why,
            Refusal::Outdated | Refusal::LessCritical | Refusal::OtherClient | Refusal::Transition { .. }
        );
        if !partner_lacks || self.config.role == Role::Secondary {
            return;
        }
        let key = self.pools.key(addr);
        if !store.get_into(key, &mut self.lease) {
            return;
        }
        if !needs_update(&self.lease) {
            // So that a later connection knows it too.
            self.lease.rewind_state = None;
            if store.put_forced(&mut self.lease, Expect::Any).is_err() {
                return self.store_failed(key);
            }
        }
        self.changed(addr);
    }

    pub(super) fn on_acks<S: LeaseStore + ?Sized>(&mut self, store: &mut S, xid: u32, acks: BindingAcks<'_>) {
        for ack in acks {
            let Ok(ack) = ack else {
                self.talk.hang_up = Some((RejectReason::MISCELLANEOUS, "malformed binding acknowledgement"));
                return;
            };
            let Some(addr) = ack.address else { continue };
            // One that this server has forgotten: its own later update lost against the partner's.
            let Some(flight) = self.updates.land(addr.into(), xid) else { continue };
            match ack.reject_reason {
                None => self.on_ack(store, addr, &flight),
                Some(reason) => self.on_rejected(self.pools.key(addr), RejectReason(reason)),
            }
            if let Some(mark) = flight.again {
                self.updates.mark(addr.into(), mark);
            }
        }
    }

    /// The lease is news to the partner. Where it is not to be told at once, the lease itself says so later.
    pub(super) fn changed(&mut self, addr: Ipv4Addr) {
        if self.sends_changes() {
            self.updates.mark(addr.into(), Mark::default());
        }
    }

    fn on_rejected(&mut self, key: LeaseKey, reason: RejectReason) {
        self.events.push(Event::RefusedByPartner { key, reason, after: after_refusal(reason) });
        // dhcpd would refuse the same again, but where its own word was on its way; between two of ours the clocks
        // may have been the reason.
        let may_change = self.profile == Profile::Draft || reason == RejectReason::LESS_CRITICAL_BINDING;
        if may_change && !self.alarms.is_armed(Alarm::Retry) {
            self.arm(Alarm::Retry, self.latest.instant.plus_secs(RETRY_SECONDS));
        }
    }

    fn on_ack<S: LeaseStore + ?Sized>(&mut self, store: &mut S, addr: Ipv4Addr, flight: &Flight) {
        let key = self.pools.key(addr);
        if !store.get_into(key, &mut self.lease) {
            return;
        }
        let before = self.lease.state;
        let mut given = false;
        if self.lease.version == flight.version {
            let known =
                !needs_update(&self.lease) && self.lease.potential_expiration_time.acked == flight.potential;
            if known {
                return;
            }
            acknowledged(self.profile, self.config.role, &mut self.lease, flight.potential);
            self.lease.rewind_state = Some(self.lease.state);
            let place = self.pools.place(addr);
            given = before != self.lease.state && self.give_freed(store, place);
            if let Some(balance) = place.and_then(|place| self.balances.get_mut(place)) {
                balance.touched |= before != BindingState::Active;
            }
        } else if before == BindingState::Active && flight.state == BindingState::Active {
            // The client renewed meanwhile; what the partner knows of before counts all the same.
            let times = &mut self.lease.potential_expiration_time;
            times.acked = times.acked.max(flight.potential);
            if flight.again.is_some() && !needs_update(&self.lease) {
                // It may know of more than is promised now, but not of what changed.
                self.lease.rewind_state = None;
            }
        } else {
            return;
        }
        if store.put_forced(&mut self.lease, Expect::Any).is_err() {
            return self.store_failed(key);
        }
        if given {
            self.changed(addr);
        }
        if before != self.lease.state {
            self.events.push(Event::Freed { key });
        }
    }

    pub(super) fn on_lease_changed<S: LeaseStore + ?Sized>(&mut self, store: &mut S, key: LeaseKey) {
        let Some(place) = self.pools.place_of_key(key) else { return };
        let Some(addr) = key.as_v4() else { return };
        if let Some(balance) = self.balances.get_mut(place) {
            balance.touched = true;
        }
        if store.get_into(key, &mut self.lease) && !needs_update(&self.lease) {
            // Not a binding, but something else that the lease holds: the lease itself must tell that it is
            // news, for a later connection.
            self.lease.rewind_state = None;
            if store.put_forced(&mut self.lease, Expect::Any).is_err() {
                return self.store_failed(key);
            }
        }
        self.changed(addr);
        if self.saved.state == State::PartnerDown {
            self.reclaim_later(store, key);
        }
    }
}

/// dhcpd reports every address of its pools, those that nobody ever had as well.
fn is_never_leased(update: &Update<'_>) -> bool {
    update.state == BindingState::Free
        && update.client_id.is_none()
        && update.hw_addr.is_none_or(|hw_addr| hw_addr == HwAddr::EMPTY)
        && !update.reserved
        && !update.bootp
}

/// Both servers gave the address to the same client.
fn is_served_by_both(held: &Lease, update: &Update<'_>) -> bool {
    held.state == BindingState::Active
        && held.origin == Origin::Local
        && update.state == BindingState::Active
        && update.same_client(held)
}
