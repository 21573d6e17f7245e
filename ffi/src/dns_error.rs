//! Which status each error of ddi-dns is.

use crate::handle::Failure;
use crate::status::*;
use ddi_dns::acl::RuleError;
use ddi_dns::ddns::ClientError;
use ddi_dns::error::MessageError;
use ddi_dns::journal::JournalError;
use ddi_dns::message::Full;
use ddi_dns::name::NameError;
use ddi_dns::notify::NotifyError;
use ddi_dns::secondary::NotifyRefused;
use ddi_dns::tsig::{KeyError, VerifyError};
use ddi_dns::update::UpdateError;
use ddi_dns::xfr::{RequestError, SendError};
use ddi_dns::zone::{ApplyError, ZoneError};
use ddi_dns::zonefile::ZoneFileError;

impl From<NameError> for Failure {
    fn from(error: NameError) -> Self {
        Self::argument(error)
    }
}

impl From<ZoneError> for Failure {
    fn from(error: ZoneError) -> Self {
        let status = match error {
            ZoneError::Unrelated => DDI_E_STALE,
            _ => DDI_E_ZONE,
        };
        Self::new(status, error)
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Zone(error) => error.into(),
            other => Self::new(DDI_E_STALE, other),
        }
    }
}

impl From<ZoneFileError> for Failure {
    fn from(error: ZoneFileError) -> Self {
        Self::new(DDI_E_ZONE_FILE, error)
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let status = match error {
            JournalError::Log(error) => return error.into(),
            JournalError::NoZone { .. } => DDI_E_NOT_FOUND,
            JournalError::Unrelated { .. } => DDI_E_STALE,
            JournalError::NoteTooLong { .. } => DDI_E_ARGUMENT,
            JournalError::Full => DDI_E_LIMIT,
            JournalError::NotDurable { .. } => DDI_E_BATCH_OUT,
            JournalError::Operation { .. } | JournalError::File { .. } => DDI_E_CORRUPT,
            JournalError::Storage { .. } => DDI_E_IO,
            _ => DDI_E_STATE,
        };
        Self::new(status, error)
    }
}

impl From<MessageError> for Failure {
    fn from(error: MessageError) -> Self {
        Self::new(DDI_E_MALFORMED, error)
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        Self::new(DDI_E_MALFORMED, error)
    }
}

impl From<NotifyError> for Failure {
    fn from(error: NotifyError) -> Self {
        Self::new(DDI_E_MALFORMED, error)
    }
}

impl From<NotifyRefused> for Failure {
    fn from(error: NotifyRefused) -> Self {
        Self::new(DDI_E_NOT_PERMITTED, error)
    }
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        Self::new(DDI_E_TRANSFER, error)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::argument(error)
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        Self::new(DDI_E_SIGNATURE, error)
    }
}

impl From<RuleError> for Failure {
    fn from(error: RuleError) -> Self {
        Self::argument(error)
    }
}

impl From<UpdateError> for Failure {
    fn from(error: UpdateError) -> Self {
        let status = match &error {
            UpdateError::Message(_) | UpdateError::ZoneSection => DDI_E_MALFORMED,
            UpdateError::Store(_) => DDI_E_IO,
            UpdateError::Limit { .. } => DDI_E_LIMIT,
            UpdateError::NotAuth(_) => DDI_E_NOT_FOUND,
            UpdateError::NotPermitted | UpdateError::NotPermittedFor { .. } => DDI_E_NOT_PERMITTED,
            _ => DDI_E_ZONE,
        };
        Self::new(status, error)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let status = match error {
            ClientError::NoZone => DDI_E_NOT_FOUND,
            _ => DDI_E_LIMIT,
        };
        Self::new(status, error)
    }
}

impl From<Full> for Failure {
    fn from(error: Full) -> Self {
        Self::new(DDI_E_BUFFER, error)
    }
}
