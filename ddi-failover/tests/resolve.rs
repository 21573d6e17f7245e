//! Binding updates: the tables of acceptance, duels, and what becomes of a lease.

use ddi_core::{BindingState, HwAddr, Lease, Origin, UnixTime};
use ddi_failover::resolve::{
    AfterRefusal, Context, Outgoing, Refusal, Update, acknowledged, after_refusal, apply, decide,
    outgoing_wins, transmitted,
};
use ddi_failover::wire::v4::{BindingUpdate, HardwareAddress, RejectReason};
use ddi_failover::{Profile, Role, State};

use BindingState::*;

const NOW: UnixTime = UnixTime(1_000_000);
const CLIENT: [u8; 6] = [2, 0, 0, 0, 0, 1];

fn wire(status: u8) -> BindingUpdate<'static> {
    let hw_addr = (status != 5).then_some(HardwareAddress { htype: 1, addr: &CLIENT });
    BindingUpdate {
        address: Some([10, 0, 0, 1].into()),
        binding_status: Some(status),
        hw_addr,
        ..BindingUpdate::default()
    }
}

fn update(state: BindingState) -> Update<'static> {
    Update::from_wire(&wire(state.number())).unwrap()
}

fn held(state: BindingState) -> Lease {
    let mut lease = Lease::default();
    lease.state = state;
    lease.hw_addr = HwAddr::new(1, &CLIENT).unwrap();
    lease
}

fn context(profile: Profile, role: Role, state: State, held: &Lease) -> Context<'_> {
    Context { profile, role, state, now: NOW, held, in_pool: true, outgoing: None, known: false }
}

const STATES: [BindingState; 7] = [Active, Expired, Released, Abandoned, Reset, Free, Backup];

/// Rows: what is held. Columns: STATES. `ok`, `no`, `end` (the stored lease may end 65 s early), `pot`
/// (option 18 has passed).
const ISC_PRIMARY: [(&str, BindingState); 7] = [
    ("ok no  ok ok no no  no", Active),
    ("ok ok  ok ok ok pot pot", Expired),
    ("ok ok  ok ok ok ok  ok", Released),
    ("ok ok  ok ok ok ok  ok", Abandoned),
    ("ok ok  ok ok ok pot pot", Reset),
    ("ok ok  ok ok ok ok  ok", Free),
    ("ok ok  ok ok ok ok  ok", Backup),
];
const ISC_SECONDARY_ACTIVE: &str = "ok end ok ok ok pot pot";
const ISC_ELSEWHERE_ACTIVE: &str = "ok end ok ok ok no no";

fn accepts(context: &Context<'_>, update: &Update<'_>) -> bool {
    match decide(context, update) {
        Ok(_) => true,
        Err(refusal) => {
            assert_eq!(refusal.reason(), RejectReason::FATAL_CONFLICT);
            assert!(refusal.to_string().starts_with("invalid state transition: "));
            false
        }
    }
}

fn check_isc(role: Role, state: State, held_state: BindingState, row: &str) {
    for (text, to) in row.split_whitespace().zip(STATES) {
        for (late, potential) in [(-1, -1), (-1, 0), (-1, 1), (64, 0), (65, 0), (66, 0), (66, 1)] {
            let mut lease = held(held_state);
            lease.expiration_time = UnixTime(NOW.0.wrapping_add_signed(late));
            let mut update = update(to);
            update.potential_expiration = Some(UnixTime(NOW.0.wrapping_add_signed(potential)));
            let want = match text {
                "ok" => true,
                "no" => false,
                "end" => late <= 65,
                "pot" => potential <= 0,
                _ => panic!("{text}"),
            } || held_state == to;
            let got = accepts(&context(Profile::Isc, role, state, &lease), &update);
            assert_eq!(got, want, "{role:?} {state}: {held_state:?} to {to:?}, {late} {potential}");
        }
    }
}

#[test]
fn dhcpds_table() {
    for (row, held_state) in ISC_PRIMARY {
        check_isc(Role::Primary, State::Normal, held_state, row);
        let row = if held_state == Active { ISC_SECONDARY_ACTIVE } else { row };
        check_isc(Role::Secondary, State::Normal, held_state, row);
        for state in State::ALL.into_iter().filter(|state| *state != State::Normal) {
            for role in [Role::Primary, Role::Secondary] {
                // dhcpd has one row: here a partner that was alone may have freed what has ended.
                let recovers = matches!(state, State::Recover | State::RecoverWait | State::RecoverDone);
                let row = match held_state {
                    Active if recovers => "ok end ok ok ok end end",
                    Active => ISC_ELSEWHERE_ACTIVE,
                    _ => "ok ok ok ok ok ok ok",
                };
                check_isc(role, state, held_state, row);
            }
        }
    }
}

#[test]
fn dhcpd_takes_the_stored_time_where_option_18_is_absent() {
    let mut lease = held(Expired);
    lease.potential_expiration_time.received = UnixTime(NOW.0 + 1);
    assert!(!accepts(&context(Profile::Isc, Role::Primary, State::Normal, &lease), &update(Free)));
    lease.potential_expiration_time.received = NOW;
    assert!(accepts(&context(Profile::Isc, Role::Primary, State::Normal, &lease), &update(Free)));
}

/// Figure 7.1.3-1, its columns doubled where it names two states: ACTIVE, EXPIRED, RELEASED, ABANDONED,
/// RESET, FREE, BACKUP.
const DRAFT: [(&str, BindingState); 7] = [
    ("5  t2 t1 ok ok t2 t2", Active),
    ("t1 ok ok ok ok ok ok", Expired),
    ("t1 t1 ok ok ok ok ok", Released),
    ("4  4  4  ok ok 4  4", Abandoned),
    ("t3 ok ok ok ok ok ok", Reset),
    ("ok ok ok ok ok ok ok", Free),
    ("ok ok ok ok ok ok ok", Backup),
];

#[test]
fn the_drafts_table() {
    let refused = |reason| Err(reason);
    for (row, from) in DRAFT {
        for (text, to) in row.split_whitespace().zip(STATES) {
            for (ends, heard, heard_here, began) in [
                (-1, 0, 0, 0),
                (0, 0, 0, 0),
                (1, 1, 0, 0),
                (1, 1, 1, 1),
                (-1, 2, 1, 2),
                (1, 2, 0, 1),
                (1, 0, 1, 1),
            ] {
                let mut lease = held(from);
                lease.expiration_time = UnixTime(NOW.0.wrapping_add_signed(ends));
                lease.client_last_transaction_time = UnixTime(heard_here);
                lease.start_time_of_state = UnixTime(began);
                let mut update = update(to);
                update.client_last_transaction_time = (heard > 0).then_some(UnixTime(heard));
                let outdated = |fine| if fine { Ok(()) } else { Err(RejectReason::OUTDATED_BINDING) };
                let want = match text {
                    "ok" | "5" => Ok(()),
                    "t1" => outdated(heard > heard_here),
                    "t2" => outdated(ends < 0),
                    "t3" => outdated(heard > began),
                    "4" => refused(RejectReason::LESS_CRITICAL_BINDING),
                    _ => panic!("{text}"),
                };
                let context = context(Profile::Draft, Role::Primary, State::Normal, &lease);
                let got = decide(&context, &update).map(drop).map_err(Refusal::reason);
                assert_eq!(got, want, "{from:?} to {to:?}: {ends} {heard} {heard_here} {began}");
            }
        }
    }
}

#[test]
fn two_clients_one_address() {
    let mut lease = held(Active);
    lease.hw_addr = HwAddr::new(1, &[9; 6]).unwrap();
    let get = |profile, role| decide(&context(profile, role, State::Normal, &lease), &update(Active));
    for role in [Role::Primary, Role::Secondary] {
        assert!(get(Profile::Isc, role).unwrap().changes_client, "dhcpd takes it");
    }
    assert!(get(Profile::Draft, Role::Secondary).unwrap().changes_client);
    assert_eq!(get(Profile::Draft, Role::Primary), Err(Refusal::OtherClient));
    lease.hw_addr = HwAddr::new(1, &CLIENT).unwrap();
    let same = decide(&context(Profile::Draft, Role::Primary, State::Normal, &lease), &update(Active));
    assert!(!same.unwrap().changes_client);
    // A client_id on either side decides.
    lease.client_id = vec![1];
    assert!(!update(Active).same_client(&lease));
    assert!(Update { client_id: Some(&[1]), ..update(Active) }.same_client(&lease));
    assert!(Update { client_id: None, hw_addr: None, ..update(Free) }.same_client(&lease));
}

#[test]
fn duels() {
    use Role::{Primary, Secondary};
    // Ours, when; theirs, when; does ours win on the primary, on the secondary.
    for (ours, at, theirs, when, primary, secondary) in [
        (Active, 5, Active, Some(4), true, true),
        (Active, 4, Active, Some(5), false, false),
        (Active, 5, Active, Some(5), true, false),
        (Active, 0, Active, None, true, false),
        (Active, 1, Active, None, true, true),
        (Active, 1, Expired, Some(9), true, true),
        (Expired, 9, Active, Some(1), false, false),
        (Free, 9, Active, None, false, false),
        (Active, 1, Released, Some(9), true, true),
        (Active, 1, Free, None, true, true),
        (Released, 1, Expired, Some(9), true, false),
        (Backup, 1, Free, Some(9), true, false),
        (Expired, 1, Expired, None, true, false),
    ] {
        let outgoing = Outgoing { state: ours, client_last_transaction_time: UnixTime(at) };
        let update = Update { client_last_transaction_time: when.map(UnixTime), ..update(theirs) };
        assert_eq!(outgoing_wins(Primary, outgoing, &update), primary, "{ours:?} {at} {theirs:?} {when:?}");
        assert_eq!(
            outgoing_wins(Secondary, outgoing, &update),
            secondary,
            "{ours:?} {at} {theirs:?} {when:?}"
        );
        let lease = held(Free);
        let context =
            Context { outgoing: Some(outgoing), ..context(Profile::Isc, Primary, State::Normal, &lease) };
        match decide(&context, &update) {
            Ok(accepted) => assert!(!primary && accepted.cancels_outgoing),
            Err(refusal) => {
                assert!(primary);
                assert_eq!(refusal.reason(), RejectReason::LESS_CRITICAL_BINDING);
            }
        }
    }
}

/// dhcpd's rule: mine ACTIVE against EXPIRED gives way; then their ACTIVE wins; then the primary.
fn dhcpd_wins(role: Role, ours: Outgoing, theirs: &Update<'_>) -> bool {
    let primary = role == Role::Primary;
    let time = theirs.client_last_transaction_time.unwrap_or(UnixTime::UNSET);
    match (ours.state, theirs.state) {
        (Active, Active) if ours.client_last_transaction_time == time => primary,
        (Active, Active) => ours.client_last_transaction_time > time,
        (Active, Expired) | (_, Active) => false,
        _ => primary,
    }
}

type Wins = fn(Role, Outgoing, &Update<'_>) -> bool;

/// All duels of a primary with a secondary: their states, and who thinks that it has won.
fn all_duels(primary: Wins, secondary: Wins) -> Vec<(BindingState, BindingState, bool, bool)> {
    let mut all = Vec::new();
    for one in STATES {
        for other in STATES {
            for (first, second) in [(1, 2), (2, 1), (1, 1)].map(|(a, b)| (UnixTime(a), UnixTime(b))) {
                let outgoing = |state, at| Outgoing { state, client_last_transaction_time: at };
                let incoming = |state, at| Update { client_last_transaction_time: Some(at), ..update(state) };
                let first_wins = primary(Role::Primary, outgoing(one, first), &incoming(other, second));
                let second_wins = secondary(Role::Secondary, outgoing(other, second), &incoming(one, first));
                all.push((one, other, first_wins, second_wins));
            }
        }
    }
    all
}

#[test]
fn a_duel_has_one_winner() {
    for (one, other, primary, secondary) in all_duels(outgoing_wins, outgoing_wins) {
        assert_ne!(primary, secondary, "{one:?} and {other:?}");
    }
    // With dhcpd nobody believes to have won what the other did too, and where both give way the ACTIVE
    // is kept here.
    for (one, other, ddi, dhcpd) in all_duels(outgoing_wins, dhcpd_wins) {
        assert!(ddi != dhcpd || !ddi && one != Active && other == Active, "{one:?} and {other:?} of dhcpd");
    }
    for (one, other, dhcpd, ddi) in all_duels(dhcpd_wins, outgoing_wins) {
        assert!(ddi != dhcpd || !ddi && one == Active && other == Expired, "{one:?} of dhcpd and {other:?}");
    }
    // Two dhcpd swap an ACTIVE and an end.
    assert!(all_duels(dhcpd_wins, dhcpd_wins).contains(&(Released, Active, false, false)));
}

#[test]
fn refusals_before_the_table() {
    let check = |wire: BindingUpdate<'static>| Update::from_wire(&wire).map(drop).map_err(|e| e.reason().0);
    assert_eq!(check(wire(2)), Ok(()));
    assert_eq!(check(BindingUpdate { binding_status: None, ..wire(2) }), Err(3));
    assert_eq!(check(BindingUpdate { address: None, ..wire(2) }), Err(3));
    for status in [0, 8, 9, 255] {
        assert_eq!(check(BindingUpdate { binding_status: Some(status), ..wire(2) }), Err(6), "{status}");
    }
    for status in 1..=7 {
        let bare = BindingUpdate { hw_addr: None, ..wire(status) };
        assert_eq!(check(bare), if [2, 3, 4].contains(&status) { Err(3) } else { Ok(()) }, "{status}");
    }
    assert_eq!(check(BindingUpdate { client_id: Some(b"x"), ..wire(5) }), Err(6));
    assert_eq!(check(BindingUpdate { hw_addr: wire(2).hw_addr, ..wire(5) }), Err(6));
    let hw_addr =
        |addr: &'static [u8]| BindingUpdate { hw_addr: Some(HardwareAddress { htype: 1, addr }), ..wire(2) };
    assert_eq!(check(hw_addr(&[0; 16])), Ok(()));
    assert_eq!(check(hw_addr(&[0; 17])), Err(6));
    assert_eq!(check(hw_addr(&[0; 300])), Err(6));

    let lease = held(Free);
    let outside = Context { in_pool: false, ..context(Profile::Isc, Role::Primary, State::Normal, &lease) };
    assert_eq!(decide(&outside, &update(Active)), Err(Refusal::IllegalAddress));
}

#[test]
fn flags() {
    let reserved = |state| Update { reserved: true, ..update(state) };
    let bootp = |state| Update { bootp: true, ..update(state) };
    let reason = |profile, role, lease: &Lease, update| {
        decide(&context(profile, role, State::Normal, lease), &update).map(drop).map_err(|e| e.reason().0)
    };
    for (role, own, other) in [(Role::Primary, Free, Backup), (Role::Secondary, Backup, Free)] {
        assert_eq!(reason(Profile::Isc, role, &held(own), reserved(own)), Err(19));
        assert_eq!(reason(Profile::Isc, role, &held(own), bootp(Active)), Err(6));
        assert_eq!(reason(Profile::Isc, role, &held(other), reserved(other)), Ok(()));
        let mut lease = held(own);
        (lease.reserved, lease.bootp) = (true, true);
        assert_eq!(reason(Profile::Isc, role, &lease, reserved(own)), Ok(()));
        assert_eq!(reason(Profile::Isc, role, &lease, bootp(own)), Ok(()));
        assert_eq!(reason(Profile::Draft, role, &held(own), reserved(Backup)), Err(19));
        assert_eq!(reason(Profile::Draft, role, &held(own), reserved(Active)), Ok(()));
    }
}

#[test]
fn what_this_server_told_a_client_is_not_cut_short() {
    let shorter = Update { expiration: Some(UnixTime(400)), ..update(Active) };
    for (origin, end) in [(Origin::Local, UnixTime(500)), (Origin::Partner(3), UnixTime(400))] {
        let mut lease = held(Active);
        (lease.expiration_time, lease.origin) = (UnixTime(500), origin);
        assert!(shorter.same_client(&lease));
        apply(Profile::Isc, Role::Secondary, &mut lease, &shorter, 3);
        assert_eq!(lease.expiration_time, end, "{origin:?}");
    }
}

#[test]
fn what_an_update_makes_of_a_lease() {
    let mut lease = held(Free);
    lease.hostname = b"old".to_vec();
    let active = Update {
        client_id: Some(b"id"),
        hw_addr: HwAddr::new(1, &[7; 6]),
        expiration: Some(UnixTime(500)),
        potential_expiration: Some(UnixTime(900)),
        start_time_of_state: Some(UnixTime(100)),
        client_last_transaction_time: Some(UnixTime(101)),
        reserved: true,
        ..update(Active)
    };
    apply(Profile::Isc, Role::Secondary, &mut lease, &active, 3);
    assert_eq!((lease.state, lease.rewind_state, lease.origin), (Active, Some(Active), Origin::Partner(3)));
    assert_eq!((&lease.client_id[..], lease.hw_addr.bytes()), (&b"id"[..], &[7; 6][..]));
    assert_eq!((lease.expiration_time, lease.start_time_of_state), (UnixTime(500), UnixTime(100)));
    assert_eq!(lease.potential_expiration_time.received, UnixTime(900));
    assert!(lease.reserved && !lease.bootp && lease.hostname.is_empty());

    // The bulk update of a lease that dhcpd learned from us; what is absent stays, but for flags.
    let bulk = Update {
        potential_expiration: Some(UnixTime::UNSET),
        expiration: None,
        reserved: false,
        start_time_of_state: None,
        client_last_transaction_time: Some(UnixTime(50)),
        ..active
    };
    lease.hostname = b"new".to_vec();
    apply(Profile::Isc, Role::Secondary, &mut lease, &bulk, 3);
    assert_eq!(lease.potential_expiration_time.received, UnixTime(900), "no promise is taken back");
    assert_eq!((lease.expiration_time, lease.client_last_transaction_time), (UnixTime(500), UnixTime(101)));
    assert_eq!((lease.reserved, &lease.hostname[..]), (false, &b"new"[..]));

    let shorter = Update { expiration: Some(UnixTime(400)), ..bulk };
    let mut by_draft = lease.clone();
    apply(Profile::Draft, Role::Secondary, &mut by_draft, &shorter, 3);
    assert_eq!(by_draft.expiration_time, UnixTime(500));
    apply(Profile::Isc, Role::Secondary, &mut lease, &shorter, 3);
    assert_eq!(lease.expiration_time, UnixTime(400));

    // The end: free at once, and the client is remembered.
    apply(
        Profile::Isc,
        Role::Secondary,
        &mut lease,
        &Update { potential_expiration: Some(UnixTime(450)), state: Released, ..bulk },
        3,
    );
    assert_eq!((lease.state, lease.rewind_state), (Free, Some(Free)));
    assert_eq!(lease.potential_expiration_time.received, UnixTime(450));
    apply(
        Profile::Isc,
        Role::Secondary,
        &mut lease,
        &Update { client_id: None, hw_addr: None, ..update(Backup) },
        3,
    );
    assert_eq!((lease.state, &lease.client_id[..]), (Backup, &b"id"[..]));
    apply(Profile::Isc, Role::Secondary, &mut lease, &update(Abandoned), 3);
    assert!(lease.client_id.is_empty() && lease.hw_addr.is_empty() && lease.hostname.is_empty());
}

#[test]
fn what_an_acknowledgement_makes_of_a_lease() {
    for (role, reserved, state, want) in [
        (Role::Primary, false, Active, Active),
        (Role::Primary, false, Expired, Free),
        (Role::Primary, true, Released, Free),
        (Role::Secondary, false, Released, Free),
        (Role::Secondary, true, Released, Backup),
        (Role::Secondary, false, Backup, Backup),
        (Role::Primary, false, Abandoned, Abandoned),
        (Role::Primary, false, Reset, Free),
    ] {
        let mut lease = held(state);
        lease.reserved = reserved;
        transmitted(&mut lease);
        assert_eq!(lease.rewind_state, Some(state));
        acknowledged(Profile::Draft, role, &mut lease, UnixTime(77));
        assert_eq!((lease.state, lease.rewind_state), (want, Some(want)), "{role:?} {state:?}");
        assert_eq!(lease.potential_expiration_time.acked, UnixTime(77));
        assert!(state.may_become(want));
    }
}

/// Who told of the end of a reserved lease, and who heard of it, must agree whose it is now.
#[test]
fn both_make_the_same_of_a_reserved_lease_that_ended() {
    for ended in [Expired, Released, Reset] {
        for (profile, teller, told, heard) in [
            (Profile::Draft, Role::Primary, Free, Free),
            (Profile::Draft, Role::Secondary, Backup, Backup),
            (Profile::Isc, Role::Primary, Free, Free),
            // dhcpd, and it differs from itself: its primary makes it FREE, its secondary BACKUP.
            (Profile::Isc, Role::Secondary, Free, Backup),
        ] {
            let mut lease = held(ended);
            lease.reserved = true;
            transmitted(&mut lease);
            acknowledged(profile, teller, &mut lease, NOW);
            assert_eq!(lease.state, told, "{profile:?} {teller:?}");
            let mut lease = held(Active);
            apply(profile, teller.partner(), &mut lease, &Update { reserved: true, ..update(ended) }, 3);
            assert_eq!((lease.state, lease.rewind_state), (heard, Some(heard)), "{profile:?} {teller:?}");
        }
    }
}

#[test]
fn what_a_refusal_calls_for() {
    for reason in RejectReason::KNOWN {
        let want = match reason.0 {
            15 | 16 => AfterRefusal::PartnerKnowsBetter,
            1 | 19 => AfterRefusal::ConfigDiffers,
            2 => AfterRefusal::Conflict,
            _ => AfterRefusal::Misunderstood,
        };
        assert_eq!(after_refusal(*reason), want, "{reason}");
    }
}
