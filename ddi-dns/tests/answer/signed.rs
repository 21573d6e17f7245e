//! What DO adds: the worked examples of RFC 4035 appendix B and RFC 5155 appendix B in small.

use crate::support::{Ask, Told, ask, name, rdata};
use ddi_dns::Rtype;
use ddi_dns::answer::nsec3_hash;
use ddi_dns::zone::{Builder, Snapshot};

/// A signature with nothing in it but what it covers and how many labels.
fn signature(covered: Rtype, owner: &str) -> Vec<u8> {
    let labels = owner.trim_start_matches("*.").split('.').filter(|label| !label.is_empty()).count() as u8;
    [&covered.0.to_be_bytes()[..], &[13, labels], &[0; 14], name("example.").as_ref().wire(), &[0; 8]]
        .concat()
}

fn push(builder: &mut Builder, owner: &str, rtype: Rtype, rdata: &[u8], signed: bool) {
    builder.push(name(owner).as_ref(), rtype, 60, rdata).unwrap();
    if signed {
        builder.push(name(owner).as_ref(), Rtype::RRSIG, 60, &signature(rtype, owner)).unwrap();
    }
}

/// Owner, type, data, and whether it is signed; in canonical order.
const RECORDS: [(&str, &str, &str, bool); 9] = [
    ("example.", "SOA", "a. b. 1 2 3 4 30", true),
    ("example.", "NS", "ns.example.", true),
    ("b.ent.example.", "TXT", "x", true),
    ("ns.example.", "A", "192.0.2.1", true),
    ("sec.example.", "NS", "ns.sec.example.", false),
    ("sec.example.", "DS", "\\# 5 0001 0D 02 FF", true),
    ("ns.sec.example.", "A", "192.0.2.2", false),
    ("unsec.example.", "NS", "ns.example.", false),
    ("*.w.example.", "A", "192.0.2.3", true),
];

fn build(denials: impl Fn(&mut Builder)) -> Snapshot {
    let mut builder = Builder::new(name("example.").as_ref());
    for (owner, rtype, data, signed) in RECORDS {
        let rtype = rtype.parse().unwrap();
        let words: Vec<&str> = data.split(' ').collect();
        push(&mut builder, owner, rtype, &rdata(rtype, &words), signed);
    }
    denials(&mut builder);
    builder.finish().unwrap()
}

fn nsec() -> Snapshot {
    build(|builder| {
        let owners =
            ["example.", "b.ent.example.", "ns.example.", "sec.example.", "unsec.example.", "*.w.example."];
        for (i, owner) in owners.iter().enumerate() {
            let next = name(owners[(i + 1) % owners.len()]);
            push(builder, owner, Rtype::NSEC, &[next.as_ref().wire(), &[0, 1, 0x40]].concat(), true);
        }
    })
}

const BASE32HEX: &[u8] = b"0123456789abcdefghijklmnopqrstuv";

/// The NSEC3 owner of a name.
fn hashed(owner: &str, iterations: u16) -> String {
    let hash = nsec3_hash(name(owner).as_ref(), iterations, &[0xab]);
    let bit = |i: usize| usize::from(hash[i / 8] >> (7 - i % 8) & 1);
    let digit = |i: usize| BASE32HEX[(0..5).fold(0, |number, j| number << 1 | bit(5 * i + j))] as char;
    format!("{}.example.", (0..32).map(digit).collect::<String>())
}

/// With opt-out: the delegation without DS has no record.
fn nsec3(iterations: u16) -> Snapshot {
    build(|builder| {
        let [high, low] = iterations.to_be_bytes();
        let params = [1, 0, high, low, 1, 0xab];
        push(builder, "example.", Rtype::NSEC3PARAM, &params, true);
        let owners = [
            "example.",
            "ent.example.",
            "b.ent.example.",
            "ns.example.",
            "sec.example.",
            "w.example.",
            "*.w.example.",
        ];
        let mut hashes = owners.map(|owner| nsec3_hash(name(owner).as_ref(), iterations, &[0xab]));
        let mut names = owners.map(|owner| hashed(owner, iterations));
        hashes.sort();
        names.sort();
        for (i, owner) in names.iter().enumerate() {
            let next = hashes[(i + 1) % hashes.len()];
            let rdata = [&[1, 1, high, low, 1, 0xab, 20][..], &next, &[0, 1, 0x40]].concat();
            push(builder, owner, Rtype::NSEC3, &rdata, true);
        }
    })
}

/// Owners of the denials, and how many signatures there are in answer and authority.
fn proof(zone: &Snapshot, owner: &str, rtype: &str) -> (u16, Vec<String>, usize) {
    let unsigned = ask(zone, &Ask::new(owner, rtype));
    assert!(!unsigned.sections.concat().iter().any(|line| line.contains("RRSIG") || line.contains("NSEC")));
    let told: Told = ask(zone, &Ask::new(owner, rtype).signed());
    assert_eq!(told.rcode, unsigned.rcode);
    let denials = told.sections[1].iter().filter(|line| line.contains(" IN NSEC"));
    let owners = denials.map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    let signatures = told.sections[..2].concat().iter().filter(|line| line.contains(" RRSIG ")).count();
    (told.rcode, owners, signatures)
}

#[test]
fn denials_by_nsec() {
    let zone = nsec();
    let cases: [(&str, &str, u16, &[&str], usize); 10] = [
        ("ns.example.", "A", 0, &[], 1),
        ("ns.example.", "TXT", 0, &["ns.example."], 2),
        // The name and the wildcard at the apex, each by its own, or both by one.
        ("t.example.", "A", 3, &["example.", "sec.example."], 3),
        ("a.example.", "A", 3, &["example."], 2),
        ("ent.example.", "A", 0, &["example."], 2),
        ("x.w.example.", "A", 0, &["*.w.example."], 2),
        ("x.w.example.", "TXT", 0, &["*.w.example."], 2),
        ("sec.example.", "A", 0, &[], 1),
        ("unsec.example.", "A", 0, &["unsec.example."], 1),
        ("sec.example.", "DS", 0, &[], 1),
    ];
    for (owner, rtype, rcode, denials, signatures) in cases {
        let expected = (rcode, denials.iter().map(ToString::to_string).collect(), signatures);
        assert_eq!(proof(&zone, owner, rtype), expected, "{owner} {rtype}");
    }
    // Glue comes before `t`, but has no NSEC: that of its cut covers.
    assert_eq!(proof(&zone, "sed.example.", "A").1, ["example.", "sec.example."]);
}

#[test]
fn denials_by_nsec3() {
    for iterations in [0, 12] {
        let zone = nsec3(iterations);
        let at = |owner: &str| hashed(owner, iterations);
        let covering = |owner: &str| {
            let mut owners: Vec<String> = [
                "example.",
                "ent.example.",
                "b.ent.example.",
                "ns.example.",
                "sec.example.",
                "w.example.",
                "*.w.example.",
            ]
            .map(at)
            .into();
            owners.sort();
            let before = owners.iter().rfind(|other| **other < at(owner));
            before.unwrap_or(&owners[owners.len() - 1]).clone()
        };
        let set = |owners: &[String]| {
            let mut owners = owners.to_vec();
            owners.sort();
            owners.dedup();
            owners
        };
        let denials = |owner: &str, rtype: &str| proof(&zone, owner, rtype).1;
        assert_eq!(denials("ns.example.", "TXT"), [at("ns.example.")]);
        assert_eq!(denials("ent.example.", "TXT"), [at("ent.example.")]);
        let expected = set(&[at("example."), covering("t.example."), covering("*.example.")]);
        assert_eq!(denials("t.example.", "A"), expected);
        assert_eq!(denials("u.t.example.", "A"), expected);
        assert_eq!(denials("x.w.example.", "A"), [covering("x.w.example.")]);
        let expected = set(&[at("w.example."), covering("x.w.example."), at("*.w.example.")]);
        assert_eq!(denials("x.w.example.", "TXT"), expected);
        // Opted out: the closest encloser that can be proven, and what covers the next closer name.
        let expected = set(&[at("example."), covering("unsec.example.")]);
        assert_eq!(denials("unsec.example.", "A"), expected);
        assert_eq!(denials("unsec.example.", "DS"), expected);
        // RFC 5155 section 7.2.8: the owner of an NSEC3 does not exist.
        assert_eq!(ask(&zone, &Ask::new(&at("example."), "NSEC3")).rcode, 3);
    }
}

#[test]
fn too_many_iterations_are_not_computed() {
    let zone = nsec3(ddi_dns::answer::NSEC3_ITERATIONS_MAX + 1);
    let told = ask(&zone, &Ask::new("t.example.", "A").signed());
    assert_eq!((told.rcode, told.option(15)), (3, Some(&[0, 27][..])));
    assert!(!told.sections[1].iter().any(|line| line.contains("NSEC3")));
}

#[test]
fn signatures_on_request() {
    let told = ask(&nsec(), &Ask::new("ns.example.", "RRSIG"));
    assert_eq!(told.sections[0], ["ns.example. 60 IN RRSIG A of 2 labels"]);
    let told = ask(&nsec(), &Ask::new("sec.example.", "A").signed());
    assert_eq!(
        told.sections[1][..2],
        ["sec.example. 60 IN DS 00010d02ff", "sec.example. 60 IN NS ns.sec.example."]
    );
    // The negative TTL is the signature's as well.
    assert!(
        ask(&nsec(), &Ask::new("ns.example.", "TXT").signed()).sections[1]
            .contains(&"example. 30 IN RRSIG SOA of 1 labels".to_owned())
    );
}
