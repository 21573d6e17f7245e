//! What the two importers have in common.

use ddi_core::Lease;
use ddi_core::interchange::{ExportError, Exporter, Format, ImportError, Importer, Item};

/// Reads a file whole and in slices, the first byte saying how long; writes each lease and reads it
/// again. `may_refuse` tells whether the lease may not be written for this reason.
pub fn round_trip(
    data: &[u8],
    importer: fn() -> Importer,
    formats: [Format; 2],
    may_refuse: impl Fn(&Lease, &ExportError) -> bool,
) {
    let Some((&cut, file)) = data.split_first() else { return };
    let whole = read(importer(), file, file.len().max(1));
    assert!(read(importer(), file, usize::from(cut).max(1)) == whole, "the way of cutting matters");
    for item in whole.into_iter().flatten() {
        let Item::Lease(lease) = item else { continue };
        for format in formats {
            let exporter = Exporter::new(format);
            let mut again = Vec::new();
            exporter.emit_heading(&mut again);
            match exporter.emit_lease(&lease, &mut again) {
                Ok(()) => {
                    assert!(read(importer(), &again, 100) == [Ok(Item::Lease(lease.clone()))], "{lease:?}");
                }
                Err(ExportError::Family { .. } | ExportError::NoClient { .. }) => {}
                Err(error) => assert!(may_refuse(&lease, &error), "{error}: {lease:?}"),
            }
        }
    }
}

fn read(mut importer: Importer, file: &[u8], step: usize) -> Vec<Result<Item, ImportError>> {
    let mut items = Vec::new();
    for mut slice in file.chunks(step) {
        while let Some(item) = importer.read(&mut slice) {
            items.push(item);
        }
        assert!(slice.is_empty());
    }
    items.extend(std::iter::from_fn(|| importer.finish()));
    items
}
