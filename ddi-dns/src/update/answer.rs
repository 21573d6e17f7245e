//! Answers to updates (RFC 2136 section 3.8).

use crate::message::{Flags, Header, Opcode, Opt, Rcode, Reader, Writer};
use crate::tsig::Signer;
use ddi_core::UnixTime;

/// Room for the longest answer: header, zone section, OPT, signature.
pub(super) const ANSWER_MAX: usize = 1232;

/// Writes the answer: the request's id and zone section, a code, and an OPT if the request has one. `None`: the
/// request has no header.
pub(super) fn emit(
    request: &[u8],
    rcode: Rcode,
    signer: Option<Signer>,
    now: UnixTime,
    buf: &mut [u8; ANSWER_MAX],
) -> Option<usize> {
    let id = Header::parse(request)?.id;
    let flags = Flags::default().with(Flags::QR).with_opcode(Opcode::UPDATE).with_rcode(rcode);
    let mut writer = Writer::new(buf, id, flags).ok()?;
    if let Ok(Some(zone)) = Reader::new(request).and_then(|mut reader| reader.question()) {
        writer.question(zone.name().as_ref(), zone.rtype, zone.class).ok()?;
    }
    if let Some(opt) = Opt::of(request) {
        opt.answer(rcode, &mut writer).ok()?;
    }
    let len = writer.finish();
    match signer {
        Some(mut signer) => signer.sign(buf, len, now).ok(),
        None => Some(len),
    }
}
