//! Reads capture files down to UDP payloads: pcap, pcapng, and frames written in hex.

use std::path::{Path, PathBuf};

/// What a frame of a capture is to us.
#[derive(Debug)]
pub(crate) enum Frame {
    /// UDP over IPv4 from or to port 67 or 68.
    Dhcp4(Vec<u8>),
    /// UDP from or to port 546 or 547.
    Dhcp6,
    /// Anything else.
    Other,
}

/// A file of vectors.
pub(crate) struct Capture {
    /// Path under the folder of vectors.
    pub(crate) name: String,
    pub(crate) frames: Vec<Frame>,
}

/// The folder of DHCP vectors; the test fails without it.
pub(crate) fn folder() -> PathBuf {
    let root = std::env::var_os("DDI_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"), PathBuf::from);
    let folder = root.join("dhcp");
    assert!(folder.is_dir(), "no vectors in {}: set DDI_VECTORS", folder.display());
    folder
}

/// All files of the folder, by name.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for sub in std::fs::read_dir(folder).unwrap() {
        let sub = sub.unwrap();
        for file in std::fs::read_dir(sub.path()).unwrap() {
            let folder = sub.file_name().into_string().unwrap();
            names.push(format!("{folder}/{}", file.unwrap().file_name().into_string().unwrap()));
        }
    }
    names.sort();
    names
}

/// `None` if the file is no capture (decodes, licences, scripts, lists).
pub(crate) fn read(folder: &Path, name: &str) -> Option<Capture> {
    let bytes = std::fs::read(folder.join(name)).unwrap();
    let extension = name.rsplit('.').next().unwrap();
    let frames = match extension {
        "pcap" | "pcapng" => frames_of(&bytes),
        "dat" => vec![ethernet(&hex(&bytes))],
        // Starts with Linux's cooked header, or is a payload behind one byte of the fuzzer.
        "pkt4" if name.contains("payload-only") => vec![Frame::Dhcp4(hex(&bytes)[1..].to_vec())],
        "pkt4" => vec![cooked(&hex(&bytes))],
        "pkt6" => vec![Frame::Dhcp6],
        "hex" if name.contains('6') || name.contains("solicit") => vec![Frame::Dhcp6],
        "hex" => vec![Frame::Dhcp4(hex(&bytes))],
        "out" | "LICENSE" | "py" | "txt" => return None,
        _ => match name {
            "tcpdump/LICENSE" => return None,
            _ => panic!("{name}: an unknown kind of file: teach the test to read it"),
        },
    };
    Some(Capture { name: name.into(), frames })
}

fn hex(text: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = text.iter().filter_map(|&b| char::from(b).to_digit(16)).map(|d| d as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn frames_of(bytes: &[u8]) -> Vec<Frame> {
    match bytes[..4] {
        [0xd4, 0xc3, 0xb2, 0xa1] | [0x4d, 0x3c, 0xb2, 0xa1] => pcap(bytes, u32::from_le_bytes),
        [0xa1, 0xb2, 0xc3, 0xd4] | [0xa1, 0xb2, 0x3c, 0x4d] => pcap(bytes, u32::from_be_bytes),
        [0x0a, 0x0d, 0x0d, 0x0a] => pcapng(bytes),
        _ => panic!("neither pcap nor pcapng"),
    }
}

fn word(bytes: &[u8], at: usize, read: fn([u8; 4]) -> u32) -> usize {
    read(bytes[at..at + 4].try_into().unwrap()) as usize
}

fn pcap(bytes: &[u8], read: fn([u8; 4]) -> u32) -> Vec<Frame> {
    let link = word(bytes, 20, read) & 0xffff;
    let mut frames = Vec::new();
    let mut at = 24;
    while at + 16 <= bytes.len() {
        let len = word(bytes, at + 8, read);
        frames.push(frame(link, &bytes[at + 16..at + 16 + len]));
        at += 16 + len;
    }
    frames
}

fn pcapng(bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut links = Vec::new();
    let mut read: fn([u8; 4]) -> u32 = u32::from_le_bytes;
    let mut at = 0;
    while at + 12 <= bytes.len() {
        if bytes[at..at + 4] == [0x0a, 0x0d, 0x0d, 0x0a] {
            let is_little = bytes[at + 8] == 0x4d;
            read = if is_little { u32::from_le_bytes } else { u32::from_be_bytes };
            links.clear();
        }
        let (kind, len) = (word(bytes, at, read), word(bytes, at + 4, read));
        match kind {
            1 => links.push(word(bytes, at + 8, read) & 0xffff),
            6 => {
                let link = links[word(bytes, at + 8, read)];
                let captured = word(bytes, at + 20, read);
                frames.push(frame(link, &bytes[at + 28..at + 28 + captured]));
            }
            2 | 3 => panic!("an old kind of packet block: teach the test to read it"),
            _ => {}
        }
        at += len;
    }
    frames
}

fn frame(link: usize, bytes: &[u8]) -> Frame {
    match link {
        1 => ethernet(bytes),
        12 | 14 | 101 => ip(bytes),
        113 => cooked(bytes),
        _ => panic!("link type {link}: teach the test to read it"),
    }
}

fn ethernet(bytes: &[u8]) -> Frame {
    let mut at = 12;
    // VLAN tags.
    while matches!(bytes.get(at..at + 2), Some([0x81, 0x00] | [0x88, 0xa8] | [0x91, 0x00])) {
        at += 4;
    }
    match bytes.get(at..at + 2) {
        Some([0x08, 0x00] | [0x86, 0xdd]) => ip(&bytes[at + 2..]),
        _ => Frame::Other,
    }
}

fn cooked(bytes: &[u8]) -> Frame {
    bytes.get(16..).map_or(Frame::Other, ip)
}

fn ip(bytes: &[u8]) -> Frame {
    match bytes.first().map(|b| b >> 4) {
        Some(4) if bytes.get(9) == Some(&17) => udp(&bytes[usize::from(bytes[0] & 15) * 4..]),
        // Extension headers before UDP don't come in the vectors.
        Some(6) if bytes.get(6) == Some(&17) => udp(&bytes[40..]),
        _ => Frame::Other,
    }
}

fn udp(bytes: &[u8]) -> Frame {
    let [a, b, c, d, high, low, _, _, ref payload @ ..] = *bytes else { return Frame::Other };
    let ports = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
    if ports.iter().any(|port| matches!(port, 67 | 68)) {
        // Ethernet pads short frames; a capture may be cut.
        let len = usize::from(u16::from_be_bytes([high, low])).saturating_sub(8);
        Frame::Dhcp4(payload[..len.min(payload.len())].to_vec())
    } else if ports.iter().any(|port| matches!(port, 546 | 547)) {
        Frame::Dhcp6
    } else {
        Frame::Other
    }
}
