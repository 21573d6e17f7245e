//! [`Storage`] on a directory. The only file of the library that names the file system.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::storage::Storage;

/// The file that is locked while the directory is open. It is never removed.
const LOCK_NAME: &str = "lock";

/// A directory. While it is open no other process, and no other `FileStorage`, can open it.
pub struct FileStorage {
    dir: PathBuf,
    /// To sync names.
    dir_handle: File,
    open: Mutex<Open>,
    /// Held for its lock.
    _lock: File,
}

#[derive(Default)]
struct Open {
    handles: BTreeMap<String, Arc<File>>,
    /// Files whose names are not durable yet.
    fresh: BTreeSet<String>,
}

impl FileStorage {
    /// Opens the directory, creating it if need be, and locks it. Fails with
    /// [`io::ErrorKind::ResourceBusy`] if it is open already.
    pub fn open(dir: impl AsRef<Path>) -> io::Result<Self> {
        let dir = dir.as_ref().to_path_buf();
        if !dir.is_dir() {
            fs::create_dir_all(&dir)?;
            let parent = dir.parent().filter(|p| !p.as_os_str().is_empty());
            File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(dir.join(LOCK_NAME))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|e| match e {
            Errno::WOULDBLOCK => {
                let text = format!("{} is in use by another process", dir.display());
                io::Error::new(io::ErrorKind::ResourceBusy, text)
            }
            other => io::Error::from(other),
        })?;
        let dir_handle = File::open(&dir)?;
        // A process that was killed may have left names that are not durable.
        dir_handle.sync_all()?;
        Ok(Self { dir, dir_handle, open: Mutex::default(), _lock: lock })
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn path(&self, name: &str) -> io::Result<PathBuf> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        if name.is_empty() || name.starts_with('.') || name == LOCK_NAME || !name.bytes().all(plain) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("not a storage name: {name:?}")));
        }
        Ok(self.dir.join(name))
    }

    fn handle(&self, name: &str, create: bool) -> io::Result<Arc<File>> {
        let mut open = self.open.lock();
        if let Some(file) = open.handles.get(name) {
            return Ok(Arc::clone(file));
        }
        let path = self.path(name)?;
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Err(e) if create && e.kind() == io::ErrorKind::NotFound => {
                let file =
                    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
                open.fresh.insert(name.to_owned());
                file
            }
            other => other?,
        };
        let file = Arc::new(file);
        open.handles.insert(name.to_owned(), Arc::clone(&file));
        Ok(file)
    }
}

impl Storage for FileStorage {
    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let mut files = Vec::new();
        for file in fs::read_dir(&self.dir)? {
            let file = file?;
            let meta = file.metadata()?;
            let Ok(name) = file.file_name().into_string() else { continue };
            if meta.is_file() && self.path(&name).is_ok() {
                files.push((name, meta.len()));
            }
        }
        Ok(files)
    }

    fn read(&self, name: &str, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let file = self.handle(name, false)?;
        let mut done = 0;
        while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, offset + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(done)
    }

    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.handle(name, true)?.write_all_at(bytes, offset)
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        self.handle(name, false)?.sync_data()?;
        if self.open.lock().fresh.remove(name) {
            self.dir_handle.sync_all()?;
        }
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut open = self.open.lock();
        fs::rename(self.path(from)?, self.path(to)?)?;
        open.handles.remove(to);
        open.fresh.remove(to);
        open.fresh.remove(from);
        if let Some(file) = open.handles.remove(from) {
            open.handles.insert(to.to_owned(), file);
        }
        drop(open);
        self.dir_handle.sync_all()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut open = self.open.lock();
        open.handles.remove(name);
        open.fresh.remove(name);
        match fs::remove_file(self.path(name)?) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        }
        drop(open);
        self.dir_handle.sync_all()
    }
}
