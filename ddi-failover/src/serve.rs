//! Who serves whom: the questions of ddi-core's [`Authority`](ddi_core::Authority), answered by the state
//! of one relationship (draft sections 5.2.2, 5.11, 9.3 to 9.14).
//!
//! Where dhcpd stays silent and the draft lets a server answer (CONFLICT-DONE, RESOLUTION-INTERRUPTED,
//! renewals in RECOVER-DONE), this one answers: the partner's silence makes it only safer. In PARTNER-DOWN
//! this one is stricter than dhcpd, see [`reusable_at`].

use ddi_core::authority::{Asking, Permission, Question, Service};
use ddi_core::{BindingState, FreeKind, Lease, UnixTime};

use crate::mclt::reusable_at;
use crate::split::LoadBalance;
use crate::state::{Role, State};

/// What the answers depend on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the arguments of pure functions")]
pub struct Standing {
    /// Which server this is.
    pub role: Role,
    /// The present state.
    pub state: State,
    /// Since when.
    pub since: UnixTime,
    /// What the partner said last, on this connection or an earlier one; PARTNER-DOWN until this server has heard
    /// of all that the partner did in it.
    pub partner: Option<State>,
    /// The maximum client lead time.
    pub mclt_seconds: u32,
    /// This server lost its leases and has not yet got all of the partner's.
    pub full_update_owed: bool,
    /// This server lost its leases, so that until then its own former clients may hold addresses that
    /// nobody knows of: its start after the loss, plus MCLT. [`UnixTime::UNSET`] if it did not.
    pub forgotten_until: UnixTime,
}

/// How a server in a state treats clients.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the draft's kinds of service")]
pub enum Class {
    /// Answers nobody.
    Silent,
    /// Answers those who renew.
    RenewOnly,
    /// Shares the clients with the partner.
    Cooperating,
    /// Answers everybody, from its own addresses.
    Alone,
    /// Answers everybody, in time from all addresses.
    PartnerDown,
}

impl Standing {
    /// The kind of service.
    ///
    /// A partner last heard in PARTNER-DOWN may by now give this server's addresses away, so that one
    /// that has not talked to it since is silent, in the states that follow from a lost connection too
    /// (dhcpd is as well; the draft does not say). So is one whose conflict with it was not resolved.
    #[must_use]
    pub fn class(&self) -> Class {
        let class = match self.state {
            State::Normal => Class::Cooperating,
            State::CommunicationsInterrupted | State::ResolutionInterrupted | State::ConflictDone => {
                Class::Alone
            }
            State::PartnerDown => return Class::PartnerDown,
            State::RecoverDone => Class::RenewOnly,
            State::Startup
            | State::PotentialConflict
            | State::Recover
            | State::RecoverWait
            | State::Paused
            | State::Shutdown => Class::Silent,
        };
        if self.partner == Some(State::PartnerDown) { Class::Silent } else { class }
    }

    /// May this server answer at all? `partner_can_allocate` is false if the partner is known to have no
    /// free address of its own for this client.
    #[must_use]
    pub fn serves(
        &self,
        question: &Question<'_>,
        balance: &LoadBalance,
        partner_can_allocate: bool,
    ) -> Service {
        match (self.class(), question.asking) {
            (_, Asking::Inform) => Service::Serve,
            (Class::Silent, _) => Service::NotServing,
            (Class::RenewOnly, Asking::Request) => Service::Serve,
            (Class::RenewOnly, _) => Service::NotServing,
            // Only what any server could answer is shared (section 9.8.2).
            (Class::Cooperating, Asking::Discover) => {
                if balance.answers(self.role, question.hash_id, question.secs, partner_can_allocate) {
                    Service::Serve
                } else {
                    Service::LeaveToPartner
                }
            }
            _ => Service::Serve,
        }
    }

    /// The free state whose addresses are this server's own.
    #[must_use]
    pub const fn own_kind(&self) -> FreeKind {
        match self.role {
            Role::Primary => FreeKind::Free,
            Role::Secondary => FreeKind::Backup,
        }
    }

    /// The kinds of free addresses to allocate from, its own first. Each address still has to pass
    /// [`Standing::may_bind`].
    #[must_use]
    pub fn free_kinds(&self, now: UnixTime) -> &'static [FreeKind] {
        let all = now >= self.since.plus_secs(u64::from(self.mclt_seconds));
        match (self.class(), self.role) {
            (Class::Silent | Class::RenewOnly, _) => &[],
            _ if self.forgot(now) => &[],
            (Class::PartnerDown, Role::Primary) if all => &[FreeKind::Free, FreeKind::Backup],
            (Class::PartnerDown, Role::Secondary) if all => &[FreeKind::Backup, FreeKind::Free],
            (_, Role::Primary) => &[FreeKind::Free],
            (_, Role::Secondary) => &[FreeKind::Backup],
        }
    }

    /// May this lease be bound to the client who asks? `same_client`: it is the lease's last client.
    #[must_use]
    pub fn may_bind(&self, now: UnixTime, lease: &Lease, same_client: bool) -> Permission {
        let class = self.class();
        if class == Class::Silent {
            return Permission::Silent;
        }
        let reusable =
            || class == Class::PartnerDown && now >= reusable_at(lease, self.since, self.mclt_seconds);
        let allowed = match lease.state {
            BindingState::Active if same_client => true,
            BindingState::Active | BindingState::Abandoned => return Permission::Nak,
            _ if class == Class::RenewOnly => false,
            state if free_kind(state) == Some(self.own_kind()) => !self.forgot(now),
            BindingState::Free | BindingState::Backup | BindingState::FreeBackup => reusable(),
            // Section 5.2.2: the partner still has the binding, or never had it.
            BindingState::Expired | BindingState::Released => match lease.rewind_state {
                Some(BindingState::Active) if same_client => true,
                Some(before) if free_kind(before) == Some(self.own_kind()) && !self.forgot(now) => true,
                _ => reusable(),
            },
            BindingState::Reset if !reusable() => return Permission::Nak,
            _ => reusable(),
        };
        if allowed { Permission::Allow } else { Permission::Silent }
    }

    /// The state that a lease goes to when its time has passed, or when its client gave it back
    /// (`released`); `None`: leave it.
    ///
    /// In NORMAL the primary alone lets leases expire: dhcpd as primary takes an EXPIRED from nobody.
    #[must_use]
    pub fn ended(&self, lease: &Lease, released: bool) -> Option<BindingState> {
        let class = self.class();
        let primary_decides = class == Class::Cooperating && self.role == Role::Secondary;
        match (class, lease.state) {
            (Class::Silent | Class::RenewOnly, _) => None,
            // The partner never heard of this binding: as if it had not been.
            (Class::Alone | Class::PartnerDown, BindingState::Active)
                if lease.rewind_state.and_then(free_kind) == Some(self.own_kind()) =>
            {
                lease.rewind_state
            }
            (_, BindingState::Active) if released => Some(BindingState::Released),
            (_, BindingState::Active) if !primary_decides => Some(BindingState::Expired),
            // The end of a quarantine is the primary's to tell, being its address afterwards.
            (_, BindingState::Abandoned) if released => None,
            // The partner may not know of the quarantine, and have the address in use.
            (_, BindingState::Abandoned) if lease.rewind_state != Some(BindingState::Abandoned) => {
                (!primary_decides).then_some(BindingState::Expired)
            }
            (_, BindingState::Abandoned) => {
                (self.role == Role::Primary || class == Class::PartnerDown).then_some(BindingState::Free)
            }
            _ => None,
        }
    }

    /// Addresses that look free may be held by clients that this server forgot. In PARTNER-DOWN nobody is left
    /// to ask, so that only the wait remains.
    fn forgot(&self, now: UnixTime) -> bool {
        let owed = self.full_update_owed && self.class() != Class::PartnerDown;
        owed || now < self.forgotten_until
    }
}

/// Whose free address this is; `None` if it is not free.
const fn free_kind(state: BindingState) -> Option<FreeKind> {
    match state {
        BindingState::Free => Some(FreeKind::Free),
        BindingState::Backup | BindingState::FreeBackup => Some(FreeKind::Backup),
        _ => None,
    }
}
