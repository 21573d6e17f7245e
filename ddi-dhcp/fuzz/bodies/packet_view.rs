//! Looks at everything in a packet, and checks what must hold on any bytes.

use ddi_dhcp::v4::option::{OptionInfo, Value};
use ddi_dhcp::v4::{
    ClientId, Fqdn, Packet, PacketBuf, RelayInfo, Routes, SearchList, UserClasses, VendorData,
};

pub fn packet_view(bytes: &[u8]) {
    let Ok(packet) = Packet::parse(bytes) else { return };
    fixed_part(&packet);
    kept(bytes, &packet);
    for value in packet.options() {
        let mut scratch = vec![0; value.len()];
        let joined = value.to_slice(&mut scratch).unwrap();
        assert_eq!(joined.len(), value.len());
        assert!(value == *joined);
        views(value.code(), joined);
    }
}

/// The view of bytes that were parsed before others, and are kept.
fn kept(bytes: &[u8], packet: &Packet<'_>) {
    let mut kept = PacketBuf::parse(bytes).unwrap();
    let is_same = |kept: &PacketBuf| {
        let again = kept.packet();
        assert_eq!(again.bytes(), packet.bytes());
        assert_eq!(again.overload(), packet.overload());
        assert_eq!(format!("{again:?}"), format!("{packet:?}"));
        assert!(values(&again).eq(values(packet)));
        assert!(again.bad_options().eq(packet.bad_options()));
    };
    is_same(&kept);
    assert!(kept.parse_next(&bytes[..bytes.len().min(200)]).is_err());
    is_same(&kept);
    let mut other = bytes.to_vec();
    other.truncate(300);
    other[4] ^= 1;
    kept.parse_next(&other).unwrap();
    assert_ne!(kept.packet().xid(), packet.xid());
    kept.parse_next(bytes).unwrap();
    is_same(&kept);
}

fn values<'a>(packet: &'a Packet<'_>) -> impl Iterator<Item = (u8, Vec<u8>)> + 'a {
    packet.options().map(|value| (value.code(), value.pieces().flatten().copied().collect()))
}

fn fixed_part(packet: &Packet<'_>) {
    let _ = format!("{packet:?}");
    assert!(packet.hw_addr().bytes().len() <= 16);
    assert!(packet.sname().len() <= 64 && packet.file().len() <= 128);
    assert!(packet.bad_options().count() <= packet.bad_option_count());
    for bad in packet.bad_options() {
        assert_eq!(packet.bytes()[usize::from(bad.offset)], bad.code);
    }
    for code in 0..=255 {
        assert_eq!(packet.has(code), packet.option(code).is_some());
    }
    let _ = (packet.message_type(), packet.requested_addr(), packet.server_id(), packet.lease_seconds());
    let _ = (packet.max_message_size(), packet.subnet_selection(), packet.is_bootp());
}

fn views(code: u8, bytes: &[u8]) {
    if let Ok(value) = Value::parse(OptionInfo::of(code).shape, bytes) {
        let _ = value.to_string();
        let mut again = Vec::new();
        value.emit(&mut again);
        assert_eq!(Value::parse(OptionInfo::of(code).shape, &again), Ok(value), "option {code}");
    }
    let info = RelayInfo::new(bytes);
    assert!(info.iter().map(|(_, value)| value.len() + 2).sum::<usize>() <= bytes.len());
    let _ = (info.link_selection(), info.was_unicast(), info.has_source_port(), info.vss());
    let _ = ClientId::parse(bytes);
    assert!(UserClasses::new(bytes).map(<[u8]>::len).sum::<usize>() <= bytes.len());
    for vendor in VendorData::all(bytes) {
        let _ = (vendor.classes().count(), vendor.options().count());
    }
    if let Some(fqdn) = Fqdn::parse(bytes)
        && let Ok(name) = fqdn.name()
    {
        let mut out = [0; 300];
        let _ = (name.name.to_string(), name.emit(fqdn.flags, &mut out), fqdn.emit(&mut out));
    }
    assert!(Routes::new(bytes).count() <= bytes.len());
    assert!(SearchList::new(bytes).count() <= bytes.len());
}
