//! Any bytes as a message: what can be read can be written again, and says the same then.

use ddi_dns::message::{Reader, Section, Writer};
use ddi_dns::{Class, Name, Rtype};

/// Names of any bytes are 255 long at the most, and a message may hold one in every few bytes.
const OUT_MAX: usize = 1 << 20;

type Record = (Section, Name, Rtype, Class, u32, Vec<u8>);

#[derive(PartialEq, Debug)]
struct Content {
    questions: Vec<(Name, Rtype, Class)>,
    records: Vec<Record>,
}

/// What a message says; `None` if it is not one.
fn content(message: &[u8]) -> Option<Content> {
    let mut reader = Reader::new(message).ok()?;
    let (mut questions, mut records) = (Vec::new(), Vec::new());
    while let Some(question) = reader.question().ok()? {
        questions.push((question.name(), question.rtype, question.class));
    }
    while let Some(record) = reader.record().ok()? {
        let mut rdata = Vec::new();
        record.expand_rdata(&mut rdata).ok()?;
        records.push((record.section, record.owner(), record.rtype, record.class, record.ttl, rdata));
    }
    reader.finish().ok()?;
    Some(Content { questions, records })
}

pub fn message(data: &[u8]) {
    let Some(read) = content(data) else { return };
    let header = *Reader::new(data).unwrap().header();
    let mut out = vec![0; OUT_MAX.min(data.len() * 260)];
    let mut writer = Writer::new(&mut out, header.id, header.flags).unwrap();
    for (name, rtype, class) in &read.questions {
        if writer.question(name.as_ref(), *rtype, *class).is_err() {
            return;
        }
    }
    for (section, owner, rtype, class, ttl, rdata) in &read.records {
        if writer.record(*section, owner.as_ref(), *rtype, *class, *ttl, rdata).is_err() {
            return;
        }
    }
    let len = writer.finish();
    let again = Reader::new(&out[..len]).unwrap();
    assert_eq!((again.header().id, again.header().flags), (header.id, header.flags));
    assert_eq!(content(&out[..len]), Some(read));
}
