//! A server of one zone that takes UPDATEs, without sockets.

use ddi_core::{Instant, Lsn, Now, Storage, UnixTime};
use ddi_dns::acl::AccessList;
use ddi_dns::tsig::Keys;
use ddi_dns::update::{Policy, Source, UpdateZone, Updates, ZoneStore, ZoneStoreError};
use ddi_dns::{Delta, Journal, JournalConfig, NameRef, Snapshot};
use std::sync::Arc;

use crate::ReferenceZone;

const NOW: Now = Now { instant: Instant(0), unix: UnixTime(1_700_000_000) };
const HOSTS: u32 = 10_000;
/// Room for every answer here.
const ANSWER_MAX: usize = 1232;

/// One zone and its journal.
struct Store {
    newest: Snapshot,
    journal: Journal,
}

impl ZoneStore for Store {
    fn newest(&self, apex: NameRef<'_>) -> Option<Snapshot> {
        (apex == self.newest.apex()).then(|| self.newest.clone())
    }

    fn put(&mut self, delta: Delta, next: Snapshot) -> Result<Lsn, ZoneStoreError> {
        let failed = |reason| ZoneStoreError::Failed { reason };
        let lsn = self.journal.append(Arc::new(delta), &next).map_err(|e| failed(e.to_string()))?;
        self.newest = next;
        Ok(lsn)
    }

    fn appended(&self) -> Lsn {
        self.journal.appended()
    }

    fn durable(&self) -> Lsn {
        self.journal.durable()
    }
}

/// A server that takes updates.
pub struct UpdateServer {
    updates: Updates,
    store: Store,
    /// Of the last request; the first one that is sent adds a name.
    number: u32,
    message: Vec<u8>,
}

impl UpdateServer {
    /// One whose journal is there.
    ///
    /// # Panics
    /// If the storage fails.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>) -> Self {
        let newest = ReferenceZone { hosts: HOSTS }.snapshot();
        let apex = newest.apex().to_name();
        let (mut journal, _) = Journal::open(storage, &JournalConfig::default()).expect("opens");
        journal.replace(&newest).expect("fits");
        journal.commit().expect("commits");
        let mut zone = UpdateZone::new(apex.as_ref());
        zone.policy = Policy::List(AccessList::anyone());
        let updates = Updates::new(Keys::default(), vec![zone]);
        Self { updates, store: Store { newest, journal }, number: 1, message: Vec::new() }
    }

    /// So many requests, one commit, and their answers.
    ///
    /// # Panics
    /// If one is refused.
    pub fn round(&mut self, requests: u32) {
        for _ in 0..requests {
            self.number += 1;
            write(&mut self.message, self.number);
            let from = Source { address: ([127, 0, 0, 1], 5353).into(), link: None };
            self.updates.handle_request(NOW, &mut self.store, from, &self.message);
        }
        self.store.journal.commit().expect("commits");
        let mut answer = [0; ANSWER_MAX];
        for _ in 0..requests {
            let sent = self.updates.poll_transmit(&self.store, &mut answer).expect("durable");
            assert_eq!((answer[3] & 0x0f, sent.len > 12), (0, true), "NOERROR");
        }
        while self.updates.poll_event().is_some() {}
        if self.store.journal.needs_compaction() {
            self.store.journal.compact().expect("compacts");
        }
    }
}

/// An UPDATE that adds a name with an address; every other one takes the last one's away again.
fn write(message: &mut Vec<u8>, number: u32) {
    let apex = ReferenceZone::APEX_WIRE;
    let (host, adds) = (number / 2 % HOSTS, number.is_multiple_of(2));
    let label = format!("update-{host}");
    message.clear();
    message.extend_from_slice(&[0x42, 0x42, 0x28, 0, 0, 1, 0, 0, 0, 1, 0, 0]);
    message.extend_from_slice(apex);
    message.extend_from_slice(&[0, 6, 0, 1, label.len() as u8]);
    message.extend_from_slice(label.as_bytes());
    message.extend_from_slice(apex);
    if adds {
        message.extend_from_slice(&[0, 1, 0, 1, 0, 0, 14, 16, 0, 4]);
        message.extend_from_slice(&host.to_be_bytes());
    } else {
        // All of that name (RFC 2136 section 2.5.3).
        message.extend_from_slice(&[0, 255, 0, 255, 0, 0, 0, 0, 0, 0]);
    }
}
