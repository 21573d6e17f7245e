//! The server's machine.

use super::answer::{self, ANSWER_MAX};
use super::apply::{UpdateZone, apply};
use super::error::UpdateError;
use super::queue::{Answers, Source, Transmit};
use super::request::Request;
use super::store::ZoneStore;
use crate::acl::Requestor;
use crate::message::{Flags, Header, Opcode, Rcode};
use crate::name::{Name, NameRef};
use crate::serial::Serial;
use crate::tsig::{Keys, Signer, TsigError};
use ddi_core::{Lsn, Now, UnixTime};
use std::collections::VecDeque;

/// The most events that wait; later ones are lost.
pub const EVENTS_MAX: usize = 4096;

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A zone has changed. Others may be told when it is durable.
    Updated {
        /// Its name.
        apex: Name,
        /// Its serial now.
        serial: Serial,
        /// Who asked.
        from: Source,
        /// The key that signed it.
        key: Option<Name>,
        /// Position of the change.
        lsn: Lsn,
    },
    /// An update was refused, and answered so.
    Refused {
        /// Who asked.
        from: Source,
        /// Why.
        error: UpdateError,
    },
    /// A signature was refused, and answered so.
    BadSignature {
        /// Who asked.
        from: Source,
        /// Why.
        error: TsigError,
    },
    /// A message was dropped without an answer.
    Dropped {
        /// Who sent it.
        from: Source,
        /// Why.
        why: Dropped,
    },
}

/// Why a message is not answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Dropped {
    /// It has no header, is an answer, or not an UPDATE.
    #[error("it has no header, is an answer, or is no UPDATE")]
    NotARequest,
    /// [`super::ANSWERS_MAX`] answers wait already.
    #[error("too many answers wait already")]
    TooBusy,
}

/// Makes updates of the primary zones of a [`ZoneStore`].
///
/// After each [`Updates::handle_request`], and when the store has become durable further, drain
/// [`Updates::poll_transmit`], then [`Updates::poll_event`]. It has no timers.
///
/// Every answer that tells something of a zone waits until all that was put before it is durable, a refusal
/// too: what it was judged by must not be lost.
#[derive(Debug)]
pub struct Updates {
    keys: Keys,
    /// By apex.
    zones: Vec<UpdateZone>,
    answers: Answers,
    events: VecDeque<Event>,
}

impl Updates {
    /// A machine for these zones. Of two with the same apex the first holds.
    #[must_use]
    pub fn new(keys: Keys, mut zones: Vec<UpdateZone>) -> Self {
        zones.sort_by(|a, b| a.apex.cmp(&b.apex));
        zones.dedup_by(|b, a| a.apex == b.apex);
        Self { keys, zones, answers: Answers::default(), events: VecDeque::new() }
    }

    /// Handles a message, from a datagram or from a connection.
    pub fn handle_request<S: ZoneStore>(&mut self, now: Now, store: &mut S, from: Source, request: &[u8]) {
        let is_update =
            |header: Header| !header.flags.has(Flags::QR) && header.flags.opcode() == Opcode::UPDATE;
        if !Header::parse(request).is_some_and(is_update) {
            return self.push(Event::Dropped { from, why: Dropped::NotARequest });
        }
        if self.answers.is_full() {
            return self.push(Event::Dropped { from, why: Dropped::TooBusy });
        }
        let signer = match self.keys.check(request, now.unix) {
            Ok(signer) => signer,
            Err(rejection) => {
                let mut buf = [0; ANSWER_MAX];
                if let Some(len) = rejection.reply(request, now.unix, &mut buf) {
                    self.answers.push(Lsn::ZERO, from, &buf[..len]);
                }
                return self.push(Event::BadSignature { from, error: rejection.error() });
            }
        };
        self.on_checked(now, store, from, request, signer);
    }

    /// Handles a message whose signature the host has checked: `signer` is what [`Keys::check`] gave.
    pub fn handle_checked<S: ZoneStore>(
        &mut self,
        now: Now,
        store: &mut S,
        from: Source,
        request: &[u8],
        signer: Option<Signer>,
    ) {
        if self.takes(from, request) {
            self.on_checked(now, store, from, request, signer);
        }
    }

    fn takes(&mut self, from: Source, request: &[u8]) -> bool {
        let is_update =
            |header: Header| !header.flags.has(Flags::QR) && header.flags.opcode() == Opcode::UPDATE;
        let why = if !Header::parse(request).is_some_and(is_update) {
            Dropped::NotARequest
        } else if self.answers.is_full() {
            Dropped::TooBusy
        } else {
            return true;
        };
        self.push(Event::Dropped { from, why });
        false
    }

    fn on_checked<S: ZoneStore>(
        &mut self,
        now: Now,
        store: &mut S,
        from: Source,
        request: &[u8],
        signer: Option<Signer>,
    ) {
        let made = self.make(now.unix, store, from, request, signer.as_ref());
        let (rcode, lsn) = match &made {
            Ok(()) => (Rcode::NOERROR, store.appended()),
            Err(error) if error.tells_of_the_zone() => (error.rcode(), store.appended()),
            Err(error) => (error.rcode(), Lsn::ZERO),
        };
        if let Err(error) = made {
            self.push(Event::Refused { from, error });
        }
        let mut buf = [0; ANSWER_MAX];
        if let Some(len) = answer::emit(request, rcode, signer, now.unix, &mut buf) {
            self.answers.push(lsn, from, &buf[..len]);
        }
    }

    fn make<S: ZoneStore>(
        &mut self,
        now: UnixTime,
        store: &mut S,
        from: Source,
        request: &[u8],
        signer: Option<&Signer>,
    ) -> Result<(), UpdateError> {
        let request = Request::parse(request)?;
        let not_auth = || UpdateError::NotAuth(request.zone().to_name());
        let config = self.zone(request.zone()).ok_or_else(not_auth)?;
        let newest = store.newest(request.zone()).ok_or_else(not_auth)?;
        let key = signer.map(|signer| signer.key().name());
        let who = Requestor { address: from.address.ip(), key };
        let Some((delta, next)) = apply(&request, &newest, config, &who, now)? else {
            return Ok(());
        };
        let (apex, serial, key) = (next.apex().to_name(), next.serial(), key.map(NameRef::to_name));
        let lsn = store.put(delta, next)?;
        self.push(Event::Updated { apex, serial, from, key, lsn });
        Ok(())
    }

    /// May this sender change anything at all in the zone of this apex? For a host that answers itself while the
    /// zone can't be changed.
    #[must_use]
    pub fn knows(&self, apex: NameRef<'_>, who: &Requestor<'_>) -> bool {
        self.zone(apex).is_some_and(|zone| zone.policy.knows(who))
    }

    fn zone(&self, apex: NameRef<'_>) -> Option<&UpdateZone> {
        let at = self.zones.binary_search_by(|zone| zone.apex.as_ref().cmp(&apex)).ok()?;
        self.zones.get(at)
    }

    /// Puts the next answer that may leave into `buf`, which should have 1232 bytes.
    pub fn poll_transmit<S: ZoneStore>(&mut self, store: &S, buf: &mut [u8]) -> Option<Transmit> {
        self.answers.pop(store.durable(), buf)
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// True if no answer waits.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.answers.is_empty()
    }

    fn push(&mut self, event: Event) {
        if self.events.len() < EVENTS_MAX {
            self.events.push_back(event);
        }
    }
}
