//! Sockets around the engines: as much of a server as the tests need.

use super::daemon::PATIENCE;
use super::key;
use ddi_core::{Instant, Now, UnixTime};
use ddi_dns::delta::{History, HistoryLimits};
use ddi_dns::message::{Flags, Header, Opcode, Rcode, Reader, Section, Writer};
use ddi_dns::notify::{Notifier, NotifierConfig, Notify, NotifyEvent, NotifyTarget};
use ddi_dns::secondary::{Secondary, SecondaryEvent};
use ddi_dns::tsig::{Algorithm, Keys, Signer};
use ddi_dns::xfr::{
    Deframer, Request, Sent, TRANSMIT_MAX, Transport, Via, Wanted, XfrOut, XfrOutConfig, is_transfer_query,
};
use ddi_dns::{Class, Delta, Rtype, Snapshot};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// What is served.
pub(crate) struct Served {
    pub(crate) zone: Option<Snapshot>,
    pub(crate) history: History,
    pub(crate) config: XfrOutConfig,
    pub(crate) keys: Keys,
    /// Requests must be signed.
    pub(crate) signed: bool,
    /// What was asked and sent, for the tests to look at.
    pub(crate) sent: Vec<(Wanted, Sent)>,
    /// NOTIFY that came, over either transport.
    pub(crate) notified: Vec<(SocketAddr, Notify)>,
}

impl Served {
    /// Deltas are given however large they are. With an algorithm, requests must be signed by it.
    pub(crate) fn new(algorithm: Option<Algorithm>, zone: Option<Snapshot>) -> Self {
        let limits = HistoryLimits { percent_of_zone: 10_000, ..HistoryLimits::default() };
        let mut config = XfrOutConfig::default();
        config.percent_of_zone = 10_000;
        let mut keys = Keys::new();
        key(algorithm).into_iter().for_each(|key| keys.add(key).unwrap());
        Self {
            zone,
            history: History::new(limits),
            config,
            keys,
            signed: algorithm.is_some(),
            sent: Vec::new(),
            notified: Vec::new(),
        }
    }
}

/// Both ends of the zone: what we serve, and what we fetch.
pub(crate) struct Host {
    start: std::time::Instant,
    pub(crate) port: u16,
    udp: UdpSocket,
    pub(crate) served: Arc<Mutex<Served>>,
    pub(crate) secondary: Option<Secondary>,
    pub(crate) notifier: Notifier,
    pub(crate) answered: u32,
    stream: Option<TcpStream>,
    pub(crate) events: Vec<SecondaryEvent>,
}

impl Host {
    pub(crate) fn new(served: Served) -> Self {
        let (udp, tcp) = (0..100)
            .find_map(|_| {
                let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
                TcpListener::bind(udp.local_addr().unwrap()).ok().map(|tcp| (udp, tcp))
            })
            .expect("a port that is free for both");
        udp.set_nonblocking(true).unwrap();
        let port = udp.local_addr().unwrap().port();
        let served = Arc::new(Mutex::new(served));
        let shared = Arc::clone(&served);
        std::thread::spawn(move || {
            for stream in tcp.incoming() {
                let (Ok(stream), shared) = (stream, Arc::clone(&shared)) else { break };
                std::thread::spawn(move || drop(serve_stream(stream, &shared)));
            }
        });
        Self {
            start: std::time::Instant::now(),
            port,
            udp,
            served,
            secondary: None,
            notifier: Notifier::new(NotifierConfig::new(77)),
            answered: 0,
            stream: None,
            events: Vec::new(),
        }
    }

    pub(crate) fn now(&self) -> Now {
        now(self.start)
    }

    /// A new version is served, and `target` told.
    pub(crate) fn publish(&mut self, delta: Delta, zone: &Snapshot, target: &NotifyTarget) {
        {
            let mut served = self.served.lock().unwrap();
            served.history.push(Arc::new(delta), zone.wire_len());
            served.zone = Some(zone.clone());
        }
        self.notifier.handle_changed(self.now(), zone, std::slice::from_ref(target));
    }

    /// A new version is served, and nothing of what led to it; `target` is told.
    pub(crate) fn replace(&mut self, zone: &Snapshot, target: &NotifyTarget) {
        {
            let mut served = self.served.lock().unwrap();
            served.history.clear();
            served.zone = Some(zone.clone());
        }
        self.notifier.handle_changed(self.now(), zone, std::slice::from_ref(target));
    }

    /// Goes on until `done`; panics after a while.
    #[track_caller]
    pub(crate) fn run(
        &mut self,
        what: &str,
        log: impl Fn() -> String,
        mut done: impl FnMut(&mut Self) -> bool,
    ) {
        let end = std::time::Instant::now() + PATIENCE;
        while !done(self) {
            self.step();
            assert!(
                std::time::Instant::now() < end,
                "waited in vain for {what}; events: {:?}\n{}",
                self.events,
                log()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub(crate) fn step(&mut self) {
        let now = self.now();
        let mut buf = vec![0; TRANSMIT_MAX];
        while let Ok((len, from)) = self.udp.recv_from(&mut buf) {
            let bytes = buf[..len].to_vec();
            self.datagram(now, from, &bytes);
        }
        self.read_stream(now, &mut buf);
        let notified = std::mem::take(&mut self.served.lock().unwrap().notified);
        if let Some(secondary) = &mut self.secondary {
            for (from, notify) in notified {
                secondary.handle_notify(now, from.ip(), &notify).expect("from the primary");
            }
            secondary.handle_timeout(now);
            while let Some(transmit) = secondary.poll_transmit(now, &mut buf) {
                match transmit.via {
                    Via::Udp => drop(self.udp.send_to(&buf[..transmit.len], transmit.to)),
                    Via::Tcp => match connect(transmit.to, &buf[..transmit.len]) {
                        Ok(stream) => self.stream = Some(stream),
                        Err(_) => secondary.handle_closed(now),
                    },
                }
            }
            while let Some(event) = secondary.poll_event() {
                self.events.push(event);
            }
        }
        self.notifier.handle_timeout(now);
        while let Some(transmit) = self.notifier.poll_transmit(now, &mut buf) {
            let _ = self.udp.send_to(&buf[..transmit.len], transmit.to);
        }
        while let Some(event) = self.notifier.poll_event() {
            if let NotifyEvent::Answered { rcode, .. } = event {
                assert_eq!(rcode, Rcode::NOERROR);
                self.answered += 1;
            }
        }
    }

    fn read_stream(&mut self, now: Now, buf: &mut [u8]) {
        let (Some(stream), Some(secondary)) = (&mut self.stream, &mut self.secondary) else { return };
        loop {
            match stream.read(buf) {
                Ok(0) => {
                    secondary.handle_closed(now);
                    self.stream = None;
                    return;
                }
                Ok(len) => secondary.handle_bytes(now, &buf[..len]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {
                    secondary.handle_closed(now);
                    self.stream = None;
                    return;
                }
            }
        }
    }

    fn datagram(&mut self, now: Now, from: SocketAddr, bytes: &[u8]) {
        let Some(header) = Header::parse(bytes) else { return };
        let is_notify = header.flags.opcode() == Opcode::NOTIFY;
        match (header.flags.has(Flags::QR), is_notify) {
            (true, true) => self.notifier.handle_datagram(now, from, bytes),
            (true, false) => {
                if let Some(secondary) = &mut self.secondary {
                    secondary.handle_datagram(now, from, bytes);
                }
            }
            (false, _) => {
                for reply in answer(bytes, from, &self.served, Transport::Udp, now) {
                    let _ = self.udp.send_to(&reply, from);
                }
            }
        }
    }
}

fn now(start: std::time::Instant) -> Now {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    Now { instant: Instant(start.elapsed().as_millis() as u64), unix: UnixTime(unix) }
}

fn connect(to: SocketAddr, query: &[u8]) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(to)?;
    stream.write_all(query)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

fn sealed(signer: Option<Signer>, buf: &mut [u8], len: usize, now: Now) -> usize {
    signer.map_or(len, |mut signer| signer.sign(buf, len, now.unix).unwrap())
}

fn serve_stream(mut stream: TcpStream, served: &Mutex<Served>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let from = stream.peer_addr()?;
    let (mut deframer, mut buf) = (Deframer::default(), vec![0; 4096]);
    loop {
        let len = stream.read(&mut buf)?;
        if len == 0 {
            return Ok(());
        }
        let mut input = &buf[..len];
        while let Some(query) = deframer.next_message(&mut input) {
            for reply in answer(query, from, served, Transport::Tcp, now(std::time::Instant::now())) {
                stream.write_all(&reply)?;
            }
        }
    }
}

/// The messages that answer a query; over TCP with their length bytes.
fn answer(
    query: &[u8],
    from: SocketAddr,
    served: &Mutex<Served>,
    transport: Transport,
    now: Now,
) -> Vec<Vec<u8>> {
    let mut served = served.lock().unwrap();
    let mut buf = vec![0; TRANSMIT_MAX];
    let signer = match served.keys.check(query, now.unix) {
        Ok(signer) => signer,
        Err(refusal) => panic!("{refusal:?}"),
    };
    assert!(!served.signed || signer.is_some(), "a query is not signed");
    let is_notify = Header::parse(query).is_some_and(|header| header.flags.opcode() == Opcode::NOTIFY);
    let zone = served.zone.clone();
    if is_notify || !is_transfer_query(query) {
        let len = match zone {
            _ if is_notify => {
                let notify = Notify::parse(query).expect("a good NOTIFY");
                served.notified.push((from, notify.clone()));
                notify.reply(Rcode::NOERROR, &mut buf).unwrap()
            }
            Some(zone) => soa(query, &zone, &mut buf),
            None => return Vec::new(),
        };
        let len = sealed(signer, &mut buf, len, now);
        let message = &buf[..len];
        return vec![match transport {
            Transport::Udp => message.to_vec(),
            Transport::Tcp => [&(len as u16).to_be_bytes(), message].concat(),
        }];
    }
    let Some(zone) = zone else { return Vec::new() };
    let request = Request::parse(query).expect("a good request");
    let mut out = XfrOut::new(&request, zone, &served.history, &served.config, transport, signer);
    served.sent.push((request.wanted, out.sent()));
    let mut messages = Vec::new();
    while let Some(len) = out.poll_transmit(now, &mut buf).unwrap() {
        messages.push(buf[..len].to_vec());
    }
    messages
}

/// The answer to an SOA query, or that there is no such thing.
fn soa(query: &[u8], zone: &Snapshot, buf: &mut [u8]) -> usize {
    let mut reader = Reader::new(query).unwrap();
    let question = reader.question().unwrap().unwrap();
    let mut writer = Writer::new(buf, reader.header().id, Flags(Flags::QR | Flags::AA)).unwrap();
    writer.question(question.name().as_ref(), question.rtype, question.class).unwrap();
    if question.rtype == Rtype::SOA {
        let soa = zone.soa_record();
        writer.record(Section::Answer, soa.owner, soa.rtype, Class::IN, soa.ttl, soa.rdata).unwrap();
    }
    writer.finish()
}
