//! A zone from its file.

use super::zones::Zones;
use crate::config::dns::ZoneRole;
use crate::config::place::Mistake;
use crate::run::Failure;
use crate::say::say;
use ddi_dns::NameRef;
use ddi_dns::delta::RecordRef;
use ddi_dns::zone::{Builder, Snapshot};
use ddi_dns::zonefile::{self, Config, Include, Parser, Step, ZoneFault, ZoneFileError};
use std::fs::File;
use std::io::{self, Read};
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
        zones.forget_primaries(nth).map_err(Failure::System)?;
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
    let push = |record: &RecordRef<'_>| builder.push(record.owner, record.rtype, record.ttl, record.rdata);
    let parser = read(apex, path, push, |pushed, parser| pushed.map_err(|error| parser.place(error)))?;
    let zone = builder.finish().map_err(|error| Failure::Config(mistake(&parser.place(error))))?;
    let faults = zonefile::check(&zone);
    if let Some(fault) = faults.iter().find(|fault| fault.is_fatal()) {
        let placed = placed(apex, path, std::slice::from_ref(fault))?.into_iter().flatten().next();
        let mistake = placed.as_ref().map_or_else(|| Mistake::elsewhere(&shown, fault.to_string()), mistake);
        return Err(Failure::Config(mistake));
    }
    warn(apex, path, &faults)?;
    Ok(zone)
}

/// Says the first of them with their places.
fn warn(apex: NameRef<'_>, path: &Path, faults: &[ZoneFault]) -> Result<(), Failure> {
    let shown = path.display();
    let told = &faults[..faults.len().min(WARNINGS_MAX)];
    for (fault, placed) in told.iter().zip(placed(apex, path, told)?) {
        say(placed.map_or_else(|| format!("{shown}: {fault}"), |placed| placed.to_string()));
    }
    if faults.len() > told.len() {
        say(format!("{shown}: {} more such faults", faults.len() - told.len()));
    }
    Ok(())
}

/// The faults with their places, for which the file is read again: they are known only when all of it was. `None`:
/// nothing of that name is in the file.
fn placed(
    apex: NameRef<'_>,
    path: &Path,
    faults: &[ZoneFault],
) -> Result<Vec<Option<ZoneFileError>>, Failure> {
    let mut placed = vec![None; faults.len()];
    if faults.is_empty() {
        return Ok(placed);
    }
    let of = |record: &RecordRef<'_>| -> Vec<usize> {
        (0..faults.len()).filter(|nth| faults[*nth].is_of(record)).collect()
    };
    read(apex, path, of, |these, parser| {
        these.into_iter().for_each(|nth| placed[nth] = Some(parser.place(faults[nth].clone())));
        Ok(())
    })?;
    Ok(placed)
}

fn mistake(error: &ZoneFileError) -> Mistake {
    let place = format!("{}:{}:{}", error.file, error.line, error.column);
    Mistake::elsewhere(place, error.fault.to_string())
}

/// Reads all records: what `each` makes of one goes to `then`, with the parser, which knows its place. Gives the parser
/// at the end.
fn read<T>(
    apex: NameRef<'_>,
    path: &Path,
    mut each: impl FnMut(&RecordRef<'_>) -> T,
    mut then: impl FnMut(T, &Parser) -> Result<(), ZoneFileError>,
) -> Result<Parser, Failure> {
    let wrong = |error: ZoneFileError| Failure::Config(mistake(&error));
    let shown = path.display().to_string();
    let folder = folder_of(path).map_err(Failure::at(&shown))?;
    let mut files = vec![File::open(path).map_err(Failure::at(&shown))?];
    let mut parser = Parser::new(&Config::new(&shown, apex));
    let mut text = Vec::new();
    loop {
        match parser.step().map_err(wrong)? {
            Step::Record(record) => {
                let made = each(&record);
                then(made, &parser).map_err(wrong)?;
            }
            Step::Text => {
                let Some(file) = files.last_mut() else { return Ok(parser) };
                text.clear();
                file.take(PIECE as u64).read_to_end(&mut text).map_err(Failure::at(&shown))?;
                if text.is_empty() {
                    files.pop();
                    parser.end();
                } else {
                    parser.push(&text);
                }
            }
            Step::Include(include) => match open_below(&folder, &include) {
                Ok(file) => files.push(file),
                Err(why) => return Err(wrong(parser.refuse(&why))),
            },
            Step::End => return Ok(parser),
        }
    }
}

fn folder_of(path: &Path) -> io::Result<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).canonicalize()
}

/// Opens a file that $INCLUDE asks for, if it is in `folder` or below it, links followed.
fn open_below(folder: &Path, include: &Include) -> Result<File, String> {
    let outside = || "it is not below the zone file's folder".to_owned();
    let path = include.path_below().ok_or_else(outside)?;
    let path = folder.join(path).canonicalize().map_err(|e| e.to_string())?;
    if !path.starts_with(folder) {
        return Err(outside());
    }
    File::open(&path).map_err(|e| e.to_string())
}
