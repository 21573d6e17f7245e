//! Looks at the log of a database directory that is not in use, and saves what can be saved.
//!
//! ```text
//! inspect_log DIR                 prints every batch, gap and damaged place
//! inspect_log DIR ops             the same, with every operation in hex
//! inspect_log DIR verify          prints damage only, also of snapshots; exit code 1 if there is any
//! inspect_log DIR salvage NEW     saves what is whole in a database in the directory NEW, lists what is lost
//! ```
//! The last place of a log may be a batch that a crash tore and that nobody was promised; `verify`
//! reports it like other damage, and opening the database cuts it off.

use std::error::Error;
use std::hash::{BuildHasher, Hasher};
use std::process::ExitCode;
use std::sync::Arc;

use ddi_core::DbConfig;
use ddi_core::db::{damaged_snapshots, salvage};
use ddi_core::log::{BatchKind, FileStorage, Finding, LogScan, Storage};

type Outcome = Result<ExitCode, Box<dyn Error>>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        [dir] => print(dir, false),
        [dir, "ops"] => print(dir, true),
        [dir, "verify"] => verify(dir),
        [dir, "salvage", new] => save(dir, new),
        _ => {
            eprintln!("usage: inspect_log DIR [ops | verify | salvage NEW]");
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("inspect_log: {error}");
        ExitCode::from(2)
    })
}

fn open(dir: &str) -> Result<Arc<dyn Storage>, Box<dyn Error>> {
    if !std::path::Path::new(dir).is_dir() {
        return Err(format!("{dir} is no directory").into());
    }
    Ok(Arc::new(FileStorage::open(dir)?))
}

fn print(dir: &str, with_ops: bool) -> Outcome {
    let mut scan = LogScan::new(open(dir)?, None)?;
    let (mut batches, mut ops) = (0u64, 0u64);
    while let Some(finding) = scan.next()? {
        show(&finding);
        let Finding::Batch(batch) = finding else { continue };
        batches += 1;
        for (op, lsn) in scan.ops().zip(batch.first.0..) {
            ops += 1;
            if with_ops {
                println!("    {lsn} {}", hex(op));
            }
        }
    }
    println!("{batches} batches, {ops} operations");
    Ok(ExitCode::SUCCESS)
}

fn verify(dir: &str) -> Outcome {
    let storage = open(dir)?;
    let damaged = damaged_snapshots(&*storage)?;
    for (file, damage) in &damaged {
        println!("DAMAGE {file}: {damage}");
    }
    let mut scan = LogScan::new(storage, None)?;
    let (mut batches, mut wrong) = (0u64, damaged.len() as u64);
    while let Some(finding) = scan.next()? {
        let whole = matches!(&finding, Finding::Batch(batch) if batch.kind == BatchKind::Ops);
        if whole {
            batches += 1;
        } else {
            wrong += 1;
            show(&finding);
        }
    }
    println!("{batches} whole batches, {wrong} findings");
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn save(dir: &str, new: &str) -> Outcome {
    let (from, to) = (open(dir)?, Arc::new(FileStorage::open(new)?) as Arc<dyn Storage>);
    let mut config = DbConfig::new([0; 16]);
    config.log.log_id = std::hash::RandomState::new().build_hasher().finish();
    config.indexes.clear();
    let saved = salvage(&from, &to, &config, &mut |finding| {
        if !matches!(finding, Finding::Batch(_)) {
            show(finding);
        }
    })?;
    copy_others(&*from, &*to)?;
    for (file, damage) in &saved.damaged {
        println!("DAMAGE {file}: {damage}");
    }
    for (first, last) in &saved.lost {
        println!("LOST  lsn {}..{}", first.0, last.0);
    }
    let opened = &saved.opened;
    println!(
        "saved {} leases: snapshot of lsn {}, log up to {}",
        opened.leases, opened.snapshot.0, opened.log.last.0
    );
    let is_whole = saved.damaged.is_empty() && saved.lost.is_empty() && saved.log.damaged == 0;
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is in the directory and not the database's, as it is.
fn copy_others(from: &dyn Storage, to: &dyn Storage) -> std::io::Result<()> {
    let is_other = |name: &str| !name.ends_with(".log") && !name.starts_with("snapshot") && name != "lock";
    for (name, bytes) in from.list()?.into_iter().filter(|(name, _)| is_other(name)) {
        let mut piece = vec![0; 1 << 20];
        for offset in (0..bytes).step_by(piece.len()) {
            let len = from.read(&name, offset, &mut piece)?;
            to.write(&name, offset, &piece[..len])?;
        }
        to.sync(&name)?;
    }
    Ok(())
}

fn show(finding: &Finding) {
    match finding {
        Finding::Batch(batch) => {
            let kind = if batch.kind == BatchKind::Gap { "lost " } else { "batch" };
            println!(
                "{kind} {}+{:<8} lsn {}..{} epoch {} payload {} chain {:016x}",
                batch.file,
                batch.offset,
                batch.first.0,
                batch.last.0,
                batch.epoch,
                batch.payload_bytes,
                batch.chain
            );
        }
        Finding::Gap { first, last } => println!("GAP   lsn {}..{} are in no whole batch", first.0, last.0),
        Finding::Damaged { file, offset, bytes, damage } => {
            println!("DAMAGE {file}+{offset} {bytes} bytes: {damage}");
        }
        other => println!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
