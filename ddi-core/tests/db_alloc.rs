//! Once warm, putting and getting leases allocates nothing.
#![allow(unsafe_code, reason = "an allocator can't be written without")]

use ddi_core::{
    BindingState, DbConfig, Expect, HwAddr, Identity, Lease, LeaseDb, LeaseKey, LeaseStore, MemStorage,
    UnixTime,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the same promises to us.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the same promises to us.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const LEASES: u32 = 5000;

/// Every client renews once; its name may have changed.
fn renew_all(db: &mut LeaseDb, lease: &mut Lease, hostname: &[u8]) {
    for number in 0..LEASES {
        db.get_into(LeaseKey::v4((0x0a00_0000 + number).into()), lease);
        lease.state = BindingState::Active;
        lease.hw_addr = HwAddr::new(1, &[2, 0, 0, 0, (number >> 8) as u8, number as u8]).expect("short");
        lease.client_id.clear();
        lease.client_id.extend_from_slice(lease.hw_addr.bytes());
        lease.hostname.clear();
        lease.hostname.extend_from_slice(hostname);
        lease.expiration_time = UnixTime(lease.expiration_time.0.max(1_800_000_000) + 100);
        db.put(lease, Expect::Any).expect("puts");
    }
}

#[test]
fn puts_and_gets_allocate_nothing_when_warm() {
    let (mut db, _) = LeaseDb::open(Arc::new(MemStorage::new()), &DbConfig::new([1; 16])).expect("opens");
    let (mut lease, mut found) = (Lease::default(), Vec::with_capacity(100));
    for hostname in [&b"short"[..], b"a much longer name than before", b"short"] {
        renew_all(&mut db, &mut lease, hostname);
        db.commit().expect("commits");
    }
    let before = ALLOCATIONS.with(Cell::get);
    renew_all(&mut db, &mut lease, b"SHORT");
    db.find(0, None, Identity::ClientId(&lease.client_id), &mut found);
    let after = ALLOCATIONS.with(Cell::get);
    assert_eq!(found, [lease.key]);
    assert_eq!(after - before, 0);
}
