//! [`Storage`] in memory: a disk with a cache in front of it, which can be made to fail.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;

use parking_lot::Mutex;

use super::frame::SECTOR;
use super::storage::Storage;

const SECTOR_BYTES: usize = SECTOR as usize;

/// What befalls a mutating call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// It fails with EIO. A write may have been done in part. After a sync the cache still shows what
    /// was written, but no later sync makes it durable (Linux marks such pages clean).
    Io,
    /// It fails with ENOSPC; a write may have been done in part.
    NoSpace,
    /// The machine stops in the middle of it: this and all later calls fail.
    Crash,
}

/// What a power loss does to each sector that was written and not synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Tear {
    /// All are lost, and so are names that were not synced.
    Nothing,
    /// All reached the disk.
    Everything,
    /// Each keeps its old content or one of those written since; chosen by this seed.
    Random(u64),
    /// In order of file and offset, the n-th reached the disk if bit n (modulo 64) is set.
    Subset(u64),
}

/// A disk in memory, with a cache in front of it.
///
/// Writes go to the cache; a sync moves them to the disk. [`MemStorage::crash`] gives the disk as a
/// power loss may leave it. Mutating calls (write, sync, rename, remove) are numbered from 1, and
/// [`MemStorage::inject`] makes one of them fail or be the last. For tests of anything that is built
/// on a [`Storage`]; it costs no more than copying the bytes.
#[derive(Default)]
pub struct MemStorage {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, MemFile>,
    calls: u64,
    faults: BTreeMap<u64, Fault>,
    crashed: bool,
    /// The rename or remove that a crash fell into.
    in_doubt: Option<NameCall>,
    unreadable: Vec<(String, Range<u64>)>,
}

#[derive(Clone)]
enum NameCall {
    Rename(String, String),
    Remove(String),
}

#[derive(Clone, Default)]
struct MemFile {
    /// What reads see.
    cache: Vec<u8>,
    /// What a crash leaves, but for `unsynced`.
    disk: Vec<u8>,
    unsynced: BTreeMap<usize, Unsynced>,
    /// The name survives a crash.
    named: bool,
}

/// A sector that was written and is not known to be on disk.
#[derive(Clone, Default)]
struct Unsynced {
    /// Its content after each write.
    versions: Vec<Vec<u8>>,
    /// A sync failed since: a later sync does not save it, unless it is written again.
    given_up: bool,
}

/// A small generator: which sectors a crash keeps need not be unpredictable, only repeatable.
struct Xorshift(u64);

impl Xorshift {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 20) % (n.max(1) as u64)) as usize
    }
}

impl MemFile {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if self.cache.len() < end {
            self.cache.resize(end, 0);
        }
        self.cache[offset..end].copy_from_slice(bytes);
        if bytes.is_empty() {
            return;
        }
        for sector in offset / SECTOR_BYTES..=(end - 1) / SECTOR_BYTES {
            let from = sector * SECTOR_BYTES;
            let to = (from + SECTOR_BYTES).min(self.cache.len());
            let unsynced = self.unsynced.entry(sector).or_default();
            unsynced.versions.push(self.cache[from..to].to_vec());
            unsynced.given_up = false;
        }
    }

    fn keep(disk: &mut Vec<u8>, sector: usize, content: &[u8]) {
        let from = sector * SECTOR_BYTES;
        if disk.len() < from + content.len() {
            disk.resize(from + content.len(), 0);
        }
        disk[from..from + content.len()].copy_from_slice(content);
    }

    fn sync(&mut self) {
        let (disk, cache) = (&mut self.disk, &self.cache);
        self.unsynced.retain(|sector, unsynced| {
            if let (false, Some(last)) = (unsynced.given_up, unsynced.versions.last()) {
                Self::keep(disk, *sector, last);
            }
            unsynced.given_up
        });
        disk.resize(cache.len(), 0);
        self.named = true;
    }

    /// The content after a power loss.
    fn after_crash(&self, tear: Tear, rng: &mut Xorshift, count: &mut u32) -> Vec<u8> {
        let mut disk = self.disk.clone();
        for (sector, unsynced) in &self.unsynced {
            let n = unsynced.versions.len();
            let kept = match tear {
                Tear::Nothing => 0,
                Tear::Everything => n,
                Tear::Random(_) => rng.below(n + 1),
                Tear::Subset(mask) => {
                    if mask >> (*count % 64) & 1 == 1 {
                        n
                    } else {
                        0
                    }
                }
            };
            *count += 1;
            if let Some(content) = kept.checked_sub(1).and_then(|last| unsynced.versions.get(last)) {
                Self::keep(&mut disk, *sector, content);
            }
        }
        disk
    }
}

impl State {
    /// Numbers a mutating call and says what befalls it.
    fn begin(&mut self) -> Result<Option<Fault>, io::Error> {
        if self.crashed {
            return Err(io::Error::other("simulated: the machine has stopped"));
        }
        self.calls += 1;
        let fault = self.faults.remove(&self.calls);
        self.crashed = fault == Some(Fault::Crash);
        Ok(fault)
    }

    fn after_crash(&self, tear: Tear) -> State {
        let mut rng = Xorshift::new(if let Tear::Random(seed) = tear { seed } else { 0 });
        let mut count = 0;
        let mut files = BTreeMap::new();
        for (name, file) in &self.files {
            let disk = file.after_crash(tear, &mut rng, &mut count);
            if file.named || kept(tear, &mut rng) {
                files.insert(
                    name.clone(),
                    MemFile { cache: disk.clone(), disk, named: true, ..MemFile::default() },
                );
            }
        }
        match &self.in_doubt {
            Some(NameCall::Rename(from, to)) if kept(tear, &mut rng) => {
                if let Some(file) = files.remove(from) {
                    files.insert(to.clone(), file);
                }
            }
            Some(NameCall::Remove(name)) if kept(tear, &mut rng) => {
                files.remove(name);
            }
            _ => {}
        }
        State { files, unreadable: self.unreadable.clone(), ..State::default() }
    }
}

/// Whether a change of names that was not synced is kept.
fn kept(tear: Tear, rng: &mut Xorshift) -> bool {
    match tear {
        Tear::Nothing => false,
        Tear::Everything => true,
        Tear::Random(_) => rng.below(2) == 1,
        Tear::Subset(mask) => mask != 0,
    }
}

fn error(fault: Fault) -> io::Error {
    match fault {
        Fault::Io => io::Error::from_raw_os_error(5),
        Fault::NoSpace => io::Error::from(io::ErrorKind::StorageFull),
        Fault::Crash => io::Error::other("simulated: the machine stops here"),
    }
}

impl MemStorage {
    /// An empty disk without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many mutating calls there have been.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.state.lock().calls
    }

    /// Makes mutating call number `call` (the first is 1) fail.
    pub fn inject(&self, call: u64, fault: Fault) {
        self.state.lock().faults.insert(call, fault);
    }

    /// The disk after a power loss at this moment (or at the injected crash). This one is unchanged, so
    /// many can be had of one moment. Faults and the count of calls start anew.
    #[must_use]
    pub fn crash(&self, tear: Tear) -> Self {
        Self { state: Mutex::new(self.state.lock().after_crash(tear)) }
    }

    /// After an injected failure: the process starts anew, the machine does not. Faults are cleared.
    pub fn restart(&self) {
        let mut state = self.state.lock();
        state.crashed = false;
        state.faults.clear();
        match state.in_doubt.take() {
            Some(NameCall::Rename(from, to)) => {
                if let Some(file) = state.files.remove(&from) {
                    state.files.insert(to, file);
                }
            }
            Some(NameCall::Remove(name)) => drop(state.files.remove(&name)),
            None => {}
        }
    }

    /// A copy of the disk and its cache, without faults.
    #[must_use]
    pub fn fork(&self) -> Self {
        let state = self.state.lock();
        let copy =
            State { files: state.files.clone(), unreadable: state.unreadable.clone(), ..State::default() };
        Self { state: Mutex::new(copy) }
    }

    /// Inverts one bit of a file, on the disk and in the cache. False if the file ends before it.
    pub fn flip_bit(&self, name: &str, offset: u64, bit: u8) -> bool {
        let mut state = self.state.lock();
        let Some(file) = state.files.get_mut(name) else { return false };
        let offset = offset as usize;
        let Some(byte) = file.cache.get_mut(offset) else { return false };
        *byte ^= 1 << (bit % 8);
        if let Some(byte) = file.disk.get_mut(offset) {
            *byte ^= 1 << (bit % 8);
        }
        true
    }

    /// Makes reads of these bytes fail with EIO.
    pub fn make_unreadable(&self, name: &str, bytes: Range<u64>) {
        self.state.lock().unreadable.push((name.to_owned(), bytes));
    }

    /// A file's content as reads see it.
    #[must_use]
    pub fn content(&self, name: &str) -> Option<Vec<u8>> {
        self.state.lock().files.get(name).map(|file| file.cache.clone())
    }

    /// The files' names, in order.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        self.state.lock().files.keys().cloned().collect()
    }
}

impl Storage for MemStorage {
    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let state = self.state.lock();
        Ok(state.files.iter().map(|(name, file)| (name.clone(), file.cache.len() as u64)).collect())
    }

    fn read(&self, name: &str, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let state = self.state.lock();
        let file = state.files.get(name).ok_or(io::ErrorKind::NotFound)?;
        let content = file.cache.get(offset as usize..).unwrap_or_default();
        let len = content.len().min(buf.len());
        let end = offset + len as u64;
        if state.unreadable.iter().any(|(file, bad)| file == name && bad.start < end && offset < bad.end) {
            return Err(error(Fault::Io));
        }
        buf[..len].copy_from_slice(&content[..len]);
        Ok(len)
    }

    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state.lock();
        let fault = state.begin()?;
        let calls = state.calls;
        let file = match state.files.get_mut(name) {
            Some(file) => file,
            None => state.files.entry(name.to_owned()).or_default(),
        };
        match fault {
            None => file.write(offset as usize, bytes),
            Some(Fault::Crash) => {
                file.write(offset as usize, bytes);
                return Err(error(Fault::Crash));
            }
            Some(fault) => {
                let done = Xorshift::new(calls).below(bytes.len() / SECTOR_BYTES + 1) * SECTOR_BYTES;
                file.write(offset as usize, &bytes[..done]);
                return Err(error(fault));
            }
        }
        Ok(())
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        let mut state = self.state.lock();
        let fault = state.begin()?;
        let file = state.files.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        match fault {
            None => {
                file.sync();
                Ok(())
            }
            Some(Fault::Crash) => Err(error(Fault::Crash)),
            Some(fault) => {
                file.unsynced.values_mut().for_each(|unsynced| unsynced.given_up = true);
                Err(error(fault))
            }
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state.lock();
        if let Some(fault) = state.begin()? {
            if fault == Fault::Crash {
                state.in_doubt = Some(NameCall::Rename(from.to_owned(), to.to_owned()));
            }
            return Err(error(fault));
        }
        let mut file = state.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        file.named = true;
        state.files.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state.lock();
        if let Some(fault) = state.begin()? {
            if fault == Fault::Crash {
                state.in_doubt = Some(NameCall::Remove(name.to_owned()));
            }
            return Err(error(fault));
        }
        state.files.remove(name);
        Ok(())
    }
}
