//! Both databases, read by the same importer, and compared.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ddi_core::interchange::{Importer, Item, Items};
use ddi_core::{BindingState, Lease};

pub(crate) type Leases = BTreeMap<Ipv4Addr, Lease>;

/// The leases of a file in dhcpd's format; a later one of an address counts.
pub(crate) fn read(file: &[u8]) -> Leases {
    let mut leases = Leases::new();
    for item in Items::new(file, Importer::dhcpd_leases(0)) {
        // The last stanza may be in the middle of being written.
        let Ok(item) = item else { continue };
        if let Item::Lease(lease) = item
            && let Some(address) = lease.key.as_v4()
        {
            leases.insert(address, *lease);
        }
    }
    leases
}

/// What both must say of an address alike. A binding that nobody holds is told by its state alone.
fn essence(lease: Option<&Lease>) -> String {
    let Some(lease) = lease else { return format!("{:?}", BindingState::Free) };
    if lease.state != BindingState::Active {
        return format!("{:?}", lease.state);
    }
    let (hw_addr, client_id) = (&lease.hw_addr, &lease.client_id);
    format!("{:?} {hw_addr} {client_id:02x?} until {}", lease.state, lease.expiration_time.0)
}

/// Where they differ, one line for each address.
pub(crate) fn differences(ddi: &Leases, isc: &Leases) -> Vec<String> {
    let all: std::collections::BTreeSet<_> = ddi.keys().chain(isc.keys()).collect();
    let differs = |address: &&Ipv4Addr| {
        let (ours, theirs) = (essence(ddi.get(address)), essence(isc.get(address)));
        (ours != theirs).then(|| format!("{address}: ddi {ours}; dhcpd {theirs}"))
    };
    all.iter().filter_map(differs).collect()
}

/// How many are in this state.
pub(crate) fn count(leases: &Leases, state: BindingState) -> usize {
    leases.values().filter(|lease| lease.state == state).count()
}
