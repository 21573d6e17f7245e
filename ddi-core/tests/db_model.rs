//! Random operations on a database and on a model of it: after each, both answer alike, also after
//! reopening and while compactions run.

#[path = "db/model.rs"]
mod model;
#[path = "db/rng.rs"]
mod rng;

use ddi_core::db::{Change, Compaction, PoolConfig};
use ddi_core::store::FIND_MAX;
use ddi_core::{
    BindingState, DbConfig, Expect, FreeKind, Identity, Lease, LeaseDb, LeaseKey, LeaseStore, Lsn,
    MemStorage, PoolId, UnixTime,
};
use model::{Model, random_client, random_key, random_lease};
use rng::Rng;
use std::collections::BTreeSet;
use std::sync::Arc;

struct Run {
    rng: Rng,
    storage: Arc<MemStorage>,
    db: LeaseDb,
    model: Model,
    /// A feed is checked from here: the model then, and its LSN.
    marked: Model,
    compaction: Option<Compaction>,
}

fn open(storage: &Arc<MemStorage>) -> LeaseDb {
    let mut config = DbConfig::new([7; 16]);
    config.open_threads = 1 + storage.calls() as usize % 3;
    LeaseDb::open(storage.clone(), &config).expect("opens").0
}

impl Run {
    fn new(seed: u64) -> Self {
        let storage = Arc::new(MemStorage::new());
        let db = open(&storage);
        let (model, marked) = Default::default();
        Self { rng: Rng::new(seed), storage, db, model, marked, compaction: None }
    }

    fn step(&mut self) {
        match self.rng.below(100) {
            0..55 => self.put(),
            55..65 => self.remove(),
            65..72 => self.find(),
            72..78 => self.allocate(),
            78..82 => self.hold(),
            82..86 => self.expired(),
            86..90 => self.scan(),
            90..96 => self.compact(),
            96 => self.set_pools(),
            97 => self.reopen(),
            98 => self.snapshot(),
            _ => drop(self.db.commit().expect("commits")),
        }
    }

    fn expect(&mut self, key: LeaseKey) -> Expect {
        match self.rng.below(10) {
            0 => Expect::Absent,
            1 => Expect::Version(Lsn(self.rng.below(self.model.last.0 + 2))),
            2..5 => {
                self.model.leases.get(&key).map_or(Expect::Absent, |lease| Expect::Version(lease.version))
            }
            _ => Expect::Any,
        }
    }

    fn put(&mut self) {
        let key = random_key(&mut self.rng);
        let mut lease = match self.model.leases.get(&key) {
            // A renewal: the same but for a later end.
            Some(old) if self.rng.one_in(2) => {
                let mut lease = old.clone();
                lease.expiration_time = lease.expiration_time.plus_secs(self.rng.below(9));
                lease
            }
            _ => random_lease(&mut self.rng, key),
        };
        let (expect, forced) = (self.expect(key), self.rng.one_in(2));
        let wanted = self.model.check(&lease, expect, forced);
        let got =
            if forced { self.db.put_forced(&mut lease, expect) } else { self.db.put(&mut lease, expect) };
        assert_eq!(got.clone().map(drop), wanted);
        if let Ok(lsn) = got {
            self.model.put(&lease);
            assert_eq!((lsn, lease.version), (self.model.last, self.model.last));
        }
        self.check_lease(key);
    }

    fn remove(&mut self) {
        let key = random_key(&mut self.rng);
        let expect = self.expect(key);
        let wanted = self.model.expected(key, expect).map(|()| self.model.remove(key));
        assert_eq!(self.db.remove(key, expect), wanted);
        self.check_lease(key);
    }

    fn check_lease(&self, key: LeaseKey) {
        let wanted = self.model.leases.get(&key);
        assert_eq!(self.db.get(key).as_ref(), wanted);
        let mut lease = Lease::default();
        lease.user = vec![1; 5];
        assert_eq!(self.db.get_into(key, &mut lease), wanted.is_some());
        assert_eq!(&lease, wanted.unwrap_or(&Lease::new(key)));
        assert_eq!(self.db.len(), self.model.leases.len() as u64);
    }

    fn find(&mut self) {
        let mut client = Lease::default();
        random_client(&mut self.rng, &mut client);
        let space = self.rng.pick(&[0, 7]);
        let subnet = self.rng.pick(&[None, Some(1), Some(300), Some(5)]);
        for identity in [
            Identity::ClientId(&client.client_id),
            Identity::HwAddr(client.hw_addr),
            Identity::DuidIaid(&client.duid, client.iaid),
            Identity::Duid(&client.duid),
            Identity::Hostname(&client.hostname),
            Identity::RelayId(&[client.iaid as u8]),
            Identity::RemoteId(&[client.hw_addr.bytes().last().copied().unwrap_or(1), 0]),
        ] {
            let wanted = self.model.find(space, subnet, identity);
            let mut found = vec![LeaseKey::v4([1, 2, 3, 4].into())];
            self.db.find(space, subnet, identity, &mut found);
            let found: BTreeSet<LeaseKey> = found.drain(1..).collect();
            if wanted.len() <= FIND_MAX {
                assert_eq!(found, wanted, "{identity:?} in {space} {subnet:?}");
            } else {
                assert!(found.len() == FIND_MAX && found.is_subset(&wanted));
                let running: BTreeSet<LeaseKey> = self.model.running(&wanted);
                let have = running.intersection(&found).count();
                assert!(subnet.is_none() || have == running.len().min(FIND_MAX), "{identity:?} {subnet:?}");
            }
        }
    }

    fn allocate(&mut self) {
        let pool = PoolId(self.rng.below(4) as u32);
        let kind = self.rng.pick(&[FreeKind::Free, FreeKind::Free, FreeKind::Backup]);
        let wanted = self.model.next_free(pool, kind);
        assert_eq!(self.db.next_free(pool, kind), wanted, "{pool:?} {kind:?}");
        self.model.held.extend(wanted);
    }

    fn hold(&mut self) {
        let key = random_key(&mut self.rng);
        assert_eq!(self.db.pool_of(key), self.model.pool(key).map(|pool| pool.id));
        if self.rng.one_in(2) {
            let wanted = self.model.can_hold(key);
            assert_eq!(self.db.hold(key), wanted);
            self.model.held.extend(Some(key).filter(|_| wanted));
        } else {
            let key = self.model.held.iter().next().copied().unwrap_or(key);
            self.db.release_hold(key);
            self.model.held.remove(&key);
        }
    }

    fn expired(&mut self) {
        let now = UnixTime(1_800_000_000 + self.rng.below(60));
        let max = 1 + self.rng.below(80) as usize;
        let mut found = Vec::new();
        let wanted = self.model.expired(now);
        if let Some((first, _)) = wanted.first() {
            assert!(self.db.next_expiration().expect("something waits") <= *first);
        }
        self.db.expired(now, max, &mut found);
        let times: Vec<UnixTime> = found.iter().map(|key| self.model.leases[key].expiration_time).collect();
        let wanted_times: Vec<UnixTime> = wanted.iter().map(|(time, _)| *time).take(max).collect();
        assert_eq!(times, wanted_times);
        let distinct: BTreeSet<LeaseKey> = found.iter().copied().collect();
        let all: BTreeSet<LeaseKey> = wanted.iter().map(|(_, key)| *key).collect();
        assert!(distinct.len() == found.len() && distinct.is_subset(&all));
    }

    fn scan(&mut self) {
        let after = Some(random_key(&mut self.rng)).filter(|_| !self.rng.one_in(4));
        let max = self.rng.below(100) as usize;
        let follows = |lease: &&Lease| after.is_none_or(|after| lease.key > after);
        let mut page = Vec::new();
        self.db.scan(after, max, &mut page);
        assert!(page.iter().eq(self.model.leases.values().filter(follows).take(max)), "after {after:?}");
        let subnet = self.rng.pick(&[0, 1, 300, 301, u32::MAX]);
        let of_subnet = |lease: &&Lease| lease.subnet_id == subnet;
        page.clear();
        self.db.scan_subnet(subnet, after, max, &mut page);
        let wanted = self.model.leases.values().filter(of_subnet).filter(follows).take(max);
        assert!(page.iter().eq(wanted), "subnet {subnet} after {after:?}");
        for state in BindingState::ALL {
            let wanted =
                self.model.leases.values().filter(of_subnet).filter(|lease| lease.state == state).count();
            assert_eq!(self.db.counts(subnet).of(state), wanted as u64);
        }
    }

    fn set_pools(&mut self) {
        let base = 0x0a00_0000_u32;
        let mut pools = Vec::new();
        let mut next = base + self.rng.below(20) as u32;
        for id in 0..3 {
            let last = next + self.rng.below(150) as u32;
            let excluded = (0..self.rng.below(4)).map(|_| {
                let from = next.saturating_sub(9) + self.rng.below(100) as u32;
                (from.into(), (from + self.rng.below(20) as u32).into())
            });
            let excluded = excluded.collect();
            let reserved =
                (0..self.rng.below(4)).map(|_| (next + self.rng.below(200) as u32).into()).collect();
            let (first, last_addr) = (next.into(), last.into());
            let (id, space) = (PoolId(id), self.rng.pick(&[0, 0, 7]));
            pools.push(PoolConfig { id, space, subnet_id: 1, first, last: last_addr, excluded, reserved });
            next = last + 1 + self.rng.below(10) as u32;
        }
        if self.rng.one_in(3) && self.model.pools.len() == 3 {
            pools.clone_from(&self.model.pools);
            pools.rotate_left(1);
        }
        self.db.set_pools(&pools).expect("these pools are right");
        self.model.pools = pools;
        let held = std::mem::take(&mut self.model.held);
        self.model.held = held.into_iter().filter(|key| self.model.pool(*key).is_some()).collect();
    }

    fn compact(&mut self) {
        let Some(compaction) = &mut self.compaction else {
            self.compaction = Some(self.db.begin_compaction());
            return;
        };
        if compaction.step(1).expect("steps") && self.db.end_compaction(compaction).expect("ends") {
            self.compaction = None;
        }
    }

    fn reopen(&mut self) {
        self.db.commit().expect("commits");
        self.check_feed();
        self.compaction = None;
        self.db = open(&self.storage);
        assert_eq!((self.db.appended(), self.db.durable()), (self.model.last, self.model.last));
        self.model.held.clear();
        let pools = self.model.pools.clone();
        self.db.set_pools(&pools).expect("they were right before");
    }

    /// The changes since the mark, if they are held, lead from the model then to the model now.
    fn check_feed(&mut self) {
        if let Ok(mut feed) = self.db.feed(self.marked.last) {
            let leases = &mut self.marked.leases;
            while let Some(change) = feed.next().expect("the feed reads") {
                match change {
                    Change::Put(lease) => drop(leases.insert(lease.key, *lease)),
                    Change::Removed(key, _) => drop(leases.remove(&key).expect("it was there")),
                }
            }
            assert_eq!(*leases, self.model.leases);
        }
        self.marked = self.model.clone();
    }

    fn snapshot(&mut self) {
        let (snapshot, then) = (self.db.snapshot(), self.model.clone());
        for _ in 0..30 {
            self.put();
        }
        assert_eq!((snapshot.lsn(), snapshot.len()), (then.last, then.leases.len() as u64));
        assert!(snapshot.ordered(None).eq(then.leases.values().cloned()));
        assert_eq!(snapshot.leases().count(), then.leases.len());
        let (mut cursor, mut lease) = (ddi_core::db::Cursor::default(), ddi_core::Lease::default());
        for expected in snapshot.leases() {
            assert!(snapshot.read(&mut cursor, &mut lease) && lease == expected);
        }
        assert!(!snapshot.read(&mut cursor, &mut lease) && !snapshot.read(&mut cursor, &mut lease));
        let after = random_key(&mut self.rng);
        assert!(snapshot.ordered(Some(after)).map(|lease| lease.key).all(|key| key > after));
    }

    fn check_all(&mut self) {
        for pool in self.model.pools.clone() {
            self.model.check_pool(pool.id, self.db.pool_counts(pool.id));
        }
        let mut page = Vec::new();
        self.db.scan(None, usize::MAX, &mut page);
        assert!(page.iter().eq(self.model.leases.values()));
        let subnets: BTreeSet<u32> = self.db.all_counts().map(|(subnet, _)| subnet).collect();
        assert_eq!(subnets, self.model.leases.values().map(|lease| lease.subnet_id).collect());
    }
}

#[test]
fn a_database_does_what_the_model_does() {
    for seed in 1..=12 {
        println!("seed {seed}");
        let mut run = Run::new(seed);
        for step in 0..2500 {
            run.step();
            if step % 100 == 0 {
                run.check_all();
            }
        }
        run.reopen();
        run.check_all();
    }
}
