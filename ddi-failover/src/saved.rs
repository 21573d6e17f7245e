//! What an endpoint must know again after a restart (draft sections 9.2, 9.3.2 and 9.13), as bytes.
//!
//! Format, big-endian; 48 bytes, the relationship's name, a checksum:
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 4 | `ddiF` |
//! | 4 | 1 | version of this format, 1 |
//! | 5 | 1 | role: 1 primary, 2 secondary |
//! | 6 | 1 | state, numbered as on the wire |
//! | 7 | 1 | state to resume |
//! | 8 | 1 | partner's state, 0 if never heard |
//! | 9 | 1 | flags: 1 full update owed, 2 full update due to the partner, 4 the partner took over |
//! | 10 | 2 | length of the name |
//! | 12 | 8 | since |
//! | 20 | 8 | partner since |
//! | 28 | 8 | last operation |
//! | 36 | 8 | forgotten until |
//! | 44 | 4 | MCLT in seconds |
//! | 48 | n | name |
//! | 48 + n | 4 | CRC-32C of all before |
//!
//! Replacing the bytes must be atomic and durable (a temporary file, sync, rename, sync of the folder)
//! before the endpoint goes on.

use ddi_core::UnixTime;
use thiserror::Error;

use crate::state::{Role, State};
use crate::wire::v4::{server_state, server_state_number};

const MAGIC: [u8; 4] = *b"ddiF";
const VERSION: u8 = 1;
const HEADER_LEN: usize = 48;
const OWED: u8 = 1;
const DUE: u8 = 2;
const TOOK_OVER: u8 = 4;

/// The state of an endpoint that survives a restart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_structs, reason = "all of it is the format")]
pub struct Saved {
    /// Which server this is in the relationship.
    pub role: Role,
    /// The state.
    pub state: State,
    /// In STARTUP, PAUSED and SHUTDOWN: the state to go on from. Otherwise as `state`.
    pub resume: State,
    /// `start_time_of_state`.
    pub since: UnixTime,
    /// What the partner said last.
    pub partner: Option<State>,
    /// The partner's `start_time_of_state`.
    pub partner_since: UnixTime,
    /// When this server was last known to serve, or could have.
    pub last_operation: UnixTime,
    /// The maximum client lead time; the secondary learned it from the primary. 0 if not known yet.
    pub mclt_seconds: u32,
    /// The leases of this server are lost until an UPDREQALL has been answered in full.
    pub full_update_owed: bool,
    /// The partner lost its leases: acknowledgements from before mean nothing, and an UPDREQ has to be
    /// answered like an UPDREQALL (section 7.4.2).
    pub full_update_due: bool,
    /// The partner was in PARTNER-DOWN, or went there when this server said SHUTDOWN, and may have given this server's
    /// addresses away; since it left that, it has not told of all its leases.
    pub partner_took_over: bool,
    /// See [`Standing::forgotten_until`](crate::serve::Standing::forgotten_until).
    pub forgotten_until: UnixTime,
}

impl Saved {
    /// What a server has that finds nothing saved: it has not met its partner, or has lost its leases
    /// and can't know better.
    #[must_use]
    pub const fn nothing(role: Role, now: UnixTime) -> Self {
        Self {
            role,
            state: State::Recover,
            resume: State::Recover,
            since: now,
            partner: None,
            partner_since: UnixTime::UNSET,
            last_operation: UnixTime::UNSET,
            mclt_seconds: 0,
            full_update_owed: true,
            full_update_due: false,
            partner_took_over: false,
            forgotten_until: UnixTime::UNSET,
        }
    }

    /// Appends the bytes to `out`. At most the first 65,535 bytes of the name are kept.
    pub fn encode(&self, relationship_name: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        let name = relationship_name.get(..usize::from(u16::MAX)).unwrap_or(relationship_name);
        let flags =
            [(self.full_update_owed, OWED), (self.full_update_due, DUE), (self.partner_took_over, TOOK_OVER)];
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[
            VERSION,
            match self.role {
                Role::Primary => 1,
                Role::Secondary => 2,
            },
            server_state_number(self.state),
            server_state_number(self.resume),
            self.partner.map_or(0, server_state_number),
            flags.iter().filter(|(set, _)| *set).map(|(_, bit)| bit).sum(),
        ]);
        out.extend_from_slice(&(name.len() as u16).to_be_bytes());
        for time in [self.since, self.partner_since, self.last_operation, self.forgotten_until] {
            out.extend_from_slice(&time.0.to_be_bytes());
        }
        out.extend_from_slice(&self.mclt_seconds.to_be_bytes());
        out.extend_from_slice(name);
        let checksum = crc32c::crc32c(out.get(start..).unwrap_or_default());
        out.extend_from_slice(&checksum.to_be_bytes());
    }

    /// Reads what [`Saved::encode`] wrote.
    ///
    /// # Errors
    ///
    /// [`SavedError`]. An endpoint must not take an error for "nothing saved": that would make it ask
    /// its partner for all and serve nobody meanwhile, where an operator may have the file elsewhere.
    pub fn decode(bytes: &[u8], relationship_name: &[u8]) -> Result<Self, SavedError> {
        let (content, checksum) = bytes.split_last_chunk::<4>().ok_or(SavedError::Damaged)?;
        let (header, name) = content.split_first_chunk::<HEADER_LEN>().ok_or(SavedError::Damaged)?;
        if !header.starts_with(&MAGIC) || crc32c::crc32c(content) != u32::from_be_bytes(*checksum) {
            return Err(SavedError::Damaged);
        }
        let [_, _, _, _, version, role, state, resume, partner, flags, n0, n1, rest @ ..] = *header;
        if version != VERSION {
            return Err(SavedError::Version { version });
        }
        if usize::from(u16::from_be_bytes([n0, n1])) != name.len() {
            return Err(SavedError::Damaged);
        }
        if name != relationship_name {
            return Err(SavedError::OtherRelationship { name: String::from_utf8_lossy(name).into_owned() });
        }
        let mut times = rest
            .chunks_exact(8)
            .map(|time| UnixTime(time.first_chunk::<8>().map_or(0, |time| u64::from_be_bytes(*time))));
        let mut time = || times.next().unwrap_or_default();
        Ok(Self {
            role: match role {
                1 => Role::Primary,
                2 => Role::Secondary,
                _ => return Err(SavedError::Number { field: "role", number: role }),
            },
            state: number("state", state)?,
            resume: number("state to resume", resume)?,
            since: time(),
            partner: if partner == 0 { None } else { Some(number("partner's state", partner)?) },
            partner_since: time(),
            last_operation: time(),
            forgotten_until: time(),
            mclt_seconds: rest.last_chunk::<4>().map_or(0, |mclt| u32::from_be_bytes(*mclt)),
            full_update_owed: flags & OWED != 0,
            full_update_due: flags & DUE != 0,
            partner_took_over: flags & TOOK_OVER != 0,
        })
    }
}

/// A state by its number.
fn number(field: &'static str, number: u8) -> Result<State, SavedError> {
    match number {
        1 => Ok(State::Startup),
        _ => server_state(number).ok_or(SavedError::Number { field, number }),
    }
}

/// Why saved bytes can't be used.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum SavedError {
    /// Cut short, changed, or something else altogether.
    #[error("the saved failover state is damaged")]
    Damaged,
    /// A later version wrote it.
    #[error("the saved failover state has version {version}, this is version {VERSION}")]
    Version {
        /// Its version.
        version: u8,
    },
    /// It belongs to another relationship.
    #[error("the saved failover state belongs to relationship {name:?}")]
    OtherRelationship {
        /// Whose it is.
        name: String,
    },
    /// A number that means nothing, in bytes whose checksum is right.
    #[error("the saved failover state has {field} {number}, which does not exist")]
    Number {
        /// Which field.
        field: &'static str,
        /// What it says.
        number: u8,
    },
}
