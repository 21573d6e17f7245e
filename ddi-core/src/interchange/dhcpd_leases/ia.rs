//! An `ia-na`, `ia-ta` or `ia-pd` stanza (DHCPv6): the addresses or prefixes of one identity
//! association.

use super::lease::{Extras, on_common};
use super::statement::{self, Statement};
use super::token::Token;
use crate::id::{LeaseAddr, LeaseKey};
use crate::interchange::error::ImportFault;
use crate::interchange::kept;
use crate::lease::Lease;
use crate::time::UnixTime;

/// The byte order in which a dhcpd wrote its IAIDs: that of its machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum ByteOrder {
    /// Also where the file does not say, as before 4.4.
    #[default]
    Little,
    Big,
}

/// The length of an IAID, which stands before the DUID.
pub(super) const IAID_LEN: usize = 4;

/// A preferred-life or max-life that never ends.
pub(super) const INFINITE: u32 = u32::MAX;

/// What all leases of the stanza share.
struct Association {
    space: u32,
    is_temporary: bool,
    duid: Vec<u8>,
    iaid: u32,
    heard: UnixTime,
}

/// Reads the stanza; one result for each address or prefix in it.
pub(super) fn parse(
    space: u32,
    order: ByteOrder,
    stanza: &Statement<'_>,
) -> Result<Vec<Result<Lease, ImportFault>>, ImportFault> {
    let (first, id) = stanza.head.split_first().ok_or(ImportFault::Unfinished)?;
    let id = statement::bytes("identity association", id)?;
    let Some((iaid, duid)) = id.split_first_chunk::<IAID_LEN>() else {
        return Err(ImportFault::field("identity association", "too short for an IAID and a DUID"));
    };
    let iaid = match order {
        ByteOrder::Little => u32::from_le_bytes(*iaid),
        ByteOrder::Big => u32::from_be_bytes(*iaid),
    };
    let mut association = Association {
        space,
        is_temporary: first.is("ia-ta"),
        duid: duid.to_vec(),
        iaid,
        heard: UnixTime::UNSET,
    };
    let mut block =
        stanza.block.ok_or_else(|| ImportFault::Syntax("an association without a block".into()))?;
    let mut addresses = Vec::new();
    while let Some(statement) = statement::next(&mut block)? {
        if let Some(value) = statement.after(&["cltt"]) {
            association.heard = statement::time("cltt", value)?;
        } else if statement.after(&["iaaddr"]).is_some() || statement.after(&["iaprefix"]).is_some() {
            addresses.push(statement);
        } else {
            return Err(ImportFault::Syntax("neither `cltt` nor iaaddr nor iaprefix".into()));
        }
    }
    Ok(addresses.iter().map(|statement| association.address(statement)).collect())
}

impl Association {
    fn address(&self, statement: &Statement<'_>) -> Result<Lease, ImportFault> {
        let addr = addr(statement)?;
        let mut lease = Lease::new(LeaseKey { space: self.space, addr });
        let mut extras = Extras::new();
        lease.duid.clone_from(&self.duid);
        lease.iaid = self.iaid;
        lease.client_last_transaction_time = self.heard;
        lease.start_time_of_state = self.heard;
        if self.is_temporary {
            extras.kept.add(kept::IA_TYPE, b"ta");
        }
        let mut block =
            statement.block.ok_or_else(|| ImportFault::Syntax("an address without a block".into()))?;
        let (mut has_state, mut preferred, mut valid) = (false, 0, None::<u32>);
        while let Some(statement) = statement::next(&mut block)? {
            if let Some(value) = statement.after(&["binding", "state"]) {
                lease.state = statement::state("binding state", value)?;
                has_state = true;
            } else if let Some(value) = statement.after(&["preferred-life"]) {
                preferred = statement::number("preferred-life", value)?;
            } else if let Some(value) = statement.after(&["max-life"]) {
                valid = Some(statement::number("max-life", value)?);
            } else if let Some(value) = statement.after(&["ends"]) {
                lease.expiration_time = statement::time("ends", value)?;
            } else {
                on_common(&mut lease, &mut extras, &statement);
            }
        }
        if !has_state {
            return Err(ImportFault::field("binding state", "missing"));
        }
        if let Some(valid) = valid.filter(|valid| *valid != usual_valid(&lease)) {
            extras.kept.add(kept::DHCPD_MAX_LIFE, valid.to_string().as_bytes());
        }
        lease.preferred_time = preferred_time(&lease, preferred, valid.unwrap_or(0));
        extras.finish(&mut lease)?;
        Ok(lease)
    }
}

fn addr(statement: &Statement<'_>) -> Result<LeaseAddr, ImportFault> {
    let [first, Token::Word(word)] = statement.head else {
        return Err(ImportFault::field("iaaddr", "not an address or prefix"));
    };
    let text = std::str::from_utf8(word).unwrap_or_default();
    if first.is("iaaddr") {
        let addr = text.parse().map_err(|_| ImportFault::field("iaaddr", "not an IPv6 address"))?;
        return Ok(LeaseAddr::V6(addr));
    }
    let parts = text.split_once('/').and_then(|(addr, len)| Some((addr.parse().ok()?, len.parse().ok()?)));
    let (addr, len) = parts.ok_or_else(|| ImportFault::field("iaprefix", "not an IPv6 prefix"))?;
    crate::interchange::prefix(addr, len)
}

/// The valid lifetime if it was counted from the client's last transaction, as it is but for leases that
/// dhcpd extended or shortened on its own.
pub(super) fn usual_valid(lease: &Lease) -> u32 {
    let heard = lease.client_last_transaction_time;
    match lease.expiration_time {
        UnixTime::NEVER => INFINITE,
        end => u32::try_from(end.secs_since(heard)).unwrap_or(INFINITE).min(INFINITE - 1),
    }
}

/// When the lifetimes began.
pub(super) fn life_start(lease: &Lease, valid: u32) -> UnixTime {
    let start = lease.expiration_time.0.checked_sub(u64::from(valid));
    match (lease.expiration_time, start) {
        (UnixTime::NEVER, _) | (_, None) => lease.client_last_transaction_time,
        (_, Some(start)) => UnixTime(start),
    }
}

fn preferred_time(lease: &Lease, preferred: u32, valid: u32) -> UnixTime {
    match preferred {
        0 => UnixTime::UNSET,
        INFINITE => UnixTime::NEVER,
        _ => life_start(lease, valid).plus_secs(u64::from(preferred)),
    }
}
