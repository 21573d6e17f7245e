//! Reads a zone file, files that it includes from its own folder too, and says what is wrong with it.
//!
//! `cargo run --example zone_check -- FILE ZONE`

use ddi_dns::Name;
use ddi_dns::zone::Builder;
use ddi_dns::zonefile::{Config, Include, Parser, Step, check};
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// How much is read at once.
const PIECE: usize = 1 << 16;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file, zone] = &arguments[..] else {
        eprintln!("zone_check FILE ZONE");
        return ExitCode::from(2);
    };
    match read(Path::new(file), zone) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn read(path: &Path, zone: &str) -> Result<bool, Box<dyn Error>> {
    let apex: Name = zone.parse()?;
    let folder = path.parent().unwrap_or(Path::new("")).canonicalize()?;
    let mut parser = Parser::new(&Config::new(&path.to_string_lossy(), apex.as_ref()));
    let mut files = vec![File::open(path)?];
    let mut piece = vec![0; PIECE];
    let mut builder = Builder::new(apex.as_ref());
    let mut faults = 0;
    let start = Instant::now();
    loop {
        match parser.step() {
            Ok(Step::Record(record)) => {
                let pushed = builder.push(record.owner, record.rtype, record.ttl, record.rdata);
                if let Err(error) = pushed {
                    eprintln!("{}", parser.place(error));
                    faults += 1;
                }
            }
            Ok(Step::Text) => {
                let file = files.last_mut().ok_or("text of no file")?;
                let len = file.read(&mut piece)?;
                parser.push(&piece[..len]);
                if len == 0 {
                    parser.end();
                    files.pop();
                }
            }
            Ok(Step::Include(include)) => match open_below(&folder, &include) {
                Ok(file) => files.push(file),
                Err(reason) => return Err(parser.refuse(&reason).into()),
            },
            Ok(Step::End) => break,
            Err(error) => {
                eprintln!("{error}");
                faults += 1;
            }
        }
    }
    let snapshot = builder.finish().map_err(|error| parser.place(error))?;
    let (names, records, serial) = (snapshot.names(), snapshot.records(), snapshot.serial());
    println!("{names} names, {records} records, serial {serial}, read in {:?}", start.elapsed());
    for fault in check(&snapshot) {
        eprintln!("{fault}");
        faults += 1;
    }
    Ok(faults == 0)
}

/// Opens a file that $INCLUDE asks for, if it is in `folder` or below it, links followed.
fn open_below(folder: &Path, include: &Include) -> Result<File, String> {
    let path = include.path_below().ok_or("path leaves the folder")?;
    let path: PathBuf = folder.join(path).canonicalize().map_err(|error| error.to_string())?;
    if !path.starts_with(folder) {
        return Err("path leaves the folder".into());
    }
    File::open(path).map_err(|error| error.to_string())
}
