//! An authoritative zone store: zones, answers, changes and transfers. No socket, clock, file or thread of its
//! own, no resolving, no signing of zones.
//!
//! | module | what |
//! |---|---|
//! | [`name`], [`rr`], [`message`], [`serial`] | the wire: names, record layouts, messages, serials |
//! | [`zone`] | versions of a zone, edits, the set of zones |
//! | [`answer`] | queries to answers |
//! | [`delta`], [`journal`] | what a step changed; zones and their history on disk |
//! | [`db`] | all zones of a server: changes are durable before anybody sees them |
//! | [`zonefile`] | text to records and back, and what is wrong with a zone |
//! | [`xfr`], [`secondary`], [`notify`] | transfers both ways, and when to ask for one |
//! | [`update`], [`ddns`], [`dhcid`] | changes by message, and for DHCP clients |
//! | [`tsig`], [`acl`] | who says so, and who may |
//! | `hickory` | hickory-proto's types from and to ours (feature `hickory`) |
//!
//! `DESIGN.md` has the formats in memory and on disk, the crate's README the RFCs.
#![forbid(unsafe_code)]

pub mod acl;
pub mod answer;
pub mod db;
pub mod ddns;
pub mod delta;
pub mod dhcid;
pub mod error;
#[cfg(feature = "hickory")]
pub mod hickory;
pub mod journal;
pub mod message;
pub mod name;
pub mod notify;
mod random;
pub mod rr;
pub mod secondary;
pub mod serial;
pub mod tsig;
pub mod update;
pub mod xfr;
pub mod zone;
pub mod zonefile;

pub use answer::{AnswerConfig, AnswerContext, Answered};
pub use db::ZoneDb;
pub use delta::{Delta, RecordRef, Records};
pub use error::MessageError;
pub use journal::{Journal, JournalConfig, JournalError};
pub use name::{Name, NameError, NameRef};
pub use rr::{Class, Rtype};
pub use serial::Serial;
pub use zone::{Edit, SerialPolicy, Snapshot, Zone, ZoneError, ZoneSet};
