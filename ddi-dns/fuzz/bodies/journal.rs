use std::sync::Arc;

use crc32c::{crc32c, crc32c_append};
use ddi_core::log::{Log, LogConfig, Storage};
use ddi_core::{Lsn, MemStorage, UnixTime};
use ddi_dns::journal::{Journal, JournalConfig, Kept};
use ddi_dns::{Edit, Rtype, SerialPolicy};

/// Operations and files of a journal as a disk may hold them: opening ends without a panic, and what opens goes
/// on, and is the same when it is opened again.
///
/// The first byte says where the rest is. 0: operations of the log, each after a u16 length; 1: the same in a
/// file of all zones; 2: in a file of one zone, which the log names; 3: a file of all zones as it is.
pub fn journal(data: &[u8]) {
    let Some((mode, rest)) = data.split_first() else { return };
    let disk = Arc::new(MemStorage::new());
    match mode % 4 {
        0 => log(&disk, ops(rest)),
        1 => write(&disk, "zones-0000000000000400", &file(rest, 0x400)),
        2 => {
            write(&disk, "zone-0000000000000001", &file(rest, 1));
            let mut loaded = vec![6, 0];
            loaded.extend_from_slice(&[0; 8]);
            loaded.extend_from_slice(&1_u64.to_le_bytes());
            log(&disk, [&loaded[..]].into_iter());
        }
        _ => write(&disk, "zones-0000000000000400", rest),
    }
    let config = JournalConfig::default();
    if let Ok((journal, _)) = Journal::open(Arc::clone(&disk) as _, &config) {
        goes_on(&disk, journal);
    }
}

fn ops(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (len, after) = rest.split_first_chunk::<2>()?;
        let (op, after) = after.split_at(usize::from(u16::from_le_bytes(*len)).min(after.len()));
        rest = after;
        Some(op)
    })
}

fn log<'a>(disk: &Arc<MemStorage>, ops: impl Iterator<Item = &'a [u8]>) {
    let opened = Log::open(Arc::clone(disk) as _, LogConfig::default(), Lsn::ZERO, &mut |_, _| Ok(()));
    let (mut log, _) = opened.expect("an empty disk");
    ops.for_each(|op| drop(log.append(op)));
    log.commit().expect("no fault");
}

fn write(disk: &MemStorage, name: &str, bytes: &[u8]) {
    disk.write(name, 0, bytes).expect("no fault");
    disk.sync(name).expect("no fault");
}

/// A file of one block, by the description of the format, all operations with the LSN `number`.
fn file(bytes: &[u8], number: u64) -> Vec<u8> {
    let (mut block, mut count) = (Vec::new(), 0_u64);
    for op in ops(bytes) {
        count += 1;
        block.extend_from_slice(&number.to_le_bytes());
        block.extend_from_slice(&(op.len() as u32).to_le_bytes());
        block.extend_from_slice(op);
    }
    let seeded = |offset: u64| crc32c_append(crc32c(&number.to_le_bytes()), &offset.to_le_bytes());
    let ends = |magic: &[u8; 4], count: u64, offset: u64| {
        let mut bytes =
            [&magic[..], &[1, 0, 0, 0], &number.to_le_bytes(), &count.to_le_bytes(), &[0; 4]].concat();
        bytes.extend_from_slice(&crc32c_append(seeded(offset), &bytes).to_le_bytes());
        bytes
    };
    let mut file = ends(b"ddiZ", 0, 0);
    let len = (block.len() as u32).to_le_bytes();
    file.extend_from_slice(&len);
    file.extend_from_slice(&crc32c_append(crc32c_append(seeded(32), &len), &block).to_le_bytes());
    file.extend_from_slice(&block);
    let footer = ends(b"ddiY", count, file.len() as u64);
    [file, footer].concat()
}

fn goes_on(disk: &Arc<MemStorage>, mut journal: Journal) {
    let first = journal.zones().next().map(|kept| kept.snapshot().clone());
    if let Some(zone) = first {
        let (apex, mut edit) = (zone.apex().to_name(), Edit::new(&zone));
        let owner = apex.child(b"new").unwrap_or_else(|_| apex.clone());
        let _ = edit.add(owner.as_ref(), Rtype::A, 60, &[192, 0, 2, 1]);
        if let Ok(Some((delta, after))) = edit.finish(SerialPolicy::Increment, UnixTime(0)) {
            journal.append(Arc::new(delta), &after).expect("it leads there");
        }
        journal.set_note(apex.as_ref(), b"a note").expect("it is there");
        journal.commit().expect("no fault");
    }
    same(disk, &journal);
    journal.compact().expect("no fault");
    same(disk, &journal);
}

fn same(disk: &Arc<MemStorage>, journal: &Journal) {
    let (again, _) = Journal::open(Arc::new(disk.fork()), &JournalConfig::default()).expect("it opens again");
    assert!(content(again.zones()) == content(journal.zones()), "not what it was");
}

fn content<'a>(zones: impl Iterator<Item = &'a Kept>) -> Vec<u8> {
    let mut all = Vec::new();
    for kept in zones {
        all.extend_from_slice(&kept.version().0.to_be_bytes());
        let mut walk = kept.snapshot().walk();
        while let Some(record) = walk.next() {
            record.emit(&mut all);
        }
        for delta in kept.history().iter() {
            all.extend_from_slice(delta.removed.wire());
            all.extend_from_slice(delta.added.wire());
        }
        all.extend_from_slice(kept.note());
    }
    all
}
