//! What the log and the snapshots ask of a disk.

use std::io;

/// A flat set of named files, with the durability of a POSIX file system and no more.
///
/// Calls take `&self`, so that a batch can be synced on another thread. Names are plain: letters,
/// digits, `.`, `-` and `_`, not starting with a dot.
pub trait Storage: Send + Sync {
    /// All files: name and length in bytes. Order is not specified.
    fn list(&self) -> io::Result<Vec<(String, u64)>>;

    /// Reads from `offset` into `buf` and returns how many bytes; fewer than asked only at the end
    /// of the file.
    fn read(&self, name: &str, offset: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// Writes all of `bytes` at `offset`. Creates the file; a hole before `offset` reads as zeros.
    /// Until a sync, a crash may keep any subset of the sectors (512 bytes) written.
    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written to this file durable, and its name if it is new. After a failure what
    /// was written since the last sync may or may not be durable, even if a later sync succeeds.
    fn sync(&self, name: &str) -> io::Result<()>;

    /// Renames, replacing `to` if it exists, atomically; durable on return. The content of `from`
    /// must have been synced before.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes the file; durable on return. It is no error if there is none.
    fn remove(&self, name: &str) -> io::Result<()>;
}
