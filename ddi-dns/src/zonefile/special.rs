//! The parts with a form of their own: type bit maps, address prefixes, places, gateways, host identities,
//! ports. Each reader stands beside its writer; a writer gives `None` where the bytes have no such form.

mod keys;
mod location;
mod prefixes;
mod types;

pub(super) use keys::{
    read_gateway, read_host_identity, read_services, write_gateway, write_host_identity, write_services,
};
pub(super) use location::{read_location, write_location};
pub(super) use prefixes::{read_prefixes, write_prefixes};
pub(super) use types::{read_old_types, read_types, write_old_types, write_types};
