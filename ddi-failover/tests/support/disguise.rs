//! A server of ours that its partner takes to be dhcpd.

/// In CONNECT and CONNECTACK, dhcpd's vendor class in place of ddi's.
pub(crate) fn disguise(message: &mut [u8]) {
    const OURS: &[u8] = b"\0\x1c\0\x03ddi";
    if let (Some(5 | 6), Some(at)) =
        (message.get(2), message.windows(OURS.len()).position(|bytes| bytes == OURS))
    {
        message[at + 4..at + OURS.len()].copy_from_slice(b"isc");
    }
}
