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
    /// Opens the directory, creating it as [`FileStorage::create_dir`] does, and locks it. Fails with
    /// [`io::ErrorKind::ResourceBusy`] if it is open already.
    pub fn open(dir: impl AsRef<Path>) -> io::Result<Self> {
        let dir = dir.as_ref().to_path_buf();
        Self::create_dir(&dir)?;
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

    /// Creates a directory, and those above it that are missing, so that it is there after a power loss.
    /// To do so before (`fs::create_dir_all`) would be a mistake: what is there already is taken as
    /// durable, but for the last name.
    pub fn create_dir(dir: impl AsRef<Path>) -> io::Result<()> {
        create_durable(dir.as_ref(), &mut |above| File::open(above)?.sync_all())
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

/// Each name is durable before the next is made in it: so of a path only the last can be of a process that
/// was killed before its sync, and it alone is synced again where all are there.
fn create_durable(dir: &Path, sync: &mut dyn FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    let above = dir.parent().map(|above| if above.as_os_str().is_empty() { Path::new(".") } else { above });
    let Some(above) = above else { return Ok(()) };
    if dir.is_dir() {
        return match sync(above) {
            // Above what somebody else made for this process there may be what it may not read.
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            other => other,
        };
    }
    if !above.is_dir() {
        create_durable(above, sync)?;
    }
    match fs::create_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
        other => other?,
    }
    sync(above)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Removed at the end.
    struct Home(PathBuf);

    impl Home {
        fn new(test: &str) -> Self {
            let home = std::env::temp_dir().join(format!("ddi-file-{test}-{}", std::process::id()));
            fs::create_dir(&home).unwrap();
            Self(home)
        }
    }

    impl Drop for Home {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// The directories that were synced, with what was there at that moment of `path`'s names.
    fn synced(dir: &Path) -> Vec<(PathBuf, bool, bool)> {
        let mut synced = Vec::new();
        let names = [dir.join("a"), dir.join("a/b"), dir.join("a/b/c")];
        let mut sync = |above: &Path| {
            let next = names.iter().position(|name| name.parent() == Some(above)).unwrap_or(usize::MAX);
            let is_there = |at: usize| names.get(at).is_some_and(|name| name.is_dir());
            synced.push((above.to_path_buf(), is_there(next), is_there(next.saturating_add(1))));
            Ok(())
        };
        create_durable(&names[2], &mut sync).unwrap();
        assert!(names[2].is_dir());
        synced
    }

    #[test]
    fn each_name_is_durable_before_the_next_is_made_in_it() {
        let home = Home::new("names");
        let dir = &home.0;
        let (a, b) = (dir.join("a"), dir.join("a/b"));
        let all = [(dir.clone(), true, false), (a, true, false), (b.clone(), true, false)];
        assert_eq!(synced(dir), all);
        // A process may have been killed after the last was made, and before its sync.
        assert_eq!(synced(dir), [(b, true, false)]);
    }

    #[test]
    fn a_sync_that_fails_is_told() {
        let home = Home::new("fails");
        let fails = |_: &Path| Err(io::Error::from(io::ErrorKind::StorageFull));
        assert!(create_durable(&home.0.join("a/b"), &mut { fails }).is_err());
        assert!(!home.0.join("a/b").exists());
        let denied = |_: &Path| Err(io::Error::from(io::ErrorKind::PermissionDenied));
        assert!(create_durable(&home.0.join("c"), &mut { denied }).is_err());
        assert!(create_durable(&home.0.join("c"), &mut { denied }).is_ok());
    }
}
