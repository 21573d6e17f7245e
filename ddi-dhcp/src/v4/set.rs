//! Options to be sent.

use std::fmt;
use std::net::Ipv4Addr;

use super::code::{self, CodeSet};
use super::value::OptionValue;

/// Options with their values as bytes, each code at most once, in the order in which they were put.
///
/// It is made to be used again: [`OptionSet::clear`] keeps the memory, so that after a few messages
/// putting options allocates nothing.
#[derive(Clone)]
pub struct OptionSet {
    slots: Vec<Slot>,
    bytes: Vec<u8>,
    codes: CodeSet,
    /// For each code the number of its slot from 1, 0 if it has none. There are at most 253 slots.
    slot_of: [u8; 256],
}

/// Where a value is in `bytes`.
#[derive(Clone, Copy)]
struct Slot {
    code: u8,
    start: usize,
    len: usize,
}

impl OptionSet {
    /// No options.
    #[must_use]
    pub const fn new() -> Self {
        Self { slots: Vec::new(), bytes: Vec::new(), codes: CodeSet::EMPTY, slot_of: [0; 256] }
    }

    /// Takes all options out and keeps the memory.
    pub fn clear(&mut self) {
        for slot in self.slots.drain(..) {
            self.slot_of[usize::from(slot.code)] = 0;
        }
        self.bytes.clear();
        self.codes = CodeSet::EMPTY;
    }

    /// Puts an option in, or gives it another value in its old place. A value may be longer than 255
    /// bytes. Pad (0), overload (52) and end (255) are not options in this sense: they belong to the
    /// writer, and are not put.
    pub fn put(&mut self, code: u8, value: &[u8]) {
        self.put_pieces(code, std::iter::once(value));
    }

    /// Puts an option as it was received, joined.
    pub fn put_value(&mut self, value: &OptionValue<'_>) {
        self.put_pieces(value.code(), value.pieces());
    }

    fn put_pieces<'p>(&mut self, code: u8, pieces: impl Iterator<Item = &'p [u8]>) {
        if matches!(code, code::PAD | code::OVERLOAD | code::END) {
            return;
        }
        let start = self.bytes.len();
        for piece in pieces {
            self.bytes.extend_from_slice(piece);
        }
        let slot = Slot { code, start, len: self.bytes.len() - start };
        let number = usize::from(self.slot_of[usize::from(code)]);
        match self.slots.get_mut(number.wrapping_sub(1)) {
            Some(old) => *old = slot,
            None => {
                self.slots.push(slot);
                self.slot_of[usize::from(code)] = self.slots.len() as u8;
                self.codes.insert(code);
            }
        }
    }

    /// Puts a number of one byte.
    pub fn put_u8(&mut self, code: u8, value: u8) {
        self.put(code, &[value]);
    }

    /// Puts a number of two bytes.
    pub fn put_u16(&mut self, code: u8, value: u16) {
        self.put(code, &value.to_be_bytes());
    }

    /// Puts a number of four bytes.
    pub fn put_u32(&mut self, code: u8, value: u32) {
        self.put(code, &value.to_be_bytes());
    }

    /// Puts an address.
    pub fn put_ipv4(&mut self, code: u8, value: Ipv4Addr) {
        self.put(code, &value.octets());
    }

    /// Takes an option out.
    pub fn remove(&mut self, code: u8) {
        if !self.codes.contains(code) {
            return;
        }
        self.slots.retain(|slot| slot.code != code);
        self.codes.remove(code);
        self.slot_of[usize::from(code)] = 0;
        for (i, slot) in self.slots.iter().enumerate() {
            self.slot_of[usize::from(slot.code)] = i as u8 + 1;
        }
    }

    /// The value of an option.
    #[must_use]
    pub fn get(&self, code: u8) -> Option<&[u8]> {
        let number = usize::from(self.slot_of[usize::from(code)]);
        let slot = self.slots.get(number.checked_sub(1)?)?;
        self.bytes.get(slot.start..slot.start + slot.len)
    }

    /// True if the option is there.
    #[must_use]
    pub const fn contains(&self, code: u8) -> bool {
        self.codes.contains(code)
    }

    /// The codes that are there.
    #[must_use]
    pub const fn codes(&self) -> CodeSet {
        self.codes
    }

    /// How many options there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.slots.len()
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Codes and values in the order in which they were put.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> + '_ {
        self.slots.iter().filter_map(|slot| {
            let value = self.bytes.get(slot.start..slot.start + slot.len)?;
            Some((slot.code, value))
        })
    }
}

impl Default for OptionSet {
    fn default() -> Self {
        Self::new()
    }
}

/// Equal if the same codes have the same values in the same order.
impl PartialEq for OptionSet {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for OptionSet {}

impl fmt::Debug for OptionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
