//! What the zone should hold: records of many kinds, changed at random.

use super::daemon::ZONE;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// xorshift64*: the same edits on every run.
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound.max(1)
    }
}

/// The records of the model: what the zone has beside SOA and NS, owner and the rest, as text.
pub(crate) type Model = BTreeSet<(String, String)>;

pub(crate) fn zone_text(serial: u32, model: &Model) -> String {
    let mut text = format!(
        "$TTL 300\n{ZONE}. SOA ns.{ZONE}. root.{ZONE}. {serial} 3600 2 86400 300\n{ZONE}. NS ns.{ZONE}.\n\
         ns.{ZONE}. A 127.0.0.1\n"
    );
    for (owner, data) in model {
        let _ = writeln!(text, "{owner}.{ZONE}. {data}");
    }
    text
}

pub(crate) fn first_model() -> Model {
    let mut model: Model = (0..300).map(|i| (format!("host-{i}"), format!("A 10.0.{}.1", i % 250))).collect();
    model.insert(("MixedCase".to_owned(), "TXT \"Some Text\"".to_owned()));
    model.insert(("mail".to_owned(), format!("MX 10 Mx.{ZONE}.")));
    model.insert(("*.wild".to_owned(), "A 10.9.9.9".to_owned()));
    model
}

/// Digests as DHCP servers put beside addresses.
const DHCIDS: [&str; 3] = [
    "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",
    "AAEBOSD+XR3Os/0LozeXVqcNc7FwCfQdWL3b/NaiUDlW2No=",
    "AAABxLmlskllE0MVjd57zHcWmEH3pCQ6VytcKD//7es/deY=",
];

/// A record: of hosts, below wildcards and in empty non-terminals, at cuts and below them, aliases.
fn record(random: &mut Random) -> (String, String) {
    let host = format!("host-{}", random.below(60));
    let few = random.below(4);
    match random.below(12) {
        0 => (host, format!("TXT \"text {}\"", random.below(5))),
        1 => (host, format!("SRV 1 2 {} Target-{}.{ZONE}.", random.below(100), random.below(3))),
        2 => (host, format!("DHCID {}", DHCIDS[random.below(3)])),
        3 => (format!("*.w-{few}"), format!("A 10.3.0.{}", random.below(4))),
        4 => (format!("a.b.ent-{few}"), format!("TXT \"{}\"", random.below(3))),
        5 => (format!("sub-{few}"), format!("NS ns-{}.sub-{few}.{ZONE}.", random.below(3))),
        6 => (format!("ns-{}.sub-{few}", random.below(3)), format!("A 10.4.0.{}", random.below(3))),
        7 => (format!("alias-{few}"), format!("CNAME host-{}.{ZONE}.", random.below(9))),
        8 => (format!("tree-{few}"), format!("DNAME Other-{}.example.", random.below(9))),
        _ => (host, format!("A 10.1.2.{}", random.below(6))),
    }
}

/// A random change of the model, and the lines for nsupdate; of no record of the types `without`.
pub(crate) fn change(random: &mut Random, model: &mut Model, without: &[&str]) -> String {
    let (mut owner, mut data) = record(random);
    while without.iter().any(|rtype| data.starts_with(rtype)) {
        (owner, data) = record(random);
    }
    let rtype = data.split(' ').next().unwrap_or_default().to_owned();
    if random.below(3) == 0 {
        model.remove(&(owner.clone(), data.clone()));
        return format!("update delete {owner}.{ZONE} {data}\n");
    }
    let mut lines = String::new();
    if rtype == "CNAME" || rtype == "DNAME" {
        // One of them at a name.
        model.retain(|(at, data)| *at != owner || !data.starts_with(&rtype));
        let _ = writeln!(lines, "update delete {owner}.{ZONE} {rtype}");
    }
    let _ = writeln!(lines, "update add {owner}.{ZONE} 300 {data}");
    model.insert((owner, data));
    lines
}

/// The zone's text signed by BIND's tools, with NSEC or NSEC3.
pub(crate) fn signed(text: &str, nsec3: bool, dir: &Path) -> String {
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(dir).output();
        let output = output.unwrap_or_else(|e| panic!("{program}: {e}"));
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    };
    std::fs::write(dir.join("unsigned"), text).unwrap();
    if !dir.join("has-keys").exists() {
        run("dnssec-keygen", &["-q", "-a", "ECDSAP256SHA256", "-f", "KSK", ZONE]);
        run("dnssec-keygen", &["-q", "-a", "ECDSAP256SHA256", ZONE]);
        std::fs::write(dir.join("has-keys"), "").unwrap();
    }
    let more: &[&str] = if nsec3 { &["-3", "aabbccdd", "-H", "5"] } else { &[] };
    run("dnssec-signzone", &[&["-q", "-P", "-S", "-o", ZONE, "-f", "signed"], more, &["unsigned"]].concat());
    std::fs::read_to_string(dir.join("signed")).unwrap()
}
