//! A temporary directory with the configurations of two nodes, removed at the end.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::{fs, io};

/// Where the two nodes are. The first is the primary, of failover and of the zones.
pub const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 0, 2)];
pub const FORWARD: &str = "example.com";
pub const REVERSE: &str = "10.in-addr.arpa";
/// How much longer than its partner knows a server may promise an address; also what a server waits that
/// comes back after its partner took over.
pub const MCLT_SECONDS: u32 = 15;

/// Room for all clients at either node, and so little more that the pool is out of balance when one of them
/// was alone for a while.
const POOL: &str = "10.1.0.0-10.1.159.255";

pub struct Home(PathBuf);

impl Home {
    pub fn new() -> io::Result<Self> {
        let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.subsec_nanos());
        let home = Self(std::env::temp_dir().join(format!("ddi-demo-{}-{nanos}", std::process::id())));
        fs::create_dir(&home.0)?;
        let ports = [free_port(0)?, free_port(1)?];
        let dns = [free_port(0)?, free_port(1)?];
        for zone in [FORWARD, REVERSE] {
            let text = format!(
                "$TTL 300\n@ SOA ns.{FORWARD}. hostmaster.{FORWARD}. 1 3600 600 864000 60\n@ NS ns.{FORWARD}.\n"
            );
            let ns = if zone == FORWARD { format!("ns A {}\n", ADDRESSES[0]) } else { String::new() };
            fs::write(home.0.join(format!("{zone}.zone")), text + &ns)?;
        }
        for nth in 0..2 {
            fs::write(home.config(nth), config(nth, ports, dns))?;
        }
        Ok(home)
    }

    pub fn config(&self, nth: usize) -> PathBuf {
        self.0.join(format!("node{nth}.toml"))
    }

    pub fn log(&self, nth: usize) -> PathBuf {
        self.0.join(format!("node{nth}.log"))
    }

    /// Where this node has its leases.
    pub fn data_dir(&self, nth: usize) -> PathBuf {
        self.0.join(format!("node{nth}"))
    }

    /// A place that is not there yet.
    pub fn scratch(&self) -> PathBuf {
        self.0.join("scratch")
    }

    /// Where a zone of this node is exported to.
    pub fn export(&self, nth: usize, zone: &str) -> PathBuf {
        self.0.join(format!("{zone}.node{nth}"))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A port that is free on the node's address, for what the other one has to know beforehand.
fn free_port(nth: usize) -> io::Result<u16> {
    Ok(TcpListener::bind((ADDRESSES[nth], 0))?.local_addr()?.port())
}

fn config(nth: usize, failover: [u16; 2], dns: [u16; 2]) -> String {
    let (own, other) = (ADDRESSES[nth], ADDRESSES[1 - nth]);
    let role = ["primary", "secondary"][nth];
    let mut text = format!(
        "data_dir = \"node{nth}\"\n\
         [dhcp4]\n\
         listen = \"{own}:0\"\n\
         server_id = \"{own}\"\n\
         cache_threshold_percent = 0\n\
         [[dhcp4.subnet]]\n\
         prefix = \"10.0.0.0/8\"\n\
         relays = [\"127.0.0.1\"]\n\
         pools = [\"{POOL}\"]\n\
         lease_seconds = 86400\n\
         options = {{ routers = [\"10.0.0.1\"], dns_servers = [\"10.0.0.53\"] }}\n\
         ddns = {{ forward = \"{FORWARD}\", reverse = \"{REVERSE}\" }}\n\
         [[failover]]\n\
         name = \"demo\"\n\
         role = \"{role}\"\n\
         listen = \"{own}:{}\"\n\
         partner = \"{other}:{}\"\n\
         mclt_seconds = {MCLT_SECONDS}\n\
         max_unacked = 1000\n\
         pools = [\"{POOL}\"]\n\
         [dns]\n\
         listen = \"{own}:{}\"\n",
        failover[nth],
        failover[1 - nth],
        dns[nth],
    );
    for zone in [FORWARD, REVERSE] {
        text += &format!("[[zone]]\nname = \"{zone}\"\nrole = \"{role}\"\n");
        text += &match nth {
            0 => format!("file = \"{zone}.zone\"\nnotify = [\"{other}:{}\"]\n", dns[1]),
            _ => format!("primaries = [\"{other}:{}\"]\n", dns[0]),
        };
        text += "allow_transfer = [\"127.0.0.0/8\"]\n";
    }
    text
}
