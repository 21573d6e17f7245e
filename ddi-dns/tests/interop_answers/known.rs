//! Where the others do as they like: each case with what they do.

use crate::daemon::Kind;
use crate::support::{Ask, Told};
use crate::zones::Signing;
use ddi_dns::Rtype;

/// Which NSEC and NSEC3 records may stand on one side only.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Denials {
    AsOurs,
    MissingThere,
    Different,
}

/// True if one of the rules explains all that differs.
pub(crate) fn is_known(kind: Kind, signing: Signing, ask: &Ask, ours: &Told, theirs: &Told) -> bool {
    let answers_with = |told: &Told, rtype: &str| told.sections[0].iter().any(|line| line.contains(rtype));
    let is_nsec = ask.rtype == Rtype::NSEC;
    match kind {
        // It answers from the parent's side of a cut (RFC 4035 section 2.3 has an NSEC on both).
        Kind::Bind if is_nsec && !ours.authoritative && theirs.authoritative => return true,
        // It looks for NSEC behind a CNAME, next to which it may stand (RFC 4035 section 2.5).
        Kind::Nsd if is_nsec && answers_with(theirs, " in cname ") => return true,
        // No authority section at all below names that only opted-out delegations make.
        Kind::Knot if signing == Signing::OptOut && theirs.rcode == 3 && theirs.sections[1].is_empty() => {
            return ours.rcode == 3;
        }
        _ => {}
    }
    let (mut ours, mut theirs) = (ours.clone(), theirs.clone());
    forgive_denials(denials(kind, signing, ask, &ours), &mut ours, &mut theirs);
    if kind == Kind::Bind {
        forgive_bind(ask, &mut ours, &mut theirs);
    }
    ours == theirs
}

fn denials(kind: Kind, signing: Signing, ask: &Ask, ours: &Told) -> Denials {
    let is_no_data = ours.rcode == 0 && ours.sections[1].iter().any(|line| line.contains(" in soa "));
    let at_wildcard = ask.name.as_ref().is_wildcard();
    let has_hash = ask.name.as_ref().labels().any(|label| label.len() == 32);
    match (kind, signing) {
        // Where the wildcard is an empty non-terminal, they leave out the NSEC that says so (RFC 4035
        // section 3.1.3.4).
        (Kind::Bind | Kind::Knot, Signing::Nsec) if is_no_data => Denials::MissingThere,
        // The wildcard's NSEC is put at the name, but that the wildcard was right is not proven (RFC 4035
        // section 3.1.3.3).
        (Kind::Knot, Signing::Nsec) if ask.rtype == Rtype::NSEC => Denials::MissingThere,
        // The same of an empty wildcard that is opted out.
        (Kind::Knot, Signing::OptOut) if is_no_data => Denials::MissingThere,
        // A missing name whose first label is `*` gets no proof (RFC 5155 section 7.2 has no exception).
        (Kind::Knot, Signing::Nsec3 | Signing::OptOut) if at_wildcard => Denials::MissingThere,
        // The denial for a name that a DNAME made is of its wildcard's parent, and does not cover it.
        (Kind::Nsd, Signing::Nsec) if ours.sections[0].iter().any(|line| line.contains(" in dname ")) => {
            Denials::Different
        }
        // It proves a closest encloser where the name itself matches (RFC 5155 section 7.2.3), and takes the
        // owners of NSEC3 for names that exist (section 7.2.8).
        (Kind::Nsd, Signing::Nsec3) if at_wildcard || has_hash => Denials::Different,
        // It knows no encloser that was opted out, and proves from a farther one (section 7.2.1).
        (Kind::Nsd, Signing::OptOut) => Denials::Different,
        _ => Denials::AsOurs,
    }
}

fn forgive_denials(denials: Denials, ours: &mut Told, theirs: &mut Told) {
    if denials == Denials::AsOurs {
        return;
    }
    let (ours, theirs) = (&mut ours.sections[1], &mut theirs.sections[1]);
    let ours_before = ours.clone();
    ours.retain(|line| !is_denial(line) || theirs.contains(line));
    if denials == Denials::Different {
        theirs.retain(|line| !is_denial(line) || ours_before.contains(line));
    }
}

fn forgive_bind(ask: &Ask, ours: &mut Told, theirs: &mut Told) {
    // Addresses outside of the cut are not sent by its minimal responses.
    ours.sections[2].retain(|line| theirs.sections[2].contains(line));
    // `zero-no-soa-ttl`: who asks for a SOA that is not there is told not to remember it.
    if ask.rtype == Rtype::SOA {
        for line in &mut theirs.sections[1] {
            *line = line.replace(" 0 in ", " 300 in ");
        }
        theirs.sections[1].sort();
    }
    // An alias of itself is a failure there, and an answer here as it is at Knot and NSD.
    let is_loop = |line: &String| line.starts_with("loop1.") || line.starts_with("loop2.");
    if theirs.rcode == 2 && ours.sections[0].iter().any(is_loop) {
        theirs.rcode = ours.rcode;
    }
}

fn is_denial(line: &str) -> bool {
    [" in nsec ", " in nsec3 ", " in rrsig nsec of ", " in rrsig nsec3 of "]
        .iter()
        .any(|kind| line.contains(kind))
}
