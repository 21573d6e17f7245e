//! Calls everything that takes bytes from the network, and checks what must hold on any bytes.

use ddi_dhcp::v4::option::{OptionInfo, Value};
use ddi_dhcp::v4::{
    ClientId, Fqdn, Message, Packet, RelayInfo, Reply, Routes, SearchList, UserClasses, VendorData, code,
};

pub(crate) fn exercise(bytes: &[u8]) {
    let Ok(packet) = Packet::parse(bytes) else {
        assert!(Message::parse(bytes).is_err());
        return;
    };
    fixed_part(&packet);
    for value in packet.options() {
        let mut scratch = vec![0; value.len()];
        let joined = value.to_slice(&mut scratch).unwrap();
        assert_eq!(joined.len(), value.len());
        views(value.code(), joined);
    }
    message(&packet);
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

/// Options by code: what a message says, whatever the order.
fn sorted(message: &Message) -> Vec<(u8, Vec<u8>)> {
    let mut options: Vec<_> = message.options.iter().map(|(code, value)| (code, value.to_vec())).collect();
    options.sort();
    options
}

fn message(packet: &Packet<'_>) {
    let message = Message::from(packet);
    let mut out = vec![0; packet.bytes().len() + 2 * 255 + 300];
    let len = message.emit(&mut out).unwrap().len;
    let read = Message::parse(&out[..len]).unwrap();
    assert_eq!(read.header, message.header);
    assert_eq!(sorted(&read), sorted(&message));

    let order = message.options.get(code::PARAMETER_REQUEST_LIST).unwrap_or_default();
    for limit in [300, 400, 548] {
        let reply = Reply::new(&message.header, &message.options).in_order(order).at_most(limit);
        if let Ok(emitted) = reply.with_overload().emit(&mut out) {
            assert!((300..=limit).contains(&emitted.len));
            let read = Message::parse(&out[..emitted.len]).unwrap();
            let kept = sorted(&message).into_iter().filter(|(code, _)| !emitted.dropped.contains(*code));
            assert_eq!(sorted(&read), kept.collect::<Vec<_>>());
        }
    }

    match dhcproto::v4::Message::try_from(&message) {
        Ok(other) => {
            let back = Message::try_from(&other).unwrap();
            assert_eq!(back.header, message.header);
            assert_eq!(sorted(&back), sorted(&message));
        }
        Err(_) => assert!(message.options.contains(code::MESSAGE_TYPE) && message.message_type().is_none()),
    }
}
