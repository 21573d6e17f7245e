//! Which engine a message is for, and what is said back. No sockets here.

use super::follow::Follows;
use super::forward::TIMEOUT_MILLIS;
use super::zones::{Served, Zones};
use crate::config::dns::ZoneRole;
use crate::config::zones::{DnsPlan, ZonePlan};
use ddi_core::Now;
use ddi_dns::acl::{Operation, Requestor};
use ddi_dns::answer::{AnswerConfig, AnswerContext, CookieSecrets, Detail, Transport};
use ddi_dns::message::{Flags, Header, Opcode, Rcode, Reader, refuse};
use ddi_dns::notify::{Notifier, NotifierConfig, Notify, NotifyTarget};
use ddi_dns::tsig::{Keys, Signer};
use ddi_dns::update::{ForwardConfig, ForwardZone, Forwarder, Limits, Policy, Source, UpdateZone, Updates};
use ddi_dns::xfr::{self, Request, XfrOut, XfrOutConfig};
use ddi_dns::{NameRef, Rtype};
use std::net::SocketAddr;

/// What is said to a message.
pub enum Said {
    Nothing,
    /// A machine has it: its answer comes later.
    Later,
    /// So many bytes of the buffer.
    Answer(usize),
    /// A transfer, over the connection that it was asked for on.
    Transfer(Box<XfrOut>),
}

/// The engines.
pub struct Desk {
    pub zones: Zones,
    pub follows: Follows,
    pub updates: Updates,
    pub forwarder: Forwarder,
    pub notifier: Notifier,
    keys: Keys,
    answers: AnswerConfig,
}

impl Desk {
    pub fn new(plan: &DnsPlan, zones: Zones, follows: Follows, seed: u64, secret: [u8; 16]) -> Self {
        let mut answers = AnswerConfig::default();
        answers.udp_size = plan.udp_payload_max;
        answers.detail = if plan.minimal_responses { Detail::Minimal } else { Detail::Full };
        answers.nsid = Some(plan.nsid.clone().into_boxed_slice()).filter(|nsid| !nsid.is_empty());
        answers.cookies = Some(CookieSecrets::new(secret));
        let plans = || zones.served.iter().map(|served| &served.plan);
        let of = |role| plans().filter(move |zone| zone.role == role);
        let updates = of(ZoneRole::Primary).map(|zone| UpdateZone {
            apex: zone.apex.clone(),
            policy: update_policy(zone),
            serial_policy: zone.policy,
            limits: Limits::default(),
        });
        let forwards = of(ZoneRole::Secondary).map(|zone| ForwardZone {
            apex: zone.apex.clone(),
            primaries: zone.primaries.clone(),
            key: zone.primaries_key.clone(),
            access: zone.access.update.clone(),
        });
        let updates = Updates::new(plan.keys.clone(), updates.collect());
        let forwarder = Forwarder::new(ForwardConfig {
            zones: forwards.collect(),
            keys: plan.keys.clone(),
            timeout_millis: TIMEOUT_MILLIS,
            rounds: 2,
            seed,
        });
        Self {
            zones,
            follows,
            updates,
            forwarder,
            notifier: Notifier::new(NotifierConfig::new(seed ^ 1)),
            keys: plan.keys.clone(),
            answers,
        }
    }

    /// Handles one message.
    pub fn handle(&mut self, now: Now, from: Source, message: &[u8], out: &mut [u8]) -> Said {
        let Some(header) = Header::parse(message) else { return Said::Nothing };
        if header.flags.has(Flags::QR) {
            self.on_answer(now, from.address, message);
            return Said::Nothing;
        }
        match header.flags.opcode() {
            Opcode::UPDATE => self.on_update(now, from, message, out),
            Opcode::NOTIFY => self.on_notify(now, from, message, out),
            _ => self.on_query(now, from, message, out),
        }
    }

    /// What this server asked, somebody answers by datagram.
    fn on_answer(&mut self, now: Now, from: SocketAddr, message: &[u8]) {
        match Header::parse(message).map(|header| header.flags.opcode()) {
            Some(Opcode::NOTIFY) => self.notifier.handle_datagram(now, from, message),
            Some(Opcode::UPDATE) => self.forwarder.handle_answer(now, from, message),
            _ => {
                let question = Reader::new(message).and_then(|mut reader| reader.question());
                // An answer without a question may be any zone's.
                let nth = match question {
                    Ok(Some(question)) => match self.zones.nth(question.name().as_ref()) {
                        None => return,
                        nth => nth,
                    },
                    _ => None,
                };
                self.follows.handle_datagram(now, nth, from, message);
            }
        }
    }

    /// Answers come out of the machines, later, but for a zone that can't be changed now.
    fn on_update(&mut self, now: Now, from: Source, message: &[u8], out: &mut [u8]) -> Said {
        let question = Reader::new(message).and_then(|mut reader| reader.question());
        let nth = question.ok().flatten().and_then(|zone| self.zones.nth(zone.name().as_ref()));
        match nth {
            Some(nth) if self.zones.served[nth].plan.role == ZoneRole::Secondary => {
                self.forwarder.handle_request(now, from, message);
            }
            Some(nth) if !self.zones.may_change(nth) => return self.turn_away(now, from, nth, message, out),
            _ => self.updates.handle_request(now, &mut self.zones, from, message),
        }
        Said::Later
    }

    /// A frozen zone refuses updates; to one that is being loaded they may be sent again.
    fn turn_away(&self, now: Now, from: Source, nth: usize, message: &[u8], out: &mut [u8]) -> Said {
        let signer = match self.keys.check(message, now.unix) {
            Ok(signer) => signer,
            Err(rejection) => {
                return rejection.reply(message, now.unix, out).map_or(Said::Nothing, Said::Answer);
            }
        };
        let who =
            Requestor { address: from.address.ip(), key: signer.as_ref().map(|signer| signer.key().name()) };
        let served = &self.zones.served[nth];
        let may = !served.is_frozen && self.updates.knows(served.plan.apex.as_ref(), &who);
        let rcode = if may { Rcode::SERVFAIL } else { Rcode::REFUSED };
        bare(now, message, rcode, signer, out)
    }

    fn on_notify(&mut self, now: Now, from: Source, message: &[u8], out: &mut [u8]) -> Said {
        let signer = match self.keys.check(message, now.unix) {
            Ok(signer) => signer,
            Err(rejection) => {
                return rejection.reply(message, now.unix, out).map_or(Said::Nothing, Said::Answer);
            }
        };
        let notify = match Notify::parse(message) {
            Ok(notify) => notify,
            Err(e) => return bare(now, message, e.rcode(), signer, out),
        };
        let taken = self
            .zones
            .nth(notify.zone.as_ref())
            .and_then(|nth| self.follows.handle_notify(now, nth, from.address.ip(), &notify));
        let rcode = match taken {
            Some(Ok(())) => Rcode::NOERROR,
            Some(Err(_)) => Rcode::REFUSED,
            None => Rcode::NOTAUTH,
        };
        let Ok(len) = notify.reply(rcode, out) else { return Said::Nothing };
        signed(now, signer, out, len)
    }

    fn on_query(&mut self, now: Now, from: Source, message: &[u8], out: &mut [u8]) -> Said {
        let signer = match self.keys.check(message, now.unix) {
            Ok(signer) => signer,
            Err(rejection) => {
                return rejection.reply(message, now.unix, out).map_or(Said::Nothing, Said::Answer);
            }
        };
        if xfr::is_transfer_query(message) {
            return self.on_transfer(now, from, message, signer, out);
        }
        if self.zones.missing > 0 && self.is_missing(message) {
            return bare(now, message, Rcode::SERVFAIL, signer, out);
        }
        let transport = if from.link.is_some() { Transport::Tcp } else { Transport::Udp };
        let mut context = AnswerContext::new(&self.answers, transport, from.address.ip(), now.unix);
        context.reserve = signer.as_ref().map_or(0, Signer::signature_len);
        let expires = |apex: NameRef<'_>| self.follows.expire_secs(now, self.zones.nth(apex)?);
        context.expires = Some(&expires);
        match self.zones.set.answer(message, &context, out) {
            Some(answered) => signed(now, signer, out, answered.len),
            None => Said::Nothing,
        }
    }

    /// Is it about a zone that should be here, and has not come yet or has expired?
    fn is_missing(&self, message: &[u8]) -> bool {
        let Ok(Some(question)) = Reader::new(message).and_then(|mut reader| reader.question()) else {
            return false;
        };
        let name = question.name();
        let mut nth = self.zones.nth_above(name.as_ref());
        // RFC 4035 section 3.1.4.1: the DS at a zone's apex is the business of the zone above.
        if question.rtype == Rtype::DS && nth.is_some() && nth == self.zones.nth(name.as_ref()) {
            nth = name.as_ref().parent().and_then(|above| self.zones.nth_above(above)).or(nth);
        }
        nth.is_some_and(|nth| self.zones.visible(nth).is_none())
    }

    fn on_transfer(
        &mut self,
        now: Now,
        from: Source,
        message: &[u8],
        signer: Option<Signer>,
        out: &mut [u8],
    ) -> Said {
        let request = match Request::parse(message) {
            Ok(request) => request,
            Err(e) => return bare(now, message, e.rcode(), signer, out),
        };
        let transport = if from.link.is_some() { xfr::Transport::Tcp } else { xfr::Transport::Udp };
        let who =
            Requestor { address: from.address.ip(), key: signer.as_ref().map(|signer| signer.key().name()) };
        let nth = self.zones.nth(request.zone.as_ref());
        let refused = match nth {
            None => Some(Rcode::NOTAUTH),
            Some(nth) if !self.zones.served[nth].plan.access.permits(Operation::Transfer, &who) => {
                Some(Rcode::REFUSED)
            }
            Some(nth) if self.zones.visible(nth).is_none() => Some(Rcode::SERVFAIL),
            Some(_) => None,
        };
        let snapshot = nth.and_then(|nth| self.zones.visible(nth));
        let mut answer = match (refused, nth, snapshot) {
            (None, Some(nth), Some(snapshot)) => {
                let mut config = XfrOutConfig::default();
                config.expire = self.follows.expire_secs(now, nth);
                let Served { plan, history, .. } = &self.zones.served[nth];
                config.condense = plan.condense;
                config.percent_of_zone = plan.history.percent_of_zone;
                XfrOut::new(&request, snapshot, history, &config, transport, signer)
            }
            _ => XfrOut::refusal(&request, refused.unwrap_or(Rcode::SERVFAIL), transport, signer),
        };
        if from.link.is_some() {
            return Said::Transfer(Box::new(answer));
        }
        match answer.poll_transmit(now, out) {
            Ok(Some(len)) => Said::Answer(len),
            _ => Said::Nothing,
        }
    }

    /// Secondaries hear of what readers can see.
    pub fn tell(&mut self, now: Now, nth: usize) {
        let Some(snapshot) = self.zones.visible(nth) else { return };
        let plan = &self.zones.served[nth].plan;
        let target = |addr| NotifyTarget { addr, key: plan.notify_key.clone() };
        let targets: Vec<_> = plan.notify.iter().copied().map(target).collect();
        self.notifier.handle_changed(now, &snapshot, &targets);
    }
}

/// Who may change what in a primary zone.
fn update_policy(zone: &ZonePlan) -> Policy {
    if zone.grants.is_empty() {
        Policy::List(zone.access.update.clone())
    } else {
        Policy::Grants(zone.grants.clone())
    }
}

fn signed(now: Now, signer: Option<Signer>, out: &mut [u8], len: usize) -> Said {
    match signer {
        None => Said::Answer(len),
        Some(mut signer) => signer.sign_or_truncate(out, len, now.unix).map_or(Said::Nothing, Said::Answer),
    }
}

/// An answer that is only a code; signed, if the question was (RFC 8945 section 5.3).
fn bare(now: Now, message: &[u8], rcode: Rcode, signer: Option<Signer>, out: &mut [u8]) -> Said {
    refuse(message, rcode, out).map_or(Said::Nothing, |len| signed(now, signer, out, len))
}
