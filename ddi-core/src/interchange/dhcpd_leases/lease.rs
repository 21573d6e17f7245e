//! A `lease` stanza (DHCPv4), and what it has in common with an address of an IA: variables, names
//! in DNS, statements that are kept as they are.

use super::names;
use super::statement::{self, Statement};
use super::token::Token;
use crate::id::{HwAddr, LeaseAddr, LeaseKey};
use crate::interchange::added::{self, Added, parse_number};
use crate::interchange::error::ImportFault;
use crate::interchange::kept::{self, Kept};
use crate::interchange::states;
use crate::lease::{BindingState, Lease};
use crate::time::UnixTime;
use std::collections::BTreeMap;

/// What is not a field of the lease, while its statements are being read.
pub(super) struct Extras {
    pub(super) kept: Kept,
    /// Pieces of what an export added, by name and number.
    pieces: BTreeMap<(String, u32), Vec<u8>>,
    ddns_fwd_name: Option<Vec<u8>>,
    ddns_client_fqdn: Option<Vec<u8>>,
}

impl Extras {
    pub(super) fn new() -> Self {
        Self { kept: Kept::default(), pieces: BTreeMap::new(), ddns_fwd_name: None, ddns_client_fqdn: None }
    }

    /// Keeps a statement as it is.
    pub(super) fn keep(&mut self, statement: &Statement<'_>) {
        self.kept.add(kept::DHCPD_STATEMENT, &statement.text());
    }

    /// `set NAME = VALUE;`, or the older `ddns-fwd-name VALUE;`.
    pub(super) fn on_variable(
        &mut self,
        lease: &mut Lease,
        name: &[u8],
        value: &[Token<'_>],
        whole: &Statement<'_>,
    ) {
        let Ok(bytes) = statement::bytes("set", value) else { return self.keep(whole) };
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let without_dot = || bytes.strip_suffix(b".").unwrap_or(&bytes).to_vec();
        if let Some(added_name) = name.strip_prefix("ddi-") {
            let (base, number) = split_number(added_name);
            self.pieces.insert((base.to_owned(), number), bytes);
        } else if name == "ddns-fwd-name" {
            self.ddns_fwd_name = Some(without_dot());
        } else if name == "ddns-client-fqdn" {
            self.ddns_client_fqdn = Some(without_dot());
        } else if name == "ddns-rev-name" {
            lease.ddns.reverse = true;
            let usual = names::reverse_name(lease.key.addr);
            if usual.is_none_or(|usual| usual.trim_end_matches('.').as_bytes() != without_dot()) {
                self.keep(whole);
            }
        } else {
            self.keep(whole);
        }
    }

    /// Puts everything into the lease.
    pub(super) fn finish(mut self, lease: &mut Lease) -> Result<(), ImportFault> {
        lease.ddns.forward = self.ddns_fwd_name.is_some();
        lease.ddns.by_client = self.ddns_client_fqdn.is_some();
        if let (Some(ours), Some(theirs)) = (&self.ddns_fwd_name, &self.ddns_client_fqdn)
            && ours != theirs
        {
            let mut text = b"set ddns-client-fqdn = ".to_vec();
            super::token::emit_text(theirs, &mut text);
            text.extend_from_slice(b" ;");
            self.kept.add(kept::DHCPD_STATEMENT, &text);
        }
        lease.ddns.fqdn = self.ddns_fwd_name.or(self.ddns_client_fqdn).unwrap_or_default();
        lease.user = self.kept.emit();
        let mut list: Vec<Added> = Vec::new();
        for ((name, _), piece) in self.pieces {
            match list.last_mut() {
                Some((last, value)) if *last == name => value.extend_from_slice(&piece),
                _ => list.push((name, piece)),
            }
        }
        added::apply(lease, &list)
    }
}

/// `user-3` is the third piece of `user`.
fn split_number(name: &str) -> (&str, u32) {
    let numbered = name.rsplit_once('-').and_then(|(base, number)| Some((base, number.parse().ok()?)));
    numbered.filter(|(base, _)| added::kind_of(base).is_some()).unwrap_or((name, 1))
}

/// Reads `lease ADDRESS { ... }`.
pub(super) fn parse(space: u32, stanza: &Statement<'_>) -> Result<Lease, ImportFault> {
    let addr = match stanza.head {
        [_, Token::Word(word)] => std::str::from_utf8(word).ok().and_then(|text| text.parse().ok()),
        _ => None,
    };
    let addr = addr.ok_or_else(|| ImportFault::field("lease", "not an IPv4 address"))?;
    let mut block = stanza.block.ok_or_else(|| ImportFault::Syntax("a lease without a block".into()))?;
    let mut reader = LeaseReader {
        lease: Lease::new(LeaseKey { space, addr: LeaseAddr::V4(addr) }),
        extras: Extras::new(),
        state: None,
        next_state: None,
    };
    while let Some(statement) = statement::next(&mut block)? {
        reader.on_statement(&statement)?;
    }
    reader.finish()
}

struct LeaseReader {
    lease: Lease,
    extras: Extras,
    state: Option<BindingState>,
    next_state: Option<BindingState>,
}

impl LeaseReader {
    fn on_statement(&mut self, statement: &Statement<'_>) -> Result<(), ImportFault> {
        if statement.block.is_none() && (self.on_time(statement)? || self.on_state(statement)?) {
            return Ok(());
        }
        let lease = &mut self.lease;
        if statement.block.is_some() {
            self.extras.keep(statement);
        } else if let Some(value) = statement.after(&["hardware"]) {
            lease.hw_addr = hardware(value)?;
        } else if let Some(value) = statement.after(&["uid"]) {
            lease.client_id = statement::bytes("uid", value)?;
        } else if let Some(value) = statement.after(&["client-hostname"]) {
            lease.hostname = match value {
                [Token::Text(text)] => text.clone(),
                [Token::Word(word)] => word.to_vec(),
                _ => return Err(ImportFault::field("client-hostname", "not a name")),
            };
        } else if let Some([Token::Word(name), Token::Sign(b'='), value @ ..]) = statement.after(&["set"]) {
            self.extras.on_variable(lease, name, value, statement);
        } else if let [Token::Word(name), value @ ..] = statement.head
            && (statement.after(&["ddns-fwd-name"]).is_some()
                || statement.after(&["ddns-rev-name"]).is_some())
        {
            self.extras.on_variable(lease, name, value, statement);
        } else if let Some([Token::Word(name), value @ ..]) = statement.after(&["option"]) {
            match names::sub_option(name, value) {
                Some((code, bytes)) => {
                    // At most 255 bytes, as names::sub_option made sure.
                    lease.relay_agent_info.extend([code, bytes.len() as u8]);
                    lease.relay_agent_info.extend_from_slice(&bytes);
                }
                None => self.extras.keep(statement),
            }
        } else {
            self.extras.keep(statement);
        }
        Ok(())
    }

    fn on_time(&mut self, statement: &Statement<'_>) -> Result<bool, ImportFault> {
        let lease = &mut self.lease;
        let potential = &mut lease.potential_expiration_time;
        let fields: [(&'static str, &mut UnixTime); 6] = [
            ("starts", &mut lease.start_time_of_state),
            ("ends", &mut lease.expiration_time),
            ("tstp", &mut potential.sent),
            ("tsfp", &mut potential.received),
            ("atsfp", &mut potential.acked),
            ("cltt", &mut lease.client_last_transaction_time),
        ];
        for (name, field) in fields {
            if let Some(value) = statement.after(&[name]) {
                *field = statement::time(name, value)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn on_state(&mut self, statement: &Statement<'_>) -> Result<bool, ImportFault> {
        if let Some(value) = statement.after(&["binding", "state"]) {
            self.state = Some(self.state_and_flags(value)?);
        } else if let Some(value) = statement.after(&["next", "binding", "state"]) {
            self.next_state = Some(self.state_and_flags(value)?);
        } else if let Some(value) = statement.after(&["rewind", "binding", "state"]) {
            self.lease.rewind_state = Some(self.state_and_flags(value)?);
        } else if statement.after(&["abandoned"]) == Some(&[]) {
            self.state = Some(BindingState::Abandoned);
        } else if statement.after(&["reserved"]) == Some(&[]) {
            self.lease.reserved = true;
        } else if statement.after(&["dynamic-bootp"]) == Some(&[]) || statement.after(&["bootp"]) == Some(&[])
        {
            self.lease.bootp = true;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Before 4.0 dhcpd had `reserved` and `bootp` among the states.
    fn state_and_flags(&mut self, value: &[Token<'_>]) -> Result<BindingState, ImportFault> {
        match value {
            [token] if token.is("reserved") => self.lease.reserved = true,
            [token] if token.is("bootp") => self.lease.bootp = true,
            _ => return statement::state("binding state", value),
        }
        Ok(BindingState::Active)
    }

    /// A stanza without a state is from dhcpd 2 or of a lease that never had one: with an end it is
    /// ACTIVE (if the end has passed, the database will see to that), else FREE. A dhcpd without a partner
    /// writes the end as `tstp` too; then nobody was told anything.
    fn finish(self) -> Result<Lease, ImportFault> {
        let Self { mut lease, mut extras, state, next_state } = self;
        let had_client = lease.expiration_time != UnixTime::UNSET;
        lease.state = state.unwrap_or(if had_client { BindingState::Active } else { BindingState::Free });
        let told = &mut lease.potential_expiration_time;
        let is_alone =
            [told.acked, told.received] == [UnixTime::UNSET; 2] && next_state != Some(BindingState::Expired);
        if is_alone && told.sent == lease.expiration_time {
            told.sent = UnixTime::UNSET;
        }
        if let Some(next) = next_state.filter(|next| *next != usual_next_state(&lease)) {
            extras.kept.add(kept::DHCPD_NEXT_STATE, states::name(next).as_bytes());
        }
        extras.finish(&mut lease)?;
        Ok(lease)
    }
}

/// What dhcpd writes as `next binding state`: ACTIVE becomes EXPIRED first if there is a partner to
/// tell. That there is one shows in what only partners say to each other.
pub(super) fn usual_next_state(lease: &Lease) -> BindingState {
    let told = lease.potential_expiration_time;
    let has_partner = [told.acked, told.received].iter().any(|time| *time != UnixTime::UNSET);
    match lease.state {
        BindingState::Active if has_partner => BindingState::Expired,
        BindingState::Active => BindingState::Free,
        other => other,
    }
}

fn hardware(value: &[Token<'_>]) -> Result<HwAddr, ImportFault> {
    let wrong = |why: &str| ImportFault::field("hardware", why);
    let [Token::Word(name), addr @ ..] = value else { return Err(wrong("no hardware type")) };
    let htype = names::hardware_type(name).ok_or_else(|| wrong("not a hardware type"))?;
    let bytes = match addr {
        [] => Vec::new(),
        _ => statement::bytes("hardware", addr)?,
    };
    HwAddr::new(htype, &bytes).ok_or_else(|| wrong("longer than 20 bytes"))
}

/// Reads a statement of an address or prefix in an IA that is also possible in a lease: a variable, or
/// something to keep.
pub(super) fn on_common(lease: &mut Lease, extras: &mut Extras, statement: &Statement<'_>) {
    match statement.after(&["set"]) {
        Some([Token::Word(name), Token::Sign(b'='), value @ ..]) if statement.block.is_none() => {
            extras.on_variable(lease, name, value, statement);
        }
        _ => extras.keep(statement),
    }
}

/// The kept next state, if there is one.
pub(super) fn kept_next_state(kept: &Kept) -> Option<BindingState> {
    kept.get(kept::DHCPD_NEXT_STATE).and_then(states::named)
}

/// An unsigned 32-bit number of a kept line.
pub(super) fn kept_number(kept: &Kept, name: &str) -> Option<u32> {
    kept.get(name).and_then(parse_number)
}
