//! One node, and the tools that ask it.

use super::client::addresses;
use super::harness::{Home, Node};
use super::{key_argument, nsupdate, primary, run};
use std::net::SocketAddr;

const ZONE: &str = "\
$TTL 3600
@    SOA ns.example.com. admin.example.com. 100 3600 600 86400 300
     NS  ns
ns   A   192.0.2.53
www  A   192.0.2.80
     TXT \"hello\"
$GENERATE 1-50 g$ A 10.1.0.1
";

/// Records of it.
const RECORDS: usize = 55;

fn start() -> (Home, Node) {
    let home = primary(0, "", ZONE);
    let node = Node::start(&home);
    (home, node)
}

/// dig or kdig, which take nearly the same words.
fn dig(program: &str, at: SocketAddr, words: &[&str]) -> String {
    let (server, port) = (format!("@{}", at.ip()), at.port().to_string());
    let (text, output) = run(program, &[&[&server[..], "-p", &port, "+norec"][..], words].concat());
    assert!(output.status.success(), "{program} {words:?}: {text}");
    text
}

/// Each of these is in the text.
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

/// The records of an answer that has nothing but them.
fn records(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().filter(|line| !line.starts_with(';') && !line.trim().is_empty());
    lines.map(|line| line.split_whitespace().collect()).collect()
}

#[test]
#[ignore = "needs nsupdate"]
fn nsupdate_changes_the_zone() {
    let (home, node) = start();
    let key = key_argument();
    let host = || addresses(node.dns, "host.example.com");
    for transport in [&["-y", &key[..]][..], &["-v", "-y", &key]] {
        let say = |script: &str| nsupdate(&home, node.dns, transport, script);
        let fails = |script: &str, rcode: &str| {
            let (text, done) = say(script);
            assert!(!done && text.contains(rcode), "{script}: {text}");
        };
        assert!(say("update add host.example.com A 192.0.2.1\n").1);
        assert_eq!(host(), [[192, 0, 2, 1]]);
        assert!(
            say("prereq yxdomain host\nprereq yxrrset host A\nprereq yxrrset host A 192.0.2.1\n\
                     prereq nxrrset host TXT\nprereq nxdomain other\nupdate add host A 192.0.2.2\n"
                .replace("host", "host.example.com")
                .replace("other", "other.example.com")
                .as_str())
            .1
        );
        assert_eq!(host().len(), 2);
        fails("prereq nxdomain host.example.com\nupdate delete host.example.com\n", "YXDOMAIN");
        fails("prereq yxdomain other.example.com\nupdate delete host.example.com\n", "NXDOMAIN");
        fails("prereq nxrrset host.example.com A\nupdate delete host.example.com\n", "YXRRSET");
        fails("prereq yxrrset host.example.com A 192.0.2.1\nupdate delete host.example.com\n", "NXRRSET");
        fails("update add host.example.org A 192.0.2.1\n", "NOTZONE");
        assert_eq!(host().len(), 2, "none of these has changed anything");
        assert!(say("update delete host.example.com A 192.0.2.1\n").1);
        assert_eq!(host(), [[192, 0, 2, 2]]);
        assert!(say("update delete host.example.com\n").1);
        assert!(host().is_empty());
    }
    let add = "update add host.example.com A 192.0.2.1\n";
    let (text, done) = nsupdate(&home, node.dns, &[], add);
    assert!(!done && text.contains("REFUSED"), "{text}");
    let (text, done) = nsupdate(&home, node.dns, &["-y", "hmac-sha256:xfr:d3Jvbmc="], add);
    assert!(!done && text.contains("NOTAUTH(BADSIG)"), "{text}");
    let (text, done) = nsupdate(&home, node.dns, &["-y", &key.replace("xfr", "other")], add);
    assert!(!done && text.contains("NOTAUTH(BADKEY)"), "{text}");
    assert!(host().is_empty());
    assert!(node.stop().success());
}

#[test]
#[ignore = "needs dig and kdig"]
fn dig_and_kdig_read_the_answers() {
    let (_home, node) = start();
    for program in ["dig", "kdig"] {
        let ask = |words: &[&str]| dig(program, node.dns, words);
        let answer = ask(&["www.example.com", "A"]);
        has(&answer, &["NOERROR", "192.0.2.80", "aa"]);
        has(&ask(&["nobody.example.com", "A"]), &["NXDOMAIN", "SOA"]);
        has(&ask(&["www.example.org", "A"]), &["REFUSED"]);
        let tcp = ask(&["+tcp", "www.example.com", "TXT"]);
        has(&tcp, &["NOERROR", "\"hello\"", "TCP"]);
        let any = ask(&["+notcp", "+noall", "+answer", "www.example.com", "ANY"]);
        assert_eq!(records(&any).len(), 1, "RFC 8482: one rrset is enough: {any}");
        let secured = ask(&["+dnssec", "www.example.com", "A"]);
        has(&secured, &["192.0.2.80"]);
        assert!(secured.contains(" do;") || secured.contains("flags: do"), "{secured}");
        has(&ask(&["+nsid", "www.example.com", "A"]), &["NSID", "node-1"]);
        has(&ask(&["+cookie", "www.example.com", "A"]), &["NOERROR", "COOKIE"]);
    }
    has(&dig("dig", node.dns, &["+cookie", "www.example.com", "A"]), &["(good)"]);
    let later = &["+edns=1", "+noednsnegotiation", "www.example.com", "A"];
    has(&dig("dig", node.dns, later), &["BADVERS", "version: 0"]);
    has(&dig("kdig", node.dns, &["+edns=1", "www.example.com", "A"]), &["BADVERS"]);
    assert!(node.stop().success());
}

#[test]
#[ignore = "needs dig, kdig and nsupdate"]
fn dig_and_kdig_transfer_the_zone() {
    let (home, node) = start();
    let key = key_argument();
    let refused = run(
        "dig",
        &[&format!("@{}", node.dns.ip()), "-p", &node.dns.port().to_string(), "example.com", "AXFR"],
    );
    has(&refused.0, &["Transfer failed"]);
    for nth in 1..=3 {
        let script = format!("update add host-{nth}.example.com A 10.0.0.{nth}\n");
        assert!(nsupdate(&home, node.dns, &["-y", &key], &script).1);
    }
    for program in ["dig", "kdig"] {
        let plain = ["+noall", "+answer", "-y", &key, "example.com"];
        let whole = dig(program, node.dns, &[&plain[..], &["AXFR"]].concat());
        let whole = records(&whole);
        let whole: Vec<_> = whole.iter().filter(|record| record[3] != "TSIG").collect();
        assert_eq!(whole.len(), RECORDS + 3 + 1, "{program}: {whole:?}");
        assert!(whole.iter().any(|record| record[4..] == ["10.0.0.3"]), "{whole:?}");
        let steps = dig(program, node.dns, &[&plain[..], &["IXFR=101"]].concat());
        let steps = records(&steps);
        let steps: Vec<_> = steps.iter().filter(|record| record[3] != "TSIG").collect();
        let serials: Vec<_> = steps.iter().filter(|record| record[3] == "SOA").map(|soa| soa[6]).collect();
        assert_eq!(serials, ["103", "101", "102", "102", "103", "103"], "{program}: {steps:?}");
        assert_eq!(steps.len(), 6 + 2, "{program}: both additions: {steps:?}");
        let current = dig(program, node.dns, &[&plain[..], &["IXFR=103"]].concat());
        let current = records(&current).iter().filter(|record| record[3] == "SOA").count();
        assert_eq!(current, 1, "{program}: nothing is new");
    }
    assert!(node.stop().success());
}

#[test]
#[ignore = "needs named-checkzone and kzonecheck"]
fn zone_checkers_like_an_export() {
    let (home, node) = start();
    let update = "update add mail.example.com MX 10 ns.example.com.\nupdate add x.example.com TXT \"a;b\" \"c\\\"d\"\n\
                  update add y.example.com TYPE65280 \\# 3 010203\n";
    let (said, done) = nsupdate(&home, node.dns, &["-y", &key_argument()], update);
    assert!(done, "{said}");
    let file = home.0.join("exported");
    let file = file.to_str().unwrap();
    assert_eq!(home.ctl_json(&["zone", "example.com", "export", file])["serial"], 101);
    let (text, output) = run("named-checkzone", &["example.com", file]);
    assert!(output.status.success(), "{text}");
    has(&text, &["loaded serial 101", "OK"]);
    let (text, output) = run("kzonecheck", &["-o", "example.com", file]);
    assert!(output.status.success(), "{text}");
    assert!(node.stop().success());
}
