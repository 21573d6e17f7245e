use crate::lease_file::round_trip;
use ddi_core::interchange::{ExportError, Format, Importer};

/// A file of Kea's.
pub fn kea_csv(data: &[u8]) {
    round_trip(
        data,
        || Importer::kea_csv(0),
        [Format::KeaCsv4, Format::KeaCsv6],
        |_, error| {
            // Kea takes no such client id or DUID, but a file may have it.
            matches!(error, ExportError::NotExpressible { why, .. } if why.contains("takes no"))
        },
    );
}
