//! Two failover endpoints and their lease databases, without a disk and joined by nothing but calls.

use ddi_core::db::PoolConfig;
use ddi_core::{
    BindingState, DbConfig, Expect, HwAddr, Instant, Lease, LeaseDb, LeaseKey, LeaseStore, Now, Origin,
    PoolId, UnixTime,
};
use ddi_failover::endpoint::{Config, Endpoint, Event, LinkId, ProfileChoice, Start};
use ddi_failover::{Role, State};
use std::sync::Arc;

use crate::forgets::Forgets;

const LEASES: u32 = 50_000;
const FIRST: u32 = 0x0a00_0000;
const LINK: LinkId = LinkId(1);

struct Node {
    endpoint: Endpoint,
    db: LeaseDb,
}

/// A pair in NORMAL.
pub struct UpdatePair {
    nodes: [Node; 2],
    now: Now,
    lease: Lease,
    round: u64,
}

impl UpdatePair {
    /// Leases that are changed between two commits.
    pub const BATCH: u32 = 1000;

    /// Both in NORMAL, with nothing to say.
    ///
    /// # Panics
    /// If they don't get there.
    #[must_use]
    pub fn new(profile: ProfileChoice) -> Self {
        let now = Now { instant: Instant(1000), unix: UnixTime(1_700_000_000) };
        let nodes = [Role::Primary, Role::Secondary].map(|role| {
            let pool = PoolConfig {
                id: PoolId(1),
                space: 0,
                subnet_id: 1,
                first: FIRST.into(),
                last: (FIRST + LEASES * 2).into(),
                excluded: Vec::new(),
                reserved: Vec::new(),
            };
            let config = Config { profile, max_unacked: 1000, ..Config::new(b"bench", role, vec![pool]) };
            let (mut db, _) = LeaseDb::open(Arc::new(Forgets), &DbConfig::new([5; 16])).expect("opens");
            db.set_pools(&config.pools).expect("one pool");
            Node { endpoint: Endpoint::new(now, config, Start::Nothing).expect("a good config"), db }
        });
        let mut pair = Self { nodes, now, lease: Lease::default(), round: 0 };
        for node in &mut pair.nodes {
            node.endpoint.handle_accepted(now, LINK);
        }
        pair.run();
        for node in &pair.nodes {
            assert_eq!(node.endpoint.state(), State::Normal);
        }
        pair
    }

    /// Until nothing is left to do.
    fn run(&mut self) {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let mut busy = false;
            for at in 0..2 {
                let [one, other] = &mut self.nodes;
                let (node, partner) = if at == 0 { (one, other) } else { (other, one) };
                if node.endpoint.poll_timeout().is_some_and(|due| due <= self.now.instant) {
                    node.endpoint.handle_timeout(self.now, &mut node.db);
                    busy = true;
                }
                node.db.commit().expect("in memory");
                while let Some(len) = node.endpoint.poll_transmit(&node.db, LINK, &mut buffer) {
                    let bytes = buffer.get(..len).unwrap_or_default();
                    partner.endpoint.handle_bytes(self.now, &mut partner.db, LINK, bytes).expect("goes on");
                    busy = true;
                }
                while let Some(event) = node.endpoint.poll_event() {
                    if let Event::Save { number, .. } = event {
                        node.endpoint.handle_saved(number);
                        busy = true;
                    }
                }
            }
            if !busy {
                return;
            }
        }
    }

    /// Clients renew on the primary: each lease is changed there, sent, read, judged, stored and acknowledged by
    /// the secondary, and the acknowledgement is stored.
    ///
    /// # Panics
    /// If an endpoint refuses, or the databases differ in the end.
    pub fn renew(&mut self) {
        self.round += 1;
        let first = (self.round as u32).wrapping_mul(Self::BATCH) % LEASES;
        let mut keys = Vec::with_capacity(Self::BATCH as usize);
        for number in first..first + Self::BATCH {
            let db = &mut self.nodes[0].db;
            let (key, lease) = (LeaseKey::v4((FIRST + number).into()), &mut self.lease);
            db.get_into(key, lease);
            lease.state = BindingState::Active;
            let [_, a, b, c] = number.to_be_bytes();
            lease.hw_addr = HwAddr::new(1, &[2, 0, 0, a, b, c]).expect("short");
            lease.client_id.clear();
            lease.client_id.extend_from_slice(&[1, 2, 0, 0, a, b, c]);
            lease.client_last_transaction_time = UnixTime(1_700_000_000 + self.round);
            lease.expiration_time = UnixTime(1_700_003_600 + self.round);
            lease.potential_expiration_time.sent = UnixTime(1_700_005_400 + self.round);
            lease.origin = Origin::Local;
            db.put_forced(lease, Expect::Any).expect("puts");
            keys.push(key);
        }
        let Node { endpoint, db } = &mut self.nodes[0];
        endpoint.handle_leases_changed(self.now, db, &keys);
        self.run();
        let last = LeaseKey::v4((FIRST + first + Self::BATCH - 1).into());
        let [one, other] = [0, 1].map(|at: usize| self.nodes[at].db.get(last).expect("stored"));
        assert_eq!(one.expiration_time, other.expiration_time);
        assert_eq!(one.potential_expiration_time.acked, other.potential_expiration_time.received);
    }
}
