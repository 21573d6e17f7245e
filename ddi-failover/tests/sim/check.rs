//! What must hold, whatever happens.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ddi_core::{BindingState, HwAddr, Lease, LeaseKey, Lsn};

use crate::client::{Client, Held};
use crate::node::Node;
use crate::plan::{Millis, Plan, Ways};

/// What the checker remembers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Check {
    /// What a server has acknowledged to a client: which write of which address.
    acked: [BTreeMap<Ipv4Addr, Lsn>; 2],
    /// The server lost its database, so that its partner knows more than it.
    pub(crate) forgot: [bool; 2],
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
        let key = LeaseKey::v4(address);
        let own = nodes[from].db.get(key).expect("an ACK is for a lease");
        if own.hw_addr == Client::hw_addr(client) && own.state == BindingState::Active {
            self.acked[from].insert(address, own.version);
        }
        assert!(seconds <= plan.lease_seconds, "{seconds} s are more than anybody wants");
        let other = 1 - from;
        // What the other forgot it can't know; but all that it knew again, once it has all of the partner's.
        self.forgot[other] &=
            nodes[other].running.as_ref().is_none_or(|running| running.endpoint.standing().full_update_owed);
        if self.forgot[other] {
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
                (lease.state, active.then(|| told(plan, &lease)))
            });
            assert_eq!(facts[0], facts[1], "{address} differs");
            let leases = [0, 1].map(|at: usize| nodes[at].db.get(LeaseKey::v4(address)).unwrap_or_default());
            if leases[0].state == BindingState::Active {
                known(&leases);
            }
        }
    }
}

/// What both servers have of an active lease, but for when each heard of the client last; more where they know that both are ddi.
fn told(plan: &Plan, lease: &Lease) -> Lease {
    let mut told = Lease::new(lease.key);
    told.hw_addr = lease.hw_addr;
    told.client_id.clone_from(&lease.client_id);
    told.expiration_time = lease.expiration_time;
    if plan.ways == Ways::Rich {
        told.start_time_of_state = lease.start_time_of_state;
        told.hostname.clone_from(&lease.hostname);
        told.user.clone_from(&lease.user);
    }
    told
}

/// What one takes for acknowledged, the other has received, or promises itself; and no client was promised
/// more than the other knows of, by MCLT.
fn known(leases: &[Lease; 2]) {
    for (one, other) in [(0, 1), (1, 0)] {
        let (ours, theirs) =
            (&leases[one].potential_expiration_time, &leases[other].potential_expiration_time);
        assert!(
            ours.acked <= theirs.received.max(theirs.sent),
            "{}: acknowledged {ours:?}, but the other has {theirs:?}",
            leases[one].key.addr
        );
    }
}
