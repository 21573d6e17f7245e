//! The stanzas of a file, one after the other.

use super::ia::{self, ByteOrder};
use super::lease;
use super::split::{Splitter, Stanza};
use super::statement::{self, Statement};
use super::token::{Token, tokenize};
use crate::interchange::error::{ImportError, ImportFault};
use crate::interchange::import::{FailoverState, Item};
use std::collections::VecDeque;

/// Reads a file. Memory is bounded by one stanza.
pub(in crate::interchange) struct DhcpdReader {
    space: u32,
    splitter: Splitter,
    order: ByteOrder,
    /// What the last stanza gave and was not handed out yet: at most the addresses of one stanza.
    ready: VecDeque<Result<Item, ImportError>>,
}

impl DhcpdReader {
    pub(in crate::interchange) fn new(space: u32) -> Self {
        Self { space, splitter: Splitter::new(), order: ByteOrder::default(), ready: VecDeque::new() }
    }

    pub(in crate::interchange) fn read(&mut self, input: &mut &[u8]) -> Option<Result<Item, ImportError>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(item);
            }
            let stanza = self.splitter.next(input)?;
            self.on_stanza(stanza);
        }
    }

    pub(in crate::interchange) fn finish(&mut self) -> Option<Result<Item, ImportError>> {
        if self.ready.is_empty() {
            let stanza = self.splitter.finish()?;
            self.on_stanza(stanza);
        }
        self.ready.pop_front()
    }

    fn on_stanza(&mut self, (line, text): Stanza) {
        let at_line = |fault| ImportError { line, fault };
        match text.and_then(|text| self.parse(line, &text)) {
            Ok(items) => self.ready.extend(items.into_iter().map(|item| item.map_err(at_line))),
            Err(fault) => self.ready.push_back(Err(at_line(fault))),
        }
    }

    fn parse(&mut self, line: u64, text: &[u8]) -> Result<Vec<Result<Item, ImportFault>>, ImportFault> {
        let tokens = tokenize(text)?;
        let mut rest = tokens.as_slice();
        let Some(stanza) = statement::next(&mut rest)? else { return Ok(Vec::new()) };
        let first = stanza.head.first();
        let is = |word: &str| first.is_some_and(|token| token.is(word));
        if is("lease") {
            let lease = lease::parse(self.space, &stanza)?;
            return Ok(vec![Ok(Item::Lease(Box::new(lease)))]);
        }
        if is("ia-na") || is("ia-ta") || is("ia-pd") {
            let leases = ia::parse(self.space, self.order, &stanza)?;
            return Ok(leases.into_iter().map(|lease| lease.map(|l| Item::Lease(Box::new(l)))).collect());
        }
        if let Some(value) = stanza.after(&["server-duid"]) {
            return Ok(vec![Ok(Item::ServerDuid(statement::bytes("server-duid", value)?))]);
        }
        if let Some(value) = stanza.after(&["authoring-byte-order"]) {
            self.order = match value {
                [token] if token.is("little-endian") => ByteOrder::Little,
                [token] if token.is("big-endian") => ByteOrder::Big,
                _ => return Err(ImportFault::field("authoring-byte-order", "neither little nor big")),
            };
            return Ok(Vec::new());
        }
        if let Some(name) = stanza.after(&["failover", "peer"]) {
            return Ok(vec![Ok(Item::Failover(failover(name, &stanza)?))]);
        }
        Ok(vec![Ok(Item::Other { line, text: stanza.text() })])
    }
}

/// Reads `failover peer "NAME" state { ... }`.
fn failover(name: &[Token<'_>], stanza: &Statement<'_>) -> Result<FailoverState, ImportFault> {
    let name = match name {
        [Token::Text(name), state] if state.is("state") => name.clone(),
        [Token::Word(name), state] if state.is("state") => name.to_vec(),
        _ => return Err(ImportFault::field("failover", "no name")),
    };
    let mut found = FailoverState { name, ..FailoverState::default() };
    let mut block =
        stanza.block.ok_or_else(|| ImportFault::Syntax("a failover state without a block".into()))?;
    while let Some(statement) = statement::next(&mut block)? {
        if let Some(value) = statement.after(&["mclt"]) {
            found.mclt = Some(statement::number("mclt", value)?);
            continue;
        }
        let mine = statement.after(&["my", "state"]);
        let Some(value) = mine.or_else(|| statement.after(&["partner", "state"])) else {
            return Err(ImportFault::field("failover", "neither a state nor mclt"));
        };
        let (state, since) = match value {
            [Token::Word(state), at, since @ ..] if at.is("at") => {
                (state, statement::time("failover", since)?)
            }
            _ => return Err(ImportFault::field("failover", "no state with a time")),
        };
        let state = String::from_utf8_lossy(state).into_owned();
        if mine.is_some() {
            (found.mine, found.mine_since) = (state, since);
        } else {
            (found.partner, found.partner_since) = (state, since);
        }
    }
    Ok(found)
}
