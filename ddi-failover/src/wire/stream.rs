//! Cutting the byte stream into messages.

use crate::error::WireError;
use crate::wire::v4::{HEADER_LEN, MAX_LEN};

/// Cuts a TCP stream into messages by their length prefix (draft section 6.1: two bytes that count
/// themselves). Holds at most one incomplete message, so at most [`MAX_LEN`] bytes.
///
/// ```
/// # use ddi_failover::wire::Deframer;
/// let contact = [0, 12, 11, 12, 0x6b, 2, 0xcc, 0x46, 0, 0, 0, 11];
/// let mut deframer = Deframer::default();
/// let (first, second) = contact.split_at(5);
/// let mut input = first;
/// assert_eq!(deframer.next_message(&mut input), Ok(None));
/// let mut input = second;
/// assert_eq!(deframer.next_message(&mut input), Ok(Some(&contact[..])));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Deframer {
    held: Vec<u8>,
    given: bool,
}

impl Deframer {
    /// The next whole message, taking what it needs off the front of `input`. `None`: all of `input`
    /// is taken, and the message goes on in bytes that have not arrived yet. A message that lies in
    /// one piece in `input` is not copied.
    ///
    /// # Errors
    ///
    /// [`WireError::Length`] if the length prefix is out of bounds. There is no way to go on: the
    /// connection must be closed, and this `Deframer` be [cleared](Self::clear).
    pub fn next_message<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<&'a [u8]>, WireError> {
        if std::mem::take(&mut self.given) {
            self.held.clear();
        }
        if self.held.is_empty()
            && let Some(length) = length_prefix(input)?
            && let Some((message, rest)) = input.split_at_checked(length)
        {
            *input = rest;
            return Ok(Some(message));
        }
        self.take(input, 2);
        let Some(length) = length_prefix(&self.held)? else { return Ok(None) };
        self.take(input, length);
        if self.held.len() < length {
            return Ok(None);
        }
        self.given = true;
        Ok(Some(&self.held))
    }

    /// Forgets an incomplete message: for a new connection.
    pub fn clear(&mut self) {
        self.held.clear();
        self.given = false;
    }

    /// Bytes of an incomplete message that are held.
    #[must_use]
    pub fn held(&self) -> usize {
        if self.given { 0 } else { self.held.len() }
    }

    /// Moves bytes over until `self.held` has `want` of them, or `input` is empty.
    fn take(&mut self, input: &mut &[u8], want: usize) {
        let count = want.saturating_sub(self.held.len()).min(input.len());
        let (taken, rest) = input.split_at(count);
        self.held.extend_from_slice(taken);
        *input = rest;
    }
}

/// The length that the first two bytes announce; `None` if there are fewer.
fn length_prefix(bytes: &[u8]) -> Result<Option<usize>, WireError> {
    let Some(prefix) = bytes.first_chunk::<2>() else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes(*prefix));
    if (HEADER_LEN..=MAX_LEN).contains(&length) {
        Ok(Some(length))
    } else {
        Err(WireError::Length { length })
    }
}
