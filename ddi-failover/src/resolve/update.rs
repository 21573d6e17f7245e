//! A partner's update with its numbers checked, and the reasons to refuse one.

use ddi_core::{BindingState, HwAddr, Lease, UnixTime};
use thiserror::Error;

use crate::wire::v4::{
    BindingUpdate, FLAG_BOOTP, FLAG_RESERVED, HARDWARE_ADDRESS_MAX, RejectReason, binding_state,
    from_wire_time,
};

/// What a partner says of a lease.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "what a binding update can say")]
pub struct Update<'a> {
    /// The lease's state.
    pub state: BindingState,
    /// Its client's option 61.
    pub client_id: Option<&'a [u8]>,
    /// Its client's link-layer address.
    pub hw_addr: Option<HwAddr>,
    /// When the client's lease ends.
    pub expiration: Option<UnixTime>,
    /// What the partner may extend it to.
    pub potential_expiration: Option<UnixTime>,
    /// Since when the lease is in its state.
    pub start_time_of_state: Option<UnixTime>,
    /// When the partner last heard the client.
    pub client_last_transaction_time: Option<UnixTime>,
    /// The address is reserved there.
    pub reserved: bool,
    /// The client speaks BOOTP.
    pub bootp: bool,
}

impl<'a> Update<'a> {
    /// Checks what can be checked without the lease: sections 7.1 and 7.1.3, and dhcpd's demands on the
    /// client's identity.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] to send back.
    pub fn from_wire(wire: &BindingUpdate<'a>) -> Result<Self, Refusal> {
        let number = wire.binding_status.ok_or(Refusal::Missing { what: "binding-status" })?;
        let state = binding_state(number).ok_or(Refusal::UnknownState { number })?;
        if wire.address.is_none() {
            return Err(Refusal::Missing { what: "assigned-IP-address" });
        }
        let has_client = wire.client_id.is_some() || wire.hw_addr.is_some();
        match state {
            BindingState::Abandoned if has_client => return Err(Refusal::UnwantedClient),
            BindingState::Active | BindingState::Expired | BindingState::Released
                if wire.hw_addr.is_none() =>
            {
                return Err(Refusal::Missing { what: "client-hardware-address" });
            }
            _ => {}
        }
        let hw_addr = match wire.hw_addr {
            Some(hw) if hw.addr.len() < HARDWARE_ADDRESS_MAX => hw.to_hw_addr(),
            Some(hw) => return Err(Refusal::HardwareAddress { len: hw.addr.len() }),
            None => None,
        };
        let flags = wire.ip_flags.unwrap_or(0);
        Ok(Self {
            state,
            client_id: wire.client_id,
            hw_addr,
            expiration: wire.lease_expiration_time.map(from_wire_time),
            potential_expiration: wire.potential_expiration_time.map(from_wire_time),
            start_time_of_state: wire.start_time_of_state.map(from_wire_time),
            client_last_transaction_time: wire.client_last_transaction_time.map(from_wire_time),
            reserved: flags & FLAG_RESERVED != 0,
            bootp: flags & FLAG_BOOTP != 0,
        })
    }

    /// Is the update about the client that `lease` has? By client_id if either has one, else by hw_addr;
    /// an update without a client is about whoever it is.
    #[must_use]
    pub fn same_client(&self, lease: &Lease) -> bool {
        match (self.client_id, self.hw_addr) {
            (None, None) => true,
            (None, Some(hw_addr)) if lease.client_id.is_empty() => hw_addr == lease.hw_addr,
            (id, _) => id.unwrap_or_default() == lease.client_id.as_slice(),
        }
    }
}

/// Why an update is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The address is in no pool of the relationship.
    #[error("address is in no pool of this relationship")]
    IllegalAddress,
    /// An option is missing.
    #[error("{what} is missing")]
    Missing {
        /// Which one.
        what: &'static str,
    },
    /// A binding state that does not exist here.
    #[error("binding-status {number} is not known")]
    UnknownState {
        /// Its number.
        number: u8,
    },
    /// ABANDONED must not come with a client (section 7.1.1).
    #[error("an abandoned lease has no client")]
    UnwantedClient,
    /// dhcpd takes no longer one either.
    #[error("hardware address of {len} bytes is too long")]
    HardwareAddress {
        /// Its length.
        len: usize,
    },
    /// It is reserved on the partner only.
    #[error("address is not reserved here")]
    NotReserved,
    /// It is a BOOTP address on the partner only.
    #[error("address is not for BOOTP here")]
    NotBootp,
    /// Our own update of the lease is on its way, and is better.
    #[error("this server's own update is better")]
    OwnIsBetter,
    /// The change of state is not allowed.
    #[error("invalid state transition: {from:?} to {to:?}")]
    Transition {
        /// The state here.
        from: BindingState,
        /// The partner's.
        to: BindingState,
    },
    /// What is stored is newer.
    #[error("what is stored is newer")]
    Outdated,
    /// What is stored matters more.
    #[error("lease is abandoned here")]
    LessCritical,
    /// Another client has the lease.
    #[error("address is in use by another client")]
    OtherClient,
}

impl Refusal {
    /// The number to send.
    #[must_use]
    pub const fn reason(self) -> RejectReason {
        match self {
            Self::IllegalAddress => RejectReason::ILLEGAL_ADDRESS,
            Self::Missing { .. } => RejectReason::MISSING_BINDING,
            Self::UnknownState { .. }
            | Self::UnwantedClient
            | Self::HardwareAddress { .. }
            | Self::NotBootp => RejectReason::MISCELLANEOUS,
            Self::NotReserved => RejectReason::NOT_RESERVED,
            Self::OwnIsBetter | Self::LessCritical => RejectReason::LESS_CRITICAL_BINDING,
            Self::Transition { .. } | Self::OtherClient => RejectReason::FATAL_CONFLICT,
            Self::Outdated => RejectReason::OUTDATED_BINDING,
        }
    }
}
