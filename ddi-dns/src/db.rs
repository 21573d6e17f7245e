//! All zones of a server: what readers see, what the next change builds on, and the [journal](crate::journal)
//! between the two.
//!
//! [`ZoneDb`] keeps the rule that nothing is told before it is durable: a change is put, the log is synced,
//! and only then do [`ZoneDb::answer`], [`ZoneDb::zone`] and [`ZoneDb::history`] know of it. It is the
//! [`ZoneStore`](crate::update::ZoneStore) of the [UPDATE machine](crate::update::Updates) and takes what a
//! [`Secondary`](crate::secondary::Secondary) finds. Without a journal it keeps zones in memory, where a change
//! is durable at once.

mod held;
mod store;

pub use held::ZoneDb;
