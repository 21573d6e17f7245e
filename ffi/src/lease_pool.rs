//! Pools: which addresses may be given to a new client, least recently used first. A DHCP server engine asks for
//! them by itself; these calls are for those who allocate without it.

use crate::guard;
use crate::handle::Failure;
use crate::lease_db::ddi_lease_db;
use crate::lease_key::{ddi_ipv4, ddi_lease_key};
use crate::sized::{self, Growing, OutSized};
use crate::slice::{self, ArrayOut, Out};
use crate::status::{DDI_E_NOT_FOUND, DDI_IDLE, DDI_OK, ddi_status};
use ddi_core::db::{PoolConfig, PoolCounts};
use ddi_core::{FreeKind, LeaseStore, PoolId, UnixTime};

/// FREE, or never leased: the primary's, or the only server's.
pub const DDI_FREE_KIND_FREE: u32 = 0;
/// BACKUP: the secondary's.
pub const DDI_FREE_KIND_BACKUP: u32 = 1;

/// A range of IPv4 addresses, both ends included.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct ddi_ipv4_range {
    /// The first address.
    pub first: ddi_ipv4,
    /// The last address.
    pub last: ddi_ipv4,
}

/// A range of IPv4 addresses that may be leased to any client.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_pool {
    /// sizeof(ddi_pool)
    pub struct_size: u32,
    /// The number by which it is asked for.
    pub id: u32,
    /// Its address space.
    pub space: u32,
    /// The subnet that it serves.
    pub subnet_id: u32,
    /// Its addresses.
    pub range: ddi_ipv4_range,
    /// Ranges that are not in the pool. What is outside of it is ignored.
    pub excluded: *const ddi_ipv4_range,
    /// How many.
    pub excluded_len: usize,
    /// Addresses kept for known clients: not in the pool either.
    pub reserved: *const ddi_ipv4,
    /// How many.
    pub reserved_len: usize,
}

// SAFETY: starts with struct_size; integers and pointers, which are checked before they are followed.
unsafe impl Growing for ddi_pool {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_pool";
}

/// How many addresses of a pool are in which state.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_pool_counts {
    /// sizeof(ddi_pool_counts)
    pub struct_size: u32,
    /// Zero.
    pub pad: u32,
    /// All that can be leased to any client.
    pub total: u64,
    /// FREE ones, with the never leased.
    pub free: u64,
    /// Of the free ones, those that no lease is stored for.
    pub never_leased: u64,
    /// BACKUP and FREE-BACKUP ones.
    pub backup: u64,
    /// ACTIVE ones.
    pub active: u64,
    /// ABANDONED ones.
    pub abandoned: u64,
    /// EXPIRED, RELEASED, RESET and PENDING-FREE ones: on their way to FREE.
    pub ending: u64,
    /// Those that are held (offered), a part of `free` and `backup`.
    pub held: u64,
}

// SAFETY: starts with struct_size; integers.
unsafe impl Growing for ddi_pool_counts {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_pool_counts";
}

/// Defines the pools, in place of those before; holds are kept. `pools` is an array of `n`, whose elements are
/// `pools->struct_size` bytes apart.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (reversed, overlapping or twice; no pool was changed).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_set_pools(
    db: *mut ddi_lease_db,
    pools: *const ddi_pool,
    n: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let pools = ddi_pool::read_all(pools, n)?;
            db.db.set_pools(&pools)?;
            Ok(DDI_OK)
        })
    }
}

/// How many addresses of the pool are in which state. Set `counts->struct_size` before.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_NOT_FOUND` (no such pool).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_pool_counts(
    db: *const ddi_lease_db,
    pool: u32,
    counts: *mut ddi_pool_counts,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(db, |db| {
            let out = OutSized::new(counts)?;
            let counts = db.db.pool_counts(PoolId(pool));
            let counts = counts.ok_or_else(|| Failure::new(DDI_E_NOT_FOUND, format!("no pool {pool}")))?;
            out.set(&counts.into());
            Ok(DDI_OK)
        })
    }
}

/// The numbers of all subnets that have a lease, in order, for `ddi_lease_db_count`: `*len` of them to `subnet_ids`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not aligned), `DDI_E_BUFFER` (more than `cap`; `*len` is how many).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_subnets(
    db: *const ddi_lease_db,
    subnet_ids: *mut u32,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(db, |db| {
            let room = ArrayOut::new(subnet_ids, cap, len, "subnet_ids")?;
            let subnets: Vec<u32> = db.db.all_counts().map(|(subnet_id, _)| subnet_id).collect();
            room.put(&subnets)
        })
    }
}

/// The next free address of the pool (`DDI_FREE_KIND_...`), and holds it: it is not given again until a put on it,
/// or `ddi_lease_db_release_hold`. `DDI_IDLE` if the pool is unknown or has none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_next_free(
    db: *mut ddi_lease_db,
    pool: u32,
    free_kind: u32,
    key: *mut ddi_lease_key,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let out = Out::new(key, "key")?;
            let Some(key) = db.db.next_free(PoolId(pool), to_free_kind(free_kind)?) else {
                return Ok(DDI_IDLE);
            };
            out.set(key.into());
            Ok(DDI_OK)
        })
    }
}

/// Holds this address, as an offer does. `DDI_IDLE` if it is in no pool, held, or can't be allocated.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_hold(db: *mut ddi_lease_db, key: *const ddi_lease_key) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let key = ddi_lease_key::read(key, "key")?;
            Ok(if db.db.hold(key) { DDI_OK } else { DDI_IDLE })
        })
    }
}

/// Ends a hold without a put: the offer lapsed.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_release_hold(
    db: *mut ddi_lease_db,
    key: *const ddi_lease_key,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            db.db.release_hold(ddi_lease_key::read(key, "key")?);
            Ok(DDI_OK)
        })
    }
}

/// The pool that this address can be allocated from. `DDI_IDLE` if none: then `*pool` is not written.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_pool_of(
    db: *const ddi_lease_db,
    key: *const ddi_lease_key,
    pool: *mut u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(db, |db| {
            let (key, out) = (ddi_lease_key::read(key, "key")?, Out::new(pool, "pool")?);
            let Some(pool) = db.db.pool_of(key) else { return Ok(DDI_IDLE) };
            out.set(pool.0);
            Ok(DDI_OK)
        })
    }
}

/// The keys of leases whose expiration_time is at or before `unix_s` and whose state waits for that (ACTIVE,
/// ABANDONED), oldest first, at most `cap`; `*len` is how many. Put each in its next state: until then the same
/// ones are found again. A few may be left for the next call: ask as long as `ddi_lease_db_next_expiration` is not
/// later than `unix_s`.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_expired(
    db: *mut ddi_lease_db,
    unix_s: u64,
    keys: *mut ddi_lease_key,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let out = ArrayOut::new(keys, cap, len, "keys")?;
            db.found.clear();
            db.db.expired(UnixTime(unix_s), out.cap(), &mut db.found);
            out.put(&db.found)
        })
    }
}

/// The earliest expiration_time that `ddi_lease_db_expired` would look at, or a little before it, in seconds
/// since 1970; `DDI_TIME_NEVER` if there is none, for NULL, and for a poisoned handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_next_expiration(db: *const ddi_lease_db) -> u64 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(db, u64::MAX, |db| db.db.next_expiration().map_or(u64::MAX, |time| time.0)) }
}

impl ddi_pool {
    /// # Safety
    /// `n` pools that are `struct_size` apart can be read, with their arrays; or it is NULL.
    pub(crate) unsafe fn read_all(pools: *const Self, n: usize) -> Result<Vec<PoolConfig>, Failure> {
        let mut configs = Vec::new();
        if n == 0 {
            return Ok(configs);
        }
        // SAFETY: as promised.
        let stride = unsafe { sized::read(pools) }?.struct_size as usize;
        if !stride.is_multiple_of(align_of::<Self>()) {
            return Err(Failure::argument(format!("struct_size of ddi_pool is {stride}")));
        }
        if n.checked_mul(stride).is_none_or(|bytes| isize::try_from(bytes).is_err()) {
            return Err(Failure::argument(format!("pools: a length of {n} is more than memory can hold")));
        }
        for at in 0..n {
            // SAFETY: as promised: there are `n`, this far apart.
            let pool = unsafe { sized::read(pools.byte_add(at * stride)) }?;
            if pool.struct_size as usize != stride {
                return Err(Failure::argument(format!("struct_size of pool {at} is not that of the first")));
            }
            // SAFETY: as promised.
            configs.push(unsafe { pool.to_config() }?);
        }
        Ok(configs)
    }

    /// # Safety
    /// The arrays can be read.
    unsafe fn to_config(self) -> Result<PoolConfig, Failure> {
        // SAFETY: as promised.
        let excluded = unsafe { slice::array(self.excluded, self.excluded_len, "excluded") }?;
        // SAFETY: as promised.
        let reserved = unsafe { slice::array(self.reserved, self.reserved_len, "reserved") }?;
        Ok(PoolConfig {
            id: PoolId(self.id),
            space: self.space,
            subnet_id: self.subnet_id,
            first: self.range.first.into(),
            last: self.range.last.into(),
            excluded: excluded.iter().map(|range| (range.first.into(), range.last.into())).collect(),
            reserved: reserved.iter().map(|addr| (*addr).into()).collect(),
        })
    }
}

impl From<PoolCounts> for ddi_pool_counts {
    fn from(counts: PoolCounts) -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            pad: 0,
            total: counts.total,
            free: counts.free,
            never_leased: counts.never_leased,
            backup: counts.backup,
            active: counts.active,
            abandoned: counts.abandoned,
            ending: counts.ending,
            held: counts.held,
        }
    }
}

pub(crate) const fn of_free_kind(kind: FreeKind) -> u32 {
    match kind {
        FreeKind::Free => DDI_FREE_KIND_FREE,
        FreeKind::Backup => DDI_FREE_KIND_BACKUP,
    }
}

pub(crate) fn to_free_kind(number: u32) -> Result<FreeKind, Failure> {
    match number {
        DDI_FREE_KIND_FREE => Ok(FreeKind::Free),
        DDI_FREE_KIND_BACKUP => Ok(FreeKind::Backup),
        other => Err(Failure::argument(format!("free_kind is {other}, neither 0 nor 1"))),
    }
}
