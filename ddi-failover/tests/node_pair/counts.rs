//! Two relationships have a pool each in one subnet: each tells of its own leases alone.

use super::{ADDRESSES, PATIENCE, Pair};
use crate::harness::{Home, Node, free_port};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Instant;

/// Name, first and last address, and how many they are.
const RELATIONSHIPS: [(&str, &str, &str, u64); 2] =
    [("small", "10.77.16.0", "10.77.16.15", 16), ("large", "10.77.32.0", "10.77.32.255", 256)];
/// More than the small pool has.
const CLIENTS: u32 = 40;

fn config(nth: usize, ports: [u16; 2]) -> String {
    let (own, other, role) = (ADDRESSES[nth], ADDRESSES[1 - nth], ["primary", "secondary"][nth]);
    let pools = RELATIONSHIPS.map(|(_, first, last, _)| format!("{first}-{last}"));
    let mut config = format!(
        "data_dir = \"state\"\n[dhcp4]\nlisten = \"{own}:0\"\ncache_threshold_percent = 0\n\
         [[dhcp4.subnet]]\nprefix = \"10.77.0.0/16\"\nrelays = [\"127.0.0.1\"]\npools = {pools:?}\n\
         lease_seconds = 4000\n"
    );
    for ((name, ..), pool) in RELATIONSHIPS.iter().zip(&pools) {
        config += &format!(
            "[[failover]]\nname = \"{name}\"\nrole = \"{role}\"\nlisten = \"{own}:{}\"\n\
             partner = \"{other}:{}\"\npools = [\"{pool}\"]\n",
            ports[nth],
            ports[1 - nth]
        );
    }
    config
}

fn wait_until(homes: &[Home; 2], is: impl Fn(&Value) -> bool) {
    let begin = Instant::now();
    let all = || homes.each_ref().map(|home| home.ctl_json(&["failover", "status"]));
    while !all().iter().all(&is) {
        assert!(begin.elapsed() < PATIENCE, "{:?} {:?}", all(), homes.each_ref().map(Home::stderr));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn relationships_in_one_subnet_count_their_own_leases() {
    let ports = [free_port(), free_port()];
    let homes = [0, 1].map(|nth| Home::new(&config(nth, ports)));
    let nodes = [0, 1].map(|nth| Some(Node::start(&homes[nth])));
    let mut pair = Pair { homes, nodes };
    wait_until(&pair.homes, |all| (0..2).all(|nth| all[nth]["state"] == "normal"));
    let clients: BTreeMap<u32, Ipv4Addr> = (0..CLIENTS).map(|nth| (nth, pair.bind(nth))).collect();
    pair.wait_for_equal(&clients);
    let active = RELATIONSHIPS.map(|(_, first, last, _)| {
        let [first, last] = [first, last].map(|end| end.parse::<Ipv4Addr>().unwrap());
        clients.values().filter(|address| (first..=last).contains(*address)).count() as u64
    });
    assert!(active.iter().all(|active| *active > 0), "both pools are used: {active:?}");
    assert_eq!(active[0] + active[1], u64::from(CLIENTS));
    for home in &pair.homes {
        let all = home.ctl_json(&["failover", "status"]);
        for ((name, first, last, size), active) in RELATIONSHIPS.into_iter().zip(active) {
            let one = all.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap();
            let leases = one["leases"].as_object().unwrap();
            assert_eq!(leases["active"], json!(active), "{one}");
            let sum: u64 = leases.values().map(|count| count.as_u64().unwrap()).sum();
            assert_eq!(sum, size, "{one}");
            let pools = one["pools"].as_array().unwrap();
            assert_eq!(pools.len(), 1, "{one}");
            for (key, value) in [
                ("first", json!(first)),
                ("last", json!(last)),
                ("size", json!(size)),
                ("active", json!(active)),
            ] {
                assert_eq!(pools[0][key], value, "{one}");
            }
        }
    }
    for node in pair.nodes.iter_mut().filter_map(Option::take) {
        assert!(node.stop().success());
    }
}
