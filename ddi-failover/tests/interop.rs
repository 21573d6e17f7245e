//! The reference node against real DHCP clients, relays and load generators, in network namespaces
//! that these tests make and remove. They need root and Debian's isc-dhcp-client, dhcpcd-base, udhcpc,
//! busybox, isc-dhcp-relay, kea-admin (perfdhcp), tcpdump, strace and iproute2; a missing one is a
//! failure, not a skip. Run with `.ci/run interop`.

#[path = "interop/capture.rs"]
mod capture;
#[path = "interop/client.rs"]
mod client;
#[path = "interop/clients.rs"]
mod clients;
#[path = "interop/dhcp.rs"]
mod dhcp;
#[path = "interop/load.rs"]
mod load;
#[path = "interop/net.rs"]
mod net;
#[path = "interop/node.rs"]
mod node;
#[path = "interop/process.rs"]
mod process;
#[path = "interop/strace.rs"]
mod strace;
#[path = "interop/sync.rs"]
mod sync;
