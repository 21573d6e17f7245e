//! `transfers`: the reference zone out of each server by AXFR, taken by a client that only counts.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use ddi_benches::ReferenceZone;
use ddi_core::{Now, UnixTime};
use ddi_dns::delta::{History, HistoryLimits};
use ddi_dns::xfr::{Request, TRANSMIT_MAX, Transport, XfrOut, XfrOutConfig};

use super::server::{self, KINDS, wire};
use super::{child, load};
use crate::Failure;
use crate::row::fresh_folder;
use crate::table::{self, grouped, ratio};

struct Taken {
    seconds: f64,
    records: u64,
    bytes: u64,
    messages: u64,
}

pub(super) fn run() -> Result<(), Failure> {
    println!("AXFR of the reference zone");
    let folder = fresh_folder("dns")?;
    load::write_zone(&folder)?;
    let path = load::file_path(&folder);
    let mut measured = vec![("ddi-dns, XfrOut in memory", ours(&path)?)];
    for kind in KINDS {
        let folder = fresh_folder("dns-server")?;
        let zones = [(load::APEX.to_owned(), path.clone())];
        let (_running, _) = server::start(kind, &folder, &zones, &[load::APEX.to_owned()])?;
        measured.push((kind.name(), take(kind.port())?));
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
    Ok(())
}

/// Takes the zone by TCP and counts.
fn take(port: u16) -> Result<Taken, Failure> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let mut query = vec![0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend(wire(load::APEX));
    query.extend([0, 252, 0, 1]);
    let started = Instant::now();
    stream.write_all(&(query.len() as u16).to_be_bytes())?;
    stream.write_all(&query)?;
    let mut taken = Taken { seconds: 0.0, records: 0, bytes: 0, messages: 0 };
    let wanted = ReferenceZone::FULL.rows().count() as u64 + 1;
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
fn ours(path: &std::path::Path) -> Result<Taken, Failure> {
    let zone = child::load(path, load::APEX)?;
    let mut query = vec![0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend(wire(load::APEX));
    query.extend([0, 252, 0, 1]);
    let request = Request::parse(&query)?;
    let history = History::new(HistoryLimits::default());
    let config = XfrOutConfig::default();
    let mut out = XfrOut::new(&request, zone, &history, &config, Transport::Tcp, None);
    let now = Now { instant: ddi_core::Instant(0), unix: UnixTime(0) };
    let mut buffer = vec![0; TRANSMIT_MAX];
    let mut taken = Taken { seconds: 0.0, records: 0, bytes: 0, messages: 0 };
    let started = Instant::now();
    while let Some(len) = out.poll_transmit(now, &mut buffer)? {
        count(&buffer[2..len], &mut taken)?;
    }
    taken.seconds = started.elapsed().as_secs_f64();
    Ok(taken)
}
