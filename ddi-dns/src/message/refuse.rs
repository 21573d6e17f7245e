//! Answers that are only a response code.

use super::{Flags, Full, Header, Rcode, Reader, Writer};

/// Writes an answer with the request's id, opcode and question, the code (its low 4 bits), and nothing else.
/// `None`: it does not fit, or `request` has no header or is an answer itself.
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
    Some(writer.finish())
}
