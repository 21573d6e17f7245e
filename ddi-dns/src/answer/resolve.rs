//! The search of RFC 1034 section 4.3.2 in one zone, as RFC 4592 and RFC 6672 changed it.

use super::additional::{self, Wanted};
use super::context::{Detail, Transport};
use super::denial::Denials;
use super::query::Question;
use super::reply::{QUESTION_AT, Reply};
use crate::message::{Full, Owner, POINTER_MAX, Rcode, Section, expand_name};
use crate::name::{Labels, NAME_MAX, NameBuffer, NameRef, SortKey};
use crate::rr::Rtype;
use crate::zone::{Body, Lookup, RrsetView, Snapshot, Tail, Wildcard};

/// Most CNAMEs and DNAMEs that are followed for one answer.
pub const CHAIN_MAX: usize = 16;

/// What the search needs to remember.
pub(super) struct Resolver<'s, 'r, 'b, 'c> {
    snapshot: &'s Snapshot,
    question: Question<'r>,
    detail: Detail,
    transport: Transport,
    reply: &'r mut Reply<'b, 'c>,
    /// None if the client does not want to know.
    denials: Option<Denials<'s>>,
    /// The names that were looked up so far, the question's first.
    chain: [Step; CHAIN_MAX + 1],
    chain_len: usize,
    wanted: Option<Wanted<'s>>,
}

/// A name that was looked up.
#[derive(Clone, Copy, Default)]
struct Step {
    /// Where it stands in the message.
    at: u16,
    /// If a wildcard gave the answer: how many labels its parent has.
    wildcard: Option<u8>,
    /// If a DNAME redirected it: how many labels that has.
    dname: Option<u8>,
}

/// A name that is being looked up.
struct Sought<'n, 's> {
    name: NameRef<'n>,
    key: &'n SortKey,
    found: Lookup<'s>,
    /// Where it stands in the message.
    at: usize,
}

/// Where the name stands in the message that the answer goes on with; none if it is whole.
type Next = Option<usize>;

/// Answers a question about a name in `snapshot`, of which it has these labels before the apex.
pub(super) fn resolve(
    snapshot: &Snapshot,
    (question, labels): (Question<'_>, Labels<'_>),
    detail: Detail,
    transport: Transport,
    reply: &mut Reply<'_, '_>,
) {
    let chain = [Step::default(); CHAIN_MAX + 1];
    let mut resolver = Resolver {
        snapshot,
        question,
        detail,
        transport,
        reply,
        denials: None,
        chain,
        chain_len: 0,
        wanted: None,
    };
    if resolver.reply.dnssec {
        resolver.denials = Some(Denials::new(snapshot, resolver.reply));
    }
    let done = resolver.run(labels).and_then(|()| match &resolver.wanted {
        Some(wanted) => additional::put(snapshot, wanted, resolver.reply),
        None => Ok(()),
    });
    if done.is_err() {
        reply.set_truncated();
    }
}

impl<'s> Resolver<'s, '_, '_, '_> {
    fn run(&mut self, labels: Labels<'_>) -> Result<(), Full> {
        let mut next = self.look_up(self.question.name, labels, usize::from(QUESTION_AT))?;
        while let Some(at) = next.filter(|_| self.chain_len <= CHAIN_MAX) {
            let mut wire = [0; NAME_MAX];
            let Some(name) = self.name_at(at, &mut wire).filter(|name| !self.has_seen(*name)) else {
                break;
            };
            let Some(labels) = name.labels_before(self.snapshot.apex()) else {
                break;
            };
            next = self.look_up(name, labels, at)?;
        }
        if self.reply.dnssec {
            self.put_wildcard_proofs()?;
        }
        self.put_servers();
        Ok(())
    }

    /// The zone's servers, which nobody asked for: without room for them the answer is whole (RFC 2181
    /// section 9).
    fn put_servers(&mut self) {
        let Some(ns) = self.wanted.as_ref().and_then(|wanted| wanted.servers) else { return };
        let apex = self.snapshot.apex_body();
        let put = self.reply.put_signed(Section::Authority, self.apex_owner(), apex, &ns, u32::MAX);
        if let (Err(Full), Some(wanted)) = (put, &mut self.wanted) {
            wanted.servers = None;
        }
    }

    /// Answers for a name that stands at `at` in the message, with these labels before the apex.
    fn look_up(&mut self, name: NameRef<'_>, labels: Labels<'_>, at: usize) -> Result<Next, Full> {
        let mut key = SortKey::root();
        key.put(labels);
        let found = self.snapshot.lookup(&key);
        self.chain[self.chain_len].at = at as u16;
        self.chain_len += 1;
        self.look_at(&Sought { name, key: &key, found, at })
    }

    /// True if the name was looked up before.
    fn has_seen(&self, name: NameRef<'_>) -> bool {
        self.chain[..self.chain_len].iter().any(|step| {
            let mut wire = [0; NAME_MAX];
            self.name_at(usize::from(step.at), &mut wire) == Some(name)
        })
    }

    /// The name that stands at `at` in the message.
    fn name_at<'w>(&self, at: usize, wire: &'w mut [u8; NAME_MAX]) -> Option<NameRef<'w>> {
        let (len, _) = expand_name(self.reply.written(), at, wire).ok()?;
        NameRef::new(&wire[..len]).ok()
    }

    /// RFC 4035 section 3.1.3.3, RFC 5155 section 7.2.6: for each rrset that a wildcard has given.
    fn put_wildcard_proofs(&mut self) -> Result<(), Full> {
        for i in 0..self.chain_len {
            let (step, mut wire) = (self.chain[i], [0; NAME_MAX]);
            if let Some(encloser) = step.wildcard
                && let Some(name) = self.name_at(usize::from(step.at), &mut wire)
                && let Some(denials) = &mut self.denials
            {
                denials.wildcard_used(self.reply, name, encloser)?;
            }
        }
        Ok(())
    }

    /// The name that is being looked up.
    const fn step(&mut self) -> &mut Step {
        &mut self.chain[self.chain_len.saturating_sub(1)]
    }

    fn look_at(&mut self, sought: &Sought<'_, 's>) -> Result<Next, Full> {
        let found = &sought.found;
        if let Some(cover) = found.cover {
            let here = found.exact.filter(|_| cover == found.encloser);
            let Some(body) = here.or_else(|| self.snapshot.ancestor(sought.key, cover)) else {
                return Ok(None);
            };
            let is_ds_here = here.is_some() && self.question.rtype == Rtype::DS;
            if body.is_cut() && !is_ds_here {
                return self.refer(sought, body, cover);
            }
            if here.is_none() {
                return self.redirect(sought, body, cover);
            }
        }
        self.reply.set_authoritative();
        if let Some(body) = found.exact {
            return self.answer_from(sought, body, None);
        }
        if found.is_empty_non_terminal {
            return self.deny(|denials, reply| denials.no_data(reply, sought.name, None));
        }
        match self.snapshot.wildcard(sought.key, found.encloser) {
            Some(Wildcard::Body(body)) => self.answer_from(sought, body, Some(found.encloser)),
            Some(Wildcard::Empty) => {
                self.deny(|denials, reply| denials.wildcard_no_data(reply, sought.name, found.encloser, None))
            }
            None => {
                self.reply.set_rcode(Rcode::NXDOMAIN);
                self.deny(|denials, reply| denials.no_name(reply, sought.name, found.encloser))
            }
        }
    }

    /// From the name itself or, below the encloser of so many labels, from the wildcard.
    fn answer_from(
        &mut self,
        sought: &Sought<'_, 's>,
        body: Body<'s>,
        wildcard: Option<u8>,
    ) -> Result<Next, Full> {
        self.step().wildcard = wildcard;
        let (rtype, owner) = (self.question.rtype, owner(sought.at, sought.name));
        if rtype == Rtype::ANY || rtype == Rtype::RRSIG {
            return self.answer_many(sought, body);
        }
        let mut found = None;
        for rrset in body.rrsets() {
            if rrset.rtype() == rtype {
                found = Some(rrset);
                break;
            }
            if rrset.rtype() == Rtype::CNAME && !rtype.may_join_cname() {
                return self.follow_cname(owner, body, &rrset);
            }
        }
        if let Some(rrset) = found {
            self.reply.put_signed(Section::Answer, owner, body, &rrset, u32::MAX)?;
            return self.complete(sought, &rrset);
        }
        self.step().wildcard = None;
        let name = sought.name;
        self.deny(|denials, reply| match wildcard {
            Some(encloser) => denials.wildcard_no_data(reply, name, encloser, Some(body)),
            None => denials.no_data(reply, name, Some(body)),
        })
    }

    fn follow_cname(
        &mut self,
        owner: Owner<'_>,
        body: Body<'s>,
        cname: &RrsetView<'s>,
    ) -> Result<Next, Full> {
        self.reply.put_signed(Section::Answer, owner, body, cname, u32::MAX).map(Some)
    }

    /// ANY and RRSIG: the first rrset over UDP (RFC 8482 section 4.1), all over TCP.
    fn answer_many(&mut self, sought: &Sought<'_, 's>, body: Body<'s>) -> Result<Next, Full> {
        let wants_signatures = self.question.rtype == Rtype::RRSIG;
        let wanted = |rrset: &RrsetView<'_>| match rrset.rtype() {
            Rtype::RRSIG => wants_signatures,
            _ => !wants_signatures,
        };
        let most = if self.transport == Transport::Udp { 1 } else { usize::MAX };
        let mut any = false;
        for rrset in body.rrsets().filter(wanted).take(most) {
            let owner = owner(sought.at, sought.name);
            self.reply.put_signed(Section::Answer, owner, body, &rrset, u32::MAX)?;
            any = true;
        }
        if any {
            return Ok(None);
        }
        let wildcard = self.step().wildcard.take();
        let name = sought.name;
        self.deny(|denials, reply| match wildcard {
            Some(encloser) => denials.wildcard_no_data(reply, name, encloser, Some(body)),
            None => denials.no_data(reply, name, Some(body)),
        })
    }

    /// What goes with a positive answer.
    fn complete(&mut self, sought: &Sought<'_, 's>, rrset: &RrsetView<'s>) -> Result<Next, Full> {
        let wants_servers = self.detail == Detail::Full && rrset.rtype() != Rtype::NS;
        let servers = wants_servers.then(|| self.snapshot.apex_body().rrset(Rtype::NS)).flatten();
        if let Some(ns) = &servers {
            let is_server = ns.rdatas().any(|rdata| NameRef::from_valid(rdata) == sought.name);
            let needs_more = is_server || additional::names_hosts(rrset.rtype());
            if !needs_more && self.put_tail(self.snapshot.tails().servers.as_ref()) {
                return Ok(None);
            }
        }
        if servers.is_some() || additional::names_hosts(rrset.rtype()) {
            self.wanted = Some(Wanted::by_answer(*rrset, sought.name, servers));
        }
        Ok(None)
    }

    /// Puts records that the zone keeps written: not beside signatures, nor where the question spells the apex
    /// in another way. False if they have to be written otherwise, or do not fit.
    fn put_tail(&mut self, tail: Option<&Tail>) -> bool {
        let (name, apex) = (self.question.name.wire(), self.snapshot.apex().wire());
        match tail.filter(|_| !self.reply.dnssec && name.ends_with(apex)) {
            Some(tail) => {
                let apex_at = QUESTION_AT + (name.len() - apex.len()) as u16;
                self.reply.put_tail(tail, apex_at).is_ok()
            }
            None => false,
        }
    }

    /// RFC 2308 sections 2 and 3: the SOA with the TTL of the negative answer, and the proof.
    fn deny(
        &mut self,
        prove: impl FnOnce(&mut Denials<'s>, &mut Reply<'_, '_>) -> Result<(), Full>,
    ) -> Result<Next, Full> {
        if self.put_tail(self.snapshot.tails().negative.as_ref()) {
            return Ok(None);
        }
        let apex = self.snapshot.apex_body();
        if let Some(soa) = apex.rrset(Rtype::SOA) {
            let ttl = self.snapshot.soa().minimum;
            self.reply.put_signed(Section::Authority, self.apex_owner(), apex, &soa, ttl)?;
        }
        if let Some(denials) = &mut self.denials {
            prove(denials, self.reply)?;
        }
        Ok(None)
    }

    /// Refers to the zone that was cut off at the ancestor of `labels` labels.
    fn refer(&mut self, sought: &Sought<'_, 's>, cut: Body<'s>, labels: u8) -> Result<Next, Full> {
        let (Some(name), Some(ns)) = (sought.name.suffix(usize::from(labels)), cut.rrset(Rtype::NS)) else {
            return Ok(None);
        };
        let owner = suffix_owner(sought, name);
        self.reply.put_signed(Section::Authority, owner, cut, &ns, u32::MAX)?;
        if let Some(denials) = &mut self.denials {
            match cut.rrset(Rtype::DS) {
                Some(ds) => drop(self.reply.put_signed(Section::Authority, owner, cut, &ds, u32::MAX)?),
                None => denials.no_ds(self.reply, name, cut)?,
            }
        }
        self.wanted = Some(Wanted::by_referral(ns, name));
        Ok(None)
    }

    /// RFC 6672 section 3.2: the DNAME of the ancestor of `labels` labels, and a CNAME made from it.
    fn redirect(&mut self, sought: &Sought<'_, 's>, body: Body<'s>, labels: u8) -> Result<Next, Full> {
        self.reply.set_authoritative();
        let (Some(name), Some(dname)) = (sought.name.suffix(usize::from(labels)), body.rrset(Rtype::DNAME))
        else {
            return Ok(None);
        };
        if !self.has_put_dname(name, labels) {
            self.reply.put_signed(Section::Answer, suffix_owner(sought, name), body, &dname, u32::MAX)?;
        }
        self.step().dname = Some(labels);
        let target = dname.rdatas().next().and_then(|rdata| NameRef::new(rdata).ok());
        let Some(target) = target.and_then(|target| NameBuffer::redirected(sought.name, name, target)) else {
            self.reply.set_rcode(Rcode::YXDOMAIN);
            return Ok(None);
        };
        let made = target.as_ref().wire();
        let at = self.reply.put_made(owner(sought.at, sought.name), Rtype::CNAME, dname.ttl(), made)?;
        // The CNAME is what was asked for.
        Ok(Some(at).filter(|_| self.question.rtype != Rtype::CNAME))
    }

    /// True if this DNAME has redirected a name of this chain before.
    fn has_put_dname(&self, owner: NameRef<'_>, labels: u8) -> bool {
        self.chain[..self.chain_len].iter().filter(|step| step.dname == Some(labels)).any(|step| {
            let mut wire = [0; NAME_MAX];
            self.name_at(usize::from(step.at), &mut wire).is_some_and(|name| name.is_at_or_below(owner))
        })
    }

    /// The apex is a suffix of the question's name.
    fn apex_owner(&self) -> Owner<'s> {
        let apex = self.snapshot.apex();
        if apex.is_root() {
            return Owner::Name(apex);
        }
        let front = self.question.name.wire().len().saturating_sub(apex.wire().len());
        Owner::At(QUESTION_AT + front as u16)
    }
}

/// A name that stands at an offset of the message.
fn owner(at: usize, name: NameRef<'_>) -> Owner<'_> {
    if at <= POINTER_MAX && !name.is_root() { Owner::At(at as u16) } else { Owner::Name(name) }
}

/// An ancestor of the name that is sought, or that itself.
fn suffix_owner<'n>(sought: &Sought<'n, '_>, suffix: NameRef<'n>) -> Owner<'n> {
    // Only the question's name stands in the message as a whole.
    if sought.at == usize::from(QUESTION_AT) {
        owner(sought.at + sought.name.wire().len() - suffix.wire().len(), suffix)
    } else {
        Owner::Name(suffix)
    }
}
