//! The checks of a configuration that need no look-up.

use crate::server::config::{
    ClassTest, Config, LeaseTimes, Names, Params, Pool, Rate, Reservation, ReservedFor, Subnet,
};
use crate::server::error::{ConfigError, ConfigFault, Place};
use crate::server::plan::Plan;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Options that the server sets itself or that make no sense from a server: pad, requested address, lease
/// time, overload, message type, server identifier, parameter request list, maximum size, T1, T2,
/// client_id, rapid commit, FQDN, relay information, subnet selection, end. IPv6-only-preferred (108)
/// has a field of its own.
const NOT_CONFIGURABLE: [u8; 17] = [0, 50, 51, 52, 53, 54, 55, 57, 58, 59, 61, 80, 81, 82, 108, 118, 255];

pub(crate) fn globals(config: &Config) -> Result<(), ConfigError> {
    let place = Place::Global;
    params(&config.params, place)?;
    lease(Some(config.lease), place)?;
    let (renewal, rebinding) = (config.renewal_permille, config.rebinding_permille);
    if renewal == 0 || renewal >= rebinding || rebinding >= 1000 {
        return Err(ConfigFault::RenewalTimes.at(place));
    }
    if config.cache_threshold_percent > 100 {
        return Err(ConfigFault::Percent { percent: config.cache_threshold_percent }.at(place));
    }
    let rate = |rate: Option<Rate>| rate.is_some_and(|rate| rate.per_second == 0 || rate.burst == 0);
    let zeros = [
        ("offer_seconds", config.offer_seconds == 0),
        ("max_offers", config.max_offers == 0),
        ("quarantine_seconds", config.quarantine_seconds == 0),
        ("ping_millis", config.ping_millis == Some(0)),
        ("client_rate", rate(config.client_rate)),
        ("relay_rate", rate(config.relay_rate)),
        ("ports", config.ports.client == 0 || config.ports.relay == 0),
    ];
    if let Some((field, _)) = zeros.into_iter().find(|(_, zero)| *zero) {
        return Err(ConfigFault::Zero { field }.at(place));
    }
    names(&config.names, place)
}

pub(crate) fn names(names: &Names, place: Place) -> Result<(), ConfigError> {
    if !names.suffix.is_empty() && !is_name(&names.suffix) {
        return Err(ConfigFault::Suffix.at(place));
    }
    Ok(())
}

/// Labels of 1 to 63 letters, digits, `-` and `_`; short enough that a host name fits before it.
fn is_name(name: &[u8]) -> bool {
    let good = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    name.len() <= 180
        && name
            .split(|&byte| byte == b'.')
            .all(|label| (1..=63).contains(&label.len()) && label.iter().all(good))
}

pub(crate) fn params(params: &Params, place: Place) -> Result<(), ConfigError> {
    if let Some(code) = params.options.codes().iter().find(|code| NOT_CONFIGURABLE.contains(code)) {
        return Err(ConfigFault::OptionNotConfigurable { code }.at(place));
    }
    too_long("server_name", &params.server_name, 63, place)?;
    too_long("boot_file", &params.boot_file, 127, place)
}

fn too_long(field: &'static str, bytes: &[u8], max: usize, place: Place) -> Result<(), ConfigError> {
    let len = bytes.len();
    if len > max { Err(ConfigFault::TooLong { field, len, max }.at(place)) } else { Ok(()) }
}

pub(crate) fn lease(times: Option<LeaseTimes>, place: Place) -> Result<(), ConfigError> {
    let good = |times: LeaseTimes| {
        times.min_seconds >= 1
            && times.min_seconds <= times.default_seconds
            && times.default_seconds <= times.max_seconds
    };
    if times.is_none_or(good) { Ok(()) } else { Err(ConfigFault::LeaseTimes.at(place)) }
}

/// A vendor's data in option 124 has 255 bytes at most, one of which is the class's length.
const ENTERPRISE_CLASS_MAX: usize = 254;

pub(crate) fn class_test(test: &ClassTest, place: Place) -> Result<(), ConfigError> {
    let (bytes, max) = match test {
        ClassTest::HwAddrPrefix(bytes) => (bytes, 16),
        ClassTest::VendorClass(bytes)
        | ClassTest::VendorClassPrefix(bytes)
        | ClassTest::UserClass(bytes)
        | ClassTest::CircuitId(bytes)
        | ClassTest::RemoteId(bytes) => (bytes, 255),
        ClassTest::EnterpriseClass { class, .. } if !class.is_empty() => (class, ENTERPRISE_CLASS_MAX),
        ClassTest::EnterpriseClass { .. } | ClassTest::EnterpriseOptions { .. } => return Ok(()),
    };
    match_length(bytes, max, place)
}

fn match_length(bytes: &[u8], max: usize, place: Place) -> Result<(), ConfigError> {
    let len = bytes.len();
    if (1..=max).contains(&len) { Ok(()) } else { Err(ConfigFault::MatchLength { len, max }.at(place)) }
}

pub(crate) fn subnet(index: usize, subnet: &Subnet) -> Result<(), ConfigError> {
    let place = Place::Subnet { subnet: index };
    params(&subnet.params, place)?;
    subnet.names.as_ref().map_or(Ok(()), |own| names(own, place))?;
    let prefix = subnet.prefix.trunc();
    for &(first, last) in &subnet.excluded {
        if first > last || !prefix.contains(&first) || !prefix.contains(&last) {
            return Err(ConfigFault::Exclusion { first, last, prefix }.at(place));
        }
    }
    lease(subnet.lease, place)
}

pub(crate) fn pool(pool: &Pool, subnet: &Subnet, place: Place) -> Result<(), ConfigError> {
    let (first, last, prefix) = (pool.first, pool.last, subnet.prefix.trunc());
    if first > last {
        return Err(ConfigFault::PoolBackwards { first, last }.at(place));
    }
    if !prefix.contains(&first) || !prefix.contains(&last) {
        return Err(ConfigFault::PoolOutsideSubnet { first, last, prefix }.at(place));
    }
    for address in [first, last] {
        usable(address, subnet, place)?;
    }
    params(&pool.params, place)
}

/// RFC 1122 section 3.2.1.3; in a /31 (RFC 3021) or /32 all are usable.
fn usable(address: Ipv4Addr, subnet: &Subnet, place: Place) -> Result<(), ConfigError> {
    let prefix = subnet.prefix;
    if prefix.prefix_len() < 31 && (address == prefix.network() || address == prefix.broadcast()) {
        return Err(ConfigFault::Unusable { address }.at(place));
    }
    Ok(())
}

pub(crate) fn reservation(
    reservation: &Reservation,
    subnet: &Subnet,
    place: Place,
) -> Result<(), ConfigError> {
    let (address, prefix) = (reservation.address, subnet.prefix.trunc());
    if !prefix.contains(&address) {
        return Err(ConfigFault::ReservationOutsideSubnet { address, prefix }.at(place));
    }
    usable(address, subnet, place)?;
    match &reservation.client {
        ReservedFor::HwAddr(bytes) => match_length(bytes, 16, place)?,
        ReservedFor::ClientId(bytes) | ReservedFor::CircuitId(bytes) => match_length(bytes, 255, place)?,
    }
    too_long("hostname", &reservation.hostname, 63, place)?;
    params(&reservation.params, place)
}

/// Subnets and pools, each in order of address, against their neighbours; and ids.
pub(crate) fn overlaps(config: &Config, plan: &Plan) -> Result<(), ConfigError> {
    let mut ids = BTreeMap::new();
    for (index, subnet) in config.subnets.iter().enumerate() {
        if let Some(other) = ids.insert(subnet.id, index) {
            let other = Place::Subnet { subnet: other };
            let fault = ConfigFault::DuplicateSubnetId { id: subnet.id, other };
            return Err(fault.at(Place::Subnet { subnet: index }));
        }
    }
    let subnet_place = |index: u32| Place::Subnet { subnet: index as usize };
    if let Some((one, other)) = overlap(&plan.by_prefix) {
        return Err(ConfigFault::SubnetsOverlap { other: subnet_place(one) }.at(subnet_place(other)));
    }
    let pool_place = |id: u32| {
        let subnet = plan.pools[id as usize].subnet as usize;
        let first = plan.subnets[subnet].pools[0];
        Place::Pool { subnet, pool: (id - first) as usize }
    };
    if let Some((one, other)) = overlap(&plan.by_range) {
        return Err(ConfigFault::PoolsOverlap { other: pool_place(one) }.at(pool_place(other)));
    }
    Ok(())
}

/// Two values whose ranges overlap, the smaller value first; the ranges are in order of their firsts.
fn overlap(ranges: &[(u32, u32, u32)]) -> Option<(u32, u32)> {
    let pair = ranges.windows(2).find(|pair| pair[1].0 <= pair[0].1)?;
    Some((pair[0].2.min(pair[1].2), pair[0].2.max(pair[1].2)))
}
