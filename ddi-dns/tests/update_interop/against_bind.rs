//! Our client, our forwarder and our engine beside BIND.

use super::named::{Named, key};
use super::nsupdate::run;
use super::random::{draw_conditions, draw_steps, message};
use super::served::now;
use super::support::{LINES, NOW, Random, anyone, dump, name, open_zone, zone};
use ddi_dns::acl::AccessList;
use ddi_dns::ddns::{
    Binding, Change, ClientConfig, ClientEvent, DdnsClient, RemoteZone, apply as apply_change,
};
use ddi_dns::dhcid::Dhcid;
use ddi_dns::message::{Header, Rcode};
use ddi_dns::tsig::{Algorithm, Key, Keys};
use ddi_dns::update::{ForwardConfig, ForwardTransmit, ForwardZone, Forwarder, Request, Source, apply};
use ddi_dns::{Edit, SerialPolicy, Snapshot};
use std::net::UdpSocket;
use std::time::Duration;

fn zone_text() -> String {
    let line = |line: &&str| {
        let numbers = if line.contains(" SOA ") { " 3600 600 86400 60" } else { "" };
        let words: Vec<_> = line.splitn(4, ' ').collect();
        let dotted = words[3].replace(".com", ".com.").replace(".org", ".org.");
        format!("{} {} IN {} {dotted}{numbers}\n", words[0], words[1], words[2])
    };
    format!("$ORIGIN example.com.\n{}", LINES.iter().map(line).collect::<String>())
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    socket
}

fn ask_bind(named: &Named, socket: &UdpSocket, request: &Request, id: u16) -> Rcode {
    let mut buf = vec![0; 65_535];
    let len = request.emit(id, &mut buf).unwrap();
    let (len, mut verifier) = key().sign_request(&mut buf, len, now().unix).unwrap();
    socket.send_to(&buf[..len], named.address).unwrap();
    let len = socket.recv(&mut buf).expect("BIND answers");
    verifier.check(&buf[..len], now().unix).expect("BIND signs its answer");
    let header = Header::parse(&buf[..len]).unwrap();
    assert_eq!(header.id, id);
    header.flags.rcode()
}

/// The same random updates at BIND and here.
#[test]
#[ignore = "needs named and dig"]
fn random_updates_do_what_bind_does() {
    let (mut made, mut refused) = (0, 0);
    for seed in 1..=6 {
        let named = Named::start(&[("example.com", &zone_text())]);
        let socket = socket();
        let mut here = zone();
        assert_eq!(named.dump("example.com"), dump(&here));
        let mut random = Random(seed);
        for number in 0..120 {
            let (conditions, steps) = (draw_conditions(&mut random), draw_steps(&mut random));
            let request = message(&conditions, &steps);
            let theirs = ask_bind(&named, &socket, &request, number);
            let at = || format!("seed {seed} update {number}: {conditions:?} {steps:?}\n{}", named.log());
            let ours = match apply(&request, &here, &open_zone(), &anyone(), NOW.unix) {
                Ok(changed) => {
                    if let Some((_, next)) = changed {
                        here = next;
                        made += 1;
                    }
                    Rcode::NOERROR
                }
                Err(error) => error.rcode(),
            };
            refused += usize::from(ours != Rcode::NOERROR);
            assert_eq!(ours, theirs, "{}", at());
            if number % 4 == 3 {
                let theirs = named.zone("example.com");
                assert_eq!(dump(&here), dump(&theirs), "{}", at());
                assert_eq!(here.serial(), theirs.serial(), "{}", at());
            }
        }
    }
    assert!(made > 200 && refused > 50, "{made} {refused}");
}

/// SOA, NS, and the address of that where it is in the zone.
fn empty_zone(apex: &str) -> String {
    let soa = "ns.example.com. root.example.com. 10 3600 600 86400 60";
    let ns = if apex == "example.com" { "ns 300 IN A 192.0.2.1\n" } else { "" };
    format!("@ 300 IN SOA {soa}\n@ 300 IN NS ns.example.com.\n{ns}")
}

fn drive(client: &mut DdnsClient, socket: &UdpSocket, change: Change) -> ClientEvent {
    client.handle_change(now(), 1, change).unwrap();
    let mut buf = [0; 2048];
    loop {
        while let Some(transmit) = client.poll_transmit(&mut buf) {
            socket.send_to(&buf[..transmit.len], transmit.to).unwrap();
        }
        if let Some(event) = client.poll_event() {
            return event;
        }
        match socket.recv_from(&mut buf) {
            Ok((len, from)) => client.handle_answer(now(), from, &buf[..len]),
            Err(_) => client.handle_timeout(now()),
        }
    }
}

fn draw_change(random: &mut Random) -> Change {
    let host = name(&format!("h{}.example.com", random.below(2)));
    let who = random.below(3) as u8;
    let last = 1 + random.below(2) as u8;
    let address = match random.below(3) {
        0 => std::net::IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last)]),
        _ => std::net::IpAddr::from([192, 0, 2, last]),
    };
    let dhcid = Dhcid::of_duid(&[0, 1, who], host.as_ref());
    let is_v4 = address.is_ipv4();
    let binding = Binding { name: host, address, dhcid, ttl: 600 };
    match random.below(6) {
        0 | 1 => Change::AddForward(binding),
        4 if is_v4 => Change::AddReverse(binding),
        5 if is_v4 => Change::RemoveReverse(binding),
        _ => Change::RemoveForward(binding),
    }
}

/// RFC 4703 at BIND by messages, and here in one edit.
#[test]
#[ignore = "needs named and dig"]
fn the_ddns_client_leads_bind_to_our_own_zone() {
    let apexes = ["example.com", "2.0.192.in-addr.arpa"];
    let texts = apexes.map(empty_zone);
    let named = Named::start(&[(apexes[0], &texts[0]), (apexes[1], &texts[1])]);
    let remote = |apex| RemoteZone { apex: name(apex), servers: vec![named.address], key: Some(key()) };
    // An update that is sent again because its answer is late finds its own work, and ends otherwise.
    let mut config = ClientConfig::new(apexes.map(remote).to_vec(), 7);
    config.timeout_millis = 60_000;
    let mut client = DdnsClient::new(config);
    let socket = socket();
    let mut here: Vec<Snapshot> = apexes.iter().map(|apex| named.zone(apex)).collect();
    let mut random = Random(11);
    for number in 0..150 {
        let change = draw_change(&mut random);
        let owner = change.owner();
        let zone = here.iter_mut().find(|zone| owner.as_ref().is_at_or_below(zone.apex())).unwrap();
        let mut edit = Edit::new(zone);
        let outcome = apply_change(&mut edit, &change).unwrap();
        if let Some((_, next)) = edit.finish(SerialPolicy::Increment, NOW.unix).unwrap() {
            *zone = next;
        }
        let event = drive(&mut client, &socket, change.clone());
        let expected = ClientEvent::Done { job: 1, result: Ok(outcome) };
        assert_eq!(event, expected, "change {number}: {change:?}\n{}", named.log());
        if number % 5 == 4 {
            for zone in &here {
                assert_eq!(dump(zone), named.dump(&zone.apex().to_string()), "change {number}: {change:?}");
            }
        }
    }
}

/// `nsupdate` to us, we to BIND, and the way back; with a key that both know, and with one for each half.
#[test]
#[ignore = "needs named, dig and nsupdate"]
fn the_forwarder_stands_between_nsupdate_and_bind() {
    let named = Named::start(&[("example.com", &zone_text())]);
    let secret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let mut own = Keys::new();
    let client_key = Key::new(name("client").as_ref(), Algorithm::HmacSha512, super::named::SECRET).unwrap();
    own.add(client_key).unwrap();
    let cases = [(own, Some(key()), "hmac-sha512:client"), (Keys::new(), None, "hmac-sha256:ddns")];
    for (number, (keys, link_key, signed_with)) in cases.into_iter().enumerate() {
        let zone = ForwardZone {
            apex: name("example.com"),
            primaries: vec![named.address],
            key: link_key,
            access: AccessList::anyone(),
        };
        let config = ForwardConfig { zones: vec![zone], keys, timeout_millis: 60_000, rounds: 2, seed: 5 };
        let front = socket();
        let port = front.local_addr().unwrap().port();
        let forwarding = std::thread::spawn(move || forward_one(&front, Forwarder::new(config)));
        let script = format!(
            "server 127.0.0.1 {port}\nzone example.com.\nupdate add f{number}.example.com. 60 A 192.0.2.9\nsend\n"
        );
        let (good, said) = run("nsupdate", &["-u", "60", "-y", &format!("{signed_with}:{secret}")], &script);
        forwarding.join().unwrap();
        assert!(good, "{said}\n{}", named.log());
        let owner = name(&format!("f{number}.example.com"));
        assert!(named.zone("example.com").contains(owner.as_ref()));
    }
}

/// One request, there and back.
fn forward_one(front: &UdpSocket, mut forwarder: Forwarder) {
    let back = socket();
    let mut buf = vec![0; 65_535];
    let (len, from) = front.recv_from(&mut buf).expect("a request");
    forwarder.handle_request(now(), Source { address: from, link: None }, &buf[..len]);
    loop {
        match forwarder.poll_transmit(&mut buf) {
            Some(ForwardTransmit::Request { to, len, .. }) => {
                back.send_to(&buf[..len], to).unwrap();
                let (len, from) = back.recv_from(&mut buf).expect("BIND answers");
                let answer = buf[..len].to_vec();
                forwarder.handle_answer(now(), from, &answer);
            }
            Some(ForwardTransmit::Answer { to, len }) => {
                front.send_to(&buf[..len], to.address).unwrap();
                return;
            }
            other => panic!("{other:?}"),
        }
    }
}
