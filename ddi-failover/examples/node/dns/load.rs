//! A zone from its file.

use ddi_dns::NameRef;
use ddi_dns::zone::{Builder, Snapshot};
use ddi_dns::zonefile::{Config, Include, Parser, Step};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What is read at once, in bytes.
const PIECE: usize = 64 << 10;

/// Reads `path`. Files that it includes must lie below its folder.
pub fn zone(apex: NameRef<'_>, path: &Path) -> Result<Snapshot, String> {
    let shown = path.display().to_string();
    let at = |shown: &str, e: &dyn std::fmt::Display| format!("{shown}: {e}");
    let folder = folder_of(path).map_err(|e| at(&shown, &e))?;
    let mut files = vec![File::open(path).map_err(|e| at(&shown, &e))?];
    let mut parser = Parser::new(&Config::new(&shown, apex));
    let mut builder = Builder::new(apex);
    let mut piece = vec![0; PIECE];
    loop {
        match parser.step().map_err(|e| e.to_string())? {
            Step::Record(record) => builder
                .push(record.owner, record.rtype, record.ttl, record.rdata)
                .map_err(|e| at(&shown, &e))?,
            Step::Text => {
                let Some(file) = files.last_mut() else { break };
                match file.read(&mut piece).map_err(|e| at(&shown, &e))? {
                    0 => {
                        files.pop();
                        parser.end();
                    }
                    len => parser.push(&piece[..len]),
                }
            }
            Step::Include(include) => match open_below(&folder, &include) {
                Ok(file) => files.push(file),
                Err(why) => return Err(parser.refuse(&why).to_string()),
            },
            Step::End => break,
        }
    }
    builder.finish().map_err(|e| at(&shown, &e))
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
    File::open(path).map_err(|e| e.to_string())
}
