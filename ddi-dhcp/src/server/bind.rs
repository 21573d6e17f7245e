//! Writing leases: bound, ended, quarantined, reclaimed.

use crate::server::ask::Ask;
use crate::server::config::LeaseTimes;
use crate::server::engine::{Server, World};
use crate::server::io::{Conflict, Dropped, Event};
use crate::server::names::{Claim, Named};
use crate::server::plan::Plan;
use crate::server::rules::Message;
use crate::server::standing::belongs_to;
use crate::v4::code;
use ddi_core::authority::Grant;
use ddi_core::lease::{DdnsFacts, PotentialExpiration};
use ddi_core::{BindingState, Expect, Lease, LeaseKey, LeaseStore, Lsn, Origin, StoreError, UnixTime};

/// The longest host name that a lease holds.
const HOSTNAME_MAX: usize = 255;
/// The longest option 81 that is read: three bytes and a name (RFC 1035 section 3.1).
const FQDN_MAX: usize = 3 + 255;
/// How many leases one [`Server::handle_timeout`] reclaims.
const RECLAIM_SLICE: usize = 256;
/// When an authority leaves this many expired leases as they are, those behind them wait.
const RECLAIM_WINDOW_MAX: usize = 16_384;

/// What [`Expect`] a put of a lease that was read has.
fn as_read(lease: &Lease) -> Expect {
    if lease.version == Lsn::ZERO { Expect::Absent } else { Expect::Version(lease.version) }
}

/// The end of a lease of so many seconds.
fn end_of(now: UnixTime, seconds: u32) -> UnixTime {
    if seconds == u32::MAX { UnixTime::NEVER } else { now.plus_secs(seconds.into()) }
}

/// Until when the client of a running lease may rely on it. If it was heard of after now, the clock has been set
/// back since: then it was told no more than that length of time, and before now. With a partner that may be
/// the other's clock, and the partner counts with the end that it knows.
fn told(lease: &Lease, now: UnixTime) -> UnixTime {
    let (heard, end) = (lease.client_last_transaction_time, lease.expiration_time);
    let is_own =
        lease.origin == Origin::Local && lease.potential_expiration_time == PotentialExpiration::default();
    if is_own && heard > now { end.min(now.plus_secs(end.secs_since(heard))) } else { end }
}

/// The lease time that configuration and client agree on.
pub(crate) fn desired_seconds(plan: &Plan, ask: &Ask<'_>, lease: &Lease) -> u32 {
    if ask.message == Message::Bootp {
        return u32::MAX;
    }
    let by_class = ask.classes.iter().rev().find_map(|&class| plan.classes[class as usize].lease);
    let subnet = lease.key.as_v4().and_then(|address| plan.subnet_of(address)).unwrap_or(ask.subnet);
    let times: LeaseTimes = by_class.unwrap_or(plan.subnets[subnet as usize].lease);
    let asked = ask.packet.lease_seconds();
    asked.map_or(times.default_seconds, |asked| asked.clamp(times.min_seconds, times.max_seconds))
}

impl Server {
    /// Decides on the client's name in DNS; the name is left in `self.fqdn`.
    pub(crate) fn name(&mut self, plan: &Plan, ask: &Ask<'_>) -> Option<Named> {
        let own = plan.config.subnets[ask.subnet as usize].names.as_ref();
        let names = own.unwrap_or(&plan.config.names);
        self.fqdn.clear();
        if !names.enabled {
            return None;
        }
        let (mut joined, mut other) = ([0; FQDN_MAX], [0; HOSTNAME_MAX]);
        // RFC 4702 section 4: with option 81, option 12 is ignored.
        let fqdn = ask.packet.option(code::CLIENT_FQDN).and_then(|value| value.to_slice(&mut joined));
        let claim = match fqdn {
            Some(value) => Some(Claim::Fqdn(value)),
            None => ask
                .packet
                .option(code::HOST_NAME)
                .and_then(|value| value.to_slice(&mut other))
                .map(Claim::Hostname),
        };
        let named = claim.and_then(|claim| names.decide(claim, &mut self.fqdn));
        let reserved = ask.reservation.map(|at| &plan.reservations[at as usize].hostname[..]);
        names.replace(reserved.unwrap_or_default(), named, &mut self.fqdn)
    }

    /// The remaining time of the client's running lease, if that can be told without a write: early in
    /// the lease, and nothing else has changed.
    pub(crate) fn cached_seconds(
        &self,
        world: &World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        lease: &Lease,
        named: Option<Named>,
        grant: &Grant,
    ) -> Option<u32> {
        let (heard, end, now) = (lease.client_last_transaction_time, lease.expiration_time, world.now.unix);
        // What a partner has heard of may end there at the same moment: only a write tells it otherwise.
        let shared = lease.origin != Origin::Local || lease.rewind_state.is_some();
        if shared
            || end == UnixTime::NEVER
            || now < heard
            || now >= end
            || lease.bootp
            || ask.message == Message::Bootp
        {
            return None;
        }
        let length = end.secs_since(heard);
        let threshold = u64::from(plan.config.cache_threshold_percent);
        let early = now.secs_since(heard).saturating_mul(100) < length.saturating_mul(threshold);
        let remaining = u32::try_from(end.secs_since(now)).ok()?;
        let fqdn = if named.is_some_and(|named| !named.no_update) { &self.fqdn[..] } else { &[] };
        let by_client = named.is_some_and(|named| !named.no_update && !named.forward);
        let mut joined = [0; HOSTNAME_MAX];
        let unchanged = lease.hw_addr == ask.client.hw_addr
            && lease.hostname == hostname(plan, ask, &mut joined)
            && lease.ddns.fqdn == fqdn
            && lease.ddns.by_client == by_client
            && lease.subnet_id == subnet_id(plan, ask, lease)
            && lease.reserved == is_reserved(plan, ask, lease)
            && kept_relay_info(ask).is_none_or(|bytes| lease.relay_agent_info == bytes);
        (early && unchanged && remaining <= grant.lease_seconds).then_some(remaining)
    }

    /// Writes the lease as the client's.
    pub(crate) fn bind(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        ask: &Ask<'_>,
        lease: &mut Lease,
        named: Option<Named>,
        grant: &Grant,
    ) -> Result<Lsn, Dropped> {
        let now = world.now.unix;
        let same_client = belongs_to(lease, &ask.client);
        let renewed = lease.state == BindingState::Active;
        let old = std::mem::take(&mut lease.ddns);
        if !same_client {
            lease.user.clear();
            lease.relay_agent_info.clear();
            lease.rewind_state = None;
        }
        if lease.state.is_allocatable() {
            // What a partner knows of an earlier binding says nothing of this one.
            lease.potential_expiration_time = PotentialExpiration::default();
        }
        if !renewed {
            lease.state = BindingState::Active;
            lease.start_time_of_state = now;
        }
        lease.hw_addr = ask.client.hw_addr;
        overwrite(&mut lease.client_id, ask.client.client_id);
        let end = end_of(now, grant.lease_seconds);
        // If the ACK of a shorter time is lost, the client relies on the longer one that it was told
        // before. A lease without end is let go: else it could never have one.
        let told = if renewed && lease.expiration_time != UnixTime::NEVER { told(lease, now) } else { end };
        lease.client_last_transaction_time = now;
        lease.expiration_time = end.max(told);
        lease.potential_expiration_time.sent = grant.potential_expiration_sent;
        lease.subnet_id = subnet_id(plan, ask, lease);
        overwrite(&mut lease.hostname, hostname(plan, ask, &mut [0; HOSTNAME_MAX]));
        if let Some(bytes) = kept_relay_info(ask) {
            overwrite(&mut lease.relay_agent_info, bytes);
        }
        lease.reserved = is_reserved(plan, ask, lease);
        lease.bootp = ask.message == Message::Bootp;
        lease.origin = Origin::Local;
        self.set_ddns(lease, &old, same_client, named);
        let expect = as_read(lease);
        let version = self.put(world.store, lease, expect).map_err(|_| Dropped::Store)?;
        self.events.push(Event::Bound { key: lease.key, version, renewed });
        self.name_events(lease, &old, renewed);
        Ok(version)
    }

    /// A put; a refusal is kept for the host to see.
    fn put(
        &mut self,
        store: &mut dyn LeaseStore,
        lease: &mut Lease,
        expect: Expect,
    ) -> Result<Lsn, StoreError> {
        store.put(lease, expect).inspect_err(|_| self.counters.store_errors += 1)
    }

    fn set_ddns(&self, lease: &mut Lease, old: &DdnsFacts, same_client: bool, named: Option<Named>) {
        let Some(named) = named.filter(|named| !named.no_update && !self.fqdn.is_empty()) else { return };
        lease.ddns.fqdn.extend_from_slice(&self.fqdn);
        lease.ddns.by_client = !named.forward;
        if same_client && old.fqdn == self.fqdn {
            lease.ddns.forward = old.forward && named.forward;
            lease.ddns.reverse = old.reverse;
        }
    }

    /// What has changed of the lease's names since `old`.
    fn name_events(&mut self, lease: &Lease, old: &DdnsFacts, was_active: bool) {
        let new = &lease.ddns;
        let changed = new.fqdn != old.fqdn || new.by_client != old.by_client;
        if changed && (was_active || old.forward || old.reverse) {
            self.name_removed(lease, old);
        }
        if (changed || !was_active) && !new.fqdn.is_empty() {
            self.events.push(Event::NameAdded {
                key: lease.key,
                version: lease.version,
                fqdn: new.fqdn.as_slice().into(),
                forward: !new.by_client,
            });
        }
    }

    fn name_removed(&mut self, lease: &Lease, old: &DdnsFacts) {
        if !old.fqdn.is_empty() {
            self.events.push(Event::NameRemoved {
                key: lease.key,
                version: lease.version,
                fqdn: old.fqdn.as_slice().into(),
                forward: !old.by_client,
            });
        }
    }

    /// Writes a running lease as given back; the address keeps its client's identity, so that the client
    /// gets it again if it is still free. `None` if the authority leaves it as it is.
    pub(crate) fn end(
        &mut self,
        world: &mut World<'_>,
        lease: &mut Lease,
    ) -> Result<Option<Lsn>, StoreError> {
        let Some(next) = world.authority.ended(world.now, lease, true) else { return Ok(None) };
        lease.expiration_time = world.now.unix.min(lease.expiration_time);
        let version = self.put_state(world, lease, next)?;
        self.events.push(Event::Released { key: lease.key, version });
        let ddns = std::mem::take(&mut lease.ddns);
        self.name_removed(lease, &ddns);
        lease.ddns = ddns;
        Ok(Some(version))
    }

    pub(crate) fn put_state(
        &mut self,
        world: &mut World<'_>,
        lease: &mut Lease,
        next: BindingState,
    ) -> Result<Lsn, StoreError> {
        if lease.state != next {
            lease.state = next;
            lease.start_time_of_state = world.now.unix;
        }
        let expect = as_read(lease);
        self.put(world.store, lease, expect)
    }

    /// Writes the lease as found in use by somebody else.
    pub(crate) fn quarantine(
        &mut self,
        world: &mut World<'_>,
        plan: &Plan,
        lease: &mut Lease,
        cause: Conflict,
    ) -> Result<Lsn, StoreError> {
        let was_active = lease.state == BindingState::Active;
        lease.expiration_time = world.now.unix.plus_secs(plan.config.quarantine_seconds.into());
        let version = self.put_state(world, lease, BindingState::Abandoned)?;
        self.counters.quarantined += 1;
        self.events.push(Event::Quarantined { key: lease.key, version, cause });
        if was_active {
            let ddns = std::mem::take(&mut lease.ddns);
            self.name_removed(lease, &ddns);
            lease.ddns = ddns;
        }
        Ok(version)
    }

    /// Reclaims expired leases and ends quarantines, a slice at a time. True if there may be more at once.
    pub(crate) fn reclaim(&mut self, world: &mut World<'_>) -> bool {
        let mut found = std::mem::take(&mut self.found);
        let mut lease = std::mem::take(&mut self.lease);
        found.clear();
        let max = self.reclaim_window.max(RECLAIM_SLICE);
        world.store.expired(world.now.unix, max, &mut found);
        let mut reclaimed = 0;
        for &key in &found {
            if reclaimed == RECLAIM_SLICE || self.events.is_full() {
                break;
            }
            match self.reclaim_one(world, key, &mut lease) {
                Ok(true) => reclaimed += 1,
                Ok(false) => {}
                Err(_) => break,
            }
        }
        // Leases that the authority does not let go stand in front of those behind them.
        let stuck = reclaimed == 0 && found.len() == max;
        self.reclaim_window = if stuck { (max * 2).min(RECLAIM_WINDOW_MAX) } else { 0 };
        let more = reclaimed > 0;
        self.found = found;
        self.lease = lease;
        more
    }

    /// False if there is nothing to do, or not yet.
    fn reclaim_one(
        &mut self,
        world: &mut World<'_>,
        key: LeaseKey,
        lease: &mut Lease,
    ) -> Result<bool, StoreError> {
        if !world.store.get_into(key, lease) || lease.expiration_time > world.now.unix {
            return Ok(false);
        }
        let Some(next) = world.authority.ended(world.now, lease, false) else { return Ok(false) };
        let was = lease.state;
        if next == was {
            return Ok(false);
        }
        if was == BindingState::Abandoned {
            // Whoever declined it shall not be offered it first.
            let (subnet_id, expiration_time) = (lease.subnet_id, lease.expiration_time);
            let (version, partner) = (lease.version, lease.potential_expiration_time);
            lease.reset(key);
            (lease.subnet_id, lease.expiration_time, lease.state) = (subnet_id, expiration_time, was);
            (lease.version, lease.potential_expiration_time) = (version, partner);
        }
        let version = self.put_state(world, lease, next)?;
        if was == BindingState::Abandoned {
            self.events.push(Event::QuarantineEnded { key, version });
        } else {
            self.counters.expired += 1;
            self.events.push(Event::Expired { key, version });
            let ddns = std::mem::take(&mut lease.ddns);
            self.name_removed(lease, &ddns);
        }
        Ok(true)
    }
}

fn overwrite(field: &mut Vec<u8>, bytes: &[u8]) {
    field.clear();
    field.extend_from_slice(bytes);
}

/// The configured host name, or the one that the client sends, without padding.
fn hostname<'h>(plan: &'h Plan, ask: &'h Ask<'_>, joined: &'h mut [u8; HOSTNAME_MAX]) -> &'h [u8] {
    let reserved = ask.reservation.map(|at| &plan.reservations[at as usize].hostname[..]);
    if let Some(reserved) = reserved.filter(|name| !name.is_empty()) {
        return reserved;
    }
    let sent =
        ask.packet.option(code::HOST_NAME).and_then(|value| value.to_slice(joined)).unwrap_or_default();
    let end = sent.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    sent.get(..end.min(HOSTNAME_MAX)).unwrap_or_default()
}

/// The relay agent information that a lease keeps: what the packet has.
fn kept_relay_info<'p>(ask: &Ask<'p>) -> Option<&'p [u8]> {
    ask.relay.map(|relay| relay.bytes())
}

fn subnet_id(plan: &Plan, ask: &Ask<'_>, lease: &Lease) -> u32 {
    let subnet = lease.key.as_v4().and_then(|address| plan.subnet_of(address)).unwrap_or(ask.subnet);
    plan.subnets[subnet as usize].id
}

pub(crate) fn is_reserved(plan: &Plan, ask: &Ask<'_>, lease: &Lease) -> bool {
    ask.reservation.is_some_and(|at| Some(plan.reservations[at as usize].address) == lease.key.as_v4())
}
