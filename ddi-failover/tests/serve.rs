//! Who serves whom: every state, every kind of question, every binding state.

use ddi_core::authority::{Asking, Permission, Question, Service};
use ddi_core::{BindingState, FreeKind, Lease, UnixTime};
use ddi_failover::serve::{Class, Standing};
use ddi_failover::split::{HashBuckets, LoadBalance};
use ddi_failover::{Role, State};

use BindingState::*;
use Permission::{Allow, Nak, Silent};

const SINCE: u64 = 1_000_000;
const MCLT: u32 = 600;
const EARLY: UnixTime = UnixTime(SINCE + 1);
const LATE: UnixTime = UnixTime(SINCE + MCLT as u64);

fn standing(role: Role, state: State) -> Standing {
    Standing {
        role,
        state,
        since: UnixTime(SINCE),
        partner: None,
        mclt_seconds: MCLT,
        full_update_owed: false,
        forgotten_until: UnixTime::UNSET,
    }
}

fn lease(state: BindingState) -> Lease {
    let mut lease = Lease::default();
    lease.state = state;
    lease
}

#[test]
fn class_of_every_state() {
    for (state, class) in [
        (State::Startup, Class::Silent),
        (State::Normal, Class::Cooperating),
        (State::CommunicationsInterrupted, Class::Alone),
        (State::PartnerDown, Class::PartnerDown),
        (State::PotentialConflict, Class::Silent),
        (State::Recover, Class::Silent),
        (State::RecoverWait, Class::Silent),
        (State::RecoverDone, Class::RenewOnly),
        (State::ResolutionInterrupted, Class::Alone),
        (State::ConflictDone, Class::Alone),
        (State::Paused, Class::Silent),
        (State::Shutdown, Class::Silent),
    ] {
        for partner in [None].into_iter().chain(State::ALL.map(Some)) {
            let got = Standing { partner, ..standing(Role::Primary, state) }.class();
            let serves = [Class::Cooperating, Class::Alone, Class::RenewOnly].contains(&class);
            let afraid = partner == Some(State::PartnerDown) && serves;
            assert_eq!(got, if afraid { Class::Silent } else { class }, "{state} with partner {partner:?}");
        }
    }
}

#[test]
fn who_is_answered() {
    use Service::{LeaveToPartner, NotServing, Serve};
    let clients =
        LoadBalance { buckets: Some(HashBuckets::split(128)), max_seconds: 3, ..LoadBalance::default() };
    // Bucket 133: the secondary's.
    let ask = |role, state, asking, secs| {
        let question = Question { asking, hash_id: &[2, 0, 0, 0, 0, 1], secs, pool: None };
        standing(role, state).serves(&question, &clients, true)
    };
    for state in State::ALL {
        for role in [Role::Primary, Role::Secondary] {
            let got = [Asking::Discover, Asking::Request, Asking::GiveBack, Asking::Inform]
                .map(|asking| ask(role, state, asking, 0));
            let want = match standing(role, state).class() {
                Class::Silent => [NotServing, NotServing, NotServing, Serve],
                Class::RenewOnly => [NotServing, Serve, NotServing, Serve],
                Class::Cooperating if role == Role::Primary => [LeaveToPartner, Serve, Serve, Serve],
                Class::Cooperating | Class::Alone | Class::PartnerDown => [Serve; 4],
            };
            assert_eq!(got, want, "{role:?} in {state}");
        }
    }
    assert_eq!(ask(Role::Primary, State::Normal, Asking::Discover, 4), Serve, "waits too long");
}

/// The states in the rows: Free Backup Active Expired Released Abandoned Reset, as `own`, never-sent, etc.
fn permissions(standing: &Standing, now: UnixTime, same_client: bool) -> Vec<Permission> {
    [Free, Backup, Active, Expired, Released, Abandoned, Reset]
        .map(|state| standing.may_bind(now, &lease(state), same_client))
        .to_vec()
}

#[test]
fn what_may_be_bound() {
    for state in State::ALL {
        for (role, own, other) in [(Role::Primary, 0, 1), (Role::Secondary, 1, 0)] {
            let standing = standing(role, state);
            for (now, same_client) in [(EARLY, false), (EARLY, true), (LATE, false)] {
                let active = if same_client { Allow } else { Nak };
                let mut want = match standing.class() {
                    Class::Silent => vec![Silent; 7],
                    Class::RenewOnly => vec![Silent, Silent, active, Silent, Silent, Nak, Nak],
                    Class::PartnerDown if now == LATE => vec![Allow, Allow, active, Allow, Allow, Nak, Allow],
                    _ => vec![Silent, Silent, active, Silent, Silent, Nak, Nak],
                };
                if [Class::Cooperating, Class::Alone, Class::PartnerDown].contains(&standing.class()) {
                    want[own] = Allow;
                    assert!(want[other] == Silent || now == LATE);
                }
                if standing.class() == Class::RenewOnly {
                    want[6] = Silent;
                }
                let got = permissions(&standing, now, same_client);
                assert_eq!(got, want, "{role:?} in {state}, same client {same_client}, at {now:?}");
            }
        }
    }
}

#[test]
fn what_the_partner_does_not_know_can_be_undone() {
    for state in [State::CommunicationsInterrupted, State::Normal, State::PartnerDown] {
        for ended in [Expired, Released] {
            let mut lease = lease(ended);
            lease.expiration_time = EARLY;
            let may = |role, lease: &Lease, same| standing(role, state).may_bind(EARLY, lease, same);
            // The partner still has it ACTIVE for this client.
            lease.rewind_state = Some(Active);
            assert_eq!(may(Role::Primary, &lease, true), Allow);
            assert_eq!(may(Role::Primary, &lease, false), Silent);
            // It was told of the end.
            lease.rewind_state = Some(ended);
            assert_eq!(may(Role::Primary, &lease, true), Silent);
            // It never heard of the binding, and the address was ours before.
            lease.rewind_state = Some(Backup);
            assert_eq!(may(Role::Secondary, &lease, false), Allow);
            assert_eq!(may(Role::Primary, &lease, false), Silent);
        }
    }
}

#[test]
fn partner_down_waits_for_each_time() {
    let standing = standing(Role::Primary, State::PartnerDown);
    for state in [Backup, Expired, Released, Reset] {
        for which in 0..4 {
            let mut lease = lease(state);
            let times = &mut lease.potential_expiration_time;
            *[&mut lease.expiration_time, &mut times.sent, &mut times.acked, &mut times.received][which] =
                UnixTime(SINCE + 10_000);
            let may = |at| standing.may_bind(UnixTime(at), &lease, false) == Allow;
            assert!(!may(SINCE + 10_000 + u64::from(MCLT) - 1), "{state:?}, time {which}");
            assert!(may(SINCE + 10_000 + u64::from(MCLT)), "{state:?}, time {which}");
        }
    }
}

#[test]
fn kinds_of_addresses() {
    use FreeKind::{Backup, Free};
    for state in State::ALL {
        let kinds = |role, now| standing(role, state).free_kinds(now).to_vec();
        let (primary, secondary) = match standing(Role::Primary, state).class() {
            Class::Silent | Class::RenewOnly => (vec![], vec![]),
            _ => (vec![Free], vec![Backup]),
        };
        assert_eq!(
            (kinds(Role::Primary, EARLY), kinds(Role::Secondary, EARLY)),
            (primary, secondary),
            "{state}"
        );
    }
    assert_eq!(standing(Role::Primary, State::PartnerDown).free_kinds(LATE), [Free, Backup]);
    assert_eq!(standing(Role::Secondary, State::PartnerDown).free_kinds(LATE), [Backup, Free]);
}

#[test]
fn a_server_that_forgot_gives_nothing_new() {
    for state in [State::Normal, State::CommunicationsInterrupted] {
        let fine = standing(Role::Primary, state);
        for forgot in
            [Standing { full_update_owed: true, ..fine }, Standing { forgotten_until: LATE, ..fine }]
        {
            assert_eq!(forgot.may_bind(EARLY, &lease(Free), false), Silent);
            assert_eq!(forgot.free_kinds(EARLY), []);
            assert_eq!(forgot.may_bind(EARLY, &lease(Active), true), Allow);
        }
        assert_eq!(Standing { forgotten_until: LATE, ..fine }.may_bind(LATE, &lease(Free), false), Allow);
    }
    // There the operator has decided.
    let alone = Standing { full_update_owed: true, ..standing(Role::Primary, State::PartnerDown) };
    assert_eq!(alone.may_bind(EARLY, &lease(Free), false), Allow);
}

/// What it forgot itself, shortly before, may still be held: no word of an operator changes that.
#[test]
fn partner_down_waits_for_what_this_server_forgot() {
    let fine = standing(Role::Primary, State::PartnerDown);
    let forgot = Standing { forgotten_until: LATE, ..fine };
    assert_eq!(forgot.may_bind(EARLY, &lease(Free), false), Silent);
    assert_eq!(forgot.free_kinds(EARLY), []);
    assert_eq!(forgot.may_bind(EARLY, &lease(Active), true), Allow);
    let mut unheard = lease(Expired);
    unheard.rewind_state = Some(Free);
    assert_eq!(forgot.may_bind(EARLY, &unheard, false), Silent);
    assert_eq!(fine.may_bind(EARLY, &unheard, false), Allow);
    assert_eq!(forgot.may_bind(LATE, &lease(Free), false), Allow);
}

#[test]
fn ends_of_leases() {
    let ended = |role, state, lease: &Lease, released| standing(role, state).ended(lease, released);
    for state in State::ALL {
        for role in [Role::Primary, Role::Secondary] {
            let class = standing(role, state).class();
            let serves = [Class::Cooperating, Class::Alone, Class::PartnerDown].contains(&class);
            let active = lease(Active);
            assert_eq!(ended(role, state, &active, true), serves.then_some(Released), "{role:?} in {state}");
            // In NORMAL the primary alone.
            let expires = serves && !(class == Class::Cooperating && role == Role::Secondary);
            assert_eq!(ended(role, state, &active, false), expires.then_some(Expired), "{role:?} in {state}");
            let quarantine = serves && (role == Role::Primary || class == Class::PartnerDown);
            let mut known = lease(Abandoned);
            known.rewind_state = Some(Abandoned);
            assert_eq!(ended(role, state, &known, false), quarantine.then_some(Free));
            // A partner that has not heard of the quarantine may have the address in use.
            assert_eq!(ended(role, state, &lease(Abandoned), false), expires.then_some(Expired));
            for other in [Free, Backup, Expired, Released, Reset] {
                assert_eq!(ended(role, state, &lease(other), false), None);
            }
        }
    }
    // What the partner never heard of goes straight back, where it can't be told.
    let mut unheard = lease(Active);
    unheard.rewind_state = Some(Backup);
    assert_eq!(ended(Role::Secondary, State::CommunicationsInterrupted, &unheard, false), Some(Backup));
    assert_eq!(ended(Role::Secondary, State::PartnerDown, &unheard, true), Some(Backup));
    assert_eq!(ended(Role::Primary, State::CommunicationsInterrupted, &unheard, false), Some(Expired));
    assert_eq!(ended(Role::Secondary, State::Normal, &unheard, true), Some(Released));
}

#[test]
fn what_a_store_takes() {
    for role in [Role::Primary, Role::Secondary] {
        for state in State::ALL {
            for from in BindingState::ALL {
                for released in [false, true] {
                    for rewind in [None, Some(Free), Some(Backup), Some(Active)] {
                        let mut lease = lease(from);
                        lease.rewind_state = rewind;
                        if let Some(to) = standing(role, state).ended(&lease, released) {
                            assert!(from.may_become(to), "{role:?} in {state}: {from:?} to {to:?}");
                        }
                    }
                }
            }
        }
    }
}
