//! What a seed decides before anything happens.

use std::net::Ipv4Addr;

use ddi_core::db::PoolConfig;
use ddi_dhcp::server::{Config as ServerConfig, LeaseTimes, Link, Pool, Subnet};
use ddi_failover::Role;
use ddi_failover::endpoint::{Config, ProfileChoice};
use ddi_failover::split::HashBuckets;
use ddi_failover::state::Profile;

use crate::random::Random;
use crate::steer::Steer;

/// Milliseconds of the world's own time.
pub(crate) type Millis = u64;

pub(crate) const START_UNIX: u64 = 1_700_000_000;
pub(crate) const INTERFACE: u32 = 3;
/// How long faults go on.
pub(crate) const HOUR: Millis = 3_600_000;

/// One world.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) addresses: u8,
    pub(crate) clients: usize,
    pub(crate) mclt_seconds: u32,
    pub(crate) lease_seconds: u32,
    pub(crate) cache_percent: u8,
    pub(crate) balance_seconds: u16,
    pub(crate) split: u16,
    pub(crate) max_unacked: [u32; 2],
    pub(crate) receive_timer_seconds: [u32; 2],
    /// How far each clock is off, and by how many millionths it is too fast.
    pub(crate) offset_seconds: [i64; 2],
    pub(crate) drift_ppm: [i64; 2],
    /// Of datagrams, in percent.
    pub(crate) loss: u64,
    pub(crate) delay: Millis,
    /// The longest that a sync takes.
    pub(crate) sync: Millis,
    /// The mean time between two faults; `None`: none happen.
    pub(crate) fault_every: Option<Millis>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) ways: Ways,
    pub(crate) auto_partner_down_seconds: Option<u32>,
    pub(crate) steer: Option<Steer>,
}

/// Whose ways the two follow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Ways {
    /// Each knows that the other is ddi.
    Rich,
    /// Both are set to the draft's.
    Draft,
    /// Both are set to dhcpd's.
    Isc,
    /// This one takes its partner, which is set to dhcpd's ways, to be dhcpd: it hears before it speaks.
    LikeDhcpd(usize),
}

/// What goes wrong, or what an operator says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Fault {
    /// Nothing gets from one server to the other, in one direction or both.
    Partition,
    /// The connection is dead; whether a server learns of it is chance.
    Reset,
    /// A server stops.
    Crash,
    /// A server stops in the middle of a write or sync.
    CrashInSync,
    /// A server stops, and has an empty database when it comes back.
    Loss,
    /// A server stops, and has a database of earlier when it comes back.
    OldDisk,
    /// A server stops, and the operator of the other says so.
    PartnerDown,
    /// An operator pauses, shuts down or resumes a server.
    Command,
    /// Everything takes longer for a while.
    Slow,
    /// A server goes on alone, cut off from the other, with clients that renew; then it stops for long, and
    /// the operator of the other says so. Only in worlds of their own, as the next two.
    Outlived,
    /// An operator takes a server to be down that serves, for less than MCLT.
    Mistake,
    /// An operator says anything.
    Say,
}

impl Fault {
    /// Those that any world may have.
    pub(crate) const ALL: [Self; 9] = [
        Self::Partition,
        Self::Reset,
        Self::Crash,
        Self::CrashInSync,
        Self::Loss,
        Self::OldDisk,
        Self::PartnerDown,
        Self::Command,
        Self::Slow,
    ];
}

impl Plan {
    pub(crate) fn new(seed: u64, random: &mut Random) -> Self {
        let addresses = random.between(4, 14) as u8;
        // Too many clients for the pool in one of three worlds.
        let clients = if random.percent(33) { addresses + 3 } else { addresses.div_ceil(2) + 1 };
        let kinds = random.between(1, 4) as usize;
        let mut plan = Self {
            addresses,
            clients: usize::from(clients),
            mclt_seconds: random.pick(&[20, 60, 150]),
            lease_seconds: random.pick(&[60, 150, 400, 900]),
            cache_percent: random.pick(&[0, 25]),
            balance_seconds: random.pick(&[0, 3, 10]),
            split: random.pick(&[128, 128, 0, 256, 60]),
            max_unacked: [random.pick(&[1, 2, 10, 100]), random.pick(&[1, 2, 10, 100])],
            receive_timer_seconds: [random.between(6, 40) as u32, random.between(6, 40) as u32],
            offset_seconds: [random.between(0, 56) as i64 - 28, random.between(0, 56) as i64 - 28],
            drift_ppm: [random.between(0, 200) as i64 - 100, random.between(0, 200) as i64 - 100],
            loss: random.pick(&[0, 5, 30]),
            delay: random.pick(&[1, 20, 400]),
            sync: random.pick(&[0, 5, 100]),
            fault_every: random.percent(90).then(|| random.pick(&[30_000, 120_000, 400_000])),
            faults: (0..kinds).map(|_| random.pick(&Fault::ALL)).collect(),
            ways: match random.between(0, 7) {
                0..4 => Ways::Rich,
                4 => Ways::Draft,
                5 => Ways::Isc,
                _ => Ways::LikeDhcpd(random.index(2)),
            },
            auto_partner_down_seconds: None,
            steer: None,
        };
        if random.percent(12) {
            // More clients than addresses, so that each address that looks free is taken.
            plan.clients = usize::from(plan.addresses) + 3;
            plan.fault_every = Some(900_000);
            plan.faults = vec![Fault::Outlived];
        }
        if let Some(steer) = Steer::new(seed) {
            steer.change(&mut plan, random);
        }
        plan
    }

    pub(crate) fn first(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 0, 100)
    }

    fn last(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 0, 99 + self.addresses)
    }

    pub(crate) fn server(&self, node: usize) -> ServerConfig {
        let subnet = Subnet {
            pools: vec![Pool::new(self.first(), self.last())],
            ..Subnet::new(1, "10.0.0.0/24".parse().expect("a prefix"))
        };
        ServerConfig {
            authoritative: true,
            links: vec![Link { interface: INTERFACE, addresses: vec![server_addr(node)] }],
            lease: LeaseTimes::fixed(self.lease_seconds),
            cache_threshold_percent: self.cache_percent,
            quarantine_seconds: 300,
            offer_seconds: 20,
            subnets: vec![subnet],
            ..ServerConfig::default()
        }
    }

    pub(crate) fn role(&self, node: usize) -> Role {
        if node == 0 { Role::Primary } else { Role::Secondary }
    }

    pub(crate) fn endpoint(&self, node: usize, pools: Vec<PoolConfig>, seed: u64) -> Config {
        Config {
            mclt_seconds: self.mclt_seconds,
            buckets: HashBuckets::split(self.split),
            load_balance_max_seconds: self.balance_seconds,
            receive_timer_seconds: self.receive_timer_seconds[node],
            max_unacked: self.max_unacked[node],
            auto_partner_down_seconds: self.auto_partner_down_seconds,
            profile: match self.ways {
                Ways::Rich => ProfileChoice::Auto,
                Ways::Draft => ProfileChoice::Fixed(Profile::Draft),
                Ways::LikeDhcpd(deceived) if deceived == node => ProfileChoice::Auto,
                Ways::Isc | Ways::LikeDhcpd(_) => ProfileChoice::Fixed(Profile::Isc),
            },
            seed,
            ..Config::new(b"sim", self.role(node), pools)
        }
    }
}

pub(crate) fn server_addr(node: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, 1 + node as u8)
}
