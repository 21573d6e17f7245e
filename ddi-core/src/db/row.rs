//! A lease packed into bytes: the same body in memory, in the log and in a snapshot file. DESIGN.md
//! section "Rows" is its picture. Writing is [`emit`]; reading is [`View`], total on any bytes.

use crate::id::{HwAddr, LeaseAddr, LeaseKey, Lsn};
use crate::lease::{BindingState, DdnsFacts, Lease, Origin, PotentialExpiration};
use crate::store::StoreError;
use crate::time::UnixTime;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest `client_id`, in bytes: one option's.
pub const CLIENT_ID_MAX: usize = 255;
/// The longest `duid`, in bytes (RFC 8415 section 11.1).
pub const DUID_MAX: usize = 130;
/// The longest `hostname`, in bytes.
pub const HOSTNAME_MAX: usize = 255;
/// The longest `ddns.fqdn`, in bytes.
pub const FQDN_MAX: usize = 255;
/// The longest `relay_agent_info`, in bytes: several options of 255 joined (RFC 3396).
pub const RELAY_AGENT_INFO_MAX: usize = 2048;
/// The longest `user`, in bytes.
pub const USER_MAX: usize = 8192;

/// Bits of the first byte: what is leased (two bits), and flags.
mod flag {
    pub(super) const KIND: u8 = 0b11;
    pub(super) const KIND_V4: u8 = 0;
    pub(super) const KIND_V6: u8 = 1;
    pub(super) const KIND_PREFIX: u8 = 2;
    pub(super) const RESERVED: u8 = 1 << 2;
    pub(super) const BOOTP: u8 = 1 << 3;
    pub(super) const DDNS_FORWARD: u8 = 1 << 4;
    pub(super) const DDNS_REVERSE: u8 = 1 << 5;
    pub(super) const DDNS_BY_CLIENT: u8 = 1 << 6;
}

/// Bits of bytes 2 and 3: which optional fields follow, in this order.
mod has {
    pub(super) const SPACE: u16 = 1;
    pub(super) const SUBNET: u16 = 1 << 1;
    pub(super) const PARTNER: u16 = 1 << 2;
    pub(super) const PREFERRED: u16 = 1 << 3;
    pub(super) const POTENTIAL: u16 = 1 << 4;
    pub(super) const HW_ADDR: u16 = 1 << 5;
    /// The hardware address is Ethernet's: type 1 and 6 bytes, neither stored.
    pub(super) const ETHERNET: u16 = 1 << 6;
    /// The client_id is the hardware type's byte and the hardware address: stored once.
    pub(super) const JOINT: u16 = 1 << 7;
    pub(super) const CLIENT_ID: u16 = 1 << 8;
    pub(super) const DUID: u16 = 1 << 9;
    pub(super) const HOSTNAME: u16 = 1 << 10;
    pub(super) const FQDN: u16 = 1 << 11;
    pub(super) const RELAY: u16 = 1 << 12;
    pub(super) const USER: u16 = 1 << 13;
    /// Times take 8 bytes instead of 4.
    pub(super) const WIDE_TIMES: u16 = 1 << 14;
    pub(super) const UNKNOWN: u16 = 1 << 15;
}

const ETHERNET_TYPE: u16 = 1;
const ETHERNET_LEN: usize = 6;

/// Refuses a lease with a field that is too long, or a prefix with host bits.
pub(crate) fn check(lease: &Lease) -> Result<(), StoreError> {
    let key = lease.key;
    let fields = [
        ("client_id", lease.client_id.len(), CLIENT_ID_MAX),
        ("duid", lease.duid.len(), DUID_MAX),
        ("hostname", lease.hostname.len(), HOSTNAME_MAX),
        ("ddns.fqdn", lease.ddns.fqdn.len(), FQDN_MAX),
        ("relay_agent_info", lease.relay_agent_info.len(), RELAY_AGENT_INFO_MAX),
        ("user", lease.user.len(), USER_MAX),
    ];
    match fields.into_iter().find(|(_, len, max)| len > max) {
        Some((field, len, max)) => Err(StoreError::TooLong { key, field, len, max }),
        None if !is_valid_key(key) => Err(StoreError::NotAPrefix { key }),
        None => Ok(()),
    }
}

fn is_valid_key(key: LeaseKey) -> bool {
    match key.addr {
        LeaseAddr::Prefix(addr, len) => {
            let host_mask = u128::MAX.checked_shr(u32::from(len)).unwrap_or(0);
            len <= 128 && addr.to_bits() & host_mask == 0
        }
        _ => true,
    }
}

/// Appends the body of `lease` (all but its version) to `out`.
pub(crate) fn emit(lease: &Lease, out: &mut Vec<u8>) {
    let present = present(lease);
    let rewind = lease.rewind_state.map_or(0, BindingState::number);
    out.push(flags(lease));
    out.push(lease.state.number() | rewind << 4);
    out.extend_from_slice(&present.to_le_bytes());
    let wide = present & has::WIDE_TIMES != 0;
    for time in [lease.start_time_of_state, lease.client_last_transaction_time, lease.expiration_time] {
        emit_time(time, wide, out);
    }
    emit_addr(lease.key.addr, out);
    for (bit, number) in [
        (has::SPACE, lease.key.space),
        (has::SUBNET, lease.subnet_id),
        (has::PARTNER, partner(lease.origin).into()),
    ] {
        if present & bit != 0 {
            emit_varint(number, out);
        }
    }
    if present & has::PREFERRED != 0 {
        emit_time(lease.preferred_time, wide, out);
    }
    if present & has::POTENTIAL != 0 {
        let PotentialExpiration { sent, acked, received } = lease.potential_expiration_time;
        [sent, acked, received].into_iter().for_each(|time| emit_time(time, wide, out));
    }
    emit_identity(lease, present, out);
    for (bit, bytes) in [
        (has::HOSTNAME, &lease.hostname),
        (has::FQDN, &lease.ddns.fqdn),
        (has::RELAY, &lease.relay_agent_info),
        (has::USER, &lease.user),
    ] {
        if present & bit != 0 {
            emit_bytes(bytes, out);
        }
    }
}

/// Appends a key alone, as a remove is logged: kind, space, address.
pub(crate) fn emit_key(key: LeaseKey, out: &mut Vec<u8>) {
    out.push(kind(key.addr));
    emit_varint(key.space, out);
    emit_addr(key.addr, out);
}

/// Reads what [`emit_key`] wrote; `None` unless it is exactly that.
pub(crate) fn parse_key(bytes: &[u8]) -> Option<LeaseKey> {
    let mut rest = Reader(bytes);
    let kind = rest.byte()?;
    let space = rest.varint()?;
    let addr = rest.addr(kind)?;
    let key = LeaseKey { space, addr };
    (rest.0.is_empty() && is_valid_key(key)).then_some(key)
}

/// The IPv4 address, or the first four bytes of the IPv6 one, of a body that may be malformed.
pub(crate) fn addr_hint(body: &[u8]) -> u32 {
    let wide = body.get(3).is_some_and(|high| u16::from(*high) << 8 & has::WIDE_TIMES != 0);
    let addr = body.get(if wide { 28 } else { 16 }..).and_then(|addr| addr.first_chunk());
    addr.map_or(0, |addr| u32::from_be_bytes(*addr))
}

/// The same of a key.
pub(crate) fn key_hint(key: LeaseKey) -> u32 {
    match key.addr {
        LeaseAddr::V4(addr) => addr.to_bits(),
        LeaseAddr::V6(addr) | LeaseAddr::Prefix(addr, _) => (addr.to_bits() >> 96) as u32,
    }
}

fn flags(lease: &Lease) -> u8 {
    let set = [
        (flag::RESERVED, lease.reserved),
        (flag::BOOTP, lease.bootp),
        (flag::DDNS_FORWARD, lease.ddns.forward),
        (flag::DDNS_REVERSE, lease.ddns.reverse),
        (flag::DDNS_BY_CLIENT, lease.ddns.by_client),
    ];
    set.into_iter().filter(|(_, on)| *on).fold(kind(lease.key.addr), |all, (bit, _)| all | bit)
}

fn kind(addr: LeaseAddr) -> u8 {
    match addr {
        LeaseAddr::V4(_) => flag::KIND_V4,
        LeaseAddr::V6(_) => flag::KIND_V6,
        LeaseAddr::Prefix(..) => flag::KIND_PREFIX,
    }
}

fn present(lease: &Lease) -> u16 {
    let hw_addr = &lease.hw_addr;
    let has_hw = !hw_addr.is_empty() || hw_addr.htype() != 0;
    let is_ethernet = hw_addr.htype() == ETHERNET_TYPE && hw_addr.bytes().len() == ETHERNET_LEN;
    let is_joint = !hw_addr.is_empty()
        && lease
            .client_id
            .split_first()
            .is_some_and(|(htype, rest)| u16::from(*htype) == hw_addr.htype() && rest == hw_addr.bytes());
    let set = [
        (has::SPACE, lease.key.space != 0),
        (has::SUBNET, lease.subnet_id != 0),
        (has::PARTNER, lease.origin != Origin::Local),
        (has::PREFERRED, lease.preferred_time != UnixTime::UNSET),
        (has::POTENTIAL, lease.potential_expiration_time != PotentialExpiration::default()),
        (has::HW_ADDR, has_hw),
        (has::ETHERNET, is_ethernet),
        (has::JOINT, is_joint),
        (has::CLIENT_ID, !is_joint && !lease.client_id.is_empty()),
        (has::DUID, !lease.duid.is_empty() || lease.iaid != 0),
        (has::HOSTNAME, !lease.hostname.is_empty()),
        (has::FQDN, !lease.ddns.fqdn.is_empty()),
        (has::RELAY, !lease.relay_agent_info.is_empty()),
        (has::USER, !lease.user.is_empty()),
        (has::WIDE_TIMES, !times_fit(lease)),
    ];
    set.into_iter().filter(|(_, on)| *on).fold(0, |all, (bit, _)| all | bit)
}

fn times_fit(lease: &Lease) -> bool {
    let PotentialExpiration { sent, acked, received } = lease.potential_expiration_time;
    [
        lease.start_time_of_state,
        lease.client_last_transaction_time,
        lease.expiration_time,
        lease.preferred_time,
        sent,
        acked,
        received,
    ]
    .into_iter()
    .all(|time| time == UnixTime::NEVER || time.0 < u64::from(u32::MAX))
}

fn emit_time(time: UnixTime, wide: bool, out: &mut Vec<u8>) {
    if wide {
        out.extend_from_slice(&time.0.to_le_bytes());
    } else {
        let narrow = u32::try_from(time.0).unwrap_or(u32::MAX); // NEVER is all ones in both
        out.extend_from_slice(&narrow.to_le_bytes());
    }
}

fn emit_addr(addr: LeaseAddr, out: &mut Vec<u8>) {
    match addr {
        LeaseAddr::V4(addr) => out.extend_from_slice(&addr.octets()),
        LeaseAddr::V6(addr) => out.extend_from_slice(&addr.octets()),
        LeaseAddr::Prefix(addr, len) => {
            out.extend_from_slice(&addr.octets());
            out.push(len);
        }
    }
}

fn emit_identity(lease: &Lease, present: u16, out: &mut Vec<u8>) {
    let hw_addr = &lease.hw_addr;
    if present & has::HW_ADDR != 0 {
        if present & has::ETHERNET == 0 {
            out.extend_from_slice(&hw_addr.htype().to_le_bytes());
            out.push(hw_addr.bytes().len() as u8);
        }
        if present & has::JOINT != 0 {
            out.push(hw_addr.htype() as u8);
        }
        out.extend_from_slice(hw_addr.bytes());
    }
    if present & has::CLIENT_ID != 0 {
        emit_bytes(&lease.client_id, out);
    }
    if present & has::DUID != 0 {
        out.extend_from_slice(&lease.iaid.to_le_bytes());
        emit_bytes(&lease.duid, out);
    }
}

fn emit_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    emit_varint(bytes.len() as u32, out);
    out.extend_from_slice(bytes);
}

fn emit_varint(mut number: u32, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn partner(origin: Origin) -> u16 {
    match origin {
        Origin::Local => 0,
        Origin::Partner(number) => number,
    }
}

/// A packed lease, taken apart without copying.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    flags: u8,
    present: u16,
    pub(crate) key: LeaseKey,
    pub(crate) state: BindingState,
    rewind_state: Option<BindingState>,
    pub(crate) start_time_of_state: UnixTime,
    client_last_transaction_time: UnixTime,
    pub(crate) expiration_time: UnixTime,
    preferred_time: UnixTime,
    potential: PotentialExpiration,
    pub(crate) subnet_id: u32,
    partner: u16,
    pub(crate) htype: u16,
    pub(crate) hw_addr: &'a [u8],
    pub(crate) client_id: &'a [u8],
    pub(crate) iaid: u32,
    pub(crate) duid: &'a [u8],
    pub(crate) hostname: &'a [u8],
    fqdn: &'a [u8],
    pub(crate) relay_agent_info: &'a [u8],
    user: &'a [u8],
}

impl<'a> View<'a> {
    /// `None` unless `body` is exactly one well-formed body.
    pub(crate) fn parse(body: &'a [u8]) -> Option<Self> {
        let mut rest = Reader(body);
        let flags = rest.byte()?;
        let states = rest.byte()?;
        let present = u16::from_le_bytes(rest.array()?);
        let wide = present & has::WIDE_TIMES != 0;
        let rewind_state = match states >> 4 {
            0 => None,
            number => Some(BindingState::from_number(number)?),
        };
        let [start_time_of_state, client_last_transaction_time, expiration_time] = rest.times(wide)?;
        let addr = rest.addr(flags & flag::KIND)?;
        let mut view = Self {
            flags,
            present,
            key: LeaseKey { space: rest.varint_if(present & has::SPACE)?, addr },
            state: BindingState::from_number(states & 0xf)?,
            rewind_state,
            start_time_of_state,
            client_last_transaction_time,
            expiration_time,
            preferred_time: UnixTime::UNSET,
            potential: PotentialExpiration::default(),
            subnet_id: rest.varint_if(present & has::SUBNET)?,
            partner: u16::try_from(rest.varint_if(present & has::PARTNER)?).ok()?,
            htype: 0,
            hw_addr: &[],
            client_id: &[],
            iaid: 0,
            duid: &[],
            hostname: &[],
            fqdn: &[],
            relay_agent_info: &[],
            user: &[],
        };
        view.parse_rest(rest)?;
        Some(view)
    }

    /// The binding state alone, of a well-formed body.
    pub(crate) fn state_of(body: &[u8]) -> Option<BindingState> {
        body.get(1).and_then(|states| BindingState::from_number(states & 0xf))
    }

    fn parse_rest(&mut self, mut rest: Reader<'a>) -> Option<()> {
        let present = self.present;
        let wide = present & has::WIDE_TIMES != 0;
        if present & has::PREFERRED != 0 {
            [self.preferred_time] = rest.times(wide)?;
        }
        if present & has::POTENTIAL != 0 {
            let [sent, acked, received] = rest.times(wide)?;
            self.potential = PotentialExpiration { sent, acked, received };
        }
        self.parse_hw_addr(&mut rest)?;
        if present & has::CLIENT_ID != 0 {
            self.client_id = rest.bytes(CLIENT_ID_MAX)?;
        }
        if present & has::DUID != 0 {
            self.iaid = u32::from_le_bytes(rest.array()?);
            self.duid = rest.bytes(DUID_MAX)?;
        }
        self.hostname = rest.bytes_if(present & has::HOSTNAME, HOSTNAME_MAX)?;
        self.fqdn = rest.bytes_if(present & has::FQDN, FQDN_MAX)?;
        self.relay_agent_info = rest.bytes_if(present & has::RELAY, RELAY_AGENT_INFO_MAX)?;
        self.user = rest.bytes_if(present & has::USER, USER_MAX)?;
        (rest.0.is_empty() && present & has::UNKNOWN == 0 && is_valid_key(self.key)).then_some(())
    }

    fn parse_hw_addr(&mut self, rest: &mut Reader<'a>) -> Option<()> {
        if self.present & has::HW_ADDR == 0 {
            return Some(());
        }
        let mut len = ETHERNET_LEN;
        self.htype = ETHERNET_TYPE;
        if self.present & has::ETHERNET == 0 {
            self.htype = u16::from_le_bytes(rest.array()?);
            len = usize::from(rest.byte()?);
        }
        if len > HwAddr::MAX_LEN {
            return None;
        }
        if self.present & has::JOINT != 0 {
            self.client_id = rest.take(1 + len)?;
            self.hw_addr = self.client_id.get(1..)?;
        } else {
            self.hw_addr = rest.take(len)?;
        }
        Some(())
    }

    /// Writes it all into `lease`, keeping the capacity of its byte fields.
    pub(crate) fn fill(&self, version: Lsn, lease: &mut Lease) {
        let is = |bit| self.flags & bit != 0;
        lease.key = self.key;
        lease.state = self.state;
        lease.rewind_state = self.rewind_state;
        lease.hw_addr = HwAddr::new(self.htype, self.hw_addr).unwrap_or(HwAddr::EMPTY);
        lease.iaid = self.iaid;
        lease.start_time_of_state = self.start_time_of_state;
        lease.client_last_transaction_time = self.client_last_transaction_time;
        lease.expiration_time = self.expiration_time;
        lease.preferred_time = self.preferred_time;
        lease.potential_expiration_time = self.potential;
        lease.subnet_id = self.subnet_id;
        let DdnsFacts { forward, reverse, by_client, fqdn } = &mut lease.ddns;
        (*forward, *reverse, *by_client) =
            (is(flag::DDNS_FORWARD), is(flag::DDNS_REVERSE), is(flag::DDNS_BY_CLIENT));
        lease.reserved = is(flag::RESERVED);
        lease.bootp = is(flag::BOOTP);
        let has_partner = self.present & has::PARTNER != 0;
        lease.origin = if has_partner { Origin::Partner(self.partner) } else { Origin::Local };
        lease.version = version;
        for (field, bytes) in [
            (&mut lease.client_id, self.client_id),
            (&mut lease.duid, self.duid),
            (&mut lease.hostname, self.hostname),
            (fqdn, self.fqdn),
            (&mut lease.relay_agent_info, self.relay_agent_info),
            (&mut lease.user, self.user),
        ] {
            field.clear();
            field.extend_from_slice(bytes);
        }
    }
}

/// What is not yet read. `None` from any method: too short, or a number out of range.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn varint(&mut self) -> Option<u32> {
        let mut number = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            let bits = u32::from(byte & 0x7f);
            if shift == 28 && bits > 0xf {
                return None;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn varint_if(&mut self, bit: u16) -> Option<u32> {
        if bit == 0 { Some(0) } else { self.varint() }
    }

    fn bytes(&mut self, max: usize) -> Option<&'a [u8]> {
        let len = self.varint()? as usize;
        if len > max { None } else { self.take(len) }
    }

    fn bytes_if(&mut self, bit: u16, max: usize) -> Option<&'a [u8]> {
        if bit == 0 { Some(&[]) } else { self.bytes(max) }
    }

    fn times<const N: usize>(&mut self, wide: bool) -> Option<[UnixTime; N]> {
        let mut times = [UnixTime::UNSET; N];
        for time in &mut times {
            time.0 = if wide {
                u64::from_le_bytes(self.array()?)
            } else {
                match u32::from_le_bytes(self.array()?) {
                    u32::MAX => u64::MAX,
                    narrow => narrow.into(),
                }
            };
        }
        Some(times)
    }

    fn addr(&mut self, kind: u8) -> Option<LeaseAddr> {
        Some(match kind {
            flag::KIND_V4 => LeaseAddr::V4(Ipv4Addr::from(self.array::<4>()?)),
            flag::KIND_V6 => LeaseAddr::V6(Ipv6Addr::from(self.array::<16>()?)),
            flag::KIND_PREFIX => {
                let addr = Ipv6Addr::from(self.array::<16>()?);
                LeaseAddr::Prefix(addr, self.byte()?)
            }
            _ => return None,
        })
    }
}
