//! From and to `dhcproto`'s message, which others speak.
//!
//! `dhcproto` 0.15 panics on some input, drops what follows an option it can't decode, and files some
//! options under another code. So nothing is handed to it that was not looked at first: options go over
//! one by one, and one that it would not give back as it was goes over as unknown bytes under its code.

use ddi_core::HwAddr;
use dhcproto::v4::{self as other, DhcpOption, OptionCode, UnknownOption};
use dhcproto::{Decodable, Decoder, Encodable, Encoder};

use super::code;
use super::header::{Header, Op, field};
use super::message::Message;
use super::set::OptionSet;
use crate::bytes::{Reader, Writer};
use crate::error::ConvertError;

impl TryFrom<&Message> for other::Message {
    type Error = ConvertError;

    /// # Errors
    /// If the hardware address does not fit in chaddr, or option 53 is not one byte: `dhcproto` relies
    /// on that.
    fn try_from(message: &Message) -> Result<Self, ConvertError> {
        let mut converted = to_header(&message.header)?;
        for (code, bytes) in message.options.iter() {
            converted.opts_mut().insert(to_option(code, bytes)?);
        }
        Ok(converted)
    }
}

impl TryFrom<&other::Message> for Message {
    type Error = ConvertError;

    /// The options come in the order of their codes. Lists and texts without an element are not put, as
    /// `dhcproto` does not write them either.
    ///
    /// # Errors
    /// If a field holds what a packet can't: hlen above 16, another op, names that are too long, options
    /// that can't be written.
    fn try_from(message: &other::Message) -> Result<Self, ConvertError> {
        let mut options = OptionSet::new();
        for (_, option) in message.opts().iter() {
            let code = u8::from(OptionCode::from(option));
            if let DhcpOption::Unknown(unknown) = option {
                options.put(code, unknown.data());
            } else if let Some(bytes) = from_option(code, option)? {
                options.put(code, &bytes);
            }
        }
        Ok(Self { header: from_header(message)?, options })
    }
}

/// By way of bytes: its own constructors draw a random transaction id.
fn to_header(header: &Header) -> Result<other::Message, ConvertError> {
    let addr = header.hw_addr;
    let too_long = ConvertError::HwAddrTooLong { htype: addr.htype(), len: addr.bytes().len() };
    let mut bytes = [0; field::OPTIONS];
    header.emit_up_to_sname(&mut Writer::new(&mut bytes)).map_err(|_| too_long.clone())?;
    bytes[field::COOKIE..].copy_from_slice(&super::header::MAGIC_COOKIE);
    let mut message = other::Message::decode(&mut Decoder::new(&bytes)).map_err(|_| too_long)?;
    // Set apart from the rest, because its decoder drops names that fill their field.
    if header.sname.iter().any(|&b| b != 0) {
        message.set_sname(without_padding(&header.sname));
    }
    if header.file.iter().any(|&b| b != 0) {
        message.set_fname(without_padding(&header.file));
    }
    Ok(message)
}

fn from_header(message: &other::Message) -> Result<Header, ConvertError> {
    let (htype, hlen) = (u8::from(message.htype()), message.hlen());
    let too_long = ConvertError::HwAddrTooLong { htype: htype.into(), len: hlen.into() };
    if usize::from(hlen) > field::CHADDR_LEN {
        return Err(too_long);
    }
    let op = match u8::from(message.opcode()) {
        1 => Op::Request,
        2 => Op::Reply,
        op => return Err(ConvertError::UnknownOp { op }),
    };
    Ok(Header {
        op,
        hops: message.hops(),
        hw_addr: HwAddr::new(htype.into(), message.chaddr()).ok_or(too_long)?,
        xid: message.xid(),
        secs: message.secs(),
        flags: message.flags().into(),
        ciaddr: message.ciaddr(),
        yiaddr: message.yiaddr(),
        siaddr: message.siaddr(),
        giaddr: message.giaddr(),
        sname: padded(message.sname())?,
        file: padded(message.fname())?,
    })
}

fn without_padding(name: &[u8]) -> &[u8] {
    let len = name.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
    name.get(..len).unwrap_or_default()
}

fn padded<const N: usize>(name: Option<&[u8]>) -> Result<[u8; N], ConvertError> {
    let name = name.unwrap_or_default();
    let mut field = [0; N];
    let too_long = ConvertError::NameTooLong { len: name.len(), room: N };
    field.get_mut(..name.len()).ok_or(too_long)?.copy_from_slice(name);
    Ok(field)
}

/// Lengths that `dhcproto` asserts, or subtracts from, before it looks.
const fn is_safe_to_decode(code: u8, len: usize) -> bool {
    match code {
        80 => len == 0,
        81 => len >= 3,
        94 => len == 3,
        151 => len >= 1,
        152..=155 => len == 4,
        _ => true,
    }
}

fn to_option(code: u8, bytes: &[u8]) -> Result<DhcpOption, ConvertError> {
    let typed = is_safe_to_decode(code, bytes.len()).then(|| decode(code, bytes)).flatten();
    match typed {
        Some(option) => Ok(option),
        // Its message type getter takes for granted that 53 holds a message type.
        None if code == code::MESSAGE_TYPE => Err(ConvertError::BadOption { code }),
        None => Ok(DhcpOption::Unknown(UnknownOption::new(OptionCode::from(code), bytes.to_vec()))),
    }
}

/// `None` if the option would not come back as it went.
fn decode(code: u8, bytes: &[u8]) -> Option<DhcpOption> {
    let option = DhcpOption::decode(&mut Decoder::new(&pieces(code, bytes))).ok()?;
    let again = encode(code, &option)??;
    (again == bytes).then_some(option)
}

/// An option on the wire, and the end mark.
fn pieces(code: u8, bytes: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(bytes.len() + 8);
    if bytes.is_empty() {
        wire.extend([code, 0]);
    }
    for piece in bytes.chunks(255) {
        wire.extend([code, piece.len() as u8]);
        wire.extend_from_slice(piece);
    }
    wire.push(code::END);
    wire
}

/// The bytes of an option as `dhcproto` writes it. `None` if it can't; `Some(None)` if it writes nothing.
fn encode(code: u8, option: &DhcpOption) -> Option<Option<Vec<u8>>> {
    let mut wire = Vec::new();
    option.encode(&mut Encoder::new(&mut wire)).ok()?;
    let mut rest = Reader::new(&wire);
    let mut bytes = None;
    while !rest.is_empty() {
        if rest.u8()? != code {
            return None;
        }
        bytes.get_or_insert_with(Vec::new).extend_from_slice(rest.counted()?);
    }
    Some(bytes)
}

fn from_option(code: u8, option: &DhcpOption) -> Result<Option<Vec<u8>>, ConvertError> {
    let bad = ConvertError::BadOption { code };
    // Lengths that it cuts to eight bits, or overflows.
    if let DhcpOption::BulkLeaseQueryStatusCode(_, text) = option
        && text.len() > 254
    {
        return Err(bad);
    }
    let bytes = encode(code, option).ok_or(bad.clone())?;
    if let (DhcpOption::RelayAgentInformation(_), Some(bytes)) = (option, &bytes) {
        let same = DhcpOption::decode(&mut Decoder::new(&pieces(code, bytes)));
        if same.ok().as_ref() != Some(option) {
            return Err(bad);
        }
    }
    Ok(bytes)
}
