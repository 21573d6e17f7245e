//! RFC 1034 section 4.3.2, 2308, 4592, 6672, 8482.

use crate::sample;
use crate::support::{Ask, Told, ask, ask_with, context, name, zone};
use ddi_dns::answer::{AnswerConfig, Detail, Transport};
use ddi_dns::zone::{Zone, ZoneSet};
use std::sync::Arc;

const SOA: &str = "example. 300 IN SOA ns1.example. root.example. 7 3600 900 604800 300";

/// Code, AA, and the three sections.
#[track_caller]
fn check(told: &Told, rcode: u16, authoritative: bool, sections: [&[&str]; 3]) {
    assert_eq!(
        told.sections.each_ref().map(|section| section.iter().map(String::as_str).collect::<Vec<_>>()),
        sections
    );
    assert_eq!((told.rcode, told.authoritative, told.truncated), (rcode, authoritative, false));
}

fn plain(owner: &str, rtype: &str) -> Told {
    ask(&sample(), &Ask::new(owner, rtype))
}

#[test]
fn data_no_data_and_no_name() {
    check(&plain("mail.example.", "A"), 0, true, [&["mail.example. 600 IN A 192.0.2.2"], &[], &[]]);
    // The owner is spelled as the client spells it.
    check(&plain("MaiL.Example.", "A"), 0, true, [&["MaiL.Example. 600 IN A 192.0.2.2"], &[], &[]]);
    // RFC 2308 section 3: the lesser of the SOA's TTL and its minimum.
    check(&plain("mail.example.", "TXT"), 0, true, [&[], &[SOA], &[]]);
    check(&plain("nothing.example.", "A"), 3, true, [&[], &[SOA], &[]]);
    check(&plain("nothing.mail.example.", "A"), 3, true, [&[], &[SOA], &[]]);
    // An empty non-terminal exists (RFC 4592 section 2.2.2).
    check(&plain("www2.example.", "A"), 0, true, [&[], &[SOA], &[]]);
    check(&plain("x.www2.example.", "A"), 3, true, [&[], &[SOA], &[]]);
}

#[test]
fn wildcards() {
    check(&plain("a.b.wild.example.", "A"), 0, true, [&["a.b.wild.example. 60 IN A 192.0.2.3"], &[], &[]]);
    check(&plain("x.wild.example.", "TXT"), 0, true, [&[], &[SOA], &[]]);
    check(&plain("wild.example.", "A"), 0, true, [&[], &[SOA], &[]]);
    // The wildcard below `empty` exists, without records; so there is no name error (RFC 4592 section 2.2.2).
    check(&plain("x.empty.example.", "A"), 0, true, [&[], &[SOA], &[]]);
}

#[test]
fn aliases() {
    let (cname, a) = ("www.example. 60 IN CNAME mail.example.", "mail.example. 600 IN A 192.0.2.2");
    check(&plain("www.example.", "A"), 0, true, [&[a, cname], &[], &[]]);
    check(&plain("www.example.", "CNAME"), 0, true, [&[cname], &[], &[]]);
    check(&plain("www.example.", "TXT"), 0, true, [&[cname], &[SOA], &[]]);
    check(&plain("out.example.", "A"), 0, true, [&["out.example. 60 IN CNAME www.elsewhere."], &[], &[]]);
    let (dname, made) =
        ("old.example. 60 IN DNAME wild.example.", "b.old.example. 60 IN CNAME b.wild.example.");
    check(
        &plain("b.old.example.", "A"),
        0,
        true,
        [&[made, "b.wild.example. 60 IN A 192.0.2.3", dname], &[], &[]],
    );
    check(&plain("old.example.", "A"), 0, true, [&[], &[SOA], &[]]);
    check(&plain("b.old.example.", "CNAME"), 0, true, [&[made, dname], &[], &[]]);
}

#[test]
fn a_dname_that_makes_too_long_a_name() {
    let target = format!("{0}.{0}.{0}.example.", "y".repeat(60));
    let zone = zone(&format!(
        "example. 60 IN SOA a. b. 1 2 3 4 5\nexample. 60 IN NS a.\nd.example. 60 IN DNAME {target}"
    ));
    let dname = format!("d.example. 60 IN DNAME {target}");
    let long = format!("{}.d.example.", "x".repeat(60));
    check(
        &ask(&zone, &Ask::new(&long, "A").edns(1232)),
        3,
        true,
        [
            &[&dname, &format!("{long} 60 IN CNAME {}.{target}", "x".repeat(60))],
            &["example. 5 IN SOA a. b. 1 2 3 4 5"],
            &[],
        ],
    );
    // RFC 6672 section 3.2: YXDOMAIN, with the DNAME.
    let longer = format!("{}.d.example.", "x".repeat(63));
    check(&ask(&zone, &Ask::new(&longer, "A")), 6, true, [&[&dname], &[], &[]]);
}

#[test]
fn chains_end() {
    let mut text = "example. 60 IN SOA a. b. 1 2 3 4 5\nexample. 60 IN NS a.\n".to_owned();
    for i in 0..40 {
        text += &format!("c{i}.example. 60 IN CNAME c{}.example.\n", i + 1);
    }
    text += "loop.example. 60 IN CNAME pool.example.\npool.example. 60 IN CNAME Loop.example.\n";
    text += "grow.example. 60 IN DNAME x.grow.example.\n";
    let zone = zone(&text);
    let config = AnswerConfig::default();
    let over_tcp = |owner: &str| ask_with(&zone, &Ask::new(owner, "A"), &context(&config, Transport::Tcp)).1;
    assert_eq!(over_tcp("c0.example.").sections[0].len(), ddi_dns::answer::CHAIN_MAX + 1);
    assert_eq!(over_tcp("c35.example.").sections[0].len(), 5);
    assert_eq!((over_tcp("c35.example.").rcode, over_tcp("loop.example.").rcode), (3, 0));
    assert_eq!(over_tcp("loop.example.").sections[0].len(), 2);
    // The DNAME once, and a CNAME for each step.
    assert_eq!(over_tcp("y.grow.example.").sections[0].len(), ddi_dns::answer::CHAIN_MAX + 2);
}

#[test]
fn referrals() {
    let (ns, glue) = (
        ["sub.example. 900 IN NS ns.other.example.", "sub.example. 900 IN NS ns.sub.example."],
        ["ns.other.example. 900 IN A 192.0.2.6", "ns.sub.example. 900 IN A 192.0.2.5"],
    );
    for (owner, rtype) in [("sub.example.", "A"), ("sub.example.", "NS"), ("hidden.sub.example.", "TXT")] {
        check(&plain(owner, rtype), 0, false, [&[], &ns, &glue]);
    }
    check(&plain("ns.sub.example.", "A"), 0, false, [&[], &ns, &glue]);
    // DS is the parent's (RFC 4035 section 3.1.4.1).
    check(&plain("sub.example.", "DS"), 0, true, [&["sub.example. 900 IN DS 00010d02ff"], &[], &[]]);
    check(&plain("other.example.", "DS"), 0, true, [&[], &[SOA], &[]]);
    check(&plain("below.sub.example.", "DS"), 0, false, [&[], &ns, &glue]);
}

#[test]
fn additional_addresses() {
    check(
        &plain("example.", "MX"),
        0,
        true,
        [&["example. 3600 IN MX 10 Mail.example."], &[], &["Mail.example. 600 IN A 192.0.2.2"]],
    );
    let told = plain("example.", "NS");
    assert_eq!(
        told.sections[2],
        ["ns1.example. 3600 IN A 192.0.2.1", "ns1.example. 3600 IN AAAA 2001:db8::1"]
    );
    assert_eq!(plain("_sip._udp.example.", "SRV").sections[2], ["mail.example. 600 IN A 192.0.2.2"]);
    // RFC 9460: `.` means the owner; an alias's target may have the type again.
    assert_eq!(plain("web.example.", "HTTPS").sections[2], ["web.example. 60 IN A 192.0.2.7"]);
    let told = plain("alias.example.", "HTTPS");
    assert_eq!(told.sections[2], ["web.example. 60 IN A 192.0.2.7", "web.example. 60 IN HTTPS 000100"]);
}

#[test]
fn the_zones_servers_go_with_what_is_found() {
    let config = AnswerConfig::default();
    assert_eq!(config.detail, Detail::Full);
    let full =
        |owner, rtype| ask_with(&sample(), &Ask::new(owner, rtype), &context(&config, Transport::Udp)).1;
    let ns = ["example. 3600 IN NS ns.elsewhere.", "example. 3600 IN NS ns1.example."];
    let addresses = ["ns1.example. 3600 IN A 192.0.2.1", "ns1.example. 3600 IN AAAA 2001:db8::1"];
    let mail = "mail.example. 600 IN A 192.0.2.2";
    check(&full("mail.example.", "A"), 0, true, [&[mail], &ns, &addresses]);
    check(
        &full("www.example.", "A"),
        0,
        true,
        [&[mail, "www.example. 60 IN CNAME mail.example."], &ns, &addresses],
    );
    check(&full("a.wild.example.", "A"), 0, true, [&["a.wild.example. 60 IN A 192.0.2.3"], &ns, &addresses]);
    // Not twice, and not where nothing is found, nor with what another zone has.
    check(&full("example.", "NS"), 0, true, [&ns, &[], &addresses]);
    check(&full("mail.example.", "TXT"), 0, true, [&[], &[SOA], &[]]);
    check(&full("out.example.", "A"), 0, true, [&["out.example. 60 IN CNAME www.elsewhere."], &[], &[]]);
    assert_eq!(full("x.sub.example.", "A"), plain("x.sub.example.", "A"));
}

/// RFC 2181 section 9: TC is for what was asked for, not for what might have been useful.
#[test]
fn servers_that_do_not_fit_are_left_out() {
    let mut text = "example. 60 IN SOA a. b. 1 2 3 4 5\n".to_owned();
    for i in 0..13 {
        text += &format!("example. 60 IN NS a-name-server-{i}.with-a-long-name.elsewhere.test.\n");
    }
    for i in 0..12 {
        text += &format!("www.example. 60 IN A 192.0.2.{i}\nwide.example. 60 IN TXT {}{i}\n", "x".repeat(60));
    }
    let (zone, config) = (zone(&text), AnswerConfig::default());
    let over =
        |owner, rtype, transport| ask_with(&zone, &Ask::new(owner, rtype), &context(&config, transport)).1;
    let told = over("www.example.", "A", Transport::Udp);
    assert_eq!((told.truncated, told.sections.map(|section| section.len())), (false, [12, 0, 0]));
    let told = over("www.example.", "A", Transport::Tcp);
    assert_eq!((told.truncated, told.sections.map(|section| section.len())), (false, [12, 13, 0]));
    assert!(over("wide.example.", "TXT", Transport::Udp).truncated);
}

#[test]
fn any_is_small_over_udp_only() {
    let config = AnswerConfig::default();
    let any =
        |transport| ask_with(&sample(), &Ask::new("ns1.example.", "ANY"), &context(&config, transport)).1;
    assert_eq!(any(Transport::Udp).sections[0], ["ns1.example. 3600 IN A 192.0.2.1"]);
    assert_eq!(any(Transport::Tcp).sections[0].len(), 2);
    assert_eq!(plain("www2.example.", "ANY").sections[1], [SOA]);
    assert_eq!(plain("www.example.", "ANY").sections[0], ["www.example. 60 IN CNAME mail.example."]);
}

#[test]
fn the_zone_closest_to_the_name_answers() {
    let child = zone(
        "sub.example. 60 IN SOA a. b. 1 2 3 4 5\nsub.example. 60 IN NS a.\nx.sub.example. 60 IN TXT child",
    );
    let mut set = ZoneSet::new();
    let ask_set = |set: &ZoneSet, ask: &Ask| {
        let (config, mut out) = (AnswerConfig::default(), [0; 1232]);
        let answered = set.answer(&ask.bytes(), &context(&config, Transport::Udp), &mut out).unwrap();
        crate::support::check_with_hickory(&out[..answered.len]);
        Told::of(&out[..answered.len])
    };
    // RFC 4035 section 3.1.4.1: without the parent, the child says that it has no DS.
    set.insert(Arc::new(Zone::new(child)));
    let told = ask_set(&set, &Ask::new("sub.example.", "DS"));
    check(&told, 0, true, [&[], &["sub.example. 5 IN SOA a. b. 1 2 3 4 5"], &[]]);
    let refused = ask_set(&set, &Ask::new("example.", "A").edns(1232));
    assert_eq!((refused.rcode, refused.option(15)), (5, Some(&[0, 20][..])));
    set.insert(Arc::new(Zone::new(sample())));
    assert_eq!(
        ask_set(&set, &Ask::new("sub.example.", "DS")).sections[0],
        ["sub.example. 900 IN DS 00010d02ff"]
    );
    assert_eq!(
        ask_set(&set, &Ask::new("x.sub.example.", "TXT")).sections[0],
        ["x.sub.example. 60 IN TXT \"child\""]
    );
    assert_eq!(ask_set(&set, &Ask::new("mail.example.", "A")).sections[0].len(), 1);
    assert!(set.remove(name("sub.example.").as_ref()).is_some());
    assert!(!ask_set(&set, &Ask::new("x.sub.example.", "TXT")).authoritative);
}
