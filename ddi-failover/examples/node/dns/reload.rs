//! A primary's file is read again: what it holds becomes the zone's next version. The work is a control
//! thread's, so that queries go on meanwhile.

use super::load;
use ddi_core::UnixTime;
use ddi_dns::delta::Delta;
use ddi_dns::zone::{SerialPolicy, Snapshot};
use ddi_dns::{NameRef, Serial};
use std::path::PathBuf;

/// A primary's zone at a moment.
pub struct Source {
    pub file: PathBuf,
    /// With what is not durable yet.
    pub newest: Option<Snapshot>,
    pub policy: SerialPolicy,
}

/// What a file was found to hold.
pub struct Reload {
    /// The version that `change` leads from.
    base: Option<Serial>,
    pub file: Snapshot,
    change: Change,
}

/// From one version to the next.
pub enum Change {
    /// Of a change in the serial alone nobody needs to hear.
    Nothing,
    /// There was none before.
    Whole(Snapshot),
    Delta(Box<Delta>, Snapshot),
}

impl Reload {
    /// Reads the file.
    pub fn read(apex: NameRef<'_>, source: &Source, now: UnixTime) -> Result<Self, String> {
        let file = load::zone(apex, &source.file).map_err(|failure| failure.to_string())?;
        let change = change(source.newest.as_ref(), &file, source.policy, now)?;
        Ok(Self { base: source.newest.as_ref().map(Snapshot::serial), file, change })
    }

    /// What is to be done. The zone may have moved on meanwhile: then it is found out anew.
    pub fn change(
        self,
        newest: Option<&Snapshot>,
        policy: SerialPolicy,
        now: UnixTime,
    ) -> Result<Change, String> {
        if self.base == newest.map(Snapshot::serial) {
            return Ok(self.change);
        }
        change(newest, &self.file, policy, now)
    }
}

/// A serial that is not newer than the zone's is moved on.
fn change(
    newest: Option<&Snapshot>,
    file: &Snapshot,
    policy: SerialPolicy,
    now: UnixTime,
) -> Result<Change, String> {
    let Some(newest) = newest else { return Ok(Change::Whole(file.clone())) };
    let serial = policy.next_wanted(newest.serial(), file.serial(), now);
    let next = match file.serial() == serial {
        true => file.clone(),
        false => file.with_serial(serial).map_err(|e| e.to_string())?,
    };
    let delta = Delta::between(newest, &next).map_err(|e| e.to_string())?;
    // Both SOA.
    if delta.len() <= 2 {
        return Ok(Change::Nothing);
    }
    Ok(Change::Delta(Box::new(delta), next))
}
