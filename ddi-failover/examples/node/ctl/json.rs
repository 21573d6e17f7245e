//! Leases as JSON.

use ddi_core::{BindingState, Lease, Origin, UnixTime};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// One lease. What it does not have is left out.
pub fn lease(lease: &Lease) -> Value {
    let mut all = Map::new();
    let mut set = |name: &str, value: Value| all.insert(name.to_owned(), value);
    set("address", json!(lease.key.addr.to_string()));
    set("state", json!(state(lease.state)));
    set("subnet_id", json!(lease.subnet_id));
    if lease.key.space != 0 {
        set("space", json!(lease.key.space));
    }
    if !lease.hw_addr.is_empty() {
        set("hw_addr", json!(lease.hw_addr.to_string()));
        set("hw_type", json!(lease.hw_addr.htype()));
    }
    if !lease.duid.is_empty() {
        set("iaid", json!(lease.iaid));
    }
    for (name, bytes) in [
        ("client_id", &lease.client_id),
        ("duid", &lease.duid),
        ("relay_agent_info", &lease.relay_agent_info),
        ("user", &lease.user),
    ] {
        if !bytes.is_empty() {
            set(name, json!(hex(bytes)));
        }
    }
    for (name, text) in [("hostname", &lease.hostname), ("fqdn", &lease.ddns.fqdn)] {
        if !text.is_empty() {
            set(name, json!(String::from_utf8_lossy(text)));
        }
    }
    for (name, time) in [
        ("start_time_of_state", lease.start_time_of_state),
        ("client_last_transaction_time", lease.client_last_transaction_time),
        ("expiration_time", lease.expiration_time),
        ("preferred_time", lease.preferred_time),
    ] {
        match time {
            UnixTime::UNSET => None,
            UnixTime::NEVER => set(name, json!("never")),
            UnixTime(seconds) => set(name, json!(seconds)),
        };
    }
    for (name, flag) in [("reserved", lease.reserved), ("bootp", lease.bootp)] {
        if flag {
            set(name, json!(true));
        }
    }
    if let Origin::Partner(relationship) = lease.origin {
        set("origin", json!(relationship));
    }
    set("version", json!(lease.version.0));
    Value::Object(all)
}

/// A binding state's name.
pub fn state(state: BindingState) -> &'static str {
    match state {
        BindingState::Free => "free",
        BindingState::Active => "active",
        BindingState::Expired => "expired",
        BindingState::Released => "released",
        BindingState::Abandoned => "abandoned",
        BindingState::Reset => "reset",
        BindingState::Backup => "backup",
        BindingState::PendingFree => "pending_free",
        BindingState::FreeBackup => "free_backup",
        _ => "unknown",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
