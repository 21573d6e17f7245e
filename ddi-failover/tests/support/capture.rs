//! Reads the TCP streams of port 647 out of pcapng files: enough for the captures in the vectors.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Source and destination, address and port each.
pub(crate) type Flow = ([u8; 4], u16, [u8; 4], u16);

/// The bytes of every direction of every failover connection in the file, in order.
#[allow(dead_code, reason = "not every test needs the streams")]
pub(crate) fn failover_streams(file: &str) -> Vec<(Flow, Vec<u8>)> {
    streams(file).into_iter().map(|(flow, stream)| (flow, stream.bytes)).collect()
}

fn streams(file: &str) -> Vec<(Flow, Stream)> {
    let path = vectors().join("failover").join(file);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("needs {}: {e}", path.display()));
    let mut streams: Vec<(Flow, Stream)> = Vec::new();
    for (number, packet) in packets(&bytes).iter().enumerate() {
        let Some(segment) = tcp_segment(packet) else { continue };
        if segment.flow.1 != 647 && segment.flow.3 != 647 {
            continue;
        }
        if segment.syn {
            streams.push((segment.flow, Stream { next: segment.seq.wrapping_add(1), ..Stream::default() }));
        } else if let Some((_, stream)) = streams.iter_mut().rev().find(|(flow, _)| *flow == segment.flow) {
            stream.add(segment.seq, segment.data);
            stream.arrived.push((number, stream.bytes.len()));
        } else {
            // A refused SYN is answered with a bare RST.
            assert!(segment.data.is_empty(), "{file}: a segment of {:?} before its SYN", segment.flow);
        }
    }
    assert!(!streams.is_empty(), "{file} holds no failover connection");
    for (flow, stream) in &streams {
        assert!(stream.early.is_empty(), "{file}: {flow:?} has a hole at {}", stream.next);
    }
    streams
}

/// Every failover message of the file with its direction, in the order in which they were complete.
#[allow(dead_code, reason = "not every test needs the order")]
pub(crate) fn failover_messages(file: &str) -> Vec<(Flow, Vec<u8>)> {
    let mut all = Vec::new();
    for (flow, stream) in streams(file) {
        let mut start = 0;
        while let Some(prefix) = stream.bytes.get(start..start + 2) {
            let end = start + usize::from(u16::from_be_bytes([prefix[0], prefix[1]]));
            let (packet, _) = stream.arrived.iter().find(|(_, length)| *length >= end).unwrap();
            all.push((*packet, flow, stream.bytes[start..end].to_vec()));
            start = end;
        }
    }
    all.sort_by_key(|(packet, ..)| *packet);
    all.into_iter().map(|(_, flow, message)| (flow, message)).collect()
}

/// Where the vectors are.
fn vectors() -> PathBuf {
    std::env::var_os("DDI_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"),
        |given| {
            let given = PathBuf::from(given);
            if given.is_absolute() {
                given
            } else {
                PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(given)
            }
        },
    )
}

#[derive(Default)]
struct Stream {
    next: u32,
    bytes: Vec<u8>,
    early: BTreeMap<u32, Vec<u8>>,
    /// After which packet how many bytes were there.
    arrived: Vec<(usize, usize)>,
}

impl Stream {
    fn add(&mut self, seq: u32, data: &[u8]) {
        if !data.is_empty() {
            self.early.insert(seq, data.to_vec());
        }
        // Sequence numbers of these short captures don't wrap; a retransmission may overlap.
        while let Some((seq, data)) = self.early.pop_first() {
            let known = self.next.wrapping_sub(seq) as usize;
            if seq > self.next {
                self.early.insert(seq, data);
                return;
            }
            if let Some(new) = data.get(known..) {
                self.bytes.extend_from_slice(new);
                self.next = self.next.wrapping_add(new.len() as u32);
            }
        }
    }
}

struct Segment<'a> {
    flow: Flow,
    seq: u32,
    syn: bool,
    data: &'a [u8],
}

/// Link-layer type and bytes of every packet.
fn packets(file: &[u8]) -> Vec<(u16, &[u8])> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    assert_eq!(word(0), 0x0a0d_0d0a, "not pcapng");
    assert_eq!(word(8), 0x1a2b_3c4d, "not little-endian");
    let (mut at, mut links, mut packets) = (0, Vec::new(), Vec::new());
    while at < file.len() {
        let (kind, len) = (word(at), word(at + 4) as usize);
        match kind {
            1 => links.push(word(at + 8) as u16),
            6 => {
                let captured = word(at + 20) as usize;
                assert_eq!(captured, word(at + 24) as usize, "packet cut short");
                packets.push((links[word(at + 8) as usize], &file[at + 28..at + 28 + captured]));
            }
            _ => {}
        }
        at += len;
    }
    packets
}

/// The TCP segment in an IPv4 packet, over Ethernet or Linux cooked capture.
fn tcp_segment<'a>((link, packet): &(u16, &'a [u8])) -> Option<Segment<'a>> {
    let (ethertype, network) = match link {
        1 => (&packet[12..14], &packet[14..]),
        113 => (&packet[14..16], &packet[16..]),
        276 => (&packet[0..2], &packet[20..]),
        other => panic!("link type {other}"),
    };
    if ethertype != [8, 0] || network[9] != 6 {
        return None;
    }
    let total = usize::from(u16::from_be_bytes([network[2], network[3]]));
    let tcp = &network[usize::from(network[0] & 15) * 4..total];
    let address = |at: usize| network[at..at + 4].try_into().unwrap();
    let port = |at: usize| u16::from_be_bytes([tcp[at], tcp[at + 1]]);
    Some(Segment {
        flow: (address(12), port(0), address(16), port(2)),
        seq: u32::from_be_bytes(tcp[4..8].try_into().unwrap()),
        syn: tcp[13] & 2 != 0,
        data: &tcp[usize::from(tcp[12] >> 4) * 4..],
    })
}
