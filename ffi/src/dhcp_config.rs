//! The configuration of a DHCPv4 server: numbers, links, subnets, pools, reservations, classes, options.

mod draft;

use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::lease_key::ddi_ipv4;
use crate::slice::{self, Out};
use crate::status::{DDI_OK, ddi_status};
use ddi_dhcp::server::{LeaseTimes, Names};
pub(crate) use draft::Draft;
use std::ffi::c_char;

/// The place for what holds for everybody; the others are given by `ddi_dhcp_config_add_...`.
pub const DDI_DHCP_EVERYWHERE: u32 = 0;

/// 0 or 1: this server knows every address of its links, so it may say NAK to a client that it has no lease of
/// (RFC 2131 section 4.3.2). Default: 0.
pub const DDI_DHCP_AUTHORITATIVE: u32 = 1;
/// The address space of all subnets, where networks overlap. Default: 0.
pub const DDI_DHCP_SPACE: u32 = 2;
/// UDP port of relays, and of this server. Default: 67.
pub const DDI_DHCP_RELAY_PORT: u32 = 3;
/// UDP port of clients. Default: 68.
pub const DDI_DHCP_CLIENT_PORT: u32 = 4;
/// How long an offer holds its address, in seconds. Default: 60.
pub const DDI_DHCP_OFFER_SECONDS: u32 = 5;
/// The most offers at once. Default: 65536.
pub const DDI_DHCP_MAX_OFFERS: u32 = 6;
/// How long an address that somebody else uses is left alone, in seconds. Default: 86400.
pub const DDI_DHCP_QUARANTINE_SECONDS: u32 = 7;
/// How long to wait for the answer to a ping before an address is offered, in milliseconds. 0, the default: no
/// ping.
pub const DDI_DHCP_PING_MILLIS: u32 = 8;
/// A client that renews within this part of its lease, in percent, gets what remains without a write. 0: always
/// write. Default: 25.
pub const DDI_DHCP_CACHE_THRESHOLD_PERCENT: u32 = 9;
/// 0 or 1: answer a DISCOVER with an ACK if the client can take it (RFC 4039). Default: 0.
pub const DDI_DHCP_RAPID_COMMIT: u32 = 10;
/// 0 or 1: give pool addresses to BOOTP clients, for ever. Default: 0.
pub const DDI_DHCP_DYNAMIC_BOOTP: u32 = 11;
/// 0 or 1: let option 118 choose the subnet (RFC 3011). Default: 0.
pub const DDI_DHCP_SUBNET_SELECTION: u32 = 12;
/// 0 or 1: serve only relays that a subnet lists. Default: 0.
pub const DDI_DHCP_ONLY_LISTED_RELAYS: u32 = 13;
/// Datagrams per second that one client may send; twice that at once. 0, the default: no limit.
pub const DDI_DHCP_CLIENT_RATE: u32 = 14;
/// Datagrams per second that one relay, or one link, may send; twice that at once. 0, the default: no limit.
pub const DDI_DHCP_RELAY_RATE: u32 = 15;
/// T1: after which part of its lease time, in thousandths, a client renews (RFC 2131 section 4.4.5). Default: 500.
pub const DDI_DHCP_RENEWAL_PERMILLE: u32 = 16;
/// T2: after which part of its lease time, in thousandths, a client asks any server. Default: 875.
pub const DDI_DHCP_REBINDING_PERMILLE: u32 = 17;

/// A reservation is for the client with this client_id (option 61).
pub const DDI_DHCP_BY_CLIENT_ID: u32 = 1;
/// A reservation is for the client with this link-layer address.
pub const DDI_DHCP_BY_HW_ADDR: u32 = 2;
/// A reservation is for whoever is on the port with this circuit-id (RFC 3046).
pub const DDI_DHCP_BY_CIRCUIT_ID: u32 = 3;

/// Option 60 is this.
pub const DDI_DHCP_IF_VENDOR_CLASS: u32 = 1;
/// Option 60 begins with this.
pub const DDI_DHCP_IF_VENDOR_CLASS_PREFIX: u32 = 2;
/// One of the classes in option 77 is this (RFC 3004).
pub const DDI_DHCP_IF_USER_CLASS: u32 = 3;
/// The link-layer address begins with this.
pub const DDI_DHCP_IF_HW_ADDR_PREFIX: u32 = 4;
/// Sub-option 1 of option 82 is this (RFC 3046).
pub const DDI_DHCP_IF_CIRCUIT_ID: u32 = 5;
/// Sub-option 2 of option 82 is this (RFC 3046).
pub const DDI_DHCP_IF_REMOTE_ID: u32 = 6;
/// Option 124 has this class of this vendor (RFC 3925 section 3): four bytes, the vendor's enterprise number in network
/// order, then the class; nothing for any class.
pub const DDI_DHCP_IF_ENTERPRISE_CLASS: u32 = 7;
/// Option 125 has options of this vendor (RFC 3925 section 4): the four bytes of its enterprise number in network order.
pub const DDI_DHCP_IF_ENTERPRISE_OPTIONS: u32 = 8;

/// Names of clients in DNS (RFC 4702): a name that the client qualified keeps its own zone.
pub const DDI_DHCP_NAMES_KEEP_CLIENT_ZONE: u32 = 1;
/// Names of clients in DNS: make one of option 12 if there is no option 81.
pub const DDI_DHCP_NAMES_FROM_HOSTNAME: u32 = 2;
/// Names of clients in DNS: the client may update its A itself (S = 0).
pub const DDI_DHCP_NAMES_ALLOW_CLIENT_UPDATES: u32 = 4;
/// Names of clients in DNS: the client may say that nobody shall update (N = 1).
pub const DDI_DHCP_NAMES_ALLOW_NO_UPDATES: u32 = 8;

/// The configuration of a DHCPv4 server, filled by setters and given to `ddi_dhcp_server_new`, which checks it
/// whole and keeps nothing of it.
///
/// Threads: one call at a time on one configuration.
pub struct ddi_dhcp_config(Handle<Draft>);
noun!(ddi_dhcp_config, Draft, shared);

/// A configuration with nothing to serve. NULL only if the library panicked. Caller owns: `ddi_dhcp_config_free`.
#[unsafe(no_mangle)]
pub extern "C" fn ddi_dhcp_config_new() -> *mut ddi_dhcp_config {
    guard::make(Default::default)
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_free(config: *mut ddi_dhcp_config) {
    // SAFETY: the header's contract.
    unsafe { guard::free(config) }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_last_error(config: *const ddi_dhcp_config) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(config) }
}

/// Sets a number of the whole server's: `setting` is one of `DDI_DHCP_AUTHORITATIVE` to `DDI_DHCP_REBINDING_PERMILLE`.
/// `DDI_E_ARGUMENT` if there is no such setting, or `value` can't be its value.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_set(
    config: *mut ddi_dhcp_config,
    setting: u32,
    value: u64,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe { guard::exclusive(config, |draft| draft.set(setting, value).map(|()| DDI_OK)) }
}

/// The server identifier (option 54), if neither the address that a message was sent to nor the link's first is
/// the right one.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_set_server_id(
    config: *mut ddi_dhcp_config,
    address: ddi_ipv4,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            draft.config.server_id = Some(address.into());
            Ok(DDI_OK)
        })
    }
}

/// Lease times in seconds for everybody (`DDI_DHCP_EVERYWHERE`), for a subnet, or for a class, which wins. A client
/// that asks for no time gets `default_seconds`; others what they ask for, within the other two. 0xffffffff is for
/// ever. Default: one hour for everybody.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_set_lease_seconds(
    config: *mut ddi_dhcp_config,
    place: u32,
    default_seconds: u32,
    min_seconds: u32,
    max_seconds: u32,
) -> ddi_status {
    let times = LeaseTimes { default_seconds, min_seconds, max_seconds };
    // SAFETY: the header's contract.
    unsafe { guard::exclusive(config, |draft| draft.set_lease_seconds(place, times).map(|()| DDI_OK)) }
}

/// Makes full names for the clients of everybody or of a subnet (RFC 4702 section 4): `suffix` is put behind what
/// is not fully qualified; `flags` is any of `DDI_DHCP_NAMES_...` together. The server updates no DNS; its events
/// tell of names.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_set_names(
    config: *mut ddi_dhcp_config,
    place: u32,
    flags: u32,
    suffix: *const u8,
    suffix_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let suffix = slice::bytes(suffix, suffix_len, "suffix")?.to_vec();
            draft.set_names(place, names(flags, suffix)?).map(|()| DDI_OK)
        })
    }
}

/// A subnet or pool is IPv6-mostly: what a client that can do without IPv4 is told as V6ONLY_WAIT (RFC 8925).
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_set_v6_only_wait(
    config: *mut ddi_dhcp_config,
    place: u32,
    seconds: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe { guard::exclusive(config, |draft| draft.set_v6_only_wait(place, seconds).map(|()| DDI_OK)) }
}

/// An address that this server has on a link whose clients it serves; `interface` is the number that
/// `ddi_dhcp_server_handle_datagram` is told. Call it again for further addresses: the first that lies in a subnet
/// is the server identifier there.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_add_link_address(
    config: *mut ddi_dhcp_config,
    interface: u32,
    address: ddi_ipv4,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            draft.add_link_address(interface, address.into());
            Ok(DDI_OK)
        })
    }
}

/// Adds a subnet. `id` is unique, is written to each lease, and should be kept when the configuration changes.
/// `*subnet` is its place. `DDI_E_ARGUMENT` if `prefix` has host bits or more than 32 bits.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_add_subnet(
    config: *mut ddi_dhcp_config,
    id: u32,
    prefix: ddi_ipv4,
    prefix_bits: u32,
    subnet: *mut u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let place = Out::new(subnet, "subnet")?;
            place.set(draft.add_subnet(id, prefix.into(), prefix_bits)?);
            Ok(DDI_OK)
        })
    }
}

/// Subnets with the same name of a shared network are on one link. An empty name takes it back.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not UTF-8, no such place, or a value that can't be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_set_shared_network(
    config: *mut ddi_dhcp_config,
    subnet: u32,
    name: *const u8,
    name_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let name = slice::text(name, name_len, "name")?;
            draft.set_shared_network(subnet, name).map(|()| DDI_OK)
        })
    }
}

/// The subnet's clients are behind this relay, whatever its address is.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_add_relay(
    config: *mut ddi_dhcp_config,
    subnet: u32,
    relay: ddi_ipv4,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe { guard::exclusive(config, |draft| draft.add_relay(subnet, relay.into()).map(|()| DDI_OK)) }
}

/// Adds a pool to a subnet: addresses to give out, both ends included. `*pool` is its place.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_add_pool(
    config: *mut ddi_dhcp_config,
    subnet: u32,
    first: ddi_ipv4,
    last: ddi_ipv4,
    pool: *mut u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let place = Out::new(pool, "pool")?;
            place.set(draft.add_pool(subnet, first.into(), last.into())?);
            Ok(DDI_OK)
        })
    }
}

/// Addresses that no pool of the subnet gives out though they lie in it, both ends included.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_add_excluded(
    config: *mut ddi_dhcp_config,
    subnet: u32,
    first: ddi_ipv4,
    last: ddi_ipv4,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            draft.add_excluded(subnet, first.into(), last.into()).map(|()| DDI_OK)
        })
    }
}

/// Only clients of this class, and of others that are added, get an address of the pool.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not UTF-8, no such place, or a value that can't be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_add_pool_class(
    config: *mut ddi_dhcp_config,
    pool: u32,
    class_name: *const u8,
    class_name_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let name = slice::text(class_name, class_name_len, "class_name")?;
            draft.add_pool_class(pool, name).map(|()| DDI_OK)
        })
    }
}

/// Keeps an address of a subnet for one client; `by` is one of `DDI_DHCP_BY_...`. `*reservation` is its place.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_add_reservation(
    config: *mut ddi_dhcp_config,
    subnet: u32,
    by: u32,
    client: *const u8,
    client_len: usize,
    address: ddi_ipv4,
    reservation: *mut u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let place = Out::new(reservation, "reservation")?;
            let client = slice::bytes(client, client_len, "client")?;
            place.set(draft.add_reservation(subnet, by, client, address.into())?);
            Ok(DDI_OK)
        })
    }
}

/// The host name (option 12) of a reservation's client, in place of the one that it sends.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_set_hostname(
    config: *mut ddi_dhcp_config,
    reservation: u32,
    hostname: *const u8,
    hostname_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let hostname = slice::bytes(hostname, hostname_len, "hostname")?;
            draft.set_hostname(reservation, hostname).map(|()| DDI_OK)
        })
    }
}

/// Adds a class of clients. A later class is stronger: if two have the same option, its is sent. `*class_place` is
/// its place.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not UTF-8).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_add_class(
    config: *mut ddi_dhcp_config,
    name: *const u8,
    name_len: usize,
    class_place: *mut u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let place = Out::new(class_place, "class_place")?;
            place.set(draft.add_class(slice::text(name, name_len, "name")?)?);
            Ok(DDI_OK)
        })
    }
}

/// A client that passes this test, or any other of the class, is in it; `test` is one of `DDI_DHCP_IF_...`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_add_class_test(
    config: *mut ddi_dhcp_config,
    class_place: u32,
    test: u32,
    value: *const u8,
    value_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let value = slice::bytes(value, value_len, "value")?;
            draft.add_class_test(class_place, test, value).map(|()| DDI_OK)
        })
    }
}

/// An option with any bytes, at any place; the narrower place wins: everywhere, subnet, pool, class, reservation. It
/// is sent to a client that asks for it, or that asks for nothing; with `always` 1, to those that ask for others, too.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (neither 0 nor 1, no such place, or a value that can't be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_put_option(
    config: *mut ddi_dhcp_config,
    place: u32,
    code: u32,
    always: u32,
    value: *const u8,
    value_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let value = slice::bytes(value, value_len, "value")?;
            draft.put_option(place, code, always, value).map(|()| DDI_OK)
        })
    }
}

/// The same from text, as a configuration file has it: `name` is `routers`, `dns_servers`, `domain_name` and so on, or
/// a code in digits; `value` has commas between the items of a list. Bytes are in hex digits.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not UTF-8, no such place, or a value that can't be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_put_option_text(
    config: *mut ddi_dhcp_config,
    place: u32,
    name: *const u8,
    name_len: usize,
    value: *const u8,
    value_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let (name, value) =
                (slice::text(name, name_len, "name")?, slice::text(value, value_len, "value")?);
            draft.put_option_text(place, name, value).map(|()| DDI_OK)
        })
    }
}

/// The boot server's address (siaddr; 0.0.0.0: none), its name (sname, at most 63 bytes) and the boot file (file, at
/// most 127 bytes).
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp_config_set_boot(
    config: *mut ddi_dhcp_config,
    place: u32,
    next_server: ddi_ipv4,
    server_name: *const u8,
    server_name_len: usize,
    boot_file: *const u8,
    boot_file_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |draft| {
            let (name, file) = (
                slice::bytes(server_name, server_name_len, "server_name")?,
                slice::bytes(boot_file, boot_file_len, "boot_file")?,
            );
            draft.set_boot(place, next_server.into(), name, file).map(|()| DDI_OK)
        })
    }
}

fn names(flags: u32, suffix: Vec<u8>) -> Result<Names, Failure> {
    const ALL: u32 = DDI_DHCP_NAMES_KEEP_CLIENT_ZONE
        | DDI_DHCP_NAMES_FROM_HOSTNAME
        | DDI_DHCP_NAMES_ALLOW_CLIENT_UPDATES
        | DDI_DHCP_NAMES_ALLOW_NO_UPDATES;
    if flags & !ALL != 0 {
        return Err(Failure::argument(format!("flags {flags:#x} are not all known")));
    }
    Ok(Names {
        enabled: true,
        suffix,
        keep_client_zone: flags & DDI_DHCP_NAMES_KEEP_CLIENT_ZONE != 0,
        from_hostname: flags & DDI_DHCP_NAMES_FROM_HOSTNAME != 0,
        allow_client_updates: flags & DDI_DHCP_NAMES_ALLOW_CLIENT_UPDATES != 0,
        allow_no_updates: flags & DDI_DHCP_NAMES_ALLOW_NO_UPDATES != 0,
    })
}
