//! A lease as a `lease` stanza. What has no statement goes into variables, which dhcpd carries along.

use super::lease::{kept_next_state, usual_next_state};
use super::names;
use super::token::emit_text;
use super::write::{dhcpd_state, emit_time, emit_variables, read_back};
use crate::id::LeaseAddr;
use crate::interchange::added::{self, Added};
use crate::interchange::error::ExportError;
use crate::interchange::kept::Kept;
use crate::interchange::states;
use crate::lease::Lease;

/// Appends the lease's stanza, or nothing.
pub(in crate::interchange) fn emit_lease(lease: &Lease, out: &mut Vec<u8>) -> Result<(), ExportError> {
    let key = lease.key;
    if !matches!(key.addr, LeaseAddr::V4(_)) {
        return Err(ExportError::Family { key });
    }
    let start = out.len();
    let result = try_emit(lease, out);
    if result.is_err() {
        out.truncate(start);
    }
    result.map_err(|why| ExportError::NotExpressible { key, why })
}

fn try_emit(lease: &Lease, out: &mut Vec<u8>) -> Result<(), String> {
    let start = out.len();
    emit_stanza(lease, &[], out);
    let plain = read_one(lease, out.get(start..).unwrap_or_default())?;
    let missing = added::difference(&plain, lease);
    if missing.is_empty() {
        return Ok(());
    }
    out.truncate(start);
    emit_stanza(lease, &missing, out);
    let back = read_one(lease, out.get(start..).unwrap_or_default())?;
    if added::difference(&back, lease).is_empty() { Ok(()) } else { Err("it reads back otherwise".into()) }
}

fn read_one(lease: &Lease, stanza: &[u8]) -> Result<Lease, String> {
    let mut back = read_back(lease.key.space, stanza)?;
    match (back.pop(), back.is_empty()) {
        (Some(only), true) if only.key == lease.key => Ok(only),
        _ => Err("its stanza would not be this one lease".into()),
    }
}

fn emit_stanza(lease: &Lease, missing: &[Added], out: &mut Vec<u8>) {
    let kept = Kept::parse(&lease.user).unwrap_or_default();
    out.extend_from_slice(format!("lease {} {{", lease.key.addr).as_bytes());
    emit_time("starts", lease.start_time_of_state, out);
    emit_time("ends", lease.expiration_time, out);
    emit_time("tstp", lease.potential_expiration_time.sent, out);
    emit_time("tsfp", lease.potential_expiration_time.received, out);
    emit_time("atsfp", lease.potential_expiration_time.acked, out);
    emit_time("cltt", lease.client_last_transaction_time, out);
    emit_states(lease, &kept, out);
    if lease.reserved {
        out.extend_from_slice(b"\n  reserved;");
    }
    if lease.bootp {
        out.extend_from_slice(b"\n  dynamic-bootp;");
    }
    // dhcpd's types have 8 bits.
    if !lease.hw_addr.is_empty() && lease.hw_addr.htype() <= 255 {
        out.extend_from_slice(b"\n  hardware ");
        names::emit_hardware_type(lease.hw_addr.htype(), out);
        out.extend_from_slice(format!(" {};", lease.hw_addr).as_bytes());
    }
    if !lease.client_id.is_empty() {
        out.extend_from_slice(b"\n  uid ");
        emit_text(&lease.client_id, out);
        out.push(b';');
    }
    emit_variables("  ", lease, &kept, missing, out);
    emit_relay_agent_info(&lease.relay_agent_info, out);
    // dhcpd drops any other name when it rewrites its file.
    let is_plain = |b: &u8| matches!(b, 0x20..=0x7e) && !matches!(b, b'"' | b'\\');
    if !lease.hostname.is_empty() && lease.hostname.iter().all(is_plain) {
        out.extend_from_slice(b"\n  client-hostname ");
        emit_text(&lease.hostname, out);
        out.push(b';');
    }
    out.extend_from_slice(b"\n}\n");
}

fn emit_states(lease: &Lease, kept: &Kept, out: &mut Vec<u8>) {
    let state = dhcpd_state(lease.state);
    let next = kept_next_state(kept).unwrap_or_else(|| usual_next_state(lease));
    let next = dhcpd_state(next);
    let rewind = lease.rewind_state.map(dhcpd_state);
    out.extend_from_slice(format!("\n  binding state {};", states::name(state)).as_bytes());
    if next != state {
        out.extend_from_slice(format!("\n  next binding state {};", states::name(next)).as_bytes());
    }
    // As dhcpd does: it would leave out one that is the state itself.
    if let Some(rewind) = rewind.filter(|rewind| *rewind != state) {
        out.extend_from_slice(format!("\n  rewind binding state {};", states::name(rewind)).as_bytes());
    }
}

/// All sub-options, or none if dhcpd has no way to write one of them.
fn emit_relay_agent_info(mut sub_options: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    while let Some((&[code, len], rest)) = sub_options.split_first_chunk() {
        let Some((value, rest)) = rest.split_at_checked(usize::from(len)) else { break };
        out.extend_from_slice(b"\n  option ");
        if !names::emit_sub_option(code, value, out) {
            break;
        }
        out.push(b';');
        sub_options = rest;
    }
    if !sub_options.is_empty() {
        out.truncate(start);
    }
}
