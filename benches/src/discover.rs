//! A DISCOVER, and what a server asks of it.

use std::hint::black_box;
use std::net::Ipv4Addr;

use ddi_core::HwAddr;
use ddi_dhcp::v4::{Header, MessageType, Op, OptionSet, Packet, Reply, code};

/// As common clients send it: 10 options, 300 bytes and more. Its length.
///
/// # Panics
/// Never: it fits.
pub fn discover(buffer: &mut [u8; 1500]) -> usize {
    let hw_addr = HwAddr::new(1, &[2, 0, 0, 0, 0, 1]).expect("six bytes");
    let header = Header { op: Op::Request, hw_addr, xid: 0x1234_5678, ..Header::default() };
    let mut options = OptionSet::new();
    options.put_u8(code::MESSAGE_TYPE, MessageType::Discover.into());
    options.put(code::CLIENT_ID, &[1, 2, 0, 0, 0, 0, 1]);
    options.put_ipv4(code::REQUESTED_ADDRESS, Ipv4Addr::new(10, 77, 16, 1));
    options.put_u16(code::MAX_MESSAGE_SIZE, 1500);
    options.put(code::VENDOR_CLASS, b"dhcpcd-9.4.1:Linux-6.1.0:x86_64:GenuineIntel");
    options.put(code::HOST_NAME, b"workstation7");
    options.put(145, &[1]);
    options.put(code::PARAMETER_REQUEST_LIST, &[1, 121, 33, 3, 6, 12, 15, 26, 28, 42, 51, 54, 58, 59, 119]);
    options.put(code::RELAY_INFO, b"\x01\x0cge-0/0/1.100\x02\x06\x02\x00\x00\x00\x00\x01");
    Reply::new(&header, &options).emit(buffer).expect("it fits").len
}

/// What a server wants to know of every packet; the lengths of some of it.
#[must_use]
pub fn ask(packet: &Packet<'_>) -> usize {
    let values = [packet.client_id(), packet.parameter_request_list(), packet.relay_info()];
    let lens: usize = values.iter().flatten().map(ddi_dhcp::v4::OptionValue::len).sum();
    black_box((
        packet.message_type(),
        packet.hw_addr(),
        packet.xid(),
        packet.giaddr(),
        packet.ciaddr(),
        packet.requested_addr(),
        packet.server_id(),
        packet.max_message_size(),
        packet.subnet_selection(),
        packet.has(code::RAPID_COMMIT),
    ));
    lens
}
