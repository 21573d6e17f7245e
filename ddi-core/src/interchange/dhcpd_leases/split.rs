//! The file as a stream of bytes, cut into stanzas.

use crate::interchange::error::ImportFault;

/// The longest stanza that is accepted, in bytes without comments.
pub(in crate::interchange) const MAX_STANZA: usize = 1 << 20;

/// A stanza begins with one of these at the beginning of a line; nothing inside a stanza does.
const KEYWORDS: [&[u8]; 5] = [b"lease", b"ia-na", b"ia-ta", b"ia-pd", b"failover"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Code,
    Comment,
    String,
    /// Behind a backslash in a string.
    Escape,
}

/// Cuts the stream at semicolons and closing braces that are not inside of anything.
pub(super) struct Splitter {
    buffer: Vec<u8>,
    place: Where,
    /// How many braces are open.
    depth: u32,
    line: u64,
    /// The line of the stanza's first byte.
    first_line: u64,
    /// Where in the buffer the present line begins; `None` once its first word is complete.
    line_start: Option<usize>,
    fault: Option<ImportFault>,
}

/// The line that a stanza begins on, and its text without comments, or what is wrong with it.
pub(super) type Stanza = (u64, Result<Vec<u8>, ImportFault>);

impl Splitter {
    pub(super) fn new() -> Self {
        Self {
            buffer: Vec::new(),
            place: Where::Code,
            depth: 0,
            line: 1,
            first_line: 1,
            line_start: Some(0),
            fault: None,
        }
    }

    /// Takes bytes off `input` until a stanza is complete.
    pub(super) fn next(&mut self, input: &mut &[u8]) -> Option<Stanza> {
        while let Some((&byte, rest)) = input.split_first() {
            if self.begins_stanza(byte) {
                // The byte is looked at again, as part of the new one.
                return Some(self.cut());
            }
            *input = rest;
            let is_complete = self.push(byte);
            if byte == b'\n' {
                self.line = self.line.saturating_add(1);
            }
            if is_complete {
                return Some(self.take());
            }
        }
        None
    }

    /// What is left at the end of the file.
    pub(super) fn finish(&mut self) -> Option<Stanza> {
        let is_inside = self.depth > 0 || self.fault.is_some() || !self.buffer.trim_ascii().is_empty();
        if !is_inside {
            return None;
        }
        self.fault.get_or_insert(ImportFault::Unfinished);
        Some(self.take())
    }

    /// Is this the byte behind a keyword that begins its line, in the middle of a stanza?
    fn begins_stanza(&mut self, byte: u8) -> bool {
        if self.place != Where::Code || byte.is_ascii_alphanumeric() || byte == b'-' {
            return false;
        }
        let Some(start) = self.line_start.take() else { return false };
        let word = self.buffer.get(start..).unwrap_or_default();
        // In `lease;` or at a line end the word is something else.
        let is_head = matches!(byte, b' ' | b'\t') && KEYWORDS.iter().any(|k| word.eq_ignore_ascii_case(k));
        // What stands before it is looked at last: it may be long, and there may be many lines.
        if is_head && (self.depth > 0 || !self.before(start).is_empty()) {
            self.line_start = Some(start);
            return true;
        }
        false
    }

    fn before(&self, start: usize) -> &[u8] {
        self.buffer.get(..start).unwrap_or_default().trim_ascii()
    }

    /// Ends the unfinished stanza before the present line, of which the buffer has the first word.
    fn cut(&mut self) -> Stanza {
        let word = self.buffer.split_off(self.line_start.unwrap_or(0));
        self.fault.get_or_insert(ImportFault::Unfinished);
        let stanza = self.take();
        self.buffer = word;
        self.first_line = self.line;
        stanza
    }

    /// True if the byte completes a stanza.
    fn push(&mut self, byte: u8) -> bool {
        match self.place {
            Where::Code => self.push_code(byte),
            Where::Comment => {
                if byte == b'\n' {
                    self.place = Where::Code;
                    if !self.buffer.is_empty() {
                        self.keep(byte);
                    }
                    self.line_start = Some(self.buffer.len());
                }
                false
            }
            Where::String | Where::Escape if byte == b'\n' => {
                self.fault.get_or_insert(ImportFault::UnfinishedString);
                self.place = Where::Code;
                self.keep(byte);
                self.line_start = Some(self.buffer.len());
                false
            }
            Where::String => {
                self.place = match byte {
                    b'"' => Where::Code,
                    b'\\' => Where::Escape,
                    _ => Where::String,
                };
                self.keep(byte);
                false
            }
            Where::Escape => {
                self.place = Where::String;
                self.keep(byte);
                false
            }
        }
    }

    fn push_code(&mut self, byte: u8) -> bool {
        if byte == b'#' {
            self.place = Where::Comment;
            return false;
        }
        if self.buffer.is_empty() && byte.is_ascii_whitespace() {
            self.line_start = (byte == b'\n').then_some(0).or(self.line_start.filter(|_| byte == b'\r'));
            return false;
        }
        self.keep(byte);
        match byte {
            b'"' => self.place = Where::String,
            b'\n' => self.line_start = Some(self.buffer.len()),
            b'{' => self.depth = self.depth.saturating_add(1),
            b'}' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            b';' => return self.depth == 0,
            _ => {}
        }
        false
    }

    fn keep(&mut self, byte: u8) {
        if self.buffer.is_empty() {
            self.first_line = self.line;
        }
        if self.buffer.len() >= MAX_STANZA {
            self.fault.get_or_insert(ImportFault::TooLong { max: MAX_STANZA });
            // Only the first word of each line is still looked at.
            self.buffer.clear();
            self.buffer.push(b' ');
            self.line_start = None;
        }
        self.buffer.push(byte);
    }

    fn take(&mut self) -> Stanza {
        let text = std::mem::take(&mut self.buffer);
        self.depth = 0;
        self.line_start = None;
        let result = match self.fault.take() {
            Some(fault) => Err(fault),
            None => Ok(text),
        };
        (self.first_line, result)
    }
}
