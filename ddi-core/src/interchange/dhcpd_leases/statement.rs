//! Statements of a stanza: tokens up to a semicolon, or up to the end of a block in braces.

use super::date;
use super::token::{Token, emit};
use crate::interchange::added::parse_number;
use crate::interchange::error::ImportFault;
use crate::interchange::hex;
use crate::interchange::states;
use crate::lease::BindingState;
use crate::time::UnixTime;

/// One statement.
#[derive(Clone, Copy)]
pub(super) struct Statement<'a> {
    /// Before the semicolon or the brace.
    pub(super) head: &'a [Token<'a>],
    /// Between the braces.
    pub(super) block: Option<&'a [Token<'a>]>,
    /// All of it, with its semicolon or braces.
    pub(super) all: &'a [Token<'a>],
}

/// Takes one statement off the front; `None` at the end.
pub(super) fn next<'a>(tokens: &mut &'a [Token<'a>]) -> Result<Option<Statement<'a>>, ImportFault> {
    let all = *tokens;
    let is_end = |t: &Token<'_>| matches!(t, Token::Sign(b';' | b'{' | b'}'));
    let Some(head_len) = all.iter().position(is_end) else {
        return if all.is_empty() {
            Ok(None)
        } else {
            Err(ImportFault::Syntax("no semicolon at the end".into()))
        };
    };
    let (head, rest) = all.split_at(head_len);
    let (block, len) = match rest.first() {
        Some(Token::Sign(b';')) => (None, head_len + 1),
        Some(Token::Sign(b'{')) => {
            let inner = rest.get(1..).unwrap_or_default();
            let block_len = block_len(inner)?;
            (inner.get(..block_len), head_len + block_len + 2)
        }
        _ => return Err(ImportFault::Syntax("a closing brace too many".into())),
    };
    let (all, rest) = all.split_at_checked(len).ok_or(ImportFault::Unfinished)?;
    *tokens = rest;
    Ok(Some(Statement { head, block, all }))
}

/// Tokens up to the brace that closes the block.
fn block_len(tokens: &[Token<'_>]) -> Result<usize, ImportFault> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign(b'{') => depth += 1,
            Token::Sign(b'}') if depth == 0 => return Ok(at),
            Token::Sign(b'}') => depth -= 1,
            _ => {}
        }
    }
    Err(ImportFault::Unfinished)
}

impl<'a> Statement<'a> {
    /// The head's tokens behind these words; `None` if it does not begin with them.
    pub(super) fn after(&self, words: &[&str]) -> Option<&'a [Token<'a>]> {
        let (start, rest) = self.head.split_at_checked(words.len())?;
        start.iter().zip(words).all(|(token, word)| token.is(word)).then_some(rest)
    }

    /// The statement as one line, its tokens separated by single spaces.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        emit(self.all, &mut text);
        text
    }
}

/// The value of a statement that has a time.
pub(super) fn time(name: &'static str, value: &[Token<'_>]) -> Result<UnixTime, ImportFault> {
    let words: Option<Vec<&[u8]>> = value.iter().map(Token::word).collect();
    let time = words.ok_or_else(|| "not a date".to_owned()).and_then(|words| date::parse(&words));
    time.map_err(|why| ImportFault::field(name, why))
}

/// The value of a statement that has a binding state.
pub(super) fn state(name: &'static str, value: &[Token<'_>]) -> Result<BindingState, ImportFault> {
    let state = match value {
        [token] => token.word().and_then(states::named),
        _ => None,
    };
    state.ok_or_else(|| ImportFault::field(name, "not a binding state"))
}

/// The value of a statement that has a number.
pub(super) fn number<N: std::str::FromStr>(
    name: &'static str,
    value: &[Token<'_>],
) -> Result<N, ImportFault> {
    let number = match value {
        [token] => token.word().and_then(parse_number),
        _ => None,
    };
    number.ok_or_else(|| ImportFault::field(name, "not a number in range"))
}

/// The value of a statement that has bytes: a string, or hex digits with colons.
pub(super) fn bytes(name: &'static str, value: &[Token<'_>]) -> Result<Vec<u8>, ImportFault> {
    let bytes = match value {
        [Token::Text(text)] => Some(text.clone()),
        [Token::Word(word)] => hex::parse_colons(word),
        _ => None,
    };
    bytes.ok_or_else(|| ImportFault::field(name, "neither a string nor hex bytes with colons between"))
}
