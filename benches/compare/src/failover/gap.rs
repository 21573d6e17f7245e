//! `gap`: clients that have a lease of the primary ask to extend it, again and again, from any server, as
//! clients in REBINDING do. The primary is killed, or hangs: how long until each has an answer?

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use ddi_dhcp::v4::MessageType;

use super::client::{Relay, Say};
use super::node::{Node, Partner, Setup, settle};
use crate::Failure;
use crate::row::fresh_folder;
use crate::table;

const POOL: &str = "10.64.0.0-10.64.3.255";
const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 0, 2)];
const RECEIVE_TIMER_SECONDS: u32 = 5;
/// About half of them are the primary's.
const CLIENTS: u16 = 200;
/// A client without an answer asks again after this.
const EVERY: Duration = Duration::from_millis(100);
/// Clients ask in turn, evenly over that time.
const STEP: Duration = Duration::from_millis(EVERY.as_millis() as u64 / 50);
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn run(program: &Path) -> Result<(), Failure> {
    println!("receive timer {RECEIVE_TIMER_SECONDS} s; a client without an answer asks every {EVERY:?}");
    let mut rows = Vec::new();
    for (what, signal) in [("killed (SIGKILL)", "KILL"), ("hangs (SIGSTOP)", "STOP")] {
        rows.push(measure(program, what, signal)?);
    }
    let head = ["the primary is", "its clients", "first answer s", "half s", "all s"];
    table::print(&head, &rows);
    Ok(())
}

fn measure(program: &Path, what: &str, signal: &str) -> Result<Vec<String>, Failure> {
    let folder = fresh_folder("failover-gap")?;
    let mut pair = [node(program, &folder, 0)?, node(program, &folder, 1)?];
    let mut servers = Vec::new();
    for node in &mut pair {
        servers.push(node.start()?);
    }
    settle(&pair, PATIENCE)?;
    let relay = Relay::new(servers)?;
    let known = bind(&relay)?;
    settle(&pair, PATIENCE)?;
    pair[0].signal(signal);
    let waits = rebind(&relay, &known);
    let mut waits = waits.map_err(|error| format!("{what}: {error}\n{}", pair[1].said()))?;
    // A process that is stopped can't end when it is asked to.
    pair[0].signal("KILL");
    drop(pair);
    std::fs::remove_dir_all(&folder)?;
    waits.sort_by(f64::total_cmp);
    let at = |part: f64| format!("{:.2}", waits[((waits.len() - 1) as f64 * part) as usize]);
    Ok(vec![what.to_owned(), waits.len().to_string(), at(0.0), at(0.5), at(1.0)])
}

fn node(program: &Path, folder: &Path, nth: usize) -> Result<Node, Failure> {
    let partner = Partner {
        is_primary: nth == 0,
        address: ADDRESSES[1 - nth],
        receive_timer_seconds: RECEIVE_TIMER_SECONDS,
        mclt_seconds: 3600,
        window: 1000,
        load_balance_max_seconds: 3,
    };
    let (address, partner) = (ADDRESSES[nth], Some(partner));
    let setup = Setup { address, port: 0, relays: &["127.0.0.1"], pool: POOL, partner };
    Node::new(program, &folder.join(nth.to_string()), &setup)
}

/// All clients take a lease; those that have it of the primary, and their addresses.
fn bind(relay: &Relay) -> Result<BTreeMap<u16, Ipv4Addr>, Failure> {
    let mut known = BTreeMap::new();
    for client in 0..CLIENTS {
        relay.send(client, Say::Discover, 0)?;
        loop {
            let answer = relay.receive(PATIENCE)?.ok_or("no answer to a new client")?;
            match answer.kind {
                _ if answer.client != client => {}
                MessageType::Offer => {
                    let (address, server) = (answer.address, answer.server);
                    relay.send(client, Say::Select { address, server }, 0)?;
                }
                MessageType::Ack => {
                    if answer.server == ADDRESSES[0] {
                        known.insert(client, answer.address);
                    }
                    break;
                }
                _ => return Err(format!("client {client} was told {:?}", answer.kind).into()),
            }
        }
    }
    Ok(known)
}

/// Each asks until it has an answer: how long each one waited since now, in seconds.
fn rebind(relay: &Relay, known: &BTreeMap<u16, Ipv4Addr>) -> Result<Vec<f64>, Failure> {
    let started = Instant::now();
    let mut open: BTreeMap<u16, Instant> = known.keys().map(|client| (*client, started)).collect();
    let mut waits = Vec::new();
    while !open.is_empty() {
        if started.elapsed() > PATIENCE {
            let without: Vec<_> = open.keys().map(|client| known[client]).collect();
            return Err(format!("no answer after {PATIENCE:?} for {without:?}").into());
        }
        let now = Instant::now();
        let due = open.iter().min_by_key(|(_, due)| **due).map(|(client, due)| (*client, *due));
        if let Some((client, due)) = due
            && due <= now
        {
            let address = known[&client];
            relay.send(client, Say::Rebind { address }, started.elapsed().as_secs() as u16)?;
            open.insert(client, now + EVERY);
        }
        if let Some(answer) = relay.receive(STEP)? {
            let known = known.get(&answer.client);
            if answer.kind != MessageType::Ack || known.is_some_and(|address| *address != answer.address) {
                return Err(format!("client {} was told {:?}", answer.client, answer.kind).into());
            }
            if open.remove(&answer.client).is_some() {
                waits.push(started.elapsed().as_secs_f64());
            }
        }
    }
    Ok(waits)
}
