//! A dhcpd and a node, in either role, on hosts of their own, with a proxy between them.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use ddi_failover::wire::v4::{Code, Kind, Message};
use nix::sched::{CloneFlags, setns};

use crate::dhcpd::{Dhcpd, Ends};
use crate::leases::differences;
use crate::net::{Host, Net};
use crate::node::Node;
use crate::process::{PATIENCE, Scratch};
use crate::proxy::{From, Proxy, Said, Way};
use crate::relay::Relay;

pub(crate) const ISC: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
pub(crate) const DDI: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 3);
pub(crate) const RELAY: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 4);
/// Where the node listens, behind the proxy, and where the proxy waits for the node.
pub(crate) const NODE_PORT: u16 = 1647;
const TO_ISC_PORT: u16 = 2647;

/// What the tests vary.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) name: &'static str,
    pub(crate) isc_is_primary: bool,
    pub(crate) addresses: u32,
    pub(crate) mclt: u32,
    pub(crate) receive: u32,
    pub(crate) window: u32,
    pub(crate) split: u16,
    pub(crate) lease_seconds: u32,
    /// The least and the most seconds between two runs that share free addresses.
    pub(crate) isc_balance: (u32, u32),
    pub(crate) ddi_balance: (u32, u32),
    /// More for dhcpd's pool, and for all of it.
    pub(crate) isc_range: &'static str,
    pub(crate) isc_global: &'static str,
    /// More for the node's subnet.
    pub(crate) ddi_subnet: &'static str,
}

impl Setup {
    pub(crate) const fn isc_primary() -> Self {
        Self {
            name: "fo1",
            isc_is_primary: true,
            addresses: 20,
            mclt: 60,
            receive: 20,
            window: 10,
            split: 128,
            lease_seconds: 600,
            isc_balance: (60, 3600),
            ddi_balance: (60, 3600),
            isc_range: "",
            isc_global: "",
            ddi_subnet: "",
        }
    }

    pub(crate) fn isc_secondary() -> Self {
        Self { isc_is_primary: false, ..Self::isc_primary() }
    }

    /// Both ways round.
    pub(crate) fn with_isc(primary: bool) -> Self {
        if primary { Self::isc_primary() } else { Self::isc_secondary() }
    }

    fn node_config(&self) -> String {
        let (first, last) = pool_ends(ISC, self.addresses);
        let role = if self.isc_is_primary { "secondary" } else { "primary" };
        format!(
            "[dhcp4]\nlisten = \"{DDI}:67\"\nauthoritative = true\nmin_lease_seconds = 1\n\
             max_lease_seconds = 86400\ncache_threshold_percent = 0\n\
             [[dhcp4.subnet]]\nprefix = \"10.9.0.0/16\"\npools = [\"{first}-{last}\"]\n\
             lease_seconds = {}\nmax_lease_seconds = {}\n{}\n\
             [[failover]]\nname = \"{}\"\nrole = \"{role}\"\nlisten = \"{DDI}:{NODE_PORT}\"\n\
             partner = \"{DDI}:{TO_ISC_PORT}\"\nmclt_seconds = {}\nsplit = {}\n\
             load_balance_max_seconds = 3\nreceive_timer_seconds = {}\nmax_unacked = {}\n\
             min_balance_seconds = {}\nmax_balance_seconds = {}\n\
             pools = [\"{first}-{last}\"]\n",
            self.lease_seconds,
            self.lease_seconds,
            self.ddi_subnet,
            self.name,
            self.mclt,
            self.split,
            self.receive,
            self.window,
            self.ddi_balance.0,
            self.ddi_balance.1,
        )
    }
}

/// The first and last address of the pool that the dhcpd at `address` has.
pub(crate) fn pool_ends(address: Ipv4Addr, addresses: u32) -> (Ipv4Addr, Ipv4Addr) {
    let first = u32::from(Ipv4Addr::new(10, 9, address.octets()[3], 10));
    (first.into(), (first + addresses - 1).into())
}

/// Nothing that ddi said is of the kind that ends dhcpd, or its connection.
pub(crate) fn harmless(said: &[Said]) {
    for said in said.iter().filter(|said| said.from == From::Ddi) {
        assert!((12..=2048).contains(&said.bytes.len()), "{said:?}");
        let message = Message::parse(&said.bytes).expect("a message");
        let mut codes: Vec<Code> = message.options().map(|option| option.code).collect();
        let count = codes.len();
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), count, "an option twice: {said:?}");
        assert_eq!(said.bytes[3], 12, "payload offset");
        assert!(!codes.contains(&Code::DDNS), "{said:?}");
        let number = |code| message.option(code).and_then(|data| data.first().copied());
        let refuses = codes.contains(&Code::REJECT_REASON);
        match message.kind() {
            Kind::BNDUPD => assert!(matches!(number(Code::BINDING_STATUS), Some(1..=7)), "{said:?}"),
            Kind::STATE => assert!(matches!(number(Code::SERVER_STATE), Some(2..=11 | 254)), "{said:?}"),
            Kind::BNDACK if !refuses => assert_eq!(codes, [Code::ASSIGNED_ADDRESS], "{said:?}"),
            Kind::BNDACK => assert_ne!(number(Code::REJECT_REASON), Some(0), "{said:?}"),
            // Without these dhcpd sends no update, or talks without pause.
            Kind::CONNECT | Kind::CONNECTACK if !refuses => {
                assert!(codes.contains(&Code::MAX_UNACKED), "{said:?}");
                assert!(codes.contains(&Code::RECEIVE_TIMER), "{said:?}");
            }
            _ => {}
        }
    }
}

/// dhcpd complained of nothing that its partner said.
#[track_caller]
pub(crate) fn nothing_bad(log: &str) {
    for bad in ["protocol error", "Impossible", "Fatal"] {
        assert!(!log.contains(bad), "dhcpd logged \"{bad}\"");
    }
}

/// Runs `make` on this host; sockets made there stay there.
pub(crate) fn on<T: Send>(host: &Host, make: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let there = scope.spawn(|| {
            enter(&host.namespace);
            make()
        });
        there.join().expect("a thread on another host")
    })
}

/// Brings this thread into a namespace, for good.
pub(crate) fn enter(namespace: &str) {
    let file = std::fs::File::open(format!("/var/run/netns/{namespace}")).expect("a namespace");
    setns(file, CloneFlags::CLONE_NEWNET).expect("root");
}

pub(crate) struct Pair {
    pub(crate) isc: Dhcpd,
    pub(crate) ddi: Node,
    pub(crate) proxy: Proxy,
    pub(crate) relay: Relay,
    pub(crate) ddi_host: Host,
    _net: Net,
    _scratch: Scratch,
}

impl Pair {
    /// Both hosts, nothing started.
    #[track_caller]
    pub(crate) fn new(test: &str, setup: Setup) -> Self {
        let scratch = Scratch::new(test);
        let mut net = Net::new();
        let (isc_host, ddi_host) = (net.host("isc"), net.host("ddi"));
        net.join((&isc_host, "v0", "10.9.0.2/16"), (&ddi_host, "v0", "10.9.0.3/16"));
        ddi_host.ip("addr add 10.9.0.4/16 dev v0");
        let (to_ddi, to_isc, relay) = on(&ddi_host, || {
            let listen = |port| TcpListener::bind((DDI, port)).expect("a listener");
            (listen(647), listen(TO_ISC_PORT), UdpSocket::bind((RELAY, 67)).expect("a socket"))
        });
        let ways = vec![
            Way { listener: to_ddi, to: SocketAddrV4::new(DDI, NODE_PORT), dialler: From::Isc },
            Way { listener: to_isc, to: SocketAddrV4::new(ISC, 647), dialler: From::Ddi },
        ];
        let namespace = ddi_host.namespace.clone();
        let proxy = Proxy::start(ways, move || enter(&namespace));
        let ends = Ends {
            is_primary: setup.isc_is_primary,
            own: SocketAddrV4::new(ISC, 647),
            partner: SocketAddrV4::new(DDI, 647),
            pool_of: ISC,
        };
        let isc = Dhcpd::new(&isc_host, &scratch.path().join("isc"), &ends, &setup);
        let ddi = Node::new(&ddi_host, &scratch.path().join("ddi"), &setup.node_config());
        Self { isc, ddi, proxy, relay: Relay::new(relay), ddi_host, _net: net, _scratch: scratch }
    }

    /// Both started, and in NORMAL with nothing left to say.
    #[track_caller]
    pub(crate) fn normal(test: &str, setup: Setup) -> Self {
        let mut pair = Self::new(test, setup);
        pair.ddi.start();
        pair.isc.start();
        pair.settle();
        pair
    }

    /// Waits until both are in NORMAL and their leases are equal.
    #[track_caller]
    pub(crate) fn settle(&mut self) {
        self.settle_within(PATIENCE);
    }

    #[track_caller]
    pub(crate) fn settle_within(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        while !self.ddi.is_in(0, "normal", "normal") {
            assert!(Instant::now() < deadline, "not in NORMAL: {}", self.ddi.status(0));
            std::thread::sleep(Duration::from_millis(50));
        }
        self.equal_within(time);
    }

    /// Waits until nothing waits for an answer and both files say the same.
    #[track_caller]
    pub(crate) fn equal(&mut self) {
        self.equal_within(PATIENCE);
    }

    #[track_caller]
    pub(crate) fn equal_within(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        loop {
            let status = self.ddi.status(0);
            let quiet = status["unacked"] == 0 && status["waiting"] == 0 && status["to_ack"] == 0;
            let differ = differences(&self.ddi.leases(), &self.isc.leases());
            if quiet && differ.is_empty() {
                break;
            }
            assert!(Instant::now() < deadline, "not equal: {status} {differ:#?}");
            std::thread::sleep(Duration::from_millis(100));
        }
        self.isc.must_run();
    }

    /// Ends the test: both in NORMAL, equal, and dhcpd never gave up.
    #[track_caller]
    pub(crate) fn finish(self) {
        assert!(!self.isc.log().contains("to shutdown"), "dhcpd gave up");
        self.finish_after_shutdown();
    }

    /// The same where an operator shut one down.
    #[track_caller]
    pub(crate) fn finish_after_shutdown(mut self) {
        self.settle();
        harmless(&self.proxy.said());
        nothing_bad(&self.isc.log());
    }
}
