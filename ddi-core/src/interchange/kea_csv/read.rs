//! The file as a stream of bytes: lines are put together, then read one by one.

use super::row;
use super::schema::Header;
use crate::interchange::error::{ImportError, ImportFault};
use crate::interchange::import::Item;

/// The longest line that is accepted, in bytes. The longest that an export writes is about a third of
/// this: a lease with every field full and doubled by hex digits.
pub(super) const MAX_LINE: usize = 1 << 20;

/// Reads a file. Memory is bounded by one line.
pub(in crate::interchange) struct KeaReader {
    space: u32,
    header: Option<Header>,
    /// The line so far, if it began in an earlier slice.
    partial: Vec<u8>,
    is_too_long: bool,
    /// The number of the line that is being read.
    line: u64,
    /// The header was no header: nothing more is read.
    is_dead: bool,
}

impl KeaReader {
    pub(in crate::interchange) fn new(space: u32) -> Self {
        Self { space, header: None, partial: Vec::new(), is_too_long: false, line: 1, is_dead: false }
    }

    pub(in crate::interchange) fn read(&mut self, input: &mut &[u8]) -> Option<Result<Item, ImportError>> {
        while let Some(end) = input.iter().position(|&b| b == b'\n') {
            let (line, rest) = input.split_at(end);
            *input = rest.get(1..).unwrap_or_default();
            if let Some(item) = self.end_line(line) {
                return Some(item);
            }
        }
        self.extend(input);
        *input = &[];
        None
    }

    /// The last line may lack its line end.
    pub(in crate::interchange) fn finish(&mut self) -> Option<Result<Item, ImportError>> {
        self.end_line(&[])
    }

    fn extend(&mut self, bytes: &[u8]) {
        if self.is_dead {
            return;
        }
        if self.partial.len().saturating_add(bytes.len()) > MAX_LINE {
            self.is_too_long = true;
            self.partial = Vec::new();
        }
        if !self.is_too_long {
            self.partial.extend_from_slice(bytes);
        }
    }

    fn end_line(&mut self, bytes: &[u8]) -> Option<Result<Item, ImportError>> {
        if self.is_dead {
            return None;
        }
        let line = self.line;
        self.line = line.saturating_add(1);
        let result = if self.partial.is_empty() && !self.is_too_long && bytes.len() <= MAX_LINE {
            self.on_line(bytes)
        } else {
            self.extend(bytes);
            if std::mem::take(&mut self.is_too_long) {
                Err(ImportFault::TooLong { max: MAX_LINE })
            } else {
                let mut partial = std::mem::take(&mut self.partial);
                let result = self.on_line(&partial);
                partial.clear();
                self.partial = partial;
                result
            }
        };
        result.map_err(|fault| ImportError { line, fault }).transpose()
    }

    fn on_line(&mut self, line: &[u8]) -> Result<Option<Item>, ImportFault> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return Ok(None);
        }
        let Some(header) = &self.header else {
            self.is_dead = true;
            self.header = Some(Header::parse(line)?);
            self.is_dead = false;
            return Ok(None);
        };
        let row = row::finish(row::parse(header, self.space, line)?)?;
        Ok(Some(row.map_or_else(Item::Removed, Item::Lease)))
    }
}
