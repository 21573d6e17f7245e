//! A configuration that is being filled.

use crate::dhcp4_message::option_from_text;
use crate::handle::Failure;
use crate::status::DDI_E_LIMIT;
use ddi_dhcp::server::{
    Class, ClassTest, Config, LeaseTimes, Link, Names, Params, Pool, Rate, Reservation, ReservedFor, Subnet,
};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// Where something was added; the number that C has is one more than the index of this.
#[derive(Clone, Copy)]
enum Place {
    Subnet(usize),
    Pool(usize, usize),
    Reservation(usize, usize),
    Class(usize),
}

/// See the module.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) config: Config,
    places: Vec<Place>,
}

impl Draft {
    fn add(&mut self, place: Place) -> Result<u32, Failure> {
        self.places.push(place);
        u32::try_from(self.places.len()).map_err(|_| Failure::new(DDI_E_LIMIT, "too many places"))
    }

    fn place(&self, number: u32) -> Result<Option<Place>, Failure> {
        let Some(index) = (number as usize).checked_sub(1) else { return Ok(None) };
        let found = self.places.get(index).copied().map(Some);
        found.ok_or_else(|| Failure::argument(format!("there is no place {number}")))
    }

    fn subnet(&mut self, number: u32) -> Result<(usize, &mut Subnet), Failure> {
        let Some(Place::Subnet(at)) = self.place(number)? else { return Err(wrong(number, "a subnet")) };
        self.config.subnets.get_mut(at).map(|subnet| (at, subnet)).ok_or_else(|| wrong(number, "a subnet"))
    }

    fn pool(&mut self, number: u32) -> Result<&mut Pool, Failure> {
        let Some(Place::Pool(subnet, at)) = self.place(number)? else { return Err(wrong(number, "a pool")) };
        let found = self.config.subnets.get_mut(subnet).and_then(|subnet| subnet.pools.get_mut(at));
        found.ok_or_else(|| wrong(number, "a pool"))
    }

    fn class(&mut self, number: u32) -> Result<&mut Class, Failure> {
        let Some(Place::Class(at)) = self.place(number)? else { return Err(wrong(number, "a class")) };
        self.config.classes.get_mut(at).ok_or_else(|| wrong(number, "a class"))
    }

    fn reservation(&mut self, number: u32) -> Result<&mut Reservation, Failure> {
        let Some(Place::Reservation(subnet, at)) = self.place(number)? else {
            return Err(wrong(number, "a reservation"));
        };
        let found = self.config.subnets.get_mut(subnet).and_then(|subnet| subnet.reservations.get_mut(at));
        found.ok_or_else(|| wrong(number, "a reservation"))
    }

    fn params(&mut self, number: u32) -> Result<&mut Params, Failure> {
        Ok(match self.place(number)? {
            None => &mut self.config.params,
            Some(Place::Subnet(_)) => &mut self.subnet(number)?.1.params,
            Some(Place::Pool(..)) => &mut self.pool(number)?.params,
            Some(Place::Reservation(..)) => &mut self.reservation(number)?.params,
            Some(Place::Class(_)) => &mut self.class(number)?.params,
        })
    }

    /// A number of the whole server's; `setting` is a `DDI_DHCP_...`.
    pub(super) fn set(&mut self, setting: u32, value: u64) -> Result<(), Failure> {
        let config = &mut self.config;
        match setting {
            super::DDI_DHCP_AUTHORITATIVE => config.authoritative = flag(value)?,
            super::DDI_DHCP_SPACE => config.space = small(value)?,
            super::DDI_DHCP_RELAY_PORT => config.ports.relay = small(value)?,
            super::DDI_DHCP_CLIENT_PORT => config.ports.client = small(value)?,
            super::DDI_DHCP_OFFER_SECONDS => config.offer_seconds = small(value)?,
            super::DDI_DHCP_MAX_OFFERS => config.max_offers = small::<u32>(value)? as usize,
            super::DDI_DHCP_QUARANTINE_SECONDS => config.quarantine_seconds = small(value)?,
            super::DDI_DHCP_PING_MILLIS => {
                config.ping_millis = Some(small(value)?).filter(|&millis| millis != 0);
            }
            super::DDI_DHCP_CACHE_THRESHOLD_PERCENT => config.cache_threshold_percent = small(value)?,
            super::DDI_DHCP_RAPID_COMMIT => config.rapid_commit = flag(value)?,
            super::DDI_DHCP_DYNAMIC_BOOTP => config.dynamic_bootp = flag(value)?,
            super::DDI_DHCP_SUBNET_SELECTION => config.subnet_selection = flag(value)?,
            super::DDI_DHCP_ONLY_LISTED_RELAYS => config.only_listed_relays = flag(value)?,
            super::DDI_DHCP_CLIENT_RATE => config.client_rate = rate(value)?,
            super::DDI_DHCP_RELAY_RATE => config.relay_rate = rate(value)?,
            super::DDI_DHCP_RENEWAL_PERMILLE => config.renewal_permille = small(value)?,
            super::DDI_DHCP_REBINDING_PERMILLE => config.rebinding_permille = small(value)?,
            _ => return Err(Failure::argument(format!("there is no setting {setting}"))),
        }
        Ok(())
    }

    pub(super) fn set_lease_seconds(&mut self, place: u32, times: LeaseTimes) -> Result<(), Failure> {
        match self.place(place)? {
            None => self.config.lease = times,
            Some(Place::Subnet(_)) => self.subnet(place)?.1.lease = Some(times),
            Some(Place::Class(_)) => self.class(place)?.lease = Some(times),
            Some(_) => return Err(wrong(place, "a subnet or class")),
        }
        Ok(())
    }

    pub(super) fn set_names(&mut self, place: u32, names: Names) -> Result<(), Failure> {
        match self.place(place)? {
            None => self.config.names = names,
            Some(_) => self.subnet(place)?.1.names = Some(names),
        }
        Ok(())
    }

    pub(super) fn set_v6_only_wait(&mut self, place: u32, seconds: u32) -> Result<(), Failure> {
        match self.place(place)? {
            Some(Place::Pool(..)) => self.pool(place)?.v6_only_wait_seconds = Some(seconds),
            _ => self.subnet(place)?.1.v6_only_wait_seconds = Some(seconds),
        }
        Ok(())
    }

    pub(super) fn add_link_address(&mut self, interface: u32, address: Ipv4Addr) {
        match self.config.links.iter_mut().find(|link| link.interface == interface) {
            Some(link) => link.addresses.push(address),
            None => self.config.links.push(Link { interface, addresses: vec![address] }),
        }
    }

    pub(super) fn add_subnet(&mut self, id: u32, address: Ipv4Addr, bits: u32) -> Result<u32, Failure> {
        let bits: u8 = small(bits.into())?;
        let prefix = Ipv4Net::new(address, bits)
            .map_err(|_| Failure::argument(format!("a prefix of {bits} bits is longer than an address")))?;
        if prefix.network() != address {
            let why = format!("{address}/{bits} has host bits: {}", prefix.trunc());
            return Err(Failure::argument(why));
        }
        self.config.subnets.push(Subnet::new(id, prefix));
        self.add(Place::Subnet(self.config.subnets.len() - 1))
    }

    pub(super) fn set_shared_network(&mut self, subnet: u32, name: &str) -> Result<(), Failure> {
        self.subnet(subnet)?.1.shared_network = Some(name.to_owned()).filter(|name| !name.is_empty());
        Ok(())
    }

    pub(super) fn add_relay(&mut self, subnet: u32, relay: Ipv4Addr) -> Result<(), Failure> {
        self.subnet(subnet)?.1.relays.push(relay);
        Ok(())
    }

    pub(super) fn add_pool(&mut self, subnet: u32, first: Ipv4Addr, last: Ipv4Addr) -> Result<u32, Failure> {
        let (at, subnet) = self.subnet(subnet)?;
        subnet.pools.push(Pool::new(first, last));
        let pool = subnet.pools.len() - 1;
        self.add(Place::Pool(at, pool))
    }

    pub(super) fn add_excluded(
        &mut self,
        subnet: u32,
        first: Ipv4Addr,
        last: Ipv4Addr,
    ) -> Result<(), Failure> {
        self.subnet(subnet)?.1.excluded.push((first, last));
        Ok(())
    }

    pub(super) fn add_pool_class(&mut self, pool: u32, class: &str) -> Result<(), Failure> {
        self.pool(pool)?.classes.push(class.to_owned());
        Ok(())
    }

    pub(super) fn add_reservation(
        &mut self,
        subnet: u32,
        by: u32,
        client: &[u8],
        address: Ipv4Addr,
    ) -> Result<u32, Failure> {
        let client = match by {
            super::DDI_DHCP_BY_CLIENT_ID => ReservedFor::ClientId(client.to_vec()),
            super::DDI_DHCP_BY_HW_ADDR => ReservedFor::HwAddr(client.to_vec()),
            super::DDI_DHCP_BY_CIRCUIT_ID => ReservedFor::CircuitId(client.to_vec()),
            _ => return Err(Failure::argument(format!("clients are not known by {by}"))),
        };
        let (at, subnet) = self.subnet(subnet)?;
        subnet.reservations.push(Reservation::new(client, address));
        let reservation = subnet.reservations.len() - 1;
        self.add(Place::Reservation(at, reservation))
    }

    pub(super) fn set_hostname(&mut self, reservation: u32, hostname: &[u8]) -> Result<(), Failure> {
        self.reservation(reservation)?.hostname = hostname.to_vec();
        Ok(())
    }

    pub(super) fn add_class(&mut self, name: &str) -> Result<u32, Failure> {
        self.config.classes.push(Class { name: name.to_owned(), ..Class::default() });
        self.add(Place::Class(self.config.classes.len() - 1))
    }

    pub(super) fn add_class_test(&mut self, class: u32, test: u32, value: &[u8]) -> Result<(), Failure> {
        let value = value.to_vec();
        let test = match test {
            super::DDI_DHCP_IF_VENDOR_CLASS => ClassTest::VendorClass(value),
            super::DDI_DHCP_IF_VENDOR_CLASS_PREFIX => ClassTest::VendorClassPrefix(value),
            super::DDI_DHCP_IF_USER_CLASS => ClassTest::UserClass(value),
            super::DDI_DHCP_IF_HW_ADDR_PREFIX => ClassTest::HwAddrPrefix(value),
            super::DDI_DHCP_IF_CIRCUIT_ID => ClassTest::CircuitId(value),
            super::DDI_DHCP_IF_REMOTE_ID => ClassTest::RemoteId(value),
            super::DDI_DHCP_IF_ENTERPRISE_CLASS => {
                let (enterprise, class) = enterprise(&value)?;
                ClassTest::EnterpriseClass { enterprise, class: class.to_vec() }
            }
            super::DDI_DHCP_IF_ENTERPRISE_OPTIONS => match enterprise(&value)? {
                (enterprise, []) => ClassTest::EnterpriseOptions { enterprise },
                _ => return Err(Failure::argument("an enterprise number has four bytes")),
            },
            _ => return Err(Failure::argument(format!("there is no test {test}"))),
        };
        self.class(class)?.any_of.push(test);
        Ok(())
    }

    pub(super) fn put_option(
        &mut self,
        place: u32,
        code: u32,
        always: u32,
        value: &[u8],
    ) -> Result<(), Failure> {
        let (code, always) = (small(code.into())?, flag(always.into())?);
        let params = self.params(place)?;
        params.options.put(code, value);
        if always {
            params.always.insert(code);
        } else {
            params.always.remove(code);
        }
        Ok(())
    }

    /// `items` as a configuration has them, with commas between them.
    pub(super) fn put_option_text(&mut self, place: u32, name: &str, items: &str) -> Result<(), Failure> {
        let (info, value) = option_from_text(name, items)?;
        let mut bytes = Vec::new();
        value.emit(&mut bytes);
        self.params(place)?.options.put(info.code, &bytes);
        Ok(())
    }

    pub(super) fn set_boot(
        &mut self,
        place: u32,
        next_server: Ipv4Addr,
        server_name: &[u8],
        boot_file: &[u8],
    ) -> Result<(), Failure> {
        let params = self.params(place)?;
        params.next_server = Some(next_server).filter(|address| !address.is_unspecified());
        params.server_name = server_name.to_vec();
        params.boot_file = boot_file.to_vec();
        Ok(())
    }
}

fn wrong(number: u32, wanted: &str) -> Failure {
    Failure::argument(format!("place {number} is not {wanted}"))
}

fn small<T: TryFrom<u64>>(value: u64) -> Result<T, Failure> {
    T::try_from(value).map_err(|_| Failure::argument(format!("{value} is too large")))
}

/// A vendor's number, and what stands behind it.
fn enterprise(value: &[u8]) -> Result<(u32, &[u8]), Failure> {
    let (number, rest) =
        value.split_first_chunk().ok_or_else(|| Failure::argument("an enterprise number has four bytes"))?;
    Ok((u32::from_be_bytes(*number), rest))
}

fn flag(value: u64) -> Result<bool, Failure> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Failure::argument(format!("{value} is no flag: 0 or 1"))),
    }
}

fn rate(value: u64) -> Result<Option<Rate>, Failure> {
    let per_second: u32 = small(value)?;
    Ok(Some(Rate { per_second, burst: per_second.saturating_mul(2) }).filter(|rate| rate.per_second != 0))
}
