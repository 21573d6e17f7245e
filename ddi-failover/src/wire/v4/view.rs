//! The view: header and options of one message, as they arrived.

use crate::error::WireError;
use crate::wire::v4::numbers::{Code, Kind};
use crate::wire::v4::{HEADER_LEN, MAX_LEN};

/// One message. After [`Message::parse`] every getter is total.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message<'a> {
    kind: Kind,
    time: u32,
    xid: u32,
    extra_header: &'a [u8],
    options: OptionChain<'a>,
}

impl<'a> Message<'a> {
    /// Checks the header and the chain of options of one whole message, as
    /// [`Deframer`](crate::wire::Deframer) cuts it. What the options hold is not looked at.
    ///
    /// # Errors
    ///
    /// What is wrong first, from front to back.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, WireError> {
        let found = bytes.len();
        let Some((header, rest)) = bytes.split_first_chunk::<HEADER_LEN>() else {
            return Err(WireError::Length { length: found });
        };
        // Section 6.1: length, type, payload offset, time, xid.
        let [l0, l1, kind, offset, t0, t1, t2, t3, x0, x1, x2, x3] = *header;
        let field = usize::from(u16::from_be_bytes([l0, l1]));
        if !(HEADER_LEN..=MAX_LEN).contains(&field) {
            return Err(WireError::Length { length: field });
        }
        if field != found {
            return Err(WireError::LengthMismatch { field, found });
        }
        let (extra_header, payload) = usize::from(offset)
            .checked_sub(HEADER_LEN)
            .and_then(|extra| rest.split_at_checked(extra))
            .ok_or(WireError::PayloadOffset { offset, length: found })?;
        Ok(Self {
            kind: Kind(kind),
            time: u32::from_be_bytes([t0, t1, t2, t3]),
            xid: u32::from_be_bytes([x0, x1, x2, x3]),
            extra_header,
            options: OptionChain::parse(payload)?,
        })
    }

    /// The type.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// When it was sent, in seconds since 1970 on the sender's clock.
    #[must_use]
    pub const fn time(&self) -> u32 {
        self.time
    }

    /// The transaction id, echoed in answers.
    #[must_use]
    pub const fn xid(&self) -> u32 {
        self.xid
    }

    /// Bytes between the fixed header and the options: a later version's, to be skipped.
    #[must_use]
    pub const fn extra_header(&self) -> &'a [u8] {
        self.extra_header
    }

    /// Every option in the order of arrival.
    #[must_use]
    pub const fn options(&self) -> OptionChain<'a> {
        self.options
    }

    /// The data of the first option with this number.
    #[must_use]
    pub fn option(&self, code: Code) -> Option<&'a [u8]> {
        self.options().find(|option| option.code == code).map(|option| option.data)
    }
}

/// One option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "code and data are all that an option has")]
pub struct WireOption<'a> {
    /// Its number.
    pub code: Code,
    /// Its data.
    pub data: &'a [u8],
}

/// A chain of options; iterates over them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OptionChain<'a> {
    bytes: &'a [u8],
}

impl<'a> OptionChain<'a> {
    /// Walks the whole chain once, so that iterating never stops early.
    fn parse(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut rest = bytes;
        while let Some((_, after)) = split_option(rest)? {
            rest = after;
        }
        Ok(Self { bytes })
    }

    /// The options as bytes.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Goes on at the next option with this number, or at the end.
    pub(super) fn skip_to(&mut self, code: Code) {
        while let Ok(Some((option, rest))) = split_option(self.bytes)
            && option.code != code
        {
            self.bytes = rest;
        }
    }

    /// The options before `rest`, which is a later state of the same iterator.
    pub(super) fn up_to(self, rest: Self) -> Self {
        let length = self.bytes.len().saturating_sub(rest.bytes.len());
        Self { bytes: self.bytes.get(..length).unwrap_or_default() }
    }
}

impl<'a> Iterator for OptionChain<'a> {
    type Item = WireOption<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (option, rest) = split_option(self.bytes).ok()??;
        self.bytes = rest;
        Some(option)
    }
}

/// The first option and what follows it; `None` at the end.
fn split_option(bytes: &[u8]) -> Result<Option<(WireOption<'_>, &[u8])>, WireError> {
    let Some((&[c0, c1, l0, l1], rest)) = bytes.split_first_chunk::<4>() else {
        return if bytes.is_empty() { Ok(None) } else { Err(WireError::StrayBytes { left: bytes.len() }) };
    };
    let (code, length) = (u16::from_be_bytes([c0, c1]), u16::from_be_bytes([l0, l1]));
    let (data, rest) = rest.split_at_checked(usize::from(length)).ok_or(WireError::OptionOverrun {
        code,
        length,
        left: rest.len(),
    })?;
    Ok(Some((WireOption { code: Code(code), data }, rest)))
}
