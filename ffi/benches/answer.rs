//! What the C library adds to an answer: `ddi_zone_answer` beside `Snapshot::answer`, the same zone and queries.
//!
//! With `DDI_COUNT=rust` or `DDI_COUNT=c` it answers [`COUNTED`] queries that way and ends: for a tool that counts
//! instructions, as `valgrind --tool=callgrind` does. `DDI_COUNT=none` only makes the zone.

use ddi::addr::{DDI_FAMILY_V4, ddi_addr};
use ddi::answer_config::{ddi_answer_config, ddi_answer_config_free, ddi_answer_config_new, ddi_asker};
use ddi::dns_message::DDI_TRANSPORT_UDP;
use ddi::dns_name::{ddi_name, ddi_name_parse};
use ddi::now::ddi_now;
use ddi::status::DDI_OK;
use ddi::zone::{ddi_zone, ddi_zone_answer, ddi_zone_free};
use ddi::zone_loader::{
    ddi_zone_loader_end, ddi_zone_loader_finish, ddi_zone_loader_free, ddi_zone_loader_new,
    ddi_zone_loader_push,
};
use ddi_core::UnixTime;
use ddi_dns::Name;
use ddi_dns::answer::{AnswerConfig, AnswerContext, Transport};
use ddi_dns::zone::{Builder, Snapshot};
use ddi_dns::zonefile::{Config, Parser, Step};
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};
use std::time::Instant;

const HOSTS: u32 = 10_000;
const QUERIES: u32 = 1024;
/// How many answers are counted.
const COUNTED: u32 = 100_000;

/// How many times both are timed, in turn.
const ROUNDS: usize = 41;

fn text() -> String {
    let mut text =
        String::from("$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\n");
    for i in 0..HOSTS {
        text +=
            &format!("host-{i} A 192.0.{}.{}\nhost-{i} TXT \"the host with number {i}\"\n", i / 250, i % 250);
    }
    text
}

fn snapshot(text: &str) -> Snapshot {
    let apex: Name = "example.com.".parse().expect("a name");
    let mut parser = Parser::new(&Config::new("zone", apex.as_ref()));
    let mut builder = Builder::new(apex.as_ref());
    parser.push(text.as_bytes());
    parser.end();
    while let Step::Record(record) = parser.step().expect("a zone file") {
        builder.push(record.owner, record.rtype, record.ttl, record.rdata).expect("fits");
    }
    builder.finish().expect("a zone")
}

fn queries() -> Vec<Vec<u8>> {
    let query = |i: u32| {
        // A multiplier that visits the numbers in no order that a cache would like.
        let label = format!("host-{}", (i.wrapping_mul(2_654_435_761) >> 4) % HOSTS);
        let mut bytes = vec![0x30, 0x77, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, label.len() as u8];
        bytes.extend_from_slice(label.as_bytes());
        bytes.extend_from_slice(b"\x07example\x03com\0");
        bytes.extend_from_slice(&[0, 1, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
        bytes
    };
    (0..QUERIES).map(query).collect()
}

/// The zone as a C program makes it.
fn c_zone(text: &str) -> *mut ddi_zone {
    let name = "example.com.";
    let (mut apex, mut loader, mut zone, mut wanted) =
        (MaybeUninit::<ddi_name>::uninit(), null_mut(), null_mut(), 0);
    // SAFETY: all pointers are to what is here.
    unsafe {
        assert_eq!(ddi_name_parse(name.as_ptr(), name.len(), apex.as_mut_ptr()), DDI_OK);
        assert_eq!(ddi_zone_loader_new(apex.as_ptr(), null(), 0, &raw mut loader), DDI_OK);
        assert_eq!(ddi_zone_loader_push(loader, text.as_ptr(), text.len(), &raw mut wanted), DDI_OK);
        assert_eq!(ddi_zone_loader_end(loader, &raw mut wanted), DDI_OK);
        assert_eq!(ddi_zone_loader_finish(loader, &raw mut zone), DDI_OK);
        ddi_zone_loader_free(loader);
    }
    zone
}

/// What a server in C does for each query.
fn ask_c(zone: *const ddi_zone, config: *const ddi_answer_config, query: &[u8], out: &mut [u8]) -> usize {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&[192, 0, 2, 1]);
    let now = ddi_now { instant_ms: 0, unix_s: 1_800_000_000 };
    let asker = ddi_asker {
        struct_size: size_of::<ddi_asker>() as u32,
        transport: DDI_TRANSPORT_UDP,
        client: ddi_addr { family: DDI_FAMILY_V4, pad: 0, port: 53, scope: 0, bytes },
        reserve: 0,
        pad: 0,
    };
    let mut len = 0;
    // SAFETY: all pointers are to what is here, or was made here.
    let status = unsafe {
        ddi_zone_answer(
            zone,
            &raw const now,
            config,
            &raw const asker,
            query.as_ptr(),
            query.len(),
            out.as_mut_ptr(),
            out.len(),
            &raw mut len,
            null_mut(),
        )
    };
    assert_eq!(status, DDI_OK);
    len
}

fn main() {
    let text = text();
    let (snapshot, zone) = (snapshot(&text), c_zone(&text));
    let queries = queries();

    let config = AnswerConfig::default();
    let client = "192.0.2.1".parse().expect("an address");
    let context = AnswerContext::new(&config, Transport::Udp, client, UnixTime(1_800_000_000));
    let mut out = [0; 1232];
    let mut rust =
        |query: &[u8]| snapshot.answer(query, &context, &mut out).map_or(0, |answered| answered.len);

    let mut c_config = null_mut();
    // SAFETY: the pointer is to what is here.
    assert_eq!(unsafe { ddi_answer_config_new(&raw mut c_config) }, DDI_OK);
    let mut c_out = [0; 1232];
    let mut c = |query: &[u8]| ask_c(zone, c_config, query, &mut c_out);

    let mut all = queries.iter().cycle();
    let mut next = || all.next().expect("endless").as_slice();
    match std::env::var("DDI_COUNT").as_deref() {
        Ok("rust") => drop((0..COUNTED).map(|_| black_box(rust(next()))).max()),
        Ok("c") => drop((0..COUNTED).map(|_| black_box(c(next()))).max()),
        Ok(_) => {}
        Err(_) => {
            let (mut in_rust, mut in_c) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                in_rust.push(nanos(|| black_box(rust(next()))));
                in_c.push(nanos(|| black_box(c(next()))));
            }
            let (in_rust, in_c) = (median(in_rust), median(in_c));
            println!(
                "Snapshot::answer {in_rust:.1} ns, ddi_zone_answer {in_c:.1} ns: {:.1} ns more",
                in_c - in_rust
            );
        }
    }
    // SAFETY: made above, and not used any more.
    unsafe {
        ddi_zone_free(zone);
        ddi_answer_config_free(c_config);
    }
}

/// Nanoseconds for each call.
fn nanos(mut call: impl FnMut() -> usize) -> f64 {
    let start = Instant::now();
    for _ in 0..QUERIES * 8 {
        call();
    }
    start.elapsed().as_nanos() as f64 / f64::from(QUERIES * 8)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
