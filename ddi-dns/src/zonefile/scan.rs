//! From bytes to words: blanks, comments, parentheses over several lines, strings and names (RFC 1035
//! section 5.1). One table says what a byte means.

use super::fault::{Halt, ZoneFileFault as Fault};
use crate::name::{LABEL_MAX, NAME_MAX, NameError, NameRef};

/// What a byte means outside quotes. Those from `BLANK` on end a word.
const PLAIN: u8 = 0;
const DOT: u8 = 1;
/// Has a meaning in names only: `@` and `$`.
const ODD: u8 = 2;
const ESCAPE: u8 = 3;
const QUOTE: u8 = 4;
const BLANK: u8 = 5;
const LINE: u8 = 6;
const COMMENT: u8 = 7;
const OPEN: u8 = 8;
const CLOSE: u8 = 9;

static MEANING: [u8; 256] = {
    let mut table = [PLAIN; 256];
    table[b'.' as usize] = DOT;
    table[b'@' as usize] = ODD;
    table[b'$' as usize] = ODD;
    table[b'\\' as usize] = ESCAPE;
    table[b'"' as usize] = QUOTE;
    table[b' ' as usize] = BLANK;
    table[b'\t' as usize] = BLANK;
    table[b'\r' as usize] = BLANK;
    table[b'\n' as usize] = LINE;
    table[b';' as usize] = COMMENT;
    table[b'(' as usize] = OPEN;
    table[b')' as usize] = CLOSE;
    table
};

fn meaning(byte: u8) -> u8 {
    MEANING[usize::from(byte)]
}

/// A name being read, or that was read last. Empty: none.
#[derive(Clone)]
pub(super) struct NameBuffer {
    wire: [u8; NAME_MAX + 1],
    len: usize,
}

impl NameBuffer {
    pub(super) const fn none() -> Self {
        Self { wire: [0; NAME_MAX + 1], len: 0 }
    }

    pub(super) fn of(name: NameRef<'_>) -> Self {
        let mut buffer = Self::none();
        buffer.set(name);
        buffer
    }

    pub(super) const fn clear(&mut self) {
        self.len = 0;
    }

    fn set(&mut self, name: NameRef<'_>) {
        self.len = name.wire().len();
        self.wire[..self.len].copy_from_slice(name.wire());
    }

    pub(super) fn get(&self) -> Option<NameRef<'_>> {
        (self.len > 0).then(|| NameRef::from_valid(&self.wire[..self.len]))
    }

    /// The name; the root where there is none.
    pub(super) fn name(&self) -> NameRef<'_> {
        self.get().unwrap_or(NameRef::ROOT)
    }

    /// Ends the label that starts at `start` and whose next byte would go to `end`.
    fn close_label(&mut self, start: usize, end: usize) -> Result<(), NameError> {
        match end - start - 1 {
            0 => Err(NameError::EmptyLabel),
            len if len > LABEL_MAX => Err(NameError::LabelTooLong),
            len => {
                self.wire[start] = len as u8;
                Ok(())
            }
        }
    }

    /// Puts `suffix` behind the labels that end at `at`.
    fn append(&mut self, at: usize, suffix: NameRef<'_>) -> Result<(), NameError> {
        let len = at + suffix.wire().len();
        if len > NAME_MAX {
            return Err(NameError::TooLong);
        }
        self.wire[at..len].copy_from_slice(suffix.wire());
        self.len = len;
        Ok(())
    }
}

/// The text of one record or directive, from its first byte to beyond its last.
pub(super) struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    /// Where the present word began: what a fault is about.
    word_at: usize,
    /// Where the last word ended, once the end of the record is seen: what a missing one is about.
    end_at: Option<usize>,
    is_open: bool,
}

impl<'a> Scan<'a> {
    pub(super) const fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, word_at: 0, end_at: None, is_open: false }
    }

    /// How many bytes were read.
    pub(super) const fn len(&self) -> usize {
        self.at
    }

    /// Where the word is that a fault is about.
    pub(super) const fn word_at(&self) -> usize {
        self.word_at
    }

    pub(super) fn peek(&self) -> Result<u8, Halt> {
        self.text.get(self.at).copied().ok_or(Halt::More)
    }

    /// True if the text goes on with a blank.
    pub(super) fn is_at_blank(&self) -> bool {
        self.text.get(self.at).is_some_and(|&byte| meaning(byte) == BLANK)
    }

    /// Goes to the next word; false if the record ends before one.
    pub(super) fn more(&mut self) -> Result<bool, Halt> {
        let from = self.at;
        loop {
            let what = meaning(self.peek()?);
            if what < BLANK {
                self.word_at = self.at;
                return Ok(true);
            }
            match what {
                LINE if !self.is_open => {
                    self.word_at = *self.end_at.get_or_insert(from);
                    return Ok(false);
                }
                COMMENT => self.skip_comment()?,
                OPEN | CLOSE => self.parenthesis(what == OPEN)?,
                _ => self.at += 1,
            }
        }
    }

    fn skip_comment(&mut self) -> Result<(), Halt> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|&byte| byte == b'\n').ok_or(Halt::More)?;
        Ok(())
    }

    fn parenthesis(&mut self, opens: bool) -> Result<(), Halt> {
        if self.is_open == opens {
            self.word_at = self.at;
            return Err(Fault::Parenthesis.into());
        }
        self.is_open = opens;
        self.at += 1;
        Ok(())
    }

    /// Goes to the next word, which must be there.
    pub(super) fn need(&mut self, what: &'static str) -> Result<(), Halt> {
        if self.more()? { Ok(()) } else { Err(Fault::Missing(what).into()) }
    }

    /// Beyond the end of the record, if nothing else is before it.
    pub(super) fn end(&mut self) -> Result<(), Halt> {
        if self.more()? {
            return Err(Fault::Trailing.into());
        }
        self.at += 1;
        Ok(())
    }

    /// The next word as it is written, with its escapes.
    pub(super) fn word(&mut self, what: &'static str) -> Result<&'a [u8], Halt> {
        self.need(what)?;
        let start = self.at;
        loop {
            match meaning(self.peek()?) {
                PLAIN | DOT | ODD => self.at += 1,
                ESCAPE => {
                    self.at += 1;
                    if self.peek()? == b'\n' {
                        return Err(Fault::Escape.into());
                    }
                    self.at += 1;
                }
                QUOTE => return Err(Fault::Quote.into()),
                _ => return Ok(&self.text[start..self.at]),
            }
        }
    }

    /// The rest of the line as it is written.
    pub(super) fn line(&mut self) -> Result<&'a [u8], Halt> {
        let start = self.at;
        self.skip_comment()?;
        Ok(&self.text[start..self.at])
    }

    /// The bytes up to the first that `ends` or that ends a word: a part of a word.
    pub(super) fn part(&mut self, ends: u8) -> Result<&'a [u8], Halt> {
        let start = self.at;
        while self.peek()? != ends && meaning(self.peek()?) < ESCAPE {
            self.at += 1;
        }
        Ok(&self.text[start..self.at])
    }

    /// Goes over `byte`, if it is next.
    pub(super) fn skip(&mut self, byte: u8) -> Result<bool, Halt> {
        let is_next = self.peek()? == byte;
        self.at += usize::from(is_next);
        Ok(is_next)
    }

    /// True if the next word is `\#`.
    pub(super) fn is_generic(&self) -> Result<bool, Halt> {
        Ok(self.text.get(self.at..self.at + 2) == Some(b"\\#") && self.ends_word(self.at + 2)?)
    }

    /// What the escape behind the backslash at `at` stands for, and where the text goes on.
    fn escape(&self, at: usize) -> Result<(u8, usize), Halt> {
        let first = *self.text.get(at + 1).ok_or(Halt::More)?;
        if !first.is_ascii_digit() {
            return if first == b'\n' { Err(Fault::Escape.into()) } else { Ok((first, at + 2)) };
        }
        let digits = self.text.get(at + 1..at + 4).ok_or(Halt::More)?;
        let mut value = 0_u16;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return Err(Fault::Escape.into());
            }
            value = value * 10 + u16::from(digit - b'0');
        }
        let value = u8::try_from(value).map_err(|_| Fault::Escape)?;
        Ok((value, at + 4))
    }

    /// Appends what the next string stands for, in quotes or not.
    pub(super) fn string(&mut self, out: &mut Vec<u8>) -> Result<(), Halt> {
        self.need("a string")?;
        let is_quoted = self.skip(b'"')?;
        let mut start = self.at;
        loop {
            let what = meaning(self.peek()?);
            if what == ESCAPE {
                out.extend_from_slice(&self.text[start..self.at]);
                let (value, next) = self.escape(self.at)?;
                out.push(value);
                (self.at, start) = (next, next);
            } else if self.ends_string(is_quoted, what) {
                out.extend_from_slice(&self.text[start..self.at]);
                return self.end_string(is_quoted, what);
            } else {
                self.at += 1;
            }
        }
    }

    /// The string here as it is written, with its escapes and without its quotes.
    pub(super) fn raw_string(&mut self) -> Result<&'a [u8], Halt> {
        let is_quoted = self.skip(b'"')?;
        let start = self.at;
        loop {
            let what = meaning(self.peek()?);
            if what == ESCAPE {
                self.at = self.escape(self.at)?.1;
            } else if self.ends_string(is_quoted, what) {
                let raw = &self.text[start..self.at];
                self.end_string(is_quoted, what)?;
                return Ok(raw);
            } else {
                self.at += 1;
            }
        }
    }

    /// True if a byte that means `what` ends a string. One in quotes may go on over lines in parentheses.
    const fn ends_string(&self, is_quoted: bool, what: u8) -> bool {
        if is_quoted { what == QUOTE || (what == LINE && !self.is_open) } else { what >= QUOTE }
    }

    fn end_string(&mut self, is_quoted: bool, what: u8) -> Result<(), Halt> {
        if is_quoted != (what == QUOTE) {
            return Err(Fault::Quote.into());
        }
        self.at += usize::from(is_quoted);
        if meaning(self.peek()?) < BLANK { Err(Fault::Quote.into()) } else { Ok(()) }
    }

    /// Reads the next name into `out`; true if it is absolute, or `@`.
    pub(super) fn name(&mut self, origin: NameRef<'_>, out: &mut NameBuffer) -> Result<bool, Halt> {
        self.need("a name")?;
        let mut at = self.at;
        // `start` is where the present label's length byte goes, `end` where its next byte goes.
        let (mut start, mut end) = (0, 1);
        loop {
            let byte = *self.text.get(at).ok_or(Halt::More)?;
            let (value, next) = match meaning(byte) {
                PLAIN => (byte, at + 1),
                ESCAPE => self.escape(at)?,
                DOT => {
                    at += 1;
                    if end == 1 && self.ends_word(at)? {
                        out.set(NameRef::ROOT);
                        self.at = at;
                        return Ok(true);
                    }
                    out.close_label(start, end)?;
                    (start, end) = (end, end + 1);
                    continue;
                }
                ODD | QUOTE => {
                    if byte != b'@' || end != 1 || !self.ends_word(at + 1)? {
                        return Err(Fault::NameByte(byte).into());
                    }
                    out.set(origin);
                    self.at = at + 1;
                    return Ok(true);
                }
                _ => break,
            };
            // The root's byte must fit behind it.
            if end >= NAME_MAX - 1 {
                return Err(NameError::TooLong.into());
            }
            out.wire[end] = value;
            (at, end) = (next, end + 1);
        }
        self.at = at;
        if end == start + 1 {
            out.append(start, NameRef::ROOT)?;
            return Ok(true);
        }
        out.close_label(start, end)?;
        out.append(end, origin)?;
        Ok(false)
    }

    /// True if the present word ends here.
    pub(super) fn ends_here(&self) -> Result<bool, Halt> {
        self.ends_word(self.at)
    }

    fn ends_word(&self, at: usize) -> Result<bool, Halt> {
        Ok(meaning(*self.text.get(at).ok_or(Halt::More)?) >= BLANK)
    }

    /// From the start of a bad record to behind it, as far as that can be told: to the end of the line,
    /// or of the line that closes its parenthesis. Quotes count within one line only.
    pub(super) fn recover(text: &[u8]) -> Result<usize, Halt> {
        let (mut is_open, mut is_quoted, mut at) = (false, false, 0);
        loop {
            let byte = *text.get(at).ok_or(Halt::More)?;
            at += 1;
            match meaning(byte) {
                LINE if !is_open => return Ok(at),
                LINE => is_quoted = false,
                ESCAPE if text.get(at).is_some_and(|&next| next != b'\n') => at += 1,
                QUOTE => is_quoted = !is_quoted,
                _ if is_quoted => {}
                COMMENT => {
                    while text.get(at).is_some_and(|&next| next != b'\n') {
                        at += 1;
                    }
                }
                OPEN => is_open = true,
                CLOSE => is_open = false,
                _ => {}
            }
        }
    }
}
