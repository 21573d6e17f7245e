//! Classless static routes (option 121, RFC 3442; Microsoft's 249 has the same form).

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::bytes::Reader;
use crate::error::ValueError;

/// A route: to a prefix by a router. Router 0.0.0.0 means that the prefix is on the link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route {
    /// Where to; its host bits are zero.
    pub destination: Ipv4Net,
    /// By which router.
    pub router: Ipv4Addr,
}

/// The routes of option 121. Nothing comes after an error.
#[derive(Clone, Debug)]
pub struct Routes<'a> {
    rest: Reader<'a>,
}

impl<'a> Routes<'a> {
    /// Over the joined value of the option.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: Reader::new(bytes) }
    }

    fn read(&mut self) -> Result<Route, ValueError> {
        let cut_off = ValueError::WrongLength { len: self.rest.rest().len(), wanted: "a route" };
        let bits = self.rest.u8().ok_or(cut_off)?;
        let too_long = ValueError::PrefixTooLong { bits };
        if bits > 32 {
            return Err(too_long);
        }
        let mut octets = [0; 4];
        let significant = self.rest.take(usize::from(bits.div_ceil(8))).ok_or(cut_off)?;
        for (octet, &given) in octets.iter_mut().zip(significant) {
            *octet = given;
        }
        let destination = Ipv4Net::new(octets.into(), bits).map_err(|_| too_long)?.trunc();
        let router = self.rest.ipv4().ok_or(cut_off)?;
        Ok(Route { destination, router })
    }
}

impl Iterator for Routes<'_> {
    type Item = Result<Route, ValueError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let route = self.read();
        if route.is_err() {
            self.rest = Reader::new(&[]);
        }
        Some(route)
    }
}

/// Writes routes: for each the prefix's bits, its significant bytes and the router.
pub fn emit_routes(routes: &[Route], out: &mut Vec<u8>) {
    for route in routes {
        let bits = route.destination.prefix_len();
        let octets = route.destination.network().octets();
        out.push(bits);
        out.extend(octets.iter().take(usize::from(bits.div_ceil(8))));
        out.extend_from_slice(&route.router.octets());
    }
}
