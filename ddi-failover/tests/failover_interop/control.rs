//! Two dhcpd with each other, to compare with: what holds for a dhcpd and a node holds for them too, or the
//! difference is written here. "Isc" is the primary, "Ddi" the other one.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use ddi_core::BindingState;
use ddi_failover::wire::v4::Kind;

use crate::alone::exhaust;
use crate::dhcpd::{Dhcpd, Ends};
use crate::leases::{count, differences};
use crate::lifetimes::updates;
use crate::meeting::states;
use crate::net::Net;
use crate::pair::{DDI, ISC, RELAY, Setup, enter, on};
use crate::process::{Scratch, wait_for};
use crate::proxy::{From, Proxy, Way};
use crate::relay::{Bound, Relay};

struct Control {
    primary: Dhcpd,
    secondary: Dhcpd,
    proxy: Proxy,
    relay: Relay,
    _net: Net,
    _scratch: Scratch,
}

impl Control {
    /// Each takes the relay's host, where the proxy is, for its partner.
    fn normal(test: &str, setup: Setup) -> Self {
        let scratch = Scratch::new(test);
        let mut net = Net::new();
        let switch = net.switch("switch");
        let [first, second, between] =
            [("one", ISC), ("two", DDI), ("relay", RELAY)].map(|(name, address)| {
                let host = net.host(name);
                net.plug(&host, "v0", &switch, Some(&format!("{address}/16")));
                host
            });
        let listen = |port| on(&between, || TcpListener::bind((RELAY, port)).expect("a listener"));
        let way = |port, to, dialler| Way { listener: listen(port), to: SocketAddrV4::new(to, 647), dialler };
        let ways = vec![way(647, DDI, From::Isc), way(2647, ISC, From::Ddi)];
        let relay = on(&between, || UdpSocket::bind((RELAY, 67)).expect("a socket"));
        let namespace = between.namespace.clone();
        let proxy = Proxy::start(ways, move || enter(&namespace));
        let dhcpd = |host, name, is_primary, own, port| {
            let (own, partner) = (SocketAddrV4::new(own, 647), SocketAddrV4::new(RELAY, port));
            let ends = Ends { is_primary, own, partner, pool_of: ISC };
            Dhcpd::new(host, &scratch.path().join(name), &ends, &setup)
        };
        let mut control = Self {
            primary: dhcpd(&first, "one", true, ISC, 647),
            secondary: dhcpd(&second, "two", false, DDI, 2647),
            proxy,
            relay: Relay::new(relay),
            _net: net,
            _scratch: scratch,
        };
        control.secondary.start();
        control.primary.start();
        control.settle([0, 0]);
        control
    }

    /// Both moved to NORMAL after these places of their logs, and are equal.
    #[track_caller]
    fn settle(&mut self, logs: [usize; 2]) {
        for (dhcpd, log) in [&self.primary, &self.secondary].into_iter().zip(logs) {
            wait_for("NORMAL", || {
                let since = dhcpd.log_since(log);
                since.lines().any(|l| l.contains("I move") && l.ends_with("to normal")).then_some(())
            });
        }
        self.equal();
    }

    fn logs(&self) -> [usize; 2] {
        [self.primary.mark(), self.secondary.mark()]
    }

    #[track_caller]
    fn equal(&self) {
        wait_for("equal leases", || {
            differences(&self.secondary.leases(), &self.primary.leases()).is_empty().then_some(())
        });
    }

    fn cut(&self) {
        let logs = self.logs();
        self.proxy.cut();
        for (dhcpd, log) in [&self.primary, &self.secondary].into_iter().zip(logs) {
            dhcpd.wait_for_log(log, "I move from normal to communications-interrupted");
        }
    }

    #[track_caller]
    fn both_know(&self, bound: &[Bound]) {
        for leases in [self.primary.leases(), self.secondary.leases()] {
            for one in bound {
                assert_eq!(leases[&one.address].hw_addr.bytes(), one.client.hw_addr(), "{one:?}");
            }
        }
    }
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_1_control() {
    let control = Control::normal("control_1", Setup::isc_primary());
    let said = control.proxy.said();
    assert_eq!((states(&said, From::Isc), states(&said, From::Ddi)), (vec![6, 9, 2], vec![6, 9, 2]));
    assert_eq!((said[0].from, said[0].kind()), (From::Isc, Kind::CONNECT));
    for dhcpd in [&control.primary, &control.secondary] {
        dhcpd.wait_for_log(0, "Both servers normal");
        assert_eq!(count(&dhcpd.leases(), BindingState::Backup), 10);
    }
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_6_control() {
    let mut control = Control::normal("control_6", Setup::isc_primary());
    let mark = control.proxy.mark();
    let first = control.relay.bind(ISC, 1);
    assert_eq!(first.seconds, 60);
    // The acknowledgement comes 2 s after the update.
    wait_for("an acknowledgement", || {
        let said = control.proxy.said_since(mark);
        said.iter().any(|s| s.from == From::Ddi && s.kind() == Kind::BNDACK).then_some(())
    });
    std::thread::sleep(Duration::from_secs(3));
    let second = control.relay.renew(ISC, first);
    assert_eq!(second.seconds, 600);
    control.equal();
    let sent = updates(&control.proxy.said_since(mark), From::Isc);
    let of_lease: Vec<_> = sent.iter().filter(|u| u.address == first.address).collect();
    let [one, two] = of_lease[..] else { panic!("{} updates", of_lease.len()) };
    assert_eq!((one.status, one.expiration - one.cltt, one.potential - one.cltt), (2, 60, 630));
    assert_eq!((two.status, two.expiration - two.cltt, two.potential - two.cltt), (2, 600, 900));
    let log = control.secondary.mark();
    control.primary.kill();
    control.secondary.wait_for_log(log, "I move from normal to communications-interrupted");
    assert_eq!(control.relay.renew(DDI, second).seconds, 600);
    assert_eq!(control.relay.bind(DDI, 2).seconds, 60);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_10_control() {
    let setup = Setup { addresses: 100, isc_balance: (5, 5), mclt: 300, ..Setup::isc_primary() };
    let control = Control::normal("control_10", setup);
    let mark = control.proxy.mark();
    let began = Instant::now();
    for nth in 1000..1040 {
        control.relay.bind(ISC, nth);
    }
    let counts = || {
        let leases = control.primary.leases();
        let of = |state| i64::try_from(count(&leases, state)).expect("few");
        (of(BindingState::Free), of(BindingState::Backup))
    };
    wait_for("balance", || {
        let (free, backup) = counts();
        (free + backup == 60 && ((free - backup) / 2).abs() <= 6).then_some(())
    });
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    control.equal();
    // Both look often: whoever comes first gives, or asks.
    let said = control.proxy.said_since(mark);
    let asked = said.iter().filter(|s| s.kind() == Kind::POOLREQ).count();
    let answered = said.iter().filter(|s| s.kind() == Kind::POOLRESP).count();
    assert_eq!(asked, answered);
    control.primary.wait_for_log(0, "balancing pool");
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_11_control() {
    let setup = Setup { addresses: 200, mclt: 600, window: 100, ..Setup::isc_primary() };
    let mut control = Control::normal("control_11", setup);
    let log = control.primary.mark();
    control.cut();
    let mut held: HashMap<Ipv4Addr, Bound> = HashMap::new();
    let first = exhaust(&control.relay, ISC, 1000, &mut held);
    control.primary.wait_for_log(log, "peer holds all free leases");
    let second = exhaust(&control.relay, DDI, 5000, &mut held);
    assert_eq!((first, second), (100, 100));
    let logs = control.logs();
    control.proxy.heal();
    control.settle(logs);
    control.both_know(&held.into_values().collect::<Vec<_>>());
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_12_control() {
    let mut control = Control::normal("control_12", Setup::isc_primary());
    let mut held = Vec::new();
    for (pause, client) in [(0, 1), (17, 11)] {
        for nth in 0..4 {
            held.push(control.relay.bind(if nth % 2 == 0 { DDI } else { ISC }, client + nth));
        }
        let logs = control.logs();
        control.primary.kill();
        control.secondary.wait_for_log(logs[1], "I move from normal to communications-interrupted");
        std::thread::sleep(Duration::from_secs(pause));
        held.push(control.relay.bind(DDI, client + 5));
        control.primary.start();
        control.settle(logs);
        for one in &held {
            control.relay.renew(ISC, *one);
        }
        control.equal();
        control.both_know(&held);
    }
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn case_13_control() {
    let mut control = Control::normal("control_13", Setup { mclt: 15, ..Setup::isc_primary() });
    let held: Vec<_> =
        (1..=8).map(|nth| control.relay.bind(if nth % 2 == 0 { ISC } else { DDI }, nth)).collect();
    control.equal();
    let (logs, mark) = (control.logs(), control.proxy.mark());
    control.secondary.kill();
    control.secondary.forget();
    control.primary.wait_for_log(logs[0], "I move from normal to communications-interrupted");
    for one in &held {
        control.relay.renew(ISC, *one);
    }
    control.secondary.start();
    control.primary.wait_for_log(logs[0], "I move from communications-interrupted to partner-down");
    control.settle(logs);
    let said = control.proxy.said_since(mark);
    assert_eq!(states(&said, From::Ddi), [6, 254, 9, 2]);
    assert!(said.iter().any(|s| s.from == From::Ddi && s.kind() == Kind::UPDREQALL));
    control.both_know(&held);
}
