use std::path::Path;
use std::sync::Arc;

use ddi_core::db::IndexKind;
use ddi_core::{
    BindingState, DbConfig, Expect, FileStorage, HwAddr, Identity, Lease, LeaseDb, LeaseKey, LeaseStore,
    UnixTime,
};

use super::Store;
use crate::Failure;
use crate::row::Row;

struct Ddi {
    db: LeaseDb,
    lease: Lease,
}

pub(super) fn open(folder: &Path) -> Result<Box<dyn Store>, Failure> {
    Ok(Box::new(Ddi { db: open_db(folder)?, lease: Lease::default() }))
}

/// With the index by client_id only, as the others have it.
pub(crate) fn open_db(folder: &Path) -> Result<LeaseDb, Failure> {
    let mut config = DbConfig::new(*b"0123456789abcdef");
    config.indexes = vec![IndexKind::ClientId];
    let (db, _) = LeaseDb::open(Arc::new(FileStorage::open(folder)?), &config)?;
    Ok(db)
}

/// Makes `lease` what the row says.
pub(crate) fn fill(lease: &mut Lease, row: &Row) {
    lease.reset(LeaseKey::v4(row.address.into()));
    lease.state = BindingState::Active;
    lease.hw_addr = HwAddr::new(1, &row.hw_addr).unwrap_or_default();
    lease.client_id.extend_from_slice(&row.client_id);
    lease.hostname.extend_from_slice(&row.hostname);
    lease.start_time_of_state = UnixTime(row.start);
    lease.client_last_transaction_time = UnixTime(row.start);
    lease.expiration_time = UnixTime(row.expires);
    lease.subnet_id = 1;
}

impl Store for Ddi {
    fn put_batch(&mut self, rows: &[Row]) -> Result<(), Failure> {
        for row in rows {
            fill(&mut self.lease, row);
            self.db.put(&mut self.lease, Expect::Any)?;
        }
        self.db.commit()?;
        Ok(())
    }

    fn expires(&self, address: u32) -> Result<Option<u64>, Failure> {
        Ok(self.db.get(LeaseKey::v4(address.into())).map(|lease| lease.expiration_time.0))
    }

    fn address_of(&self, client_id: &[u8]) -> Result<Option<u32>, Failure> {
        let mut found = Vec::new();
        self.db.find(0, None, Identity::ClientId(client_id), &mut found);
        Ok(found.first().and_then(LeaseKey::as_v4).map(u32::from))
    }
}
