use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::Store;
use crate::Failure;
use crate::row::Row;

struct Sqlite(Connection);

pub(super) fn open(folder: &Path) -> Result<Box<dyn Store>, Failure> {
    let connection = Connection::open(folder.join("leases.sqlite"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS leases (address INTEGER PRIMARY KEY, state INTEGER, hw_addr BLOB,
             client_id BLOB, hostname TEXT, start INTEGER, expires INTEGER);
         CREATE INDEX IF NOT EXISTS clients ON leases (client_id);",
    )?;
    Ok(Box::new(Sqlite(connection)))
}

impl Store for Sqlite {
    fn put_batch(&mut self, rows: &[Row]) -> Result<(), Failure> {
        let transaction = self.0.transaction()?;
        {
            // An update in place: the index is touched only if the client changes.
            let mut put = transaction.prepare_cached(
                "INSERT INTO leases VALUES (?1, 2, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (address) DO UPDATE SET state = 2, hw_addr = excluded.hw_addr,
                     client_id = excluded.client_id, hostname = excluded.hostname,
                     start = excluded.start, expires = excluded.expires",
            )?;
            for row in rows {
                let hostname = std::str::from_utf8(&row.hostname)?;
                let (start, expires) = (row.start.cast_signed(), row.expires.cast_signed());
                put.execute(params![row.address, row.hw_addr, row.client_id, hostname, start, expires])?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn expires(&self, address: u32) -> Result<Option<u64>, Failure> {
        let mut get = self.0.prepare_cached("SELECT expires FROM leases WHERE address = ?1")?;
        let found: Option<i64> = get.query_row([address], |row| row.get(0)).optional()?;
        Ok(found.map(i64::cast_unsigned))
    }

    fn address_of(&self, client_id: &[u8]) -> Result<Option<u32>, Failure> {
        let mut get = self.0.prepare_cached("SELECT address FROM leases WHERE client_id = ?1")?;
        Ok(get.query_row([client_id], |row| row.get(0)).optional()?)
    }
}
