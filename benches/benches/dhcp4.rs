//! The DHCPv4 codec: what it takes to look at a DISCOVER, to ask it what a server asks, and to write
//! the OFFER; and dhcproto's decoding beside it.

use std::hint::black_box;
use std::net::Ipv4Addr;

use criterion::{Criterion, criterion_group, criterion_main};
use ddi_benches::{ask, discover};
use ddi_dhcp::v4::{Header, MessageType, OptionSet, Packet, Reply, code, max_len_for};
use dhcproto::{Decodable, Decoder};

fn offer_options(options: &mut OptionSet, discover: &Packet<'_>) {
    options.clear();
    options.put_u8(code::MESSAGE_TYPE, MessageType::Offer.into());
    options.put_ipv4(code::SERVER_ID, Ipv4Addr::new(10, 77, 0, 1));
    options.put_u32(code::LEASE_SECONDS, 4000);
    options.put_u32(code::RENEWAL_SECONDS, 2000);
    options.put_u32(code::REBINDING_SECONDS, 3500);
    options.put_ipv4(code::SUBNET_MASK, Ipv4Addr::new(255, 255, 0, 0));
    options.put_ipv4(code::ROUTERS, Ipv4Addr::new(10, 77, 0, 1));
    options.put_ipv4(code::DNS_SERVERS, Ipv4Addr::new(10, 77, 0, 53));
    options.put(code::DOMAIN_NAME, b"example.com");
    for echoed in [code::CLIENT_ID, code::RELAY_INFO] {
        if let Some(value) = discover.option(echoed) {
            options.put_value(&value);
        }
    }
}

fn benches(c: &mut Criterion) {
    let mut buffer = [0; 1500];
    let len = discover(&mut buffer);
    let bytes = &buffer[..len];
    let packet = Packet::parse(bytes).expect("a packet");
    let mut options = OptionSet::new();
    let mut out = [0; 1500];

    c.bench_function("dhcp4/view", |b| {
        b.iter(|| Packet::parse(black_box(bytes)).map(|p| p.has(code::CLIENT_ID)));
    });
    c.bench_function("dhcp4/view_and_ask", |b| {
        b.iter(|| Packet::parse(black_box(bytes)).map(|packet| ask(&packet)));
    });
    c.bench_function("dhcp4/offer", |b| {
        b.iter(|| {
            offer_options(&mut options, black_box(&packet));
            let mut header = Header::reply_to(&packet);
            header.yiaddr = Ipv4Addr::new(10, 77, 16, 1);
            let order = packet.parameter_request_list().and_then(|value| value.contiguous());
            Reply::new(&header, &options)
                .in_order(order.unwrap_or_default())
                .at_most(max_len_for(packet.max_message_size()))
                .with_overload()
                .emit(black_box(&mut out))
                .map(|emitted| emitted.len)
        });
    });
    c.bench_function("dhcp4/dhcproto_decode", |b| {
        b.iter(|| dhcproto::v4::Message::decode(&mut Decoder::new(black_box(bytes))));
    });
}

criterion_group!(group, benches);
criterion_main!(group);
