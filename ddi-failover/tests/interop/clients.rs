//! The life of a lease with three real clients, on the link and through a relay agent.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::Path;

use crate::capture::Capture;
use crate::client::{Client, DEVICE, Event, Kind};
use crate::dhcp::{ACK, DECLINE, DISCOVER, OFFER, REQUEST};
use crate::net::{Host, Net};
use crate::node::{Node, Setup};
use crate::process::{Process, Scratch, run, wait_for};

/// A node and a client that reach each other.
struct Place {
    // Fields are dropped in order: first who uses the network, then the network.
    node: Node,
    relay: Option<Process>,
    capture: Capture,
    client_host: Host,
    link: Host,
    /// What the clients know as the server's address.
    server: &'static str,
    setup: Setup,
    net: Net,
    scratch: Scratch,
}

impl Place {
    /// Server and client on one link.
    fn direct(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let mut net = Net::new();
        let (link, server, client_host) = (net.switch("link"), net.host("srv"), net.host("cli"));
        net.plug(&server, "srv0", &link, Some("10.77.0.1/16"));
        net.plug(&client_host, DEVICE, &link, None);
        let node = Node::start(&server, scratch.path(), &Setup::DIRECT);
        let capture = Capture::start(&client_host, DEVICE, &scratch);
        let setup = Setup::DIRECT;
        Self { node, relay: None, capture, client_host, link, server: "10.77.0.1", setup, net, scratch }
    }

    /// Server behind isc-dhcp-relay, which adds option 82 and routes.
    fn relayed(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let mut net = Net::new();
        let (link, server, relay_host, client_host) =
            (net.switch("link"), net.host("srv"), net.host("rel"), net.host("cli"));
        net.join((&server, "srv0", "10.99.0.1/24"), (&relay_host, "up0", "10.99.0.2/24"));
        net.plug(&relay_host, "down0", &link, Some("10.77.0.2/16"));
        net.plug(&client_host, DEVICE, &link, None);
        server.ip("route add 10.77.0.0/16 via 10.99.0.2");
        run(relay_host.command("sysctl").args(["-q", "-w", "net.ipv4.ip_forward=1"]));
        let setup = Setup { interface: None, relays: &["10.77.0.2"], router: "10.77.0.2", ..Setup::DIRECT };
        let node = Node::start(&server, scratch.path(), &setup);
        let relay = start_relay(&relay_host, scratch.path());
        let capture = Capture::start(&client_host, DEVICE, &scratch);
        Self {
            node,
            relay: Some(relay),
            capture,
            client_host,
            link,
            server: "10.99.0.1",
            setup,
            net,
            scratch,
        }
    }

    /// The lease as the node has it is what the client was told.
    #[track_caller]
    fn check_bound(&self, event: &Event, kind: Kind) -> String {
        let address = event.field("ip").to_owned();
        assert!(address.starts_with("10.77."), "{event:?}");
        assert_eq!(event.field("routers"), self.setup.router, "{event:?}");
        assert_eq!(event.field("dns"), "10.77.0.53", "{event:?}");
        assert_eq!(event.field("domain"), "example.com", "{event:?}");
        assert_eq!(event.field("server"), self.server, "{event:?}");
        let lease = self.node.lease(&address);
        assert_eq!(lease["state"], "active", "{lease}");
        assert_eq!(lease["hw_addr"], self.client_host.hw_addr(DEVICE).as_str(), "{lease}");
        assert_eq!(lease["hostname"], format!("{kind:?}-host").to_lowercase().as_str(), "{lease}");
        assert_eq!(
            lease["relay_agent_info"].as_str().is_some_and(|i| !i.is_empty()),
            self.relay.is_some(),
            "{lease}"
        );
        wait_for("the client to configure its address", || {
            self.client_host.has_address(DEVICE, &address).then_some(())
        });
        address
    }

    /// What the client sends to the server's own address goes to a port that leads nowhere, so that it
    /// has to rebind; broadcasts still go out. (A route that leads nowhere would not do: a socket that
    /// is bound to its device ignores it. Nor would a frame that is flooded: dhcrelay hears all.)
    fn cut_unicast(&mut self) {
        let nowhere = self.net.host("nowhere");
        self.net.plug(&nowhere, "nowhere0", &self.link, None);
        let hw_addr = nowhere.hw_addr("nowhere0");
        // The switch learns where that is from the first frame that it sends.
        nowhere.ip("addr add 10.77.0.254/16 dev nowhere0");
        run(nowhere.command("busybox").args([
            "arping",
            "-q",
            "-U",
            "-c",
            "1",
            "-I",
            "nowhere0",
            "10.77.0.254",
        ]));
        for address in BTreeSet::from([self.server, self.setup.router]) {
            self.client_host
                .ip(&format!("neigh replace {address} lladdr {hw_addr} nud permanent dev {DEVICE}"));
        }
    }

    fn mend_unicast(&self) {
        for address in BTreeSet::from([self.server, self.setup.router]) {
            self.client_host.ip(&format!("neigh del {address} dev {DEVICE}"));
        }
    }

    /// Requests to extend the lease that went to `to`: with ciaddr set.
    fn extensions_to(&self, to: &str) -> usize {
        let to: Ipv4Addr = to.parse().expect("an address");
        let requests = self.capture.seen(REQUEST);
        requests.iter().filter(|s| s.to == to && !s.message.ciaddr.is_unspecified()).count()
    }
}

fn start_relay(host: &Host, dir: &Path) -> Process {
    let mut command = host.command("dhcrelay");
    command.args(["-4", "-d", "--no-pid", "-a", "-m", "append", "-id", "down0", "-iu", "up0", "10.99.0.1"]);
    let mut relay = Process::start("dhcrelay", dir, &mut command);
    relay.wait_for_line("Sending on   Socket/fallback");
    relay
}

/// Bind, renew by unicast, rebind by broadcast, release.
fn life(mut place: Place, kind: Kind) {
    if kind == Kind::Udhcpc {
        // It renews by unicast only if at least a minute is left.
        place.setup.lease_seconds = 4000;
        place.node.reload(&place.setup);
    }
    let mut client = Client::start(kind, &place.client_host, place.scratch.path());
    let bound = client.wait_for_event(&["BOUND"]);
    let address = place.check_bound(&bound, kind);
    assert_eq!(bound.field("lease"), place.setup.lease_seconds.to_string(), "{bound:?}");
    let first = place.node.lease(&address);

    if kind == Kind::Udhcpc {
        place.setup.lease_seconds = 20;
        place.node.reload(&place.setup);
    }
    client.renew();
    let renewed = client.wait_for_event(&["RENEW"]);
    assert_eq!(place.check_bound(&renewed, kind), address);
    assert_eq!(renewed.field("lease"), place.setup.lease_seconds.to_string(), "{renewed:?}");
    assert!(place.extensions_to(place.server) > 0, "the renewal went to the server's address");
    let second = place.node.lease(&address);
    assert_ne!(first["version"], second["version"], "{first} {second}");

    place.cut_unicast();
    let rebound = client.wait_for_event(&["REBIND", "RENEW"]);
    assert_eq!(place.check_bound(&rebound, kind), address);
    assert!(place.extensions_to("255.255.255.255") > 0, "it was rebound by broadcast");
    assert_ne!(place.node.lease(&address)["version"], second["version"]);

    place.mend_unicast();
    client.release();
    let free = place.node.wait_for_state(&address, "free");
    assert_eq!(free["hw_addr"], first["hw_addr"], "the last client is remembered: {free}");
}

/// Another host has the address that is offered: the client finds out and declines, and gets another.
fn decline(mut place: Place, kind: Kind) {
    let taken = "10.77.16.0";
    let squatter = place.net.host("squat");
    let link = place.link.clone();
    place.net.plug(&squatter, "squat0", &link, Some(&format!("{taken}/16")));
    let mut client = Client::start(kind, &place.client_host, place.scratch.path());
    let bound = client.wait_for_event(&["BOUND"]);
    let address = place.check_bound(&bound, kind);
    assert_ne!(address, taken);
    assert!(!place.capture.seen(DECLINE).is_empty(), "it declined");
    let abandoned = place.node.lease(taken);
    assert_eq!(abandoned["state"], "abandoned", "{abandoned}");
    drop(client);
}

/// A client that did not ask for broadcasts can't be reached by ARP before it has its address: what
/// it is sent goes to its link-layer address. One that did ask is broadcast to.
#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn offers_and_acks_reach_a_client_before_arp() {
    for (ask, arguments) in [(false, &[][..]), (true, &["-B"][..])] {
        let place = Place::direct("before-arp");
        let hw_addr = place.client_host.hw_addr(DEVICE);
        let mut client =
            Client::start_with(Kind::Udhcpc, &place.client_host, place.scratch.path(), arguments);
        let address = client.wait_for_event(&["BOUND"]).field("ip").to_owned();
        for kind in [OFFER, ACK] {
            let answers = place.capture.seen(kind);
            let (hw_addr, to) =
                if ask { ("ff:ff:ff:ff:ff:ff", "255.255.255.255") } else { (&*hw_addr, &*address) };
            let right = answers.iter().all(|s| s.hw_addr == hw_addr && s.to.to_string() == to);
            assert!(!answers.is_empty() && right, "{answers:?}, not to {to} at {hw_addr}");
        }
        assert!(!place.capture.seen(DISCOVER).is_empty(), "the capture tells messages apart");
    }
}

macro_rules! clients {
    ($($name:ident: $what:ident($place:ident, $kind:ident);)*) => {$(
        #[test]
        #[ignore = "needs root and Debian packages: .ci/run interop"]
        fn $name() {
            $what(Place::$place(stringify!($name)), Kind::$kind);
        }
    )*};
}

clients! {
    dhclient_lives_on_the_link: life(direct, Dhclient);
    dhclient_lives_behind_a_relay: life(relayed, Dhclient);
    dhclient_declines_on_the_link: decline(direct, Dhclient);
    dhclient_declines_behind_a_relay: decline(relayed, Dhclient);
    dhcpcd_lives_on_the_link: life(direct, Dhcpcd);
    dhcpcd_lives_behind_a_relay: life(relayed, Dhcpcd);
    dhcpcd_declines_on_the_link: decline(direct, Dhcpcd);
    dhcpcd_declines_behind_a_relay: decline(relayed, Dhcpcd);
    udhcpc_lives_on_the_link: life(direct, Udhcpc);
    udhcpc_lives_behind_a_relay: life(relayed, Udhcpc);
    udhcpc_declines_on_the_link: decline(direct, Udhcpc);
    udhcpc_declines_behind_a_relay: decline(relayed, Udhcpc);
}
