//! From a query's bytes to the zone that answers it.

use super::context::{AnswerContext, Answered, Transport};
use super::cookie::CookieCheck;
use super::edns::{COOKIE_LEN, Ede};
use super::query::{Query, Question, Refusal};
use super::reply::Reply;
use super::resolve::resolve;
use crate::message::Rcode;
use crate::name::NameRef;
use crate::rr::{Class, Rtype};
use crate::zone::{Snapshot, ZoneSet};
use std::ops::Deref;

impl Snapshot {
    /// Answers a query for a name of this zone; names that are not at or below its apex are refused. A
    /// question for DS at the apex is answered from this zone, which has none (RFC 4035 section 3.1.4.1).
    ///
    /// The answer is written to the start of `out`, which should have 65,535 bytes over TCP and the
    /// configured size over UDP; with less the answer is shorter. `None`: send nothing, since `query` is no
    /// query, or `out` is shorter than question and OPT.
    #[must_use]
    pub fn answer(&self, query: &[u8], context: &AnswerContext<'_>, out: &mut [u8]) -> Option<Answered> {
        respond(query, context, out, |_, _| Some(self))
    }
}

impl ZoneSet {
    /// Answers a query from the zone whose apex is the longest match for the name asked for; a question for
    /// DS at an apex is answered from the zone above where that is in the set, too (RFC 4035 section 3.1.4.1).
    /// See [`Snapshot::answer`].
    #[must_use]
    pub fn answer(&self, query: &[u8], context: &AnswerContext<'_>, out: &mut [u8]) -> Option<Answered> {
        respond(query, context, out, |name, rtype| {
            let found = self.find(name)?.read();
            if rtype == Rtype::DS && found.apex() == name {
                return Some(self.find_above(name).map_or(found, |zone| zone.read()));
            }
            Some(found)
        })
    }
}

fn respond<Z: Deref<Target = Snapshot>>(
    query: &[u8],
    context: &AnswerContext<'_>,
    out: &mut [u8],
    zone_of: impl FnOnce(NameRef<'_>, Rtype) -> Option<Z>,
) -> Option<Answered> {
    let query = Query::parse(query)?;
    let cookie = check_cookie(&query, context);
    let mut reply = Reply::new(&query, context, cookie, out)?;
    match admit(&query, context, cookie.0, &mut reply) {
        Err(refusal) => reply.refuse(refusal),
        Ok(None) => {}
        Ok(Some(question)) => {
            let zone = zone_of(question.name, question.rtype);
            let labels = zone.as_ref().and_then(|zone| question.name.labels_before(zone.apex()));
            if let (Some(snapshot), Some(labels)) = (zone, labels) {
                let wants_expire = query.edns.is_some_and(|edns| edns.expire);
                if wants_expire && question.rtype == Rtype::SOA && question.name == snapshot.apex() {
                    let own = || snapshot.soa().expire;
                    let expires = context.expires.and_then(|expires| expires(snapshot.apex()));
                    reply.set_expire(expires.unwrap_or_else(own));
                }
                let detail = context.config.detail;
                resolve(&snapshot, (question, labels), detail, context.transport, &mut reply);
            } else {
                reply.refuse(Refusal::because(Rcode::REFUSED, Ede::NOT_AUTHORITATIVE));
            }
        }
    }
    reply.finish()
}

/// What the query's cookie is worth, and the one to answer with.
fn check_cookie(query: &Query<'_>, context: &AnswerContext<'_>) -> (CookieCheck, Option<[u8; COOKIE_LEN]>) {
    let option = query.edns.and_then(|edns| edns.cookie);
    let checked = option.zip(context.config.cookies.as_ref());
    match checked.and_then(|(option, secrets)| secrets.check(option, context.client, context.now)) {
        Some((check, back)) => (check, Some(back)),
        None => (CookieCheck::Absent, None),
    }
}

/// What is left to answer, if anything is.
fn admit<'q>(
    query: &Query<'q>,
    context: &AnswerContext<'_>,
    cookie: CookieCheck,
    reply: &mut Reply<'_, '_>,
) -> Result<Option<Question<'q>>, Refusal> {
    if let Some(refusal) = query.refusal {
        return Err(refusal);
    }
    let Some(question) = query.question else {
        // RFC 7873 section 5.4: a client that asks for a cookie alone.
        return match cookie {
            CookieCheck::Absent => Err(Refusal::new(Rcode::FORMERR)),
            CookieCheck::Invalid => Err(Refusal::new(Rcode::BADCOOKIE)),
            _ => Ok(None),
        };
    };
    let required = context.config.cookies_required && context.config.cookies.is_some();
    if required && context.transport == Transport::Udp {
        match cookie {
            CookieCheck::Valid => {}
            CookieCheck::Absent => {
                reply.set_truncated();
                return Ok(None);
            }
            _ => return Err(Refusal::new(Rcode::BADCOOKIE)),
        }
    }
    match question.rtype {
        // Transfers are the caller's; these two are obsolete (RFC 1035 section 3.2.3).
        Rtype::AXFR | Rtype::IXFR | Rtype::MAILA | Rtype::MAILB => {
            Err(Refusal::because(Rcode::NOTIMP, Ede::NOT_SUPPORTED))
        }
        Rtype::ANY => Ok(()),
        rtype if rtype.is_meta() => Err(Refusal::because(Rcode::FORMERR, Ede::INVALID_QUERY_TYPE)),
        _ => Ok(()),
    }?;
    if question.class != Class::IN {
        return Err(Refusal::because(Rcode::REFUSED, Ede::NOT_AUTHORITATIVE));
    }
    Ok(Some(question))
}
