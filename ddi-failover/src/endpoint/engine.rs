//! The endpoint: what it holds, and its inputs and outputs.

use ddi_core::{Instant, Lease, LeaseKey, LeaseStore, Now, UnixTime};
use thiserror::Error;

use crate::endpoint::config::{Config, ConfigError, Pools, ProfileChoice};
use crate::endpoint::event::{Event, Events, LinkId};
use crate::endpoint::flow::Updates;
use crate::endpoint::link::LinkEnd;
use crate::endpoint::links::Links;
use crate::endpoint::pool::PoolBalance;
use crate::endpoint::states::{Alarm, Alarms, Talk};
use crate::saved::Saved;
use crate::split::LoadBalance;
use crate::state::{Command, Profile, State};

/// One relationship: the protocol above its connection, and the [`Authority`](ddi_core::Authority) over its
/// pools.
///
/// - After any `handle_*`: commit the store, drain [`Endpoint::poll_transmit`] for every connection, then
///   [`Endpoint::poll_event`], then read [`Endpoint::poll_timeout`]. Not draining loses nothing; it delays.
/// - Every change of a lease by anyone else (the DHCP server, an operator) is told by
///   [`Endpoint::handle_lease_changed`].
/// - What depends on a lease leaves only when the lease is durable: call `poll_transmit` again after each
///   commit.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub(super) config: Config,
    pub(super) pools: Pools,
    pub(super) balances: Vec<PoolBalance>,
    pub(super) latest: Now,
    /// What is to survive, and what the host was last told to save.
    pub(super) saved: Saved,
    told: Saved,
    save_number: u64,
    /// Nothing is said and nobody served before this number is saved.
    barrier: u64,
    confirmed: u64,
    pub(super) profile: Profile,
    pub(super) rich: bool,
    pub(super) load_balance: LoadBalance,
    pub(super) links: Links,
    pub(super) talk: Talk,
    pub(super) updates: Updates,
    pub(super) alarms: Alarms,
    pub(super) events: Events,
    /// There is more to do at once.
    pub(super) again: bool,
    pub(super) last_error: Option<LinkEnd>,
    // Scratch, so that nothing is allocated for each lease.
    pub(super) lease: Lease,
    pub(super) page: Vec<LeaseKey>,
}

/// What is there from before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the host must know which of the three it is")]
pub enum Start<'a> {
    /// No saved state. The server has not met its partner, or has lost everything; nobody can tell, so that
    /// it serves nobody before it has met its partner or an operator says that the partner is down.
    Nothing,
    /// The bytes of the last [`Event::Save`], beside the leases that were stored then and since.
    Saved(&'a [u8]),
    /// The bytes of the last [`Event::Save`], but the leases are lost, or are older than they were. The host has
    /// to say so at each start until a later `Save` is written.
    LeasesLost(&'a [u8]),
}

/// The command does not apply in this state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("{command:?} does not apply in state {state}")]
#[allow(clippy::exhaustive_structs, reason = "there is one way to be refused")]
pub struct CommandRefused {
    /// What was asked for.
    pub command: Command,
    /// Where the endpoint is.
    pub state: State,
}

impl Endpoint {
    /// An endpoint in STARTUP. Its first [`Event::Save`] is to be written before anything happens.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: what is configured or saved can't be.
    pub fn new(now: Now, config: Config, start: Start<'_>) -> Result<Self, ConfigError> {
        config.check()?;
        let pools = Pools::new(&config.name, &config.pools)?;
        let saved = restored(now.unix, &config, start)?;
        let mut endpoint = Self {
            balances: vec![PoolBalance::default(); pools.list.len()],
            pools,
            latest: now,
            told: saved,
            saved,
            save_number: 0,
            barrier: 0,
            confirmed: 0,
            profile: match config.profile {
                ProfileChoice::Fixed(profile) => profile,
                ProfileChoice::Auto => Profile::Isc,
            },
            rich: false,
            load_balance: config.load_balance(),
            links: Links::default(),
            talk: Talk::default(),
            updates: Updates::default(),
            alarms: Alarms::new(config.seed),
            events: Events::default(),
            again: false,
            last_error: None,
            lease: Lease::default(),
            page: Vec::new(),
            config,
        };
        endpoint.enter_startup();
        endpoint.save(true);
        Ok(endpoint)
    }

    /// The host has connected to the partner.
    pub fn handle_dialled(&mut self, now: Now, link: LinkId) {
        self.look_at_clock(now);
        self.alarms.dialling = false;
        self.on_connection(link);
    }

    /// The partner has connected.
    pub fn handle_accepted(&mut self, now: Now, link: LinkId) {
        self.look_at_clock(now);
        self.on_connection(link);
    }

    /// [`Event::Dial`] did not succeed.
    pub fn handle_dial_failed(&mut self, now: Now) {
        self.look_at_clock(now);
        self.alarms.dialling = false;
        self.arm_dial();
    }

    /// Bytes came in on a connection.
    ///
    /// # Errors
    ///
    /// [`LinkEnd`]: nothing more is taken from it. An [`Event::Close`] says the same.
    pub fn handle_bytes<S: LeaseStore + ?Sized>(
        &mut self,
        now: Now,
        store: &mut S,
        link: LinkId,
        bytes: &[u8],
    ) -> Result<(), LinkEnd> {
        self.begin(now);
        let result = self.on_bytes(store, link, bytes);
        self.finish(store);
        result
    }

    /// A connection is closed, by whomever.
    pub fn handle_closed<S: LeaseStore + ?Sized>(&mut self, now: Now, store: &mut S, link: LinkId) {
        self.begin(now);
        self.on_closed(link);
        self.finish(store);
    }

    /// Does what is due, a slice at a time. No-op when early.
    pub fn handle_timeout<S: LeaseStore + ?Sized>(&mut self, now: Now, store: &mut S) {
        self.begin(now);
        self.on_alarms();
        self.finish(store);
    }

    /// A lease was changed here, by anyone but the endpoint.
    pub fn handle_lease_changed<S: LeaseStore + ?Sized>(&mut self, now: Now, store: &mut S, key: LeaseKey) {
        self.begin(now);
        self.on_lease_changed(store, key);
        self.finish(store);
    }

    /// As [`Endpoint::handle_lease_changed`] for each, at the cost of one look at what is to be done.
    pub fn handle_leases_changed<S: LeaseStore + ?Sized>(
        &mut self,
        now: Now,
        store: &mut S,
        keys: &[LeaseKey],
    ) {
        self.begin(now);
        for &key in keys {
            self.on_lease_changed(store, key);
        }
        self.finish(store);
    }

    /// An operator's word.
    ///
    /// # Errors
    ///
    /// [`CommandRefused`]; nothing has happened then.
    pub fn handle_command<S: LeaseStore + ?Sized>(
        &mut self,
        now: Now,
        store: &mut S,
        command: Command,
    ) -> Result<(), CommandRefused> {
        self.begin(now);
        let result = self.on_command(command);
        self.finish(store);
        result
    }

    /// The bytes of [`Event::Save`] with this number are durable.
    pub fn handle_saved(&mut self, number: u64) {
        let waited = self.is_saving();
        self.confirmed = self.confirmed.max(number.min(self.save_number));
        self.again |= waited && !self.is_saving() && self.updates.reclaim_from.is_some();
    }

    /// The pools in place of those before: a new configuration.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]; then the old ones stay.
    pub fn set_pools(&mut self, pools: &[ddi_core::db::PoolConfig]) -> Result<(), ConfigError> {
        self.pools = Pools::new(&self.config.name, pools)?;
        self.config.pools = pools.to_vec();
        self.balances = vec![PoolBalance::default(); self.pools.list.len()];
        self.updates.sweep_again();
        self.again = true;
        Ok(())
    }

    /// Fills `buffer` with bytes to send on this connection and gives how many; `None` if there are none now.
    pub fn poll_transmit<S: LeaseStore + ?Sized>(
        &mut self,
        store: &S,
        link: LinkId,
        buffer: &mut [u8],
    ) -> Option<usize> {
        if self.is_saving() {
            return None;
        }
        if self.links.up() == Some(link) {
            self.say_all(store, link);
        }
        self.links.get_mut(link)?.poll_transmit(buffer)
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// When to call [`Endpoint::handle_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.again {
            return Some(self.latest.instant);
        }
        [self.alarms.next(), self.links.next_timeout()].into_iter().flatten().min()
    }

    /// This server's state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.saved.state
    }

    /// What the partner said last.
    #[must_use]
    pub const fn partner_state(&self) -> Option<State> {
        self.saved.partner
    }

    /// How this endpoint is configured.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The maximum client lead time in force.
    #[must_use]
    pub const fn mclt_seconds(&self) -> u32 {
        if self.saved.mclt_seconds == 0 { self.config.mclt_seconds } else { self.saved.mclt_seconds }
    }

    /// Time never goes back.
    fn look_at_clock(&mut self, now: Now) {
        self.latest = Now { instant: self.latest.instant.max(now.instant), unix: now.unix };
    }

    /// What is left to be done is done by [`Endpoint::finish`].
    fn begin(&mut self, now: Now) {
        self.look_at_clock(now);
        self.again = false;
    }

    fn finish<S: LeaseStore + ?Sized>(&mut self, store: &mut S) {
        self.work(store);
        if let (Some((reason, text)), Some(link)) = (self.talk.hang_up.take(), self.links.up()) {
            self.hang_up(link, reason, text);
        }
        self.save(self.saved != Saved { last_operation: self.saved.last_operation, ..self.told });
    }

    /// Has the state saved if it changed. `barrier`: nothing happens before that.
    fn save(&mut self, barrier: bool) {
        if self.saved == self.told && !barrier {
            return;
        }
        self.told = self.saved;
        self.save_number += 1;
        if barrier {
            self.barrier = self.save_number;
        }
        let mut bytes = Vec::new();
        self.saved.encode(&self.config.name, &mut bytes);
        self.events.save(self.save_number, bytes.into_boxed_slice());
    }

    /// The state is not yet where a restart finds it.
    pub(super) const fn is_saving(&self) -> bool {
        self.confirmed < self.barrier
    }

    /// When `unix` will be, for a timer.
    pub(super) fn instant_of(&self, unix: UnixTime) -> Instant {
        self.latest.instant.plus_secs(unix.secs_since(self.latest.unix))
    }

    pub(super) fn arm(&mut self, alarm: Alarm, at: Instant) {
        self.alarms.arm(alarm, at);
    }
}

/// What a restart begins with (section 9.3.2).
fn restored(now: UnixTime, config: &Config, start: Start<'_>) -> Result<Saved, ConfigError> {
    let name = || String::from_utf8_lossy(&config.name).into_owned();
    let (bytes, lost) = match start {
        Start::Nothing => {
            let fresh = Saved::nothing(config.role, now);
            let forgotten_until = now.plus_secs(config.mclt_seconds.into());
            return Ok(Saved { forgotten_until, mclt_seconds: own_mclt(config, 0), ..fresh });
        }
        Start::Saved(bytes) => (bytes, false),
        Start::LeasesLost(bytes) => (bytes, true),
    };
    let mut saved =
        Saved::decode(bytes, &config.name).map_err(|why| ConfigError::Saved { relationship: name(), why })?;
    if saved.role != config.role {
        let (saved, configured) = (saved.role, config.role);
        return Err(ConfigError::Role { relationship: name(), saved, configured });
    }
    saved.mclt_seconds = own_mclt(config, saved.mclt_seconds);
    if !matches!(saved.state, State::Startup | State::Paused | State::Shutdown) {
        saved.resume = saved.state;
    }
    if lost {
        let mclt = if saved.mclt_seconds == 0 { config.mclt_seconds } else { saved.mclt_seconds };
        let forgotten_until = now.plus_secs(mclt.into());
        saved = Saved {
            partner: saved.partner,
            partner_since: saved.partner_since,
            partner_took_over: saved.partner_took_over,
            mclt_seconds: saved.mclt_seconds,
            forgotten_until,
            ..Saved::nothing(config.role, now)
        };
    }
    Ok(saved)
}

/// The primary decides.
fn own_mclt(config: &Config, saved: u32) -> u32 {
    match config.role {
        crate::state::Role::Primary => config.mclt_seconds,
        crate::state::Role::Secondary => saved,
    }
}
