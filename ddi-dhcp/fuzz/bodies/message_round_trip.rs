//! Reads a message, writes it in various spaces, takes it through dhcproto: it stays the same.

use ddi_dhcp::v4::{Message, Reply, code};

pub fn message_round_trip(bytes: &[u8]) {
    let Ok(message) = Message::parse(bytes) else { return };
    let mut out = vec![0; bytes.len() + 2 * 255 + 300];
    let len = message.emit(&mut out).unwrap().len;
    let read = Message::parse(&out[..len]).unwrap();
    assert_eq!(read.header, message.header);
    assert_eq!(sorted(&read), sorted(&message));
    short_of_space(&message, &mut out);
    through_dhcproto(&message);
}

/// Options by code: what a message says, whatever the order.
fn sorted(message: &Message) -> Vec<(u8, Vec<u8>)> {
    let mut options: Vec<_> = message.options.iter().map(|(code, value)| (code, value.to_vec())).collect();
    options.sort();
    options
}

fn short_of_space(message: &Message, out: &mut [u8]) {
    let order = message.options.get(code::PARAMETER_REQUEST_LIST).unwrap_or_default();
    for limit in [300, 400, 548] {
        let reply = Reply::new(&message.header, &message.options).in_order(order).at_most(limit);
        if let Ok(emitted) = reply.with_overload().emit(out) {
            assert!((300..=limit).contains(&emitted.len));
            let read = Message::parse(&out[..emitted.len]).unwrap();
            let kept = sorted(message).into_iter().filter(|(code, _)| !emitted.dropped.contains(*code));
            assert_eq!(sorted(&read), kept.collect::<Vec<_>>());
        }
    }
}

fn through_dhcproto(message: &Message) {
    match dhcproto::v4::Message::try_from(message) {
        Ok(other) => {
            let back = Message::try_from(&other).unwrap();
            assert_eq!(back.header, message.header);
            assert_eq!(sorted(&back), sorted(message));
        }
        Err(_) => assert!(message.options.contains(code::MESSAGE_TYPE) && message.message_type().is_none()),
    }
}
