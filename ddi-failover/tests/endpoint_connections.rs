//! Several connections of one relationship at a time, strangers among them, and what must go on beside them.

#[path = "support/pair.rs"]
mod pair;

use ddi_core::{BindingState, Expect, LeaseStore};
use ddi_failover::endpoint::{Event, LINKS_MAX, LinkEnd, LinkId, SLICE};
use ddi_failover::state::Command;
use ddi_failover::{Role, State};
use pair::{Node, Pair, addr, config};

/// The events of a node that nobody took yet.
fn events(node: &mut Node) -> Vec<Event> {
    std::iter::from_fn(|| node.endpoint.poll_event()).collect()
}

/// Both dial at once: one connection is used, the other closed, and nobody dials again.
#[test]
fn of_two_connections_at_once_one_is_left() {
    let mut pair = Pair::usual();
    pair.nodes.iter_mut().for_each(|node| node.config.dials = true);
    pair.dial(0);
    pair.dial(1);
    pair.settle();
    assert_eq!(pair.states(), [State::Normal; 2]);
    assert_eq!(pair.links().len(), 1);
    let dialled = pair.dialled;
    pair.wait(60);
    assert_eq!(pair.dialled, dialled, "dialled though the connection is up");
}

/// Who connects to a primary and says nothing keeps the partner out neither for 15 seconds nor, by connecting
/// again and again, for ever.
#[test]
fn silent_connections_keep_no_partner_out() {
    let mut pair = Pair::usual();
    pair.cut = true;
    pair.settle();
    let now = pair.now;
    let silent = (100..100 + 2 * LINKS_MAX as u64).map(LinkId);
    for link in silent.clone() {
        pair.nodes[0].endpoint.handle_accepted(now, link);
        for event in events(&mut pair.nodes[0]) {
            let Event::Close { link, why } = event else { continue };
            assert!(matches!(why, LinkEnd::HungUp { .. }), "{why}");
            let node = &mut pair.nodes[0];
            node.endpoint.handle_closed(now, &mut node.db, link);
        }
    }
    pair.cut = false;
    pair.dial(1);
    pair.settle();
    assert_eq!(pair.states(), [State::Normal; 2]);
    // Its silent ones are closed now, and nobody is told anything on them.
    for link in silent {
        let mut buffer = [0; 64];
        let node = &mut pair.nodes[0];
        assert_eq!(node.endpoint.poll_transmit(&node.db, link, &mut buffer), None);
    }
}

/// A node in PARTNER-DOWN with more ended leases than one slice looks at.
fn with_much_to_reclaim() -> Pair {
    let mut config = config(Role::Primary);
    config.pools[0].last = std::net::Ipv4Addr::new(10, 0, 7, 255);
    let mut pair = Pair::new(config, self::config(Role::Secondary));
    pair.cut = true;
    pair.settle();
    let node = &mut pair.nodes[0];
    for nth in 0..3 * SLICE as u32 {
        let mut lease = node.lease(1);
        lease.key = ddi_core::LeaseKey::v4((u32::from(addr(1)) + nth).into());
        lease.version = ddi_core::Lsn::ZERO;
        lease.state = BindingState::Expired;
        node.db.put_forced(&mut lease, Expect::Any).unwrap();
    }
    pair.command(0, Command::PartnerDown);
    pair
}

/// What is left to be done is not forgotten because of a connection that comes, or does not.
#[test]
fn work_goes_on_beside_connections() {
    for step in 0..3 {
        let mut pair = with_much_to_reclaim();
        // The addresses can be given again now.
        let now = pair.now_of(0);
        let later = ddi_core::Now { instant: now.instant.plus_secs(4000), unix: now.unix.plus_secs(4000) };
        let node = &mut pair.nodes[0];
        node.endpoint.handle_timeout(later, &mut node.db);
        assert_eq!(node.endpoint.poll_timeout(), Some(later.instant), "there is more to do");
        match step {
            0 => node.endpoint.handle_dial_failed(later),
            1 => node.endpoint.handle_dialled(later, LinkId(70)),
            _ => node.endpoint.handle_accepted(later, LinkId(70)),
        }
        assert_eq!(node.endpoint.poll_timeout(), Some(later.instant), "there is still more to do ({step})");
    }
}

/// A host that saves in the background: what waited for that goes on when it is told.
#[test]
fn work_goes_on_when_the_state_is_saved() {
    let mut pair = Pair::usual();
    pair.cut = true;
    pair.settle();
    pair.nodes[0].stuck = true;
    pair.command(0, Command::PartnerDown);
    let now = pair.now;
    let node = &mut pair.nodes[0];
    assert_ne!(node.endpoint.poll_timeout(), Some(now.instant), "there is nothing to do before");
    node.endpoint.handle_saved(node.unsaved.unwrap());
    assert_eq!(node.endpoint.poll_timeout(), Some(now.instant), "the leases are to be looked through");
}
