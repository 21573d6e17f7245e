//! What an export adds to a foreign row so that the lease reads back whole.
//!
//! A row is written in the foreign format's own terms first, and read back. Where that lease differs
//! from the real one, the real field is added in a place that the foreign server carries along:
//! Kea's user_context, dhcpd's lease variables. By then the foreign server may have given the address
//! to another client, or renewed it. So two stamps go with what is added, checksums over what the
//! plain row says: one over its client, one over client, state and times. On import a field counts
//! only if the stamp that it depends on still fits.

use super::error::ImportFault;
use super::states;
use crate::id::HwAddr;
use crate::lease::{BindingState, Lease, Origin};
use crate::time::UnixTime;

/// How long what was added stays true.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// As long as the row exists.
    Always,
    /// While the row names the same client.
    SameClient,
    /// While the row also has the same state and times.
    SameTransaction,
}

/// How a value's bytes look, for a format that has no binary strings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Printable ASCII.
    Text,
    /// Anything.
    Bytes,
}

/// One field of a lease, under its name in foreign files.
pub(super) struct Field {
    /// The name.
    pub(super) name: &'static str,
    /// How its value looks.
    pub(super) kind: Kind,
    holds: Holds,
    get: fn(&Lease) -> Vec<u8>,
    set: fn(&mut Lease, &[u8]) -> Option<()>,
}

/// A field's name and value.
pub(super) type Added = (String, Vec<u8>);

const CLIENT_STAMP: &str = "client";
const TRANSACTION_STAMP: &str = "transaction";

macro_rules! time_field {
    ($name:literal, $($path:ident).+) => {
        Field {
            name: $name,
            kind: Kind::Text,
            holds: Holds::SameTransaction,
            get: |l| emit_time(l.$($path).+),
            set: |l, v| parse_time(v).map(|time| l.$($path).+ = time),
        }
    };
}

macro_rules! bytes_field {
    ($name:literal, $($path:ident).+) => {
        Field {
            name: $name,
            kind: Kind::Bytes,
            holds: Holds::SameClient,
            get: |l| l.$($path).+.clone(),
            set: |l, v| {
                l.$($path).+ = v.to_vec();
                Some(())
            },
        }
    };
}

macro_rules! flag_field {
    ($name:literal, $($path:ident).+) => {
        Field {
            name: $name,
            kind: Kind::Text,
            holds: Holds::SameClient,
            get: |l| vec![b'0' + u8::from(l.$($path).+)],
            set: |l, v| parse_flag(v).map(|flag| l.$($path).+ = flag),
        }
    };
}

/// Every field of a lease but its key and its version.
static FIELDS: [Field; 23] = [
    Field {
        name: "state",
        kind: Kind::Text,
        holds: Holds::SameTransaction,
        get: |l| states::name(l.state).into(),
        set: |l, v| states::named(v).map(|state| l.state = state),
    },
    Field {
        name: "rewind-state",
        kind: Kind::Text,
        holds: Holds::SameTransaction,
        get: |l| l.rewind_state.map_or("none", states::name).into(),
        set: |l, v| parse_rewind(v).map(|state| l.rewind_state = state),
    },
    time_field!("start-of-state", start_time_of_state),
    time_field!("client-last-transaction", client_last_transaction_time),
    time_field!("expiration", expiration_time),
    time_field!("preferred", preferred_time),
    time_field!("potential-sent", potential_expiration_time.sent),
    time_field!("potential-acked", potential_expiration_time.acked),
    time_field!("potential-received", potential_expiration_time.received),
    Field {
        name: "hw-addr",
        kind: Kind::Bytes,
        holds: Holds::SameClient,
        get: |l| [&l.hw_addr.htype().to_be_bytes(), l.hw_addr.bytes()].concat(),
        set: |l, v| parse_hw_addr(v).map(|addr| l.hw_addr = addr),
    },
    bytes_field!("client-id", client_id),
    bytes_field!("duid", duid),
    Field {
        name: "iaid",
        kind: Kind::Text,
        holds: Holds::SameClient,
        get: |l| l.iaid.to_string().into(),
        set: |l, v| parse_number(v).map(|iaid| l.iaid = iaid),
    },
    Field {
        name: "subnet-id",
        kind: Kind::Text,
        holds: Holds::Always,
        get: |l| l.subnet_id.to_string().into(),
        set: |l, v| parse_number(v).map(|id| l.subnet_id = id),
    },
    bytes_field!("hostname", hostname),
    flag_field!("ddns-forward", ddns.forward),
    flag_field!("ddns-reverse", ddns.reverse),
    flag_field!("ddns-by-client", ddns.by_client),
    bytes_field!("fqdn", ddns.fqdn),
    bytes_field!("relay-agent-info", relay_agent_info),
    bytes_field!("user", user),
    Field {
        name: "flags",
        kind: Kind::Text,
        holds: Holds::SameClient,
        get: |l| vec![b'0' + u8::from(l.reserved) + 2 * u8::from(l.bootp)],
        set: set_flags,
    },
    Field {
        name: "origin",
        kind: Kind::Text,
        holds: Holds::SameTransaction,
        get: |l| match l.origin {
            Origin::Local => b"local".to_vec(),
            Origin::Partner(number) => number.to_string().into(),
        },
        set: |l, v| parse_origin(v).map(|origin| l.origin = origin),
    },
];

/// What must be added to a row that reads back as `plain` so that it reads back as `lease`. Empty if
/// they are equal but for the version.
pub(super) fn difference(plain: &Lease, lease: &Lease) -> Vec<Added> {
    let mut added = Vec::new();
    let mut needs = [false; 2];
    for field in &FIELDS {
        let value = (field.get)(lease);
        if (field.get)(plain) != value {
            needs[0] |= field.holds == Holds::SameClient;
            needs[1] |= field.holds == Holds::SameTransaction;
            added.push((field.name.to_owned(), value));
        }
    }
    if needs[0] {
        added.push((CLIENT_STAMP.to_owned(), client_stamp(plain)));
    }
    if needs[1] {
        added.push((TRANSACTION_STAMP.to_owned(), transaction_stamp(plain)));
    }
    added
}

/// The field's kind; the stamps are text. `None` if there is no such field.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    if name == CLIENT_STAMP || name == TRANSACTION_STAMP {
        return Some(Kind::Text);
    }
    FIELDS.iter().find(|f| f.name == name).map(|f| f.kind)
}

/// Puts what was added into the lease that the row gave, as far as it still holds.
pub(super) fn apply(lease: &mut Lease, added: &[Added]) -> Result<(), ImportFault> {
    let stamp = |name: &str| added.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_slice());
    let same_client = stamp(CLIENT_STAMP) == Some(client_stamp(lease).as_slice());
    let same_transaction = stamp(TRANSACTION_STAMP) == Some(transaction_stamp(lease).as_slice());
    for (name, value) in added {
        if name == CLIENT_STAMP || name == TRANSACTION_STAMP {
            continue;
        }
        let field = FIELDS.iter().find(|f| f.name == name);
        let field = field.ok_or_else(|| ImportFault::field("ddi", format!("no field is called {name:?}")))?;
        let holds = match field.holds {
            Holds::Always => true,
            Holds::SameClient => same_client,
            Holds::SameTransaction => same_transaction,
        };
        if holds && (field.set)(lease, value).is_none() {
            return Err(ImportFault::field(field.name, "not a value of this field"));
        }
    }
    Ok(())
}

fn client_stamp(plain: &Lease) -> Vec<u8> {
    format!("{:08x}", client_sum(plain)).into()
}

fn transaction_stamp(plain: &Lease) -> Vec<u8> {
    let mut sum = crc32c::crc32c_append(client_sum(plain), &[plain.state.number()]);
    for time in [plain.client_last_transaction_time, plain.expiration_time] {
        sum = crc32c::crc32c_append(sum, &time.0.to_be_bytes());
    }
    format!("{sum:08x}").into()
}

/// The lengths keep neighbouring fields apart.
fn client_sum(plain: &Lease) -> u32 {
    let mut sum = crc32c::crc32c(&plain.iaid.to_be_bytes());
    for bytes in [plain.hw_addr.bytes(), &plain.client_id, &plain.duid] {
        sum = crc32c::crc32c_append(sum, &(bytes.len() as u64).to_be_bytes());
        sum = crc32c::crc32c_append(sum, bytes);
    }
    sum
}

fn emit_time(time: UnixTime) -> Vec<u8> {
    if time == UnixTime::NEVER { b"never".to_vec() } else { time.0.to_string().into() }
}

fn parse_time(value: &[u8]) -> Option<UnixTime> {
    if value == b"never" { Some(UnixTime::NEVER) } else { parse_number(value).map(UnixTime) }
}

fn parse_rewind(value: &[u8]) -> Option<Option<BindingState>> {
    if value == b"none" { Some(None) } else { states::named(value).map(Some) }
}

fn parse_hw_addr(value: &[u8]) -> Option<HwAddr> {
    let (htype, bytes) = value.split_first_chunk()?;
    HwAddr::new(u16::from_be_bytes(*htype), bytes)
}

fn parse_origin(value: &[u8]) -> Option<Origin> {
    if value == b"local" { Some(Origin::Local) } else { parse_number(value).map(Origin::Partner) }
}

fn parse_flag(value: &[u8]) -> Option<bool> {
    match value {
        b"0" => Some(false),
        b"1" => Some(true),
        _ => None,
    }
}

fn set_flags(lease: &mut Lease, value: &[u8]) -> Option<()> {
    let bits = parse_number::<u8>(value).filter(|bits| *bits < 4)?;
    lease.reserved = bits & 1 != 0;
    lease.bootp = bits & 2 != 0;
    Some(())
}

/// A decimal number and nothing else.
pub(super) fn parse_number<N: std::str::FromStr>(text: &[u8]) -> Option<N> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}
