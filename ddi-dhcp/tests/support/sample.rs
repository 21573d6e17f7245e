//! A packet as clients send it, and pieces to make others from.

/// Offsets in a message (RFC 2131 figure 1).
pub(crate) const SNAME: usize = 44;
pub(crate) const FILE: usize = 108;
pub(crate) const OPTIONS: usize = 240;

/// The fixed part of a request from 02:00:00:00:00:01.
pub(crate) fn fixed() -> Vec<u8> {
    let mut bytes = vec![0; 236];
    bytes[..8].copy_from_slice(&[1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78]);
    bytes[28..34].copy_from_slice(&[2, 0, 0, 0, 0, 1]);
    bytes
}

/// The fixed part, the magic cookie and an options field.
pub(crate) fn with_options(options: &[u8]) -> Vec<u8> {
    let mut bytes = fixed();
    bytes.extend([99, 130, 83, 99]);
    bytes.extend(options);
    bytes
}

/// A relayed DISCOVER with an option of nearly every kind.
pub(crate) fn discover() -> Vec<u8> {
    let mut options = Vec::new();
    let mut put = |code: u8, value: &[u8]| {
        options.extend([code, value.len() as u8]);
        options.extend(value);
    };
    put(53, &[1]);
    put(61, &[255, 0, 0, 0, 7, 0, 3, 0, 1, 2, 0, 0, 0, 0, 1]);
    put(50, &[10, 77, 16, 1]);
    put(57, &[5, 220]);
    put(60, b"example-client 1.0");
    put(12, b"workstation7");
    put(77, b"\x03lab\x04test");
    put(81, b"\x05\0\0\x02pc\x07example\x03com\0");
    put(55, &[1, 121, 3, 6, 15, 119, 108]);
    put(124, b"\0\0\x7d\x85\x05\x04acme");
    put(125, b"\0\0\x7d\x85\x06\x01\x04site");
    put(121, &[12, 10, 16, 192, 0, 2, 1]);
    put(119, b"\x03eng\x07example\x03com\0\xc0\x04");
    put(80, &[]);
    put(119, b"\x03ops\xc0\x04");
    put(224, &[1, 2, 3]);
    put(82, b"\x01\x04eth1\x02\x06\x02\0\0\0\0\x01\x05\x04\x0a\x4d\0\x01\x13\x00");
    options.push(255);
    with_options(&options)
}
