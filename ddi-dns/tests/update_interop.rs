//! UPDATE with the world's programs: `nsupdate` and `knsupdate` against this engine, signed with every
//! algorithm; our DDNS client and our forwarder against BIND; and the same random updates at BIND and here,
//! with the same answers and the same zones.
//!
//! Needs bind9, bind9-dnsutils and knot-dnsutils.

#[path = "update_interop/against_bind.rs"]
mod against_bind;
#[path = "update_interop/named.rs"]
mod named;
#[path = "update_interop/nsupdate.rs"]
mod nsupdate;
#[path = "../../ddi-core/tests/support/port.rs"]
mod port;
#[path = "update/random.rs"]
mod random;
#[path = "update_interop/served.rs"]
mod served;
#[path = "update/support.rs"]
mod support;
