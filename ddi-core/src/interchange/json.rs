//! As much JSON (RFC 8259) as Kea's user_context needs: parsed with bounded depth, and emitted as Kea
//! emits it, so that what Kea read and wrote again is byte for byte the same. Strings are bytes here,
//! as they are in Kea: `\u00e9` is the one byte 0xe9.

use std::collections::BTreeMap;

/// The deepest nesting that is accepted.
pub(super) const MAX_DEPTH: usize = 32;

/// A JSON value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Value {
    /// `null`, `true`, `false` or a number, as written.
    Bare(Vec<u8>),
    /// A string.
    Text(Vec<u8>),
    /// An array.
    List(Vec<Value>),
    /// An object; of equal names the last counts.
    Map(Map),
}

/// An object's members, in byte order of their names.
pub(super) type Map = BTreeMap<Vec<u8>, Value>;

/// Parses one value with nothing after it. The error says what is wrong and at which byte.
pub(super) fn parse(text: &[u8]) -> Result<Value, String> {
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(0)?;
    parser.skip_space();
    if parser.at < text.len() {
        return Err(parser.error("something follows the value"));
    }
    Ok(value)
}

/// Appends the value.
pub(super) fn emit(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Bare(text) => out.extend_from_slice(text),
        Value::Text(bytes) => emit_text(bytes, out),
        Value::List(values) => {
            out.extend_from_slice(b"[ ");
            for (i, value) in values.iter().enumerate() {
                out.extend_from_slice(if i > 0 { b", " } else { b"" });
                emit(value, out);
            }
            out.extend_from_slice(b" ]");
        }
        Value::Map(members) => {
            out.extend_from_slice(b"{ ");
            for (i, (name, value)) in members.iter().enumerate() {
                out.extend_from_slice(if i > 0 { b", " } else { b"" });
                emit_text(name, out);
                out.extend_from_slice(b": ");
                emit(value, out);
            }
            out.extend_from_slice(b" }");
        }
    }
}

fn emit_text(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in bytes {
        let short = match byte {
            b'"' | b'\\' => Some(byte),
            0x08 => Some(b'b'),
            0x0c => Some(b'f'),
            b'\n' => Some(b'n'),
            b'\r' => Some(b'r'),
            b'\t' => Some(b't'),
            _ => None,
        };
        match (short, byte) {
            (Some(letter), _) => out.extend_from_slice(&[b'\\', letter]),
            (None, 0x20..=0x7e) => out.push(byte),
            (None, _) => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
    }
    out.push(b'"');
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn error(&self, what: &str) -> String {
        format!("{what} at byte {}", self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes `byte` if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(self.error("nested too deeply"));
        }
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Value::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9' | b'a'..=b'z') => self.bare(),
            _ => Err(self.error("no value")),
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        let mut members = Map::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Value::Map(members));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            if !self.take(b':') {
                return Err(self.error("no colon after a name"));
            }
            members.insert(name, self.value(depth + 1)?);
            self.skip_space();
            if self.take(b'}') {
                return Ok(Value::Map(members));
            }
            if !self.take(b',') {
                return Err(self.error("no comma or closing brace"));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        let mut values = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Value::List(values));
        }
        loop {
            values.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Value::List(values));
            }
            if !self.take(b',') {
                return Err(self.error("no comma or closing bracket"));
            }
        }
    }

    /// A literal or a number. Of numbers only the characters are checked, for they are not used.
    fn bare(&mut self) -> Result<Value, String> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let len =
            rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-')).count();
        let word = rest.get(..len).unwrap_or_default();
        let is_number = word.iter().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'))
            && word.iter().any(u8::is_ascii_digit)
            && word.first().is_some_and(|b| *b == b'-' || b.is_ascii_digit());
        if !is_number && !matches!(word, b"null" | b"true" | b"false") {
            return Err(self.error("no value"));
        }
        self.at += len;
        Ok(Value::Bare(word.to_vec()))
    }

    fn string(&mut self) -> Result<Vec<u8>, String> {
        if !self.take(b'"') {
            return Err(self.error("no string"));
        }
        let mut bytes = Vec::new();
        loop {
            let Some(byte) = self.peek() else { return Err(self.error("a string does not end")) };
            self.at += 1;
            match byte {
                b'"' => return Ok(bytes),
                b'\\' => self.escape(&mut bytes)?,
                _ => bytes.push(byte),
            }
        }
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), String> {
        let Some(letter) = self.peek() else { return Err(self.error("a string does not end")) };
        self.at += 1;
        match letter {
            b'"' | b'\\' | b'/' => bytes.push(letter),
            b'b' => bytes.push(0x08),
            b'f' => bytes.push(0x0c),
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'u' => {
                let digits =
                    self.text.get(self.at..self.at.saturating_add(4)).and_then(super::hex::parse_plain);
                let Some(code) = digits.and_then(|d| Some(u16::from_be_bytes(*d.first_chunk()?))) else {
                    return Err(self.error("no four hex digits"));
                };
                self.at += 4;
                match (u8::try_from(code), char::from_u32(u32::from(code))) {
                    (Ok(byte), _) => bytes.push(byte),
                    (_, Some(c)) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                    // Kea takes nothing above 0xff here, so no file of its own has surrogates.
                    _ => return Err(self.error("half a surrogate pair")),
                }
            }
            _ => return Err(self.error("unknown escape")),
        }
        Ok(())
    }
}
