//! The escape of Kea's text columns: `&#xHH` stands for a byte. Kea 2.2 writes it for commas and
//! ampersands only, so a line end in a name would break its file; later ones write it for everything
//! that is not printable ASCII. Kea reads it for any byte.

use crate::interchange::hex;

const TAG: &[u8] = b"&#x";

/// Appends the column's bytes; an incomplete escape stands for itself.
pub(super) fn unescape(mut text: &[u8], out: &mut Vec<u8>) {
    while let Some((&first, rest)) = text.split_first() {
        let digits = text.strip_prefix(TAG).and_then(|t| t.get(..2)).and_then(hex::parse_plain);
        match digits.as_deref() {
            Some(&[byte]) => {
                out.push(byte);
                text = text.get(TAG.len() + 2..).unwrap_or_default();
            }
            _ => {
                out.push(first);
                text = rest;
            }
        }
    }
}

/// Appends the bytes as a column.
pub(super) fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        if matches!(byte, 0x20..=0x7e) && byte != b',' && byte != b'&' {
            out.push(byte);
        } else {
            out.extend_from_slice(TAG);
            hex::emit(&[byte], 0, out);
        }
    }
}
