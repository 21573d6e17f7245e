//! The saved state: what is written is read, and nothing else is.

use ddi_core::UnixTime;
use ddi_failover::saved::{Saved, SavedError};
use ddi_failover::{Role, State};

fn example() -> Saved {
    Saved {
        role: Role::Secondary,
        state: State::Paused,
        resume: State::Normal,
        since: UnixTime(1_700_000_000),
        partner: Some(State::RecoverWait),
        partner_since: UnixTime(1_600_000_000),
        last_operation: UnixTime(u64::MAX),
        mclt_seconds: 1800,
        full_update_owed: false,
        full_update_due: true,
        partner_took_over: false,
        forgotten_until: UnixTime(7),
    }
}

fn encoded(saved: &Saved) -> Vec<u8> {
    let mut bytes = vec![0xee];
    saved.encode(b"fo1", &mut bytes);
    bytes.remove(0);
    bytes
}

#[test]
fn comes_back() {
    for role in [Role::Primary, Role::Secondary] {
        for state in State::ALL {
            for partner in [None, Some(state)] {
                let saved = Saved {
                    role,
                    state,
                    resume: state,
                    partner,
                    full_update_owed: true,
                    partner_took_over: partner.is_some(),
                    ..example()
                };
                assert_eq!(Saved::decode(&encoded(&saved), b"fo1"), Ok(saved));
            }
        }
    }
    let nothing = Saved::nothing(Role::Primary, UnixTime(5));
    assert_eq!(Saved::decode(&encoded(&nothing), b"fo1"), Ok(nothing));
}

#[test]
fn format_does_not_drift() {
    let hex: String = encoded(&example()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        "646469460102070\
         2fe020003000000006553f100000000005f5e1000ffffffffffffffff000000000000000700000708666f31\
         1ebcdfcc"
    );
}

#[test]
fn every_damage_is_seen() {
    let good = encoded(&example());
    for at in 0..good.len() {
        assert_eq!(Saved::decode(&good[..at], b"fo1"), Err(SavedError::Damaged), "cut at {at}");
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            assert_eq!(Saved::decode(&bad, b"fo1"), Err(SavedError::Damaged), "bit {bit} of byte {at}");
        }
    }
    assert_eq!(Saved::decode(&[&good[..], b"x"].concat(), b"fo1"), Err(SavedError::Damaged));
}

#[test]
fn what_is_not_ours_is_named() {
    let mut bytes = encoded(&example());
    let other = Saved::decode(&bytes, b"fo2").unwrap_err();
    assert_eq!(other.to_string(), "the saved failover state belongs to relationship \"fo1\"");
    let mut changed = |at: usize, value: u8| {
        bytes[at] = value;
        let end = bytes.len() - 4;
        let checksum = crc32c::crc32c(&bytes[..end]);
        bytes[end..].copy_from_slice(&checksum.to_be_bytes());
        Saved::decode(&bytes, b"fo1")
    };
    assert_eq!(changed(8, 99), Err(SavedError::Number { field: "partner's state", number: 99 }));
    assert_eq!(changed(5, 0), Err(SavedError::Number { field: "role", number: 0 }));
    assert_eq!(changed(4, 2), Err(SavedError::Version { version: 2 }));
}
