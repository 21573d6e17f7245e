use ddi_core::{Instant, Now, UnixTime};
use ddi_failover::endpoint::{Link, LinkConfig, OUT_MAX};
use ddi_failover::split::HashBuckets;
use ddi_failover::wire::v4::{Kind, MAX_LEN};
use ddi_failover::{Profile, Role};

/// What a partner may send on one connection: the first byte says which side this is and how its bytes are
/// cut into reads, the rest is the bytes. Between the reads time passes and something is said.
pub fn link(data: &[u8]) {
    let Some((&first, stream)) = data.split_first() else { return };
    let role = if first & 1 == 0 { Role::Secondary } else { Role::Primary };
    let config = LinkConfig {
        profile: Profile::Isc,
        role,
        relationship_name: b"fo1".to_vec(),
        vendor_class: b"ddi".to_vec(),
        max_unacked: 10,
        receive_timer_seconds: 12,
        mclt_seconds: 60,
        buckets: HashBuckets::split(128),
    };
    let mut now = Now { instant: Instant(1), unix: UnixTime(0x6b02_cc46) };
    let mut link = Link::new(now, config, first & 2 != 0);
    let (mut ended, mut sent) = (false, 0);
    for piece in stream.chunks(usize::from(first >> 2) + 1) {
        let mut input = piece;
        while let Ok(Some(_)) = link.handle_bytes(now, &mut input) {
            assert!(!ended, "an ended connection goes on");
        }
        now.instant = now.instant.plus_millis(100);
        ended = link.handle_timeout(now).is_err();
        assert!(!ended || link.terms().is_none() && link.poll_timeout().is_none());
        let _ = link.send(now, Kind::UPDREQ, |_| {});
    }
    let mut buffer = [0; 100];
    while let Some(count) = link.poll_transmit(&mut buffer) {
        sent += count;
    }
    assert!(sent <= OUT_MAX + MAX_LEN + stream.len() * 12);
}
