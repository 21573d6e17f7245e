//! What is said on the connection that is up, in this order: states and requests, refusals,
//! acknowledgements of what is durable, updates of what is durable.

use ddi_core::{BindingState, HwAddr, Lease, LeaseStore, UnixTime};

use crate::endpoint::engine::Endpoint;
use crate::endpoint::event::LinkId;
use crate::endpoint::flow::{Flight, Mark, is_prepared};
use crate::endpoint::link::{Link, LinkEnd, SendError};
use crate::endpoint::resync::Sweep;
use crate::endpoint::rich;
use crate::endpoint::states::{Asked, Say};
use crate::resolve::Refusal;
use crate::state::{Ask, survives};
use crate::wire::v4::{
    BindingAck, BindingUpdate, FLAG_BOOTP, FLAG_RESERVED, FLAG_STARTUP, HardwareAddress, Kind, PoolResponse,
    RejectReason, StateReport, Writer, server_state_number, to_wire_time,
};

/// Bytes that are written ahead of the host's sending them.
const AHEAD: usize = 64 * 1024;
/// The most acknowledgements in one message, between two servers of ours: 8 bytes each.
const BATCH_ACKS_MAX: usize = 128;

impl Endpoint {
    pub(super) fn say_all<S: LeaseStore + ?Sized>(&mut self, store: &S, id: LinkId) {
        if self.links.get_mut(id).is_none_or(|link| link.waiting() >= AHEAD) {
            return;
        }
        let Some(mut link) = self.links.take(id) else { return };
        let fatal = self.say_says(&mut link).is_err();
        if !fatal && self.talk.says.is_empty() {
            self.say_refusals(&mut link);
            self.say_acks(store, &mut link);
            self.say_updates(store, &mut link);
        }
        if fatal {
            let text = "this server's state would end the partner";
            link.close(self.latest, RejectReason::MISCELLANEOUS, text);
            self.links.put_back(id, link);
            self.on_link_end(id, LinkEnd::HungUp { reason: RejectReason::MISCELLANEOUS, text });
            return;
        }
        self.links.put_back(id, link);
    }

    /// An error: the next word would end a dhcpd in its present state.
    fn say_says(&mut self, link: &mut Link) -> Result<(), ()> {
        while let Some(say) = self.talk.says.front().copied() {
            if let (Say::State { state, .. }, Some(partner)) = (say, self.saved.partner)
                && self.talk.heard
                && !survives(self.profile, partner, state)
            {
                return Err(());
            }
            if self.say(link, say).is_err() {
                break;
            }
            self.talk.says.pop_front();
        }
        Ok(())
    }

    fn say(&mut self, link: &mut Link, say: Say) -> Result<(), SendError> {
        let now = self.latest;
        match say {
            Say::State { state, startup, since } => {
                let report = StateReport {
                    state: Some(server_state_number(state)),
                    flags: Some(if startup { FLAG_STARTUP } else { 0 }),
                    start_time_of_state: Some(to_wire_time(since)),
                };
                link.send(now, Kind::STATE, |w| report.write(w)).map(drop)
            }
            Say::Ask(what) => {
                let kind = if what == Ask::All { Kind::UPDREQALL } else { Kind::UPDREQ };
                let xid = link.send(now, kind, |_| {})?;
                self.talk.asked = Some(Asked { xid, what });
                self.updates.review = None;
                Ok(())
            }
            Say::Done { xid } => link.answer(now, Kind::UPDDONE, xid, |_| {}),
            Say::PoolRequest => link.send(now, Kind::POOLREQ, |_| {}).map(drop),
            Say::PoolResponse { xid, count } => {
                let body = PoolResponse { addresses_transferred: Some(count) };
                link.answer(now, Kind::POOLRESP, xid, |w| body.write(w))
            }
        }
    }

    fn say_refusals(&mut self, link: &mut Link) {
        while let Some(&(xid, address, why)) = self.updates.refusals.front() {
            let text = refusal_text(why);
            let ack =
                BindingAck { address, reject_reason: Some(why.reason().0), message: Some(text.as_bytes()) };
            if link.answer(self.latest, Kind::BNDACK, xid, |w| ack.write(w)).is_err() {
                break;
            }
            self.updates.refusals.pop_front();
        }
    }

    /// Section 7.2: only after the lease is stored durably.
    fn say_acks<S: LeaseStore + ?Sized>(&mut self, store: &S, link: &mut Link) {
        let durable = store.durable();
        let most = if self.rich { BATCH_ACKS_MAX } else { 1 };
        while let Some(first) = self.updates.acks.front().filter(|ack| ack.lsn <= durable) {
            if link.waiting() >= AHEAD {
                break;
            }
            let xid = first.xid;
            let ready = |ack: &&super::flow::Ack| ack.xid == xid && ack.lsn <= durable;
            let count = self.updates.acks.iter().take(most).take_while(ready).count();
            let acks = &self.updates.acks;
            let write = |w: &mut Writer<'_>| {
                for ack in acks.iter().take(count) {
                    BindingAck { address: Some(ack.addr), ..BindingAck::default() }.write(w);
                }
            };
            if link.answer(self.latest, Kind::BNDACK, xid, write).is_err() {
                break;
            }
            self.updates.acks.drain(..count);
        }
    }

    fn say_updates<S: LeaseStore + ?Sized>(&mut self, store: &S, link: &mut Link) {
        while self.updates.room() > 0 && link.waiting() < AHEAD {
            let Some((addr, mark)) = self.next_ready(store) else { break };
            if self.say_update(store, link, addr, mark).is_err() {
                self.updates.ready.push_front((addr, mark));
                break;
            }
        }
        let more = self.updates.sweep.as_ref().is_some_and(Sweep::has_more)
            || self.sends_dirty() && self.updates.has_dirty();
        // Nothing is read before the partner was heard, which a server that listens first waits for.
        self.again |= more && self.updates.ready_room() > 0 && self.is_linked();
    }

    /// The next lease that is to be sent, which is then in `self.lease`.
    fn next_ready<S: LeaseStore + ?Sized>(&mut self, store: &S) -> Option<(u32, Mark)> {
        loop {
            let &(addr, mark) = self.updates.ready.front()?;
            store.get_into(self.pools.key(addr.into()), &mut self.lease);
            if self.lease.version > store.durable() {
                return None;
            }
            self.updates.ready.pop_front();
            if let Some(flight) = self.updates.flight(addr) {
                let changed = flight.version != self.lease.version;
                if mark.swept {
                    self.updates.mark_flight(addr, changed);
                } else if changed {
                    self.updates.mark(addr, mark);
                }
            } else if !self.wanted(mark) {
                self.updates.swept_is_done(mark.swept);
                self.again = true;
            } else if is_prepared(&self.lease) {
                return Some((addr, mark));
            } else {
                self.updates.mark(addr, mark);
                self.again = true;
            }
        }
    }

    fn say_update<S: LeaseStore + ?Sized>(
        &mut self,
        store: &S,
        link: &mut Link,
        addr: u32,
        mark: Mark,
    ) -> Result<(), SendError> {
        if self.rich {
            return self.say_batch(store, link, addr, mark);
        }
        let potential = potential(&self.lease);
        let update = wire_of(&self.lease, potential);
        let xid = link.send(self.latest, Kind::BNDUPD, |w| update.write(w))?;
        self.updates.sent(addr, flight_of(&self.lease, xid, potential, mark));
        Ok(())
    }

    /// As many leases as fit, in one message.
    fn say_batch<S: LeaseStore + ?Sized>(
        &mut self,
        store: &S,
        link: &mut Link,
        addr: u32,
        mark: Mark,
    ) -> Result<(), SendError> {
        let mut batch = rich::Batch::default();
        batch.push(addr, &self.lease, mark);
        while self.updates.room() > batch.len() {
            let Some((addr, mark)) = self.next_ready(store) else { break };
            if !batch.push(addr, &self.lease, mark) {
                self.updates.ready.push_front((addr, mark));
                break;
            }
        }
        match link.send(self.latest, Kind::BNDUPD, |w| batch.write(w)) {
            Ok(xid) => {
                for (addr, flight) in batch.into_flights() {
                    self.updates.sent(addr, Flight { xid, ..flight });
                }
                Ok(())
            }
            Err(error) => {
                // The first is put back by the caller.
                for (addr, mark) in batch.marks().skip(1).rev() {
                    self.updates.ready.push_front((addr, mark));
                }
                Err(error)
            }
        }
    }
}

/// What is said of the promise to a client: all that either server may have promised, so that a partner that
/// lost its leases knows it again. Nothing is promised in any other state.
pub(super) fn potential(lease: &Lease) -> UnixTime {
    let times = &lease.potential_expiration_time;
    if lease.state == BindingState::Active { times.sent.max(times.received) } else { UnixTime::UNSET }
}

pub(super) fn flight_of(lease: &Lease, xid: u32, potential: UnixTime, mark: Mark) -> Flight {
    Flight { xid, version: lease.version, state: lease.state, potential, swept: mark.swept, again: None }
}

/// A lease for the wire, as dhcpd writes it.
pub(super) fn wire_of(lease: &Lease, potential: UnixTime) -> BindingUpdate<'_> {
    let has_client = lease.state != BindingState::Abandoned;
    let needs_client =
        matches!(lease.state, BindingState::Active | BindingState::Expired | BindingState::Released);
    let hw_addr = HardwareAddress { htype: lease.hw_addr.htype() as u8, addr: lease.hw_addr.bytes() };
    let set = |is: bool, flag: u16| if is { flag } else { 0 };
    let flags = set(lease.reserved, FLAG_RESERVED) | set(lease.bootp, FLAG_BOOTP);
    let heard = lease.client_last_transaction_time;
    BindingUpdate {
        address: lease.key.as_v4(),
        binding_status: Some(lease.state.number()),
        client_id: (has_client && !lease.client_id.is_empty()).then_some(&lease.client_id),
        hw_addr: (needs_client || has_client && lease.hw_addr != HwAddr::EMPTY).then_some(hw_addr),
        lease_expiration_time: Some(to_wire_time(lease.expiration_time)),
        potential_expiration_time: Some(to_wire_time(potential)),
        start_time_of_state: Some(to_wire_time(lease.start_time_of_state)),
        client_last_transaction_time: (heard != UnixTime::UNSET).then_some(to_wire_time(heard)),
        ip_flags: (flags != 0).then_some(flags),
        ..BindingUpdate::default()
    }
}

/// dhcpd's buffers are short.
fn refusal_text(why: Refusal) -> String {
    why.to_string()
}
