//! From the file to the server engine's configuration. The engine checks it; here its findings get
//! their line.

use super::located::located;
use super::place::{At, Fault, value};
use super::values::EnterpriseClass;
use super::{Boot, Class, Dhcp4, File, Names, Options, Reservation, Subnet, options};
use ddi_dhcp::server::{self, ClassTest, LeaseTimes, Params, Ports, Rate, ReservedFor};
use ddi_dhcp::v4::CodeSet;
use std::net::Ipv4Addr;

/// The longest suffix, in bytes: a name has at most 253, and there must be room for a label of 63.
const SUFFIX_MAX: usize = 189;

/// The engine's configuration, checked.
pub fn server(file: &File) -> Result<server::Config, Fault> {
    for size in [&file.log.segment_mib, &file.log.compact_mib] {
        if !(1..=65_536).contains(size.get_ref()) {
            return Err(Fault::new(size, "from 1 to 65536 MiB"));
        }
    }
    let Some(dhcp4) = &file.dhcp4 else { return Ok(server::Config::default()) };
    if let Some(interface) = &dhcp4.interface
        && !dhcp4.listen.get_ref().ip().is_unspecified()
    {
        let what = "broadcasts reach only 0.0.0.0: listen there, or leave `interface` out";
        return Err(Fault::new(interface, what));
    }
    let config = global(dhcp4)?;
    server::Server::new(config.clone(), 0).map_err(|error| located(dhcp4, &error))?;
    Ok(config)
}

fn global(dhcp4: &Dhcp4) -> Result<server::Config, Fault> {
    let base = server::Config::default();
    let rate = |per_second: u32| Rate { per_second, burst: per_second.saturating_mul(2) };
    let lease = lease_times(&dhcp4.min_lease_seconds, &dhcp4.lease_seconds, &dhcp4.max_lease_seconds);
    Ok(server::Config {
        authoritative: dhcp4.authoritative,
        server_id: dhcp4.server_id,
        ports: Ports {
            relay: value(&dhcp4.relay_port).unwrap_or(base.ports.relay),
            client: value(&dhcp4.client_port).unwrap_or(base.ports.client),
        },
        lease: lease.unwrap_or(base.lease),
        params: params(&dhcp4.options, &dhcp4.boot)?,
        classes: dhcp4.class.iter().map(class).collect::<Result<_, _>>()?,
        subnets: dhcp4
            .subnet
            .iter()
            .map(|one| subnet(one, dhcp4.names.as_ref()))
            .collect::<Result<_, _>>()?,
        offer_seconds: value(&dhcp4.offer_seconds).unwrap_or(base.offer_seconds),
        quarantine_seconds: value(&dhcp4.quarantine_seconds).unwrap_or(base.quarantine_seconds),
        renewal_permille: value(&dhcp4.renewal_permille).unwrap_or(base.renewal_permille),
        rebinding_permille: value(&dhcp4.rebinding_permille).unwrap_or(base.rebinding_permille),
        ping_millis: value(&dhcp4.ping_millis),
        cache_threshold_percent: value(&dhcp4.cache_threshold_percent)
            .unwrap_or(base.cache_threshold_percent),
        rapid_commit: dhcp4.rapid_commit,
        dynamic_bootp: dhcp4.bootp.as_ref().is_some_and(|bootp| *bootp.get_ref()),
        subnet_selection: dhcp4.subnet_selection,
        only_listed_relays: dhcp4.only_listed_relays,
        client_rate: value(&dhcp4.flood.per_client).map(rate),
        relay_rate: value(&dhcp4.flood.per_relay).map(rate),
        names: dhcp4.names.as_ref().map(names).transpose()?.unwrap_or_default(),
        ..base
    })
}

fn names(names: &Names) -> Result<server::Names, Fault> {
    Ok(server::Names {
        enabled: true,
        suffix: suffix(&names.suffix)?,
        keep_client_zone: names.keep_client_zone,
        from_hostname: names.from_hostname,
        allow_client_updates: names.allow_client_updates,
        allow_no_updates: names.allow_no_updates,
    })
}

/// Names in the zone of a subnet with `ddns`, as `[dhcp4.names]` says; without that, of option 12 too.
fn names_in(zone: &At<String>, global: Option<&Names>) -> Result<server::Names, Fault> {
    let base = match global {
        Some(global) => names(global)?,
        None => server::Names { enabled: true, from_hostname: true, ..server::Names::default() },
    };
    Ok(server::Names { suffix: suffix(zone)?, ..base })
}

fn suffix(at: &At<String>) -> Result<Vec<u8>, Fault> {
    let suffix = at.get_ref();
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(harmless);
    if suffix.len() > SUFFIX_MAX || !suffix.split('.').all(is_label) {
        return Err(Fault::new(at, format!("{suffix:?} is not a name such as example.com")));
    }
    Ok(suffix.clone().into_bytes())
}

/// One time given is the time for everybody.
fn lease_times(min: &Option<At<u32>>, usual: &Option<At<u32>>, max: &Option<At<u32>>) -> Option<LeaseTimes> {
    let (min, usual, max) = (value(min), value(usual), value(max));
    let default_seconds = usual.or(max).or(min)?;
    Some(LeaseTimes {
        default_seconds,
        min_seconds: min.unwrap_or(default_seconds),
        max_seconds: max.unwrap_or(default_seconds),
    })
}

fn params(options: &Options, boot: &Boot) -> Result<Params, Fault> {
    Ok(Params {
        options: options::encode(options)?,
        always: CodeSet::EMPTY,
        next_server: boot.next_server,
        server_name: bytes(&boot.server_name),
        boot_file: bytes(&boot.file),
    })
}

fn enterprise_class(one: &EnterpriseClass) -> ClassTest {
    ClassTest::EnterpriseClass { enterprise: one.enterprise, class: one.class.clone() }
}

fn class(class: &Class) -> Result<server::Class, Fault> {
    let hex = |values: &[super::Hex], test: fn(Vec<u8>) -> ClassTest| -> Vec<ClassTest> {
        values.iter().map(|value| test(value.0.clone())).collect()
    };
    let any_of = [
        hex(&class.vendor_class, ClassTest::VendorClass),
        hex(&class.vendor_class_prefix, ClassTest::VendorClassPrefix),
        hex(&class.user_class, ClassTest::UserClass),
        class.hw_addr_prefix.iter().map(|prefix| ClassTest::HwAddrPrefix(prefix.0.clone())).collect(),
        hex(&class.circuit_id, ClassTest::CircuitId),
        hex(&class.remote_id, ClassTest::RemoteId),
        class.enterprise_class.iter().map(enterprise_class).collect(),
        class
            .enterprise_options
            .iter()
            .map(|&enterprise| ClassTest::EnterpriseOptions { enterprise })
            .collect(),
    ]
    .concat();
    if any_of.is_empty() {
        return Err(Fault::new(&class.name, "nothing says who is in this class"));
    }
    Ok(server::Class {
        name: class.name.get_ref().clone(),
        any_of,
        params: params(&class.options, &class.boot)?,
        lease: lease_times(&class.min_lease_seconds, &class.lease_seconds, &class.max_lease_seconds),
    })
}

fn subnet(subnet: &Subnet, global: Option<&Names>) -> Result<server::Subnet, Fault> {
    let prefix = subnet.prefix.get_ref().0;
    let id = match &subnet.id {
        Some(id) if *id.get_ref() == 0 => return Err(Fault::new(id, "an id is at least 1")),
        Some(id) => *id.get_ref(),
        // Stays the same when subnets are added or moved in the file.
        None => prefix.network().to_bits(),
    };
    let plain = subnet.pools.iter().map(|range| Ok(pool(range)));
    let rich = subnet.pool.iter().map(|rich| {
        Ok(server::Pool {
            classes: rich.classes.iter().map(|class| class.get_ref().clone()).collect(),
            params: params(&rich.options, &rich.boot)?,
            v6_only_wait_seconds: rich.v6_only_wait_seconds,
            ..pool(&rich.range)
        })
    });
    Ok(server::Subnet {
        shared_network: subnet.shared_network.clone(),
        relays: subnet.relays.clone(),
        pools: plain.chain(rich).collect::<Result<_, Fault>>()?,
        excluded: subnet.exclude.iter().map(|range| excluded(range, prefix)).collect::<Result<_, _>>()?,
        reservations: subnet.reservation.iter().map(reservation).collect::<Result<_, _>>()?,
        lease: lease_times(&subnet.min_lease_seconds, &subnet.lease_seconds, &subnet.max_lease_seconds),
        params: params(&subnet.options, &subnet.boot)?,
        v6_only_wait_seconds: subnet.v6_only_wait_seconds,
        names: subnet.ddns.as_ref().map(|ddns| names_in(&ddns.forward, global)).transpose()?,
        ..server::Subnet::new(id, prefix)
    })
}

fn excluded(range: &At<super::Range>, prefix: ipnet::Ipv4Net) -> Result<(Ipv4Addr, Ipv4Addr), Fault> {
    let super::Range { first, last } = *range.get_ref();
    if !prefix.contains(&first) || !prefix.contains(&last) {
        return Err(Fault::new(range, format!("{first}-{last} is not inside {prefix}")));
    }
    Ok((first, last))
}

fn pool(range: &At<super::Range>) -> server::Pool {
    server::Pool::new(range.get_ref().first, range.get_ref().last)
}

fn reservation(reservation: &Reservation) -> Result<server::Reservation, Fault> {
    let client = match (&reservation.hw_addr, &reservation.client_id, &reservation.circuit_id) {
        (Some(id), None, None) => ReservedFor::HwAddr(id.get_ref().0.clone()),
        (None, Some(id), None) => ReservedFor::ClientId(id.get_ref().0.clone()),
        (None, None, Some(id)) => ReservedFor::CircuitId(id.get_ref().0.clone()),
        _ => return Err(Fault::new(&reservation.address, "needs one of hw_addr, client_id and circuit_id")),
    };
    let address: Ipv4Addr = *reservation.address.get_ref();
    Ok(server::Reservation {
        hostname: bytes(&reservation.hostname),
        params: params(&reservation.options, &reservation.boot)?,
        ..server::Reservation::new(client, address)
    })
}

fn bytes(text: &Option<At<String>>) -> Vec<u8> {
    text.as_ref().map(|text| text.get_ref().clone().into_bytes()).unwrap_or_default()
}
