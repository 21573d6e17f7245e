//! States of two endpoints: restarts, lost leases, PARTNER-DOWN, conflicts, operators.

#[path = "support/pair.rs"]
mod pair;

use ddi_core::authority::{Asking, Permission, Question, Service};
use ddi_core::{Authority, BindingState, Expect, Lease, LeaseKey, LeaseStore, Lsn, UnixTime};
use ddi_failover::endpoint::{Config, Event};
use ddi_failover::split::HashBuckets;
use ddi_failover::state::Command;
use ddi_failover::{Role, State};
use pair::{Pair, START, addr, config, hw};

use State::{CommunicationsInterrupted, Normal, PartnerDown, RecoverWait};

/// A pair with leases from both sides, all acknowledged.
fn with_leases() -> (Pair, Vec<u8>) {
    let mut pair = Pair::normal();
    let leases = (0..20).map(|client| pair.discover(client as usize % 2, client, 600).unwrap()).collect();
    pair.settle();
    pair.assert_equal();
    (pair, leases)
}

#[test]
fn a_restart_within_startup_goes_back_to_normal() {
    for at in 0..2 {
        let (mut pair, _) = with_leases();
        pair.restart(at, false);
        pair.wait(8);
        assert_eq!(pair.states(), [Normal; 2]);
        pair.assert_equal();
    }
    let (mut pair, _) = with_leases();
    pair.restart(0, false);
    pair.restart(1, false);
    pair.wait(8);
    assert_eq!(pair.states(), [Normal; 2]);
}

#[test]
fn a_restart_alone_serves_after_startup() {
    let (mut pair, leases) = with_leases();
    pair.cut();
    pair.restart(0, false);
    pair.wait(14);
    assert_eq!(pair.states()[0], State::Startup);
    assert_eq!(pair.request(0, leases[0], 0, 600), Err(Permission::Silent));
    pair.wait(2);
    assert_eq!(pair.states(), [CommunicationsInterrupted; 2]);
    assert!(pair.request(0, leases[0], 0, 600).is_ok());
    pair.heal();
    assert_eq!(pair.states(), [Normal; 2]);
    pair.assert_equal();
}

#[test]
fn lost_leases_come_back_and_nobody_ends_one_early() {
    for at in 0..2 {
        let (mut pair, leases) = with_leases();
        pair.wait(4);
        // A renewal that nobody else hears of.
        let silent = leases[at];
        pair.mute = [true; 2];
        assert_eq!(pair.request(at, silent, at as u32, 600), Ok(600));
        let until = pair.now.unix.plus_secs(600);
        pair.cut();
        pair.mute = [false; 2];
        pair.restart(at, true);
        pair.heal();
        assert_eq!(pair.states()[at], RecoverWait, "{at}");
        assert_eq!(pair.request(at, leases[0], 0, 600), Err(Permission::Silent));
        pair.wait(70);
        assert_eq!(pair.states(), [Normal; 2], "{at}");
        pair.assert_equal();
        for (client, last) in (0..).zip(&leases) {
            let lease = pair.nodes[at].lease(*last);
            assert_eq!((lease.state, lease.hw_addr), (BindingState::Active, hw(client)));
        }
        for node in &pair.nodes {
            assert!(node.lease(silent).expiration_time >= until, "{at}");
        }
    }
}

#[test]
fn partner_down_takes_the_other_half_after_all_times() {
    for at in 0..2 {
        let (mut pair, leases) = with_leases();
        pair.cut();
        pair.command(at, Command::PartnerDown);
        let mut given: Vec<u8> = (0..).map_while(|client| pair.discover(at, 1000 + client, 600)).collect();
        assert!(given.len() < 50, "{at}: only its own half");
        pair.wait(61);
        let more: Vec<u8> = (0..).map_while(|client| pair.discover(at, 2000 + client, 600)).collect();
        assert!(more.len() > 20, "{at}: {}", more.len());
        given.extend(more);
        // The leases that both knew: 60 s long, but announced for 630.
        assert_eq!(pair.end(at, leases[at], false), Some(BindingState::Expired));
        pair.wait(600);
        assert_eq!(pair.nodes[at].lease(leases[at]).state, BindingState::Expired);
        assert_eq!(pair.request(at, leases[at], 77, 600), Err(Permission::Silent), "dhcpd would");
        pair.wait(630 + 60 + 60 + 5 - 661);
        assert_eq!(pair.nodes[at].lease(leases[at]).state, BindingState::Free);
        assert!(pair.request(at, leases[at], 77, 600).is_ok());
        // The other one comes back.
        pair.restart(1 - at, false);
        pair.heal();
        pair.wait(80);
        assert_eq!(pair.states(), [Normal; 2], "{at}");
        pair.assert_equal();
        assert_eq!(pair.nodes[1 - at].lease(leases[at]).hw_addr, hw(77));
        pair.wait(200);
        pair.assert_equal();
    }
}

#[test]
fn who_was_replaced_gives_nothing_before_it_knows_all() {
    let (mut pair, _) = with_leases();
    pair.cut();
    pair.restart(1, false);
    pair.command(0, Command::PartnerDown);
    pair.wait(61);
    pair.heal();
    pair.wait(60);
    // While the secondary waits, the primary goes on giving its addresses away; all are known in NORMAL.
    let mut client = 3000;
    while pair.states()[1] != Normal {
        pair.discover(0, client, 600);
        client += 1;
        pair.turn();
    }
    let given: Vec<u8> =
        (1..=100).filter(|last| pair.nodes[0].lease(*last).state == BindingState::Active).collect();
    for last in given {
        assert_ne!(pair.nodes[1].lease(last).state, BindingState::Backup, "{last}");
    }
    pair.settle();
    assert_eq!(pair.states(), [Normal; 2]);
    pair.assert_equal();
}

#[test]
fn two_that_both_took_over_resolve_it() {
    for cut_after in [None, Some(1), Some(2), Some(3), Some(5), Some(8), Some(13), Some(40)] {
        let (mut pair, leases) = with_leases();
        pair.cut();
        for at in 0..2 {
            pair.command(at, Command::PartnerDown);
        }
        pair.wait(70);
        // The same addresses to different clients, as it must happen then.
        for at in 0..2 {
            for client in 0..60 {
                pair.discover(at, 5000 + at as u32 * 100 + client, 600);
            }
            assert!(pair.request(at, leases[4], 4, 600).is_ok());
            pair.wait(1);
        }
        pair.cut = false;
        if let Some(turns) = cut_after {
            pair.wait(4);
            for _ in 0..turns {
                pair.turn();
            }
            pair.cut();
        }
        pair.heal();
        pair.wait(20);
        assert_eq!(pair.states(), [Normal; 2], "{cut_after:?}");
        pair.assert_equal();
        pair.wait(300);
        pair.assert_equal();
    }
}

#[test]
fn an_operator_hands_over_and_comes_back() {
    for (command, partner) in [(Command::Shutdown, PartnerDown), (Command::Pause, CommunicationsInterrupted)]
    {
        for at in 0..2 {
            let (mut pair, leases) = with_leases();
            pair.command(at, command);
            assert_eq!(pair.states()[1 - at], partner);
            assert_eq!(pair.request(at, leases[0], 0, 600), Err(Permission::Silent));
            assert!(pair.request(1 - at, leases[0], 0, 600).is_ok());
            pair.wait(5);
            let new = pair.discover(1 - at, 900, 600).unwrap();
            pair.wait(5);
            pair.command(at, Command::Resume);
            pair.wait(90);
            assert_eq!(pair.states(), [Normal; 2], "{command:?} {at}");
            pair.assert_equal();
            assert_eq!(pair.nodes[at].lease(new).hw_addr, hw(900));
        }
    }
    let mut pair = Pair::normal();
    let now = pair.now;
    let node = &mut pair.nodes[0];
    let refused = node.endpoint.handle_command(now, &mut node.db, Command::Resume).unwrap_err();
    assert_eq!(refused.to_string(), "Resume does not apply in state NORMAL");
}

#[test]
fn a_safe_period_ends_in_partner_down() {
    let mut pair = Pair::usual();
    pair.nodes[1].config.auto_partner_down_seconds = Some(100);
    pair.restart(1, false);
    pair.settle();
    assert_eq!(pair.states(), [Normal; 2]);
    pair.cut();
    pair.wait(99);
    assert_eq!(pair.states(), [CommunicationsInterrupted; 2]);
    pair.wait(2);
    assert_eq!(pair.states(), [CommunicationsInterrupted, PartnerDown]);
}

#[test]
fn nothing_is_said_or_served_before_the_state_is_saved() {
    let (mut pair, leases) = with_leases();
    pair.nodes[0].stuck = true;
    pair.cut();
    let now = pair.now;
    let node = &mut pair.nodes[0];
    assert_eq!(node.endpoint.state(), CommunicationsInterrupted);
    let question = Question { asking: Asking::Request, hash_id: b"x", secs: 0, pool: None };
    assert_eq!(node.endpoint.serves(now, question), Service::NotServing);
    assert_eq!(pair.request(0, leases[0], 0, 600), Err(Permission::Silent));
    let number = pair.nodes[0].unsaved.take().unwrap();
    pair.nodes[0].stuck = false;
    pair.nodes[0].endpoint.handle_saved(number);
    assert!(pair.request(0, leases[0], 0, 600).is_ok());

    // Two that meet, one of which can't save: the other hears nothing.
    let mut pair = Pair::usual();
    pair.nodes[0].stuck = true;
    pair.wait(3);
    assert!(pair.sent[0].is_empty());
    assert_eq!(pair.states(), [State::Startup; 2]);
}

#[test]
fn silence_ends_a_connection_and_the_next_one_is_made() {
    let (mut pair, _) = with_leases();
    pair.mute = [true; 2];
    pair.wait(21);
    assert_eq!(pair.states(), [CommunicationsInterrupted; 2]);
    pair.mute = [false; 2];
    pair.wait(30);
    assert_eq!(pair.states(), [Normal; 2]);
    pair.assert_equal();
    let status = pair.nodes[0].endpoint.status(&pair.nodes[0].db);
    assert_eq!((status.state, status.partner, status.rich), (Normal, Some(Normal), true));
    assert!(status.since > UnixTime(START) && status.link.is_some());
    assert_eq!(status.pools[0].1.total, 100);
    assert!(pair.nodes[0].events.iter().any(|event| matches!(event, Event::Moved { to: Normal, .. })));
}

/// A pair whose clocks differ, the primary's being ahead, and a lease that both know and may renew in full.
fn with_clocks_apart() -> (Pair, u8) {
    let mut pair = Pair::usual();
    (pair.nodes[0].ahead, pair.nodes[1].ahead) = (25, -25);
    pair.settle();
    assert_eq!(pair.states(), [Normal; 2]);
    let last = pair.discover(0, 1, 100).unwrap();
    pair.wait(4);
    assert!(pair.request(0, last, 1, 100).is_ok());
    pair.wait(4);
    (pair, last)
}

/// The time until which the address is the client's, by the clock of the other server as well.
fn assert_kept_until(pair: &mut Pair, last: u8, until: u64) {
    while pair.now.unix.0 < until {
        for at in 0..2 {
            assert_eq!(pair.end(at, last, false), None, "server {at}, {} s early", until - pair.now.unix.0);
            assert_eq!(pair.nodes[at].lease(last).state, BindingState::Active);
        }
        pair.wait(1);
    }
    pair.wait(130);
    assert_eq!(pair.end(0, last, false), Some(BindingState::Expired));
    pair.settle();
    pair.assert_equal();
    assert!(pair.nodes[1].lease(last).state.is_allocatable());
}

#[test]
fn a_lease_that_both_gave_ends_by_both_clocks() {
    // The secondary speaks last, and loses the duel, its clock being behind.
    let (mut pair, last) = with_clocks_apart();
    assert!(pair.request(0, last, 1, 100).is_ok());
    let given = pair.request(1, last, 1, 100).unwrap();
    let until = pair.now.unix.0 + u64::from(given);
    pair.settle();
    pair.assert_equal();
    assert_kept_until(&mut pair, last, until);
}

#[test]
fn a_promise_made_alone_is_told_though_the_partner_says_more() {
    let (mut pair, last) = with_clocks_apart();
    pair.mute = [true; 2];
    assert!(pair.request(0, last, 1, 100).is_ok());
    pair.cut();
    pair.mute = [false; 2];
    pair.wait(10);
    let given = pair.request(1, last, 1, 100).unwrap();
    let until = pair.now.unix.0 + u64::from(given);
    let announced = pair.nodes[1].lease(last).potential_expiration_time.sent;
    assert!(pair.nodes[1].lease(last).expiration_time < pair.nodes[0].lease(last).expiration_time);
    pair.heal();
    assert_eq!(pair.states(), [Normal; 2]);
    pair.assert_equal();
    assert!(pair.nodes[0].lease(last).potential_expiration_time.received >= announced);
    assert_kept_until(&mut pair, last, until);
}

#[test]
fn partner_down_soon_after_a_loss_waits() {
    let (mut pair, _) = with_leases();
    pair.cut();
    // Of this one the partner never hears.
    let forgotten = pair.discover(0, 700, 600).unwrap();
    pair.restart(0, true);
    pair.heal();
    assert_eq!(pair.states()[0], RecoverWait);
    pair.cut();
    pair.command(0, Command::PartnerDown);
    assert_eq!(pair.discover(0, 701, 600), None);
    assert_eq!(pair.request(0, forgotten, 702, 600), Err(Permission::Silent));
    pair.wait(60);
    assert!(pair.discover(0, 701, 600).is_some());
}

/// An old copy of the database has what the partner, having lost its own once, never stored.
#[test]
fn what_an_old_database_has_more_is_told_or_forgotten() {
    for at in 0..2 {
        let (mut pair, _) = with_leases();
        let now = pair.now.unix;
        let free: Vec<u8> = (1..=100)
            .filter(|last| pair.nodes.iter().all(|node| node.db.get(LeaseKey::v4(addr(*last))).is_none()))
            .collect();
        let node = &mut pair.nodes[at];
        for (last, state) in [(free[0], BindingState::Active), (free[1], BindingState::Backup)] {
            let mut lease = Lease::new(LeaseKey::v4(addr(last)));
            (lease.state, lease.rewind_state, lease.subnet_id) = (state, Some(state), 101);
            if state == BindingState::Active {
                (lease.hw_addr, lease.expiration_time) = (hw(800), now.plus_secs(300));
            }
            node.db.put_forced(&mut lease, Expect::Any).unwrap();
        }
        node.db.commit().unwrap();
        node.lost = true;
        pair.restart(at, false);
        pair.wait(90);
        assert_eq!(pair.states(), [Normal; 2], "{at}");
        pair.assert_equal();
        assert_eq!(pair.nodes[1 - at].lease(free[0]).hw_addr, hw(800), "{at}");
    }
}

/// A client that declines its address on one server, and gets it again from the other while the two can't talk:
/// when that one loses its leases, the quarantine lasts as long as the client may be there.
#[test]
fn a_declined_address_is_not_given_before_a_forgotten_lease_of_it_ends() {
    let (mut pair, leases) = with_leases();
    let last = leases[0];
    pair.cut();
    let now = pair.now_of(0);
    let node = &mut pair.nodes[0];
    let mut lease = node.lease(last);
    assert_eq!(lease.rewind_state, Some(BindingState::Active));
    lease.state = BindingState::Abandoned;
    lease.expiration_time = now.unix.plus_secs(30);
    node.db.put(&mut lease, Expect::Any).unwrap();
    node.endpoint.handle_lease_changed(now, &mut node.db, lease.key);
    pair.wait(5);
    let promised = pair.request(1, last, 0, 600).unwrap();
    let until = pair.now_of(1).unix.plus_secs(promised.into());
    pair.restart(1, true);
    pair.heal();
    pair.wait(120);
    assert_eq!(pair.states(), [Normal; 2]);
    for at in 0..2 {
        let lease = pair.nodes[at].lease(last);
        assert_eq!(lease.state, BindingState::Abandoned);
        assert!(lease.expiration_time >= until, "{at}: {:?} is before {until:?}", lease.expiration_time);
    }
}

/// The end of a lease reached a server that gave the address to another client, and lost its leases then: the
/// partner, which had not heard that the end was taken, does not take the lease for running again.
#[test]
fn an_end_that_may_have_been_taken_is_not_taken_back() {
    // All clients are the primary's, and with them what they give back.
    let primary = Config { buckets: HashBuckets::split(256), ..config(Role::Primary) };
    let mut pair = Pair::new(primary, config(Role::Secondary));
    pair.settle();
    let last = pair.discover(1, 1, 600).unwrap();
    pair.settle();
    pair.mute[0] = true;
    assert_eq!(pair.end(1, last, true), Some(BindingState::Released));
    pair.settle();
    assert_eq!(
        [0, 1].map(|at| pair.nodes[at].lease(last).state),
        [BindingState::Free, BindingState::Released]
    );
    pair.mute[0] = false;
    pair.cut();
    let given = pair.request(0, last, 99, 600).unwrap();
    let until = pair.now_of(0).unix.plus_secs(given.into());
    pair.restart(0, true);
    pair.heal();
    for at in 0..2 {
        assert!(pair.request(at, last, 1, 600).is_err(), "the client of before gets it from {at}");
        let lease = pair.nodes[at].lease(last);
        assert_eq!(lease.state, BindingState::Abandoned, "{at}");
        assert!(lease.expiration_time >= until, "{at}: {:?} is before {until:?}", lease.expiration_time);
    }
    pair.wait(300);
    assert_eq!(pair.states(), [Normal; 2]);
    assert_eq!(pair.end(0, last, false), Some(BindingState::Free), "in the end it can be given again");
    pair.settle();
    pair.assert_equal();
}

/// An old database says that the partner acknowledged a long promise; what the client holds by now is another lease.
#[test]
fn an_old_database_has_no_acknowledgements() {
    for told in [true, false] {
        let (mut pair, _) = with_leases();
        let last = pair.discover(0, 50, 6000).unwrap();
        pair.settle();
        pair.request(0, last, 50, 6000).unwrap();
        pair.settle();
        let old = pair.nodes[0].lease(last);
        assert!(old.potential_expiration_time.acked > UnixTime(START + 6000));
        assert_eq!(pair.end(0, last, true), Some(BindingState::Released));
        pair.settle();
        let at = usize::from(pair.nodes[0].lease(last).state == BindingState::Backup);
        pair.request(at, last, 50, 600).unwrap();
        pair.settle();
        pair.restart(0, true);
        let mut old = old;
        (old.version, old.expiration_time) = (Lsn::ZERO, UnixTime(START + 1));
        pair.nodes[0].db.put_forced(&mut old, Expect::Any).unwrap();
        if !told {
            pair.nodes[1].db.remove(old.key, Expect::Any).unwrap();
        }
        pair.wait(100);
        assert_eq!(pair.states(), [Normal; 2]);
        let [ours, theirs] = [0, 1].map(|at| pair.nodes[at].lease(last).potential_expiration_time);
        assert!(ours.acked <= theirs.sent.max(theirs.received), "{told}: {ours:?} {theirs:?}");
    }
}

/// Whoever said SHUTDOWN, and did not hear what the partner made of it, must not serve beside a partner in
/// PARTNER-DOWN when it comes back.
#[test]
fn who_said_shutdown_serves_only_after_it_met_the_partner() {
    for heard in [false, true] {
        let (mut pair, leases) = with_leases();
        pair.mute[1] = !heard;
        pair.command(0, Command::Shutdown);
        assert_eq!(pair.states()[1], PartnerDown);
        pair.mute[1] = false;
        pair.cut();
        pair.command(0, Command::Resume);
        pair.wait(30);
        for last in [leases[0], leases[1]] {
            assert_eq!(pair.request(0, last, 0, 600), Err(Permission::Silent), "{heard}");
        }
        assert_eq!(pair.discover(0, 900, 600), None, "{heard}");
        pair.heal();
        pair.wait(120);
        assert_eq!(pair.states(), [Normal; 2]);
        assert!(pair.request(0, leases[0], 0, 600).is_ok());
        pair.settle();
        pair.assert_equal();
    }
}

/// A lease that its partner took as given back, and gave to the same client again: what had been acknowledged of the
/// one before says nothing of it, though this server lost the memory of its end.
#[test]
fn what_was_acknowledged_of_an_earlier_lease_does_not_count() {
    let (mut pair, _) = with_leases();
    let last = pair.discover(0, 50, 6000).unwrap();
    pair.settle();
    pair.request(0, last, 50, 6000).unwrap();
    pair.settle();
    assert_eq!(pair.end(0, last, true), Some(BindingState::Released));
    let released = pair.nodes[0].lease(last);
    pair.settle();
    let at = usize::from(pair.nodes[1].lease(last).state == BindingState::Backup);
    pair.cut();
    pair.request(at, last, 50, 600).unwrap();
    let node = &mut pair.nodes[1 - at];
    let mut lease = node.lease(last);
    lease.state = BindingState::Released;
    lease.potential_expiration_time = released.potential_expiration_time;
    node.db.put_forced(&mut lease, Expect::Any).unwrap();
    pair.heal();
    assert_eq!(pair.states(), [Normal; 2]);
    let [ours, theirs] = [1 - at, at].map(|at| pair.nodes[at].lease(last).potential_expiration_time);
    assert!(ours.acked <= theirs.sent.max(theirs.received), "{ours:?} {theirs:?}");
}
