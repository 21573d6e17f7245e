//! One lease as one server has it, small enough to be hashed a million times.

use std::net::Ipv4Addr;

use ddi_core::lease::PotentialExpiration;
use ddi_core::{BindingState, HwAddr, Lease, LeaseKey, Origin, UnixTime};
use ddi_failover::resolve::Update;

use crate::MCLT;

/// A moment, in ticks; 0 is "no such time".
pub(crate) type Tick = u8;

/// A client, by number.
pub(crate) type ClientId = u8;

/// What a server has stored of an address. `known`: the partner acknowledged all of this, or said it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Row {
    pub(crate) state: BindingState,
    pub(crate) rewind: Option<BindingState>,
    pub(crate) client: Option<ClientId>,
    pub(crate) expiration: Tick,
    pub(crate) sent: Tick,
    pub(crate) acked: Tick,
    pub(crate) received: Tick,
    pub(crate) heard: Tick,
    /// The partner's word.
    pub(crate) partners: bool,
    pub(crate) known: bool,
    pub(crate) queued: bool,
}

impl Row {
    /// A free address that both servers know as that.
    pub(crate) fn free(state: BindingState) -> Self {
        Self {
            state,
            rewind: Some(state),
            client: None,
            expiration: 0,
            sent: 0,
            acked: 0,
            received: 0,
            heard: 0,
            partners: false,
            known: true,
            queued: false,
        }
    }

    /// What a server has that lost all.
    pub(crate) fn lost() -> Self {
        Self { rewind: None, known: false, ..Self::free(BindingState::Free) }
    }

    pub(crate) fn lease(&self) -> Lease {
        let mut lease = Lease::new(LeaseKey::v4(Ipv4Addr::new(10, 0, 0, 1)));
        lease.state = self.state;
        lease.rewind_state = self.rewind;
        lease.hw_addr = self.client.map_or(HwAddr::EMPTY, hardware);
        lease.origin = if self.partners { Origin::Partner(1) } else { Origin::Local };
        lease.expiration_time = unix(self.expiration);
        lease.client_last_transaction_time = unix(self.heard);
        lease.potential_expiration_time = PotentialExpiration {
            sent: unix(self.sent),
            acked: unix(self.acked),
            received: unix(self.received),
        };
        lease
    }

    /// Takes over what one of ddi's rules made of the lease.
    pub(crate) fn set(&mut self, lease: &Lease) {
        self.state = lease.state;
        self.rewind = lease.rewind_state;
        self.client = lease.hw_addr.bytes().last().copied();
        self.partners = lease.origin != Origin::Local;
        self.expiration = tick(lease.expiration_time);
        self.heard = tick(lease.client_last_transaction_time);
        let PotentialExpiration { sent, acked, received } = lease.potential_expiration_time;
        (self.sent, self.acked, self.received) = (tick(sent), tick(acked), tick(received));
    }

    /// A time that is over by MCLT makes no difference to any rule: as good as none. That keeps the number
    /// of states small.
    pub(crate) fn forget_past(&mut self, now: Tick) {
        for time in [&mut self.expiration, &mut self.sent, &mut self.acked, &mut self.received] {
            if *time + MCLT as Tick <= now {
                *time = 0;
            }
        }
    }

    /// What is told of the promise to the client.
    pub(crate) fn potential(&self) -> Tick {
        if self.state == BindingState::Active { self.sent.max(self.received) } else { 0 }
    }

    /// A partner that lost its leases may have promised MCLT more than it could tell, or than the time is.
    pub(crate) fn stretch(&mut self, now: Tick) {
        let promised = self.sent.max(self.received);
        let until = promised.max(now) + MCLT as Tick;
        let ended = self.state == BindingState::Expired;
        let bound = ended || self.state == BindingState::Active;
        if bound && until > self.expiration {
            (self.state, self.expiration, self.known) = (BindingState::Active, until, false);
        }
    }

    /// The BNDUPD that tells of it.
    pub(crate) fn update(&self) -> Update<'static> {
        Update {
            state: self.state,
            client_id: None,
            hw_addr: self.client.map(hardware),
            expiration: Some(unix(self.expiration)),
            potential_expiration: Some(unix(self.potential())),
            start_time_of_state: None,
            client_last_transaction_time: Some(unix(self.heard)),
            reserved: false,
            bootp: false,
        }
    }
}

pub(crate) fn unix(tick: Tick) -> UnixTime {
    UnixTime(tick.into())
}

fn tick(time: UnixTime) -> Tick {
    time.0.try_into().expect("all times of the model are small")
}

fn hardware(client: ClientId) -> HwAddr {
    HwAddr::new(1, &[client]).expect("one byte fits")
}
