//! What a client says of itself: identifier (61), user classes (77), vendor classes (124) and options
//! (125).

use crate::bytes::Reader;

/// The forms of option 61 (RFC 2132 section 9.14, RFC 4361 section 6.1). For binding, only the bytes as
/// a whole count; this is for showing them, and for finding a DHCPv6 client's DUID.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ClientId<'a> {
    /// Type 255: the identity association and the DUID that the client uses with DHCPv6 too.
    Duid {
        /// Identity association.
        iaid: u32,
        /// DHCP unique identifier.
        duid: &'a [u8],
    },
    /// Types 1 to 254: a hardware type and an address.
    HwAddr {
        /// Hardware type.
        htype: u8,
        /// Address.
        addr: &'a [u8],
    },
    /// Type 0, or bytes that have no other form: whatever the client chose.
    Opaque(&'a [u8]),
}

impl<'a> ClientId<'a> {
    /// A view of the value of option 61. It has always some form.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Self {
        match bytes {
            [255, a, b, c, d, duid @ ..] if !duid.is_empty() => {
                Self::Duid { iaid: u32::from_be_bytes([*a, *b, *c, *d]), duid }
            }
            [htype @ 1..=254, addr @ ..] if !addr.is_empty() => Self::HwAddr { htype: *htype, addr },
            _ => Self::Opaque(bytes),
        }
    }
}

/// The user classes of option 77 (RFC 3004). Clients that put in one plain text without lengths
/// (iPXE, Windows) are understood: then it is the one class.
#[derive(Clone, Debug)]
pub struct UserClasses<'a> {
    rest: Reader<'a>,
    is_plain: bool,
}

impl<'a> UserClasses<'a> {
    /// Over the joined value of the option.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let mut walk = Reader::new(bytes);
        while walk.counted().is_some_and(|class| !class.is_empty()) {}
        Self { rest: Reader::new(bytes), is_plain: !walk.is_empty() }
    }
}

impl<'a> Iterator for UserClasses<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.is_plain {
            self.is_plain = false;
            let whole = self.rest.rest();
            self.rest = Reader::new(&[]);
            return Some(whole);
        }
        self.rest.counted()
    }
}

/// Data of one vendor in option 124 or 125 (RFC 3925).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VendorData<'a> {
    /// IANA private enterprise number.
    pub enterprise: u32,
    /// What the vendor defines: in 124 classes, in 125 options.
    pub data: &'a [u8],
}

impl<'a> VendorData<'a> {
    /// The vendors in the value of option 124 or 125. What comes behind a cut off one is not seen.
    pub fn all(bytes: &'a [u8]) -> impl Iterator<Item = Self> + use<'a> {
        let mut rest = Reader::new(bytes);
        std::iter::from_fn(move || Some(VendorData { enterprise: rest.u32()?, data: rest.counted()? }))
    }

    /// The classes, if this comes from option 124 (RFC 3925 section 3).
    pub fn classes(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = Reader::new(self.data);
        std::iter::from_fn(move || rest.counted())
    }

    /// Codes and values, if this comes from option 125 (RFC 3925 section 4).
    pub fn options(&self) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        let mut rest = Reader::new(self.data);
        std::iter::from_fn(move || Some((rest.u8()?, rest.counted()?)))
    }
}
