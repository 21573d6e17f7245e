//! What each type of message says, apart from leases.
//!
//! An option that means nothing for the type is skipped, known or not, and may repeat. One that does
//! may appear once and must have its length (section 6.2; dhcpd closes the connection otherwise). No
//! option is demanded here: what a missing one means is for the endpoint to say, with a reason.

use crate::error::WireError;
use crate::wire::v4::emit::Writer;
use crate::wire::v4::numbers::{Code, Kind};
use crate::wire::v4::transaction::{BindingAcks, BindingUpdates};
use crate::wire::v4::view::{Message, OptionChain, WireOption};

/// A message by its type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Body<'a> {
    /// POOLREQ.
    PoolRequest,
    /// POOLRESP.
    PoolResponse(PoolResponse),
    /// BNDUPD: one lease, or (not from dhcpd) several.
    BindingUpdate(BindingUpdates<'a>),
    /// BNDACK: one lease, or several.
    BindingAck(BindingAcks<'a>),
    /// CONNECT.
    Connect(Connect<'a>),
    /// CONNECTACK.
    ConnectAck(ConnectAck<'a>),
    /// UPDREQALL.
    UpdateRequestAll,
    /// UPDDONE.
    UpdateDone,
    /// UPDREQ.
    UpdateRequest,
    /// STATE.
    State(StateReport),
    /// CONTACT.
    Contact,
    /// DISCONNECT.
    Disconnect(Disconnect<'a>),
    /// A type that is not in the draft; the options are as they arrived.
    Unknown(Kind, OptionChain<'a>),
}

impl<'a> Body<'a> {
    /// Reads the options that mean something for the message's type. The leases of a BNDUPD or BNDACK
    /// are read one by one later, by iterating.
    ///
    /// # Errors
    ///
    /// [`WireError::OptionLength`] or [`WireError::RepeatedOption`].
    pub fn parse(message: &Message<'a>) -> Result<Self, WireError> {
        let options = message.options();
        Ok(match message.kind() {
            Kind::POOLREQ => Self::PoolRequest,
            Kind::POOLRESP => Self::PoolResponse(PoolResponse::parse(options)?),
            Kind::BNDUPD => Self::BindingUpdate(BindingUpdates::new(options)),
            Kind::BNDACK => Self::BindingAck(BindingAcks::new(options)),
            Kind::CONNECT => Self::Connect(Connect::parse(options)?),
            Kind::CONNECTACK => Self::ConnectAck(ConnectAck::parse(options)?),
            Kind::UPDREQALL => Self::UpdateRequestAll,
            Kind::UPDDONE => Self::UpdateDone,
            Kind::UPDREQ => Self::UpdateRequest,
            Kind::STATE => Self::State(StateReport::parse(options)?),
            Kind::CONTACT => Self::Contact,
            Kind::DISCONNECT => Self::Disconnect(Disconnect::parse(options)?),
            kind => Self::Unknown(kind, options),
        })
    }

    /// The message's type.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::PoolRequest => Kind::POOLREQ,
            Self::PoolResponse(_) => Kind::POOLRESP,
            Self::BindingUpdate(_) => Kind::BNDUPD,
            Self::BindingAck(_) => Kind::BNDACK,
            Self::Connect(_) => Kind::CONNECT,
            Self::ConnectAck(_) => Kind::CONNECTACK,
            Self::UpdateRequestAll => Kind::UPDREQALL,
            Self::UpdateDone => Kind::UPDDONE,
            Self::UpdateRequest => Kind::UPDREQ,
            Self::State(_) => Kind::STATE,
            Self::Contact => Kind::CONTACT,
            Self::Disconnect(_) => Kind::DISCONNECT,
            Self::Unknown(kind, _) => *kind,
        }
    }

    /// Writes the options in dhcpd's order; leases that can't be read are left out.
    pub fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::PoolResponse(body) => body.write(writer),
            Self::BindingUpdate(leases) => leases.flatten().for_each(|lease| lease.write(writer)),
            Self::BindingAck(acks) => acks.flatten().for_each(|ack| ack.write(writer)),
            Self::Connect(body) => body.write(writer),
            Self::ConnectAck(body) => body.write(writer),
            Self::State(body) => body.write(writer),
            Self::Disconnect(body) => body.write(writer),
            Self::Unknown(_, options) => {
                options.for_each(|option| writer.option(option.code, option.data));
            }
            Self::PoolRequest
            | Self::UpdateRequestAll
            | Self::UpdateDone
            | Self::UpdateRequest
            | Self::Contact => {}
        }
    }
}

/// POOLRESP (section 7.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "the options that dhcpd and the draft know here")]
pub struct PoolResponse {
    /// Addresses that the sender gives away.
    pub addresses_transferred: Option<u32>,
}

impl PoolResponse {
    fn parse(options: OptionChain<'_>) -> Result<Self, WireError> {
        let mut body = Self::default();
        for option in options {
            if option.code == Code::ADDRESSES_TRANSFERRED {
                once(&mut body.addresses_transferred, option, number32)?;
            }
        }
        Ok(body)
    }

    /// Writes the options in dhcpd's order.
    pub fn write(&self, writer: &mut Writer<'_>) {
        writer.maybe_u32(Code::ADDRESSES_TRANSFERRED, self.addresses_transferred);
    }
}

/// CONNECT (section 7.8).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "the options that dhcpd and the draft know here")]
pub struct Connect<'a> {
    /// Which relationship this connection is for.
    pub relationship_name: Option<&'a [u8]>,
    /// How many BNDUPD the sender takes without having acknowledged them.
    pub max_unacked: Option<u32>,
    /// After how many seconds of silence the sender gives up.
    pub receive_timer_seconds: Option<u32>,
    /// Whose implementation this is.
    pub vendor_class: Option<&'a [u8]>,
    /// 1.
    pub protocol_version: Option<u8>,
    /// 0 no TLS, 1 wanted, 2 required.
    pub tls_request: Option<u8>,
    /// The maximum client lead time, which the secondary adopts.
    pub mclt_seconds: Option<u32>,
    /// The hash bucket assignment; should be 32 bytes.
    pub hash_buckets: Option<&'a [u8]>,
}

impl<'a> Connect<'a> {
    fn parse(options: OptionChain<'a>) -> Result<Self, WireError> {
        let mut body = Self::default();
        for option in options {
            match option.code {
                Code::RELATIONSHIP_NAME => once(&mut body.relationship_name, option, raw)?,
                Code::MAX_UNACKED => once(&mut body.max_unacked, option, number32)?,
                Code::RECEIVE_TIMER => once(&mut body.receive_timer_seconds, option, number32)?,
                Code::VENDOR_CLASS => once(&mut body.vendor_class, option, raw)?,
                Code::PROTOCOL_VERSION => once(&mut body.protocol_version, option, number8)?,
                Code::TLS_REQUEST => once(&mut body.tls_request, option, number8)?,
                Code::MCLT => once(&mut body.mclt_seconds, option, number32)?,
                Code::HASH_BUCKETS => once(&mut body.hash_buckets, option, raw)?,
                _ => {}
            }
        }
        Ok(body)
    }

    /// Writes the options in dhcpd's order.
    pub fn write(&self, writer: &mut Writer<'_>) {
        writer.maybe(Code::RELATIONSHIP_NAME, self.relationship_name);
        writer.maybe_u32(Code::MAX_UNACKED, self.max_unacked);
        writer.maybe_u32(Code::RECEIVE_TIMER, self.receive_timer_seconds);
        writer.maybe(Code::VENDOR_CLASS, self.vendor_class);
        writer.maybe_u8(Code::PROTOCOL_VERSION, self.protocol_version);
        writer.maybe_u8(Code::TLS_REQUEST, self.tls_request);
        writer.maybe_u32(Code::MCLT, self.mclt_seconds);
        writer.maybe(Code::HASH_BUCKETS, self.hash_buckets);
    }
}

/// CONNECTACK (section 7.9). It is a refusal exactly if `reject_reason` is there, whatever its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "the options that dhcpd and the draft know here")]
pub struct ConnectAck<'a> {
    /// As in the CONNECT.
    pub relationship_name: Option<&'a [u8]>,
    /// How many BNDUPD the sender takes without having acknowledged them.
    pub max_unacked: Option<u32>,
    /// After how many seconds of silence the sender gives up.
    pub receive_timer_seconds: Option<u32>,
    /// Whose implementation this is.
    pub vendor_class: Option<&'a [u8]>,
    /// 1.
    pub protocol_version: Option<u8>,
    /// 0 no TLS, 1 TLS follows; only if the CONNECT had a TLS-request.
    pub tls_reply: Option<u8>,
    /// Why not.
    pub reject_reason: Option<u8>,
    /// Why not, for people.
    pub message: Option<&'a [u8]>,
}

impl<'a> ConnectAck<'a> {
    fn parse(options: OptionChain<'a>) -> Result<Self, WireError> {
        let mut body = Self::default();
        for option in options {
            match option.code {
                Code::RELATIONSHIP_NAME => once(&mut body.relationship_name, option, raw)?,
                Code::MAX_UNACKED => once(&mut body.max_unacked, option, number32)?,
                Code::RECEIVE_TIMER => once(&mut body.receive_timer_seconds, option, number32)?,
                Code::VENDOR_CLASS => once(&mut body.vendor_class, option, raw)?,
                Code::PROTOCOL_VERSION => once(&mut body.protocol_version, option, number8)?,
                Code::TLS_REPLY => once(&mut body.tls_reply, option, number8)?,
                Code::REJECT_REASON => once(&mut body.reject_reason, option, number8)?,
                Code::MESSAGE => once(&mut body.message, option, raw)?,
                _ => {}
            }
        }
        Ok(body)
    }

    /// Writes the options in dhcpd's order.
    pub fn write(&self, writer: &mut Writer<'_>) {
        writer.maybe(Code::RELATIONSHIP_NAME, self.relationship_name);
        writer.maybe_u32(Code::MAX_UNACKED, self.max_unacked);
        writer.maybe_u32(Code::RECEIVE_TIMER, self.receive_timer_seconds);
        writer.maybe(Code::VENDOR_CLASS, self.vendor_class);
        writer.maybe_u8(Code::PROTOCOL_VERSION, self.protocol_version);
        writer.maybe_u8(Code::TLS_REPLY, self.tls_reply);
        writer.maybe_u8(Code::REJECT_REASON, self.reject_reason);
        writer.maybe(Code::MESSAGE, self.message);
    }
}

/// STATE (section 7.10).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "the options that dhcpd and the draft know here")]
pub struct StateReport {
    /// The state's number; [`server_state`](super::server_state) names it.
    pub state: Option<u8>,
    /// [`FLAG_STARTUP`](super::FLAG_STARTUP).
    pub flags: Option<u8>,
    /// Since when.
    pub start_time_of_state: Option<u32>,
}

impl StateReport {
    fn parse(options: OptionChain<'_>) -> Result<Self, WireError> {
        let mut body = Self::default();
        for option in options {
            match option.code {
                Code::SERVER_STATE => once(&mut body.state, option, number8)?,
                Code::SERVER_FLAGS => once(&mut body.flags, option, number8)?,
                Code::START_TIME_OF_STATE => once(&mut body.start_time_of_state, option, number32)?,
                _ => {}
            }
        }
        Ok(body)
    }

    /// Writes the options in dhcpd's order.
    pub fn write(&self, writer: &mut Writer<'_>) {
        writer.maybe_u8(Code::SERVER_STATE, self.state);
        writer.maybe_u8(Code::SERVER_FLAGS, self.flags);
        writer.maybe_u32(Code::START_TIME_OF_STATE, self.start_time_of_state);
    }
}

/// DISCONNECT (section 7.12).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "the options that dhcpd and the draft know here")]
pub struct Disconnect<'a> {
    /// Why.
    pub reject_reason: Option<u8>,
    /// Why, for people.
    pub message: Option<&'a [u8]>,
}

impl<'a> Disconnect<'a> {
    fn parse(options: OptionChain<'a>) -> Result<Self, WireError> {
        let mut body = Self::default();
        for option in options {
            match option.code {
                Code::REJECT_REASON => once(&mut body.reject_reason, option, number8)?,
                Code::MESSAGE => once(&mut body.message, option, raw)?,
                _ => {}
            }
        }
        Ok(body)
    }

    /// Writes the options in dhcpd's order.
    pub fn write(&self, writer: &mut Writer<'_>) {
        writer.maybe_u8(Code::REJECT_REASON, self.reject_reason);
        writer.maybe(Code::MESSAGE, self.message);
    }
}

/// Reads `option` into an empty slot.
pub(super) fn once<'a, T>(
    slot: &mut Option<T>,
    option: WireOption<'a>,
    read: impl FnOnce(WireOption<'a>) -> Result<T, WireError>,
) -> Result<(), WireError> {
    if slot.is_some() {
        return Err(WireError::RepeatedOption { code: option.code.0 });
    }
    *slot = Some(read(option)?);
    Ok(())
}

/// Data of any length.
#[allow(clippy::unnecessary_wraps, reason = "the shape that `once` takes")]
pub(super) fn raw(option: WireOption<'_>) -> Result<&[u8], WireError> {
    Ok(option.data)
}

pub(super) fn number8(option: WireOption<'_>) -> Result<u8, WireError> {
    fixed::<1>(option).map(|[byte]| byte)
}

pub(super) fn number16(option: WireOption<'_>) -> Result<u16, WireError> {
    fixed(option).map(u16::from_be_bytes)
}

pub(super) fn number32(option: WireOption<'_>) -> Result<u32, WireError> {
    fixed(option).map(u32::from_be_bytes)
}

pub(super) fn fixed<const N: usize>(option: WireOption<'_>) -> Result<[u8; N], WireError> {
    option.data.try_into().map_err(|_| WireError::OptionLength {
        code: option.code.0,
        length: option.data.len(),
        expected: N,
    })
}
