//! Lease times and the time of reuse.

use ddi_core::authority::Grant;
use ddi_core::lease::PotentialExpiration;
use ddi_core::{BindingState, Lease, UnixTime};
use ddi_failover::mclt::{INFINITE_SECONDS, grant, reusable_at};

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 24) % bound
    }
}

fn lease(acked: u64, received: u64) -> Lease {
    let mut lease = Lease::default();
    lease.potential_expiration_time =
        PotentialExpiration { sent: UnixTime::UNSET, acked: UnixTime(acked), received: UnixTime(received) };
    lease
}

/// dhcpd's rule in its four cases, with P the one time that it keeps.
fn dhcpd(now: u64, potential: u64, desired: u64, mclt: u64) -> u64 {
    if desired <= mclt {
        desired
    } else if potential <= now {
        mclt
    } else if now + desired > potential + mclt {
        potential - now + mclt
    } else {
        desired
    }
}

#[test]
fn grants_what_dhcpd_grants() {
    let mut random = Random(1);
    for _ in 0..200_000 {
        let now = 1_000_000 + random.below(1000);
        let (acked, received) = (random.below(2_000_000), random.below(2_000_000));
        let (desired, mclt) = (random.below(1_000_000) as u32, random.below(100_000) as u32);
        let given = grant(UnixTime(now), &lease(acked, received), desired, mclt).lease_seconds;
        let potential = acked.max(received);
        assert_eq!(u64::from(given), dhcpd(now, potential, u64::from(desired), u64::from(mclt)));
        // The invariant.
        assert!(now + u64::from(given) <= potential.max(now) + u64::from(mclt));
    }
}

#[test]
fn edges() {
    let never = UnixTime::NEVER.0;
    let at = |potential, desired, mclt| grant(UnixTime(1000), &lease(potential, 0), desired, mclt);
    let infinite = Grant { lease_seconds: INFINITE_SECONDS, potential_expiration_sent: UnixTime::NEVER };
    assert_eq!(at(never, INFINITE_SECONDS, 60), infinite);
    // An infinite lease begins with MCLT like any other; then the partner knows.
    assert_eq!(at(0, INFINITE_SECONDS, 60), Grant { lease_seconds: 60, ..infinite });
    assert_eq!(at(u64::from(u32::MAX) * 3, INFINITE_SECONDS, 60).lease_seconds, INFINITE_SECONDS - 1);
    assert_eq!(at(never, 600, 60).lease_seconds, 600);
    assert_eq!(at(0, 0, 60).lease_seconds, 0);
    assert_eq!(at(0, 600, 0).lease_seconds, 0);
    assert_eq!(at(0, 600, u32::MAX).lease_seconds, 600);
}

/// The ladder that dhcpd was seen to climb: desired 600 s, MCLT 60 s.
#[test]
fn measured_ladder() {
    let mut lease = Lease::default();
    let first = grant(UnixTime(10_000), &lease, 600, 60);
    assert_eq!(first, Grant { lease_seconds: 60, potential_expiration_sent: UnixTime(10_630) });
    lease.state = BindingState::Active;
    lease.potential_expiration_time.sent = first.potential_expiration_sent;
    // Renewed before the acknowledgement.
    assert_eq!(grant(UnixTime(10_003), &lease, 600, 60).lease_seconds, 60);
    // And after.
    lease.potential_expiration_time.acked = first.potential_expiration_sent;
    let second = grant(UnixTime(10_003), &lease, 600, 60);
    assert_eq!(second, Grant { lease_seconds: 600, potential_expiration_sent: UnixTime(10_903) });
}

/// The table in DESIGN.md: when, what the lease had acked and received; given, expiration, sent.
#[test]
fn the_documents_example() {
    for (now, acked, received, given, expiration, sent) in [
        (0, 0, 0, 60, 60, 630),
        (3, 630, 0, 600, 603, 903),
        (303, 903, 0, 600, 903, 1203),
        (603, 0, 1203, 600, 1203, 1503),
        (903, 0, 1203, 360, 1263, 1683),
        (1203, 0, 1203, 60, 1263, 1833),
    ] {
        let got = grant(UnixTime(now), &lease(acked, received), 600, 60);
        assert_eq!((got.lease_seconds, got.potential_expiration_sent), (given, UnixTime(sent)), "at {now}");
        assert_eq!(now + u64::from(given), expiration);
    }
    let mut partners = lease(0, 1203);
    partners.expiration_time = UnixTime(903);
    assert_eq!(reusable_at(&partners, UnixTime(400), 60), UnixTime(1263));
}

/// The example of draft section 5.2.1: three days, MCLT one hour.
#[test]
fn the_drafts_example() {
    const HOUR: u64 = 3600;
    let days = |n: u64| n * 24 * HOUR;
    let (t, mut lease) = (1_000_000, Lease::default());
    let first = grant(UnixTime(t), &lease, days(3) as u32, HOUR as u32);
    assert_eq!(u64::from(first.lease_seconds), HOUR);
    assert_eq!(first.potential_expiration_sent, UnixTime(t + days(3) + HOUR / 2));
    lease.state = BindingState::Active;
    lease.potential_expiration_time.acked = first.potential_expiration_sent;
    let renewed = t + HOUR / 2;
    let second = grant(UnixTime(renewed), &lease, days(3) as u32, HOUR as u32);
    assert_eq!(u64::from(second.lease_seconds), days(3));
    assert_eq!(second.potential_expiration_sent, UnixTime(renewed + days(3) + days(3) / 2));
}

#[test]
fn a_promise_is_not_taken_back_while_the_lease_lives() {
    let mut lease = lease(0, 0);
    lease.potential_expiration_time.sent = UnixTime(50_000);
    let shorter = |lease: &Lease| grant(UnixTime(1000), lease, 600, 60).potential_expiration_sent;
    assert_eq!(shorter(&lease), UnixTime(1630), "another client's");
    lease.state = BindingState::Active;
    assert_eq!(shorter(&lease), UnixTime(50_000));
}

#[test]
fn reuse_waits_for_the_latest_of_all_times() {
    let base = UnixTime(1000);
    for latest in 0..5 {
        let mut times = [100, 200, 300, 400, 1000];
        times[latest] = 5000;
        let [expiration, sent, acked, received, since] = times.map(UnixTime);
        let mut lease = lease(acked.0, received.0);
        lease.potential_expiration_time.sent = sent;
        lease.expiration_time = expiration;
        assert_eq!(reusable_at(&lease, since, 60), UnixTime(5060));
        // A binding that the partner never heard of.
        lease.rewind_state = Some(BindingState::Backup);
        let want = [5000, 1060, 5060, 5060, 5060][latest];
        assert_eq!(reusable_at(&lease, since, 60), UnixTime(want), "{times:?}");
    }
    let mut lease = Lease::default();
    assert_eq!(reusable_at(&lease, base, 60), UnixTime(1060), "never leased");
    lease.expiration_time = UnixTime::NEVER;
    assert_eq!(reusable_at(&lease, base, 60), UnixTime::NEVER);
}

/// One address and its client, two servers, updates and acknowledgements that may be lost; then one
/// server is declared down. The other may give the address away no earlier than the client's lease ends.
struct World {
    now: u64,
    mclt: u32,
    held: [Lease; 2],
    updates: [Vec<(UnixTime, UnixTime)>; 2],
    acks: [Vec<UnixTime>; 2],
    client_end: UnixTime,
}

impl World {
    fn renew(&mut self, who: usize, desired: u32) {
        let now = UnixTime(self.now);
        let given = grant(now, &self.held[who], desired, self.mclt);
        let lease = &mut self.held[who];
        lease.state = BindingState::Active;
        lease.expiration_time = now.plus_secs(u64::from(given.lease_seconds));
        lease.potential_expiration_time.sent = given.potential_expiration_sent;
        self.client_end = self.client_end.max(lease.expiration_time);
        self.updates[who].push((lease.expiration_time, given.potential_expiration_sent));
    }

    fn step(&mut self, random: &mut Random) {
        let who = random.below(2) as usize;
        match random.below(10) {
            0..=2 => self.renew(who, [30, 600, 5000][random.below(3) as usize]),
            3..=5 if !self.updates[who].is_empty() => {
                let (expiration, potential) = self.updates[who].remove(0);
                let lease = &mut self.held[1 - who];
                lease.state = BindingState::Active;
                lease.expiration_time = expiration;
                lease.potential_expiration_time.received = potential;
                self.acks[who].push(potential);
            }
            6 | 7 if !self.acks[who].is_empty() => {
                self.held[who].potential_expiration_time.acked = self.acks[who].remove(0);
            }
            8 if random.below(4) == 0 => {
                self.updates = Default::default();
                self.acks = Default::default();
            }
            _ => self.now += random.below(400),
        }
    }
}

#[test]
fn nobody_holds_the_address_when_it_is_reused() {
    let (mut dhcpd_fails, runs) = (0, 50_000);
    for seed in 1..=runs {
        let mut random = Random((seed * 0x9e37_79b9) | 1);
        let mut world = World {
            now: 1_000_000,
            mclt: 60 + random.below(600) as u32,
            held: Default::default(),
            updates: Default::default(),
            acks: Default::default(),
            client_end: UnixTime::UNSET,
        };
        for _ in 0..random.below(60) {
            world.step(&mut random);
        }
        let since = UnixTime(world.now);
        for survivor in &world.held {
            let reused = reusable_at(survivor, since, world.mclt);
            assert!(world.client_end <= reused, "seed={seed}: {:?} until {:?}", reused, world.client_end);
            let dhcpd = since.plus_secs(u64::from(world.mclt)).max(survivor.expiration_time);
            dhcpd_fails += u32::from(world.client_end > dhcpd);
        }
    }
    println!("dhcpd's rule gives an address away too early in {dhcpd_fails} of {} cases", runs * 2);
    assert!(dhcpd_fails > 0, "the test can't tell the rules apart");
}
