//! UPDATEs with records that a server's own machinery might take for its own.

use super::text::survives_export;
use super::updates::{NOW, absolute, anyone, changed, check_with_hickory, held, open_zone, request, zone};
use ddi_core::UnixTime;
use ddi_dns::answer::{AnswerConfig, AnswerContext, NSEC3_ITERATIONS_MAX, Transport, nsec3_hash};
use ddi_dns::message::{Flags, Rcode, Section, Writer};
use ddi_dns::update::{Request, apply};
use ddi_dns::zonefile::{ZoneFaultKind, check};
use ddi_dns::{Class, NameRef, Rtype, Snapshot};

/// A SIG among the updates is a record like any other: no signature of the message.
#[test]
fn a_sig_record() {
    let sig = |covered: Rtype| {
        let fixed = [&covered.0.to_be_bytes()[..], &[5, 2], &[0; 14]].concat();
        [&fixed[..], absolute("@").as_ref().wire(), &[1, 2, 3]].concat()
    };
    for (rtype, covered) in [(Rtype::SIG, Rtype::A), (Rtype::SIG, Rtype(0)), (Rtype::RRSIG, Rtype::ANY)] {
        let mut add = request();
        add.add(absolute("host").as_ref(), rtype, 300, &sig(covered));
        let next = applied(&zone(), &add);
        assert_eq!(held(&next, "host", rtype), Some((300, 1)));
        survives_export(&next);
        assert_eq!(ask(&next, "host", Rtype::A).0, Rcode::NOERROR);
        let mut delete = request();
        delete.delete_rrset(absolute("host").as_ref(), rtype);
        assert_eq!(held(&applied(&next, &delete), "host", rtype), None);
    }
}

/// What the request makes of the zone, over the wire. hickory-proto takes a SIG for a message's signature wherever
/// it is, so that it has no say.
fn applied(zone: &Snapshot, request: &Request) -> Snapshot {
    let mut buf = [0; 600];
    let len = request.emit(7, &mut buf).unwrap();
    let read = Request::parse(&buf[..len]).unwrap();
    apply(&read, zone, &open_zone(), &anyone(), NOW.unix).unwrap().expect("a change").1
}

/// Iterations that would cost seconds: hashes of such a zone are never computed.
#[test]
fn nsec3_parameters_of_huge_iterations() {
    let param = |iterations: u16| {
        let [high, low] = iterations.to_be_bytes();
        [1, 0, high, low, 2, 0xab, 0xcd]
    };
    let mut add = request();
    add.add(absolute("@").as_ref(), Rtype::NSEC3PARAM, 0, &param(u16::MAX));
    let next = changed(&zone(), &add);
    // With a chain of the same, one record of it, which a name would have to be hashed for.
    let hash = nsec3_hash(absolute("@").as_ref(), 0, &[]);
    let [high, low] = u16::MAX.to_be_bytes();
    let rdata = [&[1, 0, high, low, 2, 0xab, 0xcd, 20][..], &hash, &[0, 1, 0x40]].concat();
    let mut chain = request();
    chain.add(absolute("0123456789abcdefghijklmnopqrstuv").as_ref(), Rtype::NSEC3, 300, &rdata);
    let next = changed(&next, &chain);
    survives_export(&next);
    for (owner, rcode) in [("nothing", Rcode::NXDOMAIN), ("host", Rcode::NOERROR), ("deep", Rcode::NOERROR)] {
        let (found, denials) = ask(&next, owner, Rtype::HTTPS);
        assert_eq!((found, denials), (rcode, 0), "{owner}");
    }
    // As many as are still computed make a proof of the same record.
    let mut fewer = request();
    fewer.delete_rrset(absolute("@").as_ref(), Rtype::NSEC3PARAM);
    fewer.add(absolute("@").as_ref(), Rtype::NSEC3PARAM, 0, &param(NSEC3_ITERATIONS_MAX));
    let [high, low] = NSEC3_ITERATIONS_MAX.to_be_bytes();
    let rdata = [&[1, 0, high, low, 2, 0xab, 0xcd, 20][..], &hash, &[0, 1, 0x40]].concat();
    fewer.delete_rrset(absolute("0123456789abcdefghijklmnopqrstuv").as_ref(), Rtype::NSEC3);
    fewer.add(absolute("0123456789abcdefghijklmnopqrstuv").as_ref(), Rtype::NSEC3, 300, &rdata);
    assert!(ask(&changed(&next, &fewer), "nothing", Rtype::HTTPS).1 > 0);
    // Nor does the check of a signed zone compute them.
    let mut key = request();
    key.add(absolute("@").as_ref(), Rtype::DNSKEY, 300, &[1, 1, 3, 8, 1, 2, 3]);
    let faults = check(&changed(&next, &key));
    assert!(faults.iter().any(|fault| fault.kind == ZoneFaultKind::Nsec3Iterations(u16::MAX)), "{faults:?}");
}

/// Asks with DO; the code and how many NSEC3 records came.
fn ask(zone: &Snapshot, owner: &str, rtype: Rtype) -> (Rcode, usize) {
    let mut query = [0; 200];
    let mut writer = Writer::new(&mut query, 7, Flags::default()).unwrap();
    writer.question(absolute(owner).as_ref(), rtype, Class::IN).unwrap();
    writer.record(Section::Additional, NameRef::ROOT, Rtype::OPT, Class(4096), 0x8000, &[]).unwrap();
    let len = writer.finish();
    let config = AnswerConfig::default();
    let context = AnswerContext::new(&config, Transport::Udp, [192, 0, 2, 1].into(), UnixTime(0));
    let mut out = [0; 1232];
    let answered = zone.answer(&query[..len], &context, &mut out).unwrap();
    let message = check_with_hickory(&out[..answered.len]);
    let denials = message.authorities.iter().filter(|record| u16::from(record.record_type()) == 50).count();
    (answered.rcode, denials)
}
