//! `updates`: durable UPDATEs over UDP, each of which adds a name: the node and BIND.

use std::fs;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use ddi_benches::ReferenceZone;

use super::server::{self, Kind, wire};
use crate::Failure;
use crate::row::fresh_folder;
use crate::table::{self, grouped, ratio};

const WINDOWS: [usize; 2] = [1, 64];
const SECONDS: f64 = 4.0;
/// Of a zone smaller than the full one for so long: to see that it works.
const SECONDS_SMALL: f64 = 0.5;
const HOSTS: u32 = 10_000;
/// One that is not answered by then is lost, and ends the run.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn run(zone: ReferenceZone) -> Result<(), Failure> {
    let seconds = if zone.hosts < ReferenceZone::FULL.hosts { SECONDS_SMALL } else { SECONDS };
    println!("UPDATEs a second, answered when they are durable");
    let mut rates = Vec::new();
    for kind in [Kind::Node, Kind::Bind] {
        let folder = fresh_folder("dns-server")?;
        let path = folder.join("zone");
        ReferenceZone { hosts: HOSTS }.write_text(&mut fs::File::create(&path)?)?;
        let apex = ReferenceZone::APEX.to_owned();
        let (_running, _) = server::start(kind, &folder, &[(apex.clone(), path)], &[apex])?;
        let mut number = 0;
        let found = WINDOWS.map(|window| rate(kind.port(), window, seconds, &mut number));
        let [one, many] = found;
        rates.push((kind.name(), [one?, many?]));
    }
    let ours = rates[0].1;
    let rows: Vec<_> = rates
        .iter()
        .map(|(name, [one, many])| {
            let cells = [grouped(*one), ratio(ours[0], *one), grouped(*many), ratio(ours[1], *many)];
            [vec![(*name).to_owned()], cells.to_vec()].concat()
        })
        .collect();
    table::print(&["server", "one at a time", "ddi is x times", "64 in flight", "ddi is x times"], &rows);
    Ok(())
}

/// Keeps `window` of them in flight; answers a second.
fn rate(port: u16, window: usize, seconds: f64, number: &mut u32) -> Result<f64, Failure> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let started = Instant::now();
    let (mut answered, mut in_flight) = (0_u32, 0);
    let mut answer = [0; 1500];
    loop {
        let is_over = started.elapsed().as_secs_f64() > seconds;
        while in_flight < window && !is_over {
            *number += 1;
            socket.send(&update(*number))?;
            in_flight += 1;
        }
        if in_flight == 0 {
            return Ok(f64::from(answered) / started.elapsed().as_secs_f64());
        }
        let len = socket.recv(&mut answer).map_err(|error| format!("an UPDATE without answer: {error}"))?;
        if len < 12 || answer[3] & 0x0f != 0 {
            return Err(format!("an UPDATE is answered with rcode {}", answer[3] & 0x0f).into());
        }
        in_flight -= 1;
        answered += 1;
    }
}

/// Adds an address to a name that is not there yet (RFC 2136 section 2.5.1).
fn update(number: u32) -> Vec<u8> {
    let [_, _, high, low] = number.to_be_bytes();
    let mut message = vec![high, low, 0x28, 0, 0, 1, 0, 0, 0, 1, 0, 0];
    message.extend(wire(ReferenceZone::APEX));
    message.extend([0, 6, 0, 1]);
    message.extend(wire(&format!("update-{number}.{}", ReferenceZone::APEX)));
    message.extend([0, 1, 0, 1, 0, 0, 14, 16, 0, 4]);
    message.extend(number.to_be_bytes());
    message
}
