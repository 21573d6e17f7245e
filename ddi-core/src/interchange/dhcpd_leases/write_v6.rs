//! Leases as an `ia-na`, `ia-ta` or `ia-pd` stanza. A later stanza of an association replaces an earlier
//! one, so all its leases must be in one.

use super::date;
use super::ia::{IAID_LEN, INFINITE, life_start, usual_valid};
use super::lease::kept_number;
use super::token::emit_text;
use super::write::{dhcpd_state, emit_time, emit_variables, read_back};
use crate::id::LeaseAddr;
use crate::interchange::added::{self, Added};
use crate::interchange::error::ExportError;
use crate::interchange::kept::{self, Kept};
use crate::interchange::states;
use crate::lease::{BindingState, Lease};
use crate::time::UnixTime;

/// dhcpd reads no longer DUID: 132 bytes with the IAID.
const MAX_DUID: usize = 132 - IAID_LEN;
/// It rejects a shorter one.
const MIN_DUID: usize = 2;

/// What makes leases belong to one stanza.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::interchange) enum Kind {
    Na,
    Ta,
    Pd,
}

/// The kind of association that the lease belongs to.
pub(in crate::interchange) fn kind(lease: &Lease) -> Kind {
    let is_temporary = || Kept::parse(&lease.user).is_some_and(|kept| kept.get(kept::IA_TYPE) == Some(b"ta"));
    match lease.key.addr {
        LeaseAddr::Prefix(..) => Kind::Pd,
        _ if is_temporary() => Kind::Ta,
        _ => Kind::Na,
    }
}

/// Appends the stanza of these leases, which are all of one association, or nothing. No leases are no
/// stanza.
pub(in crate::interchange) fn emit_association(
    leases: &[&Lease],
    out: &mut Vec<u8>,
) -> Result<(), ExportError> {
    let Some(first) = leases.first() else { return Ok(()) };
    for lease in leases {
        let key = lease.key;
        if matches!(key.addr, LeaseAddr::V4(_)) {
            return Err(ExportError::Family { key });
        }
        if lease.duid.is_empty() {
            return Err(ExportError::NoClient { key });
        }
        if !(MIN_DUID..=MAX_DUID).contains(&lease.duid.len()) {
            let why = format!("dhcpd takes no DUID of {} bytes", lease.duid.len());
            return Err(ExportError::NotExpressible { key, why });
        }
        if kind(lease) != kind(first) || lease.iaid != first.iaid || lease.duid != first.duid {
            return Err(ExportError::OtherAssociation { key });
        }
    }
    let start = out.len();
    let result = try_emit(leases, out);
    if result.is_err() {
        out.truncate(start);
    }
    result.map_err(|why| ExportError::NotExpressible { key: first.key, why })
}

fn try_emit(leases: &[&Lease], out: &mut Vec<u8>) -> Result<(), String> {
    let start = out.len();
    let mut missing = vec![Vec::new(); leases.len()];
    emit_stanza(leases, &missing, out);
    let plain = read_all(leases, out.get(start..).unwrap_or_default())?;
    for ((missing, plain), lease) in missing.iter_mut().zip(&plain).zip(leases) {
        *missing = added::difference(plain, lease);
    }
    if missing.iter().all(Vec::is_empty) {
        return Ok(());
    }
    out.truncate(start);
    emit_stanza(leases, &missing, out);
    let back = read_all(leases, out.get(start..).unwrap_or_default())?;
    let is_same = back.iter().zip(leases).all(|(back, lease)| added::difference(back, lease).is_empty());
    if is_same { Ok(()) } else { Err("it reads back otherwise".into()) }
}

fn read_all(leases: &[&Lease], stanza: &[u8]) -> Result<Vec<Lease>, String> {
    let space = leases.first().map_or(0, |lease| lease.key.space);
    let back = read_back(space, stanza)?;
    let is_same = back.len() == leases.len() && back.iter().zip(leases).all(|(b, l)| b.key == l.key);
    if is_same { Ok(back) } else { Err("its stanza would mean other leases".into()) }
}

fn emit_stanza(leases: &[&Lease], missing: &[Vec<Added>], out: &mut Vec<u8>) {
    let Some(first) = leases.first() else { return };
    out.extend_from_slice(match kind(first) {
        Kind::Na => b"ia-na ",
        Kind::Ta => b"ia-ta ",
        Kind::Pd => b"ia-pd ",
    });
    emit_text(&[&first.iaid.to_le_bytes(), first.duid.as_slice()].concat(), out);
    out.extend_from_slice(b" {");
    // One time for all of them: the latest.
    let heard = leases.iter().map(|l| l.client_last_transaction_time).max().unwrap_or_default();
    emit_time("cltt", heard, out);
    for (lease, missing) in leases.iter().zip(missing) {
        emit_address(lease, heard, missing, out);
    }
    out.extend_from_slice(b"\n}\n\n");
}

fn emit_address(lease: &Lease, heard: UnixTime, missing: &[Added], out: &mut Vec<u8>) {
    let kept = Kept::parse(&lease.user).unwrap_or_default();
    let keyword = if kind(lease) == Kind::Pd { "iaprefix" } else { "iaaddr" };
    out.extend_from_slice(format!("\n  {keyword} {} {{", lease.key.addr).as_bytes());
    let state = match dhcpd_state(lease.state) {
        // States that dhcpd does not know in v6.
        BindingState::Backup | BindingState::Reset => BindingState::Free,
        state => state,
    };
    out.extend_from_slice(format!("\n    binding state {};", states::name(state)).as_bytes());
    let mut as_written = lease.clone();
    as_written.client_last_transaction_time = heard;
    let valid = kept_number(&kept, kept::DHCPD_MAX_LIFE).unwrap_or_else(|| usual_valid(&as_written));
    let start = life_start(&as_written, valid);
    let preferred = match lease.preferred_time {
        UnixTime::UNSET => 0,
        UnixTime::NEVER => INFINITE,
        end => u32::try_from(end.secs_since(start)).unwrap_or(INFINITE).min(INFINITE - 1),
    };
    out.extend_from_slice(format!("\n    preferred-life {preferred};").as_bytes());
    out.extend_from_slice(format!("\n    max-life {valid};").as_bytes());
    // dhcpd rejects an address without an end.
    out.extend_from_slice(b"\n    ends ");
    date::emit(lease.expiration_time, out);
    emit_variables("    ", lease, &kept, missing, out);
    out.extend_from_slice(b"\n  }");
}
