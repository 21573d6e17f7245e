use ddi_core::db::{DbConfig, PoolConfig};
use ddi_core::{Instant, LeaseDb, MemStorage, Now, PoolId, UnixTime};
use ddi_failover::Role;
use ddi_failover::endpoint::{ACKS_MAX, Config, Endpoint, Event, LinkId, OUT_MAX, Start};
use std::sync::Arc;

const LINK: LinkId = LinkId(1);

/// What a partner may send to a whole endpoint: the first byte says which side this is and how the bytes are cut
/// into reads, the rest is the bytes. Between the reads time passes, and everything is stored and sent.
pub fn endpoint_bytes(data: &[u8]) {
    let Some((&first, stream)) = data.split_first() else { return };
    let role = if first & 1 == 0 { Role::Secondary } else { Role::Primary };
    let pool = PoolConfig {
        id: PoolId(1),
        space: 0,
        subnet_id: 1,
        first: [10, 0, 0, 1].into(),
        last: [10, 0, 0, 100].into(),
        excluded: vec![([10, 0, 0, 90].into(), [10, 0, 0, 99].into())],
        reserved: vec![[10, 0, 0, 7].into()],
    };
    let mut now = Now { instant: Instant(1000), unix: UnixTime(1_700_000_000) };
    let mut config = Config::new(b"fo1", role, vec![pool]);
    (config.mclt_seconds, config.dials) = (60, false);
    let storage = Arc::new(MemStorage::default());
    let (mut db, _) = LeaseDb::open(storage, &DbConfig::new([3; 16])).expect("opens");
    db.set_pools(&config.pools).expect("one pool");
    let mut endpoint = Endpoint::new(now, config, Start::Nothing).expect("a good config");
    endpoint.handle_accepted(now, LINK);
    let mut buffer = [0; 4096];
    for piece in stream.chunks(usize::from(first >> 1) * 8 + 1) {
        let ended = endpoint.handle_bytes(now, &mut db, LINK, piece).is_err();
        for _ in 0..50 {
            if endpoint.poll_timeout().is_some_and(|due| due <= now.instant) {
                endpoint.handle_timeout(now, &mut db);
            }
            db.commit().expect("in memory");
            let mut sent = 0;
            while let Some(len) = endpoint.poll_transmit(&db, LINK, &mut buffer) {
                sent += len;
            }
            assert!(sent <= 2 * OUT_MAX);
            while let Some(event) = endpoint.poll_event() {
                if let Event::Save { number, .. } = event {
                    endpoint.handle_saved(number);
                }
            }
        }
        let status = endpoint.status(&db);
        assert!(status.to_ack <= ACKS_MAX && status.unacked <= 10_000);
        if ended {
            assert_eq!(status.link, None, "an ended connection goes on");
            endpoint.handle_closed(now, &mut db, LINK);
            endpoint.handle_accepted(now, LINK);
        }
        now = Now { instant: now.instant.plus_millis(100), unix: UnixTime(1_700_000_000) };
    }
    assert!(db.pool_counts(PoolId(1)).is_some_and(|counts| counts.total == 89));
}
