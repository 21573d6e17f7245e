//! What stands after the last whole batch: nothing, a torn batch that was never acknowledged, or
//! damage to what was. One batch is out at a time, and a sector is written whole or not at all over
//! the zeros of a prepared segment; what that can't explain is damage.

use super::walk::Walk;
use crate::log::error::{Damage, LogError};
use crate::log::frame::{BATCH_MAX_BYTES, HEADER_BYTES, Header, PADDING_END, SECTOR};
use crate::log::window::Survey;

/// The longest that a batch can be on disk, in bytes.
const EXTENT_MAX: u64 = (BATCH_MAX_BYTES + HEADER_BYTES + PADDING_END) as u64;

/// A torn batch.
pub(super) struct Tear {
    /// Index of the file.
    pub(super) file: usize,
    /// Where it starts.
    pub(super) from: u64,
    /// The end of the last sector of it that is there.
    pub(super) to: u64,
}

/// Judges what the walk stopped at. An error if it is damage.
pub(super) fn judge(walk: &mut Walk) -> Result<Option<Tear>, LogError> {
    // A segment is prepared only when the one before it holds a durable batch.
    let last_possible = if walk.offset > 0 { walk.file + 1 } else { walk.file };
    if walk.files.len() > last_possible + 1 {
        return Err(walk.corrupt(last_possible, 0, Damage::Header));
    }
    // Segments are released only when a later one holds a durable batch.
    if walk.last_batch.is_none() && walk.files.first().is_some_and(|first| first.id > 1) {
        return Err(walk.corrupt(0, 0, Damage::Header));
    }
    let mut tear = None;
    for file in walk.file..walk.files.len() {
        let from = if file == walk.file { walk.offset } else { 0 };
        walk.enter(file);
        let own = walk.window.header(from)?.filter(|header| walk.misplaced(header).is_none());
        let beyond = own.map_or(from, |header| from + u64::from(header.extent_bytes));
        let survey = walk.window.survey(from, beyond)?;
        if let Some(later_offset) = survey.first_header {
            let later_file = walk.file_name(file).to_owned();
            let damage = Damage::Lost { expected: walk.expected, later_file, later_offset };
            return Err(walk.corrupt(walk.file, walk.offset, damage));
        }
        let Some(first) = survey.first_nonzero else { continue };
        if tear.is_some() {
            return Err(walk.corrupt(file, first, Damage::Stray));
        }
        judge_batch(walk, file, from, own.as_ref(), &survey)?;
        tear = Some(Tear { file, from, to: survey.end_nonzero });
    }
    Ok(tear)
}

/// Can what starts at `from` be a batch that a crash tore?
fn judge_batch(
    walk: &mut Walk,
    file: usize,
    from: u64,
    own: Option<&Header>,
    survey: &Survey,
) -> Result<(), LogError> {
    let Some(header) = own else {
        if survey.first_nonzero == Some(from) {
            // The header's sector was written, and is not what was written.
            return Err(walk.corrupt(file, from, Damage::Header));
        }
        if survey.end_nonzero - from > EXTENT_MAX {
            return Err(walk.corrupt(file, from, Damage::Stray));
        }
        return Ok(());
    };
    let extent_end = from + u64::from(header.extent_bytes);
    if survey.end_nonzero > extent_end {
        return Err(walk.corrupt(file, extent_end, Damage::Stray));
    }
    let payload_end = from + (HEADER_BYTES as u64) + u64::from(header.payload_bytes);
    if !walk.window.has_zero_sector(from + SECTOR, payload_end)? {
        // All of it was written, and it is not what was written.
        return Err(walk.corrupt(file, from, Damage::Payload { lsn: header.first }));
    }
    Ok(())
}
