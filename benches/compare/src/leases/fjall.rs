use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::Store;
use crate::Failure;
use crate::row::{CLIENT_ID_LEN, Row, VALUE_LEN};

struct Fjall {
    database: Database,
    leases: Keyspace,
    clients: Keyspace,
}

pub(super) fn open(folder: &Path) -> Result<Box<dyn Store>, Failure> {
    let database = Database::builder(folder.join("fjall")).open()?;
    let leases = database.keyspace("leases", KeyspaceCreateOptions::default)?;
    let clients = database.keyspace("clients", KeyspaceCreateOptions::default)?;
    Ok(Box::new(Fjall { database, leases, clients }))
}

impl Store for Fjall {
    fn put_batch(&mut self, rows: &[Row]) -> Result<(), Failure> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        for row in rows {
            // A renewal by the same client leaves its index as it is, as it does in ddi.
            let old = self.leases.get(row.address.to_be_bytes())?;
            if old.is_none_or(|v| v[7..7 + CLIENT_ID_LEN] != row.client_id) {
                batch.insert(&self.clients, row.client_key(), []);
            }
            batch.insert(&self.leases, row.address.to_be_bytes(), row.value());
        }
        Ok(batch.commit()?)
    }

    fn expires(&self, address: u32) -> Result<Option<u64>, Failure> {
        let found = self.leases.get(address.to_be_bytes())?;
        let bytes = found.map(|v| v[VALUE_LEN - 8..].try_into());
        Ok(bytes.transpose()?.map(u64::from_be_bytes))
    }

    fn address_of(&self, client_id: &[u8]) -> Result<Option<u32>, Failure> {
        let next = self.clients.prefix(client_id).next();
        let key = next.map(fjall::Guard::key).transpose()?;
        let address = key.map(|k| k[CLIENT_ID_LEN..].try_into());
        Ok(address.transpose()?.map(u32::from_be_bytes))
    }
}
