//! A daemon is our secondary: our zone is changed at random, and its becomes the same.

use super::daemon::{Daemon, Kind, Setup, ZONE};
use super::host::{Host, Served};
use super::model::{Model, Random, change, first_model, signed, zone_text};
use super::records::{assert_same, parsed};
use super::{ROUNDS, WHOLE_EVERY, WHOLE_ROUNDS, addr, key, name};
use ddi_core::UnixTime;
use ddi_dns::notify::NotifyTarget;
use ddi_dns::xfr::{Sent, Wanted};
use ddi_dns::zonefile::{Config, Parser, Step, Writer};
use ddi_dns::{Delta, Edit, Rtype, SerialPolicy, Snapshot};

/// Deltas, alone or condensed, whenever there are any: now and then the history is forgotten.
pub(crate) fn by_deltas(setup: Setup, condense: bool) {
    let mut pair = Pair::start(setup, condense);
    let mut forgotten = 0;
    for round in 0..ROUNDS {
        // Most are seen one by one, and now and then several at once.
        for _ in 0..if round % 10 == 9 { 10 } else { 1 } {
            pair.edit();
        }
        pair.follows(&format!("{setup:?}, edit {round}"));
        if round % WHOLE_EVERY == WHOLE_EVERY / 2 {
            pair.edit_without_history();
            forgotten += 1;
            pair.follows("without history");
        }
    }
    pair.sign_and_unsign();
    let sent = pair.end();
    let (deltas, instead) = (sent.deltas(), sent.whole_for_deltas());
    // Who wants deltas gets them, while there are any. That a secondary asks for the whole zone is its own affair: NSD
    // does, now and then, when several versions come while it still reloads one.
    assert!(instead >= 1 && instead <= forgotten, "{instead} {forgotten}");
    assert!(deltas >= ROUNDS / 2, "{:?}", sent.0);
}

/// There is no history, and the daemon wants none where it can be told so.
pub(crate) fn by_whole_zones(setup: Setup) {
    let mut pair = Pair::start(Setup { ixfr: false, ..setup }, false);
    for round in 0..WHOLE_ROUNDS {
        pair.edit_without_history();
        pair.follows(&format!("{setup:?}, whole, edit {round}"));
    }
    let sent = pair.end();
    assert!(sent.whole() > WHOLE_ROUNDS && sent.deltas() == 0, "{:?}", sent.0);
    // Knot can't be told to ask for whole zones.
    assert!(setup.kind == Kind::Knot || sent.whole_for_deltas() == 0, "{:?}", sent.0);
}

/// What was asked, and what was sent.
struct Answers(Vec<(Wanted, Sent)>);

impl Answers {
    fn count(&self, wanted: impl Fn(&(Wanted, Sent)) -> bool) -> usize {
        self.0.iter().filter(|pair| wanted(pair)).count()
    }

    fn whole(&self) -> usize {
        self.count(|(_, sent)| *sent == Sent::Zone)
    }

    fn whole_for_deltas(&self) -> usize {
        self.count(|pair| matches!(pair, (Wanted::Ixfr(_), Sent::Zone)))
    }

    fn deltas(&self) -> usize {
        self.count(|(_, sent)| matches!(sent, Sent::Deltas(_)))
    }
}

struct Pair {
    setup: Setup,
    daemon: Daemon,
    host: Host,
    random: Random,
    zone: Snapshot,
    target: NotifyTarget,
}

impl Pair {
    /// Both have the first version.
    fn start(setup: Setup, condense: bool) -> Self {
        let zone = parsed(&zone_text(1, &first_model()));
        let mut host = Host::new(Served::new(setup.key, Some(zone.clone())));
        host.served.lock().unwrap().config.condense = condense;
        let setup = Setup { ours: host.port, ..setup };
        let daemon = Daemon::start(setup, None);
        host.run("the first transfer", || daemon.log(), |_| daemon.serial() == Some(1));
        let target = NotifyTarget { addr: addr(setup.port), key: key(setup.key) };
        Self { setup, daemon, host, random: Random(100 + setup.kind as u64), zone, target }
    }

    fn edit(&mut self) {
        let (delta, next) = edited(&mut self.random, &self.zone);
        self.publish(delta, next);
    }

    fn publish(&mut self, delta: Delta, next: Snapshot) {
        self.zone = next;
        self.host.publish(delta, &self.zone, &self.target);
        self.host.step();
    }

    /// The next request for deltas gets the whole zone: what led to it is forgotten.
    fn edit_without_history(&mut self) {
        let (_, next) = edited(&mut self.random, &self.zone);
        self.zone = next;
        self.host.replace(&self.zone, &self.target);
    }

    /// The daemon comes to this version, and to no other content.
    fn follows(&mut self, what: &str) {
        let (daemon, serial) = (&self.daemon, self.zone.serial().0);
        self.host.run("the new version", || daemon.log(), |_| daemon.serial() == Some(serial));
        assert_same(&self.zone, &daemon.zone(serial), self.setup.kind == Kind::Bind, what);
    }

    /// The zone becomes signed with NSEC, with NSEC3, and unsigned again, each by one delta.
    fn sign_and_unsign(&mut self) {
        let dir =
            std::env::temp_dir().join(format!("ddi-xfr-sign-{}-{}", std::process::id(), self.host.port));
        std::fs::create_dir_all(&dir).unwrap();
        let unsigned = text_of(&self.zone);
        let texts = [signed(&unsigned, false, &dir), signed(&unsigned, true, &dir), unsigned];
        for (text, denials) in texts.iter().zip([Some(Rtype::NSEC), Some(Rtype::NSEC3PARAM), None]) {
            let next = parsed(text).with_serial(self.zone.serial().plus(1)).unwrap();
            for rtype in [Rtype::NSEC, Rtype::NSEC3PARAM] {
                assert_eq!(next.get(next.apex(), rtype).is_some(), denials == Some(rtype));
            }
            self.publish(Delta::between(&self.zone, &next).unwrap(), next);
            self.follows(&format!("{:?}, {denials:?}", self.setup));
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }

    fn end(mut self) -> Answers {
        let daemon = &self.daemon;
        self.host.run("NOTIFY to be confirmed", || daemon.log(), |host| host.notifier.pending() == 0);
        assert!(self.host.answered > 0);
        let answers = Answers(self.host.served.lock().unwrap().sent.clone());
        let (whole, deltas) = (answers.whole(), answers.deltas());
        println!("secondary {:?}: {whole} whole zones, {deltas} times deltas", self.setup);
        answers
    }
}

fn text_of(zone: &Snapshot) -> String {
    let mut text = Vec::new();
    let mut writer = Writer::new(zone.apex(), &mut text);
    let mut walk = zone.walk();
    while let Some(r) = walk.next() {
        writer.write(r.owner, r.ttl, r.rtype, r.rdata, &mut text);
    }
    String::from_utf8(text).unwrap()
}

fn edited(random: &mut Random, zone: &Snapshot) -> (Delta, Snapshot) {
    loop {
        let mut edit = Edit::new(zone);
        let mut model = Model::new();
        for _ in 0..=random.below(3) {
            change(random, &mut model, &[]).lines().for_each(|line| apply(&mut edit, line));
        }
        if let Some(made) = edit.finish(SerialPolicy::Increment, UnixTime(0)).unwrap() {
            return made;
        }
    }
}

/// Does what a line for nsupdate says.
fn apply(edit: &mut Edit, line: &str) {
    let words: Vec<_> = line.split_whitespace().collect();
    let (owner, ttl, data) = match &words[..] {
        ["update", "add", owner, ttl, data @ ..] => (owner, Some(ttl), data),
        ["update", "delete", owner, rtype] => {
            edit.remove_rrset(name(owner).as_ref(), rtype.parse().unwrap());
            return;
        }
        ["update", "delete", owner, data @ ..] => (owner, None, data),
        _ => panic!("{line}"),
    };
    let apex = name(ZONE);
    let mut parser = Parser::new(&Config::new("line", apex.as_ref()));
    parser.push(format!("{owner}. 300 {}\n", data.join(" ")).as_bytes());
    parser.end();
    let Ok(Step::Record(r)) = parser.step() else { panic!("{line}") };
    match ttl {
        Some(_) => drop(edit.add(r.owner, r.rtype, r.ttl, r.rdata).unwrap()),
        None => drop(edit.remove(r.owner, r.rtype, r.rdata)),
    }
}
