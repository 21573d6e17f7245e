//! Each row of the table in DESIGN.md: the situation is made, the message sent, the answer seen, by a
//! server that is authoritative and by one that is not.

use crate::harness::*;
use ddi_core::{BindingState, Expect, Lease, LeaseKey, LeaseStore};
use ddi_dhcp::server::*;
use ddi_dhcp::v4::{MessageType, code};
use std::net::Ipv4Addr;

const CLIENT: u8 = 1;
const OTHER: u8 = 2;
const X: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 15);

struct Row {
    message: String,
    standing: String,
    /// Not authoritative, authoritative.
    answers: [String; 2],
}

fn rows() -> Vec<Row> {
    let design = include_str!("../../DESIGN.md");
    let table = design.split("| message | the address is |").nth(1).expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let cells: Vec<_> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
        let [_, message, standing, yes, no, ..] = &cells[..] else { panic!("{line}") };
        Row { message: message.clone(), standing: standing.clone(), answers: [no.clone(), yes.clone()] }
    };
    rows.map(row).collect()
}

fn reserve(config: &mut Config, client: u8, address: Ipv4Addr) {
    let by = ReservedFor::HwAddr(vec![2, 0, 0, 0, 0, client]);
    config.subnets[0].reservations.push(Reservation::new(by, address));
}

/// A world where X has this standing for the client. DISCOVER and BOOTP choose X then.
fn make(row: &Row, authoritative: bool) -> World {
    let mut config = Config { authoritative, dynamic_bootp: true, ..config() };
    config.rapid_commit = row.message == "DiscoverRapid";
    if row.message == "DiscoverV6Only" {
        config.subnets[0].v6_only_wait_seconds = Some(300);
    }
    match row.standing.as_str() {
        "Reserved" => reserve(&mut config, CLIENT, X),
        "NotDynamic" => config.subnets[0].pools = vec![pool("10.0.0.20", "10.0.0.30")],
        "Nothing" if row.message != "Inform" => config.subnets[0].pools.clear(),
        // Something to choose.
        "Free" if !asks_for_x(&row.message) => config.subnets[0].pools = vec![pool("10.0.0.15", "10.0.0.15")],
        _ => {}
    }
    let mut world = World::new(config);
    match row.standing.as_str() {
        "Mine" => put(&mut world, CLIENT, X, BindingState::Active),
        "Others" => put(&mut world, OTHER, X, BindingState::Active),
        "Ended" => put(&mut world, CLIENT, X, BindingState::Free),
        "Abandoned" => put(&mut world, CLIENT, X, BindingState::Abandoned),
        "Elsewhere" => elsewhere(&mut world, row.message == "Selecting"),
        "Offered" => assert_eq!(world.one(&asking_for_x(CLIENT)).yiaddr(), X),
        "NotOurs" => assert_eq!(world.one(&asking_for_x(CLIENT)).yiaddr(), X),
        _ => {}
    }
    world
}

fn asks_for_x(message: &str) -> bool {
    !message.starts_with("Discover") && message != "Bootp"
}

fn asking_for_x(client: u8) -> Ask {
    Ask::discover(client).addr(code::REQUESTED_ADDRESS, X)
}

fn elsewhere(world: &mut World, by_reservation: bool) {
    if by_reservation {
        let mut config = world.server.config().clone();
        reserve(&mut config, CLIENT, addr("10.0.0.99"));
        world.set_config(config);
    } else {
        put(world, CLIENT, addr("10.0.0.16"), BindingState::Active);
    }
}

fn put(world: &mut World, client: u8, address: Ipv4Addr, state: BindingState) {
    let mut lease = Lease::new(LeaseKey::v4(address));
    lease.hw_addr = Ask::discover(client).header.hw_addr;
    lease.state = BindingState::Active;
    lease.subnet_id = 1;
    lease.client_last_transaction_time = world.now.unix;
    lease.expiration_time = world.now.unix.plus_secs(1000);
    world.store.put(&mut lease, Expect::Absent).unwrap();
    lease.state = state;
    world.store.put(&mut lease, Expect::Any).unwrap();
    world.store.commit();
}

fn message(row: &Row) -> Ask {
    let x = if row.standing == "WrongLink" { addr("10.1.0.15") } else { X };
    let ask = match row.message.as_str() {
        "Discover" => Ask::discover(CLIENT),
        "DiscoverRapid" => Ask::discover(CLIENT).option(code::RAPID_COMMIT, &[]),
        "DiscoverV6Only" => Ask::discover(CLIENT).option(code::PARAMETER_REQUEST_LIST, &[108]),
        "Selecting" => Ask::selecting(CLIENT, x),
        "InitReboot" => Ask::init_reboot(CLIENT, x),
        // A relay that tells how it was asked can bring a renewal from the wrong link.
        "Renewing" if row.standing == "WrongLink" => Ask::rebinding(CLIENT, X).relayed(RELAY, &[10, 1, 0x80]),
        "Renewing" => Ask::renewing(CLIENT, x),
        "Rebinding" => Ask::rebinding(CLIENT, x),
        "Decline" => Ask::decline(CLIENT, x),
        // The link of a RELEASE is where its ciaddr is, but for one through a relay.
        "Release" if row.standing == "WrongLink" => Ask::release(CLIENT, X).relayed(RELAY, &[]),
        "Release" => Ask::release(CLIENT, x),
        "Inform" => Ask::inform(CLIENT, addr("10.0.0.200")),
        "Bootp" => Ask::bootp(CLIENT),
        other => panic!("{other}"),
    };
    let other = row.standing == "NotOurs";
    if other { ask.addr(code::SERVER_ID, addr("10.0.0.2")) } else { ask }
}

/// What the server did, in the words of the table.
fn answer(world: &mut World, row: &Row) -> String {
    let offers = world.server.offers();
    let writes = world.store.log.len();
    let sent = world.ask(&message(row));
    let wrote = world.store.log.get(writes).and_then(|(.., lease)| Some(lease.as_ref()?.state));
    let sent = sent.first();
    let said = sent.map(|sent| (sent.kind(), sent.yiaddr()));
    let answer = match (said, wrote) {
        (Some((Some(MessageType::Offer), NOBODY)), None) => "OfferNothing",
        (Some((Some(MessageType::Offer), X)), None) => "Offer",
        (Some((Some(MessageType::Ack), NOBODY)), None) => "Options",
        // A running lease is not always written again.
        (Some((Some(MessageType::Ack), X)), None) if row.standing == "Mine" => "Ack",
        (Some((Some(MessageType::Ack), X)), Some(BindingState::Active)) => "Ack",
        (Some((None, X)), Some(BindingState::Active)) => "BootReply",
        (Some((Some(MessageType::Nak), NOBODY)), None) => "Nak",
        (None, Some(BindingState::Abandoned)) => "Quarantine",
        (None, Some(BindingState::Free)) => "Release",
        (None, None) if world.server.offers() < offers => "Forget",
        (None, None) => "Silent",
        other => return format!("{other:?}"),
    };
    answer.to_owned()
}

#[test]
fn every_row() {
    let rows = rows();
    assert_eq!(rows.len(), 71);
    let mut wrong = Vec::new();
    for row in &rows {
        for authoritative in [false, true] {
            let expected = &row.answers[usize::from(authoritative)];
            let got = answer(&mut make(row, authoritative), row);
            if got != *expected {
                let (message, standing) = (&row.message, &row.standing);
                wrong.push(format!(
                    "{message} x {standing}, authoritative {authoritative}: {got}, not {expected}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
