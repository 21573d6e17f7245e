//! The reference node as failover partner of a running ISC dhcpd 4.4.3, in network namespaces that these
//! tests make and remove. A proxy between the two keeps every message of either side, and can change it or
//! cut the connection. Clients are packets of a relay. They need root and Debian's isc-dhcp-server and
//! iproute2; a missing one is a failure, not a skip. Most of a test's time is waiting, so they run side by
//! side: `.ci/run interop`.

#[path = "failover_interop/alone.rs"]
mod alone;
#[path = "failover_interop/commands.rs"]
mod commands;
#[path = "failover_interop/conflict.rs"]
mod conflict;
#[path = "failover_interop/connecting.rs"]
mod connecting;
#[path = "failover_interop/control.rs"]
mod control;
#[path = "failover_interop/dhcpd.rs"]
mod dhcpd;
#[path = "failover_interop/hostile.rs"]
mod hostile;
#[path = "failover_interop/leases.rs"]
mod leases;
#[path = "failover_interop/lifetimes.rs"]
mod lifetimes;
#[path = "failover_interop/lost.rs"]
mod lost;
#[path = "failover_interop/many.rs"]
mod many;
#[path = "failover_interop/meeting.rs"]
mod meeting;
#[allow(dead_code, reason = "shared with the tests of DHCP clients")]
#[path = "interop/net.rs"]
mod net;
#[path = "failover_interop/node.rs"]
mod node;
#[path = "failover_interop/pair.rs"]
mod pair;
#[allow(dead_code, reason = "shared with the tests of DHCP clients")]
#[path = "interop/process.rs"]
mod process;
#[path = "failover_interop/proxy.rs"]
mod proxy;
#[path = "failover_interop/rebalance.rs"]
mod rebalance;
#[path = "failover_interop/relay.rs"]
mod relay;
#[path = "failover_interop/reserved.rs"]
mod reserved;
#[path = "failover_interop/window.rs"]
mod window;
