//! Random updates beside a plain model, written from the standard's pseudocode (sections 3.2.5 and 3.4.2.7).

use super::random::{Condition, Step, draw_conditions, draw_steps, message};
use super::support::{LINES, Random, absolute, dump, line, run, zone};
use ddi_dns::message::Rcode;
use ddi_dns::{Name, Rtype};
use std::collections::{BTreeMap, BTreeSet};

/// TTL and data.
type Rrset = (u32, BTreeSet<Vec<u8>>);

#[derive(Clone, Default)]
struct Model {
    rrsets: BTreeMap<(Name, Rtype), Rrset>,
}

impl Model {
    fn new() -> Self {
        let mut model = Self::default();
        for text in LINES {
            let line = line(text);
            if line.rtype != Rtype::SOA {
                let rrset =
                    model.rrsets.entry((line.owner, line.rtype)).or_insert((line.ttl, BTreeSet::new()));
                rrset.1.insert(line.rdata);
            }
        }
        model
    }

    fn uses(&self, owner: &Name) -> bool {
        *owner == absolute("@") || self.rrsets.keys().any(|(name, _)| name == owner)
    }

    fn check(&self, conditions: &[Condition]) -> Result<(), Rcode> {
        let mut given: BTreeMap<(Name, Rtype), BTreeSet<Vec<u8>>> = BTreeMap::new();
        for condition in conditions {
            match condition {
                Condition::Name(owner, true) if !self.uses(owner) => return Err(Rcode::NXDOMAIN),
                Condition::Name(owner, false) if self.uses(owner) => return Err(Rcode::YXDOMAIN),
                Condition::Name(..) => {}
                Condition::Rrset(owner, rtype, wanted) => {
                    match (wanted, self.rrsets.contains_key(&(owner.clone(), *rtype))) {
                        (true, false) => return Err(Rcode::NXRRSET),
                        (false, true) => return Err(Rcode::YXRRSET),
                        _ => {}
                    }
                }
                Condition::Is(owner, rtype, data) => {
                    given.entry((owner.clone(), *rtype)).or_default().insert(data.clone());
                }
            }
        }
        let holds = |(key, data): (&(Name, Rtype), &BTreeSet<Vec<u8>>)| {
            self.rrsets.get(key).is_some_and(|rrset| rrset.1 == *data)
        };
        if given.iter().all(holds) { Ok(()) } else { Err(Rcode::NXRRSET) }
    }

    fn step(&mut self, step: &Step) {
        let apex = absolute("@");
        match step.clone() {
            Step::Add(owner, rtype, ttl, data) => {
                let has = |wanted: &dyn Fn(Rtype) -> bool| {
                    self.rrsets.keys().any(|(name, other)| *name == owner && wanted(*other))
                };
                let conflicts = if rtype == Rtype::CNAME {
                    owner == apex || has(&|other| other != Rtype::CNAME)
                } else {
                    has(&|other| other == Rtype::CNAME)
                };
                if !conflicts {
                    let rrset = self.rrsets.entry((owner, rtype)).or_default();
                    if rtype == Rtype::CNAME {
                        rrset.1.clear();
                    }
                    rrset.0 = ttl;
                    rrset.1.insert(data);
                }
            }
            Step::Delete(owner, rtype, data) => {
                let Some(rrset) = self.rrsets.get_mut(&(owner.clone(), rtype)) else { return };
                if owner == apex && rtype == Rtype::NS && rrset.1.len() == 1 {
                    return;
                }
                rrset.1.remove(&data);
                if rrset.1.is_empty() {
                    self.rrsets.remove(&(owner, rtype));
                }
            }
            Step::DeleteRrset(owner, rtype) => {
                if !(owner == apex && rtype == Rtype::NS) {
                    self.rrsets.remove(&(owner, rtype));
                }
            }
            Step::DeleteName(owner) => {
                self.rrsets
                    .retain(|(name, rtype), _| *name != owner || (owner == apex && *rtype == Rtype::NS));
            }
        }
    }

    fn dump(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for ((owner, rtype), (ttl, data)) in &self.rrsets {
            for data in data {
                let data: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
                lines.push(format!("{owner} {ttl} {rtype} {data}"));
            }
        }
        lines.sort();
        lines
    }
}

#[test]
fn random_updates_do_what_the_pseudocode_does() {
    for seed in 1..=60 {
        let mut random = Random(seed);
        let (mut model, mut zone) = (Model::new(), zone());
        let (mut made, mut failed) = (0, 0);
        for number in 0..150 {
            let (conditions, steps) = (draw_conditions(&mut random), draw_steps(&mut random));
            let at = || format!("seed {seed} update {number}: {conditions:?} {steps:?}");
            let result = run(&zone, &message(&conditions, &steps));
            match model.check(&conditions) {
                Err(rcode) => {
                    assert_eq!(result.expect_err(&at()).rcode(), rcode, "{}", at());
                    failed += 1;
                }
                Ok(()) => {
                    let before = model.dump();
                    steps.iter().for_each(|step| model.step(step));
                    let changed = result.unwrap_or_else(|error| panic!("{}: {error}", at()));
                    assert_eq!(changed.is_some(), before != model.dump(), "{}", at());
                    if let Some((delta, next)) = changed {
                        let exact = zone.apply(&delta, ddi_dns::zone::Strictness::Exact);
                        assert_eq!(dump(&exact.expect("the delta fits")), dump(&next), "{}", at());
                        assert_eq!(next.serial(), zone.serial().plus(1), "{}", at());
                        zone = next;
                        made += 1;
                    }
                }
            }
            assert_eq!(dump(&zone), model.dump(), "{}", at());
        }
        assert!(made > 30 && failed > 10, "seed {seed}: {made} made, {failed} failed");
    }
}
