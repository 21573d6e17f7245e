//! The response while it is written: whole rrsets, or nothing of them.

use super::context::{AnswerContext, Answered, Transport, UDP_SIZE_MIN};
use super::cookie::CookieCheck;
use super::edns::{COOKIE_LEN, Ede, OPTIONS_MAX, Opt};
use super::query::{Query, Refusal};
use crate::message::{Flags, Full, HEADER_LEN, Owner, Rcode, Section, Writer};
use crate::name::NameRef;
use crate::rr::{Class, Rtype};
use crate::zone::{Body, RrsetView, Tail};

/// Where the question's name is.
pub(super) const QUESTION_AT: u16 = HEADER_LEN as u16;

/// A response that is being written.
pub(super) struct Reply<'b, 'c> {
    writer: Writer<'b>,
    opt: Option<Opt<'c>>,
    /// Signatures and denials are wanted.
    pub(super) dnssec: bool,
    rcode: Rcode,
    cookie: CookieCheck,
}

impl<'b, 'c> Reply<'b, 'c> {
    /// Copies what a response copies from its query. `None` if not even that fits.
    #[inline]
    pub(super) fn new(
        query: &Query<'_>,
        context: &AnswerContext<'c>,
        (cookie, cookie_back): (CookieCheck, Option<[u8; COOKIE_LEN]>),
        out: &'b mut [u8],
    ) -> Option<Self> {
        let limit = limit(query, context).min(out.len()).checked_sub(context.reserve)?;
        let kept = Flags(query.header.flags.0 & Flags::RD).with_opcode(query.header.flags.opcode());
        let mut writer = Writer::new(&mut out[..limit], query.header.id, kept.with(Flags::QR)).ok()?;
        if let Some(question) = &query.question {
            writer.question(question.name, question.rtype, question.class).ok()?;
        }
        let opt = query.edns.map(|edns| Opt {
            udp_size: context.config.udp_size.max(UDP_SIZE_MIN),
            dnssec_ok: edns.dnssec_ok,
            rcode: Rcode::NOERROR,
            nsid: context.config.nsid.as_deref().filter(|_| edns.nsid),
            cookie: cookie_back,
            ede: None,
            expire_seconds: None,
        });
        if let (Some(opt), Some(edns)) = (&opt, query.edns) {
            writer.hold_back(opt.len_max(edns.expire)).ok()?;
        }
        let dnssec = opt.is_some_and(|opt| opt.dnssec_ok);
        Some(Self { writer, opt, dnssec, rcode: Rcode::NOERROR, cookie })
    }

    /// Nothing but a response code.
    pub(super) const fn refuse(&mut self, refusal: Refusal) {
        self.rcode = refusal.rcode;
        if let Some(ede) = refusal.ede {
            self.explain(ede);
        }
    }

    pub(super) const fn set_rcode(&mut self, rcode: Rcode) {
        self.rcode = rcode;
    }

    /// Adds an extended error, where the client can read it.
    pub(super) const fn explain(&mut self, ede: Ede) {
        if let Some(opt) = &mut self.opt {
            opt.ede = Some(ede);
        }
    }

    pub(super) const fn set_expire(&mut self, seconds: u32) {
        if let Some(opt) = &mut self.opt {
            opt.expire_seconds = Some(seconds);
        }
    }

    /// The answer is the zone's own data (RFC 1035 section 4.1.1).
    pub(super) fn set_authoritative(&mut self) {
        let flags = self.writer.flags_mut();
        *flags = flags.with(Flags::AA);
    }

    pub(super) fn set_truncated(&mut self) {
        let flags = self.writer.flags_mut();
        *flags = flags.with(Flags::TC);
    }

    /// What is written so far.
    pub(super) fn written(&self) -> &[u8] {
        self.writer.written()
    }

    /// Writes an rrset. Gives the offset of its first data.
    fn put(
        &mut self,
        section: Section,
        owner: Owner<'_>,
        rrset: &RrsetView<'_>,
        ttl: u32,
    ) -> Result<usize, Full> {
        let mark = self.writer.mark();
        let mut first = None;
        for rdata in rrset.rdatas() {
            match self.writer.record_of(section, owner, rrset.rtype(), Class::IN, ttl, rdata) {
                Ok(at) => first = first.or(Some(at)),
                Err(Full) => {
                    self.writer.rewind(&mark);
                    return Err(Full);
                }
            }
        }
        first.ok_or(Full)
    }

    /// Writes an rrset of `node` and, where they are wanted, its signatures: both or none (RFC 4035
    /// section 3.1.1). `ttl_max` bounds their TTL. Gives the offset of the first data.
    pub(super) fn put_signed(
        &mut self,
        section: Section,
        owner: Owner<'_>,
        node: Body<'_>,
        rrset: &RrsetView<'_>,
        ttl_max: u32,
    ) -> Result<usize, Full> {
        let mark = self.writer.mark();
        let at = self.put(section, owner, rrset, rrset.ttl().min(ttl_max))?;
        if self.dnssec
            && rrset.rtype() != Rtype::RRSIG
            && let Some(signatures) = node.signatures(rrset.rtype())
            && let Err(full) = self.put(section, owner, &signatures, signatures.ttl().min(ttl_max))
        {
            self.writer.rewind(&mark);
            return Err(full);
        }
        Ok(at)
    }

    /// Writes an rrset into the additional section; its signatures may be missing for want of space
    /// (RFC 4035 section 3.1.1). False if not even the rrset fits.
    pub(super) fn put_additional(
        &mut self,
        owner: NameRef<'_>,
        node: Body<'_>,
        rrset: &RrsetView<'_>,
    ) -> bool {
        let owner = Owner::Name(owner);
        self.put_signed(Section::Additional, owner, node, rrset, u32::MAX).is_ok()
            || self.put(Section::Additional, owner, rrset, rrset.ttl()).is_ok()
    }

    /// Writes records that the zone keeps written, for a question with the apex at `apex_at`.
    pub(super) fn put_tail(&mut self, tail: &Tail, apex_at: u16) -> Result<(), Full> {
        tail.put(&mut self.writer, apex_at)
    }

    /// Writes a record that no zone has. Gives the offset of its data.
    pub(super) fn put_made(
        &mut self,
        owner: Owner<'_>,
        rtype: Rtype,
        ttl: u32,
        rdata: &[u8],
    ) -> Result<usize, Full> {
        self.writer.record_of(Section::Answer, owner, rtype, Class::IN, ttl, rdata)
    }

    /// Writes the header and the OPT.
    #[inline]
    pub(super) fn finish(&mut self) -> Option<Answered> {
        self.writer.release();
        let mut rcode = self.rcode;
        if let Some(opt) = &mut self.opt {
            opt.rcode = rcode;
            let mut options = [0; OPTIONS_MAX];
            let len = opt.emit_options(&mut options);
            let (class, ttl) = (Class(opt.udp_size), opt.ttl());
            let (section, owner) = (Section::Additional, NameRef::ROOT);
            self.writer.record(section, owner, Rtype::OPT, class, ttl, &options[..len]).ok()?;
        } else {
            rcode = Rcode(rcode.0 & 0x0f);
        }
        let flags = self.writer.flags_mut();
        *flags = flags.with_rcode(rcode);
        let truncated = flags.has(Flags::TC);
        Some(Answered { len: self.writer.put_header(), rcode, truncated, cookie: self.cookie })
    }
}

/// Most bytes of the message.
fn limit(query: &Query<'_>, context: &AnswerContext<'_>) -> usize {
    match context.transport {
        Transport::Tcp => usize::from(u16::MAX),
        // RFC 6891 section 6.2.3: a client's size below 512 means 512.
        Transport::Udp => {
            let asked = query.edns.map_or(UDP_SIZE_MIN, |edns| edns.udp_size);
            usize::from(asked.min(context.config.udp_size).max(UDP_SIZE_MIN))
        }
    }
}
