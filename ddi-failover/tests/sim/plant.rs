//! Mistakes, planted on purpose: each has to be found by some seed. None is in the library; they are made
//! where the host, the disk or the network could make them, or stand between the endpoint and the server
//! that asks it.

use std::collections::BTreeSet;

use ddi_core::authority::{Asking, Grant, Permission, Question, Service};
use ddi_core::lease::PotentialExpiration;
use ddi_core::{
    Authority, BindingState, Expect, FreeKind, Lease, LeaseDb, LeaseStore, Now, PoolId, UnixTime,
};
use ddi_failover::endpoint::Endpoint;
use ddi_failover::serve::{Class, Standing};
use ddi_failover::{Role, State};

/// A mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Plant {
    /// None.
    Nothing,
    /// Clients get what they want, whatever the partner knows.
    NoLeadTimeCap,
    /// In PARTNER-DOWN an address is free MCLT after its start, or at the end of the lease, as with dhcpd.
    DhcpdReuse,
    /// The secondary gives away FREE addresses too.
    SecondaryTakesFree,
    /// A lease that ended is FREE without the partner's agreement.
    EndsAlone,
    /// STARTUP serves, as COMMUNICATIONS-INTERRUPTED would.
    StartupServes,
    /// BNDACK and DHCPACK leave before the lease is durable.
    AckBeforeDurable,
    /// The host keeps the first state that it saved, and no later one.
    SavedStateForgotten,
    /// The host does not say that the leases are lost, or older.
    LossNotTold,
    /// The host does not tell the endpoint of leases that the server changed.
    ChangesNotTold,
    /// An operator takes the partner to be down, while it serves.
    PartnerDownByMistake,
    /// PARTNER-DOWN by itself after a few seconds without the partner, which may well serve.
    SafePeriodTooShort,
    /// An acknowledgement of an earlier update of a lease counts for the one that is on its way.
    StaleAckTaken,
    /// RECOVER serves, as COMMUNICATIONS-INTERRUPTED would.
    RecoverServes,
    /// In PARTNER-DOWN the partner's free addresses are given away without a wait.
    PartnersAtOnce,
    /// A server that lost its leases gives addresses away at once, in every state that serves.
    NoWaitAfterLoss,
    /// A server whose partner said that it is in PARTNER-DOWN serves, where it would without that word.
    ServesAfterPartnerDown,
    /// BNDACK leaves before the lease is durable; DHCPACK does not.
    BindingAckBeforeDurable,
}

impl Plant {
    /// Each with the first world that finds it: the search begins there.
    pub(crate) const ALL: [(Self, u64); 17] = [
        (Self::NoLeadTimeCap, 1),
        (Self::DhcpdReuse, 10),
        (Self::SecondaryTakesFree, 8),
        (Self::EndsAlone, 2),
        (Self::StartupServes, 5),
        (Self::AckBeforeDurable, 2),
        (Self::SavedStateForgotten, 424),
        (Self::LossNotTold, 2),
        (Self::ChangesNotTold, 5),
        (Self::PartnerDownByMistake, 77),
        (Self::SafePeriodTooShort, 43),
        (Self::StaleAckTaken, 1),
        (Self::RecoverServes, 7),
        (Self::PartnersAtOnce, 96),
        (Self::NoWaitAfterLoss, 112),
        (Self::ServesAfterPartnerDown, 24),
        (Self::BindingAckBeforeDurable, 20),
    ];
}

/// [`Plant::StaleAckTaken`]: for each update in `sent` whose lease is among those sent `before`, an
/// acknowledgement that the partner never sent.
pub(crate) fn stale_acks(sent: &[u8], before: &mut BTreeSet<[u8; 4]>) -> Vec<u8> {
    let mut acks = Vec::new();
    let mut rest = sent;
    while let Some(message) = rest.first_chunk().map(|len| usize::from(u16::from_be_bytes(*len))) {
        let Some((message, later)) = rest.split_at_checked(message.max(12)) else { break };
        rest = later;
        let mut options = &message[12..];
        // BNDUPD, and in it assigned-IP-address.
        while message[2] == 3
            && let [_, code, high, low, value @ ..] = options
            && let Some((value, next)) =
                value.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))
        {
            options = next;
            if let (2, Ok(address)) = (*code, <[u8; 4]>::try_from(value))
                && !before.insert(address)
            {
                acks.extend_from_slice(&[0, 20, 4, 12]);
                acks.extend_from_slice(&message[4..12]);
                acks.extend_from_slice(&[0, 2, 0, 4]);
                acks.extend_from_slice(&address);
            }
        }
    }
    acks
}

/// [`Plant::DhcpdReuse`]: in PARTNER-DOWN, what has ended is FREE.
pub(crate) fn reclaim_as_dhcpd(now: Now, endpoint: &Endpoint, db: &mut LeaseDb) {
    let standing = endpoint.standing();
    if standing.state != State::PartnerDown {
        return;
    }
    let mut leases = Vec::new();
    db.scan(None, usize::MAX, &mut leases);
    for mut lease in leases {
        let bound = matches!(
            lease.state,
            BindingState::Active | BindingState::Expired | BindingState::Released | BindingState::Reset
        );
        if bound && now.unix >= dhcpd_reusable_at(&standing, &lease) {
            lease.state = BindingState::Free;
            lease.rewind_state = None;
            lease.potential_expiration_time = PotentialExpiration::default();
            lease.start_time_of_state = now.unix;
            let _ = db.put_forced(&mut lease, Expect::Any);
        }
    }
}

/// The latest of the lease's end and of MCLT after the beginning of PARTNER-DOWN. What the partner may have
/// promised is forgotten.
fn dhcpd_reusable_at(standing: &Standing, lease: &Lease) -> UnixTime {
    standing.since.plus_secs(standing.mclt_seconds.into()).max(lease.expiration_time)
}

/// The endpoint as the server's authority, with a mistake.
pub(crate) struct Planted<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) plant: Plant,
    /// Its state is being saved: until then it serves nobody.
    pub(crate) saving: bool,
}

impl Planted<'_> {
    fn is(&self, plant: Plant) -> bool {
        self.plant == plant
    }

    /// What a mistake makes of the server's standing.
    fn misjudges(&self) -> Option<Standing> {
        let standing = self.endpoint.standing();
        match self.plant {
            Plant::StartupServes if standing.state == State::Startup => {
                Some(Standing { state: State::CommunicationsInterrupted, partner: None, ..standing })
            }
            Plant::RecoverServes if matches!(standing.state, State::Recover | State::RecoverWait) => {
                Some(Standing {
                    state: State::CommunicationsInterrupted,
                    forgotten_until: UnixTime::UNSET,
                    full_update_owed: false,
                    ..standing
                })
            }
            Plant::NoWaitAfterLoss if standing.forgotten_until != UnixTime::UNSET && !self.saving => {
                Some(Standing { forgotten_until: UnixTime::UNSET, full_update_owed: false, ..standing })
            }
            Plant::ServesAfterPartnerDown if standing.partner == Some(State::PartnerDown) && !self.saving => {
                Some(Standing { partner: None, ..standing })
            }
            Plant::PartnersAtOnce if standing.state == State::PartnerDown => {
                Some(Standing { mclt_seconds: 0, since: UnixTime::UNSET, ..standing })
            }
            _ => None,
        }
    }
}

impl Authority for Planted<'_> {
    fn serves(&self, now: Now, question: Question<'_>) -> Service {
        match self.misjudges() {
            Some(standing) if standing.class() != Class::Silent => Service::Serve,
            _ => self.endpoint.serves(now, question),
        }
    }

    fn may_bind(&self, now: Now, lease: &Lease, pool: Option<PoolId>, same_client: bool) -> Permission {
        let standing = self.endpoint.standing();
        let free = lease.state == BindingState::Free;
        let ended = matches!(
            lease.state,
            BindingState::Free | BindingState::Backup | BindingState::Expired | BindingState::Released
        );
        if self.is(Plant::SecondaryTakesFree) && free && self.serves_somebody(now) {
            return Permission::Allow;
        }
        if self.is(Plant::DhcpdReuse) && standing.state == State::PartnerDown && ended {
            let free = now.unix >= dhcpd_reusable_at(&standing, lease);
            return if free { Permission::Allow } else { Permission::Silent };
        }
        match self.misjudges() {
            Some(standing) => standing.may_bind(now.unix, lease, same_client),
            None => self.endpoint.may_bind(now, lease, pool, same_client),
        }
    }

    fn free_kinds(&self, now: Now, pool: PoolId) -> &[FreeKind] {
        let role = self.endpoint.config().role;
        if self.is(Plant::SecondaryTakesFree) && role == Role::Secondary && self.serves_somebody(now) {
            return &[FreeKind::Free, FreeKind::Backup];
        }
        match self.misjudges() {
            Some(standing) => standing.free_kinds(now.unix),
            None => self.endpoint.free_kinds(now, pool),
        }
    }

    fn grant(&self, now: Now, lease: &Lease, desired_seconds: u32) -> Grant {
        let grant = self.endpoint.grant(now, lease, desired_seconds);
        if self.is(Plant::NoLeadTimeCap) { Grant { lease_seconds: desired_seconds, ..grant } } else { grant }
    }

    fn ended(&self, now: Now, lease: &Lease, released: bool) -> Option<BindingState> {
        let ended = self.endpoint.ended(now, lease, released)?;
        let alone =
            self.is(Plant::EndsAlone) && matches!(ended, BindingState::Expired | BindingState::Released);
        Some(if alone { BindingState::Free } else { ended })
    }
}

impl Planted<'_> {
    fn serves_somebody(&self, now: Now) -> bool {
        let question = Question { asking: Asking::Request, hash_id: b"", secs: 0, pool: None };
        self.endpoint.serves(now, question) == Service::Serve
    }
}
