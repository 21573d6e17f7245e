//! Names of DHCP clients: the message sequences of RFC 4703, and that the change in one edit and the change
//! by messages lead to the same zone, one after the other and in any interleaving.

#[path = "ddns/client.rs"]
mod client;
#[path = "ddns/interleaved.rs"]
mod interleaved;
#[path = "ddns/server.rs"]
mod server;
#[path = "update/support.rs"]
mod support;
#[path = "ddns/together.rs"]
mod together;
