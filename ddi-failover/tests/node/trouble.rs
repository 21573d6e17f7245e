//! A node's end in the middle of work, and names, which only stderr tells of.

use super::harness::{Home, Node, Relay};
use super::message::{MessageType, Request};
use super::{CONFIG, listed};
use nix::sys::signal::Signal;
use std::thread;
use std::time::Duration;

/// Every release that SIGTERM finds under way is done and told, or not done and told so.
#[test]
fn releases_are_answered_at_the_end() {
    const AT_ONCE: u32 = 12;
    let home = Home::new(CONFIG);
    for round in 0..6 {
        let node = Node::start(&home);
        let relay = Relay::new(&node);
        let first = round * AT_ONCE;
        let bound: Vec<_> = (first..first + AT_ONCE).map(|nth| relay.bind(nth).to_string()).collect();
        let told: Vec<bool> = thread::scope(|scope| {
            let release = |address: &str| home.ctl(&["release", address]).status.success();
            let asked: Vec<_> = bound.iter().map(|address| scope.spawn(move || release(address))).collect();
            // Different moments in different rounds.
            thread::sleep(Duration::from_millis(u64::from(round)));
            node.signal(Signal::SIGTERM);
            asked.into_iter().map(|ask| ask.join().unwrap()).collect()
        });
        assert!(node.wait().success());
        let node = Node::start(&home);
        let still = listed(&home);
        for (address, released) in bound.iter().zip(told) {
            assert_eq!(still.contains_key(address), !released, "round {round}: {address}");
        }
        assert!(node.stop().success());
    }
}

#[test]
fn clients_get_names_if_the_configuration_says_so() {
    // Option 81 with S and E, and the name `box7`, not qualified.
    const FQDN: &[u8] = &[81, 8, 0x05, 0, 0, 4, b'b', b'o', b'x', b'7'];
    let bind = |relay: &Relay, nth: u32| {
        relay.send_with(nth, 1, Request::Discover, FQDN);
        let offer = relay.answer(1, Duration::from_secs(20)).unwrap();
        let select = Request::Select { address: offer.address, server: offer.server };
        relay.send_with(nth, 2, select, FQDN);
        assert_eq!(relay.answer(2, Duration::from_secs(20)).unwrap().kind, MessageType::Ack);
        offer.address.to_string()
    };
    let home = Home::new(CONFIG);
    let node = Node::start(&home);
    bind(&Relay::new(&node), 1);
    home.write(&CONFIG.replace("[dhcp4]", "[dhcp4.names]\nsuffix = \"example.com\"\n[dhcp4]"));
    node.signal(Signal::SIGHUP);
    home.wait_for("read again");
    assert!(!home.stderr().contains("box7"), "no names without the table: {}", home.stderr());

    let address = bind(&Relay::new(&node), 2);
    home.wait_for(&format!("name added: box7.example.com {address} (A and PTR)"));
    home.ctl_json(&["release", &address]);
    home.wait_for(&format!("name removed: box7.example.com {address} (A and PTR)"));
    assert!(node.stop().success());
}
