//! Zones with one of everything, made anew from a seed, and signed by BIND's tools.

use crate::daemon::{Scratch, ZoneFile};
use std::process::Command;

/// How the zones are signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Signing {
    None,
    Nsec,
    Nsec3,
    OptOut,
}

/// A small generator (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound.max(1)
    }

    pub(crate) fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// What every zone has: apex, hosts, cuts of each kind, wildcards, aliases of each kind.
const FIXED: &str = "
@ 3600 IN SOA ns1 root 2026112201 3600 900 604800 300
@ 3600 IN NS ns1
@ 3600 IN NS ns2.dc
@ 3600 IN NS ns.elsewhere.test.
@ 3600 IN MX 10 mail
@ 3600 IN MX 20 mail.wild
@ 300 IN TXT \"one\" \"two\"
ns1 3600 IN A 192.0.2.1
ns1 3600 IN AAAA 2001:db8::1
ns2.dc 600 IN A 192.0.2.2
Mail 600 IN A 192.0.2.3
mail 600 IN AAAA 2001:db8::3
_sip._udp 60 IN SRV 1 2 5060 mail
_sip._udp 60 IN SRV 1 2 5060 ns1
web 60 IN HTTPS 1 . alpn=h2
web 60 IN A 192.0.2.5
aliased 60 IN HTTPS 0 web
a.b.c.d.e 60 IN A 192.0.2.6
wild 60 IN MX 5 mail
*.wild 60 IN A 192.0.2.7
*.wild 60 IN MX 5 ns1
x.y.wild 60 IN TXT \"closer\"
*.alias 60 IN CNAME mail
*.outward 60 IN CNAME www.elsewhere.test.
*.chain 60 IN CNAME x.wild
a.*.hollow 60 IN TXT \"the wildcard is empty\"
sub.*.wild 60 IN TXT \"below a wildcard\"
c1 60 IN CNAME c2
c2 60 IN CNAME mail
c3 60 IN CNAME nowhere
c4 60 IN CNAME b.secure
c5 60 IN CNAME www.elsewhere.test.
loop1 60 IN CNAME loop2
loop2 60 IN CNAME loop1
dname 60 IN DNAME wild
dname 60 IN TXT \"beside it\"
away 60 IN DNAME elsewhere.test.
twice 60 IN DNAME dname
secure 3600 IN NS ns.secure
secure 3600 IN NS ns1
ns.secure 3600 IN A 192.0.2.11
ns.secure 3600 IN AAAA 2001:db8::11
insecure 3600 IN NS ns.insecure
insecure 3600 IN NS ns.secure
ns.insecure 3600 IN A 192.0.2.12
hidden.insecure 3600 IN TXT \"occluded\"
deep.er.insecure 3600 IN NS ns1
far.away.cut 3600 IN NS ns.elsewhere.test.
cut2.lonely.ent 3600 IN NS ns.elsewhere.test.
child 3600 IN NS ns1
";

const HOSTS: [&str; 12] = ["a", "b", "c", "zz", "0", "x", "y", "*", "mail", "web", "ent", "wild"];
const DATA: [&str; 8] = [
    "A 192.0.2.99",
    "AAAA 2001:db8::99",
    "TXT \"random\"",
    "MX 7 mail",
    "CNAME mail",
    "CNAME x.wild",
    "NS ns1",
    "SRV 0 0 53 ns2.dc",
];

/// In an unsigned zone it would mean nothing.
const DS: &str =
    "secure 3600 IN DS 4711 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";

/// The text of a zone: the fixed part, some at random, and the apex's origin.
fn text(apex: &str, signing: Signing, random: &mut Random) -> String {
    let ds = if signing == Signing::None { "" } else { DS };
    let mut text = format!("$ORIGIN {apex}\n{FIXED}{ds}");
    let mut single = Vec::new();
    for _ in 0..60 {
        let labels: Vec<&str> = (0..1 + random.below(3)).map(|_| random.one_of(&HOSTS)).collect();
        let (owner, data) = (format!("{}.r{}", labels.join("."), random.below(5)), random.one_of(&DATA));
        // A CNAME and an NS each stand alone; a wildcard NS means nothing (RFC 4592 section 4.2).
        let alone = data.starts_with("CNAME") || data.starts_with("NS");
        let clashes = single.iter().any(|(name, was): &(String, bool)| *name == owner && (*was || alone));
        if clashes || data.starts_with("NS") && owner.starts_with('*') {
            continue;
        }
        text += &format!("{owner} 60 IN {data}\n");
        single.push((owner, alone));
    }
    text
}

fn run(scratch: &Scratch, command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).current_dir(scratch.path()).output();
    let output = output.unwrap_or_else(|e| panic!("{command}: {e}"));
    assert!(output.status.success(), "{command} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A parent zone and its child in one server, both signed in this way.
pub(crate) fn write(scratch: &Scratch, signing: Signing, random: &mut Random) -> Vec<ZoneFile> {
    ["example.test.", "child.example.test."]
        .map(|apex| {
            let file = format!("{apex}zone");
            scratch.write(&file, &text(apex, signing, random));
            sign(scratch, apex, &file, signing);
            (apex.to_owned(), if signing == Signing::None { file } else { format!("{file}.signed") })
        })
        .into()
}

fn sign(scratch: &Scratch, apex: &str, file: &str, signing: Signing) {
    if signing == Signing::None {
        return;
    }
    run(scratch, "dnssec-keygen", &["-q", "-a", "ECDSAP256SHA256", "-f", "KSK", apex]);
    run(scratch, "dnssec-keygen", &["-q", "-a", "ECDSAP256SHA256", apex]);
    let more: &[&str] = match signing {
        Signing::Nsec3 => &["-3", "aabbccdd", "-H", "5"],
        Signing::OptOut => &["-3", "-", "-H", "0", "-A"],
        _ => &[],
    };
    // -P: what is hidden below a cut or a DNAME is not worth a complaint.
    run(scratch, "dnssec-signzone", &[&["-q", "-P", "-S", "-o", apex], more, &[file]].concat());
}
