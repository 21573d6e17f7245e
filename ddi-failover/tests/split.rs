//! Load balancing: RFC 3074 with its vectors, the assignments of dhcpd and the draft.

use ddi_failover::split::{HashBuckets, LoadBalance, bucket};
use ddi_failover::{Profile, Role};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn the_twelve_vectors() {
    for (key, want) in [
        ("020000000002", 45),
        ("020000000001", 133),
        ("020000000003", 182),
        ("020000000004", 150),
        ("00163e000001", 73),
        ("ffffffffffff", 79),
        ("0100163e000001", 134),
        ("01020000000002", 66),
        ("686f73742d32", 111),
        ("00", 175),
        ("01", 251),
        ("", 0),
    ] {
        assert_eq!(bucket(&hex(key)), want, "{key}");
    }
}

#[test]
fn the_table_is_a_permutation() {
    // With one byte the hash is the table at (1 xor byte).
    let mut seen: Vec<u8> = (0..=255).map(|byte| bucket(&[byte])).collect();
    seen.sort_unstable();
    assert!(seen.iter().copied().eq(0..=255));
    // 256 bytes count as 0.
    assert_eq!(bucket(&[0; 256]), (0..256).fold(0, |hash, _| bucket(&[hash ^ 1])));
}

#[test]
fn split_is_the_first_buckets() {
    for count in [0, 1, 7, 8, 9, 127, 128, 200, 255, 256, 1000] {
        let buckets = HashBuckets::split(count);
        for number in 0..=255u8 {
            let primary = u16::from(number) < count;
            assert_eq!(buckets.server_of(number) == Role::Primary, primary, "split {count}, bucket {number}");
        }
        assert_eq!(buckets.primary_count(), u32::from(count.min(256)));
    }
    // As dhcpd sent it for split 128.
    let captured = [[0xff; 16], [0; 16]].concat();
    assert_eq!(HashBuckets::split(128).to_wire(Profile::Isc)[..], captured);
}

#[test]
fn a_bit_means_the_other_server_to_the_draft() {
    let buckets = HashBuckets::split(77);
    for profile in [Profile::Isc, Profile::Draft] {
        assert_eq!(HashBuckets::from_wire(profile, buckets.to_wire(profile)), buckets);
    }
    let (isc, draft) = (buckets.to_wire(Profile::Isc), buckets.to_wire(Profile::Draft));
    assert!(isc.iter().zip(draft).all(|(one, other)| one ^ other == 0xff));
}

#[test]
fn hba_text() {
    let text =
        "ff:ff:01:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:80";
    let buckets: HashBuckets = text.parse().unwrap();
    assert_eq!(buckets.to_string(), text);
    let primary: Vec<u8> = (0..=255).filter(|b| buckets.server_of(*b) == Role::Primary).collect();
    assert_eq!(primary, [(0..=16).collect::<Vec<_>>(), vec![255]].concat());
    for (text, index) in [
        ("", 0),
        ("ff", 1),
        (&text[..text.len() - 3], 31),
        (&format!("{text}:00"), 32),
        (&text.replace("01", "g1"), 2),
        (&text.replace("01", "+1"), 2),
        (&text.replace("01", "001"), 2),
    ] {
        assert_eq!(text.parse::<HashBuckets>().unwrap_err().index, index, "{text}");
    }
}

#[test]
fn who_answers() {
    let (low, high) = (hex("020000000002"), hex("020000000001")); // buckets 45 and 133
    let balance =
        LoadBalance { buckets: Some(HashBuckets::split(128)), max_seconds: 3, ..LoadBalance::default() };
    for (key, mine, other) in
        [(&low, Role::Primary, Role::Secondary), (&high, Role::Secondary, Role::Primary)]
    {
        assert!(balance.answers(mine, key, 0, true));
        assert!(!balance.answers(other, key, 0, true));
        assert!(!balance.answers(other, key, 3, true), "strictly longer");
        assert!(balance.answers(other, key, 4, true));
        assert!(balance.answers(other, key, 0, false), "the partner has nothing left");
        assert!(LoadBalance { max_seconds: 0, ..balance }.answers(other, key, 0, true), "no balancing");
        assert!(
            !LoadBalance { buckets: None, ..balance }.answers(mine, key, 0, true),
            "nothing assigned yet"
        );
    }
    // 0x0200 is 2 the wrong way round; 0x0201 is not.
    let swapping = LoadBalance { check_secs_byte_order: true, ..balance };
    assert!(!swapping.answers(Role::Secondary, &low, 0x0200, true));
    assert!(swapping.answers(Role::Secondary, &low, 0x0201, true));
    assert!(swapping.answers(Role::Secondary, &low, 0x0400, true));
    assert!(balance.answers(Role::Secondary, &low, 0x0200, true));
}
