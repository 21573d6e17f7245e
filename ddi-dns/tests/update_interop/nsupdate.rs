//! `nsupdate` and `knsupdate` against this engine.

use super::served::Served;
use super::support::{absolute, dump, held, name, open_zone, zone};
use ddi_dns::Rtype;
use ddi_dns::acl::AccessList;
use ddi_dns::tsig::{Algorithm, Key, Keys};
use ddi_dns::update::{Policy, UpdateZone};
use std::io::Write;
use std::process::{Command, Stdio};

/// "0123456789abcdef0123456789abcdef" in base 64.
const SECRET: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn served() -> Served {
    let mut keys = Keys::new();
    for algorithm in Algorithm::ALL {
        let key = Key::new(
            name(&format!("k-{algorithm}")).as_ref(),
            algorithm,
            b"0123456789abcdef0123456789abcdef",
        );
        keys.add(key.unwrap()).unwrap();
    }
    let permitted = Algorithm::ALL.map(|algorithm| format!("key:k-{algorithm}"));
    let policy = Policy::List(AccessList::parse(permitted).unwrap());
    Served::start(keys, vec![UpdateZone { policy, ..open_zone() }])
}

/// Runs a program with commands on its standard input; true if it succeeds, and what it says.
pub(crate) fn run(program: &str, arguments: &[&str], script: &str) -> (bool, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("needs {program}: {error}"));
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// An answer that is late must not make it ask again.
pub(crate) fn patient(program: &str) -> &'static [&'static str] {
    if program == "nsupdate" { &["-u", "60"] } else { &["-t", "60", "-r", "0"] }
}

fn update(
    served: &Served,
    program: &str,
    arguments: &[&str],
    algorithm: Algorithm,
    lines: &str,
) -> (bool, String) {
    let key = format!("{algorithm}:k-{algorithm}:{SECRET}");
    let script = format!("server 127.0.0.1 {}\nzone example.com.\n{lines}\nsend\n", served.address.port());
    run(program, &[&["-y", &key], patient(program), arguments].concat(), &script)
}

#[test]
#[ignore = "needs nsupdate and knsupdate"]
fn signed_with_every_algorithm_over_udp_and_tcp() {
    for program in ["nsupdate", "knsupdate"] {
        for algorithm in Algorithm::ALL {
            for over in [&[][..], &["-v"]] {
                let served = served();
                let lines = "update add new.example.com. 60 A 192.0.2.9\nupdate add new.example.com. 60 TXT \"a b\"\n\
                             update delete alias.example.com. CNAME\nupdate delete host.example.com. A 192.0.2.2";
                let (good, said) = update(&served, program, over, algorithm, lines);
                assert!(good, "{program} {algorithm} {over:?}: {said}");
                let zone = served.zone();
                assert_eq!(
                    held(&zone, "new", Rtype::A),
                    Some((60, 1)),
                    "{program} {algorithm} {over:?}: {said}"
                );
                assert_eq!(held(&zone, "host", Rtype::A), Some((300, 1)));
                assert!(!zone.contains(absolute("alias").as_ref()));
            }
        }
    }
}

#[test]
#[ignore = "needs nsupdate"]
fn prerequisites_and_refusals_are_understood() {
    let served = served();
    let before = dump(&zone());
    let add = "update add new.example.com. 60 A 192.0.2.9";
    for (condition, said_then) in [
        ("prereq nxdomain host.example.com.", "YXDOMAIN"),
        ("prereq yxdomain nothing.example.com.", "NXDOMAIN"),
        ("prereq yxrrset host.example.com. AAAA", "NXRRSET"),
        ("prereq nxrrset host.example.com. A", "YXRRSET"),
        ("prereq yxrrset host.example.com. A 192.0.2.2", "NXRRSET"),
    ] {
        let lines = format!("{condition}\n{add}");
        let (good, said) = update(&served, "nsupdate", &[], Algorithm::HmacSha256, &lines);
        assert!(!good && said.contains(said_then), "{condition}: {said}");
        assert_eq!(dump(&served.zone()), before);
    }
    let outside = "update add new.example.org. 60 A 192.0.2.9";
    let (good, said) = update(&served, "nsupdate", &[], Algorithm::HmacSha256, outside);
    assert!(!good && said.contains("NOTZONE"), "{said}");
    let script = format!("server 127.0.0.1 {}\nzone example.com.\n{add}\nsend\n", served.address.port());
    let (good, said) = run("nsupdate", &[], &script);
    assert!(!good && said.contains("REFUSED"), "{said}");
    let key = format!("hmac-sha256:k-hmac-sha256:{}", "AAAA");
    let (good, said) = run("nsupdate", &["-y", &key], &script);
    assert!(!good && said.contains("BADSIG"), "{said}");
    let key = format!("hmac-sha256:nobody:{SECRET}");
    let (good, said) = run("nsupdate", &["-y", &key], &script);
    assert!(!good && said.contains("BADKEY"), "{said}");
    assert_eq!(dump(&served.zone()), before);
    let lines = format!(
        "prereq yxrrset host.example.com. A 192.0.2.3\nprereq yxrrset host.example.com. A 192.0.2.2\n{add}"
    );
    let (good, said) = update(&served, "nsupdate", &[], Algorithm::HmacSha256, &lines);
    assert!(good, "{said}");
    assert_eq!(held(&served.zone(), "new", Rtype::A), Some((60, 1)));
}
