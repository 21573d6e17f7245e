//! One server: its disk, its clock, and what runs while it is up.

use std::collections::BTreeSet;
use std::sync::Arc;

use ddi_core::{DbConfig, Instant, LeaseDb, MemStorage, Now, UnixTime};
use ddi_dhcp::server::Server;
use ddi_failover::State;
use ddi_failover::endpoint::{Endpoint, Start};
use ddi_failover::saved::Saved;

use crate::plan::{Millis, Plan, START_UNIX};
use crate::plant::Plant;
use crate::steps::Steps;

/// A clock that is wrong, and runs too fast or too slow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) offset_seconds: i64,
    pub(crate) drift_ppm: i64,
}

impl Clock {
    pub(crate) fn now(&self, at: Millis) -> Now {
        let millis = at as i64 + at as i64 * self.drift_ppm / 1_000_000;
        let unix = START_UNIX as i64 + millis / 1000 + self.offset_seconds;
        Now { instant: Instant(millis as u64), unix: UnixTime(unix as u64) }
    }

    /// The world's time at which this clock shows `instant`, or a little later.
    pub(crate) fn reaches(&self, instant: Instant) -> Millis {
        let millis = i128::from(instant.0);
        let at = millis * 1_000_000 / (1_000_000 + i128::from(self.drift_ppm));
        Millis::try_from(at + 1).unwrap_or(Millis::MAX)
    }
}

/// What dies with the process.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) endpoint: Endpoint,
}

/// A server, up or down.
pub(crate) struct Node {
    pub(crate) clock: Clock,
    pub(crate) running: Option<Running>,
    /// Counts starts: what was begun in an earlier life does not come to an end in this one.
    pub(crate) life: u32,
    pub(crate) db: LeaseDb,
    pub(crate) storage: Arc<MemStorage>,
    pub(crate) saved: Option<Box<[u8]>>,
    /// Saves that are being written: number and bytes.
    pub(crate) saving: Vec<(u64, Box<[u8]>)>,
    pub(crate) committing: bool,
    pub(crate) wakes_at: Option<Millis>,
    /// A copy of the disk from before, to come back with.
    pub(crate) old: Option<MemStorage>,
    /// The database is not the one that it was.
    pub(crate) lost: bool,
    /// For [`Plant::StaleAckTaken`].
    pub(crate) updated: BTreeSet<[u8; 4]>,
    pub(crate) steps: Steps,
    /// Since when it is in PARTNER-DOWN.
    pub(crate) alone_since: Millis,
    /// It gave away what is its partner's, which has not heard of that yet.
    pub(crate) knows_alone: bool,
    /// It is not there yet.
    pub(crate) not_before: Millis,
    seed: u64,
}

impl Node {
    pub(crate) fn new(plan: &Plan, at: usize, seed: u64) -> Self {
        let storage = Arc::new(MemStorage::new());
        let db = open(&storage);
        Self {
            clock: Clock { offset_seconds: plan.offset_seconds[at], drift_ppm: plan.drift_ppm[at] },
            running: None,
            life: 0,
            db,
            storage,
            saved: None,
            saving: Vec::new(),
            committing: false,
            wakes_at: None,
            old: None,
            lost: false,
            updated: BTreeSet::new(),
            steps: Steps::new(plan.role(at), None),
            alone_since: 0,
            knows_alone: false,
            not_before: 0,
            seed,
        }
    }

    pub(crate) fn start(&mut self, plan: &Plan, at: usize, now: Millis, plant: Plant) {
        let server = Server::new(plan.server(at), self.seed).expect("a good config");
        let pools = server.pools();
        self.db.set_pools(&pools).expect("good pools");
        let lost = self.lost && plant != Plant::LossNotTold;
        let start = match &self.saved {
            Some(bytes) if lost => Start::LeasesLost(bytes),
            Some(bytes) => Start::Saved(bytes),
            None => Start::Nothing,
        };
        self.life += 1;
        let mut config = plan.endpoint(at, pools, self.seed ^ u64::from(self.life));
        if plant == Plant::SafePeriodTooShort {
            config.auto_partner_down_seconds = Some(10);
        }
        let endpoint = Endpoint::new(self.clock.now(now), config, start).expect("a good config");
        self.running = Some(Running { server, endpoint });
        self.steps = Steps::new(plan.role(at), self.saved().filter(|_| !lost));
        (self.committing, self.wakes_at) = (false, None);
    }

    pub(crate) fn state(&self) -> Option<State> {
        Some(self.running.as_ref()?.endpoint.state())
    }

    /// In this state, or to go on with it when it is started.
    pub(crate) fn goes_on_as(&self, state: State) -> bool {
        let rests = |state| matches!(state, State::Startup | State::Paused | State::Shutdown);
        let is = |saved: Saved| saved.state == state || rests(saved.state) && saved.resume == state;
        match self.state() {
            Some(State::Startup | State::Paused | State::Shutdown) | None => self.saved().is_some_and(is),
            Some(own) => own == state,
        }
    }

    pub(crate) fn is_linked(&self) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| running.endpoint.status(&self.db).link.is_some())
    }

    fn saved(&self) -> Option<Saved> {
        Saved::decode(self.saved.as_ref()?, b"sim").ok()
    }
}

pub(crate) fn open(storage: &Arc<MemStorage>) -> LeaseDb {
    let mut config = DbConfig::new([7; 16]);
    (config.log.first_segment_bytes, config.log.segment_bytes) = (16 << 10, 1 << 20);
    LeaseDb::open(Arc::clone(storage) as _, &config).expect("a crash leaves a database").0
}
