//! Segments: the files that a log is cut into, named by number and never reused.

use super::error::{Damage, LogError};
use super::storage::Storage;

const SUFFIX: &str = ".log";
const DIGITS: usize = 16;

/// A segment file as it was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SegmentFile {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// Its length.
    pub(crate) bytes: u64,
}

/// The file name of a segment.
pub(crate) fn name(id: u64) -> String {
    format!("{id:016x}{SUFFIX}")
}

fn parse(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let plain = digits.len() == DIGITS && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    // Numbers that counting up will never reach, and that it would overflow from, are not ours.
    let id = u64::from_str_radix(digits, 16).ok()?;
    (plain && id > 0 && id <= u64::MAX / 2).then_some(id)
}

/// The segments, by number, whether or not some are missing. Files of other names are not ours.
pub(crate) fn list(storage: &dyn Storage) -> Result<Vec<SegmentFile>, LogError> {
    let files = storage.list().map_err(LogError::storage("list", "the storage"))?;
    let mut found: Vec<SegmentFile> = files
        .into_iter()
        .filter_map(|(name, bytes)| parse(&name).map(|id| SegmentFile { id, name, bytes }))
        .collect();
    found.sort_by_key(|file| file.id);
    Ok(found)
}

/// An error if a number between the first and the last is missing.
pub(crate) fn check_unbroken(files: &[SegmentFile]) -> Result<(), LogError> {
    for pair in files.windows(2) {
        if let [a, b] = pair
            && a.id.checked_add(1) != Some(b.id)
        {
            let file = name(a.id.saturating_add(1));
            return Err(LogError::Corrupt { file, offset: 0, damage: Damage::Segment });
        }
    }
    Ok(())
}
