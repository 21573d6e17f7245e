//! After a warm-up nothing is allocated between a datagram and its reply, the lease database included.

use crate::harness::*;
use ddi_core::{DbConfig, LeaseDb, MemStorage, Standalone};
use ddi_dhcp::server::{MAX_REPLY, Received, ReservedFor};
use ddi_dhcp::v4::{Packet, code};
use std::net::Ipv4Addr;
use std::sync::Arc;

type Real = World<LeaseDb, Standalone>;

/// Asks, and gives the address in the reply that is ready.
fn ask(world: &mut Real, ask: &Ask, bytes: &[u8]) -> Option<Ipv4Addr> {
    let received = Received { interface: ask.interface, from: ask.from, to: ask.to, bytes };
    world.server.handle_datagram(world.now, &mut world.store, &Standalone, &received);
    while world.server.poll_event().is_some() {}
    next(world)
}

fn next(world: &mut Real) -> Option<Ipv4Addr> {
    let mut buffer = [0; MAX_REPLY];
    let transmit = world.server.poll_transmit(&world.store, &mut buffer)?;
    Some(Packet::parse(&buffer[..transmit.len]).ok()?.yiaddr())
}

/// Each message with its bytes: made before anything is counted.
fn messages(client: u8, address: Ipv4Addr) -> Vec<(Ask, Vec<u8>)> {
    let dress = |ask: Ask| {
        ask.client_id(&[1, 2, 3, client])
            .option(code::HOST_NAME, b"a host")
            .option(code::PARAMETER_REQUEST_LIST, &[1, 3, 6, 12, 15])
    };
    let info = b"\x01\x04port\x02\x06remote";
    [
        dress(Ask::discover(client)),
        dress(Ask::selecting(client, address)),
        dress(Ask::renewing(client, address)),
        dress(Ask::init_reboot(client, address)),
        dress(Ask::init_reboot(client, addr("10.0.0.99"))),
        dress(Ask::inform(client, addr("10.0.0.99"))),
        dress(Ask::rebinding(client, address)).option(code::RELAY_INFO, info),
        dress(Ask::release(client, address)),
    ]
    .into_iter()
    .map(|ask| (ask.clone(), ask.bytes()))
    .collect()
}

#[test]
fn none_after_warm_up() {
    let mut config = config();
    config.cache_threshold_percent = 0;
    config.params.options.put(code::DNS_SERVERS, &[10, 0, 0, 53]);
    let by = ReservedFor::ClientId(vec![1, 2, 3, 4]);
    config.subnets[0].reservations = vec![ddi_dhcp::server::Reservation::new(by, addr("10.0.0.50"))];
    let (mut db, _) = LeaseDb::open(Arc::new(MemStorage::new()), &DbConfig::new([1; 16])).unwrap();
    let server = ddi_dhcp::server::Server::new(config.clone(), 1).unwrap();
    db.set_pools(&server.pools()).unwrap();
    let mut world = World::over(config, db, Standalone);
    // Where each client ends up is known after its first exchange.
    let clients: Vec<u8> = (1..9).collect();
    let mut all = Vec::new();
    for &client in &clients {
        let first = messages(client, NOBODY);
        let address = ask(&mut world, &first[0].0, &first[0].1).expect("an offer");
        all.push(messages(client, address));
    }
    let round = |world: &mut Real| {
        let mut replies = 0;
        let info = allocation_counter::measure(|| {
            for (message, bytes) in all.iter().flatten() {
                replies += usize::from(ask(world, message, bytes).is_some());
            }
        });
        world.store.commit().unwrap();
        let promises = allocation_counter::measure(|| {
            while next(world).is_some() {
                replies += 1;
            }
        });
        assert_eq!(replies, all.len() * 7, "all but RELEASE are answered");
        info.count_total + promises.count_total
    };
    let counts: Vec<_> = (0..40).map(|_| round(&mut world)).collect();
    assert_eq!(counts[20..], [0; 20], "{counts:?}");
}
