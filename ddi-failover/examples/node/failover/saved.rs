//! An endpoint's state on disk: one small file, replaced as a whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where one relationship's state is.
pub struct SavedFile {
    folder: PathBuf,
    name: String,
}

impl SavedFile {
    /// The name has the relationship's in hex: that may hold anything.
    pub fn new(data_dir: &Path, relationship: &[u8]) -> Self {
        let hex = data_encoding::HEXLOWER.encode(relationship);
        Self { folder: data_dir.join("failover"), name: format!("{hex}.state") }
    }

    /// For people.
    pub fn shown(&self) -> String {
        self.path().display().to_string()
    }

    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// `None` if there is none.
    pub fn read(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path()) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Whatever happens meanwhile, the file holds the old bytes or the new ones.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let new = self.folder.join(format!("{}.new", self.name));
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&new, self.path())?;
        File::open(&self.folder)?.sync_all()
    }
}
