//! The zone that ddi and its peers are measured with.

use ddi_dns::zone::Builder;
use ddi_dns::{NameRef, Rtype, Snapshot};
use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Names host-N, each with an A, every fourth with an AAAA, every tenth with a TXT; and for every tenth of
/// them a CNAME alias-N: 1.45 records a name.
#[derive(Clone, Copy, Debug)]
pub struct ReferenceZone {
    /// How many names have addresses.
    pub hosts: u32,
}

/// A record: its data as text, and as it is on the wire.
#[derive(Debug)]
pub struct Row {
    /// Owner's wire form.
    pub owner: Vec<u8>,
    /// Owner's first label.
    pub label: String,
    /// Type, by name.
    pub rtype: &'static str,
    /// Type's number.
    pub number: u16,
    /// Uncompressed data.
    pub rdata: Vec<u8>,
    /// Data as a zone file has it.
    pub text: String,
}

impl ReferenceZone {
    /// The one that the aims are set for.
    pub const FULL: Self = Self { hosts: 1_000_000 };
    /// The zone's name.
    pub const APEX: &'static str = "ref.example.";
    /// Its wire form.
    pub const APEX_WIRE: &'static [u8] = b"\x03ref\x07example\0";
    /// TTL of all, in seconds.
    pub const TTL: u32 = 3600;
    /// The SOA's serial.
    pub const SERIAL: u32 = 1;

    /// The SOA's data with a serial.
    #[must_use]
    pub fn soa(serial: u32) -> Vec<u8> {
        let mut rdata = b"\x03ns1\x03ref\x07example\0\x05admin\x03ref\x07example\0".to_vec();
        for number in [serial, 3600, 600, 604_800, 300] {
            rdata.extend_from_slice(&number.to_be_bytes());
        }
        rdata
    }

    /// All records, the SOA and the NS of the apex first, then name by name, not in canonical order.
    pub fn rows(self) -> impl Iterator<Item = Row> {
        let apex = |rtype, number, rdata, text: &str| Row {
            owner: Self::APEX_WIRE.to_vec(),
            label: "@".to_owned(),
            rtype,
            number,
            rdata,
            text: text.to_owned(),
        };
        let first = [
            apex("SOA", 6, Self::soa(Self::SERIAL), "ns1 admin 1 3600 600 604800 300"),
            apex("NS", 2, b"\x03ns1\x03ref\x07example\0".to_vec(), "ns1"),
        ];
        let ns = host("ns1".to_owned(), Ipv4Addr::new(192, 0, 2, 1));
        let hosts = (0..self.hosts).flat_map(rows_of);
        let aliases = (0..self.hosts / 10).map(|n| {
            let (label, target) = (format!("alias-{n}"), format!("host-{}", n * 10));
            let rdata = wire(&target);
            Row { owner: wire(&label), label, rtype: "CNAME", number: 5, rdata, text: target }
        });
        first.into_iter().chain([ns]).chain(hosts).chain(aliases)
    }

    /// Built in memory.
    ///
    /// # Panics
    /// Never: its rows are good.
    #[must_use]
    pub fn snapshot(self) -> Snapshot {
        let mut builder = Builder::new(name(Self::APEX_WIRE));
        for row in self.rows() {
            builder.push(name(&row.owner), Rtype(row.number), Self::TTL, &row.rdata).expect("fits");
        }
        builder.finish().expect("a zone")
    }

    /// The nth query message of a random mix: eight in ten for A, the others for AAAA, nine in a hundred for
    /// names that are not there.
    #[must_use]
    pub fn query(self, nth: u32) -> Vec<u8> {
        // A multiplier that visits the numbers in no order that a cache would like.
        let random = nth.wrapping_mul(2_654_435_761) >> 4;
        let label = format!("{}-{}", if random % 100 < 9 { "miss" } else { "host" }, random % self.hosts);
        let rtype = if random / 100 % 10 < 8 { 1 } else { 28 };
        let mut bytes = vec![0x30, 0x77, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, label.len() as u8];
        bytes.extend_from_slice(label.as_bytes());
        bytes.extend_from_slice(Self::APEX_WIRE);
        bytes.extend_from_slice(&[0, rtype, 0, 1]);
        bytes
    }

    /// Writes it as a zone file.
    pub fn write_text(self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "$ORIGIN {}\n$TTL {}", Self::APEX, Self::TTL)?;
        for row in self.rows() {
            writeln!(out, "{} {} IN {} {}", row.label, Self::TTL, row.rtype, row.text)?;
        }
        Ok(())
    }
}

fn name(wire: &[u8]) -> NameRef<'_> {
    NameRef::new(wire).expect("a name")
}

fn wire(label: &str) -> Vec<u8> {
    [&[label.len() as u8], label.as_bytes(), ReferenceZone::APEX_WIRE].concat()
}

fn host(label: String, address: Ipv4Addr) -> Row {
    let (rdata, text) = (address.octets().to_vec(), address.to_string());
    Row { owner: wire(&label), label, rtype: "A", number: 1, rdata, text }
}

fn rows_of(n: u32) -> impl Iterator<Item = Row> {
    let label = format!("host-{n}");
    let row = |rtype, number, rdata, text| Row {
        owner: wire(&label),
        label: label.clone(),
        rtype,
        number,
        rdata,
        text,
    };
    let six = Ipv6Addr::from((0x2001_0db8 << 96) + u128::from(n));
    let aaaa = n.is_multiple_of(4).then(|| row("AAAA", 28, six.octets().to_vec(), six.to_string()));
    let note = format!("id={n}");
    let txt = n.is_multiple_of(10).then(|| {
        let rdata = [&[note.len() as u8], note.as_bytes()].concat();
        row("TXT", 16, rdata, format!("\"{note}\""))
    });
    let a = host(label.clone(), Ipv4Addr::from(0x0a00_0000 + n));
    [Some(a), aaaa, txt].into_iter().flatten()
}
