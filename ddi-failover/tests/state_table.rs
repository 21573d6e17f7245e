//! The state tables, cell by cell: every state, every trigger, both profiles.

use ddi_failover::state::{
    Ask, Cell, Change, Command, Effects, Next, Profile, Role, Situation, State, Timer, Trigger,
    after_link_loss, ask, effects, next, on_partner_state, survives,
};

use State::*;

/// Short names, as in the tables below.
const NAMES: [(&str, State); 12] = [
    ("NO", Normal),
    ("CI", CommunicationsInterrupted),
    ("PD", PartnerDown),
    ("PC", PotentialConflict),
    ("R", Recover),
    ("RW", RecoverWait),
    ("RD", RecoverDone),
    ("RI", ResolutionInterrupted),
    ("CD", ConflictDone),
    ("PAU", Paused),
    ("SHU", Shutdown),
    ("STA", Startup),
];

fn state(name: &str) -> State {
    NAMES.iter().find(|(short, _)| *short == name).unwrap_or_else(|| panic!("{name}?")).1
}

fn cell(text: &str) -> Cell {
    match text {
        "-" => Cell::Stay,
        "ask" => Cell::Ask,
        "bal" => Cell::Balance,
        "hup" => Cell::HangUp,
        "(R)" => Cell::ResumeIn(Recover),
        name => Cell::Go(state(name)),
    }
}

/// What dhcpd 4.4.3 does (from its source, in part measured). `exit`: the daemon dies. `ask`: UPDREQ or
/// UPDREQALL. `SHU!`: it gives up and stays away.
const DHCPD: &str = "
       NO    CI    PD    PC    R     RW    RD    RI    CD    PAU   SHU
NO     bal   -     PC    SHU!  PD    -     -     SHU!  SHU!  CI    PD
CI     NO    NO    PC    PC    PD    NO    NO    PC    PC    -     PD
PD     PC    PC    PC    PC    -     -     NO    PC    PC    -     -
R      PC    ask   ask   PC    ask   -     -     PC    PC    -     PD
RW     -     -     -     -     -     -     -     -     -     -     -
RD     NO    -     -     -     -     -     NO    -     -     -     PD
PC     SHU!  -     -     -     R     -     -     -     ask   -     PD
RI     PC    PC    PC    PC    PC    PC    PC    PC    PC    -     PD
CD     NO    exit  exit  -     exit  exit  exit  -     exit  exit  SHU
SHU    -     -     -     -     -     -     -     -     -     -     -
PAU    -     -     -     -     -     -     -     -     -     -     -
";

/// Where ddi, with dhcpd as its partner, does not do what dhcpd would: own state, partner's states, what
/// ddi does. The reasons are in DESIGN.md.
const DEVIATIONS: &[(&str, &str, &str)] = &[
    ("NO", "PC RI CD", "PC"),
    ("NO", "RW", "CI"),
    ("CI", "RW", "-"),
    ("R", "NO RW RD", "ask"),
    ("R", "SHU", "-"),
    ("RD", "R", "PD"),
    ("RD", "PC RI CD", "PC"),
    ("PC", "NO", "hup"),
    ("PC", "R", "-"),
    ("PC", "SHU", "RI"),
    ("RI", "SHU", "-"),
    ("CD", "CI R RW CD PAU", "-"),
    ("CD", "PD", "PC"),
    ("CD", "RD", "NO"),
    ("CD", "SHU", "PD"),
    ("SHU", "PD", "(R)"),
];

/// Where the draft's profile differs from the isc profile.
const DRAFT: &[(&str, &str, &str)] = &[("NO", "R", "CI"), ("CI", "R", "-"), ("RD", "R", "-")];

/// Own state, partner's state, the cell's text.
fn dhcpd() -> Vec<(State, State, &'static str)> {
    let mut lines = DHCPD.lines().filter(|line| !line.is_empty()).map(str::split_whitespace);
    let columns: Vec<State> = lines.next().unwrap().map(state).collect();
    assert_eq!(columns.len(), 11);
    let mut cells = Vec::new();
    for mut line in lines {
        let own = state(line.next().unwrap());
        let row: Vec<_> = line.collect();
        assert_eq!(row.len(), 11);
        cells.extend(columns.iter().zip(row).map(|(partner, text)| (own, *partner, text)));
    }
    assert_eq!(cells.len(), 11 * 11);
    cells
}

fn find(list: &'static [(&str, &str, &str)], own: State, partner: State) -> Option<&'static str> {
    list.iter()
        .find(|(row, columns, _)| state(row) == own && columns.split(' ').any(|c| state(c) == partner))
        .map(|(_, _, text)| *text)
}

#[test]
fn the_isc_table_is_dhcpds_but_for_the_deviations() {
    let mut deviations = 0;
    for (own, partner, theirs) in dhcpd() {
        let ours = on_partner_state(Profile::Isc, own, partner);
        match find(DEVIATIONS, own, partner) {
            Some(text) => {
                deviations += 1;
                assert_ne!(text, theirs, "{own} + {partner}: no deviation");
                assert_eq!(ours, cell(text), "{own} + {partner}");
            }
            None => assert_eq!(ours, cell(theirs), "{own} + {partner}"),
        }
    }
    let listed: usize = DEVIATIONS.iter().map(|(_, columns, _)| columns.split(' ').count()).sum();
    assert_eq!(deviations, listed);
}

#[test]
fn the_draft_table_is_the_isc_table_but_for_a_partner_in_recover() {
    for (own, partner, _) in dhcpd() {
        let ours = on_partner_state(Profile::Draft, own, partner);
        match find(DRAFT, own, partner) {
            Some(text) => {
                assert_ne!(ours, on_partner_state(Profile::Isc, own, partner));
                assert_eq!(ours, cell(text), "{own} + {partner}");
            }
            None => assert_eq!(ours, on_partner_state(Profile::Isc, own, partner), "{own} + {partner}"),
        }
    }
}

fn situation(profile: Profile, role: Role, state: State) -> Situation {
    Situation {
        profile,
        role,
        state,
        resume: Normal,
        partner: None,
        linked: false,
        partner_down_after_us: false,
        wait_over: false,
        both_recovering: false,
    }
}

/// Every situation in a state, but for the time of the partner's PARTNER-DOWN.
fn situations(state: State) -> Vec<Situation> {
    let mut all = Vec::new();
    for profile in [Profile::Isc, Profile::Draft] {
        for role in [Role::Primary, Role::Secondary] {
            for partner in std::iter::once(None).chain(State::ALL.map(Some)) {
                for bits in 0..8 {
                    let [wait_over, both_recovering, linked] = [1, 2, 4].map(|bit| bits & bit > 0);
                    let resumes: &[State] = if state == Startup { &State::ALL } else { &[Normal] };
                    for &resume in resumes.iter().filter(|s| !matches!(s, Startup | Paused | Shutdown)) {
                        all.push(Situation {
                            partner,
                            linked,
                            wait_over,
                            both_recovering,
                            resume,
                            ..situation(profile, role, state)
                        });
                    }
                }
            }
        }
    }
    all
}

fn triggers() -> Vec<Trigger> {
    let mut all = vec![
        Trigger::LinkLost,
        Trigger::StartupOver,
        Trigger::UpdateDone,
        Trigger::RecoverWaitOver,
        Trigger::SafePeriodOver,
    ];
    all.extend(
        [Command::PartnerDown, Command::Shutdown, Command::Pause, Command::Resume].map(Trigger::Command),
    );
    for state in State::ALL.into_iter().filter(|state| *state != Startup) {
        all.extend([false, true].map(|startup| Trigger::PartnerState { state, startup }));
    }
    all
}

#[test]
fn every_state_and_every_trigger() {
    let mut steps = 0;
    for own in State::ALL {
        for situation in situations(own) {
            for trigger in triggers() {
                steps += 1;
                let next = next(&situation, trigger);
                let at = || format!("{situation:?} {trigger:?} -> {next:?}");
                assert_eq!(expected(&situation, trigger), next, "{}", at());
                let Some(target) = next.target() else { continue };
                assert_ne!(target, own, "goes nowhere: {}", at());
                let by_operator = matches!(trigger, Trigger::Command(_));
                assert!(by_operator || !matches!(target, Shutdown | Paused | Startup), "{}", at());
                assert!(
                    own != Startup || !matches!(target, PotentialConflict) || {
                        matches!(trigger, Trigger::PartnerState { .. })
                    }
                );
            }
        }
    }
    println!("{steps} steps");
    assert!(steps > 40_000);
}

/// The rules once more, trigger by trigger, in the draft's words.
fn expected(s: &Situation, trigger: Trigger) -> Next {
    let go = |state| Next::Cell(Cell::Go(state));
    let same_or_go = |state| if state == s.state { Next::STAY } else { go(state) };
    match trigger {
        Trigger::PartnerState { state: partner, startup } if s.state == Startup => {
            let own = after_link_loss(s.resume);
            let recovers = partner == PartnerDown && s.resume == Normal && own == CommunicationsInterrupted;
            match on_partner_state(s.profile, own, partner) {
                _ if recovers => go(Recover),
                Cell::Go(target) if own != PartnerDown || !startup => go(target),
                _ => go(own),
            }
        }
        Trigger::PartnerState { startup: true, .. } if s.state == PartnerDown => Next::STAY,
        Trigger::PartnerState { state, .. } => Next::Cell(on_partner_state(s.profile, s.state, state)),
        Trigger::LinkLost => same_or_go(match s.state {
            Normal => CommunicationsInterrupted,
            PotentialConflict => ResolutionInterrupted,
            other => other,
        }),
        Trigger::StartupOver if s.state == Startup => go(after_link_loss(s.resume)),
        Trigger::UpdateDone => match (s.state, s.role, s.partner) {
            (Recover, ..) if s.wait_over || s.both_recovering => go(RecoverDone),
            (Recover, ..) => go(RecoverWait),
            (PotentialConflict, Role::Primary, _) => go(ConflictDone),
            (PotentialConflict, Role::Secondary, Some(ConflictDone)) => go(Normal),
            _ => Next::STAY,
        },
        Trigger::RecoverWaitOver if s.state == RecoverWait => go(match (s.profile, s.partner, s.linked) {
            (_, Some(Normal), true) => Normal,
            (Profile::Isc, Some(Recover), _) => PartnerDown,
            (_, Some(PotentialConflict | ResolutionInterrupted | ConflictDone), true) => PotentialConflict,
            _ => RecoverDone,
        }),
        Trigger::SafePeriodOver if s.state == CommunicationsInterrupted => go(PartnerDown),
        Trigger::Command(Command::PartnerDown) => match s.state {
            PotentialConflict | Paused | Shutdown => Next::Refuse,
            _ => same_or_go(PartnerDown),
        },
        Trigger::Command(Command::Shutdown) => same_or_go(Shutdown),
        Trigger::Command(Command::Pause) if s.state == Shutdown => Next::Refuse,
        Trigger::Command(Command::Pause) => same_or_go(Paused),
        Trigger::Command(Command::Resume) if matches!(s.state, Paused | Shutdown) => go(Startup),
        Trigger::Command(Command::Resume) => Next::Refuse,
        _ => Next::STAY,
    }
}

#[test]
fn what_dhcpd_survives() {
    let mut deadly = 0;
    for (partner, own, does) in dhcpd() {
        let dies = ["exit", "SHU!", "SHU"].contains(&does);
        deadly += usize::from(dies);
        assert_eq!(survives(Profile::Isc, partner, own), !dies, "dhcpd in {partner} told {own}");
        assert!(survives(Profile::Draft, partner, own));
    }
    assert_eq!(deadly, 12);
}

#[test]
fn out_of_startup() {
    let heard = |resume, partner, state| {
        let s = Situation { resume, partner, ..situation(Profile::Isc, Role::Primary, Startup) };
        next(&s, Trigger::PartnerState { state, startup: false }).target().unwrap()
    };
    // Both restarted in time.
    assert_eq!(heard(Normal, Some(Normal), Normal), Normal);
    assert_eq!(heard(Normal, Some(Normal), CommunicationsInterrupted), Normal);
    // The partner took over meanwhile.
    assert_eq!(heard(Normal, Some(Normal), PartnerDown), Recover);
    // The partner lost its database: dhcpd went through POTENTIAL-CONFLICT to NORMAL here, without a full
    // update. ddi stays the one that has the leases.
    assert_eq!(heard(Normal, Some(Normal), Recover), PartnerDown);
    // Never met.
    assert_eq!(heard(Recover, None, Recover), Recover);
    // Was resolving.
    assert_eq!(heard(PotentialConflict, Some(PotentialConflict), ResolutionInterrupted), PotentialConflict);
    // Served alone, perhaps at the same time as the partner did, or certainly before.
    let alone =
        Situation { resume: CommunicationsInterrupted, ..situation(Profile::Draft, Role::Primary, Startup) };
    let heard =
        |s: &Situation| next(s, Trigger::PartnerState { state: PartnerDown, startup: false }).target();
    assert_eq!(heard(&alone), Some(PotentialConflict));
    assert_eq!(heard(&Situation { partner_down_after_us: true, ..alone }), Some(Recover));
}

fn change(from: State, to: State) -> Change {
    Change {
        profile: Profile::Isc,
        role: Role::Primary,
        from,
        to,
        linked: true,
        partner: None,
        full_update_owed: false,
    }
}

#[test]
fn effects_of_every_change() {
    for from in State::ALL {
        for to in State::ALL {
            for linked in [false, true] {
                let done = effects(&Change { linked, ..change(from, to) });
                assert_eq!(done.send_state, linked && to != Startup, "{from} {to}");
                assert_eq!(done.keep_start_time, from == Startup || to == Startup || to == RecoverWait);
                assert_eq!(done.balance, linked && to == Normal);
                assert_eq!(done.send_unacked, linked && to == Normal);
                let timer = match to {
                    Startup => Some(Timer::Startup),
                    RecoverWait => Some(Timer::RecoverWait),
                    CommunicationsInterrupted => Some(Timer::SafePeriod),
                    _ => None,
                };
                assert_eq!(done.timer, timer);
                let ask = match to {
                    Recover if linked => Some(Ask::All),
                    PotentialConflict if linked => Some(Ask::Changes),
                    _ => None,
                };
                assert_eq!(done.ask, ask, "{from} {to}");
            }
        }
    }
    assert_eq!(effects(&Change { linked: false, ..change(Recover, RecoverDone) }), Effects::default());
}

#[test]
fn who_asks_for_what() {
    let conflict = change(ResolutionInterrupted, PotentialConflict);
    let secondary = Change { role: Role::Secondary, ..conflict };
    assert_eq!(effects(&secondary).ask, None, "the primary is first");
    let done = Change { partner: Some(ConflictDone), ..secondary };
    assert_eq!(effects(&done).ask, Some(Ask::Changes));
    assert_eq!(effects(&Change { full_update_owed: true, ..done }).ask, Some(Ask::All));
    assert_eq!(ask(Profile::Isc, Recover, false), Ask::All);
    assert_eq!(ask(Profile::Draft, Recover, false), Ask::Changes);
    assert_eq!(ask(Profile::Draft, Recover, true), Ask::All);
    let normal = Change { full_update_owed: true, ..change(PartnerDown, Normal) };
    assert_eq!(effects(&normal).ask, Some(Ask::All));
    // The draft's secondary asks for addresses; dhcpd balances by itself.
    let normal = Change { profile: Profile::Draft, role: Role::Secondary, ..change(RecoverDone, Normal) };
    assert!(effects(&normal).request_pool && !effects(&normal).balance);
    assert!(!effects(&Change { profile: Profile::Isc, ..normal }).request_pool);
}
