//! What must hold, whatever happens.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::OnceLock;

use ddi_core::{BindingState, HwAddr, Lease, LeaseKey, Lsn};
use ddi_failover::state::{Cell, Command, Next, Profile, Role, Situation, State, Trigger, next};

use crate::client::{Client, Held};
use crate::node::Node;
use crate::plan::{Millis, Plan};

/// What the checker remembers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Check {
    /// What a server has acknowledged to a client: which write of which address.
    acked: [BTreeMap<Ipv4Addr, Lsn>; 2],
    /// The server lost its database, so that its partner knows more than it.
    pub(crate) forgot: [bool; 2],
    pub(crate) acks: u64,
}

impl Check {
    /// A client got an address: nobody else may have it.
    pub(crate) fn held(&self, clients: &[Client], who: usize, now: Millis) {
        let Some(Held { address, .. }) = clients[who].held else { return };
        for (other, client) in clients.iter().enumerate() {
            let both = client.held.is_some_and(|held| held.address == address && held.until > now);
            assert!(!both || other == who, "{address} is held by client {who} and by client {other}");
        }
    }

    /// A server sends an ACK.
    pub(crate) fn ack(
        &mut self,
        plan: &Plan,
        nodes: &[Node; 2],
        (from, at): (usize, Millis),
        client: usize,
        (address, seconds): (Ipv4Addr, u32),
    ) {
        self.acks += 1;
        let key = LeaseKey::v4(address);
        let own = nodes[from].db.get(key).expect("an ACK is for a lease");
        if own.hw_addr == Client::hw_addr(client) && own.state == BindingState::Active {
            self.acked[from].insert(address, own.version);
        }
        assert!(seconds <= plan.lease_seconds, "{seconds} s are more than anybody wants");
        let other = 1 - from;
        if self.forgot[from] || self.forgot[other] {
            return;
        }
        let now = nodes[from].clock.now(at).unix;
        let skew = nodes[from].clock.now(at).unix.0.abs_diff(nodes[other].clock.now(at).unix.0);
        // An address that was declined there has no client any more, and keeps its times until it is free.
        let kept = |lease: &Lease| lease.hw_addr == HwAddr::EMPTY && !lease.state.is_allocatable();
        let known = nodes[other].db.get(key);
        let known = known.filter(|lease| lease.hw_addr == Client::hw_addr(client) || kept(lease));
        let times = known.map(|lease| lease.potential_expiration_time).unwrap_or_default();
        let latest = times.received.max(times.sent.plus_secs(skew)).max(now);
        let most = latest.plus_secs(u64::from(plan.mclt_seconds) + 1);
        assert!(
            now.plus_secs(seconds.into()) <= most,
            "server {from} gave client {client} {address} for {seconds} s at {now:?}: {}",
            format_args!("the partner knows {times:?}, MCLT is {}", plan.mclt_seconds),
        );
    }

    /// A server came back with its disk: everything that it acknowledged is there, or something later.
    pub(crate) fn survived(&self, nodes: &[Node; 2], at: usize) {
        for (&address, &version) in &self.acked[at] {
            let found = nodes[at].db.get(LeaseKey::v4(address)).map(|lease| lease.version);
            assert!(
                found.is_some_and(|found| found >= version),
                "server {at} acknowledged {address} as {version:?}, after a crash it has {found:?}"
            );
        }
    }

    /// A server lost what it had, and nobody blames it.
    pub(crate) fn lost(&mut self, at: usize) {
        self.acked[at].clear();
        self.forgot[at] = true;
    }

    /// The two databases say the same.
    pub(crate) fn equal(&self, plan: &Plan, nodes: &[Node; 2]) {
        for last in 0..plan.addresses {
            let address = Ipv4Addr::from(u32::from(plan.first()) + u32::from(last));
            let facts = [0, 1].map(|at: usize| {
                let lease = nodes[at].db.get(LeaseKey::v4(address)).unwrap_or_default();
                let active = lease.state == BindingState::Active;
                (lease.state, active.then_some((lease.hw_addr, lease.expiration_time)))
            });
            assert_eq!(facts[0], facts[1], "{address} differs");
        }
    }
}

/// Every change of state that the tables allow.
pub(crate) fn transitions() -> &'static BTreeSet<(State, State)> {
    static FOUND: OnceLock<BTreeSet<(State, State)>> = OnceLock::new();
    FOUND.get_or_init(all_transitions)
}

/// Found by trying all situations and triggers.
fn all_transitions() -> BTreeSet<(State, State)> {
    let mut found = BTreeSet::new();
    let partners: Vec<Option<State>> = State::ALL.iter().copied().map(Some).chain([None]).collect();
    for (profile, role) in [Profile::Isc, Profile::Draft]
        .into_iter()
        .flat_map(|profile| [Role::Primary, Role::Secondary].map(|role| (profile, role)))
    {
        for (&state, &resume) in State::ALL.iter().flat_map(|a| State::ALL.iter().map(move |b| (a, b))) {
            for (&partner, bits) in
                partners.iter().flat_map(|partner| (0..16).map(move |bits| (partner, bits)))
            {
                let situation = Situation {
                    profile,
                    role,
                    state,
                    resume,
                    partner,
                    linked: bits & 1 != 0,
                    partner_down_after_us: bits & 2 != 0,
                    wait_over: bits & 4 != 0,
                    both_recovering: bits & 8 != 0,
                };
                for trigger in triggers() {
                    if let Next::Cell(Cell::Go(to)) = next(&situation, trigger) {
                        found.insert((state, to));
                    }
                }
            }
        }
    }
    found
}

fn triggers() -> Vec<Trigger> {
    let states = State::ALL
        .into_iter()
        .flat_map(|state| [true, false].map(|startup| Trigger::PartnerState { state, startup }));
    let commands = [Command::PartnerDown, Command::Shutdown, Command::Pause, Command::Resume];
    states
        .chain(commands.map(Trigger::Command))
        .chain([
            Trigger::LinkLost,
            Trigger::StartupOver,
            Trigger::UpdateDone,
            Trigger::RecoverWaitOver,
            Trigger::SafePeriodOver,
        ])
        .collect()
}
