//! Random histories against the checker, over the plain store and over the lease database.

#[path = "../../fuzz/bodies/server_ops.rs"]
mod server_ops;

use crate::store::{ModelPool, ModelStore};
use ddi_core::db::PoolConfig;
use server_ops::{Durable, RealStore};

impl Durable for ModelStore {
    type Leases = Self;

    fn leases(&self) -> &Self {
        self
    }

    fn leases_mut(&mut self) -> &mut Self {
        self
    }

    fn open(pools: &[PoolConfig]) -> Self {
        let mut store = Self::default();
        store.set_pools(pools);
        store
    }

    fn set_pools(&mut self, pools: &[PoolConfig]) {
        let pool = |pool: &PoolConfig| ModelPool {
            id: pool.id,
            first: pool.first,
            last: pool.last,
            reserved: pool.reserved.clone(),
        };
        self.pools = pools.iter().map(pool).collect();
    }

    fn commit(&mut self) {
        self.commit();
    }

    fn crash(mut self, pools: &[PoolConfig]) -> Self {
        Self::crash(&mut self);
        Durable::set_pools(&mut self, pools);
        self
    }
}

/// A history by its seed (xorshift64*).
fn history(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 56) as u8
    };
    let len = 100 + 16 * usize::from(next());
    (0..len).map(|_| next()).collect()
}

fn sweep(seeds: std::ops::Range<u64>, run: fn(&[u8])) {
    for seed in seeds {
        let ran = std::panic::catch_unwind(|| run(&history(seed)));
        assert!(ran.is_ok(), "seed {seed}");
    }
}

#[test]
fn over_the_plain_store() {
    sweep(0..500, server_ops::run::<ModelStore>);
}

#[test]
fn over_the_lease_database() {
    sweep(10_000..10_080, server_ops::run::<RealStore>);
}

/// For a longer sweep by hand.
#[test]
#[ignore = "takes minutes"]
fn many_histories() {
    sweep(20_000..50_000, server_ops::run::<ModelStore>);
}
