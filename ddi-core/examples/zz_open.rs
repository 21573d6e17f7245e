use ddi_core::{
    BindingState, DbConfig, Expect, FileStorage, HwAddr, Lease, LeaseDb, LeaseKey, LeaseStore, UnixTime,
};
use std::sync::Arc;
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    s.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n: u32 = a[2].parse().unwrap();
    let k = *b"lease_scale's ke";
    if n > 0 {
        let (mut db, _) =
            LeaseDb::open(Arc::new(FileStorage::open(&a[1]).unwrap()), &DbConfig::new(k)).unwrap();
        let mut l = Lease::default();
        let c = cpu();
        let mut csync = 0.0;
        let mut worst = 0.0f64;
        for i in 0..n {
            let t = std::time::Instant::now();
            let place = (u64::from(i) * 2_654_435_761 % u64::from(n)) as u32;
            l.reset(LeaseKey::v4((0x0a000000 + place).into()));
            let [a, b, c, d] = i.to_be_bytes();
            l.state = BindingState::Active;
            l.hw_addr = HwAddr::new(1, &[2, 0, a, b, c, d]).unwrap();
            l.client_id.extend_from_slice(&[1, 2, 0, a, b, c, d]);
            l.hostname.extend_from_slice(format!("host{i:08x}").as_bytes());
            l.subnet_id = place >> 16;
            l.start_time_of_state = UnixTime(1_800_000_000 + u64::from(i / 3000));
            l.client_last_transaction_time = l.start_time_of_state;
            l.expiration_time = l.start_time_of_state.plus_secs(4000);
            db.put(&mut l, Expect::Absent).unwrap();
            worst = worst.max(t.elapsed().as_secs_f64());
            if i % 1000 == 999 {
                let c = cpu();
                db.commit().unwrap();
                csync += cpu() - c;
            }
        }
        db.commit().unwrap();
        println!("fill cpu {} of which sync {csync} worst put {worst}", cpu() - c);
        return;
    }
    let c = cpu();
    let t = std::time::Instant::now();
    let (db, _) = LeaseDb::open(Arc::new(FileStorage::open(&a[1]).unwrap()), &DbConfig::new(k)).unwrap();
    println!("open {} cpu {} wall {:?}", db.len(), cpu() - c, t.elapsed());
}
