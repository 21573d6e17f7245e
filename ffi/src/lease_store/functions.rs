//! The application's functions, called.

use crate::lease::ddi_lease;
use crate::lease_key::{ddi_identity, ddi_ipv4, ddi_lease_key};
use crate::lease_pool::ddi_pool_counts;
use crate::lease_store::ddi_lease_store;
use crate::status::{DDI_E_NULL, ddi_status};
use std::net::Ipv4Addr;

/// A table whose functions are all there.
#[derive(Clone, Copy)]
pub(crate) struct Functions {
    table: ddi_lease_store,
}

/// Calls a function of the table with `userdata` first.
macro_rules! call {
    ($self:ident.$function:ident($($argument:expr),*)) => {
        match $self.table.$function {
            // SAFETY: the caller's function, and what the header says that it is called with.
            Some(function) => unsafe { function($self.table.userdata, $($argument),*) },
            None => DDI_E_NULL,
        }
    };
}

impl Functions {
    /// The name of the first that is missing.
    pub(super) fn new(table: &ddi_lease_store) -> Result<Self, &'static str> {
        let missing = [
            ("get", table.get.is_none()),
            ("find", table.find.is_none()),
            ("put", table.put.is_none()),
            ("remove", table.remove.is_none()),
            ("durable", table.durable.is_none()),
            ("next_free", table.next_free.is_none()),
            ("hold", table.hold.is_none()),
            ("release_hold", table.release_hold.is_none()),
            ("pool_of", table.pool_of.is_none()),
            ("expired", table.expired.is_none()),
            ("next_expiration", table.next_expiration.is_none()),
            ("scan_v4", table.scan_v4.is_none()),
            ("pool_counts", table.pool_counts.is_none()),
        ];
        match missing.iter().find(|(_, is_missing)| *is_missing) {
            Some((name, _)) => Err(name),
            None => Ok(Self { table: *table }),
        }
    }

    pub(super) fn release(&self) {
        if let Some(release) = self.table.release {
            // SAFETY: the caller's function, called once: by the only owner, at its end.
            unsafe { release(self.table.userdata) };
        }
    }

    pub(super) fn get(&self, key: &ddi_lease_key, lease: &mut ddi_lease) -> ddi_status {
        call!(self.get(key, lease))
    }

    pub(super) fn find(
        &self,
        space: u32,
        subnet_id: Option<&u32>,
        identity: &ddi_identity,
        keys: &mut [ddi_lease_key],
        count: &mut usize,
    ) -> ddi_status {
        let subnet_id = subnet_id.map_or(std::ptr::null(), std::ptr::from_ref);
        call!(self.find(space, subnet_id, identity, keys.as_mut_ptr(), keys.len(), count))
    }

    pub(super) fn put(
        &self,
        lease: &ddi_lease,
        (expect, expected): (u32, u64),
        forced: u32,
        version: &mut u64,
    ) -> ddi_status {
        call!(self.put(lease, expect, expected, forced, version))
    }

    pub(super) fn remove(
        &self,
        key: &ddi_lease_key,
        (expect, expected): (u32, u64),
        version: &mut u64,
    ) -> ddi_status {
        call!(self.remove(key, expect, expected, version))
    }

    pub(super) fn durable(&self) -> u64 {
        // SAFETY: the caller's function, and what the header says that it is called with.
        self.table.durable.map_or(0, |durable| unsafe { durable(self.table.userdata) })
    }

    pub(super) fn next_free(&self, pool: u32, kind: u32, key: &mut ddi_lease_key) -> ddi_status {
        call!(self.next_free(pool, kind, key))
    }

    pub(super) fn hold(&self, key: &ddi_lease_key) -> ddi_status {
        call!(self.hold(key))
    }

    pub(super) fn release_hold(&self, key: &ddi_lease_key) {
        if let Some(release_hold) = self.table.release_hold {
            // SAFETY: the caller's function, and what the header says that it is called with.
            unsafe { release_hold(self.table.userdata, key) };
        }
    }

    pub(super) fn pool_of(&self, key: &ddi_lease_key, pool: &mut u32) -> ddi_status {
        call!(self.pool_of(key, pool))
    }

    pub(super) fn expired(&self, unix_s: u64, keys: &mut [ddi_lease_key], count: &mut usize) -> ddi_status {
        call!(self.expired(unix_s, keys.as_mut_ptr(), keys.len(), count))
    }

    pub(super) fn next_expiration(&self, unix_s: &mut u64) -> ddi_status {
        call!(self.next_expiration(unix_s))
    }

    pub(super) fn scan_v4(
        &self,
        space: u32,
        first: Ipv4Addr,
        last: Ipv4Addr,
        keys: &mut [ddi_lease_key],
        count: &mut usize,
    ) -> ddi_status {
        let (first, last): (ddi_ipv4, ddi_ipv4) = (first.into(), last.into());
        call!(self.scan_v4(space, first, last, keys.as_mut_ptr(), keys.len(), count))
    }

    pub(super) fn pool_counts(&self, pool: u32, counts: &mut ddi_pool_counts) -> ddi_status {
        call!(self.pool_counts(pool, counts))
    }
}
