//! What an operator wants to know.

use ddi_core::db::PoolCounts;
use ddi_core::{LeaseStore, PoolId, UnixTime};

use crate::endpoint::engine::Endpoint;
use crate::endpoint::event::LinkId;
use crate::endpoint::link::LinkEnd;
use crate::state::{Profile, Role, State};

/// A relationship at a moment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Status {
    /// Its name.
    pub name: Vec<u8>,
    /// Which server this is.
    pub role: Role,
    /// This server's state.
    pub state: State,
    /// Since when.
    pub since: UnixTime,
    /// What the partner said last, on this connection or an earlier one.
    pub partner: Option<State>,
    /// Since when, by the partner's clock.
    pub partner_since: UnixTime,
    /// The connection that is up.
    pub link: Option<LinkId>,
    /// Whose ways are followed on it.
    pub profile: Profile,
    /// The partner is of ours, and more than the draft is spoken.
    pub rich: bool,
    /// Why the last connection ended or could not be made.
    pub last_error: Option<LinkEnd>,
    /// Updates that were sent and not answered.
    pub unacked: usize,
    /// Changed leases that wait to be sent.
    pub waiting: usize,
    /// The partner's updates that wait to be durable.
    pub to_ack: usize,
    /// The maximum client lead time in force, in seconds.
    pub mclt_seconds: u32,
    /// How many of the 256 hash buckets are the primary's, if known.
    pub primary_buckets: Option<u32>,
    /// The pools, and how many of their addresses are in which state.
    pub pools: Vec<(PoolId, PoolCounts)>,
    /// Events that nobody collected.
    pub events_lost: u64,
}

impl Endpoint {
    /// Neither server waits for what the other says on this connection: both are in NORMAL, neither looks through all
    /// of its leases for the other, and less than half of either's window is used. What they say may then gather for
    /// some milliseconds: both are woken less often, and one message tells of several leases.
    #[must_use]
    pub fn is_calm(&self, link: LinkId) -> bool {
        let updates = &self.updates;
        self.links.up() == Some(link)
            && self.talk.heard
            && self.talk.asked.is_none()
            && self.talk.says.is_empty()
            && self.saved.state == State::Normal
            && self.saved.partner == Some(State::Normal)
            && updates.sweep.is_none()
            && updates.is_half_empty()
            && updates.acks.len() < self.config.max_unacked as usize / 2
    }

    /// A relationship as it is now; the counts are the store's.
    #[must_use]
    pub fn status<S: LeaseStore + ?Sized>(&self, store: &S) -> Status {
        Status {
            name: self.config.name.clone(),
            role: self.config.role,
            state: self.saved.state,
            since: self.saved.since,
            partner: self.saved.partner,
            partner_since: self.saved.partner_since,
            link: self.links.up(),
            profile: self.profile,
            rich: self.rich,
            last_error: self.last_error.clone(),
            unacked: self.updates.unacked(),
            waiting: self.updates.waiting(),
            to_ack: self.updates.acks.len(),
            mclt_seconds: self.mclt_seconds(),
            primary_buckets: self.load_balance.buckets.map(|buckets| buckets.primary_count()),
            pools: self
                .pools
                .list
                .iter()
                .map(|pool| (pool.id, store.pool_counts(pool.id).unwrap_or_default()))
                .collect(),
            events_lost: self.events.lost,
        }
    }
}
