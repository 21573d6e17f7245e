use ddi_core::{Instant, Now, UnixTime};
use ddi_dns::xfr::{Outcome, Via, XfrEvent, XfrIn, XfrInConfig};
use ddi_dns::zone::{Builder, Strictness};
use ddi_dns::{Name, Rtype, Snapshot};

/// A primary's answers. The first byte says what is at hand and how it is asked for; then messages with two
/// length bytes each, whose ids are put right. The way they are cut must not matter.
pub fn xfr_in(data: &[u8]) {
    let Some((&how, stream)) = data.split_first() else { return };
    let whole = run(how, stream, stream.len().max(1));
    let cut = run(how, stream, 1 + usize::from(how >> 4) * 7);
    assert!(whole == cut, "the way of cutting matters");
}

fn run(how: u8, stream: &[u8], step: usize) -> Option<String> {
    let now = Now { instant: Instant(0), unix: UnixTime(0) };
    let current = (how & 1 != 0).then(zone);
    let apex: Name = "example.com".parse().ok()?;
    let mut config = XfrInConfig::new(apex, current.clone(), 1);
    config.udp = how & 2 != 0;
    config.strictness = if how & 4 != 0 { Strictness::Tolerant } else { Strictness::Exact };
    config.limits.records = 500;
    let mut xfr = XfrIn::new(config);
    let mut buf = [0; 4096];
    // Each query gets the same answer; three are the most that follow each other, sent three times each.
    for _ in 0..12 {
        let transmit = xfr.poll_transmit(now, &mut buf)?;
        let skip = if transmit.via == Via::Tcp { 2 } else { 0 };
        let messages = with_id(stream, [buf[skip], buf[skip + 1]]);
        match transmit.via {
            Via::Udp => {
                messages.iter().for_each(|message| xfr.handle_datagram(now, message));
                if let Some(due) = xfr.poll_timeout() {
                    xfr.handle_timeout(Now { instant: due, ..now });
                }
            }
            Via::Tcp => {
                let framed = |m: &Vec<u8>| [&(m.len() as u16).to_be_bytes(), m.as_slice()].concat();
                let bytes: Vec<u8> = messages.iter().flat_map(framed).collect();
                bytes.chunks(step).for_each(|part| xfr.handle_bytes(now, part));
                xfr.handle_closed(now);
            }
        }
        while let Some(event) = xfr.poll_event() {
            if let XfrEvent::Ended(result) = event {
                return Some(told(current.as_ref(), *result));
            }
        }
    }
    panic!("a transfer without an end");
}

/// The end in words; what is handed out must hold together.
fn told(current: Option<&Snapshot>, result: Result<Outcome, ddi_dns::xfr::XfrError>) -> String {
    let (snapshot, deltas) = match result {
        Ok(Outcome::Zone { snapshot, deltas, .. }) => (snapshot, deltas),
        other => return format!("{other:?}"),
    };
    if let (Some(current), false) = (current, deltas.is_empty()) {
        let end = deltas.iter().try_fold(current.clone(), |zone, d| zone.apply(d, Strictness::Exact));
        assert_eq!(lines(&end.expect("deltas fit")), lines(&snapshot));
    }
    lines(&snapshot).concat()
}

fn lines(zone: &Snapshot) -> Vec<String> {
    let mut walk = zone.walk();
    let mut lines = Vec::new();
    while let Some(r) = walk.next() {
        lines.push(format!("{} {} {} {:?}\n", r.owner, r.ttl, r.rtype, r.rdata));
    }
    lines
}

fn with_id(mut stream: &[u8], id: [u8; 2]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while let Some((len, rest)) = stream.split_first_chunk::<2>() {
        let (message, rest) = rest.split_at(usize::from(u16::from_be_bytes(*len)).min(rest.len()));
        let mut message = message.to_vec();
        message.iter_mut().zip(id).for_each(|(byte, id)| *byte = id);
        messages.push(message);
        stream = rest;
    }
    messages
}

/// The version at hand.
fn zone() -> Snapshot {
    let apex: Name = "example.com".parse().expect("a name");
    let mut builder = Builder::new(apex.as_ref());
    let soa = b"\x02ns\x07example\x03com\0\x04root\x07example\x03com\0\0\0\0\x01\0\0\x0e\x10\0\0\x02X\0\x01Q\x80\0\0\x01,";
    builder.push(apex.as_ref(), Rtype::SOA, 300, soa).expect("an SOA");
    for i in 0..20 {
        let owner = apex.child(format!("host-{i}").as_bytes()).expect("a name");
        builder.push(owner.as_ref(), Rtype::A, 300, &[192, 0, 2, i]).expect("an address");
    }
    builder.finish().expect("a zone")
}
