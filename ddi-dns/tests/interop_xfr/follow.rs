//! A daemon is our primary: its zone is changed at random, and ours becomes the same.

use super::daemon::{Daemon, Kind, Setup};
use super::host::{Host, Served};
use super::model::{Model, Random, change, first_model, zone_text};
use super::records::{assert_same, parsed, rows};
use super::{ROUNDS, WHOLE_EVERY, WHOLE_ROUNDS, addr, key, name};
use ddi_dns::Snapshot;
use ddi_dns::secondary::{Primary, Secondary, SecondaryConfig, SecondaryEvent};
use ddi_dns::xfr::XfrError;
use ddi_dns::zone::Strictness;

/// All edits come as deltas, but for a transfer of the whole zone now and then.
pub(crate) fn by_deltas(setup: Setup, strictness: Strictness) {
    let mut pair = Pair::start(setup, strictness);
    let mut whole = 1;
    for round in 0..ROUNDS {
        pair.edit_and_compare(&format!("{setup:?}, edit {round}"));
        if round % WHOLE_EVERY == WHOLE_EVERY / 2 {
            pair.retransfer();
            whole += 1;
        }
    }
    let deltas = pair.end(whole);
    assert!(deltas > ROUNDS / 3, "{deltas}");
}

/// The daemon has no deltas to give, and answers each request with the whole zone.
pub(crate) fn by_whole_zones(setup: Setup) {
    let mut pair = Pair::start(Setup { ixfr: false, ..setup }, Strictness::Exact);
    let mut versions = 1;
    for round in 0..WHOLE_ROUNDS {
        let before = pair.zone().serial();
        pair.edit_and_compare(&format!("{setup:?}, whole, edit {round}"));
        versions += usize::from(pair.zone().serial() != before);
    }
    assert!(versions > WHOLE_ROUNDS / 2, "{versions}");
    assert_eq!(pair.end(versions), 0, "no deltas");
}

struct Pair {
    setup: Setup,
    daemon: Daemon,
    host: Host,
    random: Random,
    /// What the zone should hold.
    model: Model,
    serial: u32,
    /// Types of which nothing is edited.
    without: &'static [&'static str],
}

impl Pair {
    /// Both have the first version.
    fn start(setup: Setup, strictness: Strictness) -> Self {
        let (model, serial) = (first_model(), 1);
        let mut host = Host::new(Served::new(setup.key, None));
        let setup = Setup { ours: host.port, ..setup };
        let daemon = Daemon::start(setup, Some(&zone_text(serial, &model)));
        host.run("the daemon", || daemon.log(), |_| daemon.serial() == Some(serial));
        let primary = Primary { addr: addr(setup.port), key: key(setup.key) };
        let mut config = SecondaryConfig::new(name(super::daemon::ZONE), vec![primary], 5);
        (config.notify_gap_millis, config.strictness) = (20, strictness);
        host.secondary = Some(Secondary::new(host.now(), config, None));
        let has_zone = |host: &mut Host| host.secondary.as_ref().unwrap().current().is_some();
        host.run("the first transfer", || daemon.log(), has_zone);
        // NSD 4.6 makes deltas that add records of these types again that are there: exactly, they don't fit.
        let is_exact = setup.kind == Kind::Nsd && setup.ixfr && strictness == Strictness::Exact;
        let without: &[&str] = if is_exact { &["SRV", "DHCID"] } else { &[] };
        Self { setup, daemon, host, random: Random(1 + setup.kind as u64), model, serial, without }
    }

    /// What our side has.
    fn zone(&self) -> Snapshot {
        self.host.secondary.as_ref().unwrap().current().unwrap().clone()
    }

    /// A random edit, of which NOTIFY tells us.
    fn edit_and_compare(&mut self, what: &str) {
        let mut script = String::new();
        for _ in 0..=self.random.below(3) {
            script += &change(&mut self.random, &mut self.model, self.without);
        }
        self.serial += 1;
        self.daemon.update(&(script + "send\n"), &zone_text(self.serial, &self.model));
        let is_nsd = self.setup.kind == Kind::Nsd;
        let newest = if is_nsd { self.serial } else { self.daemon.some_serial() };
        let daemon = &self.daemon;
        let has_newest =
            |host: &mut Host| host.secondary.as_ref().unwrap().current().unwrap().serial().0 == newest;
        self.host.run("the new version", || daemon.log(), has_newest);
        self.assert_same(newest, what);
    }

    fn assert_same(&self, serial: u32, what: &str) {
        // Knot and NSD don't keep the case of names.
        assert_same(&self.zone(), &self.daemon.zone(serial), self.setup.kind == Kind::Bind, what);
    }

    fn retransfer(&mut self) {
        let (now, events, serial) = (self.host.now(), self.host.events.len(), self.zone().serial());
        self.host.secondary.as_mut().unwrap().handle_retransfer(now);
        let daemon = &self.daemon;
        self.host.run("the whole zone", || daemon.log(), |host| host.events.len() > events);
        assert_eq!(self.zone().serial(), serial);
        self.assert_same(serial.0, "the whole zone");
    }

    /// So many whole zones have come, and so many deltas as it returns; and nothing was in the way.
    fn end(self, wanted: usize) -> usize {
        let model = parsed(&zone_text(1, &self.model));
        assert_eq!(rows(&self.zone(), false)[1..], rows(&model, false)[1..], "the model");
        let (mut whole, mut deltas, mut trouble) = (0, 0, Vec::new());
        for event in &self.host.events {
            match event {
                SecondaryEvent::Zone { deltas: these, .. } if these.is_empty() => whole += 1,
                SecondaryEvent::Zone { deltas: these, .. } => deltas += these.len(),
                // NSD's way to say that it has no deltas.
                SecondaryEvent::FallBack { why: XfrError::Truncated, .. } if self.is_nsd_without_deltas() => {
                }
                SecondaryEvent::FallBack { why, .. } | SecondaryEvent::Failed { why, .. } => {
                    trouble.push(why);
                }
                _ => {}
            }
        }
        println!("primary {:?}: {whole} whole zones, {deltas} deltas, {trouble:?}", self.setup);
        assert!(trouble.is_empty(), "{trouble:?}\n{}", self.daemon.log());
        assert_eq!(whole, wanted, "whole zones");
        deltas
    }

    fn is_nsd_without_deltas(&self) -> bool {
        self.setup.kind == Kind::Nsd && !self.setup.ixfr
    }
}
