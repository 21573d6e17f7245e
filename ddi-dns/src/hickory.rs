//! hickory-proto's `Name`, `Record` and `RData` from and to ours: for callers who want typed data, or who have
//! it already. With the feature `hickory`.
//!
//! Nothing here is on a path that packets take. No byte is lost either way: data that hickory-proto does not
//! know, does not accept or would write differently becomes [`RData::Unknown`].
//!
//! ```
//! use ddi_dns::hickory::{rdata_of, typed_rdata};
//! use ddi_dns::Rtype;
//! use hickory_proto::rr::{RData, rdata::A};
//!
//! let typed = typed_rdata(Rtype::A, &[192, 0, 2, 1]).unwrap();
//! assert_eq!(typed, RData::A(A::new(192, 0, 2, 1)));
//! assert_eq!(rdata_of(&typed).unwrap(), (Rtype::A, vec![192, 0, 2, 1]));
//! ```

use crate::delta::{RecordRef, Records};
use crate::name::{LABEL_MAX, NAME_MAX, Name, NameError, NameRef};
use crate::rr::{Class, RdataError, Rtype, check_rdata};
use hickory_proto::ProtoError;
use hickory_proto::rr::rdata::NULL;
use hickory_proto::rr::{DNSClass, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecoder, BinEncodable, BinEncoder, NameEncoding, Restrict};

/// Why one side's name or data is none of the other's.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HickoryError {
    /// It is no name.
    #[error("name: {0}")]
    Name(#[from] NameError),
    /// It is not data of its type.
    #[error("data: {0}")]
    Rdata(#[from] RdataError),
    /// hickory-proto does not make a name or bytes of it.
    #[error("hickory-proto: {0}")]
    Proto(#[from] ProtoError),
}

impl TryFrom<NameRef<'_>> for hickory_proto::rr::Name {
    type Error = HickoryError;

    fn try_from(name: NameRef<'_>) -> Result<Self, HickoryError> {
        Ok(Self::from_labels(name.labels())?)
    }
}

impl TryFrom<&Name> for hickory_proto::rr::Name {
    type Error = HickoryError;

    fn try_from(name: &Name) -> Result<Self, HickoryError> {
        name.as_ref().try_into()
    }
}

/// A name without a final dot is taken as if it had one, as hickory-proto itself writes it.
impl TryFrom<&hickory_proto::rr::Name> for Name {
    type Error = HickoryError;

    fn try_from(name: &hickory_proto::rr::Name) -> Result<Self, HickoryError> {
        let mut wire = Vec::with_capacity(NAME_MAX);
        for label in name {
            match label.len() {
                0 => return Err(NameError::EmptyLabel.into()),
                1..=LABEL_MAX => wire.push(label.len() as u8),
                _ => return Err(NameError::LabelTooLong.into()),
            }
            wire.extend_from_slice(label);
        }
        wire.push(0);
        Ok(Self::from_wire(&wire)?)
    }
}

/// Uncompressed data of a type, as hickory-proto has it. None at all, where the type must have some, is what
/// an UPDATE says to remove (RFC 2136 section 2.5).
pub fn typed_rdata(rtype: Rtype, rdata: &[u8]) -> Result<RData, RdataError> {
    let number = RecordType::from(rtype.0);
    match check_rdata(rtype, rdata) {
        Err(_) if rdata.is_empty() => return Ok(RData::Update0(number)),
        checked => checked?,
    }
    let unknown = || RData::Unknown { code: number, rdata: null(rdata) };
    Ok(read(rtype, rdata)
        .filter(|typed| written(typed).is_ok_and(|wire| wire == rdata))
        .unwrap_or_else(unknown))
}

/// The type and the uncompressed data.
pub fn rdata_of(typed: &RData) -> Result<(Rtype, Vec<u8>), HickoryError> {
    let rtype = Rtype(typed.record_type().into());
    let rdata = written(typed)?;
    if !matches!(typed, RData::Update0(_)) {
        check_rdata(rtype, &rdata)?;
    }
    Ok((rtype, rdata))
}

impl TryFrom<&RecordRef<'_>> for Record {
    type Error = HickoryError;

    fn try_from(record: &RecordRef<'_>) -> Result<Self, HickoryError> {
        let data = typed_rdata(record.rtype, record.rdata)?;
        let mut typed = Self::from_rdata(record.owner.try_into()?, record.ttl, data);
        typed.dns_class = DNSClass::from(record.class.0);
        Ok(typed)
    }
}

/// The one record: [`Records::first`] borrows it.
impl TryFrom<&Record> for Records {
    type Error = HickoryError;

    fn try_from(typed: &Record) -> Result<Self, HickoryError> {
        let owner = Name::try_from(&typed.name)?;
        let (rtype, rdata) = rdata_of(&typed.data)?;
        let class = Class(typed.dns_class.into());
        let mut records = Self::new();
        records.push(&RecordRef { owner: owner.as_ref(), rtype, class, ttl: typed.ttl, rdata: &rdata });
        Ok(records)
    }
}

/// What hickory-proto makes of data that was checked.
fn read(rtype: Rtype, rdata: &[u8]) -> Option<RData> {
    // Of these two our table knows no names, but hickory-proto does, and would follow pointers in them.
    let hidden_name = matches!(RecordType::from(rtype.0), RecordType::TSIG | RecordType::ANAME);
    if hidden_name && NameRef::split(rdata).is_err() {
        return None;
    }
    let len = u16::try_from(rdata.len()).ok()?;
    RData::read(&mut BinDecoder::new(rdata), rtype.0.into(), Restrict::new(len)).ok()
}

fn written(typed: &RData) -> Result<Vec<u8>, ProtoError> {
    let mut wire = Vec::new();
    let mut encoder = BinEncoder::new(&mut wire);
    encoder.set_name_encoding(NameEncoding::Uncompressed);
    typed.emit(&mut encoder)?;
    Ok(wire)
}

/// `NULL::with` asserts that there are bytes.
fn null(rdata: &[u8]) -> NULL {
    if rdata.is_empty() { NULL::new() } else { NULL::with(rdata.to_vec()) }
}
