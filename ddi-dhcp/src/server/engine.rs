//! The engine: inputs in, replies and events out.

use crate::server::config::Config;
use crate::server::error::ConfigError;
use crate::server::io::{Counters, Event, Received, Transmit};
use ddi_core::{Authority, Instant, LeaseKey, LeaseStore, Lsn, Now, StoreError};
use std::net::Ipv4Addr;

/// A DHCPv4 server without sockets, clock or disk.
///
/// After any `handle_*` or [`release`](Self::release): drain [`poll_transmit`](Self::poll_transmit),
/// then [`poll_event`](Self::poll_event), then read [`poll_timeout`](Self::poll_timeout). Not draining
/// loses no lease; it delays, and when a queue is full, datagrams are dropped and counted before
/// anything is promised. `now` never goes back: an earlier instant is taken as the latest seen.
///
/// A reply that promises a lease is handed out only when the lease is durable: call
/// [`poll_transmit`](Self::poll_transmit) again after each commit of the store.
///
/// The pools must be known to the store too: give it their list when both are made and after each
/// [`set_config`](Self::set_config).
#[derive(Debug)]
pub struct Server {
    config: Config,
    counters: Counters,
}

impl Server {
    /// A server with this configuration. The seed keys its hash tables; the same seed and the same
    /// calls give the same bytes.
    ///
    /// # Errors
    /// If the configuration can't be served.
    pub fn new(config: Config, _seed: u64) -> Result<Self, ConfigError> {
        crate::server::error::check_config(&config)?;
        Ok(Self { config, counters: Counters::default() })
    }

    /// Changes the configuration. Leases stay; offers stay if they are still possible.
    ///
    /// # Errors
    /// If it can't be served; then the old one stays.
    pub fn set_config(&mut self, _now: Now, config: Config) -> Result<(), ConfigError> {
        crate::server::error::check_config(&config)?;
        self.config = config;
        Ok(())
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A datagram came in.
    pub fn handle_datagram<S, A>(
        &mut self,
        _now: Now,
        _store: &mut S,
        _authority: &A,
        _received: &Received<'_>,
    ) where
        S: LeaseStore + ?Sized,
        A: Authority + ?Sized,
    {
    }

    /// Time passed: offers lapse, leases expire, quarantines end. No-op when early. Leases are
    /// reclaimed in slices: if there are more, [`poll_timeout`](Self::poll_timeout) is at once due.
    pub fn handle_timeout<S, A>(&mut self, _now: Now, _store: &mut S, _authority: &A)
    where
        S: LeaseStore + ?Sized,
        A: Authority + ?Sized,
    {
    }

    /// The answer to an [`Event::Ping`]: did anything answer? Of no effect if it comes too late.
    pub fn handle_ping<S, A>(
        &mut self,
        _now: Now,
        _store: &mut S,
        _authority: &A,
        _address: Ipv4Addr,
        _answered: bool,
    ) where
        S: LeaseStore + ?Sized,
        A: Authority + ?Sized,
    {
    }

    /// An operator releases a lease: what an accepted RELEASE does to it. `Ok(None)` if it is not
    /// ACTIVE, or the authority leaves it as it is.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn release<S, A>(
        &mut self,
        _now: Now,
        _store: &mut S,
        _authority: &A,
        _key: LeaseKey,
    ) -> Result<Option<Lsn>, StoreError>
    where
        S: LeaseStore + ?Sized,
        A: Authority + ?Sized,
    {
        Ok(None)
    }

    /// The next reply, written to `buffer` ([`MAX_REPLY`](crate::server::MAX_REPLY) bytes are always
    /// enough; a reply that does not fit stays queued).
    pub fn poll_transmit<S: LeaseStore + ?Sized>(
        &mut self,
        _store: &S,
        _buffer: &mut [u8],
    ) -> Option<Transmit> {
        None
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// What was seen and done.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How many offers are out.
    #[must_use]
    pub fn offers(&self) -> usize {
        0
    }
}
