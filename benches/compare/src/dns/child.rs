//! Libraries are measured in processes of their own, so that each one's memory is its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use ddi_dns::zone::Builder;
use ddi_dns::zonefile::{Config, Parser, Step};
use ddi_dns::{Name, Snapshot, Zone, ZoneSet};
use hickory_server::store::file::{FileConfig, FileZoneHandler};
use hickory_server::zone_handler::{AxfrPolicy, ZoneType};

use crate::Failure;
use crate::process::Running;

/// Starts this program as `kind` over `path`; tells how many seconds it took until all was loaded.
pub(super) fn start(kind: &str, path: &Path) -> Result<(Running, f64), Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["dns-child", kind]).arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
    let started = Instant::now();
    let mut child = command.spawn()?;
    let mut line = String::new();
    let output = child.stdout.take().ok_or("no output")?;
    let running = Running::new(child);
    BufReader::new(output).read_line(&mut line)?;
    let seconds = started.elapsed().as_secs_f64();
    if line.trim() == "loaded" { Ok((running, seconds)) } else { Err(format!("{kind} did not load").into()) }
}

/// What `dns-child` does: load, say so, and stay until it is ended.
pub fn run(args: &[String]) -> Result<(), Failure> {
    let [kind, path] = args else { return Err("dns-child KIND PATH".into()) };
    let path = Path::new(path);
    match kind.as_str() {
        "ddi" => {
            let zone = Zone::new(load(path, super::load::APEX)?);
            wait(&zone);
        }
        "ddi-zones" => wait(&load_zones(path)?),
        "domain" => wait(&load_domain(path)?),
        "domain-zones" => wait(&load_domain_zones(path)?),
        "hickory" => wait(&load_hickory(path, super::load::APEX)?),
        "hickory-zones" => {
            let zones: Result<Vec<_>, _> =
                super::zones::files(path)?.iter().map(|(name, path)| load_hickory(path, name)).collect();
            wait(&zones?);
        }
        _ => return Err("unknown kind".into()),
    }
    Ok(())
}

/// Keeps what was loaded until the parent is gone or ends us.
fn wait<T>(_loaded: &T) {
    println!("loaded");
    let _ = std::io::stdout().flush();
    let _ = std::io::stdin().read(&mut [0]);
}

/// A zone of a file, read piece by piece.
pub(super) fn load(path: &Path, apex: &str) -> Result<Snapshot, Failure> {
    let apex: Name = apex.parse()?;
    let mut parser = Parser::new(&Config::new(&path.to_string_lossy(), apex.as_ref()));
    let mut builder = Builder::new(apex.as_ref());
    let mut file = File::open(path)?;
    let mut piece = vec![0; 1 << 16];
    loop {
        match parser.step()? {
            Step::Record(record) => builder.push(record.owner, record.rtype, record.ttl, record.rdata)?,
            Step::Text => match file.read(&mut piece)? {
                0 => parser.end(),
                len => parser.push(&piece[..len]),
            },
            Step::Include(_) => return Err("no files in files here".into()),
            Step::End => return Ok(builder.finish()?),
        }
    }
}

/// The zones of a folder, each file named as its zone.
fn load_zones(folder: &Path) -> Result<ZoneSet, Failure> {
    let mut set = ZoneSet::new();
    for (name, path) in super::zones::files(folder)? {
        set.insert(Arc::new(Zone::new(load(&path, &name)?)));
    }
    Ok(set)
}

pub(super) fn load_domain(path: &Path) -> Result<domain::zonetree::Zone, Failure> {
    let reader = domain::zonefile::inplace::Zonefile::load(&mut BufReader::new(File::open(path)?))?;
    let parsed = domain::zonetree::parsed::Zonefile::try_from(reader).map_err(|_| "domain reads errors")?;
    Ok(domain::zonetree::Zone::try_from(parsed).map_err(|_| "domain makes no zone")?)
}

fn load_domain_zones(folder: &Path) -> Result<domain::zonetree::ZoneTree, Failure> {
    let mut tree = domain::zonetree::ZoneTree::new();
    for (_, path) in super::zones::files(folder)? {
        tree.insert_zone(load_domain(&path)?).map_err(|_| "domain takes no zone")?;
    }
    Ok(tree)
}

fn load_hickory(path: &Path, apex: &str) -> Result<FileZoneHandler, Failure> {
    let config = FileConfig { zone_path: path.to_owned() };
    let apex = hickory_server::proto::rr::Name::from_ascii(apex)?;
    Ok(FileZoneHandler::try_from_config(apex, ZoneType::Primary, AxfrPolicy::Deny, None, &config)?)
}
