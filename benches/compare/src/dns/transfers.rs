//! `transfers`: the reference zone out of each server by AXFR, taken by a client that only counts, and into
//! ddi-dns, from messages that lie in memory.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use ddi_benches::ReferenceZone;
use ddi_core::{Now, UnixTime};
use ddi_dns::Snapshot;
use ddi_dns::delta::{History, HistoryLimits};
use ddi_dns::xfr::{
    Outcome, Request, TRANSMIT_MAX, Transport, XfrEvent, XfrIn, XfrInConfig, XfrOut, XfrOutConfig,
};

use super::server::{self, KINDS, wire};
use super::{child, load};
use crate::Failure;
use crate::row::fresh_folder;
use crate::table::{self, grouped, ratio};

const NOW: Now = Now { instant: ddi_core::Instant(0), unix: UnixTime(0) };
/// Bytes that a server reads at once.
const PIECE: usize = 1 << 16;

struct Taken {
    seconds: f64,
    records: u64,
    bytes: u64,
    messages: u64,
}

pub(super) fn run(zone: ReferenceZone) -> Result<(), Failure> {
    println!("AXFR of the reference zone");
    let folder = fresh_folder("dns")?;
    load::write_zone(&folder, zone)?;
    let path = load::file_path(&folder);
    let snapshot = child::load(&path, load::APEX)?;
    let wanted = snapshot.records() + 1;
    let mut measured = vec![("ddi-dns, XfrOut in memory", ours(snapshot.clone())?)];
    let into = into_ours(snapshot)?;
    for kind in KINDS {
        let folder = fresh_folder("dns-server")?;
        let zones = [(load::APEX.to_owned(), path.clone())];
        let (_running, _) = server::start(kind, &folder, &zones, &[load::APEX.to_owned()])?;
        measured.push((kind.name(), take(kind.port(), wanted)?));
    }
    let rate = |taken: &Taken| taken.records as f64 / taken.seconds;
    let ours = rate(&measured[0].1);
    let rows: Vec<_> = measured
        .iter()
        .map(|(name, taken)| {
            let cells = [
                grouped(rate(taken)),
                ratio(ours, rate(taken)),
                format!("{:.1}", taken.bytes as f64 / 1e6),
                grouped(taken.messages as f64),
            ];
            [vec![(*name).to_owned()], cells.to_vec()].concat()
        })
        .collect();
    table::print(&["server", "records/s", "ddi is x times", "MB", "messages"], &rows);
    let cells =
        [grouped(rate(&into)), format!("{:.1}", into.bytes as f64 / 1e6), grouped(into.messages as f64)];
    println!();
    table::print(
        &["into", "records/s", "MB", "messages"],
        &[[vec!["ddi-dns, XfrIn in memory".to_owned()], cells.to_vec()].concat()],
    );
    Ok(())
}

/// Takes the zone by TCP and counts.
fn take(port: u16, wanted: u64) -> Result<Taken, Failure> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let mut query = vec![0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend(wire(load::APEX));
    query.extend([0, 252, 0, 1]);
    let started = Instant::now();
    stream.write_all(&(query.len() as u16).to_be_bytes())?;
    stream.write_all(&query)?;
    let mut taken = Taken { seconds: 0.0, records: 0, bytes: 0, messages: 0 };
    let mut message = vec![0; 65_535];
    while taken.records < wanted {
        let mut len = [0; 2];
        stream.read_exact(&mut len)?;
        let len = usize::from(u16::from_be_bytes(len));
        stream.read_exact(&mut message[..len])?;
        count(&message[..len], &mut taken)?;
    }
    taken.seconds = started.elapsed().as_secs_f64();
    Ok(taken)
}

fn count(message: &[u8], taken: &mut Taken) -> Result<(), Failure> {
    let &[_, _, _, flags, _, _, high, low, ..] = message else { return Err("a short message".into()) };
    let records = u16::from_be_bytes([high, low]);
    if flags & 0x0f != 0 || records == 0 {
        return Err(format!("no transfer: rcode {}", flags & 0x0f).into());
    }
    taken.records += u64::from(records);
    taken.bytes += message.len() as u64;
    taken.messages += 1;
    Ok(())
}

/// The engine alone, without sockets.
fn ours(zone: Snapshot) -> Result<Taken, Failure> {
    let mut query = vec![0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend(wire(load::APEX));
    query.extend([0, 252, 0, 1]);
    send(zone, &query, |_| {})
}

/// The answer to `query`, message by message, each with its two length bytes.
fn send(zone: Snapshot, query: &[u8], mut each: impl FnMut(&[u8])) -> Result<Taken, Failure> {
    let request = Request::parse(query)?;
    let history = History::new(HistoryLimits::default());
    let config = XfrOutConfig::default();
    let mut out = XfrOut::new(&request, zone, &history, &config, Transport::Tcp, None);
    let mut buffer = vec![0; TRANSMIT_MAX];
    let mut taken = Taken { seconds: 0.0, records: 0, bytes: 0, messages: 0 };
    let started = Instant::now();
    while let Some(len) = out.poll_transmit(NOW, &mut buffer)? {
        count(&buffer[2..len], &mut taken)?;
        each(&buffer[..len]);
    }
    taken.seconds = started.elapsed().as_secs_f64();
    Ok(taken)
}

/// Into a secondary that has nothing yet, until it has the zone.
fn into_ours(zone: Snapshot) -> Result<Taken, Failure> {
    let mut config = XfrInConfig::new(zone.apex().to_name(), None, 7);
    config.udp = false;
    let mut xfr = XfrIn::new(config);
    let mut query = [0; 4096];
    let len = xfr.poll_transmit(NOW, &mut query).ok_or("no query")?.len;
    let (records, mut stream) = (zone.records(), Vec::new());
    let mut taken = send(zone, &query[2..len], |message| stream.extend_from_slice(message))?;
    let started = Instant::now();
    for piece in stream.chunks(PIECE) {
        xfr.handle_bytes(NOW, piece);
    }
    taken.seconds = started.elapsed().as_secs_f64();
    let Some(XfrEvent::Ended(ended)) = xfr.poll_event() else {
        return Err("the transfer did not end".into());
    };
    match (*ended)? {
        Outcome::Zone { snapshot, .. } if snapshot.records() == records => Ok(taken),
        other => Err(format!("another zone than was sent: {other:?}").into()),
    }
}
