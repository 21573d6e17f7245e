//! The configuration file: what it may hold. [`load`] reads and checks it whole; nothing is started
//! from a file with a mistake in it. `example.toml` beside this file shows every key.

pub mod build;
pub mod dns;
pub mod grants;
pub mod failover;
pub mod located;
pub mod options;
pub mod place;
pub mod relationships;
pub mod values;
pub mod zones;

use dns::{Ddns, Dns, TsigKey, Zone};
use failover::Failover;
use place::{At, Mistake, Source};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use values::{EnterpriseClass, Hex, HwBytes, Prefix, Range};
use zones::{DdnsPlan, DnsPlan};

/// Option name or number to value, as written.
pub type Options = BTreeMap<At<String>, At<toml::Value>>;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Where the lease database and the control socket live; relative to the file's own folder.
    pub data_dir: PathBuf,
    #[serde(default)]
    pub log: Log,
    /// Without it no client is served.
    pub dhcp4: Option<Dhcp4>,
    /// Without it no name is served.
    pub dns: Option<Dns>,
    #[serde(default)]
    pub zone: Vec<Zone>,
    #[serde(default)]
    pub tsig_key: Vec<TsigKey>,
    #[serde(default)]
    pub failover: Vec<Failover>,
}

/// `[log]`: the lease database's log.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// The longest that one log file gets.
    pub segment_mib: At<u32>,
    /// Compact when the log has grown by this much, or by the size of the last snapshot if that is more.
    pub compact_mib: At<u32>,
}

impl Default for Log {
    fn default() -> Self {
        Self { segment_mib: At::new(0..0, 64), compact_mib: At::new(0..0, 64) }
    }
}

/// `[dhcp4]`: the DHCPv4 server.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dhcp4 {
    /// Address and port to receive on.
    pub listen: At<SocketAddrV4>,
    /// The server identifier, if the address that a message came to is not the right one.
    pub server_id: Option<Ipv4Addr>,
    /// UDP port of relays; 67. With `client_port`, for tests without privileges.
    pub relay_port: Option<At<u16>>,
    /// UDP port of clients; 68.
    pub client_port: Option<At<u16>>,
    /// Clients on this link are answered; without it, only relays (and renewals) are.
    pub interface: Option<At<String>>,
    /// Say no (DHCPNAK) to clients that ask for what this server knows to be wrong.
    #[serde(default)]
    pub authoritative: bool,
    #[serde(default)]
    pub rapid_commit: bool,
    pub bootp: Option<At<bool>>,
    /// Let a client's option 118 choose its subnet (RFC 3011).
    #[serde(default)]
    pub subnet_selection: bool,
    /// Serve only relays that a subnet lists.
    #[serde(default)]
    pub only_listed_relays: bool,
    /// How long an offered address is held for its client.
    pub offer_seconds: Option<At<u32>>,
    /// How long an address that is in use by somebody else is left alone.
    pub quarantine_seconds: Option<At<u32>>,
    /// A renewal within this part of the lease time is answered without a write.
    pub cache_threshold_percent: Option<At<u8>>,
    /// T1 and T2, in thousandths of the lease time.
    pub renewal_permille: Option<At<u16>>,
    pub rebinding_permille: Option<At<u16>>,
    /// Ask the network for an address before it is offered, and wait this long for an answer.
    pub ping_millis: Option<At<u32>>,
    #[serde(default)]
    pub flood: Flood,
    /// Names for clients, from their option 81; without it they get none.
    pub names: Option<Names>,
    pub lease_seconds: Option<At<u32>>,
    pub min_lease_seconds: Option<At<u32>>,
    pub max_lease_seconds: Option<At<u32>>,
    #[serde(default)]
    pub options: Options,
    #[serde(default)]
    pub boot: Boot,
    #[serde(default)]
    pub class: Vec<Class>,
    #[serde(default)]
    pub subnet: Vec<Subnet>,
}

/// `dhcp4.flood`: packets a second that one source may send, twice as many at once.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Flood {
    pub per_client: Option<At<u32>>,
    pub per_relay: Option<At<u32>>,
}

/// `[dhcp4.names]`: full names of clients (RFC 4702). They go into DNS where a subnet has `ddns`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// What is put behind a name that is not fully qualified.
    pub suffix: At<String>,
    /// A name that the client qualified itself keeps its own zone.
    #[serde(default)]
    pub keep_client_zone: bool,
    /// Make a name of option 12 if the client sends no option 81.
    #[serde(default)]
    pub from_hostname: bool,
    /// The client may say that it updates its A record itself.
    #[serde(default)]
    pub allow_client_updates: bool,
    /// The client may say that nobody shall update.
    #[serde(default)]
    pub allow_no_updates: bool,
}

/// `boot`: header fields that are no options.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Boot {
    /// siaddr.
    pub next_server: Option<Ipv4Addr>,
    /// sname.
    pub server_name: Option<At<String>>,
    /// file.
    pub file: Option<At<String>>,
}

/// `[[dhcp4.class]]`: clients that fit any of the values given here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    pub name: At<String>,
    /// Option 60 is one of these.
    #[serde(default)]
    pub vendor_class: Vec<Hex>,
    /// Option 60 begins with one of these.
    #[serde(default)]
    pub vendor_class_prefix: Vec<Hex>,
    /// One of option 77's classes is one of these.
    #[serde(default)]
    pub user_class: Vec<Hex>,
    /// The link-layer address begins with one of these.
    #[serde(default)]
    pub hw_addr_prefix: Vec<HwBytes>,
    /// Option 82 has one of these circuit-ids.
    #[serde(default)]
    pub circuit_id: Vec<Hex>,
    /// Option 82 has one of these remote-ids.
    #[serde(default)]
    pub remote_id: Vec<Hex>,
    /// Option 124 has one of these vendors, or one of its classes (RFC 3925).
    #[serde(default)]
    pub enterprise_class: Vec<EnterpriseClass>,
    /// Option 125 has options of one of these vendors.
    #[serde(default)]
    pub enterprise_options: Vec<u32>,
    pub lease_seconds: Option<At<u32>>,
    pub min_lease_seconds: Option<At<u32>>,
    pub max_lease_seconds: Option<At<u32>>,
    #[serde(default)]
    pub options: Options,
    #[serde(default)]
    pub boot: Boot,
}

/// `[[dhcp4.subnet]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// The number that leases keep; the prefix's first address as a number if absent.
    pub id: Option<At<u32>>,
    pub prefix: At<Prefix>,
    /// Relays whose clients belong here though their address doesn't.
    #[serde(default)]
    pub relays: Vec<Ipv4Addr>,
    /// Pools that need no more than their addresses.
    #[serde(default)]
    pub pools: Vec<At<Range>>,
    /// Pools with more to say.
    #[serde(default)]
    pub pool: Vec<Pool>,
    /// Ranges or single addresses that pools cover and no client gets.
    #[serde(default)]
    pub exclude: Vec<At<Range>>,
    /// Subnets with the same name here share one link.
    pub shared_network: Option<String>,
    /// What clients that can do without IPv4 are told to wait, in seconds (RFC 8925).
    pub v6_only_wait_seconds: Option<u32>,
    /// Clients get names in these zones.
    pub ddns: Option<Ddns>,
    pub lease_seconds: Option<At<u32>>,
    pub min_lease_seconds: Option<At<u32>>,
    pub max_lease_seconds: Option<At<u32>>,
    #[serde(default)]
    pub options: Options,
    #[serde(default)]
    pub boot: Boot,
    #[serde(default)]
    pub reservation: Vec<Reservation>,
}

/// `[[dhcp4.subnet.pool]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    pub range: At<Range>,
    /// Only clients of one of these classes get addresses from here.
    #[serde(default)]
    pub classes: Vec<At<String>>,
    pub v6_only_wait_seconds: Option<u32>,
    #[serde(default)]
    pub options: Options,
    #[serde(default)]
    pub boot: Boot,
}

/// `[[dhcp4.subnet.reservation]]`: exactly one of the three that name a client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reservation {
    pub hw_addr: Option<At<HwBytes>>,
    pub client_id: Option<At<Hex>>,
    pub circuit_id: Option<At<Hex>>,
    pub address: At<Ipv4Addr>,
    pub hostname: Option<At<String>>,
    #[serde(default)]
    pub options: Options,
    #[serde(default)]
    pub boot: Boot,
}

/// A file that was read and found good.
pub struct Config {
    pub file: File,
    /// What the DHCPv4 server engine is given; the links are still to be added.
    pub server: ddi_dhcp::server::Config,
    pub data_dir: PathBuf,
    /// What the name server is given, if there is one: for the start.
    pub dns: Option<DnsPlan>,
    /// Of `[dns]`, zones and keys, to tell whether they have changed. There may be thousands: they are not
    /// kept here.
    pub names_hash: u64,
    pub ddns: Vec<DdnsPlan>,
    pub source: Source,
}

/// Reads and checks `path`.
pub fn load(path: &Path) -> Result<Config, Mistake> {
    let (source, text) = Source::read(path)?;
    let mut file: File = toml::from_str(&text).map_err(|e| source.syntax(&e))?;
    drop(text);
    let server = build::server(&file).map_err(|fault| source.fault(&fault))?;
    let folder = source.path().parent().unwrap_or(Path::new("/"));
    let dns = zones::plan(&file, folder).map_err(|fault| source.fault(&fault))?;
    let ddns = zones::ddns(&file, &server).map_err(|fault| source.fault(&fault))?;
    let mut hasher = DefaultHasher::new();
    (&file.dns, std::mem::take(&mut file.zone), std::mem::take(&mut file.tsig_key)).hash(&mut hasher);
    let (names_hash, data_dir) = (hasher.finish(), folder.join(&file.data_dir));
    let config = Config { data_dir, file, server, dns, names_hash, ddns, source };
    relationships::check(&config).map_err(|fault| config.source.fault(&fault))?;
    Ok(config)
}
