//! A second opinion on each message that we write: hickory-proto reads it, and it says the same.

use ddi_dns::message::{Header, Reader, Section};
use ddi_dns::{Class, Name, Records, Rtype};
use hickory_proto::op::Message;

type Question = (Vec<u8>, Rtype, Class);
type Row = (Section, Vec<u8>, Rtype, Class, u32, Vec<u8>);

/// Messages up to this long are written anew, too. In a longer one hickory-proto, which compresses the first
/// names only, may run out of room.
const AGAIN_MAX: usize = 0x4000;

/// Panics if hickory-proto can't read the message or reads something else: its records are those that we read,
/// and what it writes of them says the same, header and questions included.
#[track_caller]
pub(crate) fn check_with_hickory(message: &[u8]) -> Message {
    let theirs = Message::from_vec(message).unwrap_or_else(|e| panic!("{e}: {message:02x?}"));
    let ours = content(message);
    let is_ordinary = |row: &&Row| row.2 != Rtype::OPT && row.2 != Rtype::TSIG;
    let rows: Vec<&Row> = ours.2.iter().filter(is_ordinary).collect();
    let records = typed(&theirs);
    assert_eq!(records.iter().filter(is_ordinary).collect::<Vec<_>>(), rows, "{message:02x?}");
    if message.len() <= AGAIN_MAX {
        let again = theirs.to_vec().unwrap_or_else(|e| panic!("{e}: {message:02x?}"));
        assert_eq!(content(&again), ours, "{message:02x?}");
    }
    theirs
}

/// The records as hickory-proto has them.
fn typed(message: &Message) -> Vec<Row> {
    let sections = [
        (Section::Answer, &message.answers),
        (Section::Authority, &message.authorities),
        (Section::Additional, &message.additionals),
    ];
    let mut rows = Vec::new();
    for (section, records) in sections {
        for record in records {
            let ours = Records::try_from(record).unwrap_or_else(|e| panic!("{e}: {record}"));
            let ours = ours.first().expect("one");
            let owner = ours.owner.wire().to_vec();
            rows.push((section, owner, ours.rtype, ours.class, ours.ttl, ours.rdata.to_vec()));
        }
    }
    rows
}

/// All that a message says, whatever its compression; names as they are spelled. An OPT is the last of its
/// section, since hickory-proto does not keep its place.
fn content(message: &[u8]) -> (Header, Vec<Question>, Vec<Row>) {
    let mut reader = Reader::new(message).unwrap();
    let header = *reader.header();
    let (mut questions, mut rows) = (Vec::new(), Vec::new());
    let spelled = |name: &Name| name.as_ref().wire().to_vec();
    while let Some(question) = reader.question().unwrap() {
        questions.push((spelled(&question.name()), question.rtype, question.class));
    }
    while let Some(record) = reader.record().unwrap() {
        let mut rdata = Vec::new();
        // What an UPDATE asks about or removes has no data.
        if !record.raw_rdata().is_empty() {
            record.expand_rdata(&mut rdata).unwrap();
        }
        let owner = spelled(&record.owner());
        rows.push((record.section, owner, record.rtype, record.class, record.ttl, rdata));
    }
    reader.finish().unwrap();
    rows.sort_by_key(|row| (row.0, row.2 == Rtype::OPT));
    (header, questions, rows)
}
