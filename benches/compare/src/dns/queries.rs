//! `queries`: dnsperf upon the reference zone, with the same mix as `answers`.

use std::fs;
use std::io::Write;
use std::process::Command;

use ddi_benches::ReferenceZone;

use super::load;
use super::server::{self, KINDS, Kind};
use crate::Failure;
use crate::row::fresh_folder;
use crate::table::{self, grouped, ratio};

const SECONDS: u32 = 8;
/// Of a zone smaller than the full one for so long: to see that it works.
const SECONDS_SMALL: u32 = 1;
const QUERIES: u32 = 100_000;
/// The least time on the processor that is told, in seconds.
const MEASURABLE: f64 = 0.01;

pub(super) fn run(zone: ReferenceZone) -> Result<(), Failure> {
    let seconds = if zone.hosts < ReferenceZone::FULL.hosts { SECONDS_SMALL } else { SECONDS };
    println!(
        "dnsperf for {seconds} s, on the cores that the servers use too; all but Knot give the zone's NS as well"
    );
    let folder = fresh_folder("dns")?;
    load::write_zone(&folder, zone)?;
    let path = load::file_path(&folder);
    let queries = folder.join("queries");
    let mut out = std::io::BufWriter::new(fs::File::create(&queries)?);
    for n in 0..QUERIES {
        let scattered = n.wrapping_mul(2_654_435_761);
        let hosts = zone.hosts;
        let host = scattered % hosts + if scattered >> 16 & 0xff < 23 { hosts } else { 0 };
        let rtype = if scattered >> 24 < 51 { "AAAA" } else { "A" };
        writeln!(out, "host-{host}.{} {rtype}", ReferenceZone::APEX)?;
    }
    out.flush()?;
    let mut measured = Vec::new();
    for kind in KINDS {
        let folder = fresh_folder("dns-server")?;
        let zones = [(load::APEX.to_owned(), path.clone())];
        let (running, _) = server::start(kind, &folder, &zones, &[load::APEX.to_owned()])?;
        let before = running.cpu_seconds()?;
        let (rate, lost) = dnsperf(kind, &queries.to_string_lossy(), seconds)?;
        let cpu = running.cpu_seconds()? - before;
        measured.push((kind.name(), rate, rate * f64::from(seconds) / cpu.max(MEASURABLE), lost));
    }
    let ours = (measured[0].1, measured[0].2);
    let rows: Vec<_> = measured
        .iter()
        .map(|(name, rate, per_cpu, lost)| {
            let cells = [
                grouped(*rate),
                ratio(ours.0, *rate),
                grouped(*per_cpu),
                ratio(ours.1, *per_cpu),
                lost.clone(),
            ];
            [vec![(*name).to_owned()], cells.to_vec()].concat()
        })
        .collect();
    table::print(&["server", "answers/s", "ddi is x times", "per CPU s", "ddi is x times", "lost"], &rows);
    Ok(())
}

/// Answers a second, and what it says of lost queries.
fn dnsperf(kind: Kind, queries: &str, seconds: u32) -> Result<(f64, String), Failure> {
    let (port, seconds) = (kind.port().to_string(), seconds.to_string());
    let arguments = ["-s", "127.0.0.1", "-p", &port, "-d", queries, "-l", &seconds, "-c", "8", "-q", "200"];
    let output = Command::new("dnsperf").args(arguments).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = |label: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(label));
        line.map(|rest| rest.trim().to_owned()).ok_or_else(|| format!("dnsperf said:\n{text}"))
    };
    Ok((value("Queries per second:")?.parse()?, value("Queries lost:")?))
}
