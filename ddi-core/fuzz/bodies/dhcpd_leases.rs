use crate::lease_file::round_trip;
use ddi_core::interchange::{ExportError, Format, Importer};

/// A file of dhcpd's.
pub fn dhcpd_leases(data: &[u8]) {
    let formats = [Format::DhcpdLeases4, Format::DhcpdLeases6];
    round_trip(
        data,
        || Importer::dhcpd_leases(0),
        formats,
        |lease, error| {
            // dhcpd takes no such DUID, but files may have it.
            matches!(error, ExportError::NotExpressible { .. }) && !(2..=128).contains(&lease.duid.len())
        },
    );
}
