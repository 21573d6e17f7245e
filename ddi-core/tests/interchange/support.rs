//! What the interchange tests share: vectors, imports as maps, and a source of odd leases.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use ddi_core::interchange::{Importer, Item, Items, ReadError};
use ddi_core::lease::PotentialExpiration;
use ddi_core::{BindingState, HwAddr, Lease, LeaseAddr, LeaseKey, Origin, UnixTime};
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

/// A seeded source of numbers (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 16) % end
    }

    pub(crate) fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len() as u64) as usize]
    }

    /// Up to `max` bytes of one of several tempers: any bytes, text, or what means something to a
    /// lease file's reader.
    pub(crate) fn bytes(&mut self, max: usize) -> Vec<u8> {
        let len = match self.below(4) {
            0 => 0,
            1 => self.below(max as u64 + 1),
            _ => self.below(max.min(20) as u64 + 1),
        } as usize;
        let temper = self.below(3);
        let mut bytes = Vec::new();
        while bytes.len() < len {
            match temper {
                0 => bytes.push(self.next() as u8),
                1 => bytes.push(b'a' + self.below(26) as u8),
                _ => bytes.extend_from_slice(self.pick(&[
                    &b","[..],
                    b"\n",
                    b"\r",
                    b"\"",
                    b"\\",
                    b"\0",
                    b"&#x0a",
                    b"&",
                    b"#",
                    b"{",
                    b"}",
                    b";",
                    b"\xff",
                    b"\x7f",
                    b"lease 10.0.0.1 {\n",
                    b"A",
                    b".",
                    b"'",
                    b"\\n",
                    b"\\012",
                    b" ",
                    b"\t",
                    b"\xc3\xa9",
                    b"x1",
                    b"ia-na \"x\" {",
                    b"10.0.0.1,,,1,1,1,0,0,,0,\n",
                    b"}\nlease 10.0.0.2 {",
                ])),
            }
        }
        bytes.truncate(len);
        bytes
    }

    fn time(&mut self) -> UnixTime {
        match self.below(8) {
            0 => UnixTime::UNSET,
            1 => UnixTime::NEVER,
            2 => UnixTime(self.below(100)),
            3 => UnixTime(2_145_916_800 - 3 + self.below(6)),
            4 => UnixTime(self.next() >> self.below(40)),
            _ => UnixTime(1_700_000_000 + self.below(100_000)),
        }
    }

    fn user(&mut self) -> Vec<u8> {
        match self.below(6) {
            0 => self.bytes(3000),
            1 => b"ddi-kept 1\nkea.pool-id 7\nkea.user-context { \"a\": [ 1, \"\\u00e9\\n\" ] }\n".to_vec(),
            2 => b"ddi-kept 1\ndhcpd.next-state expired\ndhcpd.statement set a = \"b\" ;\n".to_vec(),
            3 => {
                // Lines that look as if they were kept, with anything in them.
                let mut user = b"ddi-kept 1\n".to_vec();
                for _ in 0..=self.below(3) {
                    user.extend_from_slice(self.pick(&[
                        &b"dhcpd.statement "[..],
                        b"dhcpd.next-state ",
                        b"dhcpd.max-life ",
                        b"kea.user-context ",
                        b"kea.state ",
                        b"kea.hwaddr-source ",
                        b"dhcpd.statement set ddi-user = ",
                        b"dhcpd.statement set ddns-rev-name = ",
                        b"ia-type ",
                    ]));
                    user.extend(self.bytes(40));
                    user.push(b'\n');
                }
                user
            }
            _ => Vec::new(),
        }
    }

    fn relay_agent_info(&mut self) -> Vec<u8> {
        let mut option = Vec::new();
        for _ in 0..self.below(4) {
            let value = self.bytes(60);
            option.extend([
                self.pick(&[&1_u8, &2, &3, &4, &5, &9, &12, &19, &151, &0, &255]).to_owned(),
                value.len() as u8,
            ]);
            option.extend(value);
        }
        if self.chance(10) { self.bytes(300) } else { option }
    }

    /// A lease with anything in it.
    pub(crate) fn lease(&mut self, key: LeaseKey) -> Lease {
        let mut lease = Lease::new(key);
        let is_v4 = key.as_v4().is_some();
        let state = |random: &mut Self| BindingState::ALL[random.below(9) as usize];
        lease.state = if self.chance(2) { BindingState::Active } else { state(self) };
        lease.rewind_state = self.chance(4).then(|| state(self));
        let htype = self.pick(&[&1_u16, &1, &1, &6, &32, &0, &300]).to_owned();
        let hw_addr = self.bytes(HwAddr::MAX_LEN);
        lease.hw_addr = HwAddr::new(htype, &hw_addr).unwrap();
        if is_v4 || self.chance(20) {
            lease.client_id = self.bytes(255);
        }
        if !is_v4 || self.chance(20) {
            lease.duid = self.bytes(130);
            lease.iaid = self.next() as u32;
        }
        lease.start_time_of_state = self.time();
        lease.client_last_transaction_time = self.time();
        lease.expiration_time = self.time();
        lease.preferred_time = self.time();
        if self.chance(3) {
            lease.potential_expiration_time =
                PotentialExpiration { sent: self.time(), acked: self.time(), received: self.time() };
        }
        lease.subnet_id = if self.chance(2) { self.below(1000) as u32 } else { self.next() as u32 };
        lease.hostname = self.bytes(255);
        lease.ddns.forward = self.chance(3);
        lease.ddns.reverse = self.chance(3);
        lease.ddns.by_client = self.chance(6);
        lease.ddns.fqdn = if self.chance(2) { self.bytes(255) } else { lease.hostname.clone() };
        lease.relay_agent_info = if self.chance(2) { self.relay_agent_info() } else { Vec::new() };
        lease.user = self.user();
        lease.reserved = self.chance(6);
        lease.bootp = self.chance(6);
        lease.origin = if self.chance(4) { Origin::Partner(self.below(3) as u16) } else { Origin::Local };
        lease
    }

    /// One of a few keys of either IP version.
    pub(crate) fn key(&mut self, is_v4: bool) -> LeaseKey {
        let low = self.below(1 << 16);
        let addr = match (is_v4, self.below(3)) {
            (true, _) => LeaseAddr::V4((0x0a00_0000 + low as u32).into()),
            (false, 0) => LeaseAddr::Prefix((0x2001_0db8_u128 << 96 | u128::from(low) << 72).into(), 56),
            (false, _) => LeaseAddr::V6((0x2001_0db8_u128 << 96 | u128::from(low)).into()),
        };
        LeaseKey { space: 0, addr }
    }
}
