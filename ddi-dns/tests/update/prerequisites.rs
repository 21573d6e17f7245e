//! RFC 2136 section 3.2.

use super::support::{absolute, anyone, name, open_zone, rdata, refused, request, run, unchanged, zone};
use ddi_dns::message::{Flags, Opcode, Rcode, Section, Writer};
use ddi_dns::update::{Request, UpdateError, apply};
use ddi_dns::{Class, Rtype};

#[test]
fn name_in_use_and_not_in_use() {
    let zone = zone();
    for used in ["host", "HOST", "@", "alias", "a.deep", "*.wild"] {
        unchanged(&zone, request().require_name(absolute(used).as_ref()));
        refused(&zone, request().require_no_name(absolute(used).as_ref()), Rcode::YXDOMAIN);
    }
    // Neither an empty non-terminal nor what a wildcard would answer is in use.
    for unused in ["deep", "x.wild", "nothing", "a.b.c", "wild"] {
        unchanged(&zone, request().require_no_name(absolute(unused).as_ref()));
        refused(&zone, request().require_name(absolute(unused).as_ref()), Rcode::NXDOMAIN);
    }
}

#[test]
fn rrset_exists_and_does_not() {
    let zone = zone();
    for (owner, rtype) in
        [("host", Rtype::A), ("host", Rtype::TXT), ("@", Rtype::SOA), ("alias", Rtype::CNAME)]
    {
        unchanged(&zone, request().require_rrset(absolute(owner).as_ref(), rtype));
        refused(&zone, request().require_no_rrset(absolute(owner).as_ref(), rtype), Rcode::YXRRSET);
    }
    // No alias is followed, no wildcard expanded.
    for (owner, rtype) in
        [("host", Rtype::AAAA), ("alias", Rtype::A), ("x.wild", Rtype::A), ("deep", Rtype::A)]
    {
        unchanged(&zone, request().require_no_rrset(absolute(owner).as_ref(), rtype));
        refused(&zone, request().require_rrset(absolute(owner).as_ref(), rtype), Rcode::NXRRSET);
    }
}

#[test]
fn rrset_is_exactly_this() {
    let zone = zone();
    let host = absolute("Host");
    let (two, three, four) =
        (rdata(Rtype::A, "192.0.2.2"), rdata(Rtype::A, "192.0.2.3"), rdata(Rtype::A, "192.0.2.4"));
    let given = |addresses: &[&[u8]]| {
        let mut request = request();
        for address in addresses {
            request.require_record(host.as_ref(), Rtype::A, address);
        }
        run(&zone, &request).map_err(|error| error.rcode())
    };
    let holds = |addresses: &[&[u8]]| given(addresses).is_ok_and(|changed| changed.is_none());
    assert!(holds(&[&two, &three]) && holds(&[&three, &two]) && holds(&[&three, &two, &three]));
    for wrong in [&[&two[..]][..], &[&two, &three, &four], &[&two, &four], &[&four]] {
        assert_eq!(given(wrong).expect_err("not that rrset"), Rcode::NXRRSET);
    }
    // Names in data are the same in any case; text is not.
    let target = rdata(Rtype::CNAME, "HOST.Example.Com");
    unchanged(&zone, request().require_record(absolute("alias").as_ref(), Rtype::CNAME, &target));
    let text = rdata(Rtype::TXT, "Hello");
    refused(&zone, request().require_record(host.as_ref(), Rtype::TXT, &text), Rcode::NXRRSET);
    // Records of two rrsets, mixed.
    let text = rdata(Rtype::TXT, "hello");
    let mut request = request();
    request.require_record(host.as_ref(), Rtype::A, &two).require_record(host.as_ref(), Rtype::TXT, &text);
    request.require_record(host.as_ref(), Rtype::A, &three);
    unchanged(&zone, &request);
}

#[test]
fn the_first_that_fails_decides_and_rrsets_by_value_come_last() {
    let zone = zone();
    let (host, nothing) = (absolute("host"), absolute("nothing"));
    let wrong = rdata(Rtype::A, "192.0.2.9");
    let mut early = request();
    early.require_record(host.as_ref(), Rtype::A, &wrong).require_name(nothing.as_ref());
    refused(&zone, &early, Rcode::NXDOMAIN);
    let mut both = request();
    both.require_no_name(host.as_ref()).require_name(nothing.as_ref());
    refused(&zone, &both, Rcode::YXDOMAIN);
    // Nothing is changed when one fails.
    let mut late = request();
    late.require_name(nothing.as_ref()).delete_name(host.as_ref());
    refused(&zone, &late, Rcode::NXDOMAIN);
}

/// A message with one record, as it is given.
fn raw(
    section: Section,
    owner: &str,
    rtype: Rtype,
    class: Class,
    ttl: u32,
    data: &[u8],
) -> Result<(), Rcode> {
    let mut buf = [0; 512];
    let mut writer = Writer::new(&mut buf, 1, Flags::default().with_opcode(Opcode::UPDATE)).unwrap();
    writer.question(name("example.com").as_ref(), Rtype::SOA, Class::IN).unwrap();
    writer.record(section, absolute(owner).as_ref(), rtype, class, ttl, data).unwrap();
    let len = writer.finish();
    let applied = Request::parse(&buf[..len])
        .and_then(|request| apply(&request, &zone(), &open_zone(), &anyone(), super::support::NOW.unix));
    applied.map(drop).map_err(|error| error.rcode())
}

#[test]
fn malformed_prerequisites() {
    let address = [192, 0, 2, 2];
    let check = |owner, rtype, class, ttl, data: &[u8]| raw(Section::Answer, owner, rtype, class, ttl, data);
    for class in [Class::ANY, Class::NONE, Class::IN] {
        assert_eq!(check("nothing", Rtype::A, class, 1, &address), Err(Rcode::FORMERR), "{class} with a ttl");
        assert_eq!(
            check("x.org.", Rtype::A, class, 0, if class == Class::IN { &address } else { &[] }),
            Err(Rcode::NOTZONE)
        );
        for meta in [Rtype::AXFR, Rtype::MAILA, Rtype::OPT, Rtype::TSIG, Rtype(0)] {
            assert_eq!(check("host", meta, class, 0, &[]), Err(Rcode::FORMERR), "{class} {meta}");
        }
    }
    for class in [Class::ANY, Class::NONE] {
        assert_eq!(check("host", Rtype::A, class, 0, &address), Err(Rcode::FORMERR), "{class} with data");
        assert_eq!(check("host", Rtype::ANY, class, 0, &address), Err(Rcode::FORMERR), "{class} with data");
    }
    assert_eq!(check("host", Rtype::ANY, Class::IN, 0, &[]), Err(Rcode::FORMERR));
    assert_eq!(check("host", Rtype::A, Class::IN, 0, &address[..3]), Err(Rcode::FORMERR));
    assert_eq!(check("host", Rtype::A, Class::CH, 0, &address), Err(Rcode::FORMERR));
    assert_eq!(check("host", Rtype::ANY, Class::ANY, 0, &[]), Ok(()));
}

#[test]
fn malformed_updates() {
    let address = [192, 0, 2, 2];
    let check =
        |owner, rtype, class, ttl, data: &[u8]| raw(Section::Authority, owner, rtype, class, ttl, data);
    for class in [Class::ANY, Class::NONE, Class::IN] {
        let data: &[u8] = if class == Class::ANY { &[] } else { &address };
        assert_eq!(check("x.org.", Rtype::A, class, 0, data), Err(Rcode::NOTZONE), "{class}");
        assert_eq!(check("com.", Rtype::A, class, 0, data), Err(Rcode::NOTZONE), "{class}");
        for meta in [Rtype::AXFR, Rtype::MAILA, Rtype::MAILB, Rtype::OPT, Rtype::TKEY, Rtype(0)] {
            assert_eq!(check("host", meta, class, 0, &[]), Err(Rcode::FORMERR), "{class} {meta}");
        }
    }
    assert_eq!(check("host", Rtype::ANY, Class::IN, 0, &[]), Err(Rcode::FORMERR));
    assert_eq!(check("host", Rtype::ANY, Class::NONE, 0, &[]), Err(Rcode::FORMERR));
    assert_eq!(check("host", Rtype::A, Class::ANY, 1, &[]), Err(Rcode::FORMERR));
    assert_eq!(check("host", Rtype::A, Class::ANY, 0, &address), Err(Rcode::FORMERR));
    assert_eq!(check("host", Rtype::A, Class::NONE, 1, &address), Err(Rcode::FORMERR));
    assert_eq!(check("host", Rtype::A, Class::HS, 0, &address), Err(Rcode::FORMERR));
    assert_eq!(check("host", Rtype::A, Class::IN, 0, &[]), Err(Rcode::FORMERR));
    assert_eq!(check("host", Rtype::A, Class::NONE, 0, &[]), Ok(()), "there is no such record to delete");
    assert_eq!(check("host", Rtype(65_280), Class::IN, 0, &[1]), Ok(()), "unknown types are data (RFC 3597)");
    assert_eq!(check("host", Rtype::A, Class::NONE, 0, &address), Ok(()));
}

#[test]
fn the_zone_section() {
    let parse = |zones: &[(&str, Rtype, Class)]| {
        let mut buf = [0; 512];
        let mut writer = Writer::new(&mut buf, 1, Flags::default().with_opcode(Opcode::UPDATE)).unwrap();
        for (zone, rtype, class) in zones {
            writer.question(name(zone).as_ref(), *rtype, *class).unwrap();
        }
        let len = writer.finish();
        let request = Request::parse(&buf[..len])?;
        apply(&request, &zone(), &open_zone(), &anyone(), super::support::NOW.unix)
    };
    let rcode = |zones: &[_]| parse(zones).map(drop).map_err(|error: UpdateError| error.rcode());
    assert_eq!(rcode(&[("example.com", Rtype::SOA, Class::IN)]), Ok(()));
    assert_eq!(rcode(&[("Example.COM", Rtype::SOA, Class::IN)]), Ok(()));
    assert_eq!(rcode(&[]), Err(Rcode::FORMERR));
    let twice = [("example.com", Rtype::SOA, Class::IN), ("example.com", Rtype::SOA, Class::IN)];
    assert_eq!(rcode(&twice), Err(Rcode::FORMERR));
    for rtype in [Rtype::A, Rtype::ANY, Rtype::NS] {
        assert_eq!(rcode(&[("example.com", rtype, Class::IN)]), Err(Rcode::FORMERR));
    }
    for class in [Class::ANY, Class::NONE] {
        assert_eq!(rcode(&[("example.com", Rtype::SOA, class)]), Err(Rcode::FORMERR));
    }
    assert_eq!(rcode(&[("example.com", Rtype::SOA, Class::CH)]), Err(Rcode::NOTAUTH));
    assert_eq!(rcode(&[("host.example.com", Rtype::SOA, Class::IN)]), Err(Rcode::NOTAUTH));
    assert_eq!(rcode(&[("com", Rtype::SOA, Class::IN)]), Err(Rcode::NOTAUTH));
}
