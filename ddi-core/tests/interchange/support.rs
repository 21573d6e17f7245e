//! What the interchange tests share: vectors, imports as maps, and a source of odd leases.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use ddi_core::interchange::{Importer, Item, Items, ReadError};
use ddi_core::{Lease, LeaseKey};
use std::collections::BTreeMap;
use std::io::{BufReader, Read};
use std::path::PathBuf;

/// The bytes of a vector, uncompressed. A missing one is a failure.
pub(crate) fn vector(name: &str) -> Vec<u8> {
    let root = std::env::var_os("DDI_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"),
        PathBuf::from,
    );
    let path = root.join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    if path.extension().is_some_and(|e| e == "gz") {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).unwrap();
        return plain;
    }
    bytes
}

/// What a file said, in the end.
#[derive(Default)]
pub(crate) struct Import {
    /// Leases and removals.
    pub(crate) rows: usize,
    pub(crate) leases: BTreeMap<LeaseKey, Lease>,
    pub(crate) others: Vec<Item>,
    pub(crate) errors: Vec<ReadError>,
}

impl Import {
    pub(crate) fn lease(&self, key: LeaseKey) -> &Lease {
        self.leases.get(&key).unwrap_or_else(|| panic!("no lease {key:?}"))
    }
}

/// Imports bytes through a small buffer, so that lines and stanzas are torn in every way.
pub(crate) fn import_bytes(bytes: &[u8], importer: Importer) -> Import {
    let mut import = Import::default();
    for item in Items::new(BufReader::with_capacity(97, bytes), importer) {
        match item {
            Ok(Item::Lease(lease)) => {
                import.rows += 1;
                import.leases.insert(lease.key, *lease);
            }
            Ok(Item::Removed(key)) => {
                import.rows += 1;
                import.leases.remove(&key);
            }
            Ok(other) => import.others.push(other),
            Err(error) => import.errors.push(error),
        }
    }
    import
}

pub(crate) fn import_vector(name: &str, importer: Importer) -> Import {
    import_bytes(&vector(name), importer)
}
