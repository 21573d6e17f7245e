//! The updates of RFC 4703 section 5.

use super::change::{Change, Outcome, reverse_name};
use crate::message::Rcode;
use crate::name::NameRef;
use crate::rr::Rtype;
use crate::update::Request;

/// Which of a change's two updates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    First,
    Second,
}

/// What an answer means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// The change is made, or can't be.
    Done(Outcome),
    /// This step is next.
    Next(Step),
    /// The server won't (section 5.1).
    Failed,
}

/// The update for a step. Changes that need only one have no second.
pub(super) fn request(zone: NameRef<'_>, change: &Change, step: Step) -> Request {
    let mut request = Request::new(zone);
    let binding = change.binding();
    let (name, ttl, dhcid) = (binding.name.as_ref(), binding.ttl, binding.dhcid.rdata());
    let (rtype, address) = binding.address_record();
    match (change, step) {
        // Section 5.3.1.
        (Change::AddForward(_), Step::First) => {
            request.require_no_name(name);
            request.add(name, rtype, ttl, &address).add(name, Rtype::DHCID, ttl, dhcid);
        }
        // Section 5.3.2, for an updater that wants one address of a family.
        (Change::AddForward(_), Step::Second) => {
            request.require_name(name).require_record(name, Rtype::DHCID, dhcid);
            request.delete_rrset(name, rtype).add(name, rtype, ttl, &address);
        }
        // Section 5.5.
        (Change::RemoveForward(_), Step::First) => {
            request.require_record(name, Rtype::DHCID, dhcid).delete(name, rtype, &address);
        }
        (Change::RemoveForward(_), Step::Second) => {
            request.require_record(name, Rtype::DHCID, dhcid);
            request.require_no_rrset(name, Rtype::A).require_no_rrset(name, Rtype::AAAA).delete_name(name);
        }
        // Section 5.4.
        (Change::AddReverse(_), _) => {
            let reverse = reverse_name(binding.address);
            let reverse = reverse.as_ref();
            request.delete_rrset(reverse, Rtype::PTR).delete_rrset(reverse, Rtype::DHCID);
            request.add(reverse, Rtype::PTR, ttl, name.wire()).add(reverse, Rtype::DHCID, ttl, dhcid);
        }
        (Change::RemoveReverse(_), _) => {
            let reverse = reverse_name(binding.address);
            let reverse = reverse.as_ref();
            request.require_record(reverse, Rtype::PTR, name.wire()).delete_name(reverse);
        }
    }
    request
}

/// What the code of the answer to a step means.
pub(super) const fn verdict(change: &Change, step: Step, rcode: Rcode) -> Verdict {
    use Outcome::{Added, Conflict, NotOurs, Removed, Replaced};
    use Verdict::{Done, Failed, Next};
    match (change, step, rcode) {
        (Change::AddForward(_), Step::First, Rcode::NOERROR) => Done(Added),
        (Change::AddForward(_), Step::First, Rcode::YXDOMAIN) => Next(Step::Second),
        (Change::AddForward(_), Step::Second, Rcode::NOERROR) => Done(Replaced),
        (Change::AddForward(_), Step::Second, Rcode::NXRRSET) => Done(Conflict),
        (Change::AddForward(_), Step::Second, Rcode::NXDOMAIN) => Next(Step::First),
        (Change::RemoveForward(_), Step::First, Rcode::NOERROR) => Next(Step::Second),
        (Change::RemoveForward(_), Step::First, Rcode::NXRRSET) => Done(NotOurs),
        // An address is left, or somebody else has removed the name.
        (Change::RemoveForward(_), Step::Second, Rcode::NOERROR | Rcode::YXRRSET | Rcode::NXRRSET) => {
            Done(Removed)
        }
        (Change::AddReverse(_), _, Rcode::NOERROR) => Done(Added),
        (Change::RemoveReverse(_), _, Rcode::NOERROR) => Done(Removed),
        (Change::RemoveReverse(_), _, Rcode::NXRRSET) => Done(NotOurs),
        _ => Failed,
    }
}
