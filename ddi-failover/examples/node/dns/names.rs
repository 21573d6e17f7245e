//! From leases to names: what a client's lease says stands in DNS, as A with DHCID and as PTR.
//!
//! The leases decide. Whoever writes one (this server, its partner, an expiry) makes the packet thread send
//! it here; at the start all are sent. What a lease said before is remembered here, so that it can go.

use super::zones::Zones;
use crate::config::dns::ZoneRole;
use crate::config::zones::DdnsPlan;
use crate::say::say;
use ddi_core::{BindingState, Instant, Lease, LeaseAddr, Now, UnixTime};
use ddi_dns::Name;
use ddi_dns::ddns::{self, Binding, Change};
use ddi_dns::dhcid::Dhcid;
use ddi_dns::zone::Edit;
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

/// Changes that are made in one turn.
const SLICE: usize = 1000;

/// What a lease says of names now; `binding` is `None` if it has none.
pub struct NameChange {
    address: Ipv4Addr,
    binding: Option<Named>,
    /// What it said last, if it says nothing now.
    ended: Option<Named>,
}

/// A client's name.
#[derive(Clone, PartialEq, Eq)]
struct Named {
    subnet_id: u32,
    binding: Binding,
    /// The A is ours to add; else the client does it.
    forward: bool,
}

impl NameChange {
    /// What `lease`, which may have no name or no client, says.
    pub fn of(lease: &Lease) -> Option<Self> {
        let LeaseAddr::V4(address) = lease.key.addr else { return None };
        let named = named(lease, address);
        let (binding, ended) =
            if lease.state == BindingState::Active { (named, None) } else { (None, named) };
        Some(Self { address, binding, ended })
    }

    /// It says something, or did.
    pub const fn is_named(&self) -> bool {
        self.binding.is_some() || self.ended.is_some()
    }
}

fn named(lease: &Lease, address: Ipv4Addr) -> Option<Named> {
    if lease.ddns.fqdn.is_empty() {
        return None;
    }
    let name: Name = std::str::from_utf8(&lease.ddns.fqdn).ok()?.parse().ok()?;
    // RFC 4701 section 3.5.3: the client_id, if there is one.
    let dhcid = match &lease.client_id[..] {
        [] => Dhcid::of_hw_addr(lease.hw_addr.htype() as u8, lease.hw_addr.bytes(), name.as_ref()),
        client_id => Dhcid::of_client_id(client_id, name.as_ref()),
    };
    let seconds = match lease.expiration_time {
        UnixTime::NEVER => u64::from(u32::MAX),
        end => end.0.saturating_sub(lease.client_last_transaction_time.0),
    };
    let ttl = ddns::ttl_of_lease(u32::try_from(seconds).unwrap_or(u32::MAX));
    let binding = Binding { name, address: IpAddr::V4(address), dhcid, ttl };
    Some(Named { subnet_id: lease.subnet_id, binding, forward: !lease.ddns.by_client })
}

/// The names that stand in our zones, by address.
pub struct Names {
    plans: HashMap<u32, DdnsPlan>,
    standing: HashMap<Ipv4Addr, Named>,
    waiting: VecDeque<NameChange>,
    /// Zones that can't be changed now, and the names that go from them when they can be: what comes is known
    /// from `standing`.
    held: HashMap<usize, Vec<Change>>,
}

/// Names that wait to go from one zone, at the most. More than so many of those who left are not remembered.
const HELD_MAX: usize = 100_000;

impl Names {
    pub fn new(plans: &[DdnsPlan]) -> Self {
        let plans = plans.iter().map(|plan| (plan.subnet_id, plan.clone())).collect();
        Self { plans, standing: HashMap::new(), waiting: VecDeque::new(), held: HashMap::new() }
    }

    /// Other subnets have names now, or in other zones: what stands by the old plans goes. The leases are
    /// sent anew.
    pub fn set_plans(&mut self, plans: &[DdnsPlan], zones: &Zones) {
        let new: HashMap<u32, DdnsPlan> = plans.iter().map(|plan| (plan.subnet_id, plan.clone())).collect();
        let stays = |named: &Named| self.plans.get(&named.subnet_id) == new.get(&named.subnet_id);
        let (standing, gone) =
            std::mem::take(&mut self.standing).into_iter().partition(|(_, one)| stays(one));
        let gone: HashMap<Ipv4Addr, Named> = gone;
        let mut todo = HashMap::new();
        gone.values().for_each(|named| self.plan(zones, named, false, &mut todo));
        self.standing = standing;
        self.plans = new;
        for (nth, changes) in todo {
            self.hold(nth, changes, zones);
        }
    }

    /// Keeps removals for later.
    fn hold(&mut self, nth: usize, changes: Vec<Change>, zones: &Zones) {
        let held = self.held.entry(nth).or_default();
        let removals = changes
            .into_iter()
            .filter(|change| matches!(change, Change::RemoveForward(_) | Change::RemoveReverse(_)));
        let room = HELD_MAX - held.len();
        let mut removals = removals.peekable();
        held.extend(removals.by_ref().take(room));
        if room > 0 && removals.peek().is_some() {
            let apex = &zones.served[nth].plan.apex;
            say(format!(
                "{apex}: can't be changed, and {HELD_MAX} names wait to go: further ones will stay when it is thawed"
            ));
        }
    }

    /// Names that wait to go from a zone.
    pub fn waiting(&self, nth: usize) -> usize {
        self.held.get(&nth).map_or(0, Vec::len)
    }

    /// The zone can be changed again, or has another content: what should stand there is added anew.
    pub fn on_free(&mut self, nth: usize, zones: &Zones) {
        let apex = &zones.served[nth].plan.apex;
        let is_here = |named: &Named| {
            let plan = self.plans.get(&named.subnet_id);
            plan.is_some_and(|plan| plan.forward == *apex || plan.reverse == *apex)
        };
        let (again, standing) =
            std::mem::take(&mut self.standing).into_iter().partition(|(_, named)| is_here(named));
        let again: HashMap<Ipv4Addr, Named> = again;
        self.standing = standing;
        // Before what waits already, which is newer.
        for (address, named) in again {
            self.waiting.push_front(NameChange { address, binding: Some(named), ended: None });
        }
    }

    pub fn push(&mut self, changes: Vec<NameChange>) {
        self.waiting.extend(changes);
    }

    /// At once, if something waits.
    pub fn poll_timeout(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then_some(Instant(0))
    }

    /// Makes the next changes.
    pub fn turn(&mut self, now: Now, zones: &mut Zones) {
        let mut todo: HashMap<usize, Vec<Change>> = HashMap::new();
        for _ in 0..SLICE {
            let Some(change) = self.waiting.pop_front() else { break };
            let old = self.standing.get(&change.address);
            if old.is_some() && old == change.binding.as_ref() {
                continue;
            }
            let is_same_name =
                |a: &Named, b: &Named| a.binding.name == b.binding.name && a.subnet_id == b.subnet_id;
            // What a lease that has ended said may stand there from before a restart.
            if let Some(old) = old.or(change.ended.as_ref())
                && change.binding.as_ref().is_none_or(|new| !is_same_name(old, new))
            {
                self.plan(zones, old, false, &mut todo);
            }
            match change.binding {
                Some(new) => {
                    self.plan(zones, &new, true, &mut todo);
                    self.standing.insert(change.address, new);
                }
                None => {
                    self.standing.remove(&change.address);
                }
            }
        }
        for nth in self.held.keys() {
            todo.entry(*nth).or_default();
        }
        for (nth, new) in todo {
            if !zones.may_change(nth) {
                self.hold(nth, new, zones);
                continue;
            }
            let mut changes = self.held.remove(&nth).unwrap_or_default();
            changes.extend(new);
            if make(now, zones, nth, &changes).is_err() {
                // One of them can't be made: all but that one are, alone.
                for change in &changes {
                    if let Err(why) = make(now, zones, nth, std::slice::from_ref(change)) {
                        say(format!("{}: {}: {why}", zones.served[nth].plan.apex, change.owner()));
                    }
                }
            }
        }
    }

    /// The zones are others' business where they are secondaries: their primary has the leases, too.
    fn plan(&self, zones: &Zones, named: &Named, add: bool, todo: &mut HashMap<usize, Vec<Change>>) {
        let Some(plan) = self.plans.get(&named.subnet_id) else { return };
        let primary = |apex: &Name| {
            let nth = zones.nth(apex.as_ref())?;
            (zones.served[nth].plan.role == ZoneRole::Primary).then_some(nth)
        };
        let binding = || named.binding.clone();
        if named.forward
            && let Some(nth) = primary(&plan.forward)
        {
            let change = if add { Change::AddForward(binding()) } else { Change::RemoveForward(binding()) };
            todo.entry(nth).or_default().push(change);
        }
        if let Some(nth) = primary(&plan.reverse) {
            let change = if add { Change::AddReverse(binding()) } else { Change::RemoveReverse(binding()) };
            todo.entry(nth).or_default().push(change);
        }
    }
}

/// All of them in one step of the zone.
fn make(now: Now, zones: &mut Zones, nth: usize, changes: &[Change]) -> Result<(), String> {
    let apply = |edit: &mut Edit| {
        changes.iter().try_for_each(|change| ddns::apply(edit, change).map(|_| ()).map_err(|e| e.to_string()))
    };
    zones.change(now.unix, nth, apply).map(|_| ())
}
