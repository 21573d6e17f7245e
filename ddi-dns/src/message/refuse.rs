//! Answers that are only a response code.

use super::{Flags, Full, Header, Opt, Rcode, Reader, Writer};

/// Writes an answer with the request's id, opcode and question, the code, and nothing else but an OPT if the
/// request has one; without it the code's low 4 bits are all there is of it. `None`: it does not fit, or `request`
/// has no header or is an answer itself.
#[must_use]
pub fn refuse(request: &[u8], rcode: Rcode, buf: &mut [u8]) -> Option<usize> {
    let header = Header::parse(request)?;
    if header.flags.has(Flags::QR) {
        return None;
    }
    let flags = Flags(header.flags.0 & Flags::RD).with(Flags::QR);
    let flags = flags.with_opcode(header.flags.opcode()).with_rcode(rcode);
    let mut writer = Writer::new(buf, header.id, flags).ok()?;
    let question = Reader::new(request).and_then(|mut reader| reader.question());
    if let (1, Ok(Some(question))) = (header.counts[0], question) {
        let written = writer.question(question.name().as_ref(), question.rtype, question.class);
        if let Err(Full) = written {
            return None;
        }
    }
    if let Some(opt) = Opt::of(request) {
        opt.answer(rcode, &mut writer).ok()?;
    }
    Some(writer.finish())
}
