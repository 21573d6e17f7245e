//! Reading lease files: bytes in, items out.

use super::dhcpd_leases::DhcpdReader;
use super::error::ImportError;
use super::kea_csv::KeaReader;
use crate::id::LeaseKey;
use crate::lease::Lease;
use crate::time::UnixTime;
use std::io::{self, BufRead};

/// One thing that a lease file says.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Item {
    /// A lease. Both formats are journals: a later one of the same key replaces an earlier one.
    Lease(Box<Lease>),
    /// The lease of this key is gone: Kea's delete marker.
    Removed(LeaseKey),
    /// dhcpd's own DUID.
    ServerDuid(Vec<u8>),
    /// What dhcpd remembers of a failover relationship; the last one of a name counts.
    Failover(FailoverState),
    /// A statement outside leases that ddi has no use for (host, class, group, ...), as it stands,
    /// with the line that it begins on.
    Other {
        /// The first line.
        line: u64,
        /// The statement, its tokens separated by single spaces.
        text: Vec<u8>,
    },
}

/// A `failover peer "name" state` stanza of dhcpd.leases.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "the whole stanza")]
pub struct FailoverState {
    /// The relationship's name.
    pub name: Vec<u8>,
    /// The server's own state, as dhcpd spells it: `normal`, `communications-interrupted`, ...
    pub mine: String,
    /// Since when.
    pub mine_since: UnixTime,
    /// The partner's state as last told.
    pub partner: String,
    /// Since when.
    pub partner_since: UnixTime,
    /// Seconds; only the secondary writes it.
    pub mclt: Option<u32>,
}

/// Reads one lease file, slice by slice. Holds at most one line or stanza (1 MiB).
///
/// ```
/// use ddi_core::interchange::{Importer, Item};
/// let file = b"address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname\n\
///              10.0.0.1,02:00:00:00:00:01,,4000,1795347982,1,0,0,pc";
/// let mut importer = Importer::kea_csv(0);
/// let mut input = &file[..];
/// assert!(importer.read(&mut input).is_none()); // the row has no line end yet
/// let Some(Ok(Item::Lease(lease))) = importer.finish() else { panic!() };
/// assert_eq!(lease.hostname, b"pc");
/// ```
pub struct Importer(Reader);

enum Reader {
    KeaCsv(KeaReader),
    DhcpdLeases(Box<DhcpdReader>),
}

impl Importer {
    /// For Kea's lease CSV, v4 or v6: the header tells. Leases go to this address space.
    #[must_use]
    pub fn kea_csv(space: u32) -> Self {
        Self(Reader::KeaCsv(KeaReader::new(space)))
    }

    /// For dhcpd.leases, of `dhcpd -4` or `dhcpd -6`. Leases go to this address space.
    #[must_use]
    pub fn dhcpd_leases(space: u32) -> Self {
        Self(Reader::DhcpdLeases(Box::new(DhcpdReader::new(space))))
    }

    /// Takes bytes off the front of `input` until it has the next item or error; `None` when `input`
    /// is used up. After an error, reading goes on behind the row or stanza that it was in.
    pub fn read(&mut self, input: &mut &[u8]) -> Option<Result<Item, ImportError>> {
        match &mut self.0 {
            Reader::KeaCsv(reader) => reader.read(input),
            Reader::DhcpdLeases(reader) => reader.read(input),
        }
    }

    /// The file has ended: what its last bytes say. To be called until it gives `None`.
    pub fn finish(&mut self) -> Option<Result<Item, ImportError>> {
        match &mut self.0 {
            Reader::KeaCsv(reader) => reader.finish(),
            Reader::DhcpdLeases(reader) => reader.finish(),
        }
    }
}

/// The items of a lease file that is read from a [`BufRead`]. Stops after an I/O error.
pub struct Items<R> {
    reader: R,
    importer: Importer,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Reading,
    /// The stream has ended; its last bytes may still say something.
    AtEnd,
    /// The stream has failed: what its last bytes say can't be known.
    Failed,
}

impl<R: BufRead> Items<R> {
    /// Reads `reader` to its end.
    pub fn new(reader: R, importer: Importer) -> Self {
        Self { reader, importer, stage: Stage::Reading }
    }

    fn read_slice(&mut self) -> io::Result<Option<Result<Item, ImportError>>> {
        let mut input = match self.reader.fill_buf() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Ok(None),
            other => other?,
        };
        if input.is_empty() {
            self.stage = Stage::AtEnd;
            return Ok(None);
        }
        let before = input.len();
        let item = self.importer.read(&mut input);
        let used = before - input.len();
        self.reader.consume(used);
        Ok(item)
    }
}

/// Why an item could not be read from a stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The stream failed; there is nothing more to read.
    #[error("reading the lease file: {0}")]
    Io(#[from] io::Error),
    /// A row or stanza is wrong; reading can go on.
    #[error(transparent)]
    Import(#[from] ImportError),
}

impl<R: BufRead> Iterator for Items<R> {
    type Item = Result<Item, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.stage == Stage::Reading {
            match self.read_slice() {
                Ok(Some(item)) => return Some(item.map_err(ReadError::Import)),
                Ok(None) => {}
                Err(e) => {
                    self.stage = Stage::Failed;
                    return Some(Err(ReadError::Io(e)));
                }
            }
        }
        if self.stage == Stage::Failed {
            return None;
        }
        self.importer.finish().map(|item| item.map_err(ReadError::Import))
    }
}
