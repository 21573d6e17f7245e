//! Signed transfers (RFC 8945 section 5.3.1).

use super::support::*;
use ddi_core::{Now, UnixTime};
use ddi_dns::message::Header;
use ddi_dns::tsig::{Algorithm, Key, Keys, VerifyError};
use ddi_dns::xfr::{Outcome, Transport, Via, XfrError, XfrInConfig};

fn key(secret: &[u8]) -> Key {
    Key::new(name("xfr.key").as_ref(), Algorithm::HmacSha256, secret).unwrap()
}

fn signed_server(hosts: usize) -> Server {
    let mut server = Server::new(sample(2, hosts));
    server.config.message_size = 1000;
    server.keys = Keys::new();
    server.keys.add(key(b"secret")).unwrap();
    server
}

fn signed(mut config: XfrInConfig) -> XfrInConfig {
    config.key = Some(key(b"secret"));
    config.fall_back = false;
    config
}

fn tampered(server: &Server, tamper: impl Fn(&mut Vec<Vec<u8>>)) -> Result<Outcome, XfrError> {
    let (_, result) = run(signed(over_tcp(None)), |query, via| {
        assert_eq!(via, Via::Tcp);
        let mut messages = server.answer(query, Transport::Tcp);
        tamper(&mut messages);
        Reply::Stream { messages, closes: true }
    });
    result
}

/// Cuts the TSIG off.
fn unsign(message: &mut Vec<u8>) {
    let owner = name("xfr.key");
    let wire = owner.as_ref().wire();
    let at = message.windows(wire.len()).rposition(|window| window == wire).unwrap();
    message.truncate(at);
    let mut header = Header::parse(message).unwrap();
    header.counts[3] -= 1;
    message[..12].copy_from_slice(&header.emit());
}

#[test]
fn every_message_is_signed_and_checked() {
    let server = signed_server(500);
    let result = tampered(&server, |messages| {
        assert!(messages.len() > 10);
        // No message grows beyond its size by its signature.
        assert!(messages.iter().all(|message| message.len() <= 1000));
    });
    assert_eq!(spelled(&taken(result).0), spelled(&server.zone));
    let mut server = signed_server(500);
    let old = server.zone.clone();
    (0..9).for_each(|i| server.edit(&mut Random(i + 1)));
    for udp in [false, true] {
        let mut config = signed(over_tcp(Some(&old)));
        config.udp = udp;
        let (_, result) = run(config, serve(&server));
        assert_eq!(spelled(&taken(result).0), spelled(&server.zone));
    }
}

#[test]
fn a_changed_byte_anywhere_is_found() {
    let server = signed_server(200);
    for place in 0..40 {
        let result = tampered(&server, |messages| {
            let count = messages.len();
            let message = &mut messages[place * count / 40];
            let at = 30 + place * 20 % (message.len() - 30);
            message[at] ^= 1;
        });
        assert!(result.is_err(), "place {place}");
    }
}

#[test]
fn messages_left_out_or_swapped_are_found() {
    let server = signed_server(500);
    let bad = |tamper: &dyn Fn(&mut Vec<Vec<u8>>)| tampered(&server, tamper).unwrap_err();
    assert_eq!(bad(&|messages| drop(messages.remove(3))), XfrError::Tsig(VerifyError::BadSig));
    assert_eq!(bad(&|messages| messages.swap(3, 4)), XfrError::Tsig(VerifyError::BadSig));
    assert_eq!(bad(&|messages| drop(messages.pop())), XfrError::Closed);
    assert_eq!(bad(&|messages| unsign(&mut messages[0])), XfrError::Tsig(VerifyError::Missing));
    assert_eq!(
        bad(&|messages| unsign(messages.last_mut().unwrap())),
        XfrError::Tsig(VerifyError::Missing),
        "the last must be signed"
    );
    assert_eq!(bad(&|messages| messages.iter_mut().for_each(unsign)), XfrError::Tsig(VerifyError::Missing));
}

#[test]
fn another_secret_or_an_old_answer() {
    let mut server = signed_server(10);
    server.keys = Keys::new();
    server.keys.add(key(b"other")).unwrap();
    let (_, result) = run(signed(over_tcp(None)), |query, _| {
        let refusal = server.keys.check(query, NOW.unix).unwrap_err();
        let mut buf = vec![0; 1000];
        let len = refusal.reply(query, NOW.unix, &mut buf).unwrap();
        buf.truncate(len);
        Reply::Stream { messages: vec![buf], closes: true }
    });
    assert!(matches!(result, Err(XfrError::Tsig(VerifyError::RefusedUnsigned { .. }))), "{result:?}");
    let server = signed_server(10);
    let late = Now { unix: UnixTime(NOW.unix.0 - 1000), ..NOW };
    let (_, result) = run(signed(over_tcp(None)), |query, _| {
        let signer = server.keys.check(query, NOW.unix).unwrap();
        let request = ddi_dns::xfr::Request::parse(query).unwrap();
        let (history, config) = (&server.history, &server.config);
        let zone = server.zone.clone();
        let mut out = ddi_dns::xfr::XfrOut::new(&request, zone, history, config, Transport::Tcp, signer);
        let mut buf = vec![0; 70_000];
        let mut messages = Vec::new();
        while let Some(len) = out.poll_transmit(late, &mut buf).unwrap() {
            messages.push(buf[2..len].to_vec());
        }
        Reply::Stream { messages, closes: true }
    });
    assert_eq!(result.unwrap_err(), XfrError::Tsig(VerifyError::BadTime));
}

#[test]
fn an_unsigned_datagram_is_ignored() {
    let mut server = signed_server(10);
    let old = server.zone.clone();
    server.edit(&mut Random(1));
    let mut config = signed(over_tcp(Some(&old)));
    config.udp = true;
    let (trouble, result) = run(config, |query, via| {
        let transport = if via == Via::Udp { Transport::Udp } else { Transport::Tcp };
        let mut messages = server.answer(query, transport);
        match via {
            Via::Udp => {
                unsign(&mut messages[0]);
                Reply::Datagram(messages.remove(0))
            }
            Via::Tcp => Reply::Stream { messages, closes: false },
        }
    });
    assert_eq!(trouble, [XfrError::Silent { millis: 6000 }]);
    assert!(result.is_ok());
}
