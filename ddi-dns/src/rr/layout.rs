//! What the data of each type is made of: one table, from which names are expanded, data is checked and
//! brought into canonical form.

use super::Rtype;
use crate::name::{NameError, NameRef};

/// One part of a record's data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the parts that the table below is made of")]
pub enum Field {
    /// A name that a sender may compress (RFC 1035), or that senders did compress (RFC 3597 section 4),
    /// and that is lower case in canonical form (RFC 4034 section 6.2).
    NameCompressed,
    /// A name that must not be compressed but is lower case in canonical form.
    NameLower,
    /// A name that must not be compressed and keeps its case (RFC 6840 section 5.1, RFC 3597 section 7).
    NamePlain,
    /// This many bytes.
    Fixed(u8),
    /// A character string: length byte and bytes.
    Text,
    /// One or more character strings, to the end.
    Texts,
    /// Any bytes to the end, at least this many.
    Rest(u8),
    /// Type bit maps to the end (RFC 4034 section 4.1.2).
    Types,
    /// Address prefixes to the end (RFC 3123).
    Prefixes,
    /// Service parameters to the end, keys rising (RFC 9460 section 2.2).
    Params,
    /// Gateway by the type in the second byte before it (RFC 4025 section 2), and key to the end.
    Gateway,
    /// Lengths, host identity, key and names (RFC 8005 section 5).
    HostIdentity,
}

use Field::{
    Fixed, Gateway, HostIdentity, NameCompressed, NameLower, NamePlain, Params, Prefixes, Rest, Text, Texts,
    Types,
};

/// The parts of this type's data, in order. Unknown types are any bytes (RFC 3597).
#[must_use]
pub const fn fields(rtype: Rtype) -> &'static [Field] {
    match rtype {
        Rtype::A => &[Fixed(4)],
        Rtype::AAAA => &[Fixed(16)],
        Rtype::NS | Rtype::MD | Rtype::MF | Rtype::CNAME | Rtype::MB | Rtype::MG | Rtype::MR | Rtype::PTR => {
            &[NameCompressed]
        }
        Rtype::SOA => &[NameCompressed, NameCompressed, Fixed(20)],
        Rtype::MINFO | Rtype::RP => &[NameCompressed, NameCompressed],
        Rtype::MX | Rtype::AFSDB | Rtype::RT => &[Fixed(2), NameCompressed],
        Rtype::PX => &[Fixed(2), NameCompressed, NameCompressed],
        Rtype::SIG => &[Fixed(18), NameCompressed, Rest(0)],
        Rtype::NXT => &[NameCompressed, Rest(1)],
        Rtype::SRV => &[Fixed(6), NameCompressed],
        Rtype::NAPTR => &[Fixed(4), Text, Text, Text, NameCompressed],
        Rtype::KX => &[Fixed(2), NameLower],
        Rtype::DNAME => &[NameLower],
        Rtype::RRSIG => &[Fixed(18), NameLower, Rest(0)],
        Rtype::NSEC => &[NamePlain, Types],
        Rtype::LP => &[Fixed(2), NamePlain],
        Rtype::TALINK => &[NamePlain, NamePlain],
        Rtype::NSAP_PTR | Rtype::ALIAS => &[NamePlain],
        Rtype::DSYNC => &[Fixed(5), NamePlain],
        Rtype::SVCB | Rtype::HTTPS => &[Fixed(2), NamePlain, Params],
        Rtype::DELEG | Rtype::DELEGPARAM => &[Params],
        Rtype::HINFO => &[Text, Text],
        Rtype::X25 => &[Text],
        Rtype::GPOS => &[Text, Text, Text],
        Rtype::TXT
        | Rtype::SPF
        | Rtype::ISDN
        | Rtype::NINFO
        | Rtype::AVC
        | Rtype::RESINFO
        | Rtype::WALLET => &[Texts],
        Rtype::WKS => &[Fixed(5), Rest(0)],
        Rtype::LOC => &[Fixed(16)],
        Rtype::CERT => &[Fixed(5), Rest(0)],
        Rtype::APL => &[Prefixes],
        Rtype::DS | Rtype::CDS | Rtype::TA | Rtype::DLV => &[Fixed(4), Rest(0)],
        Rtype::SSHFP => &[Fixed(2), Rest(0)],
        Rtype::IPSECKEY => &[Fixed(3), Gateway],
        Rtype::KEY | Rtype::DNSKEY | Rtype::CDNSKEY | Rtype::RKEY => &[Fixed(4), Rest(0)],
        // Shorter than their RFCs want them, as others keep and send them.
        Rtype::DHCID => &[Rest(1)],
        Rtype::ZONEMD => &[Fixed(6), Rest(1)],
        Rtype::URI => &[Fixed(4), Rest(0)],
        Rtype::NSEC3 => &[Fixed(4), Text, Text, Types],
        Rtype::NSEC3PARAM => &[Fixed(4), Text],
        Rtype::TLSA | Rtype::SMIMEA => &[Fixed(3), Rest(0)],
        Rtype::HIP => &[HostIdentity],
        Rtype::CSYNC => &[Fixed(6), Types],
        Rtype::NID | Rtype::L64 => &[Fixed(10)],
        Rtype::L32 => &[Fixed(6)],
        Rtype::EUI48 => &[Fixed(6)],
        Rtype::EUI64 => &[Fixed(8)],
        Rtype::CAA => &[Fixed(1), Text, Rest(0)],
        Rtype::OPENPGPKEY => &[Rest(1)],
        _ => &[Rest(0)],
    }
}

/// Why bytes are not the data of their type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RdataError {
    /// A name in it is bad.
    #[error("name in the data: {0}")]
    Name(#[from] NameError),
    /// It ends too early.
    #[error("data is cut short")]
    Truncated,
    /// Bytes are left over.
    #[error("{0} bytes follow the data")]
    Trailing(usize),
    /// Type bit maps, address prefixes or service parameters break their rules.
    #[error("{0}")]
    Malformed(&'static str),
    /// More than 65535 bytes once its names are expanded.
    #[error("data is longer than 65535 bytes")]
    TooLong,
}

/// Checks uncompressed data against the layout of its type.
pub fn check_rdata(rtype: Rtype, rdata: &[u8]) -> Result<(), RdataError> {
    walk(rtype, rdata, |_, _| {})
}

/// Calls `visit` with each part of uncompressed data and its bytes, in order.
pub(crate) fn walk<'a>(
    rtype: Rtype,
    rdata: &'a [u8],
    mut visit: impl FnMut(Field, &'a [u8]),
) -> Result<(), RdataError> {
    let mut rest = rdata;
    for &field in fields(rtype) {
        let len = field_len(field, rdata, rest)?;
        let (part, tail) = rest.split_at_checked(len).ok_or(RdataError::Truncated)?;
        visit(field, part);
        rest = tail;
    }
    if rest.is_empty() { Ok(()) } else { Err(RdataError::Trailing(rest.len())) }
}

/// The length of the part that `rest` starts with; `whole` is all of the data.
fn field_len(field: Field, whole: &[u8], rest: &[u8]) -> Result<usize, RdataError> {
    let all = rest.len();
    Ok(match field {
        NameCompressed | NameLower | NamePlain => NameRef::split(rest)?.0.wire().len(),
        Fixed(len) => usize::from(len),
        Text => 1 + usize::from(*rest.first().ok_or(RdataError::Truncated)?),
        Texts => {
            check_texts(rest)?;
            all
        }
        Rest(least) if all < usize::from(least) => return Err(RdataError::Truncated),
        Rest(_) => all,
        Types => {
            check_types(rest)?;
            all
        }
        Prefixes => {
            check_prefixes(rest)?;
            all
        }
        Params => {
            check_params(rest)?;
            all
        }
        Gateway => {
            check_gateway(whole.get(1).copied(), rest)?;
            all
        }
        HostIdentity => {
            check_host_identity(rest)?;
            all
        }
    })
}

fn check_texts(mut rest: &[u8]) -> Result<(), RdataError> {
    loop {
        let len = usize::from(*rest.first().ok_or(RdataError::Truncated)?);
        rest = rest.get(1 + len..).ok_or(RdataError::Truncated)?;
        if rest.is_empty() {
            return Ok(());
        }
    }
}

/// RFC 4034 section 4.1.2: windows rising, 1 to 32 bytes each, no trailing zero byte.
fn check_types(mut rest: &[u8]) -> Result<(), RdataError> {
    let mut last = None;
    while let Some((&window, tail)) = rest.split_first() {
        let len = usize::from(*tail.first().ok_or(RdataError::Truncated)?);
        let bits = tail.get(1..1 + len).ok_or(RdataError::Truncated)?;
        if len == 0 || len > 32 || bits.last() == Some(&0) {
            return Err(RdataError::Malformed("type bit map of a bad length"));
        }
        if last.is_some_and(|last| window <= last) {
            return Err(RdataError::Malformed("type bit map windows are not in order"));
        }
        last = Some(window);
        rest = &tail[1 + len..];
    }
    Ok(())
}

/// RFC 3123 section 4: family, prefix, negation and length, address without trailing zero bytes.
fn check_prefixes(mut rest: &[u8]) -> Result<(), RdataError> {
    while !rest.is_empty() {
        let &[family_high, family_low, prefix, coded, ..] = rest else {
            return Err(RdataError::Truncated);
        };
        let len = usize::from(coded & 0x7f);
        let address = rest.get(4..4 + len).ok_or(RdataError::Truncated)?;
        let bits = match u16::from_be_bytes([family_high, family_low]) {
            1 => Some(32),
            2 => Some(128),
            _ => None,
        };
        if bits.is_some_and(|bits| prefix > bits || len > usize::from(bits / 8)) {
            return Err(RdataError::Malformed("address prefix is longer than its family's addresses"));
        }
        if address.last() == Some(&0) {
            return Err(RdataError::Malformed("address prefix ends in a zero byte"));
        }
        rest = &rest[4 + len..];
    }
    Ok(())
}

/// RFC 9460 section 2.2: keys strictly rising.
fn check_params(mut rest: &[u8]) -> Result<(), RdataError> {
    let mut last = None;
    while !rest.is_empty() {
        let &[key_high, key_low, len_high, len_low, ..] = rest else {
            return Err(RdataError::Truncated);
        };
        let key = u16::from_be_bytes([key_high, key_low]);
        let len = usize::from(u16::from_be_bytes([len_high, len_low]));
        if last.is_some_and(|last| key <= last) {
            return Err(RdataError::Malformed("service parameter keys are not in order"));
        }
        last = Some(key);
        rest = rest.get(4 + len..).ok_or(RdataError::Truncated)?;
    }
    Ok(())
}

fn check_gateway(kind: Option<u8>, rest: &[u8]) -> Result<(), RdataError> {
    let len = match kind {
        Some(0) => 0,
        Some(1) => 4,
        Some(2) => 16,
        Some(3) => NameRef::split(rest)?.0.wire().len(),
        _ => return Err(RdataError::Malformed("gateway type is not known")),
    };
    if rest.len() < len { Err(RdataError::Truncated) } else { Ok(()) }
}

/// RFC 8005 section 5: HIT length, algorithm, key length, HIT, key, rendezvous servers' names.
fn check_host_identity(rest: &[u8]) -> Result<(), RdataError> {
    let &[hit, _, key_high, key_low, ..] = rest else {
        return Err(RdataError::Truncated);
    };
    let identity = usize::from(hit) + usize::from(u16::from_be_bytes([key_high, key_low]));
    let mut names = rest.get(4 + identity..).ok_or(RdataError::Truncated)?;
    while !names.is_empty() {
        names = NameRef::split(names)?.1;
    }
    Ok(())
}

/// The names in uncompressed, checked data: targets whose addresses go into the additional section, or
/// that compression may share.
pub fn names_in_rdata(rtype: Rtype, rdata: &[u8], mut visit: impl FnMut(NameRef<'_>)) {
    let walked = walk(rtype, rdata, |field, part| {
        if let (NameCompressed | NameLower | NamePlain, Ok(name)) = (field, NameRef::new(part)) {
            visit(name);
        }
    });
    debug_assert!(walked.is_ok(), "data was checked before it was stored");
}

/// Appends the canonical form (RFC 4034 section 6.2, as RFC 6840 section 5.1 corrects it) of
/// uncompressed data to `out`.
pub fn canonical_rdata(rtype: Rtype, rdata: &[u8], out: &mut Vec<u8>) -> Result<(), RdataError> {
    walk(rtype, rdata, |field, part| match field {
        NameCompressed | NameLower => out.extend(part.iter().map(u8::to_ascii_lowercase)),
        _ => out.extend_from_slice(part),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_checked_by_its_layout() {
        use RdataError::{Malformed, Trailing, Truncated};
        let cases: &[(Rtype, &[u8], Result<(), RdataError>)] = &[
            (Rtype::A, &[1, 2, 3, 4], Ok(())),
            (Rtype::A, &[1, 2, 3], Err(Truncated)),
            (Rtype::A, &[1, 2, 3, 4, 5], Err(Trailing(1))),
            (Rtype::NS, b"\x01a\x00", Ok(())),
            (Rtype::NS, b"\x01a", Err(RdataError::Name(NameError::Truncated))),
            (Rtype::NS, b"\xc0\x0c", Err(RdataError::Name(NameError::Pointer))),
            (Rtype::TXT, b"\x01a\x00", Ok(())),
            (Rtype::TXT, b"", Err(Truncated)),
            (Rtype::TXT, b"\x02a", Err(Truncated)),
            (Rtype::NSEC, b"\x01a\x00\x00\x01\x40", Ok(())),
            (Rtype::NSEC, b"\x00\x00\x02\x40\x00", Err(Malformed("type bit map of a bad length"))),
            (
                Rtype::NSEC,
                b"\x00\x01\x01\x40\x00\x01\x40",
                Err(Malformed("type bit map windows are not in order")),
            ),
            (Rtype::APL, &[0, 1, 24, 3, 10, 0, 1], Ok(())),
            (
                Rtype::APL,
                &[0, 1, 33, 0],
                Err(Malformed("address prefix is longer than its family's addresses")),
            ),
            (Rtype::SVCB, &[0, 1, 0, 0, 1, 0, 0, 0, 3, 0, 2, 1, 187], Ok(())),
            (
                Rtype::SVCB,
                &[0, 1, 0, 0, 3, 0, 0, 0, 3, 0, 0],
                Err(Malformed("service parameter keys are not in order")),
            ),
            (Rtype::IPSECKEY, &[10, 3, 2, 1, b'a', 0, 9], Ok(())),
            (Rtype::IPSECKEY, &[10, 1, 2, 1, 2, 3], Err(Truncated)),
            (Rtype::HIP, &[1, 2, 0, 1, 7, 7, 1, b'a', 0], Ok(())),
            (Rtype(65280), b"", Ok(())),
        ];
        for (rtype, rdata, expected) in cases {
            assert_eq!(check_rdata(*rtype, rdata), *expected, "{rtype} {rdata:?}");
        }
    }

    #[test]
    fn canonical_form_lowers_the_names_of_the_old_types_only() {
        let mut out = Vec::new();
        canonical_rdata(Rtype::MX, b"\x00\x01\x01A\x00", &mut out).unwrap();
        canonical_rdata(Rtype::NSEC, b"\x01A\x00", &mut out).unwrap();
        canonical_rdata(Rtype::TXT, b"\x01A", &mut out).unwrap();
        assert_eq!(out, b"\x00\x01\x01a\x00\x01A\x00\x01A");
    }
}
