//! Zones, primaries and secondaries for the tests.

use ddi_core::{Instant, Now, UnixTime};
use ddi_dns::delta::{Delta, History, HistoryLimits};
use ddi_dns::message::{Flags, Reader, Section, Writer};
use ddi_dns::tsig::Keys;
use ddi_dns::xfr::{
    Outcome, Request, TRANSMIT_MAX, Transport, Via, XfrError, XfrEvent, XfrIn, XfrInConfig, XfrOut,
    XfrOutConfig,
};
use ddi_dns::zone::Builder;
use ddi_dns::{Class, Edit, Name, Rtype, SerialPolicy, Snapshot};
use std::sync::Arc;

#[path = "../hickory/check.rs"]
mod hickory;
pub(crate) use hickory::check_with_hickory;

pub(crate) const NOW: Now = Now { instant: Instant(1000), unix: UnixTime(1_700_000_000) };

pub(crate) fn at(millis: u64) -> Now {
    Now { instant: Instant(NOW.instant.0 + millis), unix: UnixTime(NOW.unix.0 + millis / 1000) }
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// xorshift64*: the same numbers on every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound.max(1)
    }
}

/// A record: owner, type, TTL, data.
pub(crate) type Row = (Name, Rtype, u32, Vec<u8>);

pub(crate) fn soa_data(serial: u32) -> Vec<u8> {
    let mut rdata =
        [name("ns.example.com").as_ref().wire(), name("root.example.com").as_ref().wire()].concat();
    for number in [serial, 3600, 600, 86_400, 300] {
        rdata.extend_from_slice(&number.to_be_bytes());
    }
    rdata
}

pub(crate) fn soa(serial: u32) -> Row {
    (name("example.com"), Rtype::SOA, 300, soa_data(serial))
}

pub(crate) fn a(owner: &str, last: u8) -> Row {
    (name(owner), Rtype::A, 300, vec![192, 0, 2, last])
}

pub(crate) fn txt(owner: &str, text: &str) -> Row {
    let rdata = text.as_bytes().chunks(255).flat_map(|part| [&[part.len() as u8], part].concat()).collect();
    (name(owner), Rtype::TXT, 300, rdata)
}

pub(crate) fn named(owner: &str, rtype: Rtype, target: &str) -> Row {
    (name(owner), rtype, 300, name(target).as_ref().wire().to_vec())
}

pub(crate) fn zone(rows: &[Row]) -> Snapshot {
    let mut builder = Builder::new(name("example.com").as_ref());
    for (owner, rtype, ttl, rdata) in rows {
        builder.push(owner.as_ref(), *rtype, *ttl, rdata).unwrap();
    }
    builder.finish().unwrap()
}

/// A zone with a few records and `hosts` more.
pub(crate) fn sample(serial: u32, hosts: usize) -> Snapshot {
    let mut rows = vec![
        soa(serial),
        named("example.com", Rtype::NS, "ns.example.com"),
        named("example.com", Rtype::NS, "ns.elsewhere.example"),
        a("ns.example.com", 1),
        named("sub.example.com", Rtype::NS, "ns.sub.example.com"),
        a("ns.sub.example.com", 2),
        named("Alias.Example.com", Rtype::CNAME, "host-1.example.com"),
    ];
    for i in 0..hosts {
        rows.push(a(&format!("host-{i}.example.com"), i as u8));
        if i % 10 == 0 {
            rows.push(txt(&format!("host-{i}.example.com"), &format!("number {i}")));
        }
    }
    zone(&rows)
}

/// All records in order, as rows.
pub(crate) fn rows(snapshot: &Snapshot) -> Vec<Row> {
    let mut walk = snapshot.walk();
    let mut rows = Vec::new();
    while let Some(record) = walk.next() {
        rows.push((record.owner.to_name(), record.rtype, record.ttl, record.rdata.to_vec()));
    }
    rows
}

/// As `rows`, with the owners' bytes, so that case counts.
pub(crate) fn spelled(snapshot: &Snapshot) -> Vec<(Vec<u8>, Row)> {
    rows(snapshot).into_iter().map(|row| (row.0.as_ref().wire().to_vec(), row)).collect()
}

/// A random edit of a zone that `sample` made.
pub(crate) fn random_edit(random: &mut Random, zone: &Snapshot) -> (Delta, Snapshot) {
    loop {
        let mut edit = Edit::new(zone);
        for _ in 0..=random.below(8) {
            let owner = name(&format!("host-{}.example.com", random.below(60)));
            let rdata = [10, 0, 0, random.below(4) as u8];
            match random.below(8) {
                0..=3 => drop(edit.add(owner.as_ref(), Rtype::A, 300, &rdata).unwrap()),
                4 => drop(edit.add(owner.as_ref(), Rtype::A, 60, &rdata).unwrap()),
                5 => drop(edit.remove(owner.as_ref(), Rtype::A, &rdata)),
                6 => drop(edit.remove_name(owner.as_ref())),
                _ => {
                    let (owner, _, ttl, rdata) = txt(&owner.to_string(), &"x".repeat(1 + random.below(400)));
                    edit.add(owner.as_ref(), Rtype::TXT, ttl, &rdata).unwrap();
                }
            }
        }
        if let Some(made) = edit.finish(SerialPolicy::Increment, NOW.unix).unwrap() {
            return made;
        }
    }
}

/// A primary with a zone and its history.
pub(crate) struct Server {
    pub(crate) zone: Snapshot,
    pub(crate) history: History,
    pub(crate) config: XfrOutConfig,
    pub(crate) keys: Keys,
}

impl Server {
    pub(crate) fn new(zone: Snapshot) -> Self {
        let limits = HistoryLimits { percent_of_zone: 10_000, ..HistoryLimits::default() };
        Self { zone, history: History::new(limits), config: XfrOutConfig::default(), keys: Keys::new() }
    }

    pub(crate) fn edit(&mut self, random: &mut Random) {
        let (delta, zone) = random_edit(random, &self.zone);
        self.history.push(Arc::new(delta), zone.wire_len());
        self.zone = zone;
    }

    pub(crate) fn out(&self, query: &[u8], transport: Transport) -> XfrOut {
        let signer = self.keys.check(query, NOW.unix).unwrap();
        let request = Request::parse(query).unwrap();
        XfrOut::new(&request, self.zone.clone(), &self.history, &self.config, transport, signer)
    }

    /// The messages of the answer, without length bytes.
    pub(crate) fn answer(&self, query: &[u8], transport: Transport) -> Vec<Vec<u8>> {
        messages(&mut self.out(query, transport), transport)
    }
}

pub(crate) fn messages(out: &mut XfrOut, transport: Transport) -> Vec<Vec<u8>> {
    let skip = if transport == Transport::Tcp { 2 } else { 0 };
    let mut buf = vec![0; TRANSMIT_MAX];
    let mut all = Vec::new();
    while let Some(len) = out.poll_transmit(NOW, &mut buf).unwrap() {
        assert!(skip == 0 || usize::from(u16::from_be_bytes([buf[0], buf[1]])) == len - 2);
        all.push(buf[skip..len].to_vec());
    }
    assert!(out.is_done());
    all
}

/// What a primary does with a query.
pub(crate) enum Reply {
    /// A datagram.
    Datagram(Vec<u8>),
    /// Messages, and then the connection is closed or stays.
    Stream { messages: Vec<Vec<u8>>, closes: bool },
    /// Nothing.
    Silence,
}

/// Runs a transfer to its end against a primary; gives how it went wrong on the way, and the end.
pub(crate) fn run(
    config: XfrInConfig,
    mut primary: impl FnMut(&[u8], Via) -> Reply,
) -> (Vec<XfrError>, Result<Outcome, XfrError>) {
    run_cut(config, usize::MAX, &mut primary)
}

/// Like `run`, with the stream cut into pieces of this size.
pub(crate) fn run_cut(
    config: XfrInConfig,
    cut: usize,
    mut primary: impl FnMut(&[u8], Via) -> Reply,
) -> (Vec<XfrError>, Result<Outcome, XfrError>) {
    let mut xfr = XfrIn::new(config);
    let mut buf = [0; 4096];
    let (mut trouble, mut millis) = (Vec::new(), 0);
    for _ in 0..100 {
        if let Some(transmit) = xfr.poll_transmit(at(millis), &mut buf) {
            let skip = if transmit.via == Via::Tcp { 2 } else { 0 };
            check_with_hickory(&buf[skip..transmit.len]);
            match primary(&buf[skip..transmit.len], transmit.via) {
                Reply::Datagram(bytes) => xfr.handle_datagram(at(millis), &bytes),
                Reply::Stream { messages, closes } => {
                    let framed = |m: &Vec<u8>| [&(m.len() as u16).to_be_bytes(), m.as_slice()].concat();
                    let stream: Vec<u8> = messages.iter().flat_map(framed).collect();
                    stream.chunks(cut).for_each(|bytes| xfr.handle_bytes(at(millis), bytes));
                    if closes {
                        xfr.handle_closed(at(millis));
                    }
                }
                Reply::Silence => {}
            }
        }
        while let Some(event) = xfr.poll_event() {
            match event {
                XfrEvent::FallBack { why } => trouble.push(why),
                XfrEvent::Ended(result) => {
                    assert!(xfr.is_ended() && xfr.poll_timeout().is_none());
                    return (trouble, *result);
                }
                other => panic!("{other:?}"),
            }
        }
        if let Some(due) = xfr.poll_timeout() {
            millis = due.0 - NOW.instant.0;
            xfr.handle_timeout(at(millis));
        }
    }
    panic!("the transfer does not end");
}

/// A primary that is `server`, over both transports.
pub(crate) fn serve(server: &Server) -> impl FnMut(&[u8], Via) -> Reply {
    move |query, via| match via {
        Via::Udp if Request::parse(query).is_err() => soa_reply(server, query),
        Via::Udp => Reply::Datagram(server.answer(query, Transport::Udp).remove(0)),
        Via::Tcp => Reply::Stream { messages: server.answer(query, Transport::Tcp), closes: false },
    }
}

/// The answer to an SOA query.
fn soa_reply(server: &Server, query: &[u8]) -> Reply {
    let question = Reader::new(query).unwrap().question().unwrap().unwrap();
    assert_eq!(question.rtype, Rtype::SOA);
    Reply::Datagram(message(query, Flags::AA, &rows(&server.zone)[..1]))
}

/// A response to `query` with these answers.
pub(crate) fn message(query: &[u8], flags: u16, answers: &[Row]) -> Vec<u8> {
    let mut reader = Reader::new(query).unwrap();
    let id = reader.header().id;
    let question = reader.question().unwrap().unwrap();
    let mut buf = vec![0; 65_535];
    let mut writer = Writer::new(&mut buf, id, Flags(flags).with(Flags::QR)).unwrap();
    writer.question(question.name().as_ref(), question.rtype, question.class).unwrap();
    for (owner, rtype, ttl, rdata) in answers {
        writer.record(Section::Answer, owner.as_ref(), *rtype, Class::IN, *ttl, rdata).unwrap();
    }
    let len = writer.finish();
    buf.truncate(len);
    buf
}

/// The type that a query asks for.
pub(crate) fn asked(query: &[u8]) -> Rtype {
    Reader::new(query).unwrap().question().unwrap().unwrap().rtype
}

/// A configuration that asks for IXFR over TCP if there is a zone, for AXFR if not.
pub(crate) fn over_tcp(current: Option<&Snapshot>) -> XfrInConfig {
    let mut config = XfrInConfig::new(name("example.com"), current.cloned(), 7);
    config.udp = false;
    config
}

/// The query that such a transfer sends first.
pub(crate) fn query(config: XfrInConfig) -> Vec<u8> {
    let mut buf = [0; 4096];
    let transmit = XfrIn::new(config).poll_transmit(NOW, &mut buf).unwrap();
    let skip = if transmit.via == Via::Tcp { 2 } else { 0 };
    check_with_hickory(&buf[skip..transmit.len]);
    buf[skip..transmit.len].to_vec()
}

/// The zone that a transfer gave.
pub(crate) fn taken(result: Result<Outcome, XfrError>) -> (Snapshot, Vec<Delta>) {
    match result.unwrap() {
        Outcome::Zone { snapshot, deltas, .. } => (snapshot, deltas),
        other => panic!("{other:?}"),
    }
}
