//! The sending side: what to send, and its messages one by one.

mod fill;
mod plan;

use ddi_core::Now;
use thiserror::Error;

use super::edns::{OptData, UDP_SIZE_PLAIN};
use super::request::{Request, Wanted};
use crate::delta::{History, RecordRef};
use crate::message::{Flags, Full, Rcode};
use crate::name::Name;
use crate::rr::Rtype;
use crate::tsig::Signer;
use crate::zone::{Position, Snapshot};
use fill::Filler;
use plan::Content;

pub use plan::{Sent, Transport, XfrOutConfig};

/// Longest message over TCP.
const MESSAGE_MAX: usize = 65_535;

/// Room that [`XfrOut::poll_transmit`] never needs more than: the longest message and its length bytes.
pub const TRANSMIT_MAX: usize = 2 + MESSAGE_MAX;

/// Why a transfer can't go on.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum SendError {
    /// The caller's buffer is too small for the next message. Nothing has changed.
    #[error("buffer has less than {needed} bytes")]
    Buffer {
        /// How many are enough.
        needed: usize,
    },
    /// A record fits in no message, beside question and signature. The connection is to be closed: the
    /// secondary must not take what it has for the zone.
    #[error("{owner} {rtype}: record is too large for any message")]
    TooLarge {
        /// Owner.
        owner: Name,
        /// Type.
        rtype: Rtype,
    },
}

/// Where it stands.
#[derive(Clone, Debug)]
enum Place {
    /// At the SOA before deltas, or alone.
    Soa,
    /// In the zone, which begins with its SOA.
    Zone(Position),
    /// In a delta: its number, in its additions or its removals, and the offset there.
    Deltas {
        delta: usize,
        added: bool,
        at: usize,
    },
    LastSoa,
    Done,
}

/// Sends one answer to one [`Request`].
///
/// It holds a snapshot, so that edits meanwhile don't touch it, and one message's worth of nothing: each
/// [`XfrOut::poll_transmit`] makes the next message straight into the caller's buffer. Not polling is the
/// back-pressure. There are no timers: the host closes connections that don't move.
#[derive(Clone, Debug)]
pub struct XfrOut {
    snapshot: Option<Snapshot>,
    content: Content,
    place: Place,
    transport: Transport,
    id: u16,
    zone: Name,
    rtype: Rtype,
    rcode: Rcode,
    /// For an OPT in the first message.
    opt: Option<OptData>,
    is_cut: bool,
    udp_size: usize,
    message_size: usize,
    messages: u64,
    records: u64,
    signer: Option<Signer>,
}

impl XfrOut {
    /// An answer from `snapshot` and the `history` that leads to it. `signer` is what the request's
    /// signature gave; may the sender have the zone at all is the host's question.
    ///
    /// AXFR over UDP is a format error (RFC 5936 section 4.2).
    #[must_use]
    pub fn new(
        request: &Request,
        snapshot: Snapshot,
        history: &History,
        config: &XfrOutConfig,
        transport: Transport,
        signer: Option<Signer>,
    ) -> Self {
        if transport == Transport::Udp && request.wanted == Wanted::Axfr {
            return Self::refusal(request, Rcode::FORMERR, transport, signer);
        }
        let mut out = Self::bare(request, transport, signer);
        out.content = Content::of(request.wanted, &snapshot, history, config, transport);
        out.place = match out.content {
            Content::Zone => Place::Zone(Position::START),
            _ => Place::Soa,
        };
        out.message_size = config.message_size.clamp(512, MESSAGE_MAX);
        out.udp_size = out.udp_size.min(usize::from(config.udp_size));
        let expire = config.expire.unwrap_or_else(|| snapshot.soa().expire);
        out.opt = request.edns.map(|e| if e.asks_expire { OptData::expire(expire) } else { OptData::EMPTY });
        out.snapshot = Some(snapshot);
        out
    }

    /// An answer that is only a response code: REFUSED, NOTAUTH, SERVFAIL for a zone that has expired.
    #[must_use]
    pub fn refusal(request: &Request, rcode: Rcode, transport: Transport, signer: Option<Signer>) -> Self {
        let mut out = Self::bare(request, transport, signer);
        out.rcode = rcode;
        out.opt = request.edns.map(|_| OptData::EMPTY);
        out
    }

    fn bare(request: &Request, transport: Transport, signer: Option<Signer>) -> Self {
        let rtype = match request.wanted {
            Wanted::Axfr => Rtype::AXFR,
            Wanted::Ixfr(_) => Rtype::IXFR,
        };
        let udp_size = request.edns.map_or(UDP_SIZE_PLAIN, |edns| edns.udp_size);
        Self {
            snapshot: None,
            content: Content::Soa,
            place: Place::Done,
            transport,
            id: request.id,
            zone: request.zone.clone(),
            rtype,
            rcode: Rcode::NOERROR,
            opt: None,
            is_cut: false,
            udp_size: usize::from(udp_size),
            message_size: MESSAGE_MAX,
            messages: 0,
            records: 0,
            signer,
        }
    }

    /// What it sends.
    #[must_use]
    pub fn sent(&self) -> Sent {
        match (&self.snapshot, &self.content) {
            (None, _) => Sent::Refusal(self.rcode),
            (_, Content::Soa) => Sent::Soa,
            (_, Content::Zone) => Sent::Zone,
            (_, Content::Deltas(deltas)) => Sent::Deltas(deltas.len()),
        }
    }

    /// How many messages it has made.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// How many records are in them.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// True if there is no more to send.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.messages > 0 && matches!(self.place, Place::Done)
    }

    /// Writes the next message to the front of `out` and gives its length; over TCP with its two length
    /// bytes. `None` after the last. [`TRANSMIT_MAX`] bytes are always enough; with fewer, messages are
    /// smaller, as long as a record fits.
    ///
    /// # Errors
    ///
    /// [`SendError`].
    pub fn poll_transmit(&mut self, now: Now, out: &mut [u8]) -> Result<Option<usize>, SendError> {
        if self.is_done() {
            return Ok(None);
        }
        match self.transport {
            Transport::Udp => self.datagram(now, out).map(Some),
            Transport::Tcp => {
                let (prefix, out) = out.split_first_chunk_mut().ok_or(SendError::Buffer { needed: 514 })?;
                let len = self.stream_message(now, out)?;
                // No message is longer than `MESSAGE_MAX`.
                *prefix = u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
                Ok(Some(2 + len))
            }
        }
    }

    /// The whole answer in one message, or its SOA alone (RFC 1995 section 2).
    fn datagram(&mut self, now: Now, out: &mut [u8]) -> Result<usize, SendError> {
        let size = self.udp_size.min(out.len());
        let out = &mut out[..size];
        let whole = self.message(out, usize::MAX).ok().filter(|made| matches!(made.place, Place::Done));
        let made = match whole {
            Some(made) => made,
            None => {
                (self.content, self.place) = (Content::Soa, Place::Soa);
                let made = self.message(out, usize::MAX).ok().filter(|made| !made.is_stuck());
                // Not even that: the question alone, and come again over TCP.
                self.is_cut = made.is_none();
                made.map_or_else(|| self.message(out, 0), Ok)
                    .map_err(|Full| SendError::Buffer { needed: 512 })?
            }
        };
        self.seal(now, out, made)
    }

    fn stream_message(&mut self, now: Now, out: &mut [u8]) -> Result<usize, SendError> {
        let room = out.len().min(MESSAGE_MAX);
        let usual = room.min(self.message_size);
        if let Ok(made) = self.message(&mut out[..usual], usize::MAX)
            && !made.is_stuck()
        {
            return self.seal(now, &mut out[..usual], made);
        }
        // A record that is too large for a message of the usual size goes alone in a larger one.
        match self.message(&mut out[..room], 1) {
            Ok(made) if !made.is_stuck() => self.seal(now, &mut out[..room], made),
            _ if room < MESSAGE_MAX => Err(SendError::Buffer { needed: TRANSMIT_MAX }),
            _ => Err(self.too_large()),
        }
    }

    /// Makes the next message, with at most `most` answers; nothing changes but `out`.
    fn message(&self, out: &mut [u8], most: usize) -> Result<Made, Full> {
        let opt = self.opt.as_ref().filter(|_| self.messages == 0);
        let signature_len = self.signer.as_ref().map_or(0, Signer::signature_len);
        let size = out.len().checked_sub(signature_len).ok_or(Full)?;
        let end = size.checked_sub(opt.map_or(0, OptData::record_len)).ok_or(Full)?;
        let aa = if self.rcode == Rcode::NOERROR { Flags::AA } else { 0 };
        let tc = if self.is_cut { Flags::TC } else { 0 };
        let flags = Flags::default().with(Flags::QR | aa | tc).with_rcode(self.rcode);
        let mut filler = Filler::new(&mut out[..size], end, self.id, flags)?;
        if self.messages == 0 {
            filler.question(self.zone.as_ref(), self.rtype)?;
        }
        let place = self.fill(&mut filler, most);
        if let Some(opt) = opt {
            filler.opt(&opt.record())?;
        }
        Ok(Made { records: filler.answers(), len: filler.finish(), place })
    }

    fn seal(&mut self, now: Now, out: &mut [u8], made: Made) -> Result<usize, SendError> {
        let len = match &mut self.signer {
            // The room for it was left free.
            Some(signer) => signer
                .sign(out, made.len, now.unix)
                .map_err(|Full| SendError::Buffer { needed: TRANSMIT_MAX })?,
            None => made.len,
        };
        self.messages += 1;
        self.records += u64::from(made.records);
        self.place = if self.is_cut { Place::Done } else { made.place };
        Ok(len)
    }
}

/// A message that is made.
struct Made {
    len: usize,
    records: u16,
    /// Where the next one begins.
    place: Place,
}

impl Made {
    /// True if not one record did fit.
    const fn is_stuck(&self) -> bool {
        self.records == 0 && !matches!(self.place, Place::Done)
    }
}

impl XfrOut {
    /// Fills a message from where it stands, with at most `most` records; gives where the next one goes on.
    fn fill(&self, filler: &mut Filler<'_>, most: usize) -> Place {
        let Some(snapshot) = &self.snapshot else { return Place::Done };
        let mut place = self.place.clone();
        loop {
            let left = most.saturating_sub(usize::from(filler.answers()));
            if left == 0 {
                return place;
            }
            let (next, full) = match place {
                Place::Soa => match filler.answer(&snapshot.soa_record()) {
                    Ok(()) if matches!(self.content, Content::Soa) => (Place::Done, false),
                    Ok(()) => (Place::Deltas { delta: 0, added: false, at: 0 }, false),
                    Err(Full) => (Place::Soa, true),
                },
                Place::Zone(position) => fill_zone(filler, snapshot, &position, left),
                Place::Deltas { delta, added, at } => self.fill_deltas(filler, (delta, added, at), left),
                Place::LastSoa => match filler.answer(&snapshot.soa_record()) {
                    Ok(()) => (Place::Done, false),
                    Err(Full) => (Place::LastSoa, true),
                },
                Place::Done => return Place::Done,
            };
            if full {
                return next;
            }
            place = next;
        }
    }

    /// Goes on in the removals or additions of one delta; gives where it stopped, and whether for want of
    /// room.
    fn fill_deltas(
        &self,
        filler: &mut Filler<'_>,
        (delta, added, at): (usize, bool, usize),
        most: usize,
    ) -> (Place, bool) {
        let Some(step) = self.content.delta(delta) else { return (Place::LastSoa, false) };
        let records = if added { &step.added } else { &step.removed };
        let end = records.wire().len();
        let mut rest = records.iter_from(at);
        for _ in 0..most {
            let at = end - rest.rest().len();
            match rest.next().map(|record| filler.answer(&record)) {
                None if added => return (Place::Deltas { delta: delta + 1, added: false, at: 0 }, false),
                None => return (Place::Deltas { delta, added: true, at: 0 }, false),
                Some(Ok(())) => {}
                Some(Err(Full)) => return (Place::Deltas { delta, added, at }, true),
            }
        }
        (Place::Deltas { delta, added, at: end - rest.rest().len() }, false)
    }

    /// The record that comes next.
    fn too_large(&self) -> SendError {
        let of = |record: RecordRef<'_>| SendError::TooLarge {
            owner: record.owner.to_name(),
            rtype: record.rtype,
        };
        let Some(snapshot) = &self.snapshot else { return SendError::Buffer { needed: TRANSMIT_MAX } };
        let found = match &self.place {
            Place::Zone(position) => snapshot.walk_from(position).next().map(of),
            Place::Deltas { delta, added, at } => self.content.delta(*delta).and_then(|step| {
                let records = if *added { &step.added } else { &step.removed };
                records.iter_from(*at).next().map(of)
            }),
            _ => None,
        };
        found.unwrap_or_else(|| of(snapshot.soa_record()))
    }
}

/// Fills a message with the zone's records from `position` on; gives where it stopped, and whether for want
/// of room.
fn fill_zone(
    filler: &mut Filler<'_>,
    snapshot: &Snapshot,
    position: &Position,
    most: usize,
) -> (Place, bool) {
    let mut walk = snapshot.walk_from(position);
    for _ in 0..most {
        match walk.next().map(|record| filler.answer(&record)) {
            None => return (Place::LastSoa, false),
            Some(Ok(())) => {}
            Some(Err(Full)) => return (Place::Zone(walk.position_of_last()), true),
        }
    }
    (Place::Zone(walk.position()), false)
}
