//! `ixfr_tolerant`: a primary whose deltas don't fit.

use super::client::{Stream, addresses, axfr, name, text};
use super::harness::{Home, Node};
use super::{CONFIG, serial, zone_of};
use ddi_dns::message::{Flags, Header, Opcode, Reader, Section, Writer};
use ddi_dns::rr::{Class, Rtype};
use ddi_dns::zonefile::{Config, Parser, Step};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Enough that the zone is larger than its history.
const MORE: &str = "$GENERATE 1-50 g$ A 10.1.0.1\n";
const FIRST: &str = "@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.1\nold A 192.0.2.9\n";
const LAST: &str = "@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.1\nnew A 192.0.2.2\nnewer A 192.0.2.3\n";

fn soa(serial: u32) -> String {
    format!("@ SOA ns root {serial} 3600 600 86400 300\n")
}

/// From serial 1 to 3: it removes a record that is not there, and adds one that is.
fn deltas() -> String {
    let first = format!("{}nothing A 192.0.2.77\n{}new A 192.0.2.2\n", soa(1), soa(2));
    let second = format!("{}old A 192.0.2.9\n{}www A 192.0.2.1\nnewer A 192.0.2.3\n", soa(2), soa(3));
    format!("{}{first}{second}{}", soa(3), soa(3))
}

/// A primary that goes from serial 1 to 3 when it is told to.
struct Primary {
    udp: UdpSocket,
    serial: Arc<AtomicU32>,
    /// How often the whole zone was asked for.
    whole: Arc<AtomicU32>,
}

impl Primary {
    fn start() -> Self {
        let (udp, tcp) = (0..100)
            .find_map(|_| {
                let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
                TcpListener::bind(udp.local_addr().unwrap()).ok().map(|tcp| (udp, tcp))
            })
            .expect("a port that is free for both");
        let primary = Self { udp, serial: Arc::new(AtomicU32::new(1)), whole: Arc::default() };
        let (udp, serial) = (primary.udp.try_clone().unwrap(), primary.serial.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((len, from)) = udp.recv_from(&mut buffer) {
                // The answer to NOTIFY is none of its questions.
                if !Header::parse(&buffer[..len]).unwrap().flags.has(Flags::QR) {
                    let answer = answer(&buffer[..len], &soa(serial.load(Ordering::SeqCst)));
                    udp.send_to(&answer, from).unwrap();
                }
            }
        });
        let (serial, whole) = (primary.serial.clone(), primary.whole.clone());
        std::thread::spawn(move || {
            for stream in tcp.incoming() {
                let mut stream = Stream(stream.unwrap());
                while let Some(query) = stream.receive() {
                    let serial = serial.load(Ordering::SeqCst);
                    let is_whole = question(&query) == Rtype::AXFR;
                    whole.fetch_add(u32::from(is_whole), Ordering::SeqCst);
                    let rest = if serial == 1 { FIRST } else { LAST };
                    let records = match (is_whole, serial) {
                        (true, _) => format!("{}{rest}{MORE}{}", soa(serial), soa(serial)),
                        (false, 1) => soa(1),
                        (false, _) => deltas(),
                    };
                    stream.send(&answer(&query, &records));
                }
            }
        });
        primary
    }

    /// It has the last version, and says so.
    fn go_on(&self, secondary: SocketAddr) {
        self.serial.store(3, Ordering::SeqCst);
        let mut notify = [0; 512];
        let flags = Flags::default().with_opcode(Opcode::NOTIFY);
        let mut writer = Writer::new(&mut notify, 1, flags).unwrap();
        writer.question(name("example.com").as_ref(), Rtype::SOA, Class::IN).unwrap();
        let len = writer.finish();
        self.udp.send_to(&notify[..len], secondary).unwrap();
    }

    fn whole(&self) -> u32 {
        self.whole.load(Ordering::SeqCst)
    }
}

fn question(query: &[u8]) -> Rtype {
    Reader::new(query).unwrap().question().unwrap().unwrap().rtype
}

/// With the records of a zone file's lines.
fn answer(query: &[u8], lines: &str) -> Vec<u8> {
    let apex = name("example.com");
    let mut parser = Parser::new(&Config::new("lines", apex.as_ref()));
    parser.push(b"$TTL 300\n");
    parser.push(lines.as_bytes());
    parser.end();
    let mut buffer = vec![0; 4096];
    let id = Header::parse(query).unwrap().id;
    let mut writer = Writer::new(&mut buffer, id, Flags(Flags::QR | Flags::AA)).unwrap();
    writer.question(apex.as_ref(), question(query), Class::IN).unwrap();
    while let Step::Record(r) = parser.step().unwrap() {
        writer.record(Section::Answer, r.owner, r.rtype, Class::IN, r.ttl, r.rdata).unwrap();
    }
    let len = writer.finish();
    buffer.truncate(len);
    buffer
}

fn home(primary: &Primary, more: &str) -> Home {
    let role = format!("\"secondary\"\nprimaries = [\"{}\"]\n{more}", primary.udp.local_addr().unwrap());
    let config = CONFIG.replace("\"primary\"", &role).replace("file = \"example.com.zone\"\n", "");
    Home::new(&config)
}

/// The zone as the node has it, once it has the last version.
fn last_version(home: &Home, node: &Node, primary: &Primary) -> String {
    let has = |wanted| zone_of(home, "example.com")["serial"] == wanted;
    home.wait_until("the first version", || has(1));
    assert_eq!((primary.whole(), addresses(node.dns, "old.example.com")), (1, vec![[192, 0, 2, 9]]));
    primary.go_on(node.dns);
    home.wait_until("the last version", || has(3));
    text(&axfr(node.dns, "example.com"))
}

#[test]
fn deltas_that_do_not_fit_are_taken_if_that_is_wanted() {
    let primary = Primary::start();
    let home = home(&primary, "ixfr_tolerant = true\n");
    let node = Node::start(&home);
    let zone = last_version(&home, &node, &primary);
    assert_eq!(primary.whole(), 1, "{}", home.stderr());
    assert_eq!(zone_of(&home, "example.com")["journal"]["deltas"], 2);
    for (owner, address) in [("www", 1), ("new", 2), ("newer", 3), ("ns", 53)] {
        assert_eq!(addresses(node.dns, &format!("{owner}.example.com")), [[192, 0, 2, address]]);
    }
    for owner in ["old", "nothing"] {
        assert!(addresses(node.dns, &format!("{owner}.example.com")).is_empty());
    }
    // What was kept of them fits.
    node.kill();
    let node = Node::start(&home);
    assert_eq!((serial(&home), text(&axfr(node.dns, "example.com"))), (3, zone));
    assert!(node.stop().success());
}

#[test]
fn else_the_whole_zone_is_fetched() {
    let primary = Primary::start();
    let home = home(&primary, "");
    let node = Node::start(&home);
    let zone = last_version(&home, &node, &primary);
    assert_eq!(primary.whole(), 2, "{}", home.stderr());
    assert_eq!(zone_of(&home, "example.com")["journal"]["deltas"], 0);
    assert!(zone.contains("newer") && !zone.contains("old"), "{zone}");
    assert!(node.stop().success());
}
