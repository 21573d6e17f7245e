//! One row as a lease. The table of meanings stands in the documentation of [`crate::interchange`].

use super::context::Context;
use super::escape::unescape;
use super::schema::{Cells, Column, Family, Header};
use crate::id::{HwAddr, LeaseAddr, LeaseKey};
use crate::interchange::added::{self, Added, parse_number};
use crate::interchange::error::ImportFault;
use crate::interchange::hex;
use crate::interchange::kept::{self, Kept};
use crate::lease::{BindingState, Lease};
use crate::time::UnixTime;

/// A row, understood.
pub(super) enum Row {
    /// The lease as its columns say, and what an export added.
    Lease(Box<Lease>, Vec<Added>),
    /// The delete marker: valid_lifetime 0.
    Removed(LeaseKey),
}

/// A lifetime that never ends.
pub(super) const INFINITE: u32 = u32::MAX;
/// Kea's hwtype where it has no column for it.
pub(super) const ETHERNET: u16 = 1;
/// Kea's DUID of a declined lease.
pub(super) const EMPTY_DUID: &[u8] = &[0];

/// Kea's lease states.
pub(super) mod state {
    pub(in super::super) const DEFAULT: u32 = 0;
    pub(in super::super) const DECLINED: u32 = 1;
    pub(in super::super) const EXPIRED_RECLAIMED: u32 = 2;
    pub(in super::super) const RELEASED: u32 = 3;
    pub(in super::super) const REGISTERED: u32 = 4;
}

/// Kea's lease_type column.
pub(super) mod lease_type {
    pub(in super::super) const NA: u8 = 0;
    pub(in super::super) const TA: u8 = 1;
    pub(in super::super) const PD: u8 = 2;
}

/// The lease of a row, with what an export added; `Err` with the key if the row removes.
pub(super) fn finish(row: Row) -> Result<Result<Box<Lease>, LeaseKey>, ImportFault> {
    match row {
        Row::Removed(key) => Ok(Err(key)),
        Row::Lease(mut lease, list) => {
            added::apply(&mut lease, &list)?;
            Ok(Ok(lease))
        }
    }
}

/// Reads a row under its header.
pub(super) fn parse(header: &Header, space: u32, line: &[u8]) -> Result<Row, ImportFault> {
    let cells = header.cells(line)?;
    let mut kept = Kept::default();
    let addr = match header.family {
        Family::V4 => LeaseAddr::V4(address(&cells)?),
        Family::V6 => address_v6(&cells, &mut kept)?,
    };
    let key = LeaseKey { space, addr };
    let valid: u32 = number(&cells, Column::ValidLifetime, "valid_lifetime")?;
    if valid == 0 {
        return Ok(Row::Removed(key));
    }
    let mut lease = Box::new(Lease::new(key));
    let kea_state = read_state(&cells, &mut lease, &mut kept)?;
    read_times(&cells, valid, kea_state, &mut lease)?;
    match header.family {
        Family::V4 => read_client_v4(&cells, &mut lease)?,
        Family::V6 => read_client_v6(&cells, kea_state, &mut lease, &mut kept)?,
    }
    lease.subnet_id = number(&cells, Column::SubnetId, "subnet_id")?;
    read_names(&cells, &mut lease)?;
    let context = read_context(&cells, header.family)?;
    lease.relay_agent_info.clone_from(&context.relay_agent_info);
    context.keep_rest(&mut kept);
    keep_number(&cells, Column::PoolId, "pool_id", kept::KEA_POOL_ID, &mut kept)?;
    for (name, value) in &cells.unknown {
        kept.add(&format!("{}{name}", kept::KEA_COLUMN), value);
    }
    lease.user = kept.emit();
    Ok(Row::Lease(lease, context.added))
}

fn address<A: std::str::FromStr>(cells: &Cells<'_>) -> Result<A, ImportFault> {
    let text = std::str::from_utf8(cells.get(Column::Address)).ok();
    text.and_then(|t| t.parse().ok())
        .ok_or_else(|| ImportFault::field("address", "not an address of this version"))
}

fn address_v6(cells: &Cells<'_>, kept: &mut Kept) -> Result<LeaseAddr, ImportFault> {
    let addr = address(cells)?;
    match number(cells, Column::LeaseType, "lease_type")? {
        lease_type::NA => Ok(LeaseAddr::V6(addr)),
        lease_type::TA => {
            kept.add(kept::IA_TYPE, b"ta");
            Ok(LeaseAddr::V6(addr))
        }
        lease_type::PD => {
            let len = number(cells, Column::PrefixLen, "prefix_len")?;
            crate::interchange::prefix(addr, len)
        }
        other => Err(ImportFault::field("lease_type", format!("{other} is none"))),
    }
}

fn number<N: std::str::FromStr>(
    cells: &Cells<'_>,
    column: Column,
    name: &'static str,
) -> Result<N, ImportFault> {
    let text = cells.get(column);
    let wrong = || ImportFault::field(name, format!("{:?} is no such number", String::from_utf8_lossy(text)));
    parse_number(text).ok_or_else(wrong)
}

/// A number that older schemas don't have; empty is 0.
fn optional<N: std::str::FromStr + Default>(
    cells: &Cells<'_>,
    column: Column,
    name: &'static str,
) -> Result<N, ImportFault> {
    if cells.get(column).is_empty() { Ok(N::default()) } else { number(cells, column, name) }
}

fn keep_number(
    cells: &Cells<'_>,
    column: Column,
    name: &'static str,
    line: &str,
    kept: &mut Kept,
) -> Result<(), ImportFault> {
    let value: u32 = optional(cells, column, name)?;
    if value != 0 {
        kept.add(line, value.to_string().as_bytes());
    }
    Ok(())
}

fn read_state(cells: &Cells<'_>, lease: &mut Lease, kept: &mut Kept) -> Result<u32, ImportFault> {
    let kea_state = optional(cells, Column::State, "state")?;
    lease.state = match kea_state {
        state::DEFAULT | state::REGISTERED => BindingState::Active,
        state::DECLINED => BindingState::Abandoned,
        state::EXPIRED_RECLAIMED => BindingState::Free,
        state::RELEASED => BindingState::Released,
        other => return Err(ImportFault::field("state", format!("{other} is unknown"))),
    };
    if kea_state == state::REGISTERED {
        kept.add(kept::KEA_STATE, b"4");
    }
    Ok(kea_state)
}

fn read_times(cells: &Cells<'_>, valid: u32, kea_state: u32, lease: &mut Lease) -> Result<(), ImportFault> {
    let expire: u64 = number(cells, Column::Expire, "expire")?;
    let Some(heard) = expire.checked_sub(u64::from(valid)) else {
        return Err(ImportFault::field("expire", "earlier than the valid lifetime is long"));
    };
    lease.client_last_transaction_time = UnixTime(heard);
    lease.expiration_time = if valid == INFINITE { UnixTime::NEVER } else { UnixTime(expire) };
    lease.start_time_of_state =
        if kea_state == state::EXPIRED_RECLAIMED { lease.expiration_time } else { UnixTime(heard) };
    lease.preferred_time = match optional(cells, Column::PrefLifetime, "pref_lifetime")? {
        0 => UnixTime::UNSET,
        INFINITE => UnixTime::NEVER,
        preferred => UnixTime(heard).plus_secs(u64::from(preferred)),
    };
    Ok(())
}

fn bytes(cells: &Cells<'_>, column: Column, name: &'static str) -> Result<Vec<u8>, ImportFault> {
    hex::parse_colons(cells.get(column))
        .ok_or_else(|| ImportFault::field(name, "not hex bytes with colons between"))
}

fn hw_addr(cells: &Cells<'_>, htype: u16) -> Result<HwAddr, ImportFault> {
    let bytes = bytes(cells, Column::HwAddr, "hwaddr")?;
    let too_long = || ImportFault::field("hwaddr", format!("longer than {} bytes", HwAddr::MAX_LEN));
    HwAddr::new(htype, &bytes).ok_or_else(too_long)
}

fn read_client_v4(cells: &Cells<'_>, lease: &mut Lease) -> Result<(), ImportFault> {
    let has_hw_addr = !cells.get(Column::HwAddr).is_empty();
    lease.hw_addr = hw_addr(cells, if has_hw_addr { ETHERNET } else { 0 })?;
    lease.client_id = bytes(cells, Column::ClientId, "client_id")?;
    Ok(())
}

fn read_client_v6(
    cells: &Cells<'_>,
    kea_state: u32,
    lease: &mut Lease,
    kept: &mut Kept,
) -> Result<(), ImportFault> {
    lease.duid = bytes(cells, Column::Duid, "duid")?;
    if kea_state == state::DECLINED && lease.duid == EMPTY_DUID {
        lease.duid.clear();
    }
    lease.iaid = number(cells, Column::Iaid, "iaid")?;
    let has_type = !cells.get(Column::HwType).is_empty();
    let has_hw_addr = !cells.get(Column::HwAddr).is_empty();
    let htype = if has_type || !has_hw_addr { optional(cells, Column::HwType, "hwtype")? } else { ETHERNET };
    lease.hw_addr = hw_addr(cells, htype)?;
    keep_number(cells, Column::HwAddrSource, "hwaddr_source", kept::KEA_HWADDR_SOURCE, kept)
}

/// Kea has one name. If it is in DNS it is the full one.
fn read_names(cells: &Cells<'_>, lease: &mut Lease) -> Result<(), ImportFault> {
    unescape(cells.get(Column::Hostname), &mut lease.hostname);
    let flag = |column, name| match cells.get(column) {
        b"0" | b"" => Ok(false),
        b"1" => Ok(true),
        _ => Err(ImportFault::field(name, "neither 0 nor 1")),
    };
    lease.ddns.forward = flag(Column::FqdnFwd, "fqdn_fwd")?;
    lease.ddns.reverse = flag(Column::FqdnRev, "fqdn_rev")?;
    if lease.ddns.forward || lease.ddns.reverse {
        let name = &lease.hostname;
        lease.ddns.fqdn = name.strip_suffix(b".").unwrap_or(name).to_vec();
    }
    Ok(())
}

/// In v6 the relay's options are those of RELAY-FORW, which are kept as they are.
fn read_context(cells: &Cells<'_>, family: Family) -> Result<Context, ImportFault> {
    let mut text = Vec::new();
    unescape(cells.get(Column::UserContext), &mut text);
    Context::parse(&text, family)
}
