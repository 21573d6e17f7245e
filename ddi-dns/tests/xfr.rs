//! Transfers without sockets: what we send another implementation reads; what we send we take in, however
//! it is cut into messages; what is hostile is refused for its own reason.

#[path = "xfr/hostile.rs"]
mod hostile;
#[path = "xfr/receive.rs"]
mod receive;
#[path = "xfr/round_trip.rs"]
mod round_trip;
#[path = "xfr/send.rs"]
mod send;
#[path = "xfr/signed.rs"]
mod signed;
#[path = "xfr/support.rs"]
mod support;
