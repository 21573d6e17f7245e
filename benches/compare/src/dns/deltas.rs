//! `deltas`: 1,000 changes all over a zone, applied and published.

use ddi_benches::ReferenceZone;
use ddi_core::UnixTime;
use ddi_dns::zone::{Builder, Strictness};
use ddi_dns::{Delta, Edit, Name, NameRef, Rtype, SerialPolicy, Snapshot, Zone};

use crate::Failure;
use crate::process::thread_nanos;
use crate::table::{self, grouped};

const CHANGES: u32 = 1000;
const ROUNDS: usize = 41;

pub(super) fn run() -> Result<(), Failure> {
    println!("a delta of {CHANGES} changes applied and published, median of {ROUNDS}");
    let mut rows = Vec::new();
    for hosts in [10_000, 100_000, 1_000_000] {
        let zone = Zone::new(build(hosts)?);
        let base = zone.snapshot();
        let delta = delta(&base, hosts)?;
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            zone.publish(base.clone())?;
            let started = thread_nanos()?;
            let next = zone.read().apply(&delta, Strictness::Exact)?;
            zone.publish(next)?;
            times.push((thread_nanos()? - started) as f64 / 1e6);
        }
        times.sort_by(f64::total_cmp);
        rows.push(vec![grouped(f64::from(hosts)), format!("{:.2}", times[ROUNDS / 2])]);
    }
    table::print(&["names", "ms"], &rows);
    Ok(())
}

fn build(hosts: u32) -> Result<Snapshot, Failure> {
    let mut builder = Builder::new(NameRef::new(ReferenceZone::APEX_WIRE)?);
    for row in (ReferenceZone { hosts }).rows() {
        builder.push(NameRef::new(&row.owner)?, Rtype(row.number), ReferenceZone::TTL, &row.rdata)?;
    }
    Ok(builder.finish()?)
}

/// Half of it are new addresses, half old ones gone.
fn delta(zone: &Snapshot, hosts: u32) -> Result<Delta, Failure> {
    let mut edit = Edit::new(zone);
    for i in 0..CHANGES / 2 {
        let host = i.wrapping_mul(2_654_435_761) % hosts;
        let name: Name = format!("host-{host}.{}", ReferenceZone::APEX).parse()?;
        edit.remove_rrset(name.as_ref(), Rtype::A);
        edit.add(name.as_ref(), Rtype::A, ReferenceZone::TTL, &i.to_be_bytes())?;
    }
    let finished = edit.finish(SerialPolicy::Increment, UnixTime(0))?;
    Ok(finished.ok_or("nothing changed")?.0)
}
