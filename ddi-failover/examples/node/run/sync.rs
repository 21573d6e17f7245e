//! The second thread: it waits for the disk, so that the first never does.

use ddi_core::db::LeaseDb;
use ddi_core::log::{Batch, Log, LogError, Synced};
use ddi_dns::journal::Journal;
use nix::sys::eventfd::EventFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::{self, JoinHandle};

/// What has batches to be synced.
pub trait Batches {
    /// The next one, if something has gathered and none is out.
    fn take(&mut self) -> Option<Batch>;
    /// One is back.
    fn durable(&mut self, synced: Synced) -> Result<(), LogError>;
    /// All that is left, here and now.
    fn commit_all(&mut self) -> Result<(), LogError>;
    fn log(&self) -> &Log;
}

impl Batches for LeaseDb {
    fn take(&mut self) -> Option<Batch> {
        self.take_batch()
    }

    fn durable(&mut self, synced: Synced) -> Result<(), LogError> {
        self.batch_durable(synced).map(|_| ())
    }

    fn commit_all(&mut self) -> Result<(), LogError> {
        self.commit().map(|_| ())
    }

    fn log(&self) -> &Log {
        self.log()
    }
}

impl Batches for Journal {
    fn take(&mut self) -> Option<Batch> {
        self.take_batch()
    }

    fn durable(&mut self, synced: Synced) -> Result<(), LogError> {
        self.batch_durable(synced).map(|_| ())
    }

    fn commit_all(&mut self) -> Result<(), LogError> {
        self.commit().map(|_| ())
    }

    fn log(&self) -> &Log {
        self.log()
    }
}

/// Hands batches to the sync thread and takes them back.
pub struct Syncer {
    batches: Option<SyncSender<Batch>>,
    synced: Receiver<Synced>,
    thread: Option<JoinHandle<()>>,
    out: bool,
}

impl Syncer {
    /// `wake` is written whenever a batch is back.
    pub fn start(wake: Arc<EventFd>) -> Self {
        let (batches, to_sync) = sync_channel::<Batch>(1);
        let (back, synced) = sync_channel(1);
        let thread = thread::spawn(move || {
            for batch in to_sync {
                if back.send(batch.sync()).is_err() {
                    return;
                }
                let _ = wake.write(1);
            }
        });
        Self { batches: Some(batches), synced, thread: Some(thread), out: false }
    }

    /// A batch is being synced.
    pub fn is_out(&self) -> bool {
        self.out
    }

    /// Takes back a batch that is done, and gives out what has gathered since: the slower the disk, the
    /// larger the next batch. `linger`: nothing is given out yet. An error means that the database is no more to
    /// be trusted. True if a batch was given out.
    pub fn turn(&mut self, db: &mut impl Batches, linger: bool) -> Result<bool, String> {
        match self.synced.try_recv() {
            Ok(synced) => {
                self.out = false;
                db.durable(synced).map_err(|e| e.to_string())?;
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Err("the sync thread is gone".to_owned()),
        }
        // The last batch may be on disk, and yet no other one will ever be.
        if let Some(why) = db.log().poisoned() {
            return Err(why.to_owned());
        }
        if !self.out
            && !linger
            && let Some(batch) = db.take()
            && let Some(batches) = &self.batches
        {
            // The channel has room: no batch is out.
            self.out = batches.send(batch).is_ok();
            return Ok(self.out);
        }
        Ok(false)
    }

    /// Waits until everything is on disk.
    pub fn settle(&mut self, db: &mut impl Batches) -> Result<(), LogError> {
        if std::mem::take(&mut self.out)
            && let Ok(synced) = self.synced.recv()
        {
            db.durable(synced)?;
        }
        db.commit_all()
    }

    /// Waits until everything is on disk, and ends the thread.
    pub fn finish(&mut self, db: &mut impl Batches) -> Result<(), LogError> {
        if self.out
            && let Ok(synced) = self.synced.recv()
        {
            db.durable(synced)?;
        }
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        db.commit_all()
    }
}
