//! A lease database that is not the one of before: emptied, or an old copy.

use super::{Home, Pair};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

const SAID: &str = "the lease database is not the one of before";

/// The files of the lease database, which lie beside the folder of the relationships' states.
fn files(home: &Home) -> Vec<PathBuf> {
    let all = fs::read_dir(home.0.join("state")).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.is_file()).collect()
}

fn copy(home: &Home) -> Vec<(PathBuf, Vec<u8>)> {
    files(home).into_iter().map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

fn remove(home: &Home) {
    files(home).iter().for_each(|path| fs::remove_file(path).unwrap());
}

#[test]
fn lost_leases_are_noticed_and_fetched() {
    let mut pair = Pair::start();
    let mut clients = BTreeMap::new();
    pair.bind_all(&mut clients, 0..10);
    pair.wait_for_equal(&clients);
    assert!(pair.nodes[1].take().unwrap().stop().success());
    let old = copy(&pair.homes[1]);
    pair.restart(1);
    pair.renew_until_normal(&clients);
    assert!(!pair.homes[1].stderr().contains(SAID), "{}", pair.homes[1].stderr());
    pair.bind_all(&mut clients, 10..30);
    pair.wait_for_equal(&clients);

    // The copy has leases, and a position in its log, but lacks what came after.
    assert!(pair.nodes[1].take().unwrap().stop().success());
    remove(&pair.homes[1]);
    old.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    pair.restart(1);
    assert!(pair.homes[1].stderr().contains(SAID), "{}", pair.homes[1].stderr());
    pair.wait_for_equal(&clients);
    pair.renew_until_normal(&clients);

    // Emptied. Whoever is killed before it could tell itself so is told again.
    pair.kill(1);
    remove(&pair.homes[1]);
    pair.restart(1);
    pair.homes[1].wait_for_times(2, SAID);
    pair.wait_for_equal(&clients);
    pair.renew_until_normal(&clients);
    pair.kill(1);
    pair.restart(1);
    pair.renew_until_normal(&clients);
    assert_eq!(pair.homes[1].stderr().matches(SAID).count(), 2, "{}", pair.homes[1].stderr());
    for node in pair.nodes.into_iter().flatten() {
        assert!(node.stop().success());
    }
}

/// A state file that says that leases are lost holds until the endpoint has saved its own.
#[test]
fn the_loss_is_kept_until_it_is_saved() {
    let mut pair = Pair::start();
    let mut clients = BTreeMap::new();
    pair.bind_all(&mut clients, 0..5);
    pair.kill(1);
    let folder = pair.homes[1].0.join("state/failover");
    let states = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    for path in states.filter(|path| path.extension().is_some_and(|name| name == "state")) {
        let mut bytes = fs::read(&path).unwrap();
        assert!(bytes.starts_with(b"ddiN\x01"));
        // As `set_lost` writes it, before a crash.
        bytes[5..13].fill(0);
        bytes[13..21].fill(0xff);
        fs::write(&path, bytes).unwrap();
    }
    pair.restart(1);
    pair.homes[1].wait_for(SAID);
    pair.renew_until_normal(&clients);
    pair.wait_for_equal(&clients);
    for node in pair.nodes.into_iter().flatten() {
        assert!(node.stop().success());
    }
}
