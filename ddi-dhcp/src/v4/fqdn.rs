//! The client's domain name: option 81 (RFC 4702).

use super::name::Name;
use crate::bytes::{Reader, Writer};
use crate::error::NameError;

/// A view of the value of option 81.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fqdn<'a> {
    /// [`Fqdn::SERVER_UPDATES`] and its siblings; the upper four bits are reserved.
    pub flags: u8,
    /// 255 from a server, nothing from a client (RFC 4702 section 2.2).
    pub rcode1: u8,
    /// As `rcode1`.
    pub rcode2: u8,
    /// The domain name field in the encoding that bit E tells. A server answers with the same bytes
    /// unless the name has changed (RFC 4702 section 2.3).
    pub name_bytes: &'a [u8],
}

/// What option 81 calls the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FqdnName {
    /// The labels; none if the client wants the server to choose.
    pub name: Name,
    /// The client says that the name is complete.
    pub is_qualified: bool,
}

impl<'a> Fqdn<'a> {
    /// Bit S: the server should register, or registers, the address under the name.
    pub const SERVER_UPDATES: u8 = 0x01;
    /// Bit O: the server overrode the client's S.
    pub const OVERRIDDEN: u8 = 0x02;
    /// Bit E: the name is in DNS wire form, else in ASCII.
    pub const WIRE_FORM: u8 = 0x04;
    /// Bit N: the server should do, or does, no update at all.
    pub const NO_UPDATES: u8 = 0x08;

    /// A view of the joined value; `None` if it is shorter than its three fixed bytes.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = Reader::new(bytes);
        let (flags, rcode1, rcode2) = (rest.u8()?, rest.u8()?, rest.u8()?);
        Some(Self { flags, rcode1, rcode2, name_bytes: rest.rest() })
    }

    /// The name.
    ///
    /// Clients that set bit E and write ASCII all the same are understood, where it can't be wire form.
    ///
    /// # Errors
    /// If it is a name in neither form.
    pub fn name(&self) -> Result<FqdnName, NameError> {
        if self.flags & Self::WIRE_FORM == 0 {
            return self.ascii_name();
        }
        match Name::from_labels(self.name_bytes) {
            Ok((name, is_qualified)) => Ok(FqdnName { name, is_qualified }),
            Err(_) if self.name_bytes.iter().all(u8::is_ascii_graphic) => self.ascii_name(),
            Err(error) => Err(error),
        }
    }

    /// RFC 4702 section 2.3.1: a name without a dot is a single label to be completed.
    fn ascii_name(&self) -> Result<FqdnName, NameError> {
        // Some clients end the text with a zero byte.
        let text = super::header::until_zero(self.name_bytes);
        if text.is_empty() {
            return Ok(FqdnName { name: Name::ROOT, is_qualified: false });
        }
        let name = Name::from_text(text)?;
        Ok(FqdnName { name, is_qualified: text.contains(&b'.') })
    }

    /// Writes the value to the front of `out` and says how long it is; `None` if `out` is too small.
    #[must_use]
    pub fn emit(&self, out: &mut [u8]) -> Option<usize> {
        let mut out = Writer::new(out);
        out.put(&[self.flags, self.rcode1, self.rcode2])?;
        out.put(self.name_bytes)?;
        Some(out.len())
    }
}

impl FqdnName {
    /// Writes the domain name field, in wire form or in ASCII as `flags` has bit E or not, and says how
    /// long it is; `None` if `out` is too small or the name has bytes that are not in ASCII names.
    #[must_use]
    pub fn emit(&self, flags: u8, out: &mut [u8]) -> Option<usize> {
        let mut out = Writer::new(out);
        if flags & Fqdn::WIRE_FORM != 0 {
            out.put(self.name.wire())?;
            if self.is_qualified {
                out.u8(0)?;
            }
            return Some(out.len());
        }
        for (i, label) in self.name.labels().enumerate() {
            if !label.iter().all(|b| b.is_ascii_graphic() && !matches!(b, b'.' | b'\\')) {
                return None;
            }
            if i > 0 {
                out.u8(b'.')?;
            }
            out.put(label)?;
        }
        Some(out.len())
    }
}
