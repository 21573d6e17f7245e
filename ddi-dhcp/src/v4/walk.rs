//! Where options are, and one walk over them all.

use super::code;
use super::header::field;

/// Option 52: which fields of the fixed part carry options (RFC 2132 section 9.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Overload(u8);

impl Overload {
    /// Neither.
    pub const NONE: Self = Self(0);
    const FILE: u8 = 1;
    const SNAME: u8 = 2;

    /// `None` if the number is not 1, 2 or 3.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        if matches!(number, 1..=3) { Some(Self(number)) } else { None }
    }

    /// The file field carries options.
    #[must_use]
    pub const fn file(self) -> bool {
        self.0 & Self::FILE != 0
    }

    /// The sname field carries options.
    #[must_use]
    pub const fn sname(self) -> bool {
        self.0 & Self::SNAME != 0
    }
}

/// One step of a walk over the options.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    Option { at: usize, code: u8, data: &'a [u8] },
    Overrun { at: usize, code: u8 },
}

/// A walk over the options in the order options field, file, sname (RFC 3396 section 5).
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk<'a> {
    packet: &'a [u8],
    /// The next option of this field, and where the field ends.
    at: usize,
    end: usize,
    /// Which fields come after this one.
    after: Overload,
}

impl<'a> Walk<'a> {
    pub(super) const fn over_options(packet: &'a [u8]) -> Self {
        Self { packet, at: field::OPTIONS, end: packet.len(), after: Overload::NONE }
    }

    /// Over file and sname only, as far as they carry options.
    pub(super) const fn over_fixed(packet: &'a [u8], overload: Overload) -> Self {
        Self { packet, at: 0, end: 0, after: overload }
    }

    pub(super) const fn exhausted() -> Self {
        Self { packet: &[], at: 0, end: 0, after: Overload::NONE }
    }

    /// From `at`, in the field that holds `inside`, to the end of all fields.
    pub(super) const fn from(packet: &'a [u8], at: usize, inside: usize, overload: Overload) -> Self {
        let (end, after) = if inside >= field::OPTIONS {
            (packet.len(), overload)
        } else if inside >= field::FILE.start {
            (field::FILE.end, Overload(overload.0 & Overload::SNAME))
        } else {
            (field::SNAME.end, Overload::NONE)
        };
        Self { packet, at, end, after }
    }

    fn next_field(&mut self) -> Option<()> {
        let (field, after) = if self.after.file() {
            (field::FILE, Overload(self.after.0 & Overload::SNAME))
        } else if self.after.sname() {
            (field::SNAME, Overload::NONE)
        } else {
            return None;
        };
        *self = Self { packet: self.packet, at: field.start, end: field.end, after };
        Some(())
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Step<'a>;

    #[inline]
    fn next(&mut self) -> Option<Step<'a>> {
        loop {
            let at = self.at;
            let code = match self.packet.get(at) {
                Some(&code) if at < self.end => code,
                _ => code::END,
            };
            match code {
                code::PAD => self.at = at + 1,
                code::END => {
                    self.at = self.end;
                    self.next_field()?;
                }
                code => {
                    let len = usize::from(self.packet.get(at + 1).copied().unwrap_or(0));
                    let next = at + 2 + len;
                    let data = self.packet.get(at + 2..next);
                    self.at = next.min(self.end);
                    return Some(match data {
                        Some(data) if next <= self.end => Step::Option { at, code, data },
                        _ => {
                            self.at = self.end;
                            Step::Overrun { at, code }
                        }
                    });
                }
            }
        }
    }
}
