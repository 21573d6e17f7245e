use std::path::Path;

use redb::{Database, ReadableDatabase, TableDefinition};

use super::Store;
use crate::Failure;
use crate::row::{CLIENT_ID_LEN, Row, VALUE_LEN};

const LEASES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("leases");
const CLIENTS: TableDefinition<'_, &[u8], ()> = TableDefinition::new("clients");

struct Redb(Database);

pub(super) fn open(folder: &Path) -> Result<Box<dyn Store>, Failure> {
    Ok(Box::new(Redb(Database::create(folder.join("leases.redb"))?)))
}

impl Store for Redb {
    fn put_batch(&mut self, rows: &[Row]) -> Result<(), Failure> {
        let write = self.0.begin_write()?;
        {
            let mut leases = write.open_table(LEASES)?;
            let mut clients = write.open_table(CLIENTS)?;
            for row in rows {
                // A renewal by the same client leaves its index as it is, as it does in ddi.
                let renewed = match leases.insert(row.address, row.value().as_slice())? {
                    Some(old) => old.value()[7..7 + CLIENT_ID_LEN] == row.client_id,
                    None => false,
                };
                if !renewed {
                    clients.insert(row.client_key().as_slice(), ())?;
                }
            }
        }
        // Durability::Immediate is the default: the commit is synced.
        Ok(write.commit()?)
    }

    fn expires(&self, address: u32) -> Result<Option<u64>, Failure> {
        let read = self.0.begin_read()?;
        let found = read.open_table(LEASES)?.get(address)?;
        let bytes = found.map(|v| v.value()[VALUE_LEN - 8..].try_into());
        Ok(bytes.transpose()?.map(u64::from_be_bytes))
    }

    fn address_of(&self, client_id: &[u8]) -> Result<Option<u32>, Failure> {
        let read = self.0.begin_read()?;
        let clients = read.open_table(CLIENTS)?;
        let next = clients.range(client_id..)?.next().transpose()?;
        let address = next.map(|(key, _)| key.value()[CLIENT_ID_LEN..].try_into());
        Ok(address.transpose()?.map(u32::from_be_bytes))
    }
}
