//! A lease as a row. What the columns can't say goes into user_context, so that Kea carries it along
//! and it comes back on import.

use super::context::Context;
use super::escape::escape;
use super::row::{self, EMPTY_DUID, INFINITE, lease_type, state};
use super::schema::{Column, Family, Header};
use crate::id::LeaseAddr;
use crate::interchange::added::{self, Added, parse_number};
use crate::interchange::error::ExportError;
use crate::interchange::hex;
use crate::interchange::kept::{self, Kept};
use crate::lease::{BindingState, Lease};
use crate::time::UnixTime;

/// Kea rejects a client_id shorter than this.
const MIN_CLIENT_ID: usize = 2;
/// Kea rejects a client_id or DUID longer than this.
const MAX_ID: usize = 128;

/// Appends the header row.
pub(in crate::interchange) fn emit_header(family: Family, out: &mut Vec<u8>) {
    for (i, (name, _)) in family.written().iter().enumerate() {
        out.extend_from_slice(if i > 0 { b"," } else { b"" });
        out.extend_from_slice(name.as_bytes());
    }
    out.push(b'\n');
}

/// Appends the lease's row, or nothing.
pub(in crate::interchange) fn emit_lease(
    family: Family,
    lease: &Lease,
    out: &mut Vec<u8>,
) -> Result<(), ExportError> {
    let key = lease.key;
    if matches!(key.addr, LeaseAddr::V4(_)) != (family == Family::V4) {
        return Err(ExportError::Family { key });
    }
    let start = out.len();
    let header = Header::written(family);
    let result = match check_client(family, lease) {
        Some(ClientFault::None) => return Err(ExportError::NoClient { key }),
        Some(ClientFault::Length(why)) => Err(why),
        None => try_emit(&header, lease, out),
    };
    if result.is_err() {
        out.truncate(start);
    }
    result.map_err(|why| ExportError::NotExpressible { key, why })
}

fn try_emit(header: &Header, lease: &Lease, out: &mut Vec<u8>) -> Result<(), String> {
    let start = out.len();
    emit_row(header.family, lease, &[], out);
    let plain = read_back(header, lease, out, start)?;
    let missing = added::difference(&plain, lease);
    if missing.is_empty() {
        return Ok(());
    }
    out.truncate(start);
    emit_row(header.family, lease, &missing, out);
    let back = read_back(header, lease, out, start)?;
    if added::difference(&back, lease).is_empty() { Ok(()) } else { Err("it reads back otherwise".into()) }
}

/// What the importer makes of the row that starts at `start`.
fn read_back(header: &Header, lease: &Lease, out: &[u8], start: usize) -> Result<Lease, String> {
    let row = out.get(start..).and_then(|row| row.strip_suffix(b"\n")).unwrap_or_default();
    if row.contains(&b'\n') || row.len() > super::read::MAX_LINE {
        return Err("its row would not be one line of the accepted length".into());
    }
    match row::parse(header, lease.key.space, row).and_then(row::finish) {
        Ok(Ok(back)) if back.key == lease.key => Ok(*back),
        Ok(_) => Err("its row would mean another lease".into()),
        Err(fault) => Err(fault.to_string()),
    }
}

/// Why Kea would reject the row for its client.
enum ClientFault {
    None,
    Length(String),
}

/// A declined lease needs no client.
fn check_client(family: Family, lease: &Lease) -> Option<ClientFault> {
    let (id, fits) = match family {
        Family::V4 => (&lease.client_id, !lease.hw_addr.is_empty() || fits_client_id(&lease.client_id)),
        Family::V6 => (&lease.duid, fits_duid(&lease.duid)),
    };
    match id.len() {
        _ if fits || lease.state == BindingState::Abandoned => None,
        0 => Some(ClientFault::None),
        // Nobody has it, and who had it is only remembered.
        _ if lease.state != BindingState::Active => Some(ClientFault::None),
        len => {
            Some(ClientFault::Length(format!("Kea takes no client id or DUID of {len} bytes like this one")))
        }
    }
}

fn fits_client_id(client_id: &[u8]) -> bool {
    (MIN_CLIENT_ID..=MAX_ID).contains(&client_id.len())
}

fn fits_duid(duid: &[u8]) -> bool {
    !duid.is_empty() && duid.len() <= MAX_ID && duid != EMPTY_DUID
}

/// The times as Kea counts them: heard from the client, and how many seconds that is good for.
struct Times {
    heard: u64,
    valid: u32,
}

impl Times {
    fn of(lease: &Lease) -> Self {
        let is_in_use = matches!(lease.state, BindingState::Active | BindingState::Abandoned);
        let started = lease.start_time_of_state;
        // A lease that was given back early must not look as if it were still running.
        let ended_early = !is_in_use && started != UnixTime::UNSET && started < lease.expiration_time;
        let known = [lease.client_last_transaction_time, started];
        let heard = known.into_iter().find(|time| *time != UnixTime::UNSET);
        let end = match lease.expiration_time {
            _ if ended_early => started,
            UnixTime::NEVER if !is_in_use => heard.unwrap_or_default(),
            end => end,
        };
        if end == UnixTime::NEVER {
            let heard = heard.map_or(0, |time| time.0.min(u64::from(u32::MAX)));
            return Self { heard, valid: INFINITE };
        }
        let latest = end.0.max(1) - 1;
        let heard = heard.map_or(latest, |time| time.0.min(latest));
        let heard = heard.max(end.0.saturating_sub(u64::from(INFINITE - 1)));
        let valid = u32::try_from(end.0.max(1) - heard).unwrap_or(INFINITE - 1);
        Self { heard, valid }
    }

    fn expire(&self) -> u64 {
        self.heard.saturating_add(u64::from(self.valid))
    }

    fn preferred(&self, time: UnixTime) -> u32 {
        match time {
            UnixTime::UNSET => 0,
            UnixTime::NEVER => INFINITE,
            _ => u32::try_from(time.0.saturating_sub(self.heard)).unwrap_or(INFINITE).min(INFINITE - 1),
        }
    }
}

fn emit_row(family: Family, lease: &Lease, missing: &[Added], out: &mut Vec<u8>) {
    let kept = Kept::parse(&lease.user).unwrap_or_default();
    let row = RowWriter { family, lease, times: Times::of(lease), kept, missing };
    for (i, (_, column)) in family.written().iter().enumerate() {
        out.extend_from_slice(if i > 0 { b"," } else { b"" });
        row.emit_column(*column, out);
    }
    out.push(b'\n');
}

struct RowWriter<'a> {
    family: Family,
    lease: &'a Lease,
    times: Times,
    kept: Kept,
    missing: &'a [Added],
}

impl RowWriter<'_> {
    fn emit_column(&self, column: Column, out: &mut Vec<u8>) {
        let lease = self.lease;
        match column {
            Column::Address => self.emit_address(out),
            Column::HwAddr => hex::emit(lease.hw_addr.bytes(), b':', out),
            Column::ClientId if fits_client_id(&lease.client_id) => hex::emit(&lease.client_id, b':', out),
            Column::ClientId => {}
            Column::Duid => {
                hex::emit(if fits_duid(&lease.duid) { &lease.duid } else { EMPTY_DUID }, b':', out);
            }
            Column::ValidLifetime => emit_number(self.times.valid, out),
            Column::Expire => emit_number(self.times.expire(), out),
            Column::SubnetId => emit_number(lease.subnet_id, out),
            Column::PrefLifetime => emit_number(self.times.preferred(lease.preferred_time), out),
            Column::LeaseType => emit_number(self.lease_type(), out),
            Column::Iaid => emit_number(lease.iaid, out),
            Column::PrefixLen => match lease.key.addr {
                LeaseAddr::Prefix(_, len) => emit_number(len, out),
                _ => emit_number(128_u8, out),
            },
            Column::FqdnFwd => emit_number(u8::from(lease.ddns.forward), out),
            Column::FqdnRev => emit_number(u8::from(lease.ddns.reverse), out),
            Column::Hostname => escape(self.name(), out),
            Column::State => emit_number(self.state(), out),
            Column::UserContext => self.emit_context(out),
            Column::HwType if lease.hw_addr.is_empty() => {}
            Column::HwType => emit_number(lease.hw_addr.htype(), out),
            Column::HwAddrSource if lease.hw_addr.is_empty() => {}
            Column::HwAddrSource => {
                let source = self.kept.get(kept::KEA_HWADDR_SOURCE).and_then(parse_number::<u32>);
                emit_number(source.unwrap_or(0), out);
            }
            Column::PoolId => {}
        }
    }

    fn emit_address(&self, out: &mut Vec<u8>) {
        let text = match self.lease.key.addr {
            LeaseAddr::V4(addr) => addr.to_string(),
            LeaseAddr::V6(addr) | LeaseAddr::Prefix(addr, _) => addr.to_string(),
        };
        out.extend_from_slice(text.as_bytes());
    }

    fn lease_type(&self) -> u8 {
        match self.lease.key.addr {
            LeaseAddr::Prefix(..) => lease_type::PD,
            _ if self.kept.get(kept::IA_TYPE) == Some(b"ta") => lease_type::TA,
            _ => lease_type::NA,
        }
    }

    fn state(&self) -> u32 {
        match self.lease.state {
            BindingState::Active if self.kept.get(kept::KEA_STATE) == Some(b"4") => state::REGISTERED,
            BindingState::Active => state::DEFAULT,
            BindingState::Abandoned => state::DECLINED,
            _ => state::EXPIRED_RECLAIMED,
        }
    }

    /// The one name that Kea has room for: the one in DNS, if there is any. Kea 2.2 would write a
    /// line end back as it is, so names that are not printable don't go here.
    fn name(&self) -> &[u8] {
        let (host, fqdn) = (&self.lease.hostname, &self.lease.ddns.fqdn);
        let in_dns = self.lease.ddns.forward || self.lease.ddns.reverse;
        let is_fqdn = host.strip_suffix(b".").unwrap_or(host) == fqdn.as_slice();
        let name = if in_dns && !fqdn.is_empty() && !is_fqdn { fqdn } else { host };
        if name.iter().all(|b| matches!(b, 0x20..=0x7e)) { name } else { &[] }
    }

    fn emit_context(&self, out: &mut Vec<u8>) {
        let relay = if self.family == Family::V4 { self.lease.relay_agent_info.clone() } else { Vec::new() };
        let rest = self.kept.get(kept::KEA_USER_CONTEXT).unwrap_or_default().to_vec();
        let context = Context { relay_agent_info: relay, added: self.missing.to_vec(), rest };
        let mut text = Vec::new();
        context.emit(&mut text);
        escape(&text, out);
    }
}

fn emit_number(number: impl std::fmt::Display, out: &mut Vec<u8>) {
    out.extend_from_slice(number.to_string().as_bytes());
}
