//! An endpoint's state on disk: one small file, replaced as a whole. With it stands how far the lease database
//! was, so that another database in its place, or an old copy of it, is noticed.
//!
//! Format, integers big-endian: `ddiN` and a byte of version; the number of the database's log (8 bytes, 0: any)
//! and the last position of it that was durable (8 bytes); then the endpoint's own bytes, which have a checksum. A file
//! with those alone is of before this was kept.

use crate::say::say;
use ddi_core::LeaseStore;
use ddi_core::db::LeaseDb;
use ddi_core::log::FileStorage;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

const MAGIC: &[u8] = b"ddiN\x01";
const HEADER_LEN: usize = MAGIC.len() + 16;
/// Of a relationship's name in that of its file, which has 255 bytes at the most with all that follows.
const HEX_LEN_MAX: usize = 244;
const HEX_LEN_CUT: usize = 200;

/// A lease database at a moment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Which one: each that is made new has another number. `None`: that was not kept.
    log: Option<u64>,
    /// The last change in it that was durable.
    lsn: u64,
}

/// Nobody's: no database is that far.
const LOST: Seen = Seen { log: None, lsn: u64::MAX };
/// Any with something in it.
const ANY: Seen = Seen { log: None, lsn: 1 };

impl Seen {
    pub fn of(db: &LeaseDb) -> Self {
        Self { log: Some(db.log().id()), lsn: db.durable().0 }
    }

    /// The database that was seen so is not the one that is there `now`, or lacks what it had.
    pub fn is_lost(self, now: Self) -> bool {
        self.log.is_some_and(|log| Some(log) != now.log) || now.lsn < self.lsn || now.lsn == 0
    }
}

/// What a file holds.
pub struct Found {
    pub seen: Seen,
    /// The endpoint's.
    pub state: Vec<u8>,
}

/// Where one relationship's state is.
pub struct SavedFile {
    folder: PathBuf,
    name: String,
    /// What it holds.
    seen: Option<Seen>,
    state: Vec<u8>,
    /// Somebody writes it.
    noting: Option<JoinHandle<()>>,
}

impl SavedFile {
    /// The name has the relationship's in hex: that may hold anything. Of one that is too long for a file it has the
    /// beginning, and a checksum of the whole.
    pub fn new(data_dir: &Path, relationship: &[u8]) -> Self {
        let mut hex = data_encoding::HEXLOWER.encode(relationship);
        if hex.len() > HEX_LEN_MAX {
            hex.truncate(HEX_LEN_CUT);
            hex += &format!("-{:08x}", crc32c::crc32c(relationship));
        }
        let (folder, name) = (data_dir.join("failover"), format!("{hex}.state"));
        Self { folder, name, seen: None, state: Vec::new(), noting: None }
    }

    /// For people.
    pub fn shown(&self) -> String {
        self.path().display().to_string()
    }

    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// `None` if there is none.
    pub fn read(&mut self) -> io::Result<Option<Found>> {
        let bytes = match fs::read(self.path()) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        let found = parse(&bytes);
        (self.seen, self.state) = (Some(found.seen), found.state.clone());
        Ok(Some(found))
    }

    /// The leases are lost; that holds until the endpoint's next state is written.
    pub fn set_lost(&mut self) -> io::Result<()> {
        self.seen = Some(LOST);
        replace(&self.folder, &self.name, &emit(LOST, &self.state))
    }

    /// The endpoint's state, and the database that it is about.
    pub fn write(&mut self, state: &[u8], seen: Seen) -> io::Result<()> {
        self.settle();
        (self.seen, self.state) = (Some(seen), state.to_vec());
        replace(&self.folder, &self.name, &emit(seen, state))
    }

    /// How far the database is, if that was kept before and is news. Written by another thread.
    pub fn note(&mut self, seen: Seen) {
        let is_news = |old: Seen| old != LOST && old != seen;
        if self.noting.as_ref().is_some_and(|noting| !noting.is_finished()) || !self.seen.is_some_and(is_news)
        {
            return;
        }
        self.seen = Some(seen);
        let (folder, name, bytes) = (self.folder.clone(), self.name.clone(), emit(seen, &self.state));
        let shown = self.shown();
        self.noting = Some(thread::spawn(move || {
            // The old one is as good, only older.
            if let Err(e) = replace(&folder, &name, &bytes) {
                say(format!("{shown}: {e}"));
            }
        }));
    }

    /// Waits until nobody writes it.
    pub fn settle(&mut self) {
        if let Some(noting) = self.noting.take() {
            let _ = noting.join();
        }
    }
}

fn emit(seen: Seen, state: &[u8]) -> Vec<u8> {
    [MAGIC, &seen.log.unwrap_or(0).to_be_bytes(), &seen.lsn.to_be_bytes(), state].concat()
}

fn parse(bytes: &[u8]) -> Found {
    let parts = bytes.split_at_checked(HEADER_LEN).and_then(|(header, state)| {
        let (log, lsn) = header.strip_prefix(MAGIC)?.split_first_chunk::<8>()?;
        let lsn = lsn.first_chunk::<8>()?;
        let log = Some(u64::from_be_bytes(*log)).filter(|log| *log != 0);
        let seen = Seen { log, lsn: u64::from_be_bytes(*lsn) };
        Some(Found { seen, state: state.to_vec() })
    });
    // What is no such file is the endpoint's to judge.
    parts.unwrap_or_else(|| Found { seen: ANY, state: bytes.to_vec() })
}

/// Whatever happens meanwhile, the file holds the old bytes or the new ones.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    if !folder.is_dir() {
        // Its own name has to be there, too, after a crash.
        FileStorage::create_dir(folder)?;
    }
    let new = folder.join(format!("{name}.new"));
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    fs::rename(&new, folder.join(name))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_file() {
        let dir = std::env::temp_dir().join(format!("ddi-node-saved-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir(&dir).unwrap();
        let names = [vec![0xff; 1], vec![b'x'; 122], vec![b'x'; 123], vec![b'x'; 254], vec![b'x'; 255]];
        for name in &names {
            SavedFile::new(&dir, name).write(name, ANY).unwrap();
        }
        for name in &names {
            assert_eq!(SavedFile::new(&dir, name).read().unwrap().unwrap().state, *name);
        }
        assert!(dir.join("failover/ff.state").exists());
        fs::remove_dir_all(&dir).unwrap();
    }
}
