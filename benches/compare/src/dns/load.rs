//! `load`: the reference zone from its text.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use ddi_benches::ReferenceZone;

use super::child;
use super::server::{self, KINDS};
use crate::Failure;
use crate::row::fresh_folder;
use crate::table::{self, grouped, ratio};

pub(super) const APEX: &str = ReferenceZone::APEX;
/// Of so many runs the fastest counts: what else the machine does only slows them.
const RUNS: usize = 3;

struct Measured {
    name: &'static str,
    seconds: f64,
    cpu_seconds: f64,
    megabytes: f64,
}

pub(super) fn run(zone: ReferenceZone) -> Result<(), Failure> {
    let folder = fresh_folder("dns")?;
    let file = write_zone(&folder, zone)?;
    println!("the reference zone from {} bytes of text", grouped(file.metadata()?.len() as f64));
    let path = file_path(&folder);
    let mut measured = Vec::new();
    for (name, kind) in [("ddi-dns", "ddi"), ("domain 0.12", "domain"), ("hickory 0.26", "hickory")] {
        measured.push(best(name, || {
            let (running, seconds) = child::start(kind, &path)?;
            Ok([seconds, running.cpu_seconds()?, running.megabytes()?])
        })?);
    }
    for kind in KINDS {
        measured.push(best(kind.name(), || {
            let folder = fresh_folder("dns-server")?;
            let zones = [(APEX.to_owned(), path.clone())];
            let (running, seconds) = server::start(kind, &folder, &zones, &[APEX.to_owned()])?;
            Ok([seconds, running.cpu_seconds()?, running.megabytes()?])
        })?);
    }
    report(&measured);
    Ok(())
}

fn best(name: &'static str, run: impl Fn() -> Result<[f64; 3], Failure>) -> Result<Measured, Failure> {
    let mut best = Measured { name, seconds: f64::MAX, cpu_seconds: f64::MAX, megabytes: f64::MAX };
    for _ in 0..RUNS {
        let [seconds, cpu_seconds, megabytes] = run()?;
        println!("{name}: {seconds:.2} s, {cpu_seconds:.2} s on the processor, {megabytes:.0} MB");
        best.seconds = best.seconds.min(seconds);
        best.cpu_seconds = best.cpu_seconds.min(cpu_seconds);
        best.megabytes = best.megabytes.min(megabytes);
    }
    Ok(best)
}

fn report(measured: &[Measured]) {
    let ours = &measured[0];
    let rows: Vec<_> = measured
        .iter()
        .map(|m| {
            vec![
                m.name.to_owned(),
                format!("{:.2}", m.seconds),
                ratio(m.seconds, ours.seconds),
                format!("{:.2}", m.cpu_seconds),
                ratio(m.cpu_seconds, ours.cpu_seconds),
                grouped(m.megabytes),
                ratio(m.megabytes, ours.megabytes),
            ]
        })
        .collect();
    println!();
    table::print(&["server or library", "load s", "x ddi's", "CPU s", "x ddi's", "MB", "x ddi's"], &rows);
}

pub(super) fn file_path(folder: &Path) -> PathBuf {
    folder.join("reference.zone")
}

/// Writes the reference zone's text into the folder.
pub(super) fn write_zone(folder: &Path, zone: ReferenceZone) -> Result<File, Failure> {
    let mut out = BufWriter::new(File::create(file_path(folder))?);
    zone.write_text(&mut out)?;
    out.flush()?;
    Ok(out.into_inner()?)
}
