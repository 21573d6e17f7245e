//! No disk, so that what is measured is the processor's work.

use ddi_core::Storage;
use std::io;

/// A disk that forgets at once.
pub(crate) struct Forgets;

impl Storage for Forgets {
    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        Ok(Vec::new())
    }
    fn read(&self, _name: &str, _offset: u64, _buf: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
    fn write(&self, _name: &str, _offset: u64, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }
    fn sync(&self, _name: &str) -> io::Result<()> {
        Ok(())
    }
    fn rename(&self, _from: &str, _to: &str) -> io::Result<()> {
        Ok(())
    }
    fn remove(&self, _name: &str) -> io::Result<()> {
        Ok(())
    }
}
