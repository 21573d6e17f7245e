//! Writing lease files: leases in, bytes out.

use super::dhcpd_leases;
use super::error::ExportError;
use super::import::FailoverState;
use super::kea_csv::{self, Family};
use crate::lease::Lease;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// What to write. Both servers keep v4 and v6 in files of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Format {
    /// Kea's lease CSV for DHCPv4, schema 2.1 (Kea 2.2; later ones load it too).
    KeaCsv4,
    /// Kea's lease CSV for DHCPv6, schema 4.0.
    KeaCsv6,
    /// dhcpd.leases of `dhcpd -4`.
    DhcpdLeases4,
    /// dhcpd.leases of `dhcpd -6`.
    DhcpdLeases6,
}

/// Writes one lease file, piece by piece. It holds nothing: every call appends to the caller's buffer,
/// and appends nothing if it fails.
#[derive(Clone, Copy, Debug)]
pub struct Exporter {
    format: Format,
}

impl Exporter {
    /// An exporter of this format.
    #[must_use]
    pub const fn new(format: Format) -> Self {
        Self { format }
    }

    /// Appends what the file begins with.
    pub fn emit_heading(&self, out: &mut Vec<u8>) {
        match self.format {
            Format::KeaCsv4 => kea_csv::emit_header(Family::V4, out),
            Format::KeaCsv6 => kea_csv::emit_header(Family::V6, out),
            Format::DhcpdLeases4 | Format::DhcpdLeases6 => dhcpd_leases::emit_heading(out),
        }
    }

    /// Appends a lease. What is appended was read back and is the lease, whole.
    ///
    /// In [`Format::DhcpdLeases6`] a later stanza of an identity association replaces an earlier one:
    /// use [`Exporter::emit_association`], unless this is the only lease of its association.
    pub fn emit_lease(&self, lease: &Lease, out: &mut Vec<u8>) -> Result<(), ExportError> {
        match self.format {
            Format::KeaCsv4 => kea_csv::emit_lease(Family::V4, lease, out),
            Format::KeaCsv6 => kea_csv::emit_lease(Family::V6, lease, out),
            Format::DhcpdLeases4 => dhcpd_leases::emit_lease_v4(lease, out),
            Format::DhcpdLeases6 => dhcpd_leases::emit_association(&[lease], out),
        }
    }

    /// Appends all leases of one identity association: same DUID, IAID and kind (IA_NA, IA_TA, IA_PD).
    /// Other formats than [`Format::DhcpdLeases6`] take any leases.
    pub fn emit_association(&self, leases: &[&Lease], out: &mut Vec<u8>) -> Result<(), ExportError> {
        if self.format == Format::DhcpdLeases6 {
            return dhcpd_leases::emit_association(leases, out);
        }
        let start = out.len();
        for lease in leases {
            if let Err(error) = self.emit_lease(lease, out) {
                out.truncate(start);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Appends the server's own DUID; nothing in Kea's formats, which have no place for it.
    pub fn emit_server_duid(&self, duid: &[u8], out: &mut Vec<u8>) {
        if matches!(self.format, Format::DhcpdLeases4 | Format::DhcpdLeases6) {
            dhcpd_leases::emit_server_duid(duid, out);
        }
    }

    /// Appends what dhcpd is to remember of a failover relationship; nothing in other formats than
    /// [`Format::DhcpdLeases4`]. dhcpd takes the stanza only if its configuration has that relationship,
    /// and `mclt` only as secondary.
    pub fn emit_failover(&self, state: &FailoverState, out: &mut Vec<u8>) {
        if self.format == Format::DhcpdLeases4 {
            dhcpd_leases::emit_failover(state, out);
        }
    }
}

/// What [`export`] did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Exported {
    /// Leases written.
    pub leases: u64,
    /// Leases of the other IP version, which belong in another file.
    pub other_family: u64,
    /// Leases without a client, which the format has no place for and which nobody has.
    pub no_client: u64,
    /// Leases that could not be expressed: how many, and the first [`ERRORS_MAX`] of them.
    pub failed: u64,
    /// Why, for the first of them.
    pub errors: Vec<ExportError>,
}

/// The most errors that [`Exported`] holds.
pub const ERRORS_MAX: usize = 100;

/// Bytes that are gathered before they are written.
const CHUNK: usize = 64 << 10;

/// Writes a whole lease file from leases in any order, each key at most once. `leases` is called once,
/// or twice for [`Format::DhcpdLeases6`]: then the first walk finds the identity associations that have
/// several leases (a few bytes for each association), and only those leases are held.
///
/// ```
/// use ddi_core::interchange::{Format, export};
/// use ddi_core::{BindingState, HwAddr, Lease, LeaseKey, UnixTime};
/// let mut lease = Lease::new(LeaseKey::v4([10, 0, 0, 1].into()));
/// lease.state = BindingState::Active;
/// lease.hw_addr = HwAddr::new(1, &[2, 0, 0, 0, 0, 1]).unwrap();
/// lease.expiration_time = UnixTime(1_795_347_982);
/// let mut file = Vec::new();
/// let exported = export(Format::DhcpdLeases4, || [&lease].into_iter(), &mut file).unwrap();
/// assert_eq!(exported.leases, 1);
/// assert!(String::from_utf8(file).unwrap().contains("ends 0 2026/11/22 11:46:22;"));
/// ```
pub fn export<L, I>(format: Format, leases: impl Fn() -> I, writer: &mut impl Write) -> io::Result<Exported>
where
    L: std::borrow::Borrow<Lease>,
    I: Iterator<Item = L>,
{
    let exporter = Exporter::new(format);
    let mut file = File { out: Vec::new(), exported: Exported::default(), writer };
    exporter.emit_heading(&mut file.out);
    let shared = if format == Format::DhcpdLeases6 { shared_associations(leases()) } else { BTreeSet::new() };
    let mut gathered: BTreeMap<Association, Vec<Lease>> = BTreeMap::new();
    for lease in leases() {
        let lease = lease.borrow();
        if !shared.is_empty() && shared.contains(&sum(&association(lease))) {
            gathered.entry(association(lease)).or_default().push(lease.clone());
            continue;
        }
        let result = exporter.emit_lease(lease, &mut file.out);
        file.count(1, result)?;
    }
    for leases in gathered.values() {
        let leases: Vec<&Lease> = leases.iter().collect();
        let result = exporter.emit_association(&leases, &mut file.out);
        file.count(leases.len() as u64, result)?;
    }
    file.write()?;
    Ok(file.exported)
}

/// Kind, IAID and DUID.
type Association = (dhcpd_leases::Kind, u32, Vec<u8>);

fn association(lease: &Lease) -> Association {
    (dhcpd_leases::kind(lease), lease.iaid, lease.duid.clone())
}

/// Two associations with the same sum are only taken for shared ones, which costs memory, no more.
fn sum((kind, iaid, duid): &Association) -> u32 {
    let sum = crc32c::crc32c_append(*kind as u32, &iaid.to_be_bytes());
    crc32c::crc32c_append(sum, duid)
}

/// The sums of the associations that have several leases.
fn shared_associations<L: std::borrow::Borrow<Lease>>(leases: impl Iterator<Item = L>) -> BTreeSet<u32> {
    let mut seen = BTreeSet::new();
    leases.map(|lease| sum(&association(lease.borrow()))).filter(|sum| !seen.insert(*sum)).collect()
}

/// The file that is being written, and the account of it.
struct File<'a, W> {
    out: Vec<u8>,
    exported: Exported,
    writer: &'a mut W,
}

impl<W: Write> File<'_, W> {
    fn count(&mut self, leases: u64, result: Result<(), ExportError>) -> io::Result<()> {
        let account = &mut self.exported;
        match result {
            Ok(()) => account.leases += leases,
            Err(ExportError::Family { .. }) => account.other_family += leases,
            Err(ExportError::NoClient { .. }) => account.no_client += leases,
            Err(error) => {
                account.failed += leases;
                if account.errors.len() < ERRORS_MAX {
                    account.errors.push(error);
                }
            }
        }
        if self.out.len() >= CHUNK { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> io::Result<()> {
        self.writer.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }
}
