//! What all stanzas have in common when they are written.

use super::date;
use super::names;
use super::read::DhcpdReader;
use super::split::MAX_STANZA;
use super::statement;
use super::token::{Token, emit_text, tokenize};
use crate::interchange::added::Added;
use crate::interchange::import::{FailoverState, Item};
use crate::interchange::kept::{self, Kept};
use crate::lease::{BindingState, Lease};
use crate::time::UnixTime;

/// dhcpd reads no string that is longer than 1,499 bytes; longer ones are written in pieces.
const PIECE: usize = 1024;

/// Appends what a file begins with. dhcpd writes its IAIDs in the byte order of its machine, and says
/// which that is; ddi always takes this one.
pub(in crate::interchange) fn emit_heading(out: &mut Vec<u8>) {
    out.extend_from_slice(
        b"# Leases in the format of dhcpd.leases(5).\nauthoring-byte-order little-endian;\n\n",
    );
}

/// Appends dhcpd's own DUID.
pub(in crate::interchange) fn emit_server_duid(duid: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"server-duid ");
    emit_text(duid, out);
    out.extend_from_slice(b";\n\n");
}

/// Appends a failover stanza. A state that is no word is left out with its time: dhcpd would give up
/// on the file.
pub(in crate::interchange) fn emit_failover(state: &FailoverState, out: &mut Vec<u8>) {
    out.extend_from_slice(b"failover peer ");
    emit_text(&state.name, out);
    out.extend_from_slice(b" state {\n");
    for (who, word, since) in
        [("my", &state.mine, state.mine_since), ("partner", &state.partner, state.partner_since)]
    {
        let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if is_word {
            out.extend_from_slice(format!("  {who} state {word} at ").as_bytes());
            date::emit(since, out);
            out.push(b'\n');
        }
    }
    if let Some(mclt) = state.mclt {
        out.extend_from_slice(format!("  mclt {mclt};\n").as_bytes());
    }
    out.extend_from_slice(b"}\n\n");
}

/// Appends a statement with a time, on a line of its own, if there is such a time.
pub(super) fn emit_time(name: &str, time: UnixTime, out: &mut Vec<u8>) {
    if time != UnixTime::UNSET {
        out.extend_from_slice(b"\n  ");
        out.extend_from_slice(name.as_bytes());
        out.push(b' ');
        date::emit(time, out);
    }
}

/// Appends `set NAME = "VALUE";`.
fn emit_set(indent: &str, name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("\n{indent}set {name} = ").as_bytes());
    emit_text(value, out);
    out.push(b';');
}

/// Appends variables: the names in DNS, the ones that were kept, what is added; then the other kept
/// statements.
pub(super) fn emit_variables(indent: &str, lease: &Lease, kept: &Kept, missing: &[Added], out: &mut Vec<u8>) {
    let ddns = &lease.ddns;
    if ddns.forward {
        emit_set(indent, "ddns-fwd-name", &ddns.fqdn, out);
    }
    let statements: Vec<&[u8]> = kept.all(kept::DHCPD_STATEMENT).filter(|s| is_safe(s)).collect();
    let has = |name: &str| statements.iter().any(|s| s.starts_with(format!("set {name} = ").as_bytes()));
    if ddns.by_client && !has("ddns-client-fqdn") {
        emit_set(indent, "ddns-client-fqdn", &ddns.fqdn, out);
    }
    if let Some(name) = names::reverse_name(lease.key.addr)
        && ddns.reverse
        && !has("ddns-rev-name")
    {
        emit_set(indent, "ddns-rev-name", name.as_bytes(), out);
    }
    for (name, value) in missing {
        emit_set(indent, &format!("ddi-{name}"), value.get(..PIECE).unwrap_or(value), out);
        for (i, piece) in value.chunks(PIECE).enumerate().skip(1) {
            emit_set(indent, &format!("ddi-{name}-{}", i + 1), piece, out);
        }
    }
    for statement in statements {
        out.extend_from_slice(b"\n");
        out.extend_from_slice(indent.as_bytes());
        out.extend_from_slice(statement);
    }
}

/// Is this a single statement of a kind that belongs in a lease? The bytes may be anybody's.
fn is_safe(text: &[u8]) -> bool {
    let Ok(tokens) = tokenize(text) else { return false };
    let mut rest = tokens.as_slice();
    let Ok(Some(statement)) = statement::next(&mut rest) else { return false };
    let is_kind = |word: &str| statement.after(&[word]).is_some();
    let is_single = rest.is_empty() && statement.text() == text && !text.contains(&b'#');
    is_single
        && match statement.after(&["set"]) {
            Some([Token::Word(_), Token::Sign(b'='), value]) => {
                statement.block.is_none() && is_constant(value)
            }
            Some(_) => false,
            None => ["on", "option", "supersede", "billing"].iter().any(|word| is_kind(word)),
        }
}

/// Is it a value that dhcpd reads in `set`? For anything else it gives up the whole lease.
fn is_constant(value: &Token<'_>) -> bool {
    match value {
        Token::Text(text) => text.len() <= PIECE,
        Token::Word([b'%', digits @ ..]) => {
            let digits = digits.strip_prefix(b"-").unwrap_or(digits);
            !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
        }
        _ => value.is("true") || value.is("false"),
    }
}

/// The binding state that dhcpd has for it.
pub(super) fn dhcpd_state(state: BindingState) -> BindingState {
    match state {
        BindingState::PendingFree => BindingState::Free,
        BindingState::FreeBackup => BindingState::Backup,
        other => other,
    }
}

/// What the importer makes of stanzas: leases and nothing else.
pub(super) fn read_back(space: u32, stanza: &[u8]) -> Result<Vec<Lease>, String> {
    if stanza.len() > MAX_STANZA {
        return Err(format!("its stanza would be longer than {MAX_STANZA} bytes"));
    }
    let mut reader = DhcpdReader::new(space);
    let mut leases = Vec::new();
    let mut input = stanza;
    while let Some(item) = reader.read(&mut input).or_else(|| reader.finish()) {
        match item {
            Ok(Item::Lease(lease)) => leases.push(*lease),
            Ok(_) => return Err("its stanza would mean something else".into()),
            Err(error) => return Err(error.fault.to_string()),
        }
    }
    Ok(leases)
}
