//! What was found to break name servers, item by item: where each is tested, and tests of what no other file
//! has. `list.rs` is the list.

#![allow(clippy::duplicate_mod, reason = "both supports bring the second opinion")]

#[path = "bad_input/journal.rs"]
mod journal;
#[path = "bad_input/list.rs"]
mod list;
#[path = "bad_input/names.rs"]
mod names;
#[path = "bad_input/rdata.rs"]
mod rdata;
#[path = "bad_input/seeds.rs"]
mod seeds;
#[path = "bad_input/text.rs"]
mod text;
#[path = "bad_input/transfer.rs"]
mod transfer;
#[path = "bad_input/update.rs"]
mod update;
#[path = "update/support.rs"]
mod updates;
#[path = "xfr/support.rs"]
#[allow(dead_code, reason = "shared with the tests of transfers")]
mod xfr;
