//! Zones against a naive model: random edits, and what look-ups must say about names of all kinds.

mod cost;
mod model;

use super::body::Body;
use super::lookup::Wildcard;
use super::owner::OwnerBuf;
use super::snapshot::Which;
use super::{Builder, Edit, Position, SerialPolicy, Snapshot, Strictness};
use crate::delta::{Delta, Records};
use crate::name::Name;
use crate::rr::{Rtype, canonical_rdata};
use crate::serial::Serial;
use ddi_core::UnixTime;
use model::{Line, Model, Random, soa};

/// A record as a line: owner, type, TTL, canonical data.
fn line(record: &crate::delta::RecordRef<'_>) -> Line {
    let mut data = Vec::new();
    canonical_rdata(record.rtype, record.rdata, &mut data).unwrap();
    (record.owner.to_name(), record.rtype, record.ttl, data)
}

fn lines_from(snapshot: &Snapshot, position: &Position) -> Vec<Line> {
    let (mut walk, mut lines) = (snapshot.walk_from(position), Vec::new());
    while let Some(record) = walk.next() {
        lines.push(line(&record));
    }
    lines
}

fn lines(snapshot: &Snapshot) -> Vec<Line> {
    lines_from(snapshot, &Position::START)
}

fn sorted(records: &Records) -> Vec<Line> {
    let mut lines: Vec<Line> = records.iter().map(|record| line(&record)).collect();
    lines.sort();
    lines
}

fn assert_same(a: &Delta, b: &Delta) {
    assert_eq!((a.from, a.to), (b.from, b.to));
    assert_eq!(sorted(&a.removed), sorted(&b.removed));
    assert_eq!(sorted(&a.added), sorted(&b.added));
    for records in [&a.removed, &b.removed, &a.added, &b.added] {
        assert_eq!(records.first().unwrap().rtype, Rtype::SOA);
        assert_eq!(&Records::from_wire(records.wire().to_vec()).unwrap(), records);
    }
}

/// Key, facts and rrsets.
type Held = (Which, Vec<u8>, (bool, bool, Option<u8>), Vec<u8>);

/// The bodies of all names, without spellings: they hold the facts.
fn bodies(snapshot: &Snapshot) -> Vec<Held> {
    let mut bodies = Vec::new();
    for which in [Which::Names, Which::Hashed] {
        let mut cursor = snapshot.tree(which).seek(&[]);
        while let Some((key, bytes)) = cursor.next() {
            let body = Body::new(bytes);
            let rrsets = body.rrsets().rest().to_vec();
            let facts = (body.is_cut(), body.has_dname(), body.cover());
            bodies.push((which, key.to_vec(), facts, rrsets));
        }
    }
    bodies
}

fn assert_equal(a: &Snapshot, b: &Snapshot) {
    let (left, right) = (bodies(a), bodies(b));
    if let Some((left, right)) = left.iter().zip(&right).find(|(left, right)| left != right) {
        assert_eq!(left, right);
    }
    assert_eq!(left.len(), right.len());
    assert_eq!((a.records(), a.wire_len(), a.names()), (b.records(), b.wire_len(), b.names()));
    assert_eq!((a.counts.wildcards, a.soa()), (b.counts.wildcards, b.soa()));
    assert_eq!(
        a.apex_body().rrsets().rest(),
        a.names.get(&[]).map_or(&[][..], |b| Body::new(b).rrsets().rest())
    );
}

/// The zone of the model, built from nothing in an order of no meaning.
fn built(model: &Model, random: &mut Random) -> Snapshot {
    let mut records = model.records();
    for i in (1..records.len()).rev() {
        records.swap(i, random.below(i + 1));
    }
    let mut builder = Builder::new(model.apex.as_ref());
    for (owner, rtype, ttl, rdata) in &records {
        builder.push(owner.as_ref(), *rtype, *ttl, rdata).unwrap();
        if random.below(10) == 0 {
            builder.push(owner.as_ref(), *rtype, *ttl, rdata).unwrap();
        }
    }
    builder.finish().unwrap()
}

fn random_change(edit: &mut Edit, model: &mut Model, random: &mut Random) {
    let owner = random.name(&model.apex);
    let (rtype, rdata) = random.data();
    match random.below(20) {
        0 => {
            assert_eq!(edit.remove_name(owner.as_ref()), model.remove_where(&owner, |_| true));
            // The apex without a SOA is no zone.
            if owner == model.apex {
                let soa = soa(random.below(5) as u32);
                edit.add(owner.as_ref(), Rtype::SOA, 3600, &soa).unwrap();
                model.add(&owner, Rtype::SOA, 3600, &soa);
            }
        }
        1..4 => {
            let removed = model.remove_where(&owner, |other| other == rtype);
            assert_eq!(edit.remove_rrset(owner.as_ref(), rtype), removed);
        }
        4..9 => {
            assert_eq!(edit.remove(owner.as_ref(), rtype, &rdata), model.remove(&owner, rtype, &rdata));
        }
        _ => {
            let ttl = if random.below(8) == 0 { 60 } else { 300 };
            let changed = edit.add(owner.as_ref(), rtype, ttl, &rdata).unwrap();
            assert_eq!(changed, model.add(&owner, rtype, ttl, &rdata), "{owner} {rtype}");
        }
    }
    let seen: Vec<_> =
        edit.rrsets(owner.as_ref()).map(|rrset| (rrset.rtype(), rrset.ttl(), rrset.len())).collect();
    assert_eq!(seen, model.rrsets(&owner));
}

fn check_lookup(snapshot: &Snapshot, model: &Model, name: &Name) {
    let key = snapshot.key_of(name.as_ref()).unwrap();
    let found = snapshot.lookup(&key);
    assert_eq!(found.exact.is_some(), model.exists(name), "{name}");
    assert_eq!(found.is_empty_non_terminal, !model.exists(name) && model.exists_below(name), "{name}");
    let encloser = model.encloser(name);
    assert_eq!(usize::from(found.encloser), encloser, "{name}");
    assert_eq!(found.cover.map(usize::from), model.cover(name), "{name}");
    if let Some(labels) = found.cover {
        let body = snapshot.ancestor(&key, labels).unwrap();
        assert!(body.is_cut() || body.has_dname());
    }
    let mut owner = OwnerBuf::default();
    let before = found.before().map(|near| {
        near.owner_into(snapshot, &mut owner);
        owner.name().to_name()
    });
    assert_eq!(before, model.before(name), "{name}");
    let wildcard = name.as_ref().suffix(encloser).unwrap().to_name().child(b"*").unwrap();
    match snapshot.wildcard(&key, found.encloser) {
        Some(Wildcard::Body(_)) => assert!(model.exists(&wildcard), "{name}"),
        Some(Wildcard::Empty) => assert!(!model.exists(&wildcard) && model.exists_below(&wildcard), "{name}"),
        None => assert!(!model.exists(&wildcard) && !model.exists_below(&wildcard), "{name}"),
    }
}

fn check(snapshot: &Snapshot, model: &Model, random: &mut Random) {
    let all = model.lines();
    assert_eq!(lines(snapshot), all);
    assert_equal(snapshot, &built(model, random));
    let mut walk = snapshot.walk();
    let skipped = 1 + random.below(all.len());
    (0..skipped).for_each(|_| assert!(walk.next().is_some()));
    assert_eq!(lines_from(snapshot, &walk.position()), all[skipped..]);
    assert_eq!(lines_from(snapshot, &walk.position_of_last()), all[skipped - 1..]);
    for _ in 0..20 {
        check_lookup(snapshot, model, &random.name(&model.apex));
    }
}

fn run(seed: u64, steps: usize, changes: usize) {
    println!("seed={seed} changes={changes}");
    let mut random = Random(seed);
    let mut model = Model::new(&"Example.".parse().unwrap());
    let mut snapshot = built(&model, &mut random);
    let (mut kept, mut deltas) = (vec![(snapshot.clone(), model.lines())], Vec::new());
    for _ in 0..steps {
        let mut edit = Edit::new(&snapshot);
        for _ in 0..1 + random.below(changes) {
            random_change(&mut edit, &mut model, &mut random);
        }
        if model.soa() == snapshot.serial() {
            model.set_serial(snapshot.serial().plus(1));
        } else if !model.soa().is_newer_than(snapshot.serial()) {
            let next = soa(snapshot.serial().plus(1).0);
            edit.add(model.apex.as_ref(), Rtype::SOA, 3600, &next).unwrap();
            model.set_serial(snapshot.serial().plus(1));
        }
        let Some((delta, next)) = edit.finish(SerialPolicy::Increment, UnixTime(0)).unwrap() else {
            model.set_serial(snapshot.serial());
            continue;
        };
        check(&next, &model, &mut random);
        let applied = snapshot.apply(&delta, Strictness::Exact).unwrap();
        assert_equal(&applied, &next);
        assert_equal(&next.apply(&delta.inverted(), Strictness::Exact).unwrap(), &snapshot);
        assert_same(&Delta::between(&snapshot, &next).unwrap(), &delta);
        assert_eq!(next.serial(), delta.to);
        (snapshot, model.serial) = (next, delta.to);
        deltas.push(delta);
        kept.push((snapshot.clone(), model.lines()));
    }
    for (snapshot, then) in &kept {
        assert_eq!(&lines(snapshot), then);
    }
    for _ in 0..20 {
        let from = random.below(deltas.len());
        let to = from + 1 + random.below(deltas.len() - from);
        let condensed = Delta::condense(&deltas[from..to]).unwrap();
        assert_same(&condensed, &Delta::between(&kept[from].0, &kept[to].0).unwrap());
        assert_equal(&kept[from].0.apply(&condensed, Strictness::Exact).unwrap(), &kept[to].0);
    }
}

#[test]
fn random_edits_agree_with_the_model() {
    for seed in 1..=6 {
        run(seed, 40, 12);
    }
    run(100, 12, 400);
    run(101, 300, 2);
}

#[test]
fn an_rrset_of_thousands() {
    let apex: Name = "example.".parse().unwrap();
    let big: Name = "big.example.".parse().unwrap();
    let mut builder = Builder::new(apex.as_ref());
    builder.push(apex.as_ref(), Rtype::SOA, 3600, &soa(1)).unwrap();
    for number in 0..5000_u32 {
        builder.push(big.as_ref(), Rtype::A, 300, &number.wrapping_mul(2_654_435_761).to_be_bytes()).unwrap();
    }
    let zone = builder.finish().unwrap();
    assert_eq!(zone.get(big.as_ref(), Rtype::A).unwrap().len(), 5000);
    let mut edit = Edit::new(&zone);
    for number in 0..2000_u32 {
        assert!(edit.remove(big.as_ref(), Rtype::A, &number.wrapping_mul(2_654_435_761).to_be_bytes()));
    }
    assert!(edit.add(big.as_ref(), Rtype::AAAA, 300, &[7; 16]).unwrap());
    let (delta, next) = edit.finish(SerialPolicy::Increment, UnixTime(0)).unwrap().unwrap();
    assert_eq!((delta.removed.len(), delta.added.len()), (2001, 2));
    assert_eq!((next.records(), next.serial()), (3002, Serial(2)));
    let rdatas: Vec<_> = next.get(big.as_ref(), Rtype::A).unwrap().rdatas().map(<[u8]>::to_vec).collect();
    assert!(rdatas.is_sorted() && rdatas.len() == 3000);
}

#[test]
fn names_below_a_cut_or_a_dname_know_it() {
    let name = |text: &str| text.parse::<Name>().unwrap();
    let mut model = Model::new(&name("example."));
    let mut random = Random(5);
    let mut zone = built(&model, &mut random);
    let target = b"\x02ns\x00".as_slice();
    let steps: [(&str, Rtype, bool); 10] = [
        ("x.b.a.example.", Rtype::NS, true),
        ("y.x.b.a.example.", Rtype::TXT, true),
        ("a.example.", Rtype::DNAME, true),
        ("b.a.example.", Rtype::NS, true),
        ("a.example.", Rtype::DNAME, false),
        ("b.a.example.", Rtype::NS, false),
        ("example.", Rtype::DNAME, true),
        ("x.b.a.example.", Rtype::NS, false),
        ("x.b.a.example.", Rtype::NS, true),
        ("example.", Rtype::DNAME, false),
    ];
    for (owner, rtype, add) in steps {
        let rdata = if rtype == Rtype::TXT { b"\x01x" } else { target };
        let (owner, mut edit) = (name(owner), Edit::new(&zone));
        if add {
            edit.add(owner.as_ref(), rtype, 300, rdata).unwrap();
            model.add(&owner, rtype, 300, rdata);
        } else {
            edit.remove_rrset(owner.as_ref(), rtype);
            model.remove(&owner, rtype, rdata);
        }
        zone = edit.finish(SerialPolicy::Increment, UnixTime(0)).unwrap().unwrap().1;
        model.set_serial(zone.serial());
        assert_equal(&zone, &built(&model, &mut random));
        for sought in ["a.example.", "q.example.", "z.y.x.b.a.example.", "b.a.example.", "c.b.a.example."] {
            check_lookup(&zone, &model, &name(sought));
        }
    }
}
