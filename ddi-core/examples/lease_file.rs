//! Turns a lease file of Kea's or dhcpd's into one of the other:
//! `lease_file kea|dhcpd kea4|kea6|dhcpd4|dhcpd6 < IN > OUT`. What was skipped goes to stderr, with lines.

use ddi_core::interchange::{Format, Importer, Item, Items, ReadError, export};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufWriter, Write, stdin, stdout};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "usage: lease_file kea|dhcpd kea4|kea6|dhcpd4|dhcpd6 < IN > OUT";
    let [from, to] = arguments.as_slice() else { return Err(usage.into()) };
    let importer = match from.as_str() {
        "kea" => Importer::kea_csv(0),
        "dhcpd" => Importer::dhcpd_leases(0),
        _ => return Err(usage.into()),
    };
    let format = match to.as_str() {
        "kea4" => Format::KeaCsv4,
        "kea6" => Format::KeaCsv6,
        "dhcpd4" => Format::DhcpdLeases4,
        "dhcpd6" => Format::DhcpdLeases6,
        _ => return Err(usage.into()),
    };
    let mut leases = BTreeMap::new(); // of several rows of a key, the last counts
    for item in Items::new(stdin().lock(), importer) {
        match item {
            Ok(Item::Lease(lease)) => drop(leases.insert(lease.key, lease)),
            Ok(Item::Removed(key)) => drop(leases.remove(&key)),
            Ok(other) => eprintln!("left out: {other:?}"),
            Err(ReadError::Import(error)) => eprintln!("skipped: {error}"),
            Err(error) => return Err(error.into()),
        }
    }
    let mut writer = BufWriter::new(stdout().lock());
    let exported = export(format, || leases.values().map(|lease| &**lease), &mut writer)?;
    writer.flush()?;
    eprintln!("{} leases in, {} out, {} name no client", leases.len(), exported.leases, exported.no_client);
    for error in &exported.errors {
        eprintln!("not written: {error}");
    }
    Ok(())
}
