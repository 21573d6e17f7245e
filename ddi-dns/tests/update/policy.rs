//! Who may change what.

use super::support::{NOW, absolute, name, open_zone, rdata, request, zone};
use ddi_dns::acl::{AccessList, Requestor, Rule};
use ddi_dns::message::Rcode;
use ddi_dns::update::{Grant, Names, Policy, Request, Types, UpdateZone, apply};
use ddi_dns::{Name, Rtype};

fn rcode(policy: &Policy, key: Option<&str>, request: &Request) -> Rcode {
    let config = UpdateZone { policy: policy.clone(), ..open_zone() };
    let key: Option<Name> = key.map(name);
    let who = Requestor { address: "192.0.2.77".parse().unwrap(), key: key.as_ref().map(Name::as_ref) };
    apply(request, &zone(), &config, &who, NOW.unix).err().map_or(Rcode::NOERROR, |error| error.rcode())
}

fn add(owner: &str, rtype: Rtype, data: &str) -> Request {
    let mut request = request();
    request.add(absolute(owner).as_ref(), rtype, 60, &rdata(rtype, data));
    request
}

fn grant(permits: bool, who: &str, names: Names, types: Types) -> Grant {
    Grant { permits, who: who.parse::<Rule>().unwrap(), names, types }
}

#[test]
fn a_list_permits_all_or_nothing() {
    let policy = Policy::List(AccessList::parse(["key:ddns", "192.0.2.0/30"]).unwrap());
    let new = add("new", Rtype::A, "192.0.2.9");
    assert_eq!(rcode(&policy, Some("DDNS"), &new), Rcode::NOERROR);
    assert_eq!(rcode(&policy, Some("other"), &new), Rcode::REFUSED);
    assert_eq!(rcode(&policy, None, &new), Rcode::REFUSED);
    assert_eq!(rcode(&Policy::default(), Some("ddns"), &new), Rcode::REFUSED);
}

#[test]
fn who_may_change_nothing_learns_nothing() {
    let policy = Policy::List(AccessList::parse(["key:ddns"]).unwrap());
    let mut probe = request();
    probe.require_no_name(absolute("host").as_ref());
    assert_eq!(rcode(&policy, None, &probe), Rcode::REFUSED);
    assert_eq!(rcode(&policy, Some("ddns"), &probe), Rcode::YXDOMAIN);
    let grants = Policy::Grants(vec![grant(false, "any", Names::All, Types::All)]);
    assert_eq!(rcode(&grants, Some("ddns"), &probe), Rcode::REFUSED);
}

#[test]
fn prerequisites_come_before_permission_for_each_record() {
    let policy = Policy::Grants(vec![grant(true, "key:k", Names::Exactly(absolute("mine")), Types::Data)]);
    let mut other = add("other", Rtype::A, "192.0.2.9");
    assert_eq!(rcode(&policy, Some("k"), &other), Rcode::REFUSED);
    other.require_name(absolute("nothing").as_ref());
    assert_eq!(rcode(&policy, Some("k"), &other), Rcode::NXDOMAIN);
    // And permission before the prescan.
    let mut outside = add("other", Rtype::A, "192.0.2.9");
    outside.add(name("x.org").as_ref(), Rtype::A, 60, &[1, 2, 3, 4]);
    assert_eq!(rcode(&policy, Some("k"), &outside), Rcode::REFUSED);
}

#[test]
fn names_and_types() {
    let policy = Policy::Grants(vec![
        grant(false, "any", Names::AtOrBelow(absolute("private.dyn")), Types::All),
        grant(true, "key:dhcp", Names::AtOrBelow(absolute("dyn")), Types::Only(vec![Rtype::A, Rtype::DHCID])),
        grant(true, "key:host.example.com", Names::OwnName, Types::Data),
        grant(true, "key:acme", Names::AtOrBelowOwnName, Types::Only(vec![Rtype::TXT])),
        grant(true, "key:flat", Names::ChildrenOf(name("example.com")), Types::Data),
        grant(true, "key:admin", Names::All, Types::All),
    ]);
    let address = "192.0.2.9";
    let cases = [
        ("dhcp", add("a.dyn", Rtype::A, address), true),
        ("dhcp", add("dyn", Rtype::A, address), true),
        ("dhcp", add("a.dyn", Rtype::TXT, "x"), false),
        ("dhcp", add("a.private.dyn", Rtype::A, address), false),
        ("dhcp", add("xdyn", Rtype::A, address), false),
        ("dhcp", add("host", Rtype::A, address), false),
        ("host.example.com", add("host", Rtype::A, address), true),
        ("host.example.com", add("host", Rtype::NS, "ns.example.com"), false),
        ("host.example.com", add("a.host", Rtype::A, address), false),
        ("acme", add("host", Rtype::TXT, "x"), false),
        ("flat", add("new", Rtype::A, address), true),
        ("flat", add("a.new", Rtype::A, address), false),
        ("flat", add("@", Rtype::A, address), false),
        ("admin", add("@", Rtype::NS, "ns9.example.com"), true),
        ("admin", add("private.dyn", Rtype::A, address), false),
        ("nobody", add("new", Rtype::A, address), false),
    ];
    for (number, (key, request, permitted)) in cases.iter().enumerate() {
        let expected = if *permitted { Rcode::NOERROR } else { Rcode::REFUSED };
        assert_eq!(rcode(&policy, Some(key), request), expected, "case {number}");
    }
}

#[test]
fn who_deletes_a_name_needs_all_its_types() {
    let only = |types| Policy::Grants(vec![grant(true, "any", Names::All, Types::Only(types))]);
    let mut delete = request();
    delete.delete_name(absolute("host").as_ref());
    assert_eq!(rcode(&only(vec![Rtype::A]), None, &delete), Rcode::REFUSED);
    assert_eq!(rcode(&only(vec![Rtype::A, Rtype::TXT]), None, &delete), Rcode::NOERROR);
    let mut apex = request();
    apex.delete_name(absolute("@").as_ref());
    assert_eq!(rcode(&only(vec![Rtype::A]), None, &apex), Rcode::NOERROR, "SOA and NS stay anyway");
    let mut nothing = request();
    nothing.delete_name(absolute("nothing").as_ref());
    assert_eq!(rcode(&only(vec![Rtype::A]), None, &nothing), Rcode::NOERROR);
}
