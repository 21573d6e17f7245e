//! Lease store of the application: a daemon that keeps its own leases hands a table of functions in, and still
//! has the DHCP and failover engines.
//!
//! The functions are called inside the calls of engines, on the calling thread, with `userdata` first. They must
//! return normally (no longjmp, no C++ exception) and must not call anything with a handle that the engine's call
//! uses. All but `release` must be there.
//!
//! Each returns `DDI_OK`, or `DDI_IDLE` for "there is none". `put` and `remove` may refuse with any error, such as
//! `DDI_E_CONFLICT`: then they must have done nothing, and the engine goes on without it. Any other error, and any
//! answer that can't be true (a lease of another key, a state that does not exist, more than `max` keys, a version
//! that is not above all before), breaks the store: no call takes it any more (`DDI_E_STORE`), so that no reply
//! goes out that builds on it. Free the engines and begin anew, as after a crash.

mod functions;
mod own;

use crate::lease::ddi_lease;
use crate::lease_key::{ddi_identity, ddi_ipv4, ddi_lease_key};
use crate::lease_pool::ddi_pool_counts;
use crate::sized::Growing;
use crate::status::ddi_status;
pub(crate) use own::OwnStore;
use std::ffi::c_void;

/// The functions. A `put` and a `remove` take effect at once for all further calls, and are durable once `durable`
/// has reached the version that they gave.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_lease_store {
    /// sizeof(ddi_lease_store)
    pub struct_size: u32,
    /// Zero.
    pub pad: u32,
    /// Handed to the functions.
    pub userdata: *mut c_void,
    /// Called once, when the store is freed; may be NULL.
    pub release: Option<unsafe extern "C" fn(userdata: *mut c_void)>,
    /// Fills `lease` (zeroed, but for `struct_size`) with the stored one, its version included. The byte fields
    /// stay readable until the next call of one of these functions. `DDI_IDLE` if there is none.
    pub get: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            key: *const ddi_lease_key,
            lease: *mut ddi_lease,
        ) -> ddi_status,
    >,
    /// The keys of at most `max` leases of a space with this identity, and of this subnet if one is given; if there are
    /// more, those that are `DDI_STATE_ACTIVE` before all others.
    pub find: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            space: u32,
            subnet_id: *const u32,
            identity: *const ddi_identity,
            keys: *mut ddi_lease_key,
            max: usize,
            count: *mut usize,
        ) -> ddi_status,
    >,
    /// Stores a lease if it is as expected (`DDI_EXPECT_...`; else `DDI_E_CONFLICT`), and ends a hold on it.
    /// `*version` is a number above all before. Unless `forced` is 1, the store may refuse a state that can't
    /// follow the stored one (`DDI_E_TRANSITION`). What is in `lease` is the library's, and has to be copied.
    pub put: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            lease: *const ddi_lease,
            expect: u32,
            expected_version: u64,
            forced: u32,
            version: *mut u64,
        ) -> ddi_status,
    >,
    /// Forgets a lease: its address is as if never leased. `*version` is a number above all before. `DDI_IDLE`
    /// if there was none and that was expected.
    pub remove: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            key: *const ddi_lease_key,
            expect: u32,
            expected_version: u64,
            version: *mut u64,
        ) -> ddi_status,
    >,
    /// What was given this version, or a lower one, survives a crash.
    pub durable: Option<unsafe extern "C" fn(userdata: *mut c_void) -> u64>,
    /// The next free address of a pool (`DDI_FREE_KIND_...`), the one free for the longest time last used first,
    /// and holds it: it is not given again until a put on it or `release_hold`. `DDI_IDLE` if there is none.
    pub next_free: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            pool: u32,
            kind: u32,
            key: *mut ddi_lease_key,
        ) -> ddi_status,
    >,
    /// Holds this address. `DDI_IDLE` if it is in no pool, is held, or is in a state that can't be allocated from.
    pub hold: Option<unsafe extern "C" fn(userdata: *mut c_void, key: *const ddi_lease_key) -> ddi_status>,
    /// Ends a hold without a put; a no-op if there is none.
    pub release_hold: Option<unsafe extern "C" fn(userdata: *mut c_void, key: *const ddi_lease_key)>,
    /// The pool that this address can be allocated from. `DDI_IDLE` if none.
    pub pool_of: Option<
        unsafe extern "C" fn(userdata: *mut c_void, key: *const ddi_lease_key, pool: *mut u32) -> ddi_status,
    >,
    /// The keys of at most `max` leases that are ACTIVE or ABANDONED and whose expiration_time is neither 0 nor
    /// `DDI_TIME_NEVER` and at or before `unix_s`, oldest first.
    pub expired: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            unix_s: u64,
            keys: *mut ddi_lease_key,
            max: usize,
            count: *mut usize,
        ) -> ddi_status,
    >,
    /// The earliest expiration_time that `expired` would look at. `DDI_IDLE` if none.
    pub next_expiration: Option<unsafe extern "C" fn(userdata: *mut c_void, unix_s: *mut u64) -> ddi_status>,
    /// The keys of the stored IPv4 leases of a space from `first` to `last`, both included, in order, at most
    /// `max`; fewer than `max` means that there are no more.
    pub scan_v4: Option<
        unsafe extern "C" fn(
            userdata: *mut c_void,
            space: u32,
            first: ddi_ipv4,
            last: ddi_ipv4,
            keys: *mut ddi_lease_key,
            max: usize,
            count: *mut usize,
        ) -> ddi_status,
    >,
    /// How many addresses of the pool are in which state. `DDI_IDLE` if there is no such pool.
    pub pool_counts: Option<
        unsafe extern "C" fn(userdata: *mut c_void, pool: u32, counts: *mut ddi_pool_counts) -> ddi_status,
    >,
}

// SAFETY: starts with struct_size; zeros are a NULL pointer and functions that are not there. Other bytes are
// what C calls functions: that they are some is the caller's promise.
unsafe impl Growing for ddi_lease_store {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_lease_store";
}
