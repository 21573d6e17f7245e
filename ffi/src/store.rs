//! Store: the leases, as the engines see them: those of a `ddi_lease_db`, or of the application's own store
//! (`ddi_lease_store`).

use crate::guard;
use crate::handle::{Failure, Handle, Noun, noun};
use crate::lease_db::ddi_lease_db;
use crate::lease_store::{OwnStore, ddi_lease_store};
use crate::sized;
use crate::slice::Out;
use crate::status::{DDI_E_PANIC, DDI_OK, ddi_status};
use ddi_core::LeaseStore;
use ddi_core::db::PoolConfig;
use std::ffi::c_char;
use std::ptr::NonNull;

/// Leases, for the calls of engines. Those of one server and its failover relationships are the same.
///
/// Threads: a call of an engine has the store to itself, and the `ddi_lease_db` behind it.
pub struct ddi_store(Handle<Leases>);
noun!(ddi_store, Leases);

pub(crate) enum Leases {
    Db(NonNull<ddi_lease_db>),
    Own(OwnStore),
}

// SAFETY: the header says that a store moves between threads together with its database.
unsafe impl Send for Leases {}

/// The leases of a database, which goes on to be the caller's: commit it, hand its batches out, read and write it,
/// but not during a call of an engine, and free it after the store. Caller owns `*store`: `ddi_store_free`.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_store_of_lease_db(
    db: *mut ddi_lease_db,
    store: *mut *mut ddi_store,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let store = unsafe { Out::new(store, "store") }?;
        let db = NonNull::new(db).ok_or_else(|| Failure::null("db"))?;
        // SAFETY: the header's contract.
        unsafe { db.as_ref() }.handle().check()?;
        store.set(guard::give(Leases::Db(db)));
        Ok(DDI_OK)
    })
}

/// The application's own leases. The table of functions is copied; its `release` is called when the store is freed.
/// `DDI_E_NULL` if a function is missing, and then nothing is released. Caller owns `*store`: `ddi_store_free`.
///
/// Errors: `DDI_E_NULL` (a function too), `DDI_E_ARGUMENT` (struct_size).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_store_new(
    functions: *const ddi_lease_store,
    store: *mut *mut ddi_store,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (store, table) = unsafe { (Out::new(store, "store")?, sized::read(functions)?) };
        store.set(guard::give(Leases::Own(OwnStore::new(&table)?)));
        Ok(DDI_OK)
    })
}

/// Frees it. A database behind it stays. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_store_free(store: *mut ddi_store) {
    // SAFETY: the header's contract.
    unsafe { guard::free(store) }
}

/// `DDI_OK` as long as the store can be used. `DDI_E_STORE` if the application's store is broken; last_error says by
/// which answer.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STORE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_store_check(store: *mut ddi_store) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(store, |leases| {
            match leases {
                Leases::Db(_) => {}
                Leases::Own(own) => own.check()?,
            }
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_store_last_error(store: *const ddi_store) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(store) }
}

/// Tells a database behind the store of pools. An application's own store is not told.
///
/// # Safety
/// As for [`with`].
pub(crate) unsafe fn set_pools(store: *mut ddi_store, pools: &[PoolConfig]) -> Result<(), Failure> {
    // SAFETY: as promised.
    let store = unsafe { store.as_mut() }.ok_or_else(|| Failure::null("store"))?;
    let handle = store.handle_mut();
    handle.check()?;
    let Leases::Db(db) = &mut handle.value else { return Ok(()) };
    // SAFETY: as promised.
    let db = unsafe { db.as_mut() }.handle_mut();
    db.check()?;
    let result = guard::catch(|| Ok(db.value.db.set_pools(pools)?));
    if is_panic(&result) {
        db.poison();
        handle.poison();
    }
    result
}

/// Runs what an engine does with a store. A panic poisons the store, and the database behind it. A store that breaks
/// on the way is the call's failure.
///
/// # Safety
/// `store` is NULL or a store that is not freed, as its database, and no other call uses either meanwhile.
pub(crate) unsafe fn with<T>(
    store: *mut ddi_store,
    f: impl FnOnce(&mut dyn LeaseStore) -> Result<T, Failure>,
) -> Result<T, Failure> {
    // SAFETY: as promised.
    let store = unsafe { store.as_mut() }.ok_or_else(|| Failure::null("store"))?;
    let handle = store.handle_mut();
    handle.check()?;
    let result = match &mut handle.value {
        Leases::Own(own) => {
            own.check()?;
            let result = guard::catch(|| f(own));
            if is_panic(&result) { result } else { own.check().and(result) }
        }
        Leases::Db(db) => {
            // SAFETY: as promised.
            let db = unsafe { db.as_mut() }.handle_mut();
            db.check()?;
            let result = guard::catch(|| f(&mut db.value.db));
            if is_panic(&result) {
                db.poison();
            }
            result
        }
    };
    if is_panic(&result) {
        handle.poison();
    }
    result
}

pub(crate) fn is_panic<T>(result: &Result<T, Failure>) -> bool {
    result.as_ref().is_err_and(|failure| failure.status == DDI_E_PANIC)
}
