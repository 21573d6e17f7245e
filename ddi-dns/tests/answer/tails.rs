//! What a zone keeps written for the end of answers says what would be written anew: the same as for a question
//! that spells the apex in another way, for which nothing is kept.

use crate::sample;
use crate::support::{Ask, Told, ask_with, context, name, zone};
use ddi_core::UnixTime;
use ddi_dns::answer::{AnswerConfig, Detail, Transport};
use ddi_dns::zone::{Edit, SerialPolicy, Snapshot};

fn told(zone: &Snapshot, ask: &Ask, detail: Detail) -> Told {
    let mut config = AnswerConfig::default();
    config.detail = detail;
    ask_with(zone, ask, &context(&config, Transport::Udp)).1
}

/// Both answers, in lower case.
fn compare(zone: &Snapshot, labels: &str, apex: [&str; 2], rtype: &str) {
    for detail in [Detail::Minimal, Detail::Full] {
        let [kept, anew] = apex.map(|apex| {
            let mut told = told(zone, &Ask::new(&format!("{labels}{apex}"), rtype), detail);
            for line in told.sections.iter_mut().flatten() {
                line.make_ascii_lowercase();
            }
            told.sections.iter_mut().for_each(|section| section.sort());
            told
        });
        assert_eq!(kept, anew, "{labels}{} {rtype} {detail:?}", apex[0]);
    }
}

#[test]
fn as_if_written_anew() {
    let sample = sample();
    let labels = [
        "",
        "mail.",
        "ns1.",
        "www.",
        "out.",
        "none.",
        "x.none.",
        "www2.",
        "a.wild.",
        "b.old.",
        "sub.",
        "web.",
        "ns.sub.",
        "_sip._udp.",
        "ns.other.",
    ];
    for label in labels {
        for rtype in ["A", "AAAA", "TXT", "NS", "MX", "SOA", "SRV", "HTTPS", "CNAME", "ANY"] {
            compare(&sample, label, ["example.", "eXample."], rtype);
        }
    }
    // Servers below the apex, in a parent of it, below a cut, and one without addresses; and the root's zone.
    let deep = zone(
        "a.zone.test. 60 IN SOA a.zone.test. x.test. 1 2 3 4 30
         a.zone.test. 60 IN NS a.zone.test.
         a.zone.test. 60 IN NS b.zone.test.
         a.zone.test. 60 IN NS ns.x.a.zone.test.
         a.zone.test. 60 IN NS gone.a.zone.test.
         a.zone.test. 60 IN A 192.0.2.1
         x.a.zone.test. 60 IN NS ns.x.a.zone.test.
         ns.x.a.zone.test. 60 IN A 192.0.2.2
         ns.x.a.zone.test. 60 IN AAAA 2001:db8::2
         h.a.zone.test. 60 IN A 192.0.2.3",
    );
    for label in ["", "h.", "none.", "ns.x.", "gone."] {
        compare(&deep, label, ["a.zone.test.", "a.Zone.test."], "A");
        compare(&deep, label, ["a.zone.test.", "a.Zone.test."], "AAAA");
    }
    let told = told(&deep, &Ask::new("h.a.zone.test.", "A"), Detail::Full);
    assert_eq!([1, 4, 3], told.sections.each_ref().map(Vec::len), "{told:?}");
    let root = zone(". 60 IN SOA a. b. 1 2 3 4 5\n. 60 IN NS a.\na. 60 IN A 192.0.2.1\nb. 60 IN A 192.0.2.2");
    let told = self::told(&root, &Ask::new("b.", "A"), Detail::Full);
    let sections = [["b. 60 IN A 192.0.2.2"], [". 60 IN NS a."], ["a. 60 IN A 192.0.2.1"]];
    assert_eq!(told.sections, sections.map(|lines| lines.map(str::to_owned).to_vec()));
}

#[test]
fn they_follow_the_zone() {
    let before = sample();
    let mut edit = Edit::new(&before);
    let (ns1, apex) = (name("ns1.example."), name("example."));
    edit.remove_rrset(ns1.as_ref(), "A".parse().unwrap());
    edit.remove_rrset(ns1.as_ref(), "AAAA".parse().unwrap());
    edit.add(ns1.as_ref(), "A".parse().unwrap(), 30, &[192, 0, 2, 99]).unwrap();
    edit.remove(apex.as_ref(), "NS".parse().unwrap(), name("ns.elsewhere.").as_ref().wire());
    let (_, after) = edit.finish(SerialPolicy::Increment, UnixTime(0)).unwrap().unwrap();
    let told_of = |zone: &Snapshot, owner: &str| told(zone, &Ask::new(owner, "A"), Detail::Full).sections;
    let [_, authority, additional] = told_of(&after, "mail.example.");
    assert_eq!(authority, ["example. 3600 IN NS ns1.example."]);
    assert_eq!(additional, ["ns1.example. 30 IN A 192.0.2.99"]);
    let [_, authority, _] = told_of(&after, "none.example.");
    assert_eq!(authority, ["example. 300 IN SOA ns1.example. root.example. 8 3600 900 604800 300"]);
    assert_eq!(told_of(&before, "mail.example.")[2].len(), 2);
}
