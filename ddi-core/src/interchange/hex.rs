//! Bytes as hex digits, in the two shapes that lease files use.

/// Appends two lower-case digits a byte, with `separator` between bytes if it is not 0.
pub(super) fn emit(bytes: &[u8], separator: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (i, byte) in bytes.iter().enumerate() {
        if i > 0 && separator != 0 {
            out.push(separator);
        }
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// Digits without separators; `None` if there is another character or half a byte.
pub(super) fn parse_plain(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// One or two digits a byte, colons between; the empty text is no bytes.
pub(super) fn parse_colons(text: &[u8]) -> Option<Vec<u8>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let byte = |part: &[u8]| match *part {
        [low] => digit(low),
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    text.split(|&b| b == b':').map(byte).collect()
}

/// The value of one hex digit.
pub(super) fn digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        b'A'..=b'F' => Some(c - b'A' + 10),
        _ => None,
    }
}
