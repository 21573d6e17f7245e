//! The header (RFC 1035 section 4.1.1).

/// Length of the header in bytes.
pub const HEADER_LEN: usize = 12;

/// What the message asks for (RFC 6895 section 2.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a plain number with names")]
pub struct Opcode(pub u8);

#[allow(missing_docs, reason = "each is the standard's own mnemonic")]
impl Opcode {
    pub const QUERY: Self = Self(0);
    pub const NOTIFY: Self = Self(4);
    pub const UPDATE: Self = Self(5);
}

/// Response code (RFC 6895 section 2.3); above 15 with the help of OPT or TSIG.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a plain number with names")]
pub struct Rcode(pub u16);

#[allow(missing_docs, reason = "each is the standard's own mnemonic")]
impl Rcode {
    pub const NOERROR: Self = Self(0);
    pub const FORMERR: Self = Self(1);
    pub const SERVFAIL: Self = Self(2);
    pub const NXDOMAIN: Self = Self(3);
    pub const NOTIMP: Self = Self(4);
    pub const REFUSED: Self = Self(5);
    pub const YXDOMAIN: Self = Self(6);
    pub const YXRRSET: Self = Self(7);
    pub const NXRRSET: Self = Self(8);
    pub const NOTAUTH: Self = Self(9);
    pub const NOTZONE: Self = Self(10);
    pub const BADVERS: Self = Self(16);
    pub const BADSIG: Self = Self(16);
    pub const BADKEY: Self = Self(17);
    pub const BADTIME: Self = Self(18);
    pub const BADTRUNC: Self = Self(22);
    pub const BADCOOKIE: Self = Self(23);
}

/// The 16 bits of flags, opcode and response code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "a plain number with accessors")]
pub struct Flags(pub u16);

impl Flags {
    /// Response.
    pub const QR: u16 = 0x8000;
    /// Authoritative answer.
    pub const AA: u16 = 0x0400;
    /// Truncated.
    pub const TC: u16 = 0x0200;
    /// Recursion desired.
    pub const RD: u16 = 0x0100;
    /// Recursion available.
    pub const RA: u16 = 0x0080;
    /// Authentic data (RFC 4035).
    pub const AD: u16 = 0x0020;
    /// Checking disabled (RFC 4035).
    pub const CD: u16 = 0x0010;

    /// True if all of `bits` are set.
    #[must_use]
    pub const fn has(self, bits: u16) -> bool {
        self.0 & bits == bits
    }

    /// With `bits` set as well.
    #[must_use]
    pub const fn with(self, bits: u16) -> Self {
        Self(self.0 | bits)
    }

    /// The opcode.
    #[must_use]
    pub const fn opcode(self) -> Opcode {
        Opcode((self.0 >> 11) as u8 & 0x0f)
    }

    /// With this opcode (its low 4 bits).
    #[must_use]
    pub const fn with_opcode(self, opcode: Opcode) -> Self {
        Self(self.0 & !0x7800 | (opcode.0 as u16 & 0x0f) << 11)
    }

    /// The low 4 bits of the response code.
    #[must_use]
    pub const fn rcode(self) -> Rcode {
        Rcode(self.0 & 0x0f)
    }

    /// With the low 4 bits of this response code.
    #[must_use]
    pub const fn with_rcode(self, rcode: Rcode) -> Self {
        Self(self.0 & !0x0f | rcode.0 & 0x0f)
    }
}

/// The header's six numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "RFC 1035's header")]
pub struct Header {
    /// Message id.
    pub id: u16,
    /// Flags, opcode, response code.
    pub flags: Flags,
    /// How many questions (UPDATE: zones), answers (prerequisites), authority (updates) and additional
    /// records follow.
    pub counts: [u16; 4],
}

impl Header {
    /// `None` if there are fewer than 12 bytes.
    #[must_use]
    pub fn parse(message: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER_LEN] = message.first_chunk()?;
        let word = |i: usize| u16::from_be_bytes([bytes[2 * i], bytes[2 * i + 1]]);
        Some(Self { id: word(0), flags: Flags(word(1)), counts: [word(2), word(3), word(4), word(5)] })
    }

    /// The 12 bytes.
    #[must_use]
    pub fn emit(&self) -> [u8; HEADER_LEN] {
        let [a, b, c, d] = self.counts;
        let mut bytes = [0; HEADER_LEN];
        for (pair, word) in bytes.chunks_exact_mut(2).zip([self.id, self.flags.0, a, b, c, d]) {
            pair.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }
}
