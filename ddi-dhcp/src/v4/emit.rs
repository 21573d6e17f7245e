//! Writing a message into the caller's buffer.
//!
//! Order on the wire: message type (53) first, then option overload (52) if it is used, then what the
//! parameter request list names in its order, then the others as they were put, relay agent information
//! (82) last (RFC 3046 section 2.1). A subnet mask comes before the routers (RFC 2132 section 3.3).
//!
//! Space: if all fits in the options field, it goes there. If not, file and sname are used too (option
//! 52), as far as they are empty and the caller allows it. Options that must not be missing are placed
//! first, then the requested ones in the order in which the client wants them, then the rest. One that
//! finds no room is left out and reported; smaller ones after it may still find some. Values
//! above 255 bytes are split (RFC 3396), over several fields if need be; shorter ones never are, because
//! not every client joins them.

use super::code::{self, CodeSet};
use super::header::{Header, MAGIC_COOKIE, MIN_LEN, field};
use super::set::OptionSet;
use crate::bytes::Writer;
use crate::error::EmitError;

/// Options that are never left out: without them the client or the relay would misunderstand the rest.
const NEVER_DROPPED: [u8; 12] = [
    code::MESSAGE_TYPE,
    code::RELAY_INFO,
    code::SERVER_ID,
    code::LEASE_SECONDS,
    code::CLIENT_ID,
    code::SUBNET_MASK,
    code::RENEWAL_SECONDS,
    code::REBINDING_SECONDS,
    code::RAPID_COMMIT,
    code::V6_ONLY_PREFERRED,
    code::SUBNET_SELECTION,
    code::AUTO_CONFIGURE,
];

/// IPv4 and UDP headers, which option 57 counts in and a payload does not.
const IP_UDP_HEADERS_LEN: usize = 28;
/// What every client takes (RFC 2131 section 2): the smallest legal value of option 57.
const MAX_MESSAGE_SIZE_MIN: u16 = 576;

/// The longest reply in bytes for a client that said `max_message_size` (option 57), which counts the
/// IP and UDP headers in; without it, or if it is below the legal minimum of 576, as if it had said 576.
#[must_use]
pub fn max_len_for(max_message_size: Option<u16>) -> usize {
    let size = max_message_size.unwrap_or(0).max(MAX_MESSAGE_SIZE_MIN);
    usize::from(size) - IP_UDP_HEADERS_LEN
}

/// A message to be written: a header, options, and how the client wants them.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Reply<'a> {
    header: &'a Header,
    options: &'a OptionSet,
    order: &'a [u8],
    max_len: usize,
    may_overload: bool,
}

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Emitted {
    /// Bytes written.
    pub len: usize,
    /// Options that found no room.
    pub dropped: CodeSet,
}

impl<'a> Reply<'a> {
    /// As many bytes as the output takes, in the order in which the options were put, and without
    /// options in file and sname.
    pub const fn new(header: &'a Header, options: &'a OptionSet) -> Self {
        Self { header, options, order: &[], max_len: usize::MAX, may_overload: false }
    }

    /// The parameter request list: codes in the order in which the client wants them.
    pub const fn in_order(mut self, codes: &'a [u8]) -> Self {
        self.order = codes;
        self
    }

    /// At most this many bytes; see [`max_len_for`].
    pub const fn at_most(mut self, len: usize) -> Self {
        self.max_len = len;
        self
    }

    /// File and sname may carry options if they are empty and space is short.
    pub const fn with_overload(mut self) -> Self {
        self.may_overload = true;
        self
    }

    /// Writes the message to the front of `out`, padded with zeros to [`MIN_LEN`] bytes.
    ///
    /// # Errors
    /// If the options that are never left out don't fit, or the hardware address does not.
    pub fn emit(&self, out: &mut [u8]) -> Result<Emitted, EmitError> {
        let room = out.len().min(self.max_len);
        let no_room = EmitError::NoRoom { code: 0, room };
        let mut out = Writer::new(out.get_mut(..room).ok_or(no_room)?);
        let order = WireOrder::new(self.options, self.order);
        let plan = Plan::new(self, &order, room)?;
        self.header.emit_up_to_sname(&mut out)?;
        self.write(&mut out, &order, &plan).ok_or(no_room)?;
        Ok(Emitted { len: out.len(), dropped: plan.dropped })
    }

    fn write(&self, out: &mut Writer<'_>, order: &WireOrder, plan: &Plan) -> Option<()> {
        for (part, content, end) in [
            (SNAME, &self.header.sname[..], field::SNAME.end),
            (FILE, &self.header.file[..], field::FILE.end),
        ] {
            if plan.uses(part) {
                self.write_part(out, order, plan, part)?;
                out.zeros_to(end)?;
            } else {
                out.put(content)?;
            }
        }
        out.put(&MAGIC_COOKIE)?;
        self.write_part(out, order, plan, OPTIONS)?;
        out.zeros_to(MIN_LEN)
    }

    fn write_part(&self, out: &mut Writer<'_>, order: &WireOrder, plan: &Plan, part: usize) -> Option<()> {
        let overload = if part == OPTIONS { plan.overload() } else { 0 };
        if overload != 0 && !self.options.contains(code::MESSAGE_TYPE) {
            out.put(&[code::OVERLOAD, 1, overload])?;
        }
        for &code in order.codes() {
            let Some(value) = plan.part_of(code, self.options, part) else { continue };
            write_option(out, code, value)?;
            if overload != 0 && code == code::MESSAGE_TYPE {
                out.put(&[code::OVERLOAD, 1, overload])?;
            }
        }
        out.u8(code::END)
    }
}

/// One option, in pieces of at most 255 bytes (RFC 3396).
fn write_option(out: &mut Writer<'_>, code: u8, value: &[u8]) -> Option<()> {
    if value.is_empty() {
        return out.put(&[code, 0]);
    }
    for piece in value.chunks(PIECE_MAX) {
        out.put(&[code, piece.len() as u8])?;
        out.put(piece)?;
    }
    Some(())
}

/// Longest piece of a value.
const PIECE_MAX: usize = 255;

/// Bytes that a value takes with its codes and lengths.
const fn cost(len: usize) -> usize {
    if len == 0 { 2 } else { len + 2 * len.div_ceil(PIECE_MAX) }
}

/// How long a value can be that takes `room` bytes.
const fn fits_in(room: usize) -> usize {
    let pieces = room / (PIECE_MAX + 2);
    let rest = (room % (PIECE_MAX + 2)).saturating_sub(2);
    pieces * PIECE_MAX + rest
}

/// The codes of a set in the order in which they are written.
struct WireOrder {
    codes: [u8; 256],
    len: usize,
    done: CodeSet,
}

impl WireOrder {
    fn new(options: &OptionSet, requested: &[u8]) -> Self {
        let mut order = Self { codes: [0; 256], len: 0, done: CodeSet::EMPTY };
        let present = options.codes();
        order.add(code::MESSAGE_TYPE, present);
        let rest = options.iter().map(|(code, _)| code);
        for code in requested.iter().copied().chain(rest) {
            // RFC 2132 section 3.3: the subnet mask comes before the routers.
            if code == code::ROUTERS {
                order.add(code::SUBNET_MASK, present);
            }
            if code != code::RELAY_INFO {
                order.add(code, present);
            }
        }
        order.add(code::RELAY_INFO, present);
        order
    }

    fn add(&mut self, code: u8, present: CodeSet) {
        if present.contains(code) && !self.done.contains(code) {
            self.done.insert(code);
            // One slot per code: there is always one.
            if let Some(slot) = self.codes.get_mut(self.len) {
                *slot = code;
                self.len += 1;
            }
        }
    }

    fn codes(&self) -> &[u8] {
        &self.codes[..self.len]
    }
}

const OPTIONS: usize = 0;
const FILE: usize = 1;
const SNAME: usize = 2;

/// Which option goes into which part of the message.
struct Plan {
    /// Bytes left in options, file and sname.
    room: [usize; 3],
    /// The options that are wholly in one part.
    placed: [CodeSet; 3],
    /// The one that is split over parts, and how many bytes of it are in each.
    split: Option<(u8, [usize; 3])>,
    dropped: CodeSet,
}

impl Plan {
    fn new(reply: &Reply<'_>, order: &WireOrder, len: usize) -> Result<Self, EmitError> {
        let no_room = EmitError::NoRoom { code: 0, room: len };
        // One byte for the end mark.
        let options_room = len.checked_sub(field::OPTIONS + 1).ok_or(no_room)?;
        let mut plan = Self {
            room: [options_room, 0, 0],
            placed: [CodeSet::EMPTY; 3],
            split: None,
            dropped: CodeSet::EMPTY,
        };
        let wanted: usize = reply.options.iter().map(|(_, value)| cost(value.len())).sum();
        if wanted <= options_room {
            plan.placed[OPTIONS] = reply.options.codes();
            return Ok(plan);
        }
        plan.make_room(reply);
        let never_dropped = NEVER_DROPPED.iter().copied().collect::<CodeSet>();
        for code in NEVER_DROPPED {
            let Some(value) = reply.options.get(code) else { continue };
            if !plan.place(code, value.len()) {
                return Err(EmitError::NoRoom { code, room: len });
            }
        }
        for &code in order.codes().iter().filter(|&&code| !never_dropped.contains(code)) {
            let value_len = reply.options.get(code).map_or(0, <[u8]>::len);
            if !plan.place(code, value_len) {
                plan.dropped.insert(code);
            }
        }
        Ok(plan)
    }

    /// Opens file and sname for options where that is allowed and they are empty.
    fn make_room(&mut self, reply: &Reply<'_>) {
        const OVERLOAD_COST: usize = 3;
        if !reply.may_overload || self.room[OPTIONS] < OVERLOAD_COST {
            return;
        }
        let header = reply.header;
        for (part, content) in [(FILE, &header.file[..]), (SNAME, &header.sname[..])] {
            if content.iter().all(|&b| b == 0) {
                self.room[part] = content.len() - 1;
            }
        }
        if self.room[FILE] + self.room[SNAME] > 0 {
            self.room[OPTIONS] -= OVERLOAD_COST;
        }
    }

    fn place(&mut self, code: u8, len: usize) -> bool {
        // A relay looks for option 82 in the options field only, and everyone for the message type.
        let parts = if matches!(code, code::MESSAGE_TYPE | code::RELAY_INFO) { 1 } else { 3 };
        for part in 0..parts {
            if cost(len) <= self.room[part] {
                self.room[part] -= cost(len);
                self.placed[part].insert(code);
                return true;
            }
        }
        len > PIECE_MAX && parts == 3 && self.place_split(code, len)
    }

    /// Fills the options field, then file, then sname with pieces of one value.
    fn place_split(&mut self, code: u8, len: usize) -> bool {
        let shares = self.room.map(fits_in);
        if self.split.is_some() || shares.iter().sum::<usize>() < len {
            return false;
        }
        let mut rest = len;
        let mut taken = [0; 3];
        for part in [OPTIONS, FILE, SNAME] {
            taken[part] = rest.min(shares[part]);
            rest -= taken[part];
            if taken[part] > 0 {
                self.room[part] -= cost(taken[part]);
            }
        }
        self.split = Some((code, taken));
        true
    }

    fn uses(&self, part: usize) -> bool {
        !self.placed[part].is_empty() || self.split.is_some_and(|(_, taken)| taken[part] > 0)
    }

    /// The value of option 52; 0 if there is no need for it.
    fn overload(&self) -> u8 {
        u8::from(self.uses(FILE)) | u8::from(self.uses(SNAME)) << 1
    }

    /// What of an option's value goes into a part.
    fn part_of<'v>(&self, code: u8, options: &'v OptionSet, part: usize) -> Option<&'v [u8]> {
        if self.placed[part].contains(code) {
            return options.get(code);
        }
        let (split, taken) = self.split?;
        if split != code || taken[part] == 0 {
            return None;
        }
        let start: usize = taken[..part].iter().sum();
        options.get(code)?.get(start..start + taken[part])
    }
}
