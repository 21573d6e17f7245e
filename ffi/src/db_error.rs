//! Which status each error of ddi-core is.

use crate::handle::Failure;
use crate::status::*;
use ddi_core::db::{DbError, PoolError};
use ddi_core::interchange::{ImportStopped, ReadError};
use ddi_core::{LogError, StoreError};
use std::io;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let status = match error {
            StoreError::Conflict { .. } => DDI_E_CONFLICT,
            StoreError::Transition { .. } => DDI_E_TRANSITION,
            StoreError::TooLong { .. } | StoreError::NotAPrefix { .. } => DDI_E_ARGUMENT,
            StoreError::Full => DDI_E_LIMIT,
            StoreError::Poisoned { .. } => DDI_E_STOPPED,
            _ => DDI_E_LIMIT,
        };
        Self::new(status, error)
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        let status = match error {
            LogError::OpTooLong { .. } | LogError::EpochBack { .. } | LogError::NotEmpty { .. } => {
                DDI_E_ARGUMENT
            }
            LogError::Full { .. } => DDI_E_LIMIT,
            LogError::BatchOut => DDI_E_BATCH_OUT,
            LogError::Released { .. } => DDI_E_RELEASED,
            LogError::Replay { .. } | LogError::Corrupt { .. } | LogError::Version { .. } => DDI_E_CORRUPT,
            LogError::Storage { .. } => DDI_E_IO,
            LogError::Poisoned { .. } => DDI_E_STOPPED,
            _ => DDI_E_STATE,
        };
        Self::new(status, error)
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        let status = match error {
            DbError::Log(error) => return error.into(),
            DbError::NotDurable { .. } => DDI_E_BATCH_OUT,
            DbError::Operation { .. } | DbError::Snapshot { .. } | DbError::NoLog { .. } => DDI_E_CORRUPT,
            DbError::Storage { .. } => DDI_E_IO,
            _ => DDI_E_STATE,
        };
        Self::new(status, error)
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        Self::argument(error)
    }
}

impl From<ImportStopped> for Failure {
    fn from(error: ImportStopped) -> Self {
        match error {
            ImportStopped::Read(error) => error.into(),
            ImportStopped::Store(error) => error.into(),
            other => Self::new(DDI_E_STATE, other),
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let status = match error {
            ReadError::Io(_) => DDI_E_IO,
            _ => DDI_E_MALFORMED,
        };
        Self::new(status, error)
    }
}

/// For `map_err`: a file or directory that could not be used.
pub(crate) fn io_failure(what: &str) -> impl FnOnce(io::Error) -> Failure + '_ {
    move |error| Failure::new(DDI_E_IO, format!("{what}: {error}"))
}
