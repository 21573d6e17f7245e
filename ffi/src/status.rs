//! Status. Every call that can fail returns one: 0 is done, a positive one is not an error, a negative one is.
//! So `if (s < 0)` finds errors everywhere, and `if (s)` wherever there is nothing to poll. Numbers never
//! change their meaning.
//!
//! The errors that stand with each call leave out `DDI_E_PANIC` and `DDI_E_POISONED`, which any call may return.
//!
//! What went wrong, in words, is kept in the handle that is the call's first parameter: `ddi_<noun>_last_error`. It is
//! made for people; programs go by the status.
//!
//! - A call without const forgets the words of earlier ones. So afterwards they are its own, or "" if nothing went wrong.
//! - A const call that fails leaves its words; one that succeeds leaves what is there. Of threads that share a handle,
//!   the words are of the last that failed.
//! - They are borrowed until the next call on that handle without const, its free included. Const calls free none, so a
//!   thread can read them while others use the handle.
//! - A call that has no handle (most `_new`, and calls on plain bytes) or that is given NULL for it has nowhere to leave
//!   words. It returns one of the errors that stand with it, and the words go to the log sink, as those of all calls do
//!   (`ddi_log_set`).

use std::ffi::{CStr, c_char};

/// What a call says of itself.
pub type ddi_status = i32;

/// Done.
pub const DDI_OK: ddi_status = 0;
/// Done, and there is nothing: a poll has nothing to hand out, a look-up has found nothing, a page is the last.
pub const DDI_IDLE: ddi_status = 1;

/// A pointer is NULL that must not be.
pub const DDI_E_NULL: ddi_status = -1;
/// An argument is not one that the call takes: out of range, not UTF-8, malformed. Nothing was changed.
pub const DDI_E_ARGUMENT: ddi_status = -2;
/// The buffer is too short; the size needed was written to `len`. Nothing was changed: call again.
pub const DDI_E_BUFFER: ddi_status = -3;
/// Not now: the call does not fit the state that the object is in.
pub const DDI_E_STATE: ddi_status = -4;
/// Out of memory. Kept for limits that the caller sets; a failing allocator ends the process.
pub const DDI_E_NO_MEMORY: ddi_status = -5;
/// The library has a defect: it panicked. The handle is poisoned, and last_error has the panic's words; where it was,
/// standard error says.
pub const DDI_E_PANIC: ddi_status = -6;
/// An earlier call on this handle panicked. It can only be freed; a lease database can be opened again.
pub const DDI_E_POISONED: ddi_status = -7;
/// The storage failed. What was not durable before may be lost; free the handle and open again.
pub const DDI_E_IO: ddi_status = -8;
/// Stored bytes are damaged, or are of a later version of this library.
pub const DDI_E_CORRUPT: ddi_status = -9;
/// A limit is reached: too many, too long, full.
pub const DDI_E_LIMIT: ddi_status = -10;
/// There is no such thing.
pub const DDI_E_NOT_FOUND: ddi_status = -11;
/// The bytes of the packet, message or file are malformed.
pub const DDI_E_MALFORMED: ddi_status = -12;

// -100 to -199: the lease database.

/// The lease is not what was expected of it (`ddi_expect`): it was changed meanwhile.
pub const DDI_E_CONFLICT: ddi_status = -100;
/// The binding state can't follow the stored one.
pub const DDI_E_TRANSITION: ddi_status = -101;
/// A write or a sync has failed earlier: nothing becomes durable any more until the database is opened again.
pub const DDI_E_STOPPED: ddi_status = -102;
/// A batch is out: hand it back first.
pub const DDI_E_BATCH_OUT: ddi_status = -103;
/// The changes that are asked for are no longer in the log: begin with a snapshot.
pub const DDI_E_RELEASED: ddi_status = -104;

// -200 to -299: DHCP.

/// The configuration can't be served; last_error says what is wrong, and where.
pub const DDI_E_DHCP_CONFIG: ddi_status = -200;
/// The application's lease store gave an answer that can't be, or failed where it must not: it is not used any more.
pub const DDI_E_STORE: ddi_status = -201;

// -300 to -399: DNS.

/// A record can't be in the zone, or the records are no zone.
pub const DDI_E_ZONE: ddi_status = -300;
/// A zone file is wrong: last_error says file, line and column.
pub const DDI_E_ZONE_FILE: ddi_status = -301;
/// The change is for another version of the zone than the newest: begin anew.
pub const DDI_E_STALE: ddi_status = -302;
/// A signature (TSIG) is bad, or missing where one must be.
pub const DDI_E_SIGNATURE: ddi_status = -303;
/// A zone transfer can't go on: close the connection.
pub const DDI_E_TRANSFER: ddi_status = -304;
/// The sender may not do that.
pub const DDI_E_NOT_PERMITTED: ddi_status = -305;

// -400 to -499: failover.

/// The relationships can't be as configured, or the saved state is not theirs; last_error says why.
pub const DDI_E_FAILOVER_CONFIG: ddi_status = -400;
/// Nothing more is taken from this connection; an event says why, and that it is to be closed.
pub const DDI_E_FAILOVER_LINK: ddi_status = -401;
/// The command does not apply in the state that the endpoint is in.
pub const DDI_E_FAILOVER_REFUSED: ddi_status = -402;

type Row = (ddi_status, &'static CStr, &'static CStr);

/// Every status with its name and text. A test compares the names with the header.
const ROWS: &[Row] = &[
    (DDI_OK, c"DDI_OK", c"done"),
    (DDI_IDLE, c"DDI_IDLE", c"there is nothing"),
    (DDI_E_NULL, c"DDI_E_NULL", c"a pointer is NULL that must not be"),
    (DDI_E_ARGUMENT, c"DDI_E_ARGUMENT", c"an argument is not one that the call takes"),
    (DDI_E_BUFFER, c"DDI_E_BUFFER", c"the buffer is too short"),
    (DDI_E_STATE, c"DDI_E_STATE", c"the call does not fit the state of the object"),
    (DDI_E_NO_MEMORY, c"DDI_E_NO_MEMORY", c"out of memory"),
    (DDI_E_PANIC, c"DDI_E_PANIC", c"the library panicked: a defect"),
    (DDI_E_POISONED, c"DDI_E_POISONED", c"an earlier call on this handle panicked"),
    (DDI_E_IO, c"DDI_E_IO", c"the storage failed"),
    (DDI_E_CORRUPT, c"DDI_E_CORRUPT", c"stored bytes are damaged"),
    (DDI_E_LIMIT, c"DDI_E_LIMIT", c"a limit is reached"),
    (DDI_E_NOT_FOUND, c"DDI_E_NOT_FOUND", c"there is no such thing"),
    (DDI_E_MALFORMED, c"DDI_E_MALFORMED", c"malformed bytes"),
    (DDI_E_CONFLICT, c"DDI_E_CONFLICT", c"the lease is not what was expected"),
    (DDI_E_TRANSITION, c"DDI_E_TRANSITION", c"the binding state can't follow the stored one"),
    (DDI_E_STOPPED, c"DDI_E_STOPPED", c"the store stopped after a failed write or sync"),
    (DDI_E_BATCH_OUT, c"DDI_E_BATCH_OUT", c"a batch is out"),
    (DDI_E_RELEASED, c"DDI_E_RELEASED", c"the log no longer reaches back that far"),
    // dhcp
    (DDI_E_DHCP_CONFIG, c"DDI_E_DHCP_CONFIG", c"the configuration can't be served"),
    (DDI_E_STORE, c"DDI_E_STORE", c"the application's lease store is broken"),
    (DDI_E_ZONE, c"DDI_E_ZONE", c"the records are no zone"),
    (DDI_E_ZONE_FILE, c"DDI_E_ZONE_FILE", c"the zone file is wrong"),
    (DDI_E_STALE, c"DDI_E_STALE", c"the change is for another version of the zone"),
    (DDI_E_SIGNATURE, c"DDI_E_SIGNATURE", c"the signature is bad or missing"),
    (DDI_E_TRANSFER, c"DDI_E_TRANSFER", c"the zone transfer can't go on"),
    (DDI_E_NOT_PERMITTED, c"DDI_E_NOT_PERMITTED", c"the sender may not do that"),
    // failover
    (DDI_E_FAILOVER_CONFIG, c"DDI_E_FAILOVER_CONFIG", c"the relationships can't be as configured"),
    (DDI_E_FAILOVER_LINK, c"DDI_E_FAILOVER_LINK", c"nothing more is taken from this connection"),
    (DDI_E_FAILOVER_REFUSED, c"DDI_E_FAILOVER_REFUSED", c"the command does not apply in this state"),
];

fn row(status: ddi_status) -> Option<&'static Row> {
    ROWS.iter().find(|(number, ..)| *number == status)
}

/// The status's name, such as "DDI_E_BUFFER"; "DDI_E_UNKNOWN" for a number that is none. Static.
#[unsafe(no_mangle)]
pub extern "C" fn ddi_status_name(status: ddi_status) -> *const c_char {
    row(status).map_or(c"DDI_E_UNKNOWN", |(_, name, _)| name).as_ptr()
}

/// What the status means, in a few English words. Static. What went wrong this time says last_error.
#[unsafe(no_mangle)]
pub extern "C" fn ddi_status_text(status: ddi_status) -> *const c_char {
    row(status).map_or(c"not a status of this library", |(.., text)| text).as_ptr()
}
