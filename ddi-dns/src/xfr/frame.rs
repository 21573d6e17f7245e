//! Cutting a TCP stream into messages (RFC 1035 section 4.2.2).

/// Takes messages off a TCP stream by their two length bytes, which don't count themselves. Holds at most
/// one incomplete message, so at most 65537 bytes.
///
/// ```
/// # use ddi_dns::xfr::Deframer;
/// let mut deframer = Deframer::default();
/// let mut input = &[0, 3, 1, 2][..];
/// assert_eq!(deframer.next_message(&mut input), None);
/// let mut input = &[3, 0, 1, 9][..];
/// assert_eq!(deframer.next_message(&mut input), Some(&[1, 2, 3][..]));
/// assert_eq!(deframer.next_message(&mut input), Some(&[9][..]));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Deframer {
    held: Vec<u8>,
    given: bool,
}

impl Deframer {
    /// The next whole message, taking what it needs off the front of `input`. `None`: all of `input` is
    /// taken, and the message goes on in bytes that have not arrived yet. A message that lies in one piece
    /// in `input` is not copied.
    pub fn next_message<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Option<&'a [u8]> {
        if std::mem::take(&mut self.given) {
            self.held.clear();
        }
        if self.held.is_empty()
            && let Some((prefix, rest)) = input.split_first_chunk::<2>()
            && let Some((message, rest)) = rest.split_at_checked(usize::from(u16::from_be_bytes(*prefix)))
        {
            *input = rest;
            return Some(message);
        }
        self.take(input, 2);
        let prefix = self.held.first_chunk::<2>()?;
        let end = 2 + usize::from(u16::from_be_bytes(*prefix));
        self.take(input, end);
        if self.held.len() < end {
            return None;
        }
        self.given = true;
        self.held.get(2..end)
    }

    /// Forgets an incomplete message: for a new connection.
    pub fn clear(&mut self) {
        self.held.clear();
        self.given = false;
    }

    /// Moves bytes over until `self.held` has `want` of them, or `input` is empty.
    fn take(&mut self, input: &mut &[u8], want: usize) {
        let count = want.saturating_sub(self.held.len()).min(input.len());
        let (taken, rest) = input.split_at(count);
        self.held.extend_from_slice(taken);
        *input = rest;
    }
}
