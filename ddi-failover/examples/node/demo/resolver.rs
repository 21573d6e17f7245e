//! Asks for the names of clients all along, and notes which answers were wrong or never came.

use super::home::FORWARD;
use super::message::hostname;
use ddi_dns::message::{Flags, Rcode, Reader, Writer};
use ddi_dns::{Class, Name, Rtype};
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

/// A question without an answer is asked again after this, and so often.
const PATIENCE: Duration = Duration::from_millis(500);
const TRIES: u8 = 4;
/// Questions under way.
const WINDOW: usize = 200;

struct Asked {
    /// For the name of an address, not the other way round.
    reverse: bool,
    nth: u32,
    address: Ipv4Addr,
    to: SocketAddrV4,
    at: Instant,
    tries: u8,
}

/// See the module.
pub struct Resolver {
    socket: UdpSocket,
    asked: HashMap<u16, Asked>,
    next_id: u16,
    /// Good answers.
    pub answered: usize,
    /// What was wrong, in words.
    pub violations: Vec<String>,
}

impl Resolver {
    pub fn new() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, asked: HashMap::new(), next_id: 1, answered: 0, violations: Vec::new() })
    }

    /// Room for another question.
    pub fn has_room(&self) -> bool {
        self.asked.len() < WINDOW
    }

    pub fn is_idle(&self) -> bool {
        self.asked.is_empty()
    }

    /// Asks `to` for the address of the nth client, which must be `address`, and for the name of that.
    pub fn ask(&mut self, nth: u32, address: Ipv4Addr, to: SocketAddrV4) {
        for reverse in [false, true] {
            let id = self.next_id;
            self.next_id = self.next_id.wrapping_add(1);
            let asked = Asked { reverse, nth, address, to, at: Instant::now(), tries: 1 };
            self.send(id, &asked);
            self.asked.insert(id, asked);
        }
    }

    /// Nobody answers there any more.
    pub fn forget(&mut self, to: SocketAddrV4) {
        self.asked.retain(|_, asked| asked.to != to);
    }

    fn send(&self, id: u16, asked: &Asked) {
        let mut query = [0; 512];
        let (name, rtype) = match asked.reverse {
            false => (forward_name(asked.nth), Rtype::A),
            true => (reverse_name(asked.address), Rtype::PTR),
        };
        let Some(name) = name else { return };
        let Ok(mut writer) = Writer::new(&mut query, id, Flags(Flags::RD)) else { return };
        if writer.question(name.as_ref(), rtype, Class::IN).is_ok() {
            let len = writer.finish();
            // What is not sent is not answered, and asked again.
            let _ = self.socket.send_to(&query[..len], asked.to);
        }
    }

    /// Takes answers, and asks again where none came.
    pub fn step(&mut self) {
        let mut answer = [0; 1500];
        while let Ok((len, SocketAddr::V4(from))) = self.socket.recv_from(&mut answer) {
            self.on_answer(&answer[..len], from);
        }
        let late: Vec<u16> =
            self.asked.iter().filter(|(_, asked)| asked.at.elapsed() > PATIENCE).map(|(id, _)| *id).collect();
        for id in late {
            let Some(mut asked) = self.asked.remove(&id) else { continue };
            if asked.tries == TRIES {
                self.violations.push(format!("{} gave no answer for {}", asked.to, hostname(asked.nth)));
                continue;
            }
            asked.tries += 1;
            asked.at = Instant::now();
            self.send(id, &asked);
            self.asked.insert(id, asked);
        }
    }

    fn on_answer(&mut self, answer: &[u8], from: SocketAddrV4) {
        let Ok(mut reader) = Reader::new(answer) else { return };
        let header = *reader.header();
        let Some(asked) = self.asked.remove(&header.id) else { return };
        if asked.to != from {
            self.asked.insert(header.id, asked);
            return;
        }
        let rcode = header.flags.rcode();
        let rtype = if asked.reverse { Rtype::PTR } else { Rtype::A };
        let mut values: Vec<Vec<u8>> = Vec::new();
        if reader.question().is_ok() {
            while let Ok(Some(record)) = reader.record() {
                if record.rtype == rtype && header.counts[1] as usize > values.len() {
                    let mut value = Vec::new();
                    let whole = record.expand_rdata(&mut value).is_ok();
                    values.extend(whole.then_some(value));
                }
            }
        }
        let wanted = match asked.reverse {
            false => Some(asked.address.octets().to_vec()),
            true => forward_name(asked.nth).map(|name| name.as_ref().wire().to_vec()),
        };
        if rcode == Rcode::NOERROR && values.iter().map(Some).eq([wanted.as_ref()]) {
            self.answered += 1;
        } else {
            let (name, address) = (hostname(asked.nth), asked.address);
            let found = values.iter().map(|value| value.escape_ascii().to_string()).collect::<Vec<_>>();
            self.violations.push(format!(
                "{from} says {found:?} ({rcode:?}) to a question for the {rtype:?} of {name}, {address}"
            ));
        }
    }
}

fn forward_name(nth: u32) -> Option<Name> {
    format!("{}.{FORWARD}", hostname(nth)).parse().ok()
}

fn reverse_name(address: Ipv4Addr) -> Option<Name> {
    let [a, b, c, d] = address.octets();
    format!("{d}.{c}.{b}.{a}.in-addr.arpa").parse().ok()
}
