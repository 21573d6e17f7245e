//! The same leases for everybody.

use std::path::PathBuf;

pub const HW_ADDR_LEN: usize = 6;
pub const CLIENT_ID_LEN: usize = 7;
pub const HOSTNAME_LEN: usize = 12;

/// One lease as a DHCP server would store it.
#[derive(Clone, Copy)]
pub struct Row {
    pub address: u32,
    pub hw_addr: [u8; HW_ADDR_LEN],
    pub client_id: [u8; CLIENT_ID_LEN],
    pub hostname: [u8; HOSTNAME_LEN],
    pub start: u64,
    pub expires: u64,
}

/// Bytes of [`Row::value`].
pub const VALUE_LEN: usize = 1 + HW_ADDR_LEN + CLIENT_ID_LEN + HOSTNAME_LEN + 8 + 8;

impl Row {
    /// The `n`-th lease of 2^24: addresses in 10.0.0.0/8 in an order without a pattern.
    pub fn new(n: u32, start: u64) -> Self {
        let scattered = scatter(n & 0x00ff_ffff);
        let mut hw_addr = [0x02, 0, 0, 0, 0, 0];
        hw_addr[2..].copy_from_slice(&scattered.to_be_bytes());
        let mut client_id = [1; CLIENT_ID_LEN];
        client_id[1..].copy_from_slice(&hw_addr);
        let mut hostname = [b'h'; HOSTNAME_LEN];
        hostname[4..].copy_from_slice(format!("{scattered:08x}").as_bytes());
        let address = u32::from(std::net::Ipv4Addr::new(10, 0, 0, 0)) | scatter(scattered ^ 0x5a_5a5a);
        Self { address, hw_addr, client_id, hostname, start, expires: start + 4000 }
    }

    /// Everything but the address, for stores of keys and values.
    pub fn value(&self) -> [u8; VALUE_LEN] {
        let mut value = [0; VALUE_LEN];
        let mut rest = &mut value[..];
        let parts: [&[u8]; 6] = [
            &[2],
            &self.hw_addr,
            &self.client_id,
            &self.hostname,
            &self.start.to_be_bytes(),
            &self.expires.to_be_bytes(),
        ];
        for part in parts {
            let (head, tail) = rest.split_at_mut(part.len());
            head.copy_from_slice(part);
            rest = tail;
        }
        value
    }

    /// The key of the client's index: client_id, then address, so that one client may have several.
    pub fn client_key(&self) -> [u8; CLIENT_ID_LEN + 4] {
        let mut key = [0; CLIENT_ID_LEN + 4];
        key[..CLIENT_ID_LEN].copy_from_slice(&self.client_id);
        key[CLIENT_ID_LEN..].copy_from_slice(&self.address.to_be_bytes());
        key
    }
}

/// A permutation of 24-bit numbers: odd multipliers and shifts can be undone.
fn scatter(n: u32) -> u32 {
    let mut x = n.wrapping_mul(0x9e_3779) & 0x00ff_ffff;
    x ^= x >> 11;
    x = x.wrapping_mul(0xc2_b2ae | 1) & 0x00ff_ffff;
    x ^ (x >> 13)
}

/// An empty folder for `name`, on the disk that this program was built on.
pub fn fresh_folder(name: &str) -> std::io::Result<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target").join("data").join(name);
    if path.exists() {
        std::fs::remove_dir_all(&path)?;
    }
    std::fs::create_dir_all(&path)?;
    Ok(path)
}
