//! An Ethernet frame made by hand, for a client that does not answer ARP yet (RFC 2131 section 4.1).

use std::net::SocketAddrV4;

const IPV4: u16 = 0x0800;
const UDP: u8 = 17;
const IP_HEADER: usize = 20;
const UDP_HEADER: usize = 8;

/// Writes the frame to `out`. `None` if the payload is too long for IPv4.
pub fn write(
    out: &mut Vec<u8>,
    hw_from: [u8; 6],
    hw_to: [u8; 6],
    from: SocketAddrV4,
    to: SocketAddrV4,
    payload: &[u8],
) -> Option<()> {
    let udp_len = u16::try_from(UDP_HEADER + payload.len()).ok()?;
    let ip_len = u16::try_from(IP_HEADER).ok()?.checked_add(udp_len)?;
    out.clear();
    out.extend_from_slice(&hw_to);
    out.extend_from_slice(&hw_from);
    out.extend_from_slice(&IPV4.to_be_bytes());
    let ip = out.len();
    // Version and header length, TOS, length, id, don't fragment, TTL, protocol.
    out.extend_from_slice(&[0x45, 0x10]);
    out.extend_from_slice(&ip_len.to_be_bytes());
    out.extend_from_slice(&[0, 0, 0x40, 0, 64, UDP, 0, 0]);
    out.extend_from_slice(&from.ip().octets());
    out.extend_from_slice(&to.ip().octets());
    let header_sum = checksum(&[&out[ip..]]);
    out[ip + 10..ip + 12].copy_from_slice(&header_sum.to_be_bytes());
    let udp = out.len();
    for half in [from.port(), to.port(), udp_len, 0] {
        out.extend_from_slice(&half.to_be_bytes());
    }
    out.extend_from_slice(payload);
    let pseudo = [&from.ip().octets()[..], &to.ip().octets(), &[0, UDP], &udp_len.to_be_bytes()].concat();
    // 0 would say that there is no checksum (RFC 768).
    let sum = Some(checksum(&[&pseudo, &out[udp..]])).filter(|sum| *sum != 0).unwrap_or(0xffff);
    out[udp + 6..udp + 8].copy_from_slice(&sum.to_be_bytes());
    Some(())
}

/// The internet checksum (RFC 1071) over parts of even length, the last of any.
pub fn checksum(parts: &[&[u8]]) -> u16 {
    let halves = parts.iter().flat_map(|part| part.chunks(2));
    let sum = halves.map(|half| u32::from(half[0]) << 8 | half.get(1).map_or(0, |low| u32::from(*low))).sum();
    let folded = |sum: u32| (sum >> 16) + (sum & 0xffff);
    !(folded(folded(sum)) as u16)
}
