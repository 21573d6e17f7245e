//! Type and class numbers with their names (IANA "DNS parameters"; TYPEnnn and CLASSnnn by RFC 3597).

use std::fmt;
use std::str::FromStr;

/// A record type. Unknown ones are kept as their number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a plain number with names")]
pub struct Rtype(pub u16);

/// A class. Zones are of class IN.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a plain number with names")]
pub struct Class(pub u16);

macro_rules! numbers {
    ($of:ident, $names:ident: $($constant:ident $name:literal $number:literal),* $(,)?) => {
        #[allow(missing_docs, reason = "each is the standard's own mnemonic")]
        impl $of {
            $(pub const $constant: Self = Self($number);)*
        }

        const $names: &[(u16, &str)] = &[$(($number, $name)),*];
    };
}

numbers! { Rtype, RTYPES:
    A "A" 1, NS "NS" 2, MD "MD" 3, MF "MF" 4, CNAME "CNAME" 5, SOA "SOA" 6, MB "MB" 7, MG "MG" 8,
    MR "MR" 9, NULL "NULL" 10, WKS "WKS" 11, PTR "PTR" 12, HINFO "HINFO" 13, MINFO "MINFO" 14,
    MX "MX" 15, TXT "TXT" 16, RP "RP" 17, AFSDB "AFSDB" 18, X25 "X25" 19, ISDN "ISDN" 20, RT "RT" 21,
    NSAP "NSAP" 22, NSAP_PTR "NSAP-PTR" 23, SIG "SIG" 24, KEY "KEY" 25, PX "PX" 26, GPOS "GPOS" 27,
    AAAA "AAAA" 28, LOC "LOC" 29, NXT "NXT" 30, EID "EID" 31, NIMLOC "NIMLOC" 32, SRV "SRV" 33,
    ATMA "ATMA" 34, NAPTR "NAPTR" 35, KX "KX" 36, CERT "CERT" 37, A6 "A6" 38, DNAME "DNAME" 39,
    SINK "SINK" 40, OPT "OPT" 41, APL "APL" 42, DS "DS" 43, SSHFP "SSHFP" 44, IPSECKEY "IPSECKEY" 45,
    RRSIG "RRSIG" 46, NSEC "NSEC" 47, DNSKEY "DNSKEY" 48, DHCID "DHCID" 49, NSEC3 "NSEC3" 50,
    NSEC3PARAM "NSEC3PARAM" 51, TLSA "TLSA" 52, SMIMEA "SMIMEA" 53, HIP "HIP" 55, NINFO "NINFO" 56,
    RKEY "RKEY" 57, TALINK "TALINK" 58, CDS "CDS" 59, CDNSKEY "CDNSKEY" 60, OPENPGPKEY "OPENPGPKEY" 61,
    CSYNC "CSYNC" 62, ZONEMD "ZONEMD" 63, SVCB "SVCB" 64, HTTPS "HTTPS" 65, DSYNC "DSYNC" 66,
    SPF "SPF" 99, NID "NID" 104, L32 "L32" 105, L64 "L64" 106, LP "LP" 107, EUI48 "EUI48" 108,
    EUI64 "EUI64" 109, TKEY "TKEY" 249, TSIG "TSIG" 250, IXFR "IXFR" 251, AXFR "AXFR" 252,
    MAILB "MAILB" 253, MAILA "MAILA" 254, ANY "ANY" 255, URI "URI" 256, CAA "CAA" 257, AVC "AVC" 258,
    RESINFO "RESINFO" 261, WALLET "WALLET" 262, TA "TA" 32768, DLV "DLV" 32769,
    DELEG "DELEG" 61440, ALIAS "ALIAS" 65401, DELEGPARAM "DELEGPARAM" 65433,
}

numbers! { Class, CLASSES: IN "IN" 1, CH "CH" 3, HS "HS" 4, NONE "NONE" 254, ANY "ANY" 255 }

impl Rtype {
    /// True for types that exist in messages only: OPT, and 128 to 255 (RFC 6895 section 3.1).
    #[must_use]
    pub const fn is_meta(self) -> bool {
        matches!(self.0, 0 | 41 | 128..=255)
    }

    /// True for the types that DNSSEC adds beside a name's own data, which may stand next to a CNAME
    /// (RFC 4034 section 4, RFC 2136 section 3.4.2.2 as DNSSEC changed it).
    #[must_use]
    pub const fn may_join_cname(self) -> bool {
        matches!(self, Self::RRSIG | Self::NSEC | Self::SIG | Self::NXT | Self::KEY)
    }
}

fn name_of(names: &[(u16, &'static str)], number: u16) -> Option<&'static str> {
    names.binary_search_by_key(&number, |row| row.0).ok().map(|i| names[i].1)
}

fn number_of(names: &[(u16, &'static str)], generic: &str, text: &str) -> Option<u16> {
    if let Some(row) = names.iter().find(|row| row.1.eq_ignore_ascii_case(text)) {
        return Some(row.0);
    }
    let (prefix, digits) = text.split_at_checked(generic.len())?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    (plain && prefix.eq_ignore_ascii_case(generic)).then(|| digits.parse().ok())?
}

/// The text is neither a mnemonic nor of the generic form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a known mnemonic")]
#[allow(clippy::exhaustive_structs, reason = "says all it can")]
pub struct UnknownMnemonic;

impl FromStr for Rtype {
    type Err = UnknownMnemonic;

    fn from_str(text: &str) -> Result<Self, UnknownMnemonic> {
        number_of(RTYPES, "TYPE", text).map(Self).ok_or(UnknownMnemonic)
    }
}

impl FromStr for Class {
    type Err = UnknownMnemonic;

    fn from_str(text: &str) -> Result<Self, UnknownMnemonic> {
        number_of(CLASSES, "CLASS", text).map(Self).ok_or(UnknownMnemonic)
    }
}

impl fmt::Display for Rtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match name_of(RTYPES, self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "TYPE{}", self.0),
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match name_of(CLASSES, self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "CLASS{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mnemonics_and_generic_forms() {
        assert!(RTYPES.is_sorted_by_key(|row| row.0));
        for &(number, name) in RTYPES {
            assert_eq!(Rtype(number).to_string(), name);
            assert_eq!(name.to_ascii_lowercase().parse(), Ok(Rtype(number)));
            assert_eq!(format!("type{number}").parse(), Ok(Rtype(number)));
        }
        assert_eq!(Rtype(65280).to_string(), "TYPE65280");
        assert_eq!(Class(7).to_string(), "CLASS7");
        assert_eq!("CLASS1".parse(), Ok(Class::IN));
        for bad in ["", "TYPE", "TYPE65536", "TYPE+1", "TYPE-1", "IN"] {
            assert_eq!(bad.parse::<Rtype>(), Err(UnknownMnemonic), "{bad}");
        }
    }
}
