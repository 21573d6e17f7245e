//! A scripted history of a log on a disk that may fail, and the model of what must survive.

use std::collections::BTreeMap;
use std::sync::Arc;

use ddi_core::Lsn;
use ddi_core::log::{Log, LogConfig, LogError, MemStorage, Recovered, Storage, retire};

/// The generator of all choices; the seed is printed with every failure.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % n
    }
}

/// Tiny segments, so that a short history rotates often.
pub(crate) fn config(seed: u64) -> LogConfig {
    let mut config = LogConfig::default();
    config.log_id = seed ^ 0x1234_5678;
    config.align_bytes = if seed % 4 == 3 { 1024 } else { 512 };
    config.first_segment_bytes = 2048;
    config.segment_bytes = 8192;
    config
}

/// What a host knows: what it appended, what it was promised, what its snapshot holds.
#[derive(Clone, Default)]
pub(crate) struct Model {
    seed: u64,
    /// By LSN, from 1.
    ops: Vec<Vec<u8>>,
    /// Chain values of durable batches.
    chains: BTreeMap<Lsn, u64>,
    pub(crate) acked: Lsn,
    /// The end of the batch that is out: all of it may be there after a crash, or nothing.
    pub(crate) out: Lsn,
    /// What a snapshot holds: the log need not.
    pub(crate) base: Lsn,
    /// Differs from one opening to the next, so that an operation that rises from the dead shows.
    life: u64,
}

impl Model {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    pub(crate) fn appended(&self) -> Lsn {
        Lsn(self.ops.len() as u64)
    }

    /// Opens the log and checks what it gives against what was promised.
    pub(crate) fn reopen(&mut self, storage: &Arc<MemStorage>) -> Result<(Log, Recovered), String> {
        let mut next = self.base;
        let mut wrong = None;
        let ops = &self.ops;
        let disk = Arc::clone(storage) as Arc<dyn Storage>;
        let opened = Log::open(disk, config(self.seed), self.base, &mut |lsn, op| {
            next = next.next();
            if lsn != next || ops.get(lsn.0 as usize - 1).is_none_or(|expected| expected != op) {
                wrong.get_or_insert(lsn);
            }
            Ok(())
        });
        let (log, recovered) = opened.map_err(|e| format!("does not open: {e}"))?;
        if let Some(lsn) = wrong {
            return Err(format!("replays something else at {lsn:?}"));
        }
        if recovered.last != self.acked && recovered.last != self.out {
            return Err(format!("ends at {:?}, acked {:?}, out {:?}", recovered.last, self.acked, self.out));
        }
        if next != recovered.last || recovered.oldest > self.base.next() || recovered.lost != 0 {
            return Err(format!("replayed up to {next:?} but says {recovered:?}"));
        }
        if recovered.cut.is_some() && recovered.last == self.out && self.out > self.acked {
            return Err(format!("cut something after the batch that was out: {recovered:?}"));
        }
        if self.chains.get(&recovered.last).is_some_and(|chain| *chain != log.chain()) {
            return Err("the chain differs".to_owned());
        }
        self.ops.truncate(recovered.last.0 as usize);
        self.chains.split_off(&recovered.last.next());
        (self.acked, self.out) = (recovered.last, recovered.last);
        self.life += 1;
        Ok((log, recovered))
    }

    fn op(&self, lsn: u64, rng: &mut Rng) -> Vec<u8> {
        let len = if rng.below(8) == 0 { 400 + rng.below(900) } else { 8 + rng.below(80) };
        let mut op: Vec<u8> = (0..len).map(|i| (lsn.wrapping_mul(31) + i) as u8 | 1).collect();
        op[0] = self.life as u8 + 1;
        op
    }

    /// Appends and commits `commits` batches, with a snapshot and a release now and then. Stops at the
    /// first failure.
    pub(crate) fn run(
        &mut self,
        log: &mut Log,
        disk: &MemStorage,
        commits: u64,
        rng: &mut Rng,
    ) -> Result<(), LogError> {
        for _ in 0..commits {
            for _ in 0..=rng.below(6) {
                let op = self.op(self.appended().0 + 1, rng);
                let lsn = log.append(&op)?;
                self.ops.push(op);
                assert_eq!(lsn, self.appended());
            }
            let batch = log.take_batch().expect("a batch");
            self.out = batch.last();
            if rng.below(4) == 0 {
                let op = self.op(self.appended().0 + 1, rng);
                log.append(&op)?;
                self.ops.push(op);
            }
            self.acked = log.batch_durable(batch.sync())?;
            self.chains.insert(self.acked, log.chain());
            if rng.below(10) == 0 {
                self.base = self.acked;
                for name in log.release_before(self.base.next()) {
                    retire(disk, &name)?;
                }
            }
            if log.appended() == log.durable() && rng.below(10) == 0 {
                log.set_epoch(log.epoch() + 1)?;
            }
        }
        Ok(())
    }
}
