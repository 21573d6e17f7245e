//! Answers to queries, from a zone's wire data into the caller's buffer, without allocation.
//!
//! [`Snapshot::answer`](crate::zone::Snapshot::answer) answers from one zone,
//! [`ZoneSet::answer`](crate::zone::ZoneSet::answer) from the zone of a set that is closest to the name asked
//! for. Both do the whole of RFC 1034 section 4.3.2 as a server without recursion does it: wildcards (RFC 4592),
//! DNAME (RFC 6672), negative answers (RFC 2308), referrals with glue, and for a signed zone the signatures and
//! denials of RFC 4035 section 3.1 and RFC 5155 section 7.2. Zone transfers, NOTIFY and UPDATE are the caller's
//! to sort out first; so is TSIG, for which [`AnswerContext::reserve`] keeps room.
//!
//! Decisions where the standards leave one:
//!
//! - A chain of CNAMEs and DNAMEs is followed inside the zone, up to [`CHAIN_MAX`] of them, and not into a loop;
//!   what was found by then is the answer.
//! - ANY gets one rrset over UDP (RFC 8482 section 4.1) and all of them over TCP.
//! - What does not fit is left out by whole rrsets. TC is set if that was the answer, the authority section or
//!   the glue inside of a delegated zone; other addresses are left out in silence (RFC 2181 section 9).
//! - A zone whose NSEC3 iterations are above [`NSEC3_ITERATIONS_MAX`] is answered from without denials, and with
//!   an extended error (RFC 9276 section 3.2 lets validators refuse such a zone from the first iteration on).

mod additional;
mod context;
mod cookie;
mod denial;
mod edns;
mod nsec3;
mod query;
mod reply;
mod resolve;
mod respond;

pub use context::{
    AnswerConfig, AnswerContext, Answered, Detail, Expires, Transport, UDP_SIZE_DEFAULT, UDP_SIZE_MIN,
};
pub use cookie::{
    COOKIE_AHEAD_SECONDS, COOKIE_LIFE_SECONDS, COOKIE_RENEW_SECONDS, CookieCheck, CookieSecrets,
};
pub use edns::{Ede, NSID_MAX};
pub use nsec3::{NSEC3_ITERATIONS_MAX, nsec3_hash};
pub use resolve::CHAIN_MAX;
