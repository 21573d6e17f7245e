//! Ports for servers that a test starts, and that can't be told to take one that the system picks. The tests of
//! all crates include this file.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};

/// The lowest that is given.
const LOWEST: u32 = 10_000;
/// Tests in processes with neighbouring numbers begin so far apart.
const APART: u32 = 97;

/// Another port each time, free for UDP and TCP at 127.0.0.1. Between now and the server's start nobody gets it
/// who lets the system pick a port, as each client does: it is not among those that the system picks from.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let many = lowest_picked().saturating_sub(LOWEST).max(1000);
    let first = std::process::id().wrapping_mul(APART) % many;
    for _ in 0..many {
        let nth = first.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(LOWEST + nth % many).unwrap();
        let at = (Ipv4Addr::LOCALHOST, port);
        if UdpSocket::bind(at).is_ok() && TcpListener::bind(at).is_ok() {
            return port;
        }
    }
    panic!("no port is free for UDP and TCP");
}

/// The first of those that the system picks from.
fn lowest_picked() -> u32 {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    range.split_whitespace().next().and_then(|low| low.parse().ok()).unwrap_or(32_768)
}
