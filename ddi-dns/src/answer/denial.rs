//! Proofs that something is not there, in signed zones: which NSEC (RFC 4035 section 3.1.3) or NSEC3 (RFC 5155
//! section 7.2) records go along. A zone that lacks the records is answered from without.

use super::edns::Ede;
use super::nsec3::{NSEC3_ITERATIONS_MAX, Params, label_of};
use super::reply::Reply;
use crate::message::{Full, Owner, Section};
use crate::name::{NameBuffer, NameRef};
use crate::rr::Rtype;
use crate::zone::{Body, OwnerBuf, RrsetView, Snapshot};

/// Most denials in one answer: four for the last name of a chain, and one for each wildcard on the way.
const PUT_MAX: usize = 4 + super::CHAIN_MAX;

/// How the zone denies.
#[derive(Clone, Copy)]
enum Chain<'s> {
    None,
    Nsec,
    Nsec3(Params<'s>),
}

/// How an NSEC3 lies to a hash: its owner is the hash, or its span has the hash in it.
#[derive(Clone, Copy)]
enum Fit {
    Matching,
    Covering,
    Any,
}

/// Writes denials, each once.
pub(super) struct Denials<'s> {
    snapshot: &'s Snapshot,
    chain: Chain<'s>,
    /// Where the data lies of those that are written.
    put: [*const u8; PUT_MAX],
    len: usize,
}

impl<'s> Denials<'s> {
    /// Finds out how the zone denies.
    pub(super) fn new(snapshot: &'s Snapshot, reply: &mut Reply<'_, '_>) -> Self {
        let chain = Chain::of(snapshot, reply);
        Self { snapshot, chain, put: [std::ptr::null(); PUT_MAX], len: 0 }
    }

    /// The name exists, with or without records, but not with this type.
    pub(super) fn no_data(
        &mut self,
        reply: &mut Reply<'_, '_>,
        name: NameRef<'_>,
        body: Option<Body<'s>>,
    ) -> Result<(), Full> {
        match (self.chain, body) {
            (Chain::None, _) => Ok(()),
            (Chain::Nsec, Some(body)) => self.put_nsec(reply, name, body),
            // An empty non-terminal has no NSEC of its own.
            (Chain::Nsec, None) => self.nsec_covering(reply, name),
            (Chain::Nsec3(params), _) => self.nsec3_no_data(reply, &params, name),
        }
    }

    /// The delegation has no DS (RFC 4035 section 3.1.4, RFC 5155 section 7.2.7).
    pub(super) fn no_ds(
        &mut self,
        reply: &mut Reply<'_, '_>,
        cut: NameRef<'_>,
        body: Body<'s>,
    ) -> Result<(), Full> {
        self.no_data(reply, cut, Some(body))
    }

    /// Neither the name exists nor a wildcard below its encloser of so many labels.
    pub(super) fn no_name(
        &mut self,
        reply: &mut Reply<'_, '_>,
        name: NameRef<'_>,
        encloser: u8,
    ) -> Result<(), Full> {
        match self.chain {
            Chain::None => Ok(()),
            Chain::Nsec => {
                self.nsec_covering(reply, name)?;
                match wildcard_below(name, encloser) {
                    Some(wildcard) => self.nsec_covering(reply, wildcard.as_ref()),
                    None => Ok(()),
                }
            }
            Chain::Nsec3(params) => {
                let encloser = self.nsec3_encloser(reply, &params, name, encloser)?;
                // Below an opted-out name the provable encloser may have a wildcard, without being the closest.
                match wildcard_below(name, encloser) {
                    Some(wildcard) => self.put_nsec3(reply, &params, wildcard.as_ref(), Fit::Any).map(drop),
                    None => Ok(()),
                }
            }
        }
    }

    /// The name does not exist, so that the wildcard below its encloser was right to answer.
    pub(super) fn wildcard_used(
        &mut self,
        reply: &mut Reply<'_, '_>,
        name: NameRef<'_>,
        encloser: u8,
    ) -> Result<(), Full> {
        match self.chain {
            Chain::None => Ok(()),
            Chain::Nsec => self.nsec_covering(reply, name),
            Chain::Nsec3(params) => match name.suffix(usize::from(encloser) + 1) {
                Some(next_closer) => self.nsec3_covering(reply, &params, next_closer),
                None => Ok(()),
            },
        }
    }

    /// The name does not exist, and the wildcard that would answer has not this type, or no records at all.
    pub(super) fn wildcard_no_data(
        &mut self,
        reply: &mut Reply<'_, '_>,
        name: NameRef<'_>,
        encloser: u8,
        body: Option<Body<'s>>,
    ) -> Result<(), Full> {
        let Some(wildcard) = wildcard_below(name, encloser) else {
            return Ok(());
        };
        match self.chain {
            Chain::None => Ok(()),
            Chain::Nsec => {
                self.nsec_covering(reply, name)?;
                match body {
                    Some(body) => self.put_nsec(reply, wildcard.as_ref(), body),
                    None => self.nsec_covering(reply, wildcard.as_ref()),
                }
            }
            Chain::Nsec3(params) => {
                self.nsec3_encloser(reply, &params, name, encloser)?;
                // An empty wildcard may be opted out, with all below it.
                self.put_nsec3(reply, &params, wildcard.as_ref(), Fit::Any).map(drop)
            }
        }
    }

    // ---- NSEC

    fn put_nsec(
        &mut self,
        reply: &mut Reply<'_, '_>,
        owner: NameRef<'_>,
        body: Body<'s>,
    ) -> Result<(), Full> {
        match body.rrset(Rtype::NSEC) {
            Some(nsec) => self.put(reply, owner, body, &nsec),
            None => Ok(()),
        }
    }

    /// The NSEC of the name that comes before this one (RFC 4035 section 3.1.3.5).
    fn nsec_covering(&mut self, reply: &mut Reply<'_, '_>, name: NameRef<'_>) -> Result<(), Full> {
        let Some(before) = self.snapshot.key_of(name).and_then(|key| self.snapshot.lookup(&key).before())
        else {
            return Ok(());
        };
        let (mut owner, body) = (OwnerBuf::default(), before.body());
        before.owner_into(self.snapshot, &mut owner);
        // What is below a cut or a DNAME has no NSEC: the cut's own reaches past all of it.
        match body.cover() {
            Some(labels) => {
                let key = self.snapshot.key_of(owner.name());
                let ancestor = key.and_then(|key| self.snapshot.ancestor(&key, labels));
                match owner.name().suffix(usize::from(labels)).zip(ancestor) {
                    Some((owner, body)) => self.put_nsec(reply, owner, body),
                    None => Ok(()),
                }
            }
            None => self.put_nsec(reply, owner.name(), body),
        }
    }

    // ---- NSEC3

    /// RFC 5155 sections 7.2.3 and 7.2.4: the matching record or, for what an opt-out span may hide, the
    /// closest provable encloser's proof.
    fn nsec3_no_data(
        &mut self,
        reply: &mut Reply<'_, '_>,
        params: &Params<'s>,
        name: NameRef<'_>,
    ) -> Result<(), Full> {
        if self.nsec3_matching(reply, params, name)? {
            return Ok(());
        }
        let above = name.label_count().saturating_sub(1) as u8;
        self.nsec3_encloser(reply, params, name, above).map(drop)
    }

    /// The closest encloser proof (RFC 5155 section 7.2.1), where `encloser` says how many labels the closest
    /// that exists has. Gives the labels of the closest that can be proven.
    fn nsec3_encloser(
        &mut self,
        reply: &mut Reply<'_, '_>,
        params: &Params<'s>,
        name: NameRef<'_>,
        encloser: u8,
    ) -> Result<u8, Full> {
        let least = self.snapshot.apex().label_count() as u8;
        for labels in (least..=encloser).rev() {
            let Some(ancestor) = name.suffix(usize::from(labels)) else { continue };
            if self.nsec3_matching(reply, params, ancestor)? {
                if let Some(next_closer) = name.suffix(usize::from(labels) + 1) {
                    self.nsec3_covering(reply, params, next_closer)?;
                }
                return Ok(labels);
            }
        }
        Ok(encloser)
    }

    /// Puts the record whose owner is the name's hash. False if there is none.
    fn nsec3_matching(
        &mut self,
        reply: &mut Reply<'_, '_>,
        params: &Params<'s>,
        name: NameRef<'_>,
    ) -> Result<bool, Full> {
        self.put_nsec3(reply, params, name, Fit::Matching)
    }

    /// Puts the record whose span has the name's hash in it. If there is none, the zone is not well signed,
    /// or a hash collides; a client that validates will find out.
    fn nsec3_covering(
        &mut self,
        reply: &mut Reply<'_, '_>,
        params: &Params<'s>,
        name: NameRef<'_>,
    ) -> Result<(), Full> {
        self.put_nsec3(reply, params, name, Fit::Covering).map(drop)
    }

    fn put_nsec3(
        &mut self,
        reply: &mut Reply<'_, '_>,
        params: &Params<'s>,
        name: NameRef<'_>,
        fit: Fit,
    ) -> Result<bool, Full> {
        let label = label_of(&params.hash(name));
        let Some(hashed) = NameBuffer::child(&label, self.snapshot.apex()) else {
            return Ok(false);
        };
        let is_ours = |body: Body<'_>| {
            body.rrset(Rtype::NSEC3).is_some_and(|nsec3| nsec3.rdatas().any(|rdata| params.has(rdata)))
        };
        let fits = |is_exact: bool| match fit {
            Fit::Matching => is_exact,
            Fit::Covering => !is_exact,
            Fit::Any => true,
        };
        let key = self.snapshot.key_of(hashed.as_ref());
        let found = key.and_then(|key| self.snapshot.hashed_at_or_before(&key, is_ours));
        let Some((near, _)) = found.filter(|&(_, is_exact)| fits(is_exact)) else {
            return Ok(false);
        };
        let body = near.body();
        let Some(nsec3) = body.rrset(Rtype::NSEC3) else {
            return Ok(false);
        };
        let mut owner = OwnerBuf::default();
        near.owner_into(self.snapshot, &mut owner);
        self.put(reply, owner.name(), body, &nsec3)?;
        Ok(true)
    }

    /// Puts a denial that is not put yet.
    fn put(
        &mut self,
        reply: &mut Reply<'_, '_>,
        owner: NameRef<'_>,
        body: Body<'s>,
        rrset: &RrsetView<'s>,
    ) -> Result<(), Full> {
        let at = rrset.rdatas().next().map_or(std::ptr::null(), <[u8]>::as_ptr);
        if self.put[..self.len].contains(&at) {
            return Ok(());
        }
        reply.put_signed(Section::Authority, Owner::Name(owner), body, rrset, u32::MAX)?;
        if self.len < PUT_MAX {
            self.put[self.len] = at;
            self.len += 1;
        }
        Ok(())
    }
}

impl<'s> Chain<'s> {
    fn of(snapshot: &'s Snapshot, reply: &mut Reply<'_, '_>) -> Self {
        let apex = snapshot.apex_body();
        match Params::of_zone(apex).filter(|_| snapshot.has_hashed_names()) {
            Some(params) if params.iterations > NSEC3_ITERATIONS_MAX => {
                reply.explain(Ede::UNSUPPORTED_NSEC3_ITERATIONS);
                Self::None
            }
            Some(params) => Self::Nsec3(params),
            None if apex.rrset(Rtype::NSEC).is_some() => Self::Nsec,
            None => Self::None,
        }
    }
}

/// The wildcard below the ancestor of `labels` labels.
fn wildcard_below(name: NameRef<'_>, labels: u8) -> Option<NameBuffer> {
    name.suffix(usize::from(labels)).and_then(NameBuffer::wildcard_below)
}
