//! Lease files of Kea and ISC dhcpd, to move to this library and back. What each field becomes is in the Rust
//! documentation of ddi_core::interchange.

use crate::db_error::io_failure;
use crate::guard;
use crate::handle::Failure;
use crate::lease_db::{Db, ddi_lease_db};
use crate::sized::{Growing, OutSized};
use crate::slice;
use crate::status::{DDI_E_MALFORMED, DDI_OK, ddi_status};
use ddi_core::interchange::{self, BadRows, Format, Importer, Items};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Kea's lease CSV for DHCPv4 (schema 2.1).
pub const DDI_LEASE_FILE_KEA4: u32 = 1;
/// Kea's lease CSV for DHCPv6 (schema 4.0).
pub const DDI_LEASE_FILE_KEA6: u32 = 2;
/// dhcpd.leases of `dhcpd -4`.
pub const DDI_LEASE_FILE_DHCPD4: u32 = 3;
/// dhcpd.leases of `dhcpd -6`.
pub const DDI_LEASE_FILE_DHCPD6: u32 = 4;

/// What an import or an export has done.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_lease_file_counts {
    /// sizeof(ddi_lease_file_counts)
    pub struct_size: u32,
    /// Zero.
    pub pad: u32,
    /// Leases read or written.
    pub leases: u64,
    /// Import: leases that the file says are gone.
    pub removed: u64,
    /// Import: statements about something else. Export: leases of the other IP version, or without a client.
    pub other: u64,
    /// What was wrong or could not be expressed; the log sink heard why of the first hundred.
    pub skipped: u64,
}

// SAFETY: starts with struct_size; integers.
unsafe impl Growing for ddi_lease_file_counts {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_lease_file_counts";
}

/// Leases that are put between two commits.
const BATCH: usize = 1000;

/// Puts the leases of a file into the database, whatever it has under their keys, and commits. `format` is
/// `DDI_LEASE_FILE_...` (Kea's header and dhcpd's stanzas tell the IP version). Leases go to address space `space`.
/// `skip_bad` 1 counts what is wrong and goes on; 0 stops there, and what came before stays. Set
/// `counts->struct_size` before.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_IO`, `DDI_E_MALFORMED` (with the line), `DDI_E_BATCH_OUT`,
/// `DDI_E_STOPPED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_import(
    db: *mut ddi_lease_db,
    path: *const u8,
    path_len: usize,
    format: u32,
    space: u32,
    skip_bad: u32,
    counts: *mut ddi_lease_file_counts,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let (path, out) = (slice::bytes(path, path_len, "path")?, OutSized::new(counts)?);
            let importer = match to_format(format)? {
                Format::KeaCsv4 | Format::KeaCsv6 => Importer::kea_csv(space),
                _ => Importer::dhcpd_leases(space),
            };
            let bad_rows = if slice::flag(skip_bad, "skip_bad")? { BadRows::Skip } else { BadRows::Stop };
            out.set(&import(db, Path::new(OsStr::from_bytes(path)), importer, bad_rows)?);
            Ok(DDI_OK)
        })
    }
}

fn import(
    db: &mut Db,
    path: &Path,
    importer: Importer,
    bad_rows: BadRows,
) -> Result<ddi_lease_file_counts, Failure> {
    let file = File::open(path).map_err(io_failure(&path.to_string_lossy()))?;
    let mut items = Items::new(BufReader::new(file), importer);
    let mut imported = interchange::Imported::default();
    loop {
        let is_more = interchange::import(&mut items, &mut db.db, BATCH, bad_rows, &mut imported);
        db.db.commit()?;
        if !is_more? {
            break;
        }
    }
    for skipped in &imported.errors {
        guard::report(&Failure::new(DDI_E_MALFORMED, format!("{}: {skipped}", path.display())));
    }
    Ok(ddi_lease_file_counts {
        struct_size: size_of::<ddi_lease_file_counts>() as u32,
        pad: 0,
        leases: imported.leases,
        removed: imported.removed,
        other: imported.other,
        skipped: imported.skipped,
    })
}

/// Writes all leases to a file, durable or not, in `format`. It is written beside, as `path` with `.new` at its
/// end, synced and renamed, durably. Set `counts->struct_size` before.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_IO`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_export(
    db: *mut ddi_lease_db,
    path: *const u8,
    path_len: usize,
    format: u32,
    counts: *mut ddi_lease_file_counts,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let (path, out) = (slice::bytes(path, path_len, "path")?, OutSized::new(counts)?);
            out.set(&export(db, Path::new(OsStr::from_bytes(path)), to_format(format)?)?);
            Ok(DDI_OK)
        })
    }
}

fn export(db: &Db, path: &Path, format: Format) -> Result<ddi_lease_file_counts, Failure> {
    let snapshot = db.db.snapshot();
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let write = || {
        let mut file = BufWriter::new(File::create(&beside)?);
        let exported = interchange::export(format, || snapshot.leases(), &mut file)?;
        file.flush()?;
        file.get_ref().sync_all()?;
        std::fs::rename(&beside, path)?;
        // A crash may take a new name back as long as its directory is not synced.
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(exported)
    };
    let exported = write().map_err(io_failure(&path.to_string_lossy()))?;
    for error in &exported.errors {
        guard::report(&Failure::new(DDI_E_MALFORMED, format!("{}: {error}", path.display())));
    }
    Ok(ddi_lease_file_counts {
        struct_size: size_of::<ddi_lease_file_counts>() as u32,
        pad: 0,
        leases: exported.leases,
        removed: 0,
        other: exported.other_family + exported.no_client,
        skipped: exported.failed,
    })
}

fn to_format(number: u32) -> Result<Format, Failure> {
    Ok(match number {
        DDI_LEASE_FILE_KEA4 => Format::KeaCsv4,
        DDI_LEASE_FILE_KEA6 => Format::KeaCsv6,
        DDI_LEASE_FILE_DHCPD4 => Format::DhcpdLeases4,
        DDI_LEASE_FILE_DHCPD6 => Format::DhcpdLeases6,
        other => return Err(Failure::argument(format!("format {other} is none of 1 to 4"))),
    })
}
