//! A DNS client: questions, updates and transfers, one at a time.

use ddi_core::{Instant, Now, UnixTime};
use ddi_dns::message::{Flags, Opcode, Rcode, Reader, Section, Writer};
use ddi_dns::rr::{Class, Rtype};
use ddi_dns::tsig::{Algorithm, Key, Verifier};
use ddi_dns::xfr::{Outcome, XfrEvent, XfrIn, XfrInConfig};
use ddi_dns::zone::Snapshot;
use ddi_dns::{Name, zonefile};
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, SystemTime};

/// How long an answer may take that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    pub rcode: Rcode,
    pub is_authoritative: bool,
    /// Names in lower case, data in wire form.
    pub answers: Vec<(String, Rtype, Vec<u8>)>,
}

pub fn now() -> Now {
    let unix = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    Now { instant: Instant(unix * 1000), unix: UnixTime(unix) }
}

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// The key of the tests' configurations.
pub fn key(name: &str, secret: &[u8]) -> Key {
    Key::new(self::name(name).as_ref(), Algorithm::HmacSha256, secret).unwrap()
}

/// One message there and one back, by datagram.
pub fn exchange(at: SocketAddr, message: &[u8]) -> Vec<u8> {
    let own: IpAddr = if at.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    let socket = UdpSocket::bind((own, 0)).unwrap();
    socket.connect(at).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send(message).unwrap();
    let mut buffer = vec![0; 65_535];
    let len = loop {
        match socket.recv(&mut buffer) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            received => break received.expect("an answer"),
        }
    };
    buffer.truncate(len);
    buffer
}

/// A connection with a length before each message.
pub struct Stream(pub TcpStream);

impl Stream {
    pub fn new(at: SocketAddr) -> Self {
        let stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    pub fn send(&mut self, message: &[u8]) {
        self.0.write_all(&framed(message)).unwrap();
    }

    /// `None`: the other side has ended it.
    pub fn receive(&mut self) -> Option<Vec<u8>> {
        let mut len = [0; 2];
        self.0.read_exact(&mut len).ok()?;
        let mut message = vec![0; u16::from_be_bytes(len).into()];
        self.0.read_exact(&mut message).ok()?;
        Some(message)
    }
}

pub fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
}

pub fn question(id: u16, owner: &str, rtype: Rtype) -> Vec<u8> {
    let mut buffer = vec![0; 512];
    let mut writer = Writer::new(&mut buffer, id, Flags::default()).unwrap();
    writer.question(name(owner).as_ref(), rtype, Class::IN).unwrap();
    let len = writer.finish();
    buffer.truncate(len);
    buffer
}

pub fn ask(at: SocketAddr, owner: &str, rtype: Rtype) -> Reply {
    read(&exchange(at, &question(7, owner, rtype)))
}

pub fn ask_tcp(at: SocketAddr, owner: &str, rtype: Rtype) -> Reply {
    let mut stream = Stream::new(at);
    stream.send(&question(8, owner, rtype));
    read(&stream.receive().expect("an answer"))
}

pub fn read(message: &[u8]) -> Reply {
    let mut reader = Reader::new(message).unwrap();
    let flags = reader.header().flags;
    reader.question().unwrap();
    let mut answers = Vec::new();
    while let Some(record) = reader.record().unwrap() {
        if record.section == Section::Answer {
            let mut rdata = Vec::new();
            record.expand_rdata(&mut rdata).unwrap();
            answers.push((
                record.owner().to_string().to_lowercase().trim_end_matches('.').to_owned(),
                record.rtype,
                rdata,
            ));
        }
    }
    Reply { rcode: flags.rcode(), is_authoritative: flags.has(Flags::AA), answers }
}

/// The addresses of a name.
pub fn addresses(at: SocketAddr, owner: &str) -> Vec<[u8; 4]> {
    let answers = ask(at, owner, Rtype::A).answers.into_iter();
    answers.filter_map(|(.., rdata)| rdata.try_into().ok()).collect()
}

/// Adds an address to a name, or takes it away, over UDP. An answer to a signed update is signed.
pub fn update(
    at: SocketAddr,
    zone: &str,
    owner: &str,
    address: [u8; 4],
    add: bool,
    key: Option<&Key>,
) -> Rcode {
    let (message, verifier) = update_message(zone, owner, address, add, key);
    let answer = exchange(at, &message);
    let rcode = read_rcode(&answer);
    if let Some(mut verifier) = verifier
        && rcode == Rcode::NOERROR
    {
        verifier.check(&answer, now().unix).unwrap();
    }
    rcode
}

pub fn read_rcode(message: &[u8]) -> Rcode {
    Reader::new(message).unwrap().header().flags.rcode()
}

pub fn update_message(
    zone: &str,
    owner: &str,
    address: [u8; 4],
    add: bool,
    key: Option<&Key>,
) -> (Vec<u8>, Option<Verifier>) {
    let mut buffer = vec![0; 1024];
    let id = u16::from_be_bytes([address[2], address[3]]) ^ u16::from(add);
    let mut writer = Writer::new(&mut buffer, id, Flags::default().with_opcode(Opcode::UPDATE)).unwrap();
    writer.question(name(zone).as_ref(), Rtype::SOA, Class::IN).unwrap();
    let (class, ttl) = if add { (Class::IN, 300) } else { (Class::NONE, 0) };
    writer.record(Section::Authority, name(owner).as_ref(), Rtype::A, class, ttl, &address).unwrap();
    let len = writer.finish();
    let (len, verifier) = match key {
        Some(key) => {
            let (len, verifier) = key.sign_request(&mut buffer, len, now().unix).unwrap();
            (len, Some(verifier))
        }
        None => (len, None),
    };
    buffer.truncate(len);
    (buffer, verifier)
}

/// A transfer over TCP: the whole zone, or what has changed since `current`.
pub fn transfer(
    at: SocketAddr,
    zone: &str,
    current: Option<Snapshot>,
    key: Option<&Key>,
) -> Result<Outcome, String> {
    let mut config = XfrInConfig::new(name(zone), current, 5);
    config.udp = false;
    config.fall_back = false;
    config.key = key.cloned();
    let mut engine = XfrIn::new(config);
    let mut buffer = vec![0; 65_536];
    let mut stream: Option<TcpStream> = None;
    loop {
        if let Some(XfrEvent::Ended(result)) = engine.poll_event() {
            return result.map_err(|e| e.to_string());
        }
        if let Some(transmit) = engine.poll_transmit(now(), &mut buffer) {
            let mut new = Stream::new(at).0;
            new.write_all(&buffer[..transmit.len]).unwrap();
            stream = Some(new);
        }
        match stream.as_mut().map(|stream| stream.read(&mut buffer)) {
            Some(Ok(len)) if len > 0 => engine.handle_bytes(now(), &buffer[..len]),
            _ => engine.handle_closed(now()),
        }
    }
}

/// The whole zone.
pub fn axfr(at: SocketAddr, zone: &str) -> Snapshot {
    match transfer(at, zone, None, None) {
        Ok(Outcome::Zone { snapshot, .. }) => snapshot,
        other => panic!("{other:?}"),
    }
}

/// A zone as text, as zone files have it.
pub fn text(zone: &Snapshot) -> String {
    let mut text = Vec::new();
    let mut writer = zonefile::Writer::new(zone.apex(), &mut text);
    let mut walk = zone.walk();
    while let Some(record) = walk.next() {
        writer.write(record.owner, record.ttl, record.rtype, record.rdata, &mut text);
    }
    String::from_utf8(text).unwrap()
}
