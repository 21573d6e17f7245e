//! What two servers of ours say beyond the draft: several leases in one BNDUPD, and in vendor-specific-options
//! what a lease holds that the draft has no option for.
//!
//! Those are items of a number (1 byte), a length (2 bytes, big-endian) and data; an item that is absent is
//! empty. An item whose number has [`TOO_LONG`] added did not fit, and is left as the receiver has it; one with
//! an unknown number is skipped.
//!
//! | number | data |
//! |---|---|
//! | 1 | host name |
//! | 2 | DNS: 1 byte of flags (1 forward, 2 reverse, 4 by the client), then the full name |
//! | 3 | relay agent information |
//! | 4 | the application's bytes |

use ddi_core::Lease;

use crate::endpoint::flow::{Flight, Mark};
use crate::endpoint::transmit::{flight_of, potential, wire_of};
use crate::wire::v4::{BindingUpdate, HEADER_LEN, MAX_LEN, Writer, emit_options};

const HOSTNAME: u8 = 1;
const DDNS: u8 = 2;
const RELAY: u8 = 3;
const USER: u8 = 4;
const TOO_LONG: u8 = 0x80;

const FORWARD: u8 = 1;
const REVERSE: u8 = 2;
const BY_CLIENT: u8 = 4;

/// So that any lease fits a message, with all that the draft knows of it: 255 bytes of client_id among that.
const EXTRAS_LEN_MAX: usize = 1400;
const ROOM: usize = MAX_LEN - HEADER_LEN;

/// Leases for one message.
#[derive(Debug)]
pub(super) struct Batch {
    options: [u8; ROOM],
    len: usize,
    flights: Vec<(u32, Flight, Mark)>,
}

impl Default for Batch {
    fn default() -> Self {
        Self { options: [0; ROOM], len: 0, flights: Vec::new() }
    }
}

impl Batch {
    /// False if there is no room, or it is there already.
    pub(super) fn push(&mut self, addr: u32, lease: &Lease, mark: Mark) -> bool {
        if self.flights.iter().any(|(there, ..)| *there == addr) {
            return false;
        }
        let promised = potential(lease);
        let mut extras = [0; EXTRAS_LEN_MAX];
        let extras = extras_of(lease, &mut extras);
        let update = BindingUpdate {
            vendor_options: (!extras.is_empty()).then_some(extras),
            ..wire_of(lease, promised)
        };
        let room = self.options.get_mut(self.len..).unwrap_or_default();
        let Some(len) = emit_options(room, |w| update.write(w)) else { return false };
        self.len += len;
        self.flights.push((addr, flight_of(lease, 0, promised, mark), mark));
        true
    }

    pub(super) fn len(&self) -> usize {
        self.flights.len()
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.options(self.options.get(..self.len).unwrap_or_default());
    }

    pub(super) fn marks(&self) -> impl DoubleEndedIterator<Item = (u32, Mark)> + ExactSizeIterator + '_ {
        self.flights.iter().map(|(addr, _, mark)| (*addr, *mark))
    }

    pub(super) fn into_flights(self) -> impl Iterator<Item = (u32, Flight)> {
        self.flights.into_iter().map(|(addr, flight, _)| (addr, flight))
    }
}

/// Writes what the lease holds besides into `buffer`, and gives the part that was written.
fn extras_of<'b>(lease: &Lease, buffer: &'b mut [u8]) -> &'b [u8] {
    let ddns = &lease.ddns;
    let set = |is: bool, flag: u8| if is { flag } else { 0 };
    let flags = set(ddns.forward, FORWARD) | set(ddns.reverse, REVERSE) | set(ddns.by_client, BY_CLIENT);
    let has_ddns = flags != 0 || !ddns.fqdn.is_empty();
    let ddns_flags: &[u8] = if has_ddns { &[flags] } else { &[] };
    let mut len = 0;
    for (number, first, second) in [
        (HOSTNAME, &[][..], &lease.hostname),
        (DDNS, ddns_flags, &ddns.fqdn),
        (RELAY, &[], &lease.relay_agent_info),
        (USER, &[], &lease.user),
    ] {
        if first.is_empty() && second.is_empty() {
            continue;
        }
        // Room is left for the headers of those to come.
        let fits = len + 3 + first.len() + second.len() + 9 <= buffer.len();
        let size = if fits { (first.len() + second.len()) as u16 } else { 0 };
        let number = if fits { number } else { number | TOO_LONG };
        let [high, low] = size.to_be_bytes();
        let (first, second) = if fits { (first, &second[..]) } else { (&[][..], &[][..]) };
        for part in [&[number, high, low][..], first, second] {
            if let Some(place) = buffer.get_mut(len..len + part.len()) {
                place.copy_from_slice(part);
                len += part.len();
            }
        }
    }
    buffer.get(..len).unwrap_or_default()
}

/// Takes what the partner says besides into the lease. What can't be is left out.
pub(super) fn take(wire: &BindingUpdate<'_>, lease: &mut Lease) {
    let mut rest = wire.vendor_options.unwrap_or_default();
    let mut kept = [false; 5];
    while let Some((&[number, high, low], after)) = rest.split_first_chunk::<3>() {
        let Some((data, after)) = after.split_at_checked(usize::from(u16::from_be_bytes([high, low]))) else {
            break;
        };
        rest = after;
        if let Some(kept) = kept.get_mut(usize::from(number & !TOO_LONG)) {
            *kept = true;
        }
        match (number, data.split_first()) {
            (HOSTNAME, _) => overwrite(&mut lease.hostname, data, ddi_core::db::HOSTNAME_MAX),
            (DDNS, Some((flags, fqdn))) => {
                lease.ddns.forward = flags & FORWARD != 0;
                lease.ddns.reverse = flags & REVERSE != 0;
                lease.ddns.by_client = flags & BY_CLIENT != 0;
                overwrite(&mut lease.ddns.fqdn, fqdn, ddi_core::db::FQDN_MAX);
            }
            (RELAY, _) => {
                overwrite(&mut lease.relay_agent_info, data, ddi_core::db::RELAY_AGENT_INFO_MAX);
            }
            (USER, _) => overwrite(&mut lease.user, data, ddi_core::db::USER_MAX),
            _ => {}
        }
    }
    let [_, hostname, ddns, relay, user] = kept;
    if !hostname {
        lease.hostname.clear();
    }
    if !ddns {
        lease.ddns.fqdn.clear();
        (lease.ddns.forward, lease.ddns.reverse, lease.ddns.by_client) = (false, false, false);
    }
    if !relay {
        lease.relay_agent_info.clear();
    }
    if !user {
        lease.user.clear();
    }
}

fn overwrite(field: &mut Vec<u8>, data: &[u8], max: usize) {
    if data.len() <= max {
        field.clear();
        field.extend_from_slice(data);
    }
}
