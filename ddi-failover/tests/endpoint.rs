//! Two endpoints over two databases: meeting, leases both ways, and all that can come between.

#[path = "support/pair.rs"]
mod pair;

use ddi_core::authority::Permission;
use ddi_core::{BindingState, Expect, LeaseStore, UnixTime};
use ddi_failover::endpoint::{Config, LinkId, ProfileChoice, VENDOR_CLASS_RICH};
use ddi_failover::split::HashBuckets;
use ddi_failover::state::Command;
use ddi_failover::wire::v4::{Code, Kind, Message};
use ddi_failover::{Profile, Role, State};
use pair::{Pair, START, config};

use BindingState::{Active, Free};

/// Both profiles, and ours with itself.
fn pairs() -> [(&'static str, Pair); 3] {
    let fixed = |role, profile| Config { profile: ProfileChoice::Fixed(profile), ..config(role) };
    let both = |profile| Pair::new(fixed(Role::Primary, profile), fixed(Role::Secondary, profile));
    [("ours", Pair::usual()), ("isc", both(Profile::Isc)), ("draft", both(Profile::Draft))]
}

#[test]
fn two_that_never_met_share_the_pool() {
    for (name, mut pair) in pairs() {
        pair.settle();
        assert_eq!(pair.states(), [State::Normal; 2], "{name}");
        for node in &pair.nodes {
            assert_eq!(node.counts(), (50, 50, 0), "{name}");
        }
        pair.assert_equal();
        assert_eq!(pair.links().len(), 1, "{name}");
        pair.wait(300);
        assert_eq!((pair.states(), pair.links().len()), ([State::Normal; 2], 1), "{name}");
    }
}

#[test]
fn calm_is_where_nobody_waits() {
    let window = |role| Config { max_unacked: 8, ..config(role) };
    let mut pair = Pair::new(window(Role::Primary), window(Role::Secondary));
    let is_calm = |pair: &Pair| {
        let all = pair.links().iter();
        [0, 1].map(|at| all.clone().any(|link| pair.nodes[at].endpoint.is_calm(*link)))
    };
    assert_eq!(is_calm(&pair), [false; 2]);
    pair.settle();
    assert_eq!(is_calm(&pair), [true; 2]);
    assert!(!pair.nodes[0].endpoint.is_calm(LinkId(u64::MAX)), "another connection");
    for client in 1..=3 {
        pair.discover(0, client, 600).unwrap();
    }
    assert_eq!(is_calm(&pair), [true; 2]);
    pair.discover(0, 4, 600).unwrap();
    assert_eq!(is_calm(&pair), [false, true], "half of the window is used");
    pair.settle();
    assert_eq!(is_calm(&pair), [true; 2]);
    pair.command(0, Command::Pause);
    assert_eq!(is_calm(&pair), [false; 2]);
}

#[test]
fn leases_go_both_ways_and_the_first_is_short() {
    for (name, mut pair) in pairs() {
        pair.settle();
        let one = pair.discover(0, 1, 600).unwrap();
        let other = pair.discover(1, 2, 600).unwrap();
        pair.settle();
        for (at, last, client) in [(0, one, 1), (1, other, 2)] {
            let lease = pair.nodes[1 - at].lease(last);
            assert_eq!((lease.state, lease.hw_addr), (Active, pair::hw(client)), "{name}");
            assert_eq!(lease.expiration_time, UnixTime(START + 60), "{name}");
            assert_eq!(lease.potential_expiration_time.received, UnixTime(START + 630), "{name}");
            let own = pair.nodes[at].lease(last);
            assert_eq!(own.potential_expiration_time.acked, UnixTime(START + 630), "{name}");
            assert_eq!(lease.subnet_id, 101);
        }
        pair.wait(3);
        assert_eq!(pair.request(0, one, 1, 600), Ok(600), "{name}");
        // The partner knows as well, and may renew for as long.
        assert_eq!(pair.request(1, other, 2, 600), Ok(600), "{name}");
        assert_eq!(pair.request(0, other, 3, 600), Err(Permission::Nak), "{name}");
        pair.settle();
        pair.assert_equal();
        assert_eq!(pair.end(0, one, true), Some(BindingState::Released), "{name}");
        pair.settle();
        for node in &pair.nodes {
            assert!(node.lease(one).state.is_allocatable(), "{name}");
        }
        pair.assert_equal();
    }
}

#[test]
fn a_lease_ends_where_it_was_given() {
    for (name, mut pair) in pairs() {
        pair.settle();
        let one = pair.discover(0, 1, 600).unwrap();
        let other = pair.discover(1, 2, 600).unwrap();
        pair.wait(61);
        assert_eq!(pair.end(1, one, false), None, "{name}: the primary decides");
        assert_eq!(pair.end(0, one, false), Some(BindingState::Expired), "{name}");
        assert_eq!(pair.end(0, other, false), None, "{name}: the other clock may be behind");
        pair.wait(60);
        assert_eq!(pair.end(0, other, false), Some(BindingState::Expired), "{name}");
        pair.settle();
        for node in &pair.nodes {
            assert!(node.lease(one).state.is_allocatable() && node.lease(other).state.is_allocatable());
        }
        pair.assert_equal();
    }
}

#[test]
fn alone_each_serves_from_its_half_and_all_is_equal_again() {
    for (name, mut pair) in pairs() {
        pair.settle();
        let before = pair.discover(0, 1, 600).unwrap();
        pair.settle();
        pair.cut();
        assert_eq!(pair.states(), [State::CommunicationsInterrupted; 2], "{name}");
        let mut given = Vec::new();
        for at in 0..2 {
            let mut client = 100 + at as u32 * 1000;
            while let Some(last) = pair.discover(at, client, 600) {
                given.push(last);
                client += 1;
            }
        }
        assert!(given.len() > 90, "{name}: {}", given.len());
        let count = given.len();
        given.sort_unstable();
        given.dedup();
        assert_eq!(given.len(), count, "{name}: an address twice");
        assert_eq!(pair.request(1, before, 1, 600), Ok(600), "{name}: it renews");
        pair.heal();
        assert_eq!(pair.states(), [State::Normal; 2], "{name}");
        pair.assert_equal();
        for node in &pair.nodes {
            assert_eq!(node.counts().2, count as u64 + 1, "{name}");
        }
        assert_ne!(pair.nodes[0].lease(before).state, Free);
    }
}

#[test]
fn two_of_ours_say_more() {
    let mut pair = Pair::normal();
    let (mut user, mut lasts) = (vec![7; 300], Vec::new());
    for client in 0..20 {
        let last = pair.discover(0, client, 600).unwrap();
        let node = &mut pair.nodes[0];
        let mut lease = node.lease(last);
        lease.hostname = format!("host{client}").into_bytes();
        lease.ddns.fqdn = format!("host{client}.example").into_bytes();
        (lease.ddns.forward, lease.ddns.by_client) = (true, false);
        lease.relay_agent_info = vec![1, 2, client as u8, 9];
        lease.user = user.clone();
        node.db.put_forced(&mut lease, Expect::Any).unwrap();
        lasts.push(last);
    }
    pair.settle();
    for last in &lasts {
        let [one, other] = [0, 1].map(|at| pair.nodes[at].lease(*last));
        assert_eq!((&one.hostname, &one.ddns, &one.user), (&other.hostname, &other.ddns, &other.user));
        assert_eq!(one.relay_agent_info, other.relay_agent_info);
        assert!(other.ddns.forward && !other.user.is_empty());
    }
    // Several leases were in a message.
    let most =
        pair.messages(0).into_iter().filter(|(kind, _)| Kind(*kind) == Kind::BNDUPD).map(|(_, bytes)| {
            let message = Message::parse(&bytes).unwrap();
            message.options().filter(|option| option.code == Code::ASSIGNED_ADDRESS).count()
        });
    assert!(most.max().unwrap() > 3);
    // What is gone here is gone there; what is too long stays as it was.
    user.resize(5000, 1);
    let node = &mut pair.nodes[0];
    let mut lease = node.lease(lasts[0]);
    (lease.user, lease.hostname) = (user, Vec::new());
    node.db.put_forced(&mut lease, Expect::Any).unwrap();
    let now = pair.now;
    node.endpoint.handle_lease_changed(now, &mut node.db, lease.key);
    pair.settle();
    let other = pair.nodes[1].lease(lasts[0]);
    assert_eq!((other.hostname.len(), other.user.len(), other.ddns.fqdn.is_empty()), (0, 300, false));
    // The vendor class says so, and an equal one is needed.
    let status = pair.nodes[1].endpoint.status(&pair.nodes[1].db);
    assert!(status.rich && VENDOR_CLASS_RICH.starts_with(b"ddi"));
    assert_eq!(HashBuckets::split(128).primary_count(), status.primary_buckets.unwrap());
}

#[test]
fn both_renew_the_same_lease_at_once() {
    for profile in [ProfileChoice::Auto, ProfileChoice::Fixed(Profile::Isc)] {
        for later in 0..2 {
            let with = |role| Config { profile, ..config(role) };
            let mut pair = Pair::new(with(Role::Primary), with(Role::Secondary));
            pair.settle();
            let last = pair.discover(0, 1, 600).unwrap();
            pair.wait(5);
            pair.nodes[later].ahead = 3;
            for at in 0..2 {
                pair.request(at, last, 1, 600).unwrap();
            }
            pair.settle();
            pair.wait(3);
            pair.assert_equal();
            assert_eq!(
                pair.nodes[0].lease(last).expiration_time.0,
                START + 5 + 600 + 3,
                "{profile:?} {later}"
            );
        }
    }
}

#[test]
fn what_one_side_used_up_is_shared_again() {
    for profile in [ProfileChoice::Auto, ProfileChoice::Fixed(Profile::Isc)] {
        for at in 0..2 {
            let with = |role| Config { profile, ..config(role) };
            let mut pair = Pair::new(with(Role::Primary), with(Role::Secondary));
            pair.settle();
            for client in 0..40 {
                pair.discover(at, client, 3000).unwrap();
            }
            pair.settle();
            pair.wait(70);
            let (free, backup, active) = pair.nodes[0].counts();
            assert_eq!(active, 40);
            assert!(free.abs_diff(backup) <= 12, "{profile:?} {at}: {free} {backup}");
            pair.assert_equal();
            // No ping-pong.
            let before = pair.sent[0].len() + pair.sent[1].len();
            pair.wait(600);
            let updates =
                |pair: &Pair| (0..2).flat_map(|at| pair.messages(at)).filter(|(kind, _)| *kind == 3).count();
            assert!(pair.sent[0].len() + pair.sent[1].len() - before < 20_000, "{}", updates(&pair));
        }
    }
}

/// What changed while an update of the same lease was on its way is told, though the partner knows of a longer
/// promise than the lease has.
#[test]
fn a_change_during_an_update_is_told() {
    let mut pair = Pair::normal();
    pair.nodes[0].ahead = 10;
    let last = pair.discover(0, 1, 600).unwrap();
    pair.settle();
    pair.wait(5);
    pair.request(0, last, 1, 600).unwrap();
    pair.settle();
    pair.request(1, last, 1, 600).unwrap();
    let (now, link) = (pair.now, pair.links()[0]);
    let node = &mut pair.nodes[1];
    node.db.commit().unwrap();
    let mut bytes = [0; 3000];
    let len = node.endpoint.poll_transmit(&node.db, link, &mut bytes).unwrap();
    let mut lease = node.lease(last);
    assert!(lease.potential_expiration_time.sent < lease.potential_expiration_time.received);
    lease.user = b"later".to_vec();
    node.db.put(&mut lease, Expect::Any).unwrap();
    node.endpoint.handle_lease_changed(now, &mut node.db, lease.key);
    let now = pair.now_of(0);
    let node = &mut pair.nodes[0];
    node.endpoint.handle_bytes(now, &mut node.db, link, &bytes[..len]).unwrap();
    pair.settle();
    assert_eq!(pair.nodes[0].lease(last).user, b"later");
}
