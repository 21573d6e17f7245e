//! What really crossed a link, as tcpdump saw it.

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use crate::dhcp::{Message, message};
use crate::net::Host;
use crate::process::{Process, Scratch};

/// A DHCP message in an Ethernet frame.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Where the frame went, as lower-case hex with colons.
    pub(crate) hw_addr: String,
    /// Where the IP packet went.
    pub(crate) to: Ipv4Addr,
    pub(crate) message: Message,
}

pub(crate) struct Capture {
    _process: Process,
    file: PathBuf,
}

impl Capture {
    /// Captures the DHCP messages that pass `device`.
    #[track_caller]
    pub(crate) fn start(host: &Host, device: &str, scratch: &Scratch) -> Self {
        let file = scratch.path().join(format!("{device}.pcap"));
        let name = file.to_string_lossy().into_owned();
        let mut command = host.command("tcpdump");
        command.args(["-i", device, "-n", "-U", "-Z", "root", "--immediate-mode", "-w", &name]);
        command.arg("udp port 67 or udp port 68");
        let mut process = Process::start(&format!("tcpdump-{device}"), scratch.path(), &mut command);
        process.wait_for_line("listening on");
        Self { _process: process, file }
    }

    /// The messages of this type up to now.
    pub(crate) fn seen(&self, kind: u8) -> Vec<Seen> {
        let pcap = fs::read(&self.file).expect("tcpdump's file");
        let mut all = frames(&pcap);
        all.retain(|seen| seen.message.kind == kind);
        all
    }
}

/// Reads a pcap file of Ethernet frames, little-endian, as tcpdump writes it here. A frame
/// that is still being written is left out.
fn frames(pcap: &[u8]) -> Vec<Seen> {
    const FILE_HEADER: usize = 24;
    const FRAME_HEADER: usize = 16;
    let mut seen = Vec::new();
    let mut rest = pcap.get(FILE_HEADER..).unwrap_or_default();
    while let Some(len) = rest.get(8..12) {
        let len = u32::from_le_bytes(len.try_into().expect("four bytes")) as usize;
        let Some(frame) = rest.get(FRAME_HEADER..FRAME_HEADER + len) else { break };
        seen.extend(ethernet(frame));
        rest = &rest[FRAME_HEADER + len..];
    }
    seen
}

fn ethernet(frame: &[u8]) -> Option<Seen> {
    let hw_addr: Vec<_> = frame.get(..6)?.iter().map(|b| format!("{b:02x}")).collect();
    let to: [u8; 4] = frame.get(30..34)?.try_into().ok()?;
    Some(Seen { hw_addr: hw_addr.join(":"), to: to.into(), message: message(frame)? })
}
