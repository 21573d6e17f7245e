//! The rules against what a pair of dhcpd 4.4.3-P1 did: the same states at the same moments, the same
//! shares, the same lease times, the same clients.

#[path = "support/capture.rs"]
mod capture;

use std::net::Ipv4Addr;

use ddi_core::{BindingState, Lease, UnixTime};
use ddi_failover::mclt::grant;
use ddi_failover::split::{HashBuckets, bucket};
use ddi_failover::state::{Ask, Cell, Change, Profile, Situation, Trigger, ask, effects, next};
use ddi_failover::wire::v4::{
    BindingUpdate, Body, Connect, FLAG_STARTUP, Kind, Message, binding_state, from_wire_time, server_state,
};
use ddi_failover::{Role, State};

const FILES: [&str; 3] = ["dhcpd-4.4.3-startup.pcap", "dhcpd-4.4.3-leases.pcap", "dhcpd-4.4.3-recover.pcap"];

/// The messages of a capture: who sent it, and on which connection (by its place among them).
fn messages(file: &str) -> Vec<(Role, usize, Vec<u8>)> {
    let all = capture::failover_messages(file);
    let first = all.iter().find(|(_, bytes)| Message::parse(bytes).unwrap().kind() == Kind::CONNECT);
    let primary = first.unwrap().0.0;
    let mut connections = Vec::new();
    all.into_iter()
        .map(|((from, sport, to, dport), bytes)| {
            let ports = (sport.max(dport), from.max(to));
            let place = connections.iter().position(|known| *known == ports).unwrap_or_else(|| {
                connections.push(ports);
                connections.len() - 1
            });
            (if from == primary { Role::Primary } else { Role::Secondary }, place, bytes)
        })
        .collect()
}

fn connect(all: &[(Role, usize, Vec<u8>)]) -> Connect<'_> {
    let views = all.iter().map(|(_, _, bytes)| Message::parse(bytes).unwrap());
    let connect = views.map(|view| Body::parse(&view).unwrap()).find_map(|body| match body {
        Body::Connect(connect) => Some(connect),
        _ => None,
    });
    connect.unwrap()
}

/// By whom, the message's time, the address, the state, the rest.
type Sent<'a> = (Role, UnixTime, Ipv4Addr, BindingState, BindingUpdate<'a>);

/// Every lease that was sent.
fn updates(all: &[(Role, usize, Vec<u8>)]) -> Vec<Sent<'_>> {
    let mut found = Vec::new();
    for (role, _, bytes) in all {
        let view = Message::parse(bytes).unwrap();
        if let Body::BindingUpdate(leases) = Body::parse(&view).unwrap() {
            for lease in leases {
                let lease = lease.unwrap();
                let state = binding_state(lease.binding_status.unwrap()).unwrap();
                found.push((*role, from_wire_time(view.time()), lease.address.unwrap(), state, lease));
            }
        }
    }
    found
}

#[test]
fn a_virgin_pool_is_halved() {
    for (file, addresses) in FILES.into_iter().zip([100, 64, 64]) {
        let all = messages(file);
        let early = from_wire_time(Message::parse(&all[0].2).unwrap().time()).plus_secs(2);
        let virgin = |wanted| {
            let sent = updates(&all).into_iter();
            sent.filter(|(_, time, _, state, lease)| {
                *time <= early && *state == wanted && lease.hw_addr.is_none()
            })
            .count()
        };
        assert_eq!(virgin(BindingState::Free), 2 * addresses, "{file}: each told the other of all");
        assert_eq!(virgin(BindingState::Backup), addresses / 2, "{file}");
    }
}

#[test]
fn new_clients_are_served_by_the_server_of_their_bucket_for_mclt() {
    const DESIRED: u32 = 120;
    let mut seen = 0;
    for file in &FILES[1..] {
        let all = messages(file);
        let connect = connect(&all);
        let buckets = HashBuckets::from_wire(Profile::Isc, connect.hash_buckets.unwrap().try_into().unwrap());
        assert_eq!(buckets, HashBuckets::split(128));
        for (sender, time, address, state, lease) in updates(&all) {
            let heard = lease.client_last_transaction_time.map(from_wire_time);
            if state != BindingState::Active || heard != Some(time) {
                continue;
            }
            seen += 1;
            // No acknowledgement came in time for a second lease.
            let want = grant(time, &Lease::default(), DESIRED, connect.mclt_seconds.unwrap());
            let end = lease.lease_expiration_time.map(from_wire_time).unwrap();
            assert_eq!(end, time.plus_secs(u64::from(want.lease_seconds)), "{file}: {address}");
            assert_eq!(
                lease.potential_expiration_time.map(from_wire_time),
                Some(want.potential_expiration_sent),
                "{file}: {address}"
            );
            assert_eq!(sender, buckets.server_of(bucket(lease.client_id.unwrap())), "{file}: {address}");
        }
    }
    assert!(seen > 25, "{seen}");
}

/// One server of ours, which hears what dhcpd heard.
struct Stand {
    role: Role,
    state: State,
    resume: State,
    partner: Option<State>,
    both_recovering: bool,
    heard: bool,
    said: Vec<(State, bool)>,
    asked: usize,
}

impl Stand {
    fn situation(&self) -> Situation {
        Situation {
            profile: Profile::Isc,
            role: self.role,
            state: self.state,
            resume: self.resume,
            partner: self.partner,
            linked: self.heard,
            partner_down_after_us: false,
            wait_over: false,
            both_recovering: self.both_recovering,
        }
    }

    fn step(&mut self, trigger: Trigger) {
        match next(&self.situation(), trigger).target() {
            Some(to) => {
                let change = Change {
                    profile: Profile::Isc,
                    role: self.role,
                    from: self.state,
                    to,
                    linked: true,
                    partner: self.partner,
                    full_update_owed: false,
                };
                self.state = to;
                self.said.push((to, false));
                self.asked += usize::from(effects(&change).ask == Some(Ask::All));
            }
            None if next(&self.situation(), trigger) == ddi_failover::state::Next::Cell(Cell::Ask) => {
                assert_eq!(ask(Profile::Isc, self.state, false), Ask::All);
                self.asked += 1;
            }
            None => {}
        }
    }

    fn hears(&mut self, body: &Body<'_>) {
        match body {
            Body::State(report) => {
                let state = server_state(report.state.unwrap()).unwrap();
                let startup = report.flags.unwrap() & FLAG_STARTUP != 0;
                self.both_recovering |= !self.heard && state == State::Recover;
                self.heard = true;
                let trigger = Trigger::PartnerState { state, startup };
                self.step(trigger);
                self.partner = Some(state);
            }
            Body::UpdateDone => self.step(Trigger::UpdateDone),
            _ => {}
        }
    }
}

/// What dhcpd's server in `stand.role` said of its states on a connection, while ours heard what it heard
/// and ended RECOVER-WAIT when it did.
fn conversation(file: &str, connection: usize, stand: &mut Stand) -> Vec<(State, bool)> {
    let all = messages(file);
    // A second connection of the same moment is closed before anything was said.
    let mut lasting: Vec<usize> = all
        .iter()
        .filter(|(_, _, bytes)| Message::parse(bytes).unwrap().kind() == Kind::STATE)
        .map(|(_, place, _)| *place)
        .collect();
    lasting.dedup();
    let mut theirs = Vec::new();
    for (sender, place, bytes) in all {
        if place != lasting[connection] {
            continue;
        }
        let view = Message::parse(&bytes).unwrap();
        let body = Body::parse(&view).unwrap();
        if sender != stand.role {
            stand.hears(&body);
        } else if let Body::State(report) = body {
            let state = server_state(report.state.unwrap()).unwrap();
            if state == State::RecoverDone && stand.state == State::RecoverWait {
                stand.step(Trigger::RecoverWaitOver);
            }
            theirs.push((state, report.flags.unwrap() & FLAG_STARTUP != 0));
        }
    }
    theirs
}

fn stand(role: Role, state: State) -> Stand {
    let startup = state == State::Startup;
    Stand {
        role,
        state,
        resume: State::Recover,
        partner: None,
        both_recovering: false,
        heard: false,
        said: vec![(if startup { State::Recover } else { state }, startup)],
        asked: 0,
    }
}

#[test]
fn the_states_are_dhcpds() {
    use State::{Normal, PartnerDown, Recover, RecoverDone, RecoverWait};
    for file in FILES {
        for role in [Role::Primary, Role::Secondary] {
            let mut ours = stand(role, State::Startup);
            let theirs = conversation(file, 0, &mut ours);
            assert_eq!(ours.said, theirs, "{file}: {role:?}");
            assert_eq!(theirs, [(Recover, true), (Recover, false), (RecoverDone, false), (Normal, false)]);
            assert!((1..=2).contains(&ours.asked));
        }
    }
    // The secondary lost its leases, the primary is in PARTNER-DOWN.
    let file = FILES[2];
    let mut primary = stand(Role::Primary, PartnerDown);
    let theirs = conversation(file, 1, &mut primary);
    assert_eq!(primary.said, theirs);
    assert_eq!(theirs, [(PartnerDown, false), (Normal, false)]);
    let mut secondary = stand(Role::Secondary, State::Startup);
    let theirs = conversation(file, 1, &mut secondary);
    assert_eq!(secondary.said, theirs);
    let states: Vec<_> = theirs.iter().map(|(state, _)| *state).collect();
    assert_eq!(states, [Recover, Recover, RecoverWait, RecoverDone, Normal]);
}
