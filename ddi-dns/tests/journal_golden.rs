//! Journals written by earlier versions open for ever, with the same zones, history and notes in them. After
//! a change of format, `DDI_BLESS=1` adds the image of the present version; the others stay as they are.

#[path = "journal/support.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod support;

use ddi_core::MemStorage;
use ddi_core::log::Storage;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::{Rng, append, content, name, open, zone};

/// Beside the journal's own files: what is in it, as `content` says.
const EXPECTED: &str = "expected";

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Every kind of operation, in the log and in both kinds of files.
fn write_image(dir: &Path) {
    let (storage, mut rng) = (Arc::new(MemStorage::new()), Rng::new(1));
    let mut journal = open(&storage).unwrap();
    let apexes = ["example.", "10.in-addr.arpa.", "gone.", "loaded."].map(name);
    for apex in &apexes[..3] {
        journal.replace(&zone(apex, 4_294_967_290, 3, &mut rng)).unwrap();
    }
    for turn in 0..12 {
        append(&mut journal, &apexes[turn % 2], &mut rng).unwrap();
        journal.commit().unwrap();
        if turn == 8 {
            journal.set_note(apexes[1].as_ref(), b"refreshed at noon").unwrap();
            journal.compact().unwrap();
        }
    }
    let mut load = journal.begin_load(&zone(&apexes[3], 7, 5, &mut rng));
    while !load.step(1).unwrap() {}
    journal.end_load(&mut load).unwrap();
    journal.set_note(apexes[3].as_ref(), b"new").unwrap();
    journal.remove(apexes[2].as_ref()).unwrap();
    journal.replace(&zone(&apexes[0], 4, 2, &mut rng)).unwrap();
    append(&mut journal, &apexes[0], &mut rng).unwrap();
    journal.commit().unwrap();
    fs::create_dir_all(dir).unwrap();
    for file in storage.names() {
        fs::write(dir.join(&file), storage.content(&file).unwrap()).unwrap();
    }
    fs::write(dir.join(EXPECTED), content(journal.zones())).unwrap();
}

#[test]
fn old_images_open() {
    if std::env::var_os("DDI_BLESS").is_some() {
        write_image(&golden().join("journal-1"));
    }
    let mut images = 0;
    for image in fs::read_dir(golden()).unwrap().map(|image| image.unwrap().path()) {
        let storage = Arc::new(MemStorage::new());
        for file in fs::read_dir(&image).unwrap().map(|file| file.unwrap().path()) {
            let name = file.file_name().unwrap().to_str().unwrap();
            if name != EXPECTED {
                storage.write(name, 0, &fs::read(&file).unwrap()).unwrap();
                storage.sync(name).unwrap();
            }
        }
        let journal = open(&storage).unwrap_or_else(|error| panic!("{}: {error}", image.display()));
        let expected = fs::read(image.join(EXPECTED)).unwrap();
        assert!(content(journal.zones()) == expected, "{}", image.display());
        assert_eq!(journal.len(), 3, "{}", image.display());
        images += 1;
    }
    assert!(images >= 1);
}
