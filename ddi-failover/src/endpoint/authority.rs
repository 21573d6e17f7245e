//! The endpoint as the DHCP server's authority. Addresses of other pools are nobody's business but the
//! server's: there it answers as [`Standalone`].

use ddi_core::authority::{Asking, Grant, Permission, Question, Service};
use ddi_core::{Authority, BindingState, FreeKind, Lease, Now, Origin, PoolId, Standalone, UnixTime};

use crate::endpoint::connect::CLOCK_SKEW_SECONDS_MAX;
use crate::endpoint::engine::Endpoint;
use crate::mclt;
use crate::serve::{Class, Standing};
use crate::state::{Role, State};

impl Endpoint {
    /// What the answers depend on.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing {
            role: self.config.role,
            state: if self.talk.handing_back { State::CommunicationsInterrupted } else { self.saved.state },
            since: self.saved.since,
            // What it gave away in this server's place is not all known yet, whatever it said since.
            partner: if self.saved.partner_took_over { Some(State::PartnerDown) } else { self.saved.partner },
            mclt_seconds: self.mclt_seconds(),
            full_update_owed: self.saved.full_update_owed,
            forgotten_until: self.saved.forgotten_until,
        }
    }

    /// Is this address one of the relationship's?
    #[must_use]
    pub fn covers(&self, lease: &Lease) -> bool {
        self.pools.place_of_key(lease.key).is_some()
    }

    /// Is this pool one of the relationship's?
    #[must_use]
    pub fn covers_pool(&self, pool: PoolId) -> bool {
        self.pools.place_of_id(pool).is_some()
    }

    /// When, in PARTNER-DOWN, an address may go to another client. The partner's clock may differ, by which
    /// its times were made.
    pub(super) fn reusable_at(&self, lease: &Lease) -> UnixTime {
        let standing = self.standing();
        let plain = mclt::reusable_at(lease, standing.since, standing.mclt_seconds);
        let times = &lease.potential_expiration_time;
        let partners = if lease.origin == Origin::Local { UnixTime::UNSET } else { lease.expiration_time };
        let latest = times.acked.max(times.received).max(times.sent).max(partners);
        if latest == UnixTime::UNSET {
            return plain;
        }
        let mclt = u64::from(standing.mclt_seconds);
        plain.max(latest.plus_secs(mclt).plus_secs(CLOCK_SKEW_SECONDS_MAX))
    }

    /// Has the partner an address of its own left in this pool?
    fn partner_can_allocate(&self, pool: Option<PoolId>) -> bool {
        let place = pool.and_then(|pool| self.pools.place_of_id(pool));
        let Some(balance) = place.and_then(|at| self.balances.get(at)) else { return true };
        match self.config.role {
            Role::Primary => balance.backup > 0,
            Role::Secondary => balance.free > 0,
        }
    }
}

impl Authority for Endpoint {
    fn serves(&self, now: Now, question: Question<'_>) -> Service {
        if question.pool.is_some_and(|pool| !self.covers_pool(pool)) {
            return Standalone.serves(now, question);
        }
        if self.is_saving() && question.asking != Asking::Inform {
            return Service::NotServing;
        }
        let partner_can_allocate = self.partner_can_allocate(question.pool);
        self.standing().serves(&question, &self.load_balance, partner_can_allocate)
    }

    fn may_bind(&self, now: Now, lease: &Lease, pool: Option<PoolId>, same_client: bool) -> Permission {
        if !self.covers(lease) {
            return Standalone.may_bind(now, lease, pool, same_client);
        }
        if self.is_saving() {
            return Permission::Silent;
        }
        let standing = self.standing();
        let permission = standing.may_bind(now.unix, lease, same_client);
        let own = match lease.state {
            BindingState::Active => true,
            BindingState::Free => self.config.role == Role::Primary,
            BindingState::Backup => self.config.role == Role::Secondary,
            _ => false,
        };
        let early = standing.class() == Class::PartnerDown && !own && now.unix < self.reusable_at(lease);
        let before_loss = lease.rewind_state == Some(BindingState::Active) && same_client;
        if permission == Permission::Allow && early && !before_loss {
            return Permission::Silent;
        }
        permission
    }

    fn free_kinds(&self, now: Now, pool: PoolId) -> &[FreeKind] {
        if !self.covers_pool(pool) {
            return &[FreeKind::Free, FreeKind::Backup];
        }
        if self.is_saving() { &[] } else { self.standing().free_kinds(now.unix) }
    }

    fn grant(&self, now: Now, lease: &Lease, desired_seconds: u32) -> Grant {
        if !self.covers(lease) {
            return Standalone.grant(now, lease, desired_seconds);
        }
        // Section 5.2.1 is about what the partner knows of this binding, not of one before it.
        let goes_on = lease.state == BindingState::Active || lease.rewind_state == Some(BindingState::Active);
        let mclt = self.mclt_seconds();
        let grant = if goes_on {
            mclt::grant(now.unix, lease, desired_seconds, mclt)
        } else {
            mclt::grant(now.unix, &Lease::new(lease.key), desired_seconds, mclt)
        };
        // A binding of this server's own is always news: what is to be sent is above what was acknowledged.
        let news = lease.potential_expiration_time.acked.plus_secs(1);
        Grant { potential_expiration_sent: grant.potential_expiration_sent.max(news), ..grant }
    }

    fn ended(&self, now: Now, lease: &Lease, released: bool) -> Option<BindingState> {
        if !self.covers(lease) {
            return Standalone.ended(now, lease, released);
        }
        if self.is_saving() {
            return None;
        }
        // A partner that lost its leases may have promised this one for longer, and agrees to anything: first it is
        // told of, with the end that follows from that.
        let is_untold = self.saved.full_update_due && self.is_linked();
        if !released && lease.state == BindingState::Active && (is_untold || now.unix < over_at(lease)) {
            return None;
        }
        self.standing().ended(lease, released)
    }
}

/// When a lease that either server may have given is over, whoever's clock is right. What the partner promised
/// ends by its clock, and no later than it announced.
fn over_at(lease: &Lease) -> UnixTime {
    let end = lease.expiration_time;
    let partners =
        if lease.origin == Origin::Local { end.min(lease.potential_expiration_time.received) } else { end };
    if partners == UnixTime::UNSET { end } else { end.max(partners.plus_secs(CLOCK_SKEW_SECONDS_MAX)) }
}
