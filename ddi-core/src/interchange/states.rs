//! The names of binding states in dhcpd.leases and in what an export adds to a foreign file.

use crate::lease::BindingState;

const NAMES: [(BindingState, &str); 9] = [
    (BindingState::Free, "free"),
    (BindingState::Active, "active"),
    (BindingState::Expired, "expired"),
    (BindingState::Released, "released"),
    (BindingState::Abandoned, "abandoned"),
    (BindingState::Reset, "reset"),
    (BindingState::Backup, "backup"),
    (BindingState::PendingFree, "pending-free"),
    (BindingState::FreeBackup, "free-backup"),
];

/// The state's name.
pub(super) fn name(state: BindingState) -> &'static str {
    NAMES.iter().find(|(s, _)| *s == state).map_or("free", |(_, name)| name)
}

/// The state with this name, whatever the case of its letters.
pub(super) fn named(name: &[u8]) -> Option<BindingState> {
    NAMES.iter().find(|(_, n)| n.as_bytes().eq_ignore_ascii_case(name)).map(|(s, _)| *s)
}
