//! How the data of each type is written: one table for the reader and the writer.

use crate::rr::Rtype;

/// One part of a record's data in text form. What it becomes on the wire is [`crate::rr::fields`]' matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// A name.
    Name,
    /// Numbers.
    U8,
    U16,
    U32,
    /// Seconds, as a number or with units: `1h30m`.
    Ttl,
    /// Seconds since 1970, or YYYYMMDDHHmmSS (RFC 4034 section 3.2).
    Time,
    Ipv4,
    Ipv6,
    /// Two bytes: a type's mnemonic.
    Type,
    /// A number or a mnemonic of the table.
    Named(&'static Mnemonics),
    /// One string, with its length byte.
    Text,
    /// One string or more; a longer one becomes several.
    Texts,
    /// One string of letters and digits, never in quotes (RFC 8659 section 4.1).
    Tag,
    /// One string to the end, without a length byte (RFC 7553 section 4.4, RFC 8659 section 4.1).
    LongText,
    /// Hexadecimal to the end, blanks allowed.
    Hex,
    /// Base64 to the end, blanks allowed.
    Base64,
    /// Length byte and hexadecimal; `-` is none (RFC 5155 section 3.3).
    Salt,
    /// Length byte and base32 with the extended hexadecimal alphabet.
    Hash,
    /// Type bit maps to the end.
    Types,
    /// The one bit map of NXT (RFC 2535 section 5.2).
    OldTypes,
    /// Address prefixes to the end (RFC 3123 section 5).
    Prefixes,
    /// Place on earth (RFC 1876 section 3).
    Location,
    /// This many bytes in hexadecimal, with dashes between (RFC 7043).
    Eui(usize),
    /// Four groups of four hexadecimal digits (RFC 6742 section 2.1.2).
    Locator,
    /// `0x` and hexadecimal, dots allowed (RFC 1706 section 6).
    Nsap,
    /// Gateway type, algorithm, gateway and key (RFC 4025 section 3.1).
    Gateway,
    /// RFC 8005 section 6.
    HostIdentity,
    /// Protocol and ports (RFC 1035 section 3.4.2).
    Services,
    /// Service parameters (RFC 9460 section 2.1).
    Parameters(&'static ParameterKeys),
}

/// Names of numbers, and how many bytes such a number takes.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Mnemonics {
    pub(super) bytes: usize,
    pub(super) names: &'static [(u16, &'static str)],
}

/// DNS security algorithm numbers (IANA), with the names that RFC 4034 appendix A.1 and later ones gave.
pub(super) const ALGORITHM: Mnemonics = Mnemonics {
    bytes: 1,
    names: &[
        (1, "RSAMD5"),
        (2, "DH"),
        (3, "DSA"),
        (5, "RSASHA1"),
        (6, "DSA-NSEC3-SHA1"),
        (6, "NSEC3DSA"),
        (7, "RSASHA1-NSEC3-SHA1"),
        (7, "NSEC3RSASHA1"),
        (8, "RSASHA256"),
        (10, "RSASHA512"),
        (12, "ECC-GOST"),
        (12, "ECCGOST"),
        (13, "ECDSAP256SHA256"),
        (14, "ECDSAP384SHA384"),
        (15, "ED25519"),
        (16, "ED448"),
        (252, "INDIRECT"),
        (253, "PRIVATEDNS"),
        (254, "PRIVATEOID"),
    ],
};

/// Certificate types (RFC 4398 section 2.1).
const CERTIFICATE: Mnemonics = Mnemonics {
    bytes: 2,
    names: &[
        (1, "PKIX"),
        (2, "SPKI"),
        (3, "PGP"),
        (4, "IPKIX"),
        (5, "ISPKI"),
        (6, "IPGP"),
        (7, "ACPKIX"),
        (8, "IACPKIX"),
        (253, "URI"),
        (254, "OID"),
    ],
};

/// DSYNC schemes (RFC 9859 section 2.3).
const SCHEME: Mnemonics = Mnemonics { bytes: 1, names: &[(1, "NOTIFY")] };

/// What the value of a service parameter is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Value {
    /// Keys that a client must know (RFC 9460 section 8).
    Mandatory,
    /// Strings of 1 to 255 bytes, with commas between.
    Protocols,
    /// None.
    Nothing,
    Port,
    Ipv4,
    Ipv6,
    Base64,
    /// One string, not empty.
    Text,
    /// Names with commas between.
    Names,
}

/// The service parameters of a type, by their key.
pub(super) type ParameterKeys = [(&'static str, Value)];

/// RFC 9460 section 14.3.2, RFC 9461 section 5 and RFC 9540 section 4.
const SERVICE: [(&str, Value); 9] = [
    ("mandatory", Value::Mandatory),
    ("alpn", Value::Protocols),
    ("no-default-alpn", Value::Nothing),
    ("port", Value::Port),
    ("ipv4hint", Value::Ipv4),
    ("ech", Value::Base64),
    ("ipv6hint", Value::Ipv6),
    ("dohpath", Value::Text),
    ("ohttp", Value::Nothing),
];

/// The draft of DELEG.
const DELEGATION: [(&str, Value); 5] = [
    ("mandatory", Value::Mandatory),
    ("server-ipv4", Value::Ipv4),
    ("server-ipv6", Value::Ipv6),
    ("server-name", Value::Names),
    ("include-delegparam", Value::Names),
];

use Part::{
    Base64, Eui, Gateway, Hash, Hex, HostIdentity, Ipv4, Ipv6, Location, Locator, LongText, Name, Named,
    Nsap, OldTypes, Parameters, Prefixes, Salt, Services, Tag, Text, Texts, Time, Ttl, Type, Types, U8, U16,
    U32,
};

/// The parts of this type's data, in order; none if it has the `\#` form only (RFC 3597 section 5).
pub(super) const fn parts(rtype: Rtype) -> &'static [Part] {
    match rtype {
        Rtype::A => &[Ipv4],
        Rtype::AAAA => &[Ipv6],
        Rtype::NS | Rtype::CNAME | Rtype::PTR | Rtype::DNAME | Rtype::ALIAS => &[Name],
        Rtype::MD | Rtype::MF | Rtype::MB | Rtype::MG | Rtype::MR | Rtype::NSAP_PTR => &[Name],
        Rtype::SOA => &[Name, Name, U32, Ttl, Ttl, Ttl, Ttl],
        Rtype::MINFO | Rtype::RP | Rtype::TALINK => &[Name, Name],
        Rtype::MX | Rtype::AFSDB | Rtype::RT | Rtype::KX | Rtype::LP => &[U16, Name],
        Rtype::PX => &[U16, Name, Name],
        Rtype::SRV => &[U16, U16, U16, Name],
        Rtype::NAPTR => &[U16, U16, Text, Text, Text, Name],
        Rtype::TXT | Rtype::SPF | Rtype::NINFO | Rtype::AVC | Rtype::RESINFO | Rtype::WALLET => &[Texts],
        Rtype::ISDN => &[Texts],
        Rtype::HINFO => &[Text, Text],
        Rtype::X25 => &[Text],
        Rtype::GPOS => &[Text, Text, Text],
        Rtype::URI => &[U16, U16, LongText],
        Rtype::CAA => &[U8, Tag, LongText],
        Rtype::CERT => &[Named(&CERTIFICATE), U16, Named(&ALGORITHM), Base64],
        Rtype::KEY | Rtype::DNSKEY | Rtype::CDNSKEY | Rtype::RKEY => &[U16, U8, Named(&ALGORITHM), Base64],
        Rtype::DS | Rtype::CDS | Rtype::TA | Rtype::DLV => &[U16, Named(&ALGORITHM), U8, Hex],
        Rtype::SIG | Rtype::RRSIG => &[Type, Named(&ALGORITHM), U8, Ttl, Time, Time, U16, Name, Base64],
        Rtype::NSEC => &[Name, Types],
        Rtype::NXT => &[Name, OldTypes],
        Rtype::NSEC3 => &[U8, U8, U16, Salt, Hash, Types],
        Rtype::NSEC3PARAM => &[U8, U8, U16, Salt],
        Rtype::CSYNC => &[U32, U16, Types],
        Rtype::ZONEMD => &[U32, U8, U8, Hex],
        Rtype::SSHFP => &[U8, U8, Hex],
        Rtype::TLSA | Rtype::SMIMEA => &[U8, U8, U8, Hex],
        Rtype::DHCID | Rtype::OPENPGPKEY => &[Base64],
        Rtype::IPSECKEY => &[U8, Gateway],
        Rtype::HIP => &[HostIdentity],
        Rtype::WKS => &[Ipv4, Services],
        Rtype::LOC => &[Location],
        Rtype::APL => &[Prefixes],
        Rtype::EUI48 => &[Eui(6)],
        Rtype::EUI64 => &[Eui(8)],
        Rtype::NID | Rtype::L64 => &[U16, Locator],
        Rtype::L32 => &[U16, Ipv4],
        Rtype::NSAP => &[Nsap],
        Rtype::EID | Rtype::NIMLOC => &[Hex],
        Rtype::DSYNC => &[Type, Named(&SCHEME), U16, Name],
        Rtype::SVCB | Rtype::HTTPS => &[U16, Name, Parameters(&SERVICE)],
        Rtype::DELEG | Rtype::DELEGPARAM => &[Parameters(&DELEGATION)],
        _ => &[],
    }
}

/// True for the types that BIND, Knot and NSD have read by name for years. The others, most of them
/// obsolete, are written as TYPEnnn.
pub(super) const fn is_widely_known(rtype: Rtype) -> bool {
    matches!(
        rtype,
        Rtype::A
            | Rtype::NS
            | Rtype::CNAME
            | Rtype::SOA
            | Rtype::PTR
            | Rtype::HINFO
            | Rtype::MINFO
            | Rtype::MX
            | Rtype::TXT
            | Rtype::RP
            | Rtype::AFSDB
            | Rtype::RT
            | Rtype::KEY
            | Rtype::AAAA
            | Rtype::LOC
            | Rtype::SRV
            | Rtype::NAPTR
            | Rtype::KX
            | Rtype::CERT
            | Rtype::DNAME
            | Rtype::APL
            | Rtype::DS
            | Rtype::SSHFP
            | Rtype::IPSECKEY
            | Rtype::RRSIG
            | Rtype::NSEC
            | Rtype::DNSKEY
            | Rtype::DHCID
            | Rtype::NSEC3
            | Rtype::NSEC3PARAM
            | Rtype::TLSA
            | Rtype::SMIMEA
            | Rtype::CDS
            | Rtype::CDNSKEY
            | Rtype::OPENPGPKEY
            | Rtype::CSYNC
            | Rtype::ZONEMD
            | Rtype::SVCB
            | Rtype::HTTPS
            | Rtype::SPF
            | Rtype::NID
            | Rtype::L32
            | Rtype::L64
            | Rtype::LP
            | Rtype::EUI48
            | Rtype::EUI64
            | Rtype::URI
            | Rtype::CAA
    )
}
