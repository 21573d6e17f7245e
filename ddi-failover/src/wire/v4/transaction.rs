//! BNDUPD and BNDACK: leases, one or several to a message (section 6.3).
//!
//! Where assigned-IP-address appears more than once, each begins a lease, and what stands before the
//! first belongs to none. Where it appears once, the order of options does not matter (as for dhcpd,
//! which never sends more than one lease and closes the connection on a second).

use std::net::Ipv4Addr;

use ddi_core::HwAddr;

use crate::error::WireError;
use crate::wire::v4::body::{fixed, number8, number16, number32, once, raw};
use crate::wire::v4::emit::Writer;
use crate::wire::v4::numbers::Code;
use crate::wire::v4::view::{OptionChain, WireOption};

/// The leases of one BNDUPD.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BindingUpdates<'a> {
    transactions: Transactions<'a>,
}

impl<'a> BindingUpdates<'a> {
    pub(super) fn new(options: OptionChain<'a>) -> Self {
        Self { transactions: Transactions::new(options) }
    }
}

impl<'a> Iterator for BindingUpdates<'a> {
    type Item = Result<BindingUpdate<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.transactions.next().map(BindingUpdate::parse)
    }
}

/// The answers of one BNDACK.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BindingAcks<'a> {
    transactions: Transactions<'a>,
}

impl<'a> BindingAcks<'a> {
    pub(super) fn new(options: OptionChain<'a>) -> Self {
        Self { transactions: Transactions::new(options) }
    }
}

impl<'a> Iterator for BindingAcks<'a> {
    type Item = Result<BindingAck<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.transactions.next().map(BindingAck::parse)
    }
}

/// A client's link-layer address on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the two parts of the option")]
pub struct HardwareAddress<'a> {
    /// ARP hardware type.
    pub htype: u8,
    /// The address.
    pub addr: &'a [u8],
}

impl<'a> HardwareAddress<'a> {
    fn parse(option: WireOption<'a>) -> Result<Self, WireError> {
        let (&htype, addr) = option.data.split_first().ok_or(WireError::OptionLength {
            code: option.code.0,
            length: 0,
            expected: 1,
        })?;
        Ok(Self { htype, addr })
    }

    /// For the lease database; `None` if it is longer than any in use.
    #[must_use]
    pub fn to_hw_addr(self) -> Option<HwAddr> {
        HwAddr::new(u16::from(self.htype), self.addr)
    }
}

/// One lease of a BNDUPD (section 7.1). Times are seconds since 1970 on the sender's clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "the options that dhcpd and the draft know here")]
pub struct BindingUpdate<'a> {
    /// The lease's address.
    pub address: Option<Ipv4Addr>,
    /// The state's number; [`binding_state`](super::binding_state) names it.
    pub binding_status: Option<u8>,
    /// DHCP option 61.
    pub client_id: Option<&'a [u8]>,
    /// htype and chaddr.
    pub hw_addr: Option<HardwareAddress<'a>>,
    /// When the client's lease ends.
    pub lease_expiration_time: Option<u32>,
    /// Until when the sender may want to extend it.
    pub potential_expiration_time: Option<u32>,
    /// When the lease's state began; from dhcpd, when the lease began.
    pub start_time_of_state: Option<u32>,
    /// When the client was last heard.
    pub client_last_transaction_time: Option<u32>,
    /// [`FLAG_RESERVED`](super::FLAG_RESERVED), [`FLAG_BOOTP`](super::FLAG_BOOTP).
    pub ip_flags: Option<u16>,
    /// Parts of the client's request. dhcpd takes and ignores it.
    pub client_request_options: Option<&'a [u8]>,
    /// Parts of the server's reply. dhcpd takes and ignores it.
    pub client_reply_options: Option<&'a [u8]>,
    /// What was done in DNS. Never to be sent to dhcpd, which closes the connection.
    pub ddns: Option<&'a [u8]>,
    /// The vendor's own. dhcpd takes and ignores it.
    pub vendor_options: Option<&'a [u8]>,
}

impl<'a> BindingUpdate<'a> {
    fn parse(options: OptionChain<'a>) -> Result<Self, WireError> {
        let mut lease = Self::default();
        for option in options {
            match option.code {
                Code::ASSIGNED_ADDRESS => once(&mut lease.address, option, address)?,
                Code::BINDING_STATUS => once(&mut lease.binding_status, option, number8)?,
                Code::CLIENT_ID => once(&mut lease.client_id, option, raw)?,
                Code::HARDWARE_ADDRESS => once(&mut lease.hw_addr, option, HardwareAddress::parse)?,
                Code::LEASE_EXPIRATION_TIME => once(&mut lease.lease_expiration_time, option, number32)?,
                Code::POTENTIAL_EXPIRATION_TIME => {
                    once(&mut lease.potential_expiration_time, option, number32)?;
                }
                Code::START_TIME_OF_STATE => once(&mut lease.start_time_of_state, option, number32)?,
                Code::CLIENT_LAST_TRANSACTION_TIME => {
                    once(&mut lease.client_last_transaction_time, option, number32)?;
                }
                Code::IP_FLAGS => once(&mut lease.ip_flags, option, number16)?,
                Code::CLIENT_REQUEST_OPTIONS => once(&mut lease.client_request_options, option, raw)?,
                Code::CLIENT_REPLY_OPTIONS => once(&mut lease.client_reply_options, option, raw)?,
                Code::DDNS => once(&mut lease.ddns, option, raw)?,
                Code::VENDOR_OPTIONS => once(&mut lease.vendor_options, option, raw)?,
                _ => {}
            }
        }
        Ok(lease)
    }

    /// Writes the options in dhcpd's order; those that it never sends come last.
    pub fn write(&self, writer: &mut Writer<'_>) {
        writer.maybe(
            Code::ASSIGNED_ADDRESS,
            self.address.map(|a| a.octets()).as_ref().map(<[u8; 4]>::as_slice),
        );
        writer.maybe_u8(Code::BINDING_STATUS, self.binding_status);
        writer.maybe(Code::CLIENT_ID, self.client_id);
        if let Some(HardwareAddress { htype, addr }) = self.hw_addr {
            writer.option_parts(Code::HARDWARE_ADDRESS, &[htype], addr);
        }
        writer.maybe_u32(Code::LEASE_EXPIRATION_TIME, self.lease_expiration_time);
        writer.maybe_u32(Code::POTENTIAL_EXPIRATION_TIME, self.potential_expiration_time);
        writer.maybe_u32(Code::START_TIME_OF_STATE, self.start_time_of_state);
        writer.maybe_u32(Code::CLIENT_LAST_TRANSACTION_TIME, self.client_last_transaction_time);
        writer.maybe_u16(Code::IP_FLAGS, self.ip_flags);
        writer.maybe(Code::CLIENT_REQUEST_OPTIONS, self.client_request_options);
        writer.maybe(Code::CLIENT_REPLY_OPTIONS, self.client_reply_options);
        writer.maybe(Code::DDNS, self.ddns);
        writer.maybe(Code::VENDOR_OPTIONS, self.vendor_options);
    }
}

/// One answer of a BNDACK (section 7.2). It is a refusal exactly if `reject_reason` is there.
///
/// Other options are neither read nor ever written: dhcpd takes a missing potential-expiration-time
/// beside a client-identifier for 0, and forgets what it was granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "the options that dhcpd and the draft know here")]
pub struct BindingAck<'a> {
    /// The lease's address.
    pub address: Option<Ipv4Addr>,
    /// Why not.
    pub reject_reason: Option<u8>,
    /// Why not, for people.
    pub message: Option<&'a [u8]>,
}

impl<'a> BindingAck<'a> {
    fn parse(options: OptionChain<'a>) -> Result<Self, WireError> {
        let mut ack = Self::default();
        for option in options {
            match option.code {
                Code::ASSIGNED_ADDRESS => once(&mut ack.address, option, address)?,
                Code::REJECT_REASON => once(&mut ack.reject_reason, option, number8)?,
                Code::MESSAGE => once(&mut ack.message, option, raw)?,
                _ => {}
            }
        }
        Ok(ack)
    }

    /// Writes the options in dhcpd's order.
    pub fn write(&self, writer: &mut Writer<'_>) {
        writer.maybe(
            Code::ASSIGNED_ADDRESS,
            self.address.map(|a| a.octets()).as_ref().map(<[u8; 4]>::as_slice),
        );
        writer.maybe_u8(Code::REJECT_REASON, self.reject_reason);
        writer.maybe(Code::MESSAGE, self.message);
    }
}

/// The options of each lease in turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Transactions<'a> {
    rest: OptionChain<'a>,
    ended: bool,
    batched: bool,
}

impl<'a> Transactions<'a> {
    fn new(options: OptionChain<'a>) -> Self {
        let addresses = options.filter(|option| option.code == Code::ASSIGNED_ADDRESS).take(2).count();
        let batched = addresses > 1;
        let mut rest = options;
        if batched {
            rest.skip_to(Code::ASSIGNED_ADDRESS);
        }
        Self { rest, ended: false, batched }
    }
}

impl<'a> Iterator for Transactions<'a> {
    type Item = OptionChain<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let whole = self.rest;
        if self.batched {
            self.rest.next();
            self.rest.skip_to(Code::ASSIGNED_ADDRESS);
        }
        self.ended = !self.batched || self.rest.bytes().is_empty();
        Some(if self.batched { whole.up_to(self.rest) } else { whole })
    }
}

fn address(option: WireOption<'_>) -> Result<Ipv4Addr, WireError> {
    fixed::<4>(option).map(Ipv4Addr::from)
}
