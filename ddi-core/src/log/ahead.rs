//! The next segment is prepared while the present one fills: written with zeros and synced, slice by
//! slice, so that turning to it costs nothing and its own syncs carry no metadata.
//!
//! A new file's slices each cost a commit of the file system's journal. A released segment that was
//! retired to be the spare has its blocks already; it is overwritten with zeros whole before it gets
//! its new name, so nothing of its old content is ever in a segment.

use super::error::LogError;
use super::frame::SECTOR;
use super::segment;
use super::storage::Storage;

/// The file that a released segment waits in.
const SPARE_NAME: &str = "spare.log";
/// How much of a new file is prepared at once, in bytes.
const FRESH_SLICE_BYTES: u64 = 1 << 20;
/// How much of the spare is, in bytes.
const SPARE_SLICE_BYTES: u64 = 256 << 10;

static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// Writes zeros from `from` to `to`. Not synced.
pub(crate) fn write_zeros(storage: &dyn Storage, file: &str, from: u64, to: u64) -> Result<(), LogError> {
    let mut offset = from;
    while offset < to {
        let len = (to - offset).min(ZEROS.len() as u64);
        let zeros = ZEROS.get(..len as usize).unwrap_or(&ZEROS);
        storage.write(file, offset, zeros).map_err(LogError::storage("write", file))?;
        offset += len;
    }
    Ok(())
}

/// Removes a released segment, or keeps it as the spare if there is none. For the names that
/// [`Log::release_before`](super::Log::release_before) gives, in their order, on any thread. Those before
/// it that an earlier failure left are removed first, since segments must be consecutive.
pub fn retire(storage: &dyn Storage, name: &str) -> Result<(), LogError> {
    let files = segment::list(storage)?;
    for older in files.iter().map(|file| file.name.as_str()).filter(|older| *older < name) {
        storage.remove(older).map_err(LogError::storage("remove", older))?;
    }
    if !files.iter().any(|file| file.name == name) {
        return Ok(());
    }
    // Only this function makes a spare, and only the log's writer takes it.
    if find_spare(storage)?.is_some() {
        return storage.remove(name).map_err(LogError::storage("remove", name));
    }
    storage.rename(name, SPARE_NAME).map_err(LogError::storage("rename", name))
}

fn find_spare(storage: &dyn Storage) -> Result<Option<u64>, LogError> {
    let files = storage.list().map_err(LogError::storage("list", "the storage"))?;
    Ok(files.iter().find(|(name, _)| name == SPARE_NAME).map(|(_, bytes)| *bytes))
}

/// Where the next segment's bytes are while it is prepared.
enum Source {
    /// In a new file with the segment's name.
    Fresh,
    /// In the spare, which is renamed when it is all zeros.
    Spare,
}

/// The next segment, being prepared: it holds no batch.
pub(crate) struct Ahead {
    name: String,
    source: Source,
    capacity: u64,
    prepared: u64,
}

impl Ahead {
    /// Begins to prepare segment `id`, of about `wanted` bytes.
    pub(crate) fn begin(storage: &dyn Storage, id: u64, wanted: u64) -> Result<Self, LogError> {
        let (source, capacity) = match find_spare(storage)? {
            Some(bytes) if bytes >= wanted / 2 => (Source::Spare, bytes - bytes % SECTOR),
            Some(_) => {
                storage.remove(SPARE_NAME).map_err(LogError::storage("remove", SPARE_NAME))?;
                (Source::Fresh, wanted)
            }
            None => (Source::Fresh, wanted),
        };
        Ok(Self { name: segment::name(id), source, capacity, prepared: 0 })
    }

    /// Goes on with a file of that name that was found, all zeros.
    pub(crate) fn found(id: u64, bytes: u64, wanted: u64) -> Self {
        Self { name: segment::name(id), source: Source::Fresh, capacity: bytes.max(wanted), prepared: bytes }
    }

    /// How much there is to do, in bytes.
    pub(crate) fn unprepared(&self) -> u64 {
        self.capacity.saturating_sub(self.prepared)
    }

    /// How much is done at once, in bytes.
    pub(crate) fn slice_bytes(&self) -> u64 {
        match self.source {
            Source::Fresh => FRESH_SLICE_BYTES.min(self.unprepared()),
            Source::Spare => SPARE_SLICE_BYTES.min(self.unprepared()),
        }
    }

    /// The segment's name and length if it can be turned to: its file has its name, or is still to come.
    pub(crate) fn into_segment(self) -> Option<(String, u64)> {
        match self.source {
            Source::Fresh => Some((self.name, self.capacity)),
            Source::Spare => None,
        }
    }

    /// Prepares one slice.
    pub(crate) fn prepare_slice(&mut self, storage: &dyn Storage) -> Result<(), LogError> {
        let file = match self.source {
            Source::Fresh => &self.name,
            Source::Spare => SPARE_NAME,
        };
        let to = self.prepared + self.slice_bytes();
        write_zeros(storage, file, self.prepared, to)?;
        storage.sync(file).map_err(LogError::storage("sync", file))?;
        self.prepared = to;
        if let (Source::Spare, 0) = (&self.source, self.unprepared()) {
            storage.rename(SPARE_NAME, &self.name).map_err(LogError::storage("rename", SPARE_NAME))?;
            self.source = Source::Fresh;
        }
        Ok(())
    }
}
