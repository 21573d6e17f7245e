//! The words, strings and signs of one stanza.

use crate::interchange::error::ImportFault;
use crate::interchange::hex;

/// A token. Addresses, dates and hex bytes are one word each: no lease file has spaces inside them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Token<'a> {
    /// Letters, digits and `-_.:/%+`.
    Word(&'a [u8]),
    /// What a quoted string stands for.
    Text(Vec<u8>),
    /// Any other printable character.
    Sign(u8),
}

impl<'a> Token<'a> {
    /// The word, if it is one.
    pub(super) fn word(&self) -> Option<&'a [u8]> {
        match self {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Is it this word, whatever the case of its letters?
    pub(super) fn is(&self, word: &str) -> bool {
        self.word().is_some_and(|w| w.eq_ignore_ascii_case(word.as_bytes()))
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.:/%+".contains(&byte)
}

/// Splits a stanza, from which the comments are already gone.
pub(super) fn tokenize(mut text: &[u8]) -> Result<Vec<Token<'_>>, ImportFault> {
    let mut tokens = Vec::new();
    while let Some((&first, rest)) = text.split_first() {
        if is_word_byte(first) {
            let len = text.iter().take_while(|b| is_word_byte(**b)).count();
            let (word, rest) = text.split_at(len);
            tokens.push(Token::Word(word));
            text = rest;
        } else if first == b'"' {
            let (string, rest) = read_string(rest)?;
            tokens.push(Token::Text(string));
            text = rest;
        } else {
            if first.is_ascii_graphic() {
                tokens.push(Token::Sign(first));
            } else if !first.is_ascii_whitespace() {
                return Err(ImportFault::Syntax(format!("a byte {first:#04x} outside of strings")));
            }
            text = rest;
        }
    }
    Ok(tokens)
}

/// Reads a string behind its opening quote; gives it and what follows its closing quote.
fn read_string(mut text: &[u8]) -> Result<(Vec<u8>, &[u8]), ImportFault> {
    let mut string = Vec::new();
    while let Some((&first, rest)) = text.split_first() {
        text = rest;
        match first {
            b'"' => return Ok((string, text)),
            b'\\' => text = read_escape(text, &mut string)?,
            _ => string.push(first),
        }
    }
    Err(ImportFault::UnfinishedString)
}

/// What stands behind a backslash: a letter, up to three octal digits (the first at most 3), or `x` and
/// two hex digits. Anything else stands for itself.
fn read_escape<'a>(text: &'a [u8], string: &mut Vec<u8>) -> Result<&'a [u8], ImportFault> {
    let Some((&first, rest)) = text.split_first() else { return Err(ImportFault::UnfinishedString) };
    match first {
        b't' => string.push(b'\t'),
        b'r' => string.push(b'\r'),
        b'n' => string.push(b'\n'),
        b'b' => string.push(0x08),
        b'x' => {
            let digits = rest.get(..2).and_then(hex::parse_plain);
            let Some(byte) = digits.and_then(|d| d.first().copied()) else {
                return Err(ImportFault::Syntax("no two hex digits after \\x".into()));
            };
            string.push(byte);
            return Ok(rest.get(2..).unwrap_or_default());
        }
        b'0'..=b'3' => {
            let len = text.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
            let (digits, rest) = text.split_at(len);
            string.push(digits.iter().fold(0_u8, |value, d| value.wrapping_mul(8).wrapping_add(d - b'0')));
            return Ok(rest);
        }
        _ => string.push(first),
    }
    Ok(rest)
}

/// Appends a quoted string. Everything that is not printable ASCII becomes an octal escape.
pub(super) fn emit_text(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0x20..=0x7e => out.push(byte),
            _ => {
                let octal = [b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)];
                out.push(b'\\');
                out.extend_from_slice(&octal);
            }
        }
    }
    out.push(b'"');
}

/// Appends the tokens with single spaces between them.
pub(super) fn emit(tokens: &[Token<'_>], out: &mut Vec<u8>) {
    for (i, token) in tokens.iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        match token {
            Token::Word(word) => out.extend_from_slice(word),
            Token::Text(text) => emit_text(text, out),
            Token::Sign(sign) => out.push(*sign),
        }
    }
}
