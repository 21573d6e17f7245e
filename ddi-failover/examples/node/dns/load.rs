//! A zone from its file.

use super::zones::Zones;
use crate::config::dns::ZoneRole;
use crate::config::place::Mistake;
use crate::run::Failure;
use crate::say::say;
use ddi_dns::NameRef;
use ddi_dns::delta::RecordRef;
use ddi_dns::rr::Rtype;
use ddi_dns::zone::{Builder, Snapshot, ZoneError};
use ddi_dns::zonefile::{self, Config, Include, Parser, Step, ZoneFault, ZoneFaultKind};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// What is loaded at the start before it is synced, in bytes.
const LOAD_BATCH: usize = 1 << 20;
/// What is read at once, in bytes.
const PIECE: usize = 64 << 10;
/// Faults that a zone may have and are told, at most; of the others only how many.
const WARNINGS_MAX: usize = 20;

/// Primaries that the journal does not have yet come from their files.
pub fn missing(zones: &mut Zones) -> Result<(), Failure> {
    let empty = zones.journal.log().room();
    for nth in 0..zones.served.len() {
        let served = &zones.served[nth];
        let (true, None, Some(file)) =
            (served.plan.role == ZoneRole::Primary, &served.newest, &served.plan.file)
        else {
            continue;
        };
        let snapshot = zone(served.plan.apex.as_ref(), file)?;
        // Its buffers stay as long as its largest batch was.
        if empty.saturating_sub(zones.journal.log().room()) >= LOAD_BATCH {
            zones.journal.commit().map_err(Failure::at("the journal"))?;
            zones.publish();
        }
        if zones.replace_here(nth, snapshot.clone()).is_err() {
            // A batch of the journal is full.
            zones.journal.commit().map_err(Failure::at("the journal"))?;
            zones.replace_here(nth, snapshot).map_err(Failure::System)?;
        }
    }
    zones.journal.commit().map_err(Failure::at("the journal"))?;
    zones.publish();
    Ok(())
}

/// Reads `path`. Files that it includes must lie below its folder. What makes a zone that can't be served as it
/// is meant is a mistake; what else is wrong with it is said.
pub fn zone(apex: NameRef<'_>, path: &Path) -> Result<Snapshot, Failure> {
    let shown = path.display().to_string();
    let mut builder = Builder::new(apex);
    read(apex, path, false, |record, _| builder.push(record.owner, record.rtype, record.ttl, record.rdata))?;
    let zone = builder.finish().map_err(|e| Failure::Config(Mistake::elsewhere(&shown, e.to_string())))?;
    let faults = zonefile::check(&zone);
    if let Some(fault) = faults.iter().find(|fault| is_fatal(&fault.kind)) {
        let (owner, kind) = (fault.owner.as_ref(), &fault.kind);
        return Err(mistake(apex, path, fault.to_string(), |record| {
            record.owner == owner && is_at(kind, record.rtype)
        }));
    }
    warn(&shown, &faults);
    Ok(zone)
}

/// Does the name mean two things at once, or the zone nothing?
const fn is_fatal(kind: &ZoneFaultKind) -> bool {
    matches!(
        kind,
        ZoneFaultKind::NoApexNs
            | ZoneFaultKind::CnameAndOtherData
            | ZoneFaultKind::ManyCnames
            | ZoneFaultKind::ManyDnames
            | ZoneFaultKind::DnameAndNs
    )
}

/// Could this record of the name be what is wrong?
fn is_at(kind: &ZoneFaultKind, rtype: Rtype) -> bool {
    match kind {
        ZoneFaultKind::NoApexNs => rtype == Rtype::SOA,
        ZoneFaultKind::ManyCnames => rtype == Rtype::CNAME,
        ZoneFaultKind::ManyDnames => rtype == Rtype::DNAME,
        ZoneFaultKind::DnameAndNs => matches!(rtype, Rtype::DNAME | Rtype::NS),
        _ => rtype == Rtype::CNAME || !rtype.may_join_cname(),
    }
}

fn warn(shown: &str, faults: &[ZoneFault]) {
    for fault in faults.iter().take(WARNINGS_MAX) {
        say(format!("{shown}: {fault}"));
    }
    if faults.len() > WARNINGS_MAX {
        say(format!("{shown}: {} more such faults", faults.len() - WARNINGS_MAX));
    }
}

/// `what` is wrong with the last record that `is_it`: the file is read again, to tell its line.
fn mistake(
    apex: NameRef<'_>,
    path: &Path,
    what: String,
    mut is_it: impl FnMut(&RecordRef<'_>) -> bool,
) -> Failure {
    let mut found = path.display().to_string();
    let read = read(apex, path, true, |record, place| {
        if is_it(record) {
            found = format!("{}:{}", place.shown, place.line);
        }
        Ok(())
    });
    match read {
        Ok(()) => Failure::Config(Mistake::elsewhere(found, what)),
        Err(failure) => failure,
    }
}

/// Where a file is read.
struct Place {
    shown: String,
    file: BufReader<File>,
    /// The last one that was read, if lines are.
    line: u64,
}

impl Place {
    fn open(shown: &str, path: &Path) -> io::Result<Self> {
        Ok(Self { shown: shown.to_owned(), file: BufReader::new(File::open(path)?), line: 0 })
    }

    /// Reads a line, or else a piece; nothing at the end.
    fn read(&mut self, by_line: bool, text: &mut Vec<u8>) -> io::Result<()> {
        text.clear();
        if by_line {
            self.line += 1;
            self.file.read_until(b'\n', text).map(|_| ())
        } else {
            self.file.by_ref().take(PIECE as u64).read_to_end(text).map(|_| ())
        }
    }
}

/// Reads all records; line by line if their places matter. What `each` has against one is told with its place.
fn read(
    apex: NameRef<'_>,
    path: &Path,
    by_line: bool,
    mut each: impl FnMut(&RecordRef<'_>, &Place) -> Result<(), ZoneError>,
) -> Result<(), Failure> {
    let shown = path.display().to_string();
    let folder = folder_of(path).map_err(Failure::at(&shown))?;
    let mut places = vec![Place::open(&shown, path).map_err(Failure::at(&shown))?];
    let mut parser = Parser::new(&Config::new(&shown, apex));
    let mut text = Vec::new();
    loop {
        let wrong = |e: zonefile::ZoneFileError| {
            let place = format!("{}:{}:{}", e.file, e.line, e.column);
            Failure::Config(Mistake::elsewhere(place, e.fault.to_string()))
        };
        match parser.step().map_err(wrong)? {
            Step::Record(record) => {
                if let Some(Err(error)) = places.last().map(|place| each(&record, place)) {
                    return Err(wrong(parser.place(error)));
                }
            }
            Step::Text => {
                let Some(place) = places.last_mut() else { return Ok(()) };
                place.read(by_line, &mut text).map_err(Failure::at(&shown))?;
                if text.is_empty() {
                    places.pop();
                    parser.end();
                } else {
                    parser.push(&text);
                }
            }
            Step::Include(include) => match open_below(&folder, &include) {
                Ok(place) => places.push(place),
                Err(why) => return Err(wrong(parser.refuse(&why))),
            },
            Step::End => return Ok(()),
        }
    }
}

fn folder_of(path: &Path) -> io::Result<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).canonicalize()
}

/// Opens a file that $INCLUDE asks for, if it is in `folder` or below it, links followed.
fn open_below(folder: &Path, include: &Include) -> Result<Place, String> {
    let outside = || "it is not below the zone file's folder".to_owned();
    let path = include.path_below().ok_or_else(outside)?;
    let path = folder.join(path).canonicalize().map_err(|e| e.to_string())?;
    if !path.starts_with(folder) {
        return Err(outside());
    }
    Place::open(&include.file, &path).map_err(|e| e.to_string())
}
