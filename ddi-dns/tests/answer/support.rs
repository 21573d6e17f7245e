//! Zones from text, queries, and answers in text, each of which hickory-proto has read as well.

use ddi_core::UnixTime;
use ddi_dns::answer::{AnswerConfig, AnswerContext, Answered, Detail, Transport};
use ddi_dns::message::{Flags, Header, Reader};
use ddi_dns::zone::{Builder, Snapshot};
use ddi_dns::{Class, Name, Rtype};
use std::fmt::Write as _;

#[path = "../hickory/check.rs"]
mod hickory;
pub(crate) use hickory::check_with_hickory;

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// A zone of one record a line: owner, TTL, IN, type, data. The first is the SOA.
pub(crate) fn zone(text: &str) -> Snapshot {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    let apex = name(lines.peek().and_then(|line| line.split_whitespace().next()).expect("a zone has a SOA"));
    let mut builder = Builder::new(apex.as_ref());
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [owner, ttl, "IN", rtype, data @ ..] = &words[..] else { panic!("not a record: {line}") };
        let rtype: Rtype = rtype.parse().unwrap_or_else(|_| panic!("type of {line}"));
        let rdata = rdata(rtype, data);
        builder
            .push(name(owner).as_ref(), rtype, ttl.parse().unwrap(), &rdata)
            .unwrap_or_else(|e| panic!("{line}: {e}"));
    }
    builder.finish().unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// Data of the few types that these tests use; of all others in the form of RFC 3597.
pub(crate) fn rdata(rtype: Rtype, words: &[&str]) -> Vec<u8> {
    let wire = |i: usize| name(words[i]).as_ref().wire().to_vec();
    let short = |i: usize| words[i].parse::<u16>().unwrap().to_be_bytes();
    if words[0] == "\\#" {
        let hex = words[2..].concat();
        return (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
    }
    match rtype {
        Rtype::A => words[0].parse::<std::net::Ipv4Addr>().unwrap().octets().into(),
        Rtype::AAAA => words[0].parse::<std::net::Ipv6Addr>().unwrap().octets().into(),
        Rtype::NS | Rtype::CNAME | Rtype::DNAME | Rtype::PTR => wire(0),
        Rtype::MX => [&short(0)[..], &wire(1)].concat(),
        Rtype::SRV => [&short(0)[..], &short(1), &short(2), &wire(3)].concat(),
        Rtype::SVCB | Rtype::HTTPS => [&short(0)[..], &wire(1)].concat(),
        Rtype::SOA => {
            let numbers = words[2..].iter().flat_map(|word| word.parse::<u32>().unwrap().to_be_bytes());
            [wire(0), wire(1), numbers.collect()].concat()
        }
        Rtype::TXT => {
            let text = words.join(" ");
            let text = text.trim_matches('"');
            [&[text.len() as u8][..], text.as_bytes()].concat()
        }
        _ => panic!("{rtype}: write its data in the form of RFC 3597"),
    }
}

/// A query in parts, for tests to bend.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) name: Name,
    pub(crate) rtype: Rtype,
    pub(crate) flags: Flags,
    /// Size and flags of an OPT, and its options.
    pub(crate) edns: Option<(u16, bool, Vec<u8>)>,
    pub(crate) version: u8,
}

impl Ask {
    pub(crate) fn new(name: &str, rtype: &str) -> Self {
        let rtype = rtype.parse().unwrap_or_else(|_| panic!("{rtype}"));
        Self { name: self::name(name), rtype, flags: Flags::default(), edns: None, version: 0 }
    }

    /// With an OPT that has the DO bit.
    pub(crate) fn signed(mut self) -> Self {
        self.edns = Some((4096, true, Vec::new()));
        self
    }

    pub(crate) fn edns(mut self, size: u16) -> Self {
        self.edns = Some((size, false, Vec::new()));
        self
    }

    pub(crate) fn option(mut self, code: u16, value: &[u8]) -> Self {
        let (.., options) = self.edns.get_or_insert((1232, false, Vec::new()));
        options.extend_from_slice(&code.to_be_bytes());
        options.extend_from_slice(&(value.len() as u16).to_be_bytes());
        options.extend_from_slice(value);
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let counts = [1, 0, 0, u16::from(self.edns.is_some())];
        let mut bytes = Header { id: 0x3077, flags: self.flags, counts }.emit().to_vec();
        bytes.extend_from_slice(self.name.as_ref().wire());
        bytes.extend_from_slice(&self.rtype.0.to_be_bytes());
        bytes.extend_from_slice(&Class::IN.0.to_be_bytes());
        if let Some((size, dnssec, options)) = &self.edns {
            bytes.extend_from_slice(&[0, 0, 41]);
            bytes.extend_from_slice(&size.to_be_bytes());
            bytes.extend_from_slice(&[0, self.version, if *dnssec { 0x80 } else { 0 }, 0]);
            bytes.extend_from_slice(&(options.len() as u16).to_be_bytes());
            bytes.extend_from_slice(options);
        }
        bytes
    }
}

/// An answer in text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Told {
    pub(crate) rcode: u16,
    pub(crate) authoritative: bool,
    pub(crate) truncated: bool,
    /// Answer, authority, additional; each record as the master file has it, sorted. OPT is left out.
    pub(crate) sections: [Vec<String>; 3],
    /// The OPT's options, by code.
    pub(crate) options: Vec<(u16, Vec<u8>)>,
    pub(crate) opt: Option<(u16, u32)>,
}

impl Told {
    pub(crate) fn of(message: &[u8]) -> Self {
        let mut reader = Reader::new(message).unwrap();
        let header = *reader.header();
        let mut told = Self {
            rcode: header.flags.rcode().0,
            authoritative: header.flags.has(Flags::AA),
            truncated: header.flags.has(Flags::TC),
            ..Self::default()
        };
        while let Some(record) = reader.record().unwrap() {
            let mut rdata = Vec::new();
            record.expand_rdata(&mut rdata).unwrap();
            if record.rtype == Rtype::OPT {
                told.rcode |= (record.ttl >> 24 << 4) as u16;
                told.opt = Some((record.class.0, record.ttl));
                let mut rest = &rdata[..];
                while let [c0, c1, n0, n1, after @ ..] = rest {
                    let (value, after) = after.split_at(usize::from(u16::from_be_bytes([*n0, *n1])));
                    told.options.push((u16::from_be_bytes([*c0, *c1]), value.to_vec()));
                    rest = after;
                }
                continue;
            }
            assert_eq!(record.class, Class::IN);
            let data = shown(record.rtype, &rdata);
            let line = format!("{} {} IN {} {data}", record.owner(), record.ttl, record.rtype);
            told.sections[record.section as usize].push(line);
        }
        reader.finish().unwrap();
        told.sections.iter_mut().for_each(|section| section.sort());
        told
    }

    pub(crate) fn option(&self, code: u16) -> Option<&[u8]> {
        self.options.iter().find(|option| option.0 == code).map(|option| &option.1[..])
    }
}

/// Data in text; of types without names in hex.
fn shown(rtype: Rtype, rdata: &[u8]) -> String {
    let name = |at: usize| Name::from_wire(&rdata[at..]).unwrap().to_string();
    match rtype {
        Rtype::A => std::net::Ipv4Addr::from(<[u8; 4]>::try_from(rdata).unwrap()).to_string(),
        Rtype::AAAA => std::net::Ipv6Addr::from(<[u8; 16]>::try_from(rdata).unwrap()).to_string(),
        Rtype::NS | Rtype::CNAME | Rtype::DNAME | Rtype::PTR => name(0),
        Rtype::MX => format!("{} {}", u16::from_be_bytes([rdata[0], rdata[1]]), name(2)),
        Rtype::SOA => {
            let (mname, rest) = ddi_dns::NameRef::split(rdata).unwrap();
            let (rname, rest) = ddi_dns::NameRef::split(rest).unwrap();
            let mut text = format!("{mname} {rname}");
            for number in rest.chunks(4) {
                write!(text, " {}", u32::from_be_bytes(number.try_into().unwrap())).unwrap();
            }
            text
        }
        Rtype::TXT => format!("\"{}\"", std::str::from_utf8(&rdata[1..]).unwrap()),
        Rtype::RRSIG => {
            let signed = Rtype(u16::from_be_bytes([rdata[0], rdata[1]]));
            format!("{signed} of {} labels", rdata[3])
        }
        _ => rdata.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        }),
    }
}

pub(crate) fn context(config: &AnswerConfig, transport: Transport) -> AnswerContext<'_> {
    AnswerContext::new(config, transport, "192.0.2.77".parse().unwrap(), UnixTime(1_800_000_000))
}

/// Answers that say no more than they must, so that tests can tell what that is.
pub(crate) fn minimal() -> AnswerConfig {
    let mut config = AnswerConfig::default();
    config.detail = Detail::Minimal;
    config
}

/// Asks a zone over UDP for a minimal answer.
pub(crate) fn ask(zone: &Snapshot, ask: &Ask) -> Told {
    let config = minimal();
    ask_with(zone, ask, &context(&config, Transport::Udp)).1
}

pub(crate) fn ask_with(zone: &Snapshot, ask: &Ask, context: &AnswerContext<'_>) -> (Answered, Told) {
    let mut out = vec![0; 65_535];
    let query = ask.bytes();
    let answered = zone.answer(&query, context, &mut out).expect("an answer");
    let message = &out[..answered.len];
    check_with_hickory(message);
    assert_eq!(message[..2], query[..2]);
    assert_eq!(
        message[12..12 + ask.name.as_ref().wire().len()],
        query[12..12 + ask.name.as_ref().wire().len()]
    );
    let told = Told::of(message);
    assert_eq!((answered.rcode.0, answered.truncated), (told.rcode, told.truncated));
    (answered, told)
}
