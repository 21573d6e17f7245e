//! A zone from its file.

use ddi_dns::NameRef;
use ddi_dns::zone::{Builder, Snapshot};
use ddi_dns::zonefile::{Config, Parser, Step};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What is read at once, in bytes.
const PIECE: usize = 64 << 10;

/// Reads `path`. Files that it includes must lie below its folder.
pub fn zone(apex: NameRef<'_>, path: &Path) -> Result<Snapshot, String> {
    let shown = path.display().to_string();
    let at = |shown: &str, e: &dyn std::fmt::Display| format!("{shown}: {e}");
    let folder = path.parent().unwrap_or(Path::new("."));
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
            Step::Include(include) => {
                let opened = match include.path_below() {
                    Some(below) => File::open(folder.join(below)).map_err(|e| e.to_string()),
                    None => Err("it is not below the zone file's folder".to_owned()),
                };
                match opened {
                    Ok(file) => files.push(file),
                    Err(why) => return Err(parser.refuse(&why).to_string()),
                }
            }
            Step::End => break,
        }
    }
    builder.finish().map_err(|e| at(&shown, &e))
}
