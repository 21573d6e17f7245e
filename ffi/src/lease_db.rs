//! The lease database: all leases in memory, every change in a log on disk first. A put is in memory at once
//! and durable with the next commit; only then may the client be told.

use crate::db_error::io_failure;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::lease::ddi_lease;
use crate::lease_compact::Turn;
use crate::lease_config::ddi_lease_config;
use crate::lease_key::{ddi_identity, ddi_lease_key};
use crate::sized::{Growing, OutSized};
use crate::slice::{self, ArrayOut, Out};
use crate::status::{DDI_IDLE, DDI_OK, ddi_status};
use ddi_core::db::Opened;
use ddi_core::store::FIND_MAX;
use ddi_core::{
    BindingState, Expect, FileStorage, Lease, LeaseDb, LeaseKey, LeaseStore, Lsn, MemStorage, Storage,
};
use std::ffi::{OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

/// A lease database. Calls that take `ddi_lease_db *` need it to themselves; those that take
/// `const ddi_lease_db *` may overlap each other. Batches, compactions, snapshots and feeds are handles of
/// their own, for other threads.
pub struct ddi_lease_db(pub(crate) Handle<Db>);
noun!(ddi_lease_db, Db, shared);

pub(crate) struct Db {
    pub(crate) db: LeaseDb,
    /// What batches and compactions were taken from this one, and not from another.
    pub(crate) mark: Arc<()>,
    pub(crate) turn: Turn,
    opened: Opened,
    /// What the caller has borrowed.
    lease: Lease,
    /// What the caller is putting: its bytes may be the borrowed ones.
    putting: Lease,
    page: Vec<Lease>,
    pub(crate) found: Vec<LeaseKey>,
}

/// Put or remove, whatever is there.
pub const DDI_EXPECT_ANY: u32 = 0;
/// Only if there is no lease.
pub const DDI_EXPECT_ABSENT: u32 = 1;
/// Only if the lease is the one that this version wrote.
pub const DDI_EXPECT_VERSION: u32 = 2;

/// The most keys that a look-up by identity finds.
pub const DDI_FIND_MAX: usize = 64;
const _: () = assert!(DDI_FIND_MAX == FIND_MAX);

/// What opening a database has found.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_lease_db_opened {
    /// sizeof(ddi_lease_db_opened)
    pub struct_size: u32,
    /// Snapshots that are damaged and were passed over. Nothing is lost; compact soon.
    pub damaged_snapshots: u32,
    /// How many leases there are.
    pub leases: u64,
    /// The last change that the snapshot held; 0 if there is none.
    pub snapshot_lsn: u64,
    /// The last change of all.
    pub last_lsn: u64,
    /// Changes that were replayed from the log after the snapshot.
    pub replayed: u64,
    /// Bytes of a batch that a crash tore and that were cut off: nobody had been told of it.
    pub cut_bytes: u64,
    /// Changes that a salvage had found lost.
    pub lost: u64,
}

// SAFETY: starts with struct_size; integers.
unsafe impl Growing for ddi_lease_db_opened {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_lease_db_opened";
}

/// Opens the database in the directory `path`, or makes one. While it is open no other process can open it.
/// Caller owns `*db`: `ddi_lease_db_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_IO` (also: in use), `DDI_E_CORRUPT` (something that was durable is damaged; nothing
/// was changed; see `ddi_lease_db_salvage`). The text is `ddi_lease_config_last_error`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_open(
    config: *mut ddi_lease_config,
    path: *const u8,
    path_len: usize,
    db: *mut *mut ddi_lease_db,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            let (path, out) = (slice::bytes(path, path_len, "path")?, Out::new(db, "db")?);
            let db = LeaseDb::open(directory(path)?, config)?;
            out.set(guard::give(Db::of(db)));
            Ok(DDI_OK)
        })
    }
}

/// A database in memory only, for tests. Caller owns `*db`: `ddi_lease_db_free`.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_open_memory(
    config: *mut ddi_lease_config,
    db: *mut *mut ddi_lease_db,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            let out = Out::new(db, "db")?;
            let db = LeaseDb::open(Arc::new(MemStorage::default()), config)?;
            out.set(guard::give(Db::of(db)));
            Ok(DDI_OK)
        })
    }
}

/// What the opening has found. Set `struct_size` before.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_opened_as(
    db: *const ddi_lease_db,
    opened: *mut ddi_lease_db_opened,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(db, |db| {
            OutSized::new(opened)?.set(&ddi_lease_db_opened::of(&db.opened));
            Ok(DDI_OK)
        })
    }
}

/// Writes a lease: in memory at once, durable once `ddi_lease_db_durable` has reached `*lsn`. `expect` is one of
/// `DDI_EXPECT_...`, `version` counts with `DDI_EXPECT_VERSION` only. A hold on the address ends.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a field of the lease, or too long), `DDI_E_CONFLICT`,
/// `DDI_E_TRANSITION` (draft-ietf-dhc-failover-12 section 5.2, RFC 8156 section 4.2), `DDI_E_LIMIT` (full, or the
/// pending batch is: commit), `DDI_E_STOPPED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_put(
    db: *mut ddi_lease_db,
    lease: *const ddi_lease,
    expect: u32,
    version: u64,
    lsn: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe { put(db, lease, expect, version, lsn, LeaseDb::put) }
}

/// The same without the rule on binding states: for a partner's word, and for imports.
///
/// Errors: as of `ddi_lease_db_put`, but for `DDI_E_TRANSITION`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_put_forced(
    db: *mut ddi_lease_db,
    lease: *const ddi_lease,
    expect: u32,
    version: u64,
    lsn: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe { put(db, lease, expect, version, lsn, LeaseDb::put_forced) }
}

type Put = fn(&mut LeaseDb, &mut Lease, Expect) -> Result<Lsn, ddi_core::StoreError>;

/// # Safety
/// The header's contract.
unsafe fn put(
    db: *mut ddi_lease_db,
    lease: *const ddi_lease,
    expect: u32,
    version: u64,
    lsn: *mut u64,
    put: Put,
) -> ddi_status {
    // SAFETY: as promised.
    unsafe {
        guard::exclusive(db, |db| {
            let out = Out::new(lsn, "lsn")?;
            let expect = to_expect(expect, version)?;
            crate::sized::read(lease)?.fill(&mut db.putting)?;
            out.set(put(&mut db.db, &mut db.putting, expect)?.0);
            Ok(DDI_OK)
        })
    }
}

/// Forgets a lease: its address is as if never leased. `DDI_IDLE` if there was none and that was expected; then
/// `*lsn` is not written.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_CONFLICT`, `DDI_E_LIMIT`, `DDI_E_STOPPED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_remove(
    db: *mut ddi_lease_db,
    key: *const ddi_lease_key,
    expect: u32,
    version: u64,
    lsn: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let (key, out) = (ddi_lease_key::read(key, "key")?, Out::new(lsn, "lsn")?);
            match db.db.remove(key, to_expect(expect, version)?)? {
                Some(lsn) => out.set(lsn.0),
                None => return Ok(DDI_IDLE),
            }
            Ok(DDI_OK)
        })
    }
}

/// Reads a lease, durable or not. `DDI_IDLE` if there is none; then `*lease` is not written. Set
/// `lease->struct_size` before. The byte fields are borrowed until the next call with `ddi_lease_db *`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_get(
    db: *mut ddi_lease_db,
    key: *const ddi_lease_key,
    lease: *mut ddi_lease,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let (key, out) = (ddi_lease_key::read(key, "key")?, OutSized::new(lease)?);
            if !db.db.get_into(key, &mut db.lease) {
                return Ok(DDI_IDLE);
            }
            out.set(&ddi_lease::of(&db.lease));
            Ok(DDI_OK)
        })
    }
}

/// The keys of the leases in address space `space` with this identity, of the subnet `*subnet_id` only, or of any
/// if that is NULL. At most `DDI_FIND_MAX`, in no order; `*len` is how many. Of one subnet's, if there are more, those
/// that are `DDI_STATE_ACTIVE` come before all others.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_BUFFER` (more than `cap`; `*len` is how many).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_find(
    db: *mut ddi_lease_db,
    space: u32,
    subnet_id: *const u32,
    identity: *const ddi_identity,
    keys: *mut ddi_lease_key,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let identity = ddi_identity::read(identity)?;
            let subnet = if subnet_id.is_null() { None } else { Some(slice::read(subnet_id, "subnet_id")?) };
            let out = ArrayOut::new(keys, cap, len, "keys")?;
            db.found.clear();
            db.db.find(space, subnet, identity, &mut db.found);
            out.put(&db.found)
        })
    }
}

/// The same where an identity may have more than `DDI_FIND_MAX`: the first `cap` keys after the key `after`, in order.
/// NULL starts at the beginning; fewer than `cap` is the end. Each page looks at every lease of the identity.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_find_page(
    db: *mut ddi_lease_db,
    space: u32,
    subnet_id: *const u32,
    identity: *const ddi_identity,
    after: *const ddi_lease_key,
    keys: *mut ddi_lease_key,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let (identity, after) =
                (ddi_identity::read(identity)?, ddi_lease_key::read_option(after, "after")?);
            let subnet = if subnet_id.is_null() { None } else { Some(slice::read(subnet_id, "subnet_id")?) };
            let out = ArrayOut::new(keys, cap, len, "keys")?;
            db.found.clear();
            db.db.find_page(space, subnet, identity, after, out.cap(), &mut db.found);
            out.put(&db.found)
        })
    }
}

/// The first lease after the key `after` in the order of keys: address space, then IPv4, IPv6, prefixes. NULL
/// starts at the beginning; `DDI_IDLE` is the end. So all leases:
///
///     for (s = ddi_lease_db_scan(db, NULL, &lease); s == DDI_OK; s = ddi_lease_db_scan(db, &lease.key, &lease))
///
/// Set `lease->struct_size` before. The byte fields are borrowed until the next call with `ddi_lease_db *`. To
/// read millions beside a server that goes on, take a `ddi_lease_snapshot`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_scan(
    db: *mut ddi_lease_db,
    after: *const ddi_lease_key,
    lease: *mut ddi_lease,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let (after, out) = (ddi_lease_key::read_option(after, "after")?, OutSized::new(lease)?);
            db.page.clear();
            db.db.scan(after, 1, &mut db.page);
            db.first_of_page(&out)
        })
    }
}

/// The same of one subnet, without reading the others.
///
/// Errors: as of `ddi_lease_db_scan`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_scan_subnet(
    db: *mut ddi_lease_db,
    subnet_id: u32,
    after: *const ddi_lease_key,
    lease: *mut ddi_lease,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            let (after, out) = (ddi_lease_key::read_option(after, "after")?, OutSized::new(lease)?);
            db.page.clear();
            db.db.scan_subnet(subnet_id, after, 1, &mut db.page);
            db.first_of_page(&out)
        })
    }
}

/// How many leases are stored. 0 for NULL and for a poisoned handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_len(db: *const ddi_lease_db) -> u64 {
    // SAFETY: the header's contract.
    unsafe { guard::value_or(db, 0, |db| db.db.len()) }
}

/// How many leases of the subnet are in this state (`DDI_STATE_...`); kept, not counted now.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_count(
    db: *const ddi_lease_db,
    subnet_id: u32,
    state: u32,
    leases: *mut u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(db, |db| {
            let out = Out::new(leases, "leases")?;
            let state = u8::try_from(state).ok().and_then(BindingState::from_number);
            let state = state.ok_or_else(|| Failure::argument("the state is none of 1 to 9"))?;
            out.set(db.db.counts(subnet_id).of(state));
            Ok(DDI_OK)
        })
    }
}

/// Builds an index (`DDI_IDENTITY_...`) now, if it is not built, rather than when it is first asked for.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_build_index(db: *mut ddi_lease_db, identity: u32) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(db, |db| {
            db.db.build_index(crate::lease_config::index_kind(identity)?);
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_last_error(db: *const ddi_lease_db) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(db) }
}

/// Closes it. What was not committed is lost; snapshots and feeds stay. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_lease_db_free(db: *mut ddi_lease_db) {
    // SAFETY: the header's contract.
    unsafe { guard::free(db) }
}

impl Db {
    pub(crate) fn of((db, opened): (LeaseDb, Opened)) -> Self {
        let (lease, putting) = (Lease::default(), Lease::default());
        let (mark, turn) = (Arc::new(()), Turn::default());
        Self { db, mark, turn, opened, lease, putting, page: Vec::new(), found: Vec::new() }
    }

    fn first_of_page(&self, out: &OutSized<ddi_lease>) -> Result<ddi_status, Failure> {
        let Some(lease) = self.page.first() else { return Ok(DDI_IDLE) };
        out.set(&ddi_lease::of(lease));
        Ok(DDI_OK)
    }
}

impl ddi_lease_db_opened {
    pub(crate) fn of(opened: &Opened) -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            damaged_snapshots: opened.damaged.len() as u32,
            leases: opened.leases,
            snapshot_lsn: opened.snapshot.0,
            last_lsn: opened.log.last.0,
            replayed: opened.log.replayed,
            cut_bytes: opened.log.cut.as_ref().map_or(0, |cut| cut.bytes),
            lost: opened.log.lost,
        }
    }
}

pub(crate) fn to_expect(expect: u32, version: u64) -> Result<Expect, Failure> {
    match expect {
        DDI_EXPECT_ANY => Ok(Expect::Any),
        DDI_EXPECT_ABSENT => Ok(Expect::Absent),
        DDI_EXPECT_VERSION => Ok(Expect::Version(Lsn(version))),
        other => Err(Failure::argument(format!("expect is {other}, none of 0, 1, 2"))),
    }
}

pub(crate) fn directory(path: &[u8]) -> Result<Arc<dyn Storage>, Failure> {
    let path = OsStr::from_bytes(path);
    if path.is_empty() {
        return Err(Failure::argument("the path is empty"));
    }
    let storage = FileStorage::open(path).map_err(io_failure(&path.to_string_lossy()))?;
    Ok(Arc::new(storage))
}
