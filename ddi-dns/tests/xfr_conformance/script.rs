//! The scripts of answers: which query gets which bytes.

use ddi_dns::message::{Flags, Header, Reader, Section, Writer};
use ddi_dns::xfr::Via;
use ddi_dns::zone::Builder;
use ddi_dns::zonefile::{Config, Parser, Step};
use ddi_dns::{Class, Name, NameRef, Rtype, Snapshot};

/// A record as it stands in a script.
pub(crate) struct Row {
    owner: Name,
    rtype: Rtype,
    class: Class,
    ttl: u32,
    rdata: Vec<u8>,
}

/// One answer and which queries it is for.
#[derive(Default)]
struct Answer {
    on_question: bool,
    serial: Option<u32>,
    via: Option<Via>,
    flags: u16,
    question: Option<(Name, Rtype)>,
    /// Each message's answers, or all of its bytes.
    packets: Vec<Packet>,
}

enum Packet {
    Text(String),
    Bytes(Vec<u8>),
}

/// A primary that says what its script has.
pub(crate) struct Script {
    answers: Vec<Answer>,
    origin: Name,
    ttl: String,
}

/// The text of records, parsed; a class other than IN is written as IN for the parser and put back.
pub(crate) fn records(origin: NameRef<'_>, ttl: &str, text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for line in joined(text) {
        let class = if line.split_whitespace().any(|word| word == "CH") { Class(3) } else { Class::IN };
        let plain = line.replace("\tCH\t", "\tIN\t");
        let mut parser = Parser::new(&Config::new("script", origin));
        parser.push(format!("$TTL {ttl}\n{plain}\n").as_bytes());
        parser.end();
        loop {
            match parser.step() {
                Ok(Step::Record(record)) => rows.push(Row {
                    owner: record.owner.to_name(),
                    rtype: record.rtype,
                    class,
                    ttl: record.ttl,
                    rdata: record.rdata.to_vec(),
                }),
                Ok(Step::End) => break,
                Ok(_) => {}
                Err(error) => panic!("{error}: {line}"),
            }
        }
    }
    rows
}

/// Lines, without those that are comments; records in parentheses on one.
fn joined(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut depth = 0;
    for line in text.lines().filter(|line| !line.trim_start().starts_with([';', '#'])) {
        let line = line.split(';').next().unwrap_or("");
        if depth > 0 {
            let last = lines.last_mut().unwrap();
            last.push(' ');
            last.push_str(line);
        } else if !line.trim().is_empty() {
            lines.push(line.to_owned());
        }
        depth += line.matches('(').count();
        depth -= line.matches(')').count();
    }
    lines
}

/// A zone from text, in which owners are absolute or below `apex`.
pub(crate) fn zone(apex: &str, text: &str) -> Snapshot {
    let apex: Name = apex.parse().unwrap();
    let mut parser = Parser::new(&Config::new("zone", apex.as_ref()));
    parser.push(text.as_bytes());
    parser.end();
    let mut builder = Builder::new(apex.as_ref());
    loop {
        match parser.step() {
            Ok(Step::Record(r)) => builder.push(r.owner, r.rtype, r.ttl, r.rdata).unwrap(),
            Ok(Step::End) => return builder.finish().unwrap(),
            Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

impl Script {
    pub(crate) fn parse(text: &str) -> Self {
        let mut script = Self { answers: Vec::new(), origin: Name::root(), ttl: "3600".to_owned() };
        let mut lines = text.lines();
        let mut section = "";
        while let Some(line) = lines.next() {
            if line.starts_with('#') {
                continue;
            }
            let line = if section == "ANSWER" { line } else { line.split(';').next().unwrap_or("") };
            let mut words = line.split_whitespace();
            let answer = script.answers.last_mut();
            match (words.next(), answer) {
                (Some("$ORIGIN"), _) => script.origin = words.next().unwrap().parse().unwrap(),
                (Some("$TTL"), _) => script.ttl = words.next().unwrap().to_owned(),
                (Some("ENTRY_BEGIN"), _) => {
                    script
                        .answers
                        .push(Answer { packets: vec![Packet::Text(String::new())], ..Answer::default() });
                    section = "";
                }
                (Some("ENTRY_END"), _) => section = "",
                (Some("MATCH"), Some(answer)) => words.for_each(|word| answer.on(word)),
                (Some("REPLY"), Some(answer)) => words.for_each(|word| answer.flags |= flag(word)),
                (Some("ADJUST"), Some(_)) => {}
                (Some("SECTION"), _) => section = words.next().unwrap(),
                (Some("EXTRA_PACKET"), Some(answer)) => answer.packets.push(Packet::Text(String::new())),
                (Some("HEX_ANSWER_BEGIN"), Some(answer)) => {
                    *answer.packets.last_mut().unwrap() = Packet::Bytes(hex(&mut lines));
                    section = "";
                }
                (Some(owner), Some(answer)) if section == "QUESTION" => {
                    let rtype = words.next_back().unwrap().parse().unwrap();
                    let name = if owner == "@" { script.origin.clone() } else { owner.parse().unwrap() };
                    answer.question = Some((name, rtype));
                }
                (_, Some(answer)) if section == "ANSWER" => {
                    if let Some(Packet::Text(text)) = answer.packets.last_mut() {
                        // Before the next $ORIGIN, so that owners can be made absolute later.
                        text.push_str(&format!("$ORIGIN {}\n", script.origin));
                        text.push_str(line);
                        text.push('\n');
                    }
                }
                _ => {}
            }
        }
        script
    }

    /// The messages that answer a query; `None`: nothing does.
    pub(crate) fn reply(&self, query: &[u8], via: Via) -> Option<Vec<Vec<u8>>> {
        let answer = self.answers.iter().find(|answer| answer.matches(query, via))?;
        Some(answer.packets.iter().map(|packet| self.message(answer, packet, query)).collect())
    }

    fn message(&self, answer: &Answer, packet: &Packet, query: &[u8]) -> Vec<u8> {
        let text = match packet {
            Packet::Bytes(bytes) => {
                let mut bytes = bytes.clone();
                bytes[..2].copy_from_slice(&query[..2]);
                // The captured bytes of one script have no QR.
                bytes[2] |= 0x80;
                return bytes;
            }
            Packet::Text(text) => text,
        };
        let header = Header::parse(query).unwrap();
        let question = Reader::new(query).unwrap().question().unwrap().unwrap();
        let mut buf = vec![0; 65_535];
        let mut writer = Writer::new(&mut buf, header.id, Flags(answer.flags).with(Flags::QR)).unwrap();
        writer.question(question.name().as_ref(), question.rtype, question.class).unwrap();
        let mut origin = self.origin.clone();
        for line in joined(text) {
            if let Some(name) = line.strip_prefix("$ORIGIN ") {
                origin = name.parse().unwrap();
                continue;
            }
            for row in records(origin.as_ref(), &self.ttl, &line) {
                let Row { owner, rtype, class, ttl, rdata } = &row;
                writer.record(Section::Answer, owner.as_ref(), *rtype, *class, *ttl, rdata).unwrap();
            }
        }
        let len = writer.finish();
        buf.truncate(len);
        buf
    }
}

impl Answer {
    fn on(&mut self, word: &str) {
        match word {
            "qname" | "qtype" => self.on_question = true,
            "UDP" => self.via = Some(Via::Udp),
            "TCP" => self.via = Some(Via::Tcp),
            _ => self.serial = word.strip_prefix("serial=").map(|n| n.parse().unwrap()).or(self.serial),
        }
    }

    fn matches(&self, query: &[u8], via: Via) -> bool {
        let mut reader = Reader::new(query).unwrap();
        let question = reader.question().unwrap().unwrap();
        let asked = (question.name(), question.rtype);
        let mut serial = None;
        while let Some(record) = reader.record().unwrap() {
            if record.section == Section::Authority {
                let mut rdata = Vec::new();
                record.expand_rdata(&mut rdata).unwrap();
                let at = rdata.len() - 20;
                serial = Some(u32::from_be_bytes(rdata[at..at + 4].try_into().unwrap()));
            }
        }
        self.via.is_none_or(|own| own == via)
            && (!self.on_question || self.question.as_ref() == Some(&asked))
            && (self.serial.is_none() || self.serial == serial)
    }
}

fn flag(word: &str) -> u16 {
    match word {
        "AA" => Flags::AA,
        "AD" => Flags::AD,
        "TC" => Flags::TC,
        "NOTIMPL" => 4,
        "QUERY" | "QR" | "NOERROR" => 0,
        other => panic!("{other}"),
    }
}

fn hex<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut digits = String::new();
    for line in lines.take_while(|line| line.trim() != "HEX_ANSWER_END") {
        digits.extend(line.split(';').next().unwrap_or("").split_whitespace());
    }
    let digits: Vec<u8> = digits.into_bytes();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
