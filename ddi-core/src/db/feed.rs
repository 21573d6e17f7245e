//! The change feed: what was put and removed, in order, from the log.

use super::error::DbError;
use super::lease_db::LeaseDb;
use super::op::Op;
use crate::id::{LeaseKey, Lsn};
use crate::lease::Lease;
use crate::log::LogReader;

/// One change.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "what a store can do to a lease")]
pub enum Change {
    /// A lease was written; `version` says by which operation.
    Put(Box<Lease>),
    /// A lease was forgotten, by this operation.
    Removed(LeaseKey, Lsn),
}

/// Durable changes in order, from [`LeaseDb::feed`].
pub struct Feed {
    log: LogReader,
}

impl Feed {
    pub(super) const fn new(log: LogReader) -> Self {
        Self { log }
    }

    /// The next change; `None` when all are read that were durable when the feed was made or last
    /// caught up. Fails if the log before the next change was given up meanwhile.
    #[allow(clippy::should_implement_trait, reason = "it can fail, and go on after None")]
    pub fn next(&mut self) -> Result<Option<Change>, DbError> {
        let Some((lsn, op)) = self.log.next()? else { return Ok(None) };
        match Op::parse(op) {
            Some(Op::Put(_, view)) => {
                let mut lease = Box::new(Lease::default());
                view.fill(lsn, &mut lease);
                Ok(Some(Change::Put(lease)))
            }
            Some(Op::Remove(key)) => Ok(Some(Change::Removed(key, lsn))),
            None => Err(DbError::Operation { lsn }),
        }
    }

    /// The last change that was read, or where the feed began.
    #[must_use]
    pub fn position(&self) -> Lsn {
        self.log.position()
    }

    /// Goes on to what has become durable since.
    pub fn catch_up(&mut self, db: &LeaseDb) {
        self.log.catch_up(db.log());
    }
}
