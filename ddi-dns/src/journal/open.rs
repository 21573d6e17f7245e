//! Opening: the newest whole file of all zones, then the log after it.

use super::config::JournalConfig;
use super::error::{FileDamage, JournalError, OpError};
use super::file::{lsn_of, one_of, read};
use super::replay::Replay;
use super::zones::Zones;
use ddi_core::blocks::BlockDamage;
use ddi_core::log::Recovered;
use ddi_core::{Log, LogError, Lsn, Storage};
use std::sync::Arc;

/// What opening a journal found.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Opened {
    /// How many zones there are.
    pub zones: usize,
    /// The last change that the file of all zones held; [`Lsn::ZERO`] if there is none.
    pub file: Lsn,
    /// What the log's recovery found: operations replayed, a torn tail that was cut.
    pub log: Recovered,
    /// Files of all zones that are damaged and were passed over, newest first. Nothing is lost: an older one
    /// and the log after it were used. But the operator should know, and compact soon.
    pub damaged: Vec<(String, FileDamage)>,
}

pub(super) struct Recovery {
    pub(super) zones: Zones,
    pub(super) log: Log,
    /// The newest file of all zones: the last change in it, and its length.
    pub(super) newest: Option<(Lsn, u64)>,
    /// Files of single zones, each with a change at or before which it was there.
    pub(super) files: Vec<(Lsn, u64)>,
    /// Bytes of operations after `newest`.
    pub(super) bytes: u64,
    pub(super) opened: Opened,
}

pub(super) fn recover(storage: &Arc<dyn Storage>, config: &JournalConfig) -> Result<Recovery, JournalError> {
    let names = storage.list().map_err(JournalError::storage("list", "the directory"))?;
    let (newest, zones, damaged) = load_newest(&**storage, &names, config)?;
    let after = newest.map_or(Lsn::ZERO, |(lsn, _)| lsn);
    let mut replay = Replay::new(&**storage, zones);
    let opened = Log::open(Arc::clone(storage), config.log, after, &mut |lsn, op| {
        Ok(replay.apply(lsn, op).map_err(|why| JournalError::Operation { lsn, why })?)
    });
    let (log, recovered) = match (opened, damaged.first()) {
        (Ok(opened), _) => opened,
        (Err(LogError::Replay { source, lsn }), _) => return Err(replay_error(source, lsn)),
        // Without a whole file the log alone may not reach back: then the file is to blame.
        (Err(_), Some((file, damage))) if newest.is_none() => {
            return Err(JournalError::File { file: file.clone(), damage: damage.clone() });
        }
        (Err(error), _) => return Err(error.into()),
    };
    if !replay.is_whole() {
        return Err(JournalError::Operation { lsn: recovered.last, why: OpError::Parts });
    }
    // Of the files that no operation after the newest one names it is not known when they came.
    let mut files = replay.files;
    let known: Vec<u64> = files.iter().map(|(_, number)| *number).collect();
    files.extend(
        names
            .iter()
            .filter_map(|(name, _)| one_of(name))
            .filter(|number| !known.contains(number))
            .map(|n| (after, n)),
    );
    let (zones, bytes) = (replay.zones, replay.bytes);
    let opened = Opened { zones: zones.len(), file: after, log: recovered, damaged };
    Ok(Recovery { zones, log, newest, files, bytes, opened })
}

fn replay_error(source: ddi_core::log::ReplayError, lsn: Lsn) -> JournalError {
    match source.downcast::<JournalError>() {
        Ok(ours) => *ours,
        Err(source) => LogError::Replay { lsn, source }.into(),
    }
}

/// The zones of the newest file that is whole, and the files that are not.
#[allow(clippy::type_complexity, reason = "three things for one caller")]
fn load_newest(
    storage: &dyn Storage,
    names: &[(String, u64)],
    config: &JournalConfig,
) -> Result<(Option<(Lsn, u64)>, Zones, Vec<(String, FileDamage)>), JournalError> {
    let mut found: Vec<_> = names.iter().filter_map(|(name, _)| Some((lsn_of(name)?, name))).collect();
    found.sort_unstable();
    let mut damaged = Vec::new();
    for (lsn, name) in found.into_iter().rev() {
        let mut replay = Replay::new(storage, Zones::new(config.history));
        let loaded = read(storage, name, lsn.0, &mut |version, op| {
            if version <= lsn { replay.apply(version, op) } else { Err(OpError::Version) }
        });
        match loaded {
            Ok(bytes) if replay.is_whole() => return Ok((Some((lsn, bytes)), replay.zones, damaged)),
            Ok(offset) => damaged.push((name.clone(), FileDamage::Operation { offset, why: OpError::Parts })),
            Err(damage @ FileDamage::Blocks(BlockDamage::Version { .. })) => {
                return Err(JournalError::File { file: name.clone(), damage });
            }
            Err(damage) => damaged.push((name.clone(), damage)),
        }
    }
    Ok((None, Zones::new(config.history), damaged))
}
