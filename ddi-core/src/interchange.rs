//! Import and export of the lease files of Kea and ISC dhcpd, in both directions as streams.
//!
//! - [`Importer`] takes bytes and gives [`Item`]s; [`Items`] does that over a [`BufRead`](std::io::BufRead);
//!   [`import`] and [`put`] put items into a store. Errors name the line and what is wrong; reading goes on after
//!   them, so whether to stop or to skip is the caller's choice.
//! - [`Exporter`] appends leases to a buffer; [`export`] writes a whole file.
//!
//! What is exported reads back as the same lease in every field but [`version`](crate::Lease::version)
//! and the address space. The exporter checks that for each lease before it lets go of it. Where the
//! foreign format has no place for a field, it is added where the foreign server carries it along (an
//! object `ddi` in Kea's user_context, variables `ddi-...` in dhcpd.leases), with checksums that show
//! whether the foreign server has changed the lease since; then what was added no longer counts.
//!
//! # Meanings
//!
//! | lease | Kea | dhcpd v4 | dhcpd v6 |
//! |---|---|---|---|
//! | state FREE | 2 expired-reclaimed | free | free |
//! | ACTIVE | 0 default (and 4 registered, kept) | active | active |
//! | ABANDONED | 1 declined | abandoned | abandoned |
//! | RELEASED | 3 released; written as 2, since Kea 2.2 has no 3 | released | released |
//! | EXPIRED | 2, added | expired | expired |
//! | BACKUP, RESET | 2, added | backup, reset | free, added |
//! | PENDING-FREE, FREE-BACKUP | 2, added | free, backup, added | free, added |
//! | rewind_state | added | rewind binding state | added |
//! | start_time_of_state | expire - valid_lifetime, of state 2 expire | starts | `cltt` |
//! | client_last_transaction_time | expire - valid_lifetime | `cltt` | `cltt` of the association, the latest |
//! | expiration_time | expire; never if valid_lifetime is 4294967295 | ends | ends |
//! | preferred_time | expire - valid_lifetime + pref_lifetime | added | ends - max-life + preferred-life |
//! | potential_expiration_time sent | added | `tstp` | added |
//! | received | added | `tsfp` | added |
//! | acked | added | `atsfp`, which dhcpd clears until the partner acknowledges | added |
//! | hw_addr | hwaddr, in v6 with hwtype | hardware | added |
//! | client_id | client_id (2 to 128 bytes) | uid | added |
//! | duid, iaid | duid, iaid | added | the association's name, IAID in the file's byte order |
//! | subnet_id | subnet_id | added | added |
//! | hostname, fqdn | hostname: the full name if it is in DNS | client-hostname; ddns-fwd-name | ddns-fwd-name |
//! | ddns | fqdn_fwd, fqdn_rev | ddns-fwd-name, ddns-client-fqdn, ddns-rev-name | the same |
//! | relay_agent_info | user_context, `ISC`.`relay-agent-info` (v4) | option agent.NAME | added |
//! | reserved, bootp | added | reserved, dynamic-bootp | added |
//!
//! Where a lease of Kea's or dhcpd's has ended early, Kea's expire is the time when it ended. Kea turns
//! names into lower case. dhcpd takes times from 2038 on for `never`. A dhcpd stanza without a binding
//! state is ACTIVE if it has an end, else FREE. dhcpd writes the end as `tstp` when it has no partner: a
//! `tstp` that is the end, with neither `tsfp` nor `atsfp` nor EXPIRED as the next state, is not taken.
//!
//! A later `ia-na`, `ia-ta` or `ia-pd` stanza of dhcpd's replaces an earlier one of the same association. An
//! address that is only in the earlier one stays imported as it was there, until its end.
//!
//! # What is kept
//!
//! What a file says and a lease has no field for comes into [`user`](crate::Lease::user), as lines of
//! text under the heading `ddi-kept 1`, each a name, a space and a value, in byte order:
//!
//! | line | what |
//! |---|---|
//! | `ia-type ta` | the address is of an IA_TA (Kea's lease_type 1, dhcpd's ia-ta) |
//! | `kea.state 4` | Kea's state registered (RFC 9686) |
//! | `kea.pool-id N`, `kea.hwaddr-source N` | those columns, if not 0 |
//! | `kea.user-context JSON` | user_context, without what came into the lease |
//! | `kea.column.NAME VALUE` | any other column, if not empty |
//! | `dhcpd.next-state NAME` | the next binding state, if not the usual one |
//! | `dhcpd.max-life N` | max-life, if not counted from the last transaction |
//! | `dhcpd.statement TOKENS` | any other variable, option or `on` block |
//!
//! They come back on export to the format that they came from; in any other they are carried as part
//! of `user`, as any other `user` is.

mod added;
mod dhcpd_leases;
mod error;
mod export;
mod hex;
mod import;
mod json;
mod kea_csv;
mod kept;
mod put;
mod states;

pub use error::{ExportError, ImportError, ImportFault};
pub use export::{ERRORS_MAX, Exported, Exporter, Format, export};
pub use import::{FailoverState, Importer, Item, Items, ReadError};
pub use put::{BadRows, ImportStopped, Imported, Put, Skipped, import, put};

use crate::id::LeaseAddr;
use std::net::Ipv6Addr;

/// The prefix, if it is one: host bits zero.
fn prefix(addr: Ipv6Addr, len: u8) -> Result<LeaseAddr, ImportFault> {
    let mask = u128::MAX.checked_shl(128_u32.saturating_sub(u32::from(len))).unwrap_or(0);
    if len > 128 || u128::from(addr) & !mask != 0 {
        return Err(ImportFault::field("prefix", format!("{addr}/{len} is none")));
    }
    Ok(LeaseAddr::Prefix(addr, len))
}
