//! From leases to names: what a client's lease says stands in DNS, as A with DHCID and as PTR.
//!
//! The leases decide. Whoever writes one (this server, its partner, an expiry) makes the packet thread send
//! it here; at the start all are sent. What a lease said before is remembered here, so that it can go.
//!
//! A name that is somebody else's is left alone, the client gets no PTR for it, and the next time that its lease
//! is written the name is tried again.
//!
//! What a zone can't take now waits for that zone alone: a PTR is written although the zone of its name is frozen,
//! if nothing there is against the name.

mod refused;
mod steps;

use super::zones::Zones;
use crate::config::dns::ZoneRole;
use crate::config::zones::DdnsPlan;
use crate::say::say;
use ddi_core::{BindingState, Instant, Lease, LeaseAddr, Now, UnixTime};
use ddi_dns::Name;
use ddi_dns::ddns::{self, Binding, Change};
use ddi_dns::dhcid::Dhcid;
use refused::Refused;
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use steps::{Made, Step, make, would_make};

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
    /// Names that their clients can't have.
    refused: Refused,
}

/// Names that wait to go from one zone, at the most. More than so many of those who left are not remembered.
const HELD_MAX: usize = 100_000;

impl Names {
    pub fn new(plans: &[DdnsPlan]) -> Self {
        let plans = plans.iter().map(|plan| (plan.subnet_id, plan.clone())).collect();
        Self {
            plans,
            standing: HashMap::new(),
            waiting: VecDeque::new(),
            held: HashMap::new(),
            refused: Refused::default(),
        }
    }

    /// Other subnets have names now, or in other zones: what stands by the old plans goes. The leases are
    /// sent anew.
    pub fn set_plans(&mut self, plans: &[DdnsPlan], zones: &Zones) {
        let new: HashMap<u32, DdnsPlan> = plans.iter().map(|plan| (plan.subnet_id, plan.clone())).collect();
        let stays = |named: &Named| self.plans.get(&named.subnet_id) == new.get(&named.subnet_id);
        let (standing, gone) =
            std::mem::take(&mut self.standing).into_iter().partition(|(_, one)| stays(one));
        let gone: HashMap<Ipv4Addr, Named> = gone;
        let mut steps = Vec::new();
        for (address, named) in &gone {
            self.refused.remove(*address);
            self.plan_removal(zones, named, &mut steps);
        }
        self.standing = standing;
        self.plans = new;
        for step in steps {
            self.hold(step.nth, vec![step.change], zones);
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

    /// Names of a zone that their clients can't have: they are others'.
    pub fn refused(&self, nth: usize) -> usize {
        self.refused.count(nth)
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
        let mut steps = Vec::new();
        for _ in 0..SLICE {
            let Some(change) = self.waiting.pop_front() else { break };
            self.plan(zones, change, &mut steps);
        }
        let (forward, reverse): (Vec<usize>, Vec<usize>) =
            (0..steps.len()).partition(|at| steps[*at].is_forward());
        let mut made = vec![Made::Not; steps.len()];
        self.make_all(now, zones, &steps, &forward, &mut made);
        for at in &forward {
            self.judge(zones, &steps[*at], &made[*at]);
        }
        // RFC 4703 sections 5.3.1 and 5.3.2: the PTR is added when the forward name stands; or when it would.
        let mut due = Vec::with_capacity(reverse.len());
        for at in reverse {
            let forward = steps[at].after.map_or(Made::Done, |after| match &made[after] {
                Made::Not => would_make(zones, &steps[after]),
                made => made.clone(),
            });
            match forward {
                Made::Done => {}
                Made::Conflict => {
                    let binding = steps[at].change.binding().clone();
                    steps[at].change = Change::RemoveReverse(binding);
                }
                Made::Not | Made::Failed(_) => continue,
            }
            due.push(at);
        }
        self.make_all(now, zones, &steps, &due, &mut made);
    }

    /// What is to be done about one lease.
    fn plan(&mut self, zones: &Zones, change: NameChange, steps: &mut Vec<Step>) {
        let old = self.standing.get(&change.address);
        if old.is_some() && old == change.binding.as_ref() && !self.refused.has(change.address) {
            return;
        }
        let is_same_name =
            |a: &Named, b: &Named| a.binding.name == b.binding.name && a.subnet_id == b.subnet_id;
        // What a lease that has ended said may stand there from before a restart.
        if let Some(old) = old.or(change.ended.as_ref())
            && change.binding.as_ref().is_none_or(|new| !is_same_name(old, new))
        {
            self.plan_removal(zones, old, steps);
        }
        match change.binding {
            Some(new) => {
                self.plan_addition(zones, &new, steps);
                self.standing.insert(change.address, new);
            }
            None => {
                self.standing.remove(&change.address);
                self.refused.remove(change.address);
            }
        }
    }

    /// The zones are others' business where they are secondaries: their primary has the leases, too.
    fn zones_of(&self, zones: &Zones, named: &Named) -> (Option<usize>, Option<usize>) {
        let primary = |apex: &Name| {
            let nth = zones.nth(apex.as_ref())?;
            (zones.served[nth].plan.role == ZoneRole::Primary).then_some(nth)
        };
        let Some(plan) = self.plans.get(&named.subnet_id) else { return (None, None) };
        (primary(&plan.forward).filter(|_| named.forward), primary(&plan.reverse))
    }

    fn plan_removal(&self, zones: &Zones, named: &Named, steps: &mut Vec<Step>) {
        let (forward, reverse) = self.zones_of(zones, named);
        let forward = forward.map(|nth| Step::new(nth, Change::RemoveForward(named.binding.clone())));
        let reverse = reverse.map(|nth| Step::new(nth, Change::RemoveReverse(named.binding.clone())));
        steps.extend(forward.into_iter().chain(reverse));
    }

    fn plan_addition(&mut self, zones: &Zones, named: &Named, steps: &mut Vec<Step>) {
        let (forward, reverse) = self.zones_of(zones, named);
        let after = forward.map(|nth| {
            steps.push(Step::new(nth, Change::AddForward(named.binding.clone())));
            steps.len() - 1
        });
        if after.is_none()
            && let IpAddr::V4(address) = named.binding.address
        {
            self.refused.remove(address);
        }
        steps.extend(reverse.map(|nth| Step {
            nth,
            change: Change::AddReverse(named.binding.clone()),
            after,
        }));
    }

    /// Makes these steps, each zone's at once; what its zone can't take now is held.
    fn make_all(&mut self, now: Now, zones: &mut Zones, steps: &[Step], these: &[usize], made: &mut [Made]) {
        let mut by_zone: HashMap<usize, Vec<usize>> = HashMap::new();
        for at in these {
            by_zone.entry(steps[*at].nth).or_default().push(*at);
        }
        for nth in self.held.keys() {
            by_zone.entry(*nth).or_default();
        }
        for (nth, these) in by_zone {
            let new = these.iter().map(|at| steps[*at].change.clone());
            if !zones.may_change(nth) {
                self.hold(nth, new.collect(), zones);
                continue;
            }
            let mut changes = self.held.remove(&nth).unwrap_or_default();
            let before = changes.len();
            changes.extend(new);
            let outcomes = make(now, zones, nth, &changes);
            for (at, outcome) in these.into_iter().zip(outcomes.into_iter().skip(before)) {
                made[at] = outcome;
            }
        }
    }

    /// Remembers, and tells, whose name is not theirs.
    fn judge(&mut self, zones: &Zones, step: &Step, made: &Made) {
        let Change::AddForward(binding) = &step.change else { return };
        let IpAddr::V4(address) = binding.address else { return };
        // The lease may have ended since.
        if self.standing.get(&address).is_none_or(|named| named.binding.name != binding.name) {
            return;
        }
        match made {
            Made::Done => self.refused.remove(address),
            Made::Not => {}
            Made::Conflict | Made::Failed(_) => {
                if self.refused.insert(step.nth, address, binding.name.clone()) {
                    let why = match made {
                        Made::Failed(why) => why,
                        _ => "the name is somebody else's",
                    };
                    let apex = &zones.served[step.nth].plan.apex;
                    say(format!("{apex}: {} for {address}: {why}", binding.name));
                }
            }
        }
    }
}
