//! Sharing the free addresses: dhcpd's arithmetic.

use ddi_core::{BindingState, HwAddr, Lease, UnixTime};
use ddi_failover::Role;
use ddi_failover::balance::{Ages, Balance, BalanceConfig, Candidate, Judgement, Pass, next_run};
use ddi_failover::split::{HashBuckets, LoadBalance};

const CONFIG: BalanceConfig = BalanceConfig {
    max_misbalance_percent: 15,
    max_ownership_percent: 10,
    min_balance_seconds: 60,
    max_balance_seconds: 3600,
};

/// Runs both passes over this server's free addresses; how many were given away.
fn run(role: Role, own: &[Candidate], partners: u32) -> usize {
    let mut kept = own.to_vec();
    let mut given = 0;
    for pass in [Pass::Affine, Pass::Any] {
        let mut at = 0;
        while at < kept.len() {
            let (own, other) = (kept.len() as u32, partners + given);
            let (free, backup) = if role == Role::Primary { (own, other) } else { (other, own) };
            match Balance::new(role, free, backup, &CONFIG).judge(pass, kept[at]) {
                Judgement::Give => {
                    kept.remove(at);
                    given += 1;
                }
                Judgement::Keep => at += 1,
                Judgement::Stop => break,
            }
        }
    }
    given as usize
}

#[test]
fn numbers() {
    let balance = |role, free, backup| {
        let b = Balance::new(role, free, backup, &CONFIG);
        (b.surplus, b.threshold, b.hold)
    };
    assert_eq!(balance(Role::Primary, 100, 0), (50, 15, 10));
    assert_eq!(balance(Role::Secondary, 100, 0), (-50, 15, 10));
    assert_eq!(balance(Role::Primary, 0, 5), (-2, 1, 1), "towards zero");
    assert_eq!(balance(Role::Primary, 3, 0), (1, 0, 0));
    assert_eq!(balance(Role::Primary, u32::MAX, u32::MAX), (0, 1_288_490_189, 858_993_459));
    let asks = |role, free, backup| Balance::new(role, free, backup, &CONFIG).asks();
    assert!(asks(Role::Secondary, 100, 0) && !asks(Role::Primary, 100, 0));
    assert!(asks(Role::Secondary, 81, 19) && !asks(Role::Secondary, 80, 20), "below -2 * 15");
    assert!(asks(Role::Secondary, 4, 0) == (-2 < -2), "threshold 1 of 4");
    assert!(!asks(Role::Secondary, 2, 0) && !asks(Role::Secondary, 3, 0), "-1 at least");
    let unbalanced = |free, backup| Balance::new(Role::Primary, free, backup, &CONFIG).is_unbalanced();
    assert!(unbalanced(66, 34) && !unbalanced(65, 35));
}

#[test]
fn virgin_pools_are_halved() {
    for count in [0, 1, 2, 10, 11, 100, 1001] {
        assert_eq!(run(Role::Primary, &vec![Candidate::NeverUsed; count], 0), count / 2, "{count}");
    }
}

#[test]
fn used_addresses_are_given_up_to_the_hold() {
    // 50 too many; the partner's clients' go first, and down to 10 below its half.
    assert_eq!(run(Role::Primary, &[Candidate::PartnersClient; 100], 0), 60);
    assert_eq!(run(Role::Primary, &[Candidate::OwnClient; 100], 0), 40);
    let mixed = [[Candidate::OwnClient; 50], [Candidate::PartnersClient; 50]].concat();
    assert_eq!(run(Role::Primary, &mixed, 0), 50);
    // Balanced: affinity alone moves some, nothing else does.
    assert_eq!(run(Role::Primary, &[Candidate::OwnClient; 50], 50), 0);
    assert_eq!(run(Role::Secondary, &[Candidate::PartnersClient; 50], 50), 10);
    assert_eq!(run(Role::Secondary, &[Candidate::NeverUsed; 50], 50), 0);
}

#[test]
fn a_second_run_moves_little() {
    // Whatever a run leaves, the partner's run gives none of it back.
    for own in 0..60 {
        for partners in 0..60 {
            let all = vec![Candidate::OwnClient; own];
            let given = run(Role::Primary, &all, partners);
            let back = run(
                Role::Secondary,
                &vec![Candidate::OwnClient; partners as usize + given],
                (own - given) as u32,
            );
            assert!(given == 0 || back == 0, "{own} and {partners}: {given} there, {back} back");
        }
    }
}

#[test]
fn freed_addresses_follow_their_client() {
    let clients = LoadBalance { buckets: Some(HashBuckets::split(128)), ..LoadBalance::default() };
    let mut lease = Lease::default();
    let balanced = Balance::new(Role::Primary, 50, 50, &CONFIG);
    assert_eq!(Candidate::of(Role::Primary, &lease, &clients), Candidate::NeverUsed);
    assert!(!balanced.gives_freed(&lease, &clients));
    // Buckets 133 and 45; a client_id counts before the hw_addr.
    lease.hw_addr = HwAddr::new(1, &[2, 0, 0, 0, 0, 1]).unwrap();
    assert_eq!(Candidate::of(Role::Primary, &lease, &clients), Candidate::PartnersClient);
    assert_eq!(Candidate::of(Role::Secondary, &lease, &clients), Candidate::OwnClient);
    assert!(balanced.gives_freed(&lease, &clients));
    assert!(!Balance::new(Role::Primary, 40, 60, &CONFIG).gives_freed(&lease, &clients), "it has enough");
    for (reserved, bootp) in [(true, false), (false, true)] {
        (lease.reserved, lease.bootp) = (reserved, bootp);
        assert!(!balanced.gives_freed(&lease, &clients));
    }
    lease.client_id = vec![2, 0, 0, 0, 0, 2];
    lease.state = BindingState::Free;
    assert_eq!(Candidate::of(Role::Primary, &lease, &clients), Candidate::OwnClient);
}

#[test]
fn time_of_the_next_run() {
    let now = UnixTime(1_000_000);
    let at = |oldest_own: u64, oldest_partners: u64, last: u64| {
        let ages = Ages {
            oldest_own: UnixTime(now.0 - oldest_own),
            oldest_partners: UnixTime(now.0 - oldest_partners),
            last_run: UnixTime(now.0 - last),
        };
        next_run(now, &ages, &CONFIG, 0).0 - now.0
    };
    assert_eq!(at(1000, 10_000, 1000), 300, "15 % of 1000, doubled");
    assert_eq!(at(10_000, 1000, 1000), 150);
    assert_eq!(at(900_000, 900_000, 1000), 3600, "at most");
    assert_eq!(at(10, 10, 20), 40, "60 s after the last run");
    assert_eq!(at(0, 0, 100), 0);
    let ages = Ages { oldest_own: now, oldest_partners: now, last_run: now };
    assert_eq!(next_run(now, &ages, &CONFIG, 4), UnixTime(now.0 + 64));
}
