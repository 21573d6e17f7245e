//! The engine's findings with their lines: what it names by an index or a word of its own stands somewhere in
//! the file.

use super::place::{At, Fault};
use super::{Boot, Dhcp4, Options, options};
use ddi_dhcp::server::{ConfigError, ConfigFault, Place};
use std::ops::Range;

type Span = Option<Range<usize>>;

fn span<T>(at: &Option<At<T>>) -> Span {
    at.as_ref().map(At::span)
}

/// What one table of the file says, as far as the engine may find fault with it.
struct Table<'c> {
    /// Where its name stands, or what else tells it from others.
    name: Range<usize>,
    options: Option<&'c Options>,
    boot: Option<&'c Boot>,
    hostname: Option<&'c Option<At<String>>>,
    /// By what a reservation knows its client.
    client: Span,
    classes: &'c [At<String>],
    /// The usual one, min and max.
    lease_seconds: Option<[&'c Option<At<u32>>; 3]>,
}

/// The finding, with its place in the file instead of an index.
pub fn located(dhcp4: &Dhcp4, error: &ConfigError) -> Fault {
    let (table, fault) = (table(dhcp4, error.place), &error.fault);
    let global = if error.place == Place::Global { number(dhcp4, fault) } else { None };
    let at = global.or_else(|| table.value(fault)).unwrap_or(table.name);
    Fault::at(at, fault.to_string().replace("client_rate", "per_client").replace("relay_rate", "per_relay"))
}

fn table(dhcp4: &Dhcp4, place: Place) -> Table<'_> {
    let subnet_of = |at: usize| &dhcp4.subnet[at];
    match place {
        Place::Class { class } => {
            let class = &dhcp4.class[class];
            let times = [&class.lease_seconds, &class.min_lease_seconds, &class.max_lease_seconds];
            Table::new(&class.name, &class.options, &class.boot).with_times(times)
        }
        Place::Subnet { subnet } => {
            let subnet = subnet_of(subnet);
            let times = [&subnet.lease_seconds, &subnet.min_lease_seconds, &subnet.max_lease_seconds];
            Table::new(&subnet.prefix, &subnet.options, &subnet.boot).with_times(times)
        }
        Place::Pool { subnet, pool } => {
            let subnet = subnet_of(subnet);
            match subnet.pools.get(pool) {
                Some(range) => Table::named(range),
                None => {
                    let rich = &subnet.pool[pool - subnet.pools.len()];
                    Table { classes: &rich.classes, ..Table::new(&rich.range, &rich.options, &rich.boot) }
                }
            }
        }
        Place::Reservation { subnet, reservation } => {
            let one = &subnet_of(subnet).reservation[reservation];
            let hostname = Some(&one.hostname);
            let client =
                span(&one.hw_addr).or_else(|| span(&one.client_id)).or_else(|| span(&one.circuit_id));
            Table { hostname, client, ..Table::new(&one.address, &one.options, &one.boot) }
        }
        // Of [dhcp4] itself.
        _ => {
            let times = [&dhcp4.lease_seconds, &dhcp4.min_lease_seconds, &dhcp4.max_lease_seconds];
            Table::new(&dhcp4.listen, &dhcp4.options, &dhcp4.boot).with_times(times)
        }
    }
}

impl<'c> Table<'c> {
    fn named<T>(name: &At<T>) -> Self {
        Self {
            name: name.span(),
            options: None,
            boot: None,
            hostname: None,
            client: None,
            classes: &[],
            lease_seconds: None,
        }
    }

    fn new<T>(name: &At<T>, options: &'c Options, boot: &'c Boot) -> Self {
        Self { options: Some(options), boot: Some(boot), ..Self::named(name) }
    }

    fn with_times(self, lease_seconds: [&'c Option<At<u32>>; 3]) -> Self {
        Self { lease_seconds: Some(lease_seconds), ..self }
    }

    /// Where in the table the value stands that is wrong.
    fn value(&self, fault: &ConfigFault) -> Span {
        match *fault {
            ConfigFault::UnknownClass { ref name } => {
                self.classes.iter().find(|class| class.get_ref() == name).map(At::span)
            }
            ConfigFault::OptionNotConfigurable { code } => options::key_of(self.options?, code).map(At::span),
            ConfigFault::LeaseTimes => self.lease_seconds?.into_iter().find_map(span),
            ConfigFault::MatchLength { .. } | ConfigFault::DuplicateReservedClient { .. } => {
                self.client.clone()
            }
            ConfigFault::TooLong { field: "hostname", .. } => span(self.hostname?),
            ConfigFault::TooLong { field: "server_name", .. } => span(&self.boot?.server_name),
            ConfigFault::TooLong { field: "boot_file", .. } => span(&self.boot?.file),
            _ => None,
        }
    }
}

/// Where the number of `[dhcp4]` stands that is wrong.
fn number(dhcp4: &Dhcp4, fault: &ConfigFault) -> Span {
    match *fault {
        ConfigFault::RenewalTimes => {
            span(&dhcp4.renewal_permille).or_else(|| span(&dhcp4.rebinding_permille))
        }
        ConfigFault::Percent { .. } => span(&dhcp4.cache_threshold_percent),
        ConfigFault::Suffix => dhcp4.names.as_ref().map(|names| names.suffix.span()),
        ConfigFault::Zero { field } => match field {
            "offer_seconds" => span(&dhcp4.offer_seconds),
            "quarantine_seconds" => span(&dhcp4.quarantine_seconds),
            "ping_millis" => span(&dhcp4.ping_millis),
            "client_rate" => span(&dhcp4.flood.per_client),
            "relay_rate" => span(&dhcp4.flood.per_relay),
            "ports" => {
                let ports = [&dhcp4.relay_port, &dhcp4.client_port];
                ports.into_iter().flatten().find(|port| *port.get_ref() == 0).map(At::span)
            }
            _ => None,
        },
        _ => None,
    }
}
