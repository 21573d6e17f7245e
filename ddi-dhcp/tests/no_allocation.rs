//! Looking at a packet allocates nothing, and writing a reply nothing once its option set has grown.

#[path = "support/sample.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod sample;

use ddi_dhcp::v4::{
    ClientId, Fqdn, Header, MessageType, OptionSet, Packet, RelayInfo, Reply, Routes, SearchList,
    UserClasses, VendorData, code, max_len_for,
};

/// Looks at everything, split values and parts of values too.
fn look(bytes: &[u8]) -> usize {
    let packet = Packet::parse(bytes).expect("a packet");
    let mut scratch = [0; 512];
    let mut seen = 0;
    for value in packet.options() {
        let joined = value.to_slice(&mut scratch).expect("room");
        seen += joined.len();
        match value.code() {
            code::RELAY_INFO => seen += RelayInfo::new(joined).iter().count(),
            code::CLIENT_ID => seen += usize::from(matches!(ClientId::parse(joined), ClientId::Duid { .. })),
            code::CLIENT_FQDN => {
                let name = Fqdn::parse(joined).and_then(|fqdn| fqdn.name().ok()).expect("a name");
                seen += name.name.labels().count();
            }
            code::USER_CLASS => seen += UserClasses::new(joined).count(),
            code::VENDOR_CLASSES => {
                seen += VendorData::all(joined).map(|v| v.classes().count()).sum::<usize>();
            }
            code::VENDOR_OPTIONS => {
                seen += VendorData::all(joined).map(|v| v.options().count()).sum::<usize>();
            }
            code::CLASSLESS_ROUTES => seen += Routes::new(joined).count(),
            code::DOMAIN_SEARCH => seen += SearchList::new(joined).count(),
            _ => {}
        }
    }
    assert_eq!(packet.message_type(), Some(MessageType::Discover));
    assert_eq!(packet.bad_option_count(), 0);
    seen
}

fn reply(bytes: &[u8], options: &mut OptionSet, limit: usize, out: &mut [u8]) -> usize {
    let request = Packet::parse(bytes).expect("a packet");
    options.clear();
    options.put_u8(code::MESSAGE_TYPE, MessageType::Offer.into());
    options.put_u32(code::LEASE_SECONDS, 4000);
    for echoed in request.options().filter(|value| value.code() != code::MESSAGE_TYPE) {
        options.put_value(&echoed);
    }
    options.put(code::ROUTERS, &[10; 400]);
    let header = Header::reply_to(&request);
    let order = request.parameter_request_list().and_then(|value| value.contiguous()).expect("in one piece");
    let reply = Reply::new(&header, options).in_order(order).at_most(limit).with_overload();
    reply.emit(out).expect("room for what is needed").len
}

#[test]
fn looking_allocates_nothing() {
    let bytes = sample::discover();
    let mut seen = 0;
    let info = allocation_counter::measure(|| seen = look(&bytes));
    assert!(seen > 100, "{seen}");
    assert_eq!(info.count_total, 0, "{info:?}");
}

#[test]
fn refusing_allocates_nothing() {
    let bytes = sample::discover();
    let info = allocation_counter::measure(|| {
        for len in 0..bytes.len() {
            let _ = Packet::parse(&bytes[..len]);
        }
    });
    assert_eq!(info.count_total, 0, "{info:?}");
}

#[test]
fn writing_allocates_nothing_after_the_first_time() {
    let bytes = sample::discover();
    let mut options = OptionSet::new();
    let mut out = [0; 1500];
    reply(&bytes, &mut options, 1472, &mut out);
    for limit in [max_len_for(None), 700, 1472] {
        let info = allocation_counter::measure(|| {
            assert!(reply(&bytes, &mut options, limit, &mut out) <= limit);
        });
        assert_eq!(info.count_total, 0, "{limit}: {info:?}");
    }
}
