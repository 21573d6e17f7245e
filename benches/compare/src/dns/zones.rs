//! `zones`: many small zones, as a server of reverse zones has them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ddi_benches::ReferenceZone;

use super::child;
use super::server::{self, KINDS, ZoneFile};
use crate::Failure;
use crate::row::fresh_folder;
use crate::table::{self, grouped, ratio};

/// So many names of the reference zone stand for a zone here: 10,000 zones in all, if it has its full size.
const NAMES_FOR_EACH: u32 = 100;
/// Records of each: the SOA, two NS, and PTRs.
const RECORDS: u32 = 20;
/// A server is ready when each of these many zones answers.
const ASKED: usize = 100;

pub(super) fn run(zone: ReferenceZone) -> Result<(), Failure> {
    let count = zone.hosts.div_ceil(NAMES_FOR_EACH).min(0x1_0000);
    println!("{count} zones of {RECORDS} records");
    let folder = fresh_folder("dns")?.join("zones");
    fs::create_dir_all(&folder)?;
    write(&folder, count)?;
    let zones = files(&folder)?;
    let mut measured = Vec::new();
    let libraries =
        [("ddi-dns", "ddi-zones"), ("domain 0.12", "domain-zones"), ("hickory 0.26", "hickory-zones")];
    for (name, kind) in libraries {
        let (running, seconds) = child::start(kind, &folder)?;
        measured.push((name, seconds, running.megabytes()?));
    }
    let step = zones.len().div_ceil(ASKED);
    let asked: Vec<String> = zones.iter().rev().step_by(step).map(|zone| zone.0.clone()).collect();
    for kind in KINDS {
        let folder = fresh_folder("dns-server")?;
        let (running, seconds) = server::start(kind, &folder, &zones, &asked)?;
        // The last ones may still be on their way.
        std::thread::sleep(Duration::from_secs(2));
        measured.push((kind.name(), seconds, running.megabytes()?));
    }
    let ours = measured[0].2;
    let rows: Vec<_> = measured
        .iter()
        .map(|(name, seconds, megabytes)| {
            let cells = [format!("{seconds:.2}"), grouped(*megabytes), ratio(*megabytes, ours)];
            [vec![(*name).to_owned()], cells.to_vec()].concat()
        })
        .collect();
    table::print(&["server or library", "load s", "MB", "x ddi's"], &rows);
    Ok(())
}

/// The zones of a folder, in order: files are named as their zones.
pub(super) fn files(folder: &Path) -> Result<Vec<ZoneFile>, Failure> {
    let mut files = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("a file's name")?;
        files.push((format!("{name}."), path.clone()));
    }
    files.sort();
    Ok(files)
}

fn write(folder: &Path, count: u32) -> Result<(), Failure> {
    for zone in 0..count {
        let name = format!("{}.{}.10.in-addr.arpa", zone % 256, zone / 256);
        let mut text = format!(
            "$ORIGIN {name}.\n$TTL 3600\n@ IN SOA ns1.example.com. admin.example.com. 1 3600 600 604800 300\n\
             @ IN NS ns1.example.com.\n@ IN NS ns2.example.com.\n"
        );
        for host in 1..=RECORDS - 3 {
            text.push_str(&format!("{host} IN PTR host-{zone}-{host}.example.com.\n"));
        }
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}
