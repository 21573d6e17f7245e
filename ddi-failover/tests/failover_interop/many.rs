//! ddi as the partner of three dhcpd, each with a pool of its own.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};

use crate::dhcpd::{Dhcpd, Ends};
use crate::leases::{Leases, differences};
use crate::meeting::states;
use crate::net::Net;
use crate::node::Node;
use crate::pair::{DDI, RELAY, Setup, enter, harmless, nothing_bad, on, pool_ends};
use crate::process::{Scratch, wait_for};
use crate::proxy::{From, Proxy, Way};
use crate::relay::{Bound, Relay};

const NAMES: [&str; 3] = ["fo1", "fo2", "fo3"];

fn isc_address(nth: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 9, 0, 12 + nth as u8)
}

/// One dhcpd knows its partner by the address alone, so each has a port of its own there.
fn port(base: u16, nth: usize) -> u16 {
    base + nth as u16
}

struct Many {
    iscs: Vec<Dhcpd>,
    proxies: Vec<Proxy>,
    ddi: Node,
    relay: Relay,
    _net: Net,
    _scratch: Scratch,
}

impl Many {
    fn new(test: &str, iscs_are_primary: bool) -> Self {
        let scratch = Scratch::new(test);
        let mut net = Net::new();
        let (switch, ddi_host) = (net.switch("switch"), net.host("ddi"));
        net.plug(&ddi_host, "v0", &switch, Some("10.9.0.3/16"));
        ddi_host.ip("addr add 10.9.0.4/16 dev v0");
        let relay = on(&ddi_host, || UdpSocket::bind((RELAY, 67)).expect("a socket"));
        let setup = |nth: usize| Setup {
            name: NAMES[nth],
            mclt: 5,
            receive: 10,
            ..Setup::with_isc(iscs_are_primary)
        };
        let (mut iscs, mut proxies) = (Vec::new(), Vec::new());
        for nth in 0..NAMES.len() {
            let host = net.host(&format!("isc{nth}"));
            net.plug(&host, "v0", &switch, Some(&format!("{}/16", isc_address(nth))));
            let ends = Ends {
                is_primary: iscs_are_primary,
                own: SocketAddrV4::new(isc_address(nth), 647),
                partner: SocketAddrV4::new(DDI, port(647, nth)),
                pool_of: isc_address(nth),
            };
            iscs.push(Dhcpd::new(&host, &scratch.path().join(format!("isc{nth}")), &ends, &setup(nth)));
            let listen =
                |at| on(&ddi_host, || TcpListener::bind(SocketAddrV4::new(DDI, at)).expect("a listener"));
            let way = |at, to, dialler| Way { listener: listen(at), to, dialler };
            let ways = vec![
                way(port(647, nth), SocketAddrV4::new(DDI, port(1647, nth)), From::Isc),
                way(port(2647, nth), ends.own, From::Ddi),
            ];
            let namespace = ddi_host.namespace.clone();
            proxies.push(Proxy::start(ways, move || enter(&namespace)));
        }
        let ddi = Node::new(&ddi_host, &scratch.path().join("ddi"), &node_config(iscs_are_primary));
        Self { iscs, proxies, ddi, relay: Relay::new(relay), _net: net, _scratch: scratch }
    }

    /// The nth relationship alone.
    fn settle(&mut self, nth: usize) {
        self.ddi.wait_for_states(nth, "normal", "normal");
        let (first, last) = pool_ends(isc_address(nth), 20);
        wait_for("equal leases", || {
            let status = self.ddi.status(nth);
            let quiet = status["unacked"] == 0 && status["waiting"] == 0 && status["to_ack"] == 0;
            let own: Leases =
                self.ddi.leases().into_iter().filter(|(a, _)| (first..=last).contains(a)).collect();
            let differ = differences(&own, &self.iscs[nth].leases());
            (quiet && differ.is_empty()).then_some(())
        });
        self.iscs[nth].must_run();
    }

    fn settle_all(&mut self) {
        (0..NAMES.len()).for_each(|nth| self.settle(nth));
    }
}

fn node_config(iscs_are_primary: bool) -> String {
    let pools: Vec<String> = (0..NAMES.len())
        .map(|nth| {
            let (first, last) = pool_ends(isc_address(nth), 20);
            format!("\"{first}-{last}\"")
        })
        .collect();
    let mut config = format!(
        "[dhcp4]\nlisten = \"{DDI}:67\"\nauthoritative = true\nmin_lease_seconds = 1\n\
         max_lease_seconds = 86400\ncache_threshold_percent = 0\n\
         [[dhcp4.subnet]]\nprefix = \"10.9.0.0/16\"\npools = [{}]\nlease_seconds = 600\n",
        pools.join(", ")
    );
    let role = if iscs_are_primary { "secondary" } else { "primary" };
    for (nth, name) in NAMES.iter().enumerate() {
        config += &format!(
            "[[failover]]\nname = \"{name}\"\nrole = \"{role}\"\nlisten = \"{DDI}:{}\"\npartner = \"{DDI}:{}\"\n\
             mclt_seconds = 5\nreceive_timer_seconds = 10\nmax_unacked = 10\npools = [{}]\n",
            port(1647, nth),
            port(2647, nth),
            pools[nth],
        );
    }
    config
}

/// One dhcpd dies, is declared down, and returns: the two others notice nothing.
fn three(test: &str, iscs_are_primary: bool) {
    let mut many = Many::new(test, iscs_are_primary);
    many.ddi.start();
    many.iscs.iter_mut().for_each(Dhcpd::start);
    many.settle_all();
    let mut bound: Vec<Bound> = (0..3).map(|nth| many.relay.bind(isc_address(nth), 1 + nth as u32)).collect();
    bound.extend((10..16).map(|nth| many.relay.bind(DDI, nth)));
    many.settle_all();
    for (nth, isc) in many.iscs.iter().enumerate() {
        isc.wait_for_log(0, "Both servers normal");
        assert_eq!(states(&many.proxies[nth].said(), From::Isc), [6, 9, 2]);
        assert_eq!(states(&many.proxies[nth].said(), From::Ddi), [6, 9, 2]);
    }

    let marks: Vec<_> = many.proxies.iter().map(Proxy::mark).collect();
    let logs: Vec<_> = many.iscs.iter().map(Dhcpd::mark).collect();
    many.iscs[0].kill();
    many.ddi.wait_for_state(0, "communications-interrupted");
    many.ddi.ctl(&["failover", "partner-down", "fo1"]);
    many.ddi.wait_for_state(0, "partner-down");
    // Those whose server is gone are served; those of the others too, by either.
    assert_eq!(many.relay.renew(DDI, bound[0]).address, bound[0].address);
    bound.push(many.relay.bind(isc_address(1), 31));
    bound.push(many.relay.bind(isc_address(2), 32));
    bound.push(many.relay.bind(DDI, 33));
    many.settle(1);
    many.settle(2);
    for nth in [1, 2] {
        let said = many.proxies[nth].said_since(marks[nth]);
        assert!(said.iter().all(|s| s.state().is_none()), "{}: {said:?}", NAMES[nth]);
        assert!(!many.iscs[nth].log_since(logs[nth]).contains("I move"), "{}", many.iscs[nth].log());
    }
    many.iscs[0].start();
    many.settle_all();
    let leases = many.ddi.leases();
    for one in &bound {
        assert_eq!(leases[&one.address].hw_addr.bytes(), one.client.hw_addr(), "{one:?}");
    }
    many.proxies.iter().for_each(|proxy| harmless(&proxy.said()));
    for isc in &many.iscs {
        nothing_bad(&isc.log());
        assert!(!isc.log().contains("to shutdown"), "dhcpd gave up");
    }
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_21_three_isc_primaries() {
    three("case_21_primary", true);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_21_three_isc_secondaries() {
    three("case_21_secondary", false);
}
