//! A message that owns what it holds.

use std::net::Ipv4Addr;

use super::code;
use super::emit::{Emitted, Reply};
use super::header::{Header, MessageType};
use super::option::{OptionInfo, Value};
use super::packet::Packet;
use super::set::OptionSet;
use crate::error::{EmitError, PacketError, ValueError};

/// A DHCPv4 message: the fixed part and the options, joined and once each.
///
/// It keeps every option byte for byte, known or not, well-formed or not, and in their order. It does
/// not keep what has no meaning: padding, how long values were split and into which fields, what stood
/// behind an option that overran, and vendor data without the magic cookie.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Message {
    /// The fixed part.
    pub header: Header,
    /// The options.
    pub options: OptionSet,
}

impl Message {
    /// Reads the payload of a datagram.
    ///
    /// # Errors
    /// As [`Packet::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PacketError> {
        Packet::parse(bytes).map(|packet| Self::from(&packet))
    }

    /// Writes the message to the front of `out`: message type first, relay information last, the others
    /// in their order. For replies that have to fit somewhere see [`Reply`].
    ///
    /// # Errors
    /// If `out` is too small for all of it.
    pub fn emit(&self, out: &mut [u8]) -> Result<Emitted, EmitError> {
        let room = out.len();
        let emitted = Reply::new(&self.header, &self.options).emit(out)?;
        match emitted.dropped.iter().next() {
            Some(code) => Err(EmitError::NoRoom { code, room }),
            None => Ok(emitted),
        }
    }

    /// The value of an option by its type in the option table; `None` if it is not there.
    ///
    /// # Errors
    /// If its bytes are not what the table says. They are in [`Message::options`] all the same.
    pub fn value(&self, code: u8) -> Result<Option<Value>, ValueError> {
        let Some(bytes) = self.options.get(code) else { return Ok(None) };
        Value::parse(OptionInfo::of(code).shape, bytes).map(Some)
    }

    /// Puts an option in by its value.
    pub fn put_value(&mut self, code: u8, value: &Value) {
        let mut bytes = Vec::new();
        value.emit(&mut bytes);
        self.options.put(code, &bytes);
    }

    /// Option 53; `None` if it is missing (BOOTP) or malformed.
    #[must_use]
    pub fn message_type(&self) -> Option<MessageType> {
        match self.options.get(code::MESSAGE_TYPE)? {
            &[number] => Some(MessageType::from(number)),
            _ => None,
        }
    }

    /// Puts option 53.
    pub fn set_message_type(&mut self, kind: MessageType) {
        self.options.put_u8(code::MESSAGE_TYPE, kind.into());
    }

    /// Option 50.
    #[must_use]
    pub fn requested_addr(&self) -> Option<Ipv4Addr> {
        self.addr(code::REQUESTED_ADDRESS)
    }

    /// Option 54.
    #[must_use]
    pub fn server_id(&self) -> Option<Ipv4Addr> {
        self.addr(code::SERVER_ID)
    }

    /// Option 51, in seconds.
    #[must_use]
    pub fn lease_seconds(&self) -> Option<u32> {
        let bytes: [u8; 4] = self.options.get(code::LEASE_SECONDS)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    }

    /// Option 61.
    #[must_use]
    pub fn client_id(&self) -> Option<&[u8]> {
        self.options.get(code::CLIENT_ID)
    }

    fn addr(&self, code: u8) -> Option<Ipv4Addr> {
        let octets: [u8; 4] = self.options.get(code)?.try_into().ok()?;
        Some(octets.into())
    }
}

impl From<&Packet<'_>> for Message {
    fn from(packet: &Packet<'_>) -> Self {
        let mut options = OptionSet::new();
        for value in packet.options() {
            options.put_value(&value);
        }
        Self { header: Header::from(packet), options }
    }
}
