//! Random conditions and changes that meet each other.

use super::support::{Random, absolute, rdata, request};
use ddi_dns::update::Request;
use ddi_dns::{Name, Rtype};

/// Types and data that are drawn from. Data is lower case, so that equality is that of bytes.
const DATA: [(Rtype, &str); 11] = [
    (Rtype::A, "192.0.2.2"),
    (Rtype::A, "192.0.2.3"),
    (Rtype::A, "192.0.2.4"),
    (Rtype::TXT, "hello"),
    (Rtype::TXT, "bye"),
    (Rtype::CNAME, "host.example.com"),
    (Rtype::CNAME, "ns.example.com"),
    (Rtype::NS, "ns.example.org"),
    (Rtype::NS, "ns2.example.org"),
    (Rtype::NS, "ns3.example.org"),
    (Rtype::AAAA, "2001:db8::1"),
];
const OWNERS: [&str; 8] = ["@", "host", "alias", "ns", "new", "deep", "a.deep", "x.host"];

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Add(Name, Rtype, u32, Vec<u8>),
    Delete(Name, Rtype, Vec<u8>),
    DeleteRrset(Name, Rtype),
    DeleteName(Name),
}

#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Name(Name, bool),
    Rrset(Name, Rtype, bool),
    Is(Name, Rtype, Vec<u8>),
}

pub(crate) fn draw_steps(random: &mut Random) -> Vec<Step> {
    let count = random.below(6);
    (0..count)
        .map(|_| {
            let owner = absolute(random.pick::<&str>(&OWNERS));
            let (rtype, data) = *random.pick(&DATA);
            let data = rdata(rtype, data);
            match random.below(8) {
                0 => Step::DeleteName(owner),
                1 => Step::DeleteRrset(owner, rtype),
                2 | 3 => Step::Delete(owner, rtype, data),
                _ => Step::Add(owner, rtype, *random.pick(&[60, 300]), data),
            }
        })
        .collect()
}

pub(crate) fn draw_conditions(random: &mut Random) -> Vec<Condition> {
    let count = [0, 0, 0, 1, 2][random.below(5)];
    (0..count)
        .map(|_| {
            let owner = absolute(random.pick::<&str>(&OWNERS));
            let (rtype, data) = *random.pick(&DATA);
            match random.below(3) {
                0 => Condition::Name(owner, random.below(2) == 0),
                1 => Condition::Rrset(owner, rtype, random.below(2) == 0),
                _ => Condition::Is(owner, rtype, rdata(rtype, data)),
            }
        })
        .collect()
}

pub(crate) fn message(conditions: &[Condition], steps: &[Step]) -> Request {
    let mut request = request();
    for condition in conditions {
        match condition {
            Condition::Name(owner, true) => request.require_name(owner.as_ref()),
            Condition::Name(owner, false) => request.require_no_name(owner.as_ref()),
            Condition::Rrset(owner, rtype, true) => request.require_rrset(owner.as_ref(), *rtype),
            Condition::Rrset(owner, rtype, false) => request.require_no_rrset(owner.as_ref(), *rtype),
            Condition::Is(owner, rtype, data) => request.require_record(owner.as_ref(), *rtype, data),
        };
    }
    for step in steps {
        match step {
            Step::Add(owner, rtype, ttl, data) => request.add(owner.as_ref(), *rtype, *ttl, data),
            Step::Delete(owner, rtype, data) => request.delete(owner.as_ref(), *rtype, data),
            Step::DeleteRrset(owner, rtype) => request.delete_rrset(owner.as_ref(), *rtype),
            Step::DeleteName(owner) => request.delete_name(owner.as_ref()),
        };
    }
    request
}
