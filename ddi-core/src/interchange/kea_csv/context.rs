//! Kea's user_context column: a JSON object. Three parts are told apart: `ISC`.`relay-agent-info`
//! (option 82, in v4), `ddi` (what an export added), and the rest, which is kept as it is.

use super::schema::Family;
use crate::interchange::added::{self, Added, Kind};
use crate::interchange::error::ImportFault;
use crate::interchange::json::{self, Map, Value};
use crate::interchange::{hex, kept::Kept};

/// A user_context, taken apart.
#[derive(Default)]
pub(super) struct Context {
    /// Option 82's sub-options.
    pub(super) relay_agent_info: Vec<u8>,
    /// What an export added.
    pub(super) added: Vec<Added>,
    /// The rest as JSON text; empty if there was no rest.
    pub(super) rest: Vec<u8>,
}

const ISC: &[u8] = b"ISC";
const RELAY_AGENT_INFO: &[u8] = b"relay-agent-info";
const SUB_OPTIONS: &[u8] = b"sub-options";
const DDI: &[u8] = b"ddi";
/// Option 82 (RFC 3046), which Kea stores with its code and length.
const OPTION_82: u8 = 82;

impl Context {
    /// Reads the unescaped column.
    pub(super) fn parse(text: &[u8], family: Family) -> Result<Self, ImportFault> {
        let mut context = Self::default();
        if text.is_empty() {
            return Ok(context);
        }
        let fault = |why: String| ImportFault::field("user_context", why);
        let Value::Map(mut members) = json::parse(text).map_err(fault)? else {
            return Err(fault("not a JSON object".into()));
        };
        if family == Family::V4 {
            context.relay_agent_info = take_relay_agent_info(&mut members).unwrap_or_default();
        }
        if let Some(ddi) = members.remove(DDI) {
            context.added = parse_added(&ddi)?;
        }
        // An empty object says nothing, and could not be told from one that only had `ddi` in it.
        if !members.is_empty() {
            json::emit(&Value::Map(members), &mut context.rest);
        }
        Ok(context)
    }

    /// Appends the column's text, not yet escaped; nothing if there is nothing to say. A rest that
    /// is not a JSON object is left out.
    pub(super) fn emit(&self, out: &mut Vec<u8>) {
        let rest = match json::parse(&self.rest) {
            Ok(Value::Map(members)) => Some(members),
            _ => None,
        };
        if rest.is_none() && self.relay_agent_info.is_empty() && self.added.is_empty() {
            return;
        }
        let mut members = rest.unwrap_or_default();
        members.remove(DDI);
        put_relay_agent_info(&mut members, &self.relay_agent_info);
        if !self.added.is_empty() {
            members.insert(DDI.to_vec(), emit_added(&self.added));
        }
        json::emit(&Value::Map(members), out);
    }

    /// Keeps the rest.
    pub(super) fn keep_rest(&self, kept: &mut Kept) {
        if !self.rest.is_empty() {
            kept.add(crate::interchange::kept::KEA_USER_CONTEXT, &self.rest);
        }
    }
}

/// Takes the option out if nothing is lost by that: a string, or the object that Kea writes since
/// 2.3, whose other members only repeat parts of the option.
fn take_relay_agent_info(members: &mut Map) -> Option<Vec<u8>> {
    let Some(Value::Map(isc)) = members.get_mut(ISC) else { return None };
    let text = match isc.get(RELAY_AGENT_INFO)? {
        Value::Text(text) => text,
        Value::Map(parts) => {
            let is_known =
                |name: &Vec<u8>| matches!(name.as_slice(), SUB_OPTIONS | b"remote-id" | b"relay-id");
            match parts.get(SUB_OPTIONS)? {
                Value::Text(text) if parts.keys().all(is_known) => text,
                _ => return None,
            }
        }
        _ => return None,
    };
    let bytes = hex::parse_plain(text.strip_prefix(b"0x")?)?;
    let (&[code, len], sub_options) = bytes.split_first_chunk()?;
    if code != OPTION_82 || usize::from(len) != sub_options.len() || sub_options.is_empty() {
        return None;
    }
    let sub_options = sub_options.to_vec();
    isc.remove(RELAY_AGENT_INFO);
    if isc.is_empty() {
        members.remove(ISC);
    }
    Some(sub_options)
}

/// The opposite, in the string form, which Kea 2.2 writes and later ones take too.
fn put_relay_agent_info(members: &mut Map, sub_options: &[u8]) {
    let Ok(len) = u8::try_from(sub_options.len()) else { return };
    if len == 0 {
        return;
    }
    let isc = members.entry(ISC.to_vec()).or_insert_with(|| Value::Map(Map::new()));
    let Value::Map(isc) = isc else { return };
    let mut text = b"0x".to_vec();
    hex::emit(&[OPTION_82, len], 0, &mut text);
    hex::emit(sub_options, 0, &mut text);
    text[2..].make_ascii_uppercase();
    isc.insert(RELAY_AGENT_INFO.to_vec(), Value::Text(text));
}

fn parse_added(ddi: &Value) -> Result<Vec<Added>, ImportFault> {
    let fault = |why: &str| ImportFault::field("user_context", why);
    let Value::Map(members) = ddi else { return Err(fault("`ddi` is not an object")) };
    let mut list = Vec::new();
    for (name, value) in members {
        let name = String::from_utf8_lossy(name).into_owned();
        let Value::Text(text) = value else { return Err(fault("`ddi` holds something else than strings")) };
        let value = match added::kind_of(&name) {
            Some(Kind::Bytes) => hex::parse_plain(text).ok_or_else(|| fault("`ddi` holds bad hex digits"))?,
            _ => text.clone(),
        };
        list.push((name, value));
    }
    Ok(list)
}

fn emit_added(list: &[Added]) -> Value {
    let mut members = Map::new();
    for (name, value) in list {
        let mut text = Vec::new();
        match added::kind_of(name) {
            Some(Kind::Bytes) => hex::emit(value, 0, &mut text),
            _ => text.extend_from_slice(value),
        }
        members.insert(name.clone().into_bytes(), Value::Text(text));
    }
    Value::Map(members)
}
