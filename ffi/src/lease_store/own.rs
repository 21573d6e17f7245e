//! The application's functions as a [`LeaseStore`]. None of its answers is believed before it was checked.

use crate::handle::Failure;
use crate::lease::ddi_lease;
use crate::lease_db::{DDI_EXPECT_ABSENT, DDI_EXPECT_ANY, DDI_EXPECT_VERSION};
use crate::lease_key::{ddi_identity, ddi_lease_key};
use crate::lease_pool::{ddi_pool_counts, of_free_kind};
use crate::lease_store::ddi_lease_store;
use crate::lease_store::functions::Functions;
use crate::status::{
    DDI_E_CONFLICT, DDI_E_LIMIT, DDI_E_STORE, DDI_E_TRANSITION, DDI_IDLE, DDI_OK, ddi_status,
};
use ddi_core::db::{
    CLIENT_ID_MAX, DUID_MAX, FQDN_MAX, HOSTNAME_MAX, PoolCounts, RELAY_AGENT_INFO_MAX, USER_MAX,
};
use ddi_core::store::FIND_MAX;
use ddi_core::{
    BindingState, Expect, FreeKind, HwAddr, Identity, Lease, LeaseAddr, LeaseKey, LeaseStore, Lsn, PoolId,
    StoreError, UnixTime,
};
use std::cell::RefCell;
use std::net::Ipv4Addr;

/// The most keys that are asked for at once.
const KEYS_MAX: usize = 4096;

/// See the module.
pub(crate) struct OwnStore {
    functions: Functions,
    /// The first answer that can't be believed.
    broken: RefCell<Option<String>>,
    highest: Lsn,
}

// SAFETY: the header says that a handle may move between threads, and its functions with it.
unsafe impl Send for OwnStore {}

impl OwnStore {
    /// `DDI_E_NULL` if a function is missing.
    pub(crate) fn new(table: &ddi_lease_store) -> Result<Self, Failure> {
        let functions =
            Functions::new(table).map_err(|name| Failure::null(&format!("ddi_lease_store.{name}")))?;
        Ok(Self { functions, broken: RefCell::new(None), highest: Lsn::ZERO })
    }

    /// Fails if the store is broken.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match &*self.broken.borrow() {
            Some(why) => Err(Failure::new(DDI_E_STORE, format!("the lease store is broken: {why}"))),
            None => Ok(()),
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.borrow().is_some()
    }

    fn breaks(&self, function: &str, why: impl std::fmt::Display) {
        let mut broken = self.broken.borrow_mut();
        if broken.is_none() {
            *broken = Some(format!("{function}: {why}"));
        }
    }

    /// True for `DDI_OK`, false for `DDI_IDLE`; all else breaks the store.
    fn is_there(&self, function: &str, status: ddi_status) -> bool {
        match status {
            DDI_OK => true,
            DDI_IDLE => false,
            _ => {
                self.breaks(function, format_args!("returned {status}"));
                false
            }
        }
    }

    /// Asks for keys, and appends those that can be believed: all of them, or none.
    fn keys(
        &self,
        function: &str,
        max: usize,
        found: &mut Vec<LeaseKey>,
        ask: impl FnOnce(&mut [ddi_lease_key], &mut usize) -> ddi_status,
        is_right: impl Fn(Option<&LeaseKey>, &LeaseKey) -> bool,
    ) {
        if self.is_broken() || max == 0 {
            return;
        }
        let mut keys = vec![ddi_lease_key::default(); max.min(KEYS_MAX)];
        let mut count = 0;
        if !self.is_there(function, ask(&mut keys, &mut count)) {
            return;
        }
        let Some(keys) = keys.get(..count) else {
            return self.breaks(function, format_args!("gave {count} keys where {} have room", keys.len()));
        };
        let before = found.len();
        for key in keys {
            let right =
                key.to_key().ok().filter(|key| is_right(found.get(before..).and_then(<[_]>::last), key));
            let Some(key) = right else {
                found.truncate(before);
                return self.breaks(function, format_args!("gave {key:?}, which was not asked for"));
            };
            found.push(key);
        }
    }

    /// A version of a put or a remove.
    fn version(&mut self, function: &str, version: u64) -> Result<Lsn, StoreError> {
        if version <= self.highest.0 || version == u64::MAX {
            let why = format!("gave version {version} after {}", self.highest.0);
            self.breaks(function, &why);
            return Err(StoreError::Other(why));
        }
        self.highest = Lsn(version);
        Ok(self.highest)
    }

    fn put_any(&mut self, lease: &mut Lease, expect: Expect, forced: u32) -> Result<Lsn, StoreError> {
        self.usable()?;
        let mut version = 0;
        let status = self.functions.put(&ddi_lease::of(lease), expect_numbers(expect), forced, &mut version);
        if status != DDI_OK {
            return Err(self.refused("put", status, lease.key, lease.state));
        }
        lease.version = self.version("put", version)?;
        Ok(lease.version)
    }

    /// Nothing more is written to a broken store.
    fn usable(&self) -> Result<(), StoreError> {
        self.check().map_err(|failure| StoreError::Other(failure.text))
    }

    fn refused(&self, function: &str, status: ddi_status, key: LeaseKey, to: BindingState) -> StoreError {
        match status {
            DDI_E_CONFLICT => StoreError::Conflict { key, found: None },
            DDI_E_TRANSITION => StoreError::Transition { key, from: to, to },
            DDI_E_LIMIT => StoreError::Full,
            status if status < 0 => StoreError::Other(format!("{function} returned {status}")),
            status => {
                let why = format!("returned {status}");
                self.breaks(function, &why);
                StoreError::Other(why)
            }
        }
    }
}

impl Drop for OwnStore {
    fn drop(&mut self) {
        self.functions.release();
    }
}

impl LeaseStore for OwnStore {
    fn get_into(&self, key: LeaseKey, lease: &mut Lease) -> bool {
        lease.reset(key);
        if self.is_broken() {
            return false;
        }
        let mut found = ddi_lease::of(lease);
        found.state = 0;
        if !self.is_there("get", self.functions.get(&key.into(), &mut found)) {
            return false;
        }
        let copied = match too_long(&found) {
            Some(field) => Err(Failure::argument(format!("{field} is longer than it can be"))),
            // SAFETY: the header demands that the byte fields are what they say until the next call.
            None => unsafe { found.fill(lease) },
        };
        let right = match copied {
            Err(failure) => Err(failure.text),
            Ok(()) if lease.key != key => Err(format!("gave the lease of {:?} for {key:?}", lease.key)),
            Ok(()) if lease.version == Lsn::ZERO => Err("gave a lease without a version".to_owned()),
            Ok(()) => Ok(()),
        };
        if let Err(why) = right {
            self.breaks("get", why);
            lease.reset(key);
            return false;
        }
        true
    }

    fn find(&self, space: u32, subnet_id: Option<u32>, identity: Identity<'_>, found: &mut Vec<LeaseKey>) {
        let mut room = HwAddr::EMPTY;
        let Some(identity) = ddi_identity::of(&identity, &mut room) else { return };
        let ask = |keys: &mut [ddi_lease_key], count: &mut usize| {
            self.functions.find(space, subnet_id.as_ref(), &identity, keys, count)
        };
        self.keys("find", FIND_MAX, found, ask, |_, key| key.space == space);
    }

    fn put(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError> {
        self.put_any(lease, expect, 0)
    }

    fn put_forced(&mut self, lease: &mut Lease, expect: Expect) -> Result<Lsn, StoreError> {
        self.put_any(lease, expect, 1)
    }

    fn remove(&mut self, key: LeaseKey, expect: Expect) -> Result<Option<Lsn>, StoreError> {
        self.usable()?;
        let mut version = 0;
        match self.functions.remove(&key.into(), expect_numbers(expect), &mut version) {
            DDI_OK => self.version("remove", version).map(Some),
            DDI_IDLE => Ok(None),
            status => Err(self.refused("remove", status, key, BindingState::Free)),
        }
    }

    fn durable(&self) -> Lsn {
        if self.is_broken() { Lsn::ZERO } else { Lsn(self.functions.durable()) }
    }

    fn next_free(&mut self, pool: PoolId, kind: FreeKind) -> Option<LeaseKey> {
        if self.is_broken() {
            return None;
        }
        let kind = of_free_kind(kind);
        let mut key = ddi_lease_key::default();
        if !self.is_there("next_free", self.functions.next_free(pool.0, kind, &mut key)) {
            return None;
        }
        let right = key.to_key().ok().filter(|key| self.pool_of(*key) == Some(pool));
        if right.is_none() {
            self.breaks("next_free", format_args!("gave {key:?}, which is not in pool {}", pool.0));
        }
        right
    }

    fn hold(&mut self, key: LeaseKey) -> bool {
        !self.is_broken() && self.is_there("hold", self.functions.hold(&key.into()))
    }

    fn release_hold(&mut self, key: LeaseKey) {
        if !self.is_broken() {
            self.functions.release_hold(&key.into());
        }
    }

    fn pool_of(&self, key: LeaseKey) -> Option<PoolId> {
        let mut pool = 0;
        if self.is_broken() || !self.is_there("pool_of", self.functions.pool_of(&key.into(), &mut pool)) {
            return None;
        }
        Some(PoolId(pool))
    }

    fn expired(&mut self, now: UnixTime, max: usize, found: &mut Vec<LeaseKey>) {
        let ask = |keys: &mut [ddi_lease_key], count: &mut usize| self.functions.expired(now.0, keys, count);
        self.keys("expired", max, found, ask, |_, _| true);
    }

    fn next_expiration(&self) -> Option<UnixTime> {
        let mut at = 0;
        if self.is_broken() || !self.is_there("next_expiration", self.functions.next_expiration(&mut at)) {
            return None;
        }
        Some(UnixTime(at))
    }

    fn scan_v4(&self, space: u32, first: Ipv4Addr, last: Ipv4Addr, max: usize, found: &mut Vec<LeaseKey>) {
        // Whoever asks takes fewer than `max` for the end: so all pages are asked for.
        let end = found.len() + max;
        let mut from = first;
        while found.len() < end && from <= last && !self.is_broken() {
            let room = (end - found.len()).min(KEYS_MAX);
            let before = found.len();
            let ask = |keys: &mut [ddi_lease_key], count: &mut usize| {
                self.functions.scan_v4(space, from, last, keys, count)
            };
            let is_right = |after: Option<&LeaseKey>, key: &LeaseKey| {
                let inside = matches!(key.addr, LeaseAddr::V4(addr) if (from..=last).contains(&addr));
                inside && key.space == space && after.is_none_or(|after| after < key)
            };
            self.keys("scan_v4", room, found, ask, is_right);
            let next = found.last().filter(|_| found.len() - before == room).and_then(LeaseKey::as_v4);
            match next.and_then(|addr| u32::from(addr).checked_add(1)) {
                Some(next) => from = next.into(),
                None => return,
            }
        }
    }

    fn pool_counts(&self, pool: PoolId) -> Option<PoolCounts> {
        let mut counts = ddi_pool_counts::from(PoolCounts::default());
        if self.is_broken() || !self.is_there("pool_counts", self.functions.pool_counts(pool.0, &mut counts))
        {
            return None;
        }
        let sum = counts.free.max(counts.backup).max(counts.total);
        if sum > u64::from(u32::MAX) + 1 {
            self.breaks("pool_counts", format_args!("{sum} addresses in an IPv4 pool"));
            return None;
        }
        Some(counts_of(&counts))
    }
}

/// A byte field that no lease can have is not looked at.
fn too_long(lease: &ddi_lease) -> Option<&'static str> {
    let fields = [
        ("client_id", lease.client_id_len, CLIENT_ID_MAX),
        ("duid", lease.duid_len, DUID_MAX),
        ("hostname", lease.hostname_len, HOSTNAME_MAX),
        ("fqdn", lease.fqdn_len, FQDN_MAX),
        ("relay_agent_info", lease.relay_agent_info_len, RELAY_AGENT_INFO_MAX),
        ("user", lease.user_len, USER_MAX),
    ];
    fields.into_iter().find(|(_, len, max)| len > max).map(|(name, ..)| name)
}

/// `DDI_EXPECT_...` and the version.
const fn expect_numbers(expect: Expect) -> (u32, u64) {
    match expect {
        Expect::Any => (DDI_EXPECT_ANY, 0),
        Expect::Absent => (DDI_EXPECT_ABSENT, 0),
        Expect::Version(version) => (DDI_EXPECT_VERSION, version.0),
    }
}

fn counts_of(counts: &ddi_pool_counts) -> PoolCounts {
    let mut own = PoolCounts::default();
    own.total = counts.total;
    own.free = counts.free;
    own.never_leased = counts.never_leased;
    own.backup = counts.backup;
    own.active = counts.active;
    own.abandoned = counts.abandoned;
    own.ending = counts.ending;
    own.held = counts.held;
    own
}
