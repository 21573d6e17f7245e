//! What a database is opened with.

use super::identity::IndexKind;
use crate::log::LogConfig;

/// How a database is opened. None of it is stored: it may change from one opening to the next.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct DbConfig {
    /// Keys the hash tables, so that no client can choose identities that collide. Best random and
    /// kept from clients; the library takes no entropy by itself.
    pub hash_key: [u8; 16],
    /// How the log is laid out.
    pub log: LogConfig,
    /// The indexes that are built at once. Any other is built when it is first asked for, which takes
    /// about a tenth of a second for each million leases, and is kept from then on.
    pub indexes: Vec<IndexKind>,
    /// How many threads may work during [`LeaseDb::open`](super::LeaseDb::open), the caller's included.
    /// The others have ended when it returns. With 1, the default, none is started; more than 2 (or the
    /// number of `indexes`, if greater) help no more.
    pub open_threads: usize,
}

impl DbConfig {
    /// The usual: indexes by client_id and hw_addr, and no threads.
    #[must_use]
    pub fn new(hash_key: [u8; 16]) -> Self {
        let indexes = vec![IndexKind::ClientId, IndexKind::HwAddr];
        Self { hash_key, log: LogConfig::default(), indexes, open_threads: 1 }
    }
}
