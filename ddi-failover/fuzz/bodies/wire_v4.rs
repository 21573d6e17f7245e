use ddi_failover::wire::Deframer;
use ddi_failover::wire::v4::{Body, Header, MAX_LEN, Message, append};

/// A stream: the first byte says how it is cut into reads, the rest is cut into messages.
pub fn wire_v4(data: &[u8]) {
    let Some((&cut, stream)) = data.split_first() else { return };
    let whole = messages(stream, stream.len().max(1));
    assert_eq!(messages(stream, usize::from(cut).max(1)), whole, "the way of cutting matters");
    for message in &whole.0 {
        one(message);
    }
    one(stream);
}

/// The messages of a stream that arrives in pieces of `step` bytes, and whether it is broken.
fn messages(stream: &[u8], step: usize) -> (Vec<Vec<u8>>, bool) {
    let (mut deframer, mut all) = (Deframer::default(), Vec::new());
    for piece in stream.chunks(step) {
        let mut input = piece;
        loop {
            match deframer.next_message(&mut input) {
                Ok(Some(message)) => all.push(message.to_vec()),
                Ok(None) => break,
                Err(_) => return (all, true),
            }
        }
        assert!(input.is_empty() && deframer.held() < MAX_LEN);
    }
    (all, false)
}

/// What parses is kept: as options byte for byte, as a body in all that the body knows.
fn one(bytes: &[u8]) {
    let Ok(view) = Message::parse(bytes) else { return };
    let header = Header { time: view.time(), xid: view.xid() };
    let mut raw = Vec::new();
    append(&mut raw, view.kind(), header, |w| view.options().for_each(|o| w.option(o.code, o.data))).unwrap();
    assert_eq!(Message::parse(&raw).unwrap().options(), view.options());
    if view.extra_header().is_empty() {
        assert_eq!(raw, bytes);
    }

    let Ok(body) = Body::parse(&view) else { return };
    let mut emitted = Vec::new();
    append(&mut emitted, body.kind(), header, |w| body.write(w)).unwrap();
    assert!(emitted.len() <= bytes.len());
    let view = Message::parse(&emitted).unwrap();
    let again = Body::parse(&view).unwrap();
    match (body, again) {
        (Body::BindingUpdate(one), Body::BindingUpdate(other)) if one.clone().all(|lease| lease.is_ok()) => {
            assert!(other.eq(one));
        }
        (Body::BindingAck(one), Body::BindingAck(other)) if one.clone().all(|ack| ack.is_ok()) => {
            assert!(other.eq(one));
        }
        (Body::BindingUpdate(_), Body::BindingUpdate(_)) | (Body::BindingAck(_), Body::BindingAck(_)) => {}
        (one, other) => assert_eq!(one, other),
    }
}
