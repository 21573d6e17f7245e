use ddi_core::interchange::{ExportError, Exporter, Format, ImportError, Importer, Item};

/// A file of Kea's. The first byte says how it is cut into slices.
pub fn kea_csv(data: &[u8]) {
    let Some((&cut, file)) = data.split_first() else { return };
    let whole = read(file, file.len().max(1));
    assert!(read(file, usize::from(cut).max(1)) == whole, "the way of cutting matters");
    for item in whole.into_iter().flatten() {
        let Item::Lease(lease) = item else { continue };
        for format in [Format::KeaCsv4, Format::KeaCsv6] {
            let exporter = Exporter::new(format);
            let mut again = Vec::new();
            exporter.emit_heading(&mut again);
            match exporter.emit_lease(&lease, &mut again) {
                Ok(()) => assert!(read(&again, 100) == [Ok(Item::Lease(lease.clone()))], "{lease:?}"),
                Err(ExportError::Family { .. } | ExportError::NoClient { .. }) => {}
                // Kea takes no such client id or DUID, but a file may have it.
                Err(ExportError::NotExpressible { why, .. }) if why.contains("takes no") => {}
                Err(error) => panic!("{error}: {lease:?}"),
            }
        }
    }
}

fn read(file: &[u8], step: usize) -> Vec<Result<Item, ImportError>> {
    let mut importer = Importer::kea_csv(0);
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
