//! dhcpd.leases, as dhcpd.leases(5) describes it: a journal of stanzas.
//!
//! Deviations from dhcpd's own reader: a string must end on its line (dhcpd never writes one that
//! doesn't), and a stanza keyword at the very beginning of a line ends an unfinished stanza, so that
//! one torn write costs one stanza and not the rest of the file.

mod date;
mod ia;
mod lease;
mod names;
mod read;
mod split;
mod statement;
mod token;
mod write;
mod write_v4;
mod write_v6;

pub(super) use read::DhcpdReader;
pub(super) use write::{emit_failover, emit_heading, emit_server_duid};
pub(super) use write_v4::emit_lease as emit_lease_v4;
pub(super) use write_v6::{Kind, emit_association, kind};
