//! One server, the standby of three: whose connection, whose pool, whose state.

#[path = "support/pair.rs"]
mod pair;

use std::sync::Arc;

use ddi_core::authority::{Asking, Permission, Question, Service};
use ddi_core::db::DbConfig;
use ddi_core::{
    Authority, BindingState, FreeKind, Instant, Lease, LeaseDb, LeaseKey, MemStorage, Now, PoolId, UnixTime,
};
use ddi_failover::endpoint::{CONNECT_SECONDS_MAX, Config, Endpoint, Event, LinkEnd, LinkId, Start};
use ddi_failover::relationships::{RelationshipId, Relationships, STRANGERS_MAX};
use ddi_failover::state::Command;
use ddi_failover::wire::v4::{Body, Connect, Header, Kind, Message, RejectReason, append};
use ddi_failover::{Role, State};
use pair::{START, pool};

const COUNT: usize = 3;

fn config(role: Role, at: usize) -> Config {
    let name = format!("branch{at}");
    Config {
        relationship: at as u16 + 1,
        mclt_seconds: 60,
        // The hub does not dial: connections say whose they are.
        dials: role == Role::Primary,
        ..Config::new(name.as_bytes(), role, vec![pool(at as u32 + 1, at as u8, 100)])
    }
}

fn database(pools: &[ddi_core::db::PoolConfig]) -> LeaseDb {
    let (mut db, _) = LeaseDb::open(Arc::new(MemStorage::default()), &DbConfig::new([1; 16])).unwrap();
    db.set_pools(pools).unwrap();
    db
}

struct World {
    now: Now,
    hub: Relationships,
    hub_db: LeaseDb,
    branches: Vec<(Endpoint, LeaseDb)>,
    links: Vec<(LinkId, usize)>,
    next_link: u64,
    cut: [bool; COUNT],
    refusals: usize,
}

impl World {
    fn new() -> Self {
        let now = Now { instant: Instant(1000), unix: UnixTime(START) };
        let configs: Vec<Config> = (0..COUNT).map(|at| config(Role::Secondary, at)).collect();
        let pools: Vec<_> = configs.iter().flat_map(|config| config.pools.clone()).collect();
        let hub =
            Relationships::new(now, configs.into_iter().map(|c| (c, Start::Nothing)).collect()).unwrap();
        let branches = (0..COUNT).map(|at| {
            let config = config(Role::Primary, at);
            let db = database(&config.pools);
            (Endpoint::new(now, config, Start::Nothing).unwrap(), db)
        });
        Self {
            now,
            hub,
            hub_db: database(&pools),
            branches: branches.collect(),
            links: Vec::new(),
            next_link: 0,
            cut: [false; COUNT],
            refusals: 0,
        }
    }

    fn turn(&mut self) -> bool {
        let (now, mut busy) = (self.now, false);
        let mut buffer = [0; 500];
        if self.hub.poll_timeout().is_some_and(|at| at <= now.instant) {
            self.hub.handle_timeout(now, &mut self.hub_db);
            busy = true;
        }
        self.hub_db.commit().unwrap();
        for (link, at) in self.links.clone() {
            let (branch, db) = &mut self.branches[at];
            db.commit().unwrap();
            while let Some(len) = self.hub.poll_transmit(&self.hub_db, link, &mut buffer) {
                let _ = branch.handle_bytes(now, db, link, &buffer[..len]);
                busy = true;
            }
            while let Some(len) = branch.poll_transmit(db, link, &mut buffer) {
                let _ = self.hub.handle_bytes(now, &mut self.hub_db, link, &buffer[..len]);
                busy = true;
            }
        }
        while let Some((id, event)) = self.hub.poll_event() {
            busy = true;
            match event {
                Event::Save { number, .. } => self.hub.handle_saved(id.unwrap(), number),
                Event::Close { link, .. } => self.close(link),
                Event::Dial => panic!("the hub does not dial"),
                _ => {}
            }
        }
        for at in 0..COUNT {
            if self.branches[at].0.poll_timeout().is_some_and(|due| due <= now.instant) {
                let (branch, db) = &mut self.branches[at];
                branch.handle_timeout(now, db);
                busy = true;
            }
            while let Some(event) = self.branches[at].0.poll_event() {
                busy = true;
                match event {
                    Event::Save { number, .. } => self.branches[at].0.handle_saved(number),
                    Event::Dial if self.cut[at] => self.branches[at].0.handle_dial_failed(now),
                    Event::Dial => {
                        self.next_link += 1;
                        let link = LinkId(self.next_link);
                        self.links.push((link, at));
                        self.branches[at].0.handle_dialled(now, link);
                        self.hub.handle_accepted(now, None, link);
                    }
                    Event::Close { link, why } => {
                        self.refusals += usize::from(matches!(why, LinkEnd::RefusedByPartner { .. }));
                        self.close(link);
                    }
                    _ => {}
                }
            }
        }
        busy
    }

    fn close(&mut self, link: LinkId) {
        let mut buffer = [0; 500];
        let Some(place) = self.links.iter().position(|(id, _)| *id == link) else { return };
        let (_, at) = self.links.remove(place);
        let (branch, db) = &mut self.branches[at];
        while let Some(len) = self.hub.poll_transmit(&self.hub_db, link, &mut buffer) {
            let _ = branch.handle_bytes(self.now, db, link, &buffer[..len]);
        }
        branch.handle_closed(self.now, db, link);
        self.hub.handle_closed(self.now, &mut self.hub_db, link);
    }

    fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds * 2 {
            for _ in 0..10_000 {
                if !self.turn() {
                    break;
                }
            }
            let instant = self.now.instant.plus_millis(500);
            self.now = Now { instant, unix: UnixTime(START + instant.0 / 1000) };
        }
    }

    fn states(&self) -> Vec<State> {
        self.hub.iter().map(|(_, endpoint)| endpoint.state()).collect()
    }
}

#[test]
fn each_relationship_has_its_own_state_and_leases() {
    let mut world = World::new();
    world.wait(10);
    assert_eq!(world.states(), [State::Normal; COUNT]);
    for id in 1..=3 {
        assert_eq!(world.hub_db.pool_counts(PoolId(id)).unwrap().backup, 50);
    }
    // One goes: the others don't notice.
    world.cut[1] = true;
    let link = world.links.iter().find(|(_, at)| *at == 1).unwrap().0;
    world.close(link);
    world.wait(2);
    let want = [State::Normal, State::CommunicationsInterrupted, State::Normal];
    assert_eq!(world.states(), want);
    world.hub.handle_command(world.now, &mut world.hub_db, RelationshipId(1), Command::PartnerDown).unwrap();
    world.wait(70);
    assert_eq!(world.states(), [State::Normal, State::PartnerDown, State::Normal]);
    // Whose pool it is decides.
    let now = world.now;
    assert_eq!(world.hub.free_kinds(now, PoolId(1)), [FreeKind::Backup]);
    assert_eq!(world.hub.free_kinds(now, PoolId(2)), [FreeKind::Backup, FreeKind::Free]);
    assert_eq!(world.hub.free_kinds(now, PoolId(9)), [FreeKind::Free, FreeKind::Backup], "nobody's");
    let free = |third, last| Lease::new(LeaseKey::v4([10, 0, third, last].into()));
    assert_eq!(world.hub.may_bind(now, &free(0, 1), None, false), Permission::Silent);
    assert_eq!(world.hub.may_bind(now, &free(1, 1), None, false), Permission::Allow);
    assert_eq!(world.hub.may_bind(now, &free(9, 1), None, false), Permission::Allow);
    assert_eq!(world.hub.grant(now, &free(0, 1), 600).lease_seconds, 60);
    assert_eq!(world.hub.grant(now, &free(9, 1), 600).lease_seconds, 600);
    let ask = |pool| Question { asking: Asking::Request, hash_id: b"x", secs: 0, pool };
    assert_eq!(world.hub.serves(now, ask(Some(PoolId(1)))), Service::Serve);
    assert_eq!(world.hub.serves(now, ask(None)), Service::Serve);
    let active = |third| {
        let mut lease = free(third, 1);
        lease.state = BindingState::Active;
        lease
    };
    assert_eq!(world.hub.ended(now, &active(0), false), None);
    assert_eq!(world.hub.ended(now, &active(1), false), Some(BindingState::Expired));
    assert_eq!(world.hub.ended(now, &active(9), false), Some(BindingState::Free));
}

#[test]
fn a_stranger_is_refused_or_waited_for() {
    let mut world = World::new();
    world.wait(10);
    let connect = |name: Option<&[u8]>, time: u64| {
        let mut bytes = Vec::new();
        let connect = Connect {
            relationship_name: name,
            mclt_seconds: Some(60),
            hash_buckets: Some(&[0; 32]),
            ..Connect::default()
        };
        let header = Header { time: time as u32, xid: 0 };
        append(&mut bytes, Kind::CONNECT, header, |w| connect.write(w)).unwrap();
        bytes
    };
    let now = world.now;
    for (number, name) in [(900, Some(&b"branch9"[..])), (901, None), (902, Some(b""))] {
        let link = LinkId(number);
        world.hub.handle_accepted(now, None, link);
        let bytes = connect(name, now.unix.0);
        let (first, second) = bytes.split_at(9);
        assert_eq!(world.hub.handle_bytes(now, &mut world.hub_db, link, first), Ok(()));
        let end = world.hub.handle_bytes(now, &mut world.hub_db, link, second).unwrap_err();
        assert!(matches!(end, LinkEnd::Refused { reason: RejectReason::INVALID_PARTNER, .. }), "{end}");
        let mut buffer = [0; 500];
        let len = world.hub.poll_transmit(&world.hub_db, link, &mut buffer).unwrap();
        let message = Message::parse(&buffer[..len]).unwrap();
        let Body::ConnectAck(ack) = Body::parse(&message).unwrap() else { panic!("{message:?}") };
        assert_eq!((ack.reject_reason, ack.relationship_name), (Some(8), name));
        assert!(world.hub.handle_bytes(now, &mut world.hub_db, link, b"more").is_err());
        world.hub.handle_closed(now, &mut world.hub_db, link);
    }
    // One of the right name, while there is a connection: duplicate.
    let link = LinkId(910);
    world.hub.handle_accepted(now, None, link);
    let bytes = connect(Some(b"branch0"), now.unix.0);
    let end = world.hub.handle_bytes(now, &mut world.hub_db, link, &bytes).unwrap_err();
    assert!(matches!(end, LinkEnd::Refused { reason: RejectReason::DUPLICATE_CONNECTION, .. }), "{end}");
    world.hub.handle_closed(now, &mut world.hub_db, link);
    assert_eq!(world.states(), [State::Normal; COUNT]);
    // Those who say nothing are not kept for ever, and not without number.
    while world.hub.poll_event().is_some() {}
    for number in 0..=STRANGERS_MAX as u64 {
        world.hub.handle_accepted(now, None, LinkId(2000 + number));
    }
    let last = LinkId(2000 + STRANGERS_MAX as u64);
    let event = world.hub.poll_event().unwrap();
    assert_eq!(event, (None, Event::Close { link: last, why: LinkEnd::Closed }));
    world.now.instant = now.instant.plus_secs(CONNECT_SECONDS_MAX);
    world.hub.handle_timeout(world.now, &mut world.hub_db);
    let mut ended = 0;
    while let Some((_, event)) = world.hub.poll_event() {
        ended += usize::from(matches!(event, Event::Close { why: LinkEnd::ConnectTimeout, .. }));
    }
    assert_eq!(ended, STRANGERS_MAX);
}

#[test]
fn what_two_relationships_must_not_share_is_named() {
    let now = Now::default();
    let error = |change: &dyn Fn(&mut Config)| {
        let mut other = config(Role::Secondary, 1);
        change(&mut other);
        let both = vec![(config(Role::Secondary, 0), Start::Nothing), (other, Start::Nothing)];
        Relationships::new(now, both).map(drop).unwrap_err().to_string()
    };
    assert_eq!(error(&|c| c.name = b"branch0".to_vec()), "relationship \"branch0\" is defined twice");
    let same_number = "relationships \"branch0\" and \"branch1\" have the same number 1";
    assert_eq!(error(&|c| c.relationship = 1), same_number);
    let shared = "pool 1 belongs to relationship \"branch0\" and to \"branch1\"";
    assert_eq!(error(&|c| c.pools = vec![pool(1, 7, 9)]), shared);
    assert_eq!(error(&|c| c.pools = vec![pool(5, 0, 9)]), shared);
    let small = "relationship \"branch1\": mclt_seconds is 0, at least 1 is needed";
    assert_eq!(error(&|c| c.mclt_seconds = 0), small);
    let spaces = "relationship \"branch1\": pools 7 and 8 are in different address spaces";
    let two = |c: &mut Config| {
        let other = ddi_core::db::PoolConfig { space: 5, ..pool(8, 9, 9) };
        c.pools = vec![pool(7, 8, 9), other];
    };
    assert_eq!(error(&two), spaces);

    let mut all =
        Relationships::new(now, (0..2).map(|at| (config(Role::Secondary, at), Start::Nothing)).collect())
            .unwrap();
    let second = all.find(b"branch1").unwrap();
    assert!(all.set_pools(second, &[pool(1, 0, 50)]).is_err());
    assert!(all.get(second).unwrap().covers_pool(PoolId(2)), "the old ones stay");
    all.set_pools(second, &[pool(4, 4, 50)]).unwrap();
    assert!(all.get(second).unwrap().covers_pool(PoolId(4)));
    assert_eq!(all.free_kinds(now, PoolId(2)).len(), 2, "nobody's any more");

    // Two relationships swap their pools.
    let first = all.find(b"branch0").unwrap();
    let (one, other) = ([pool(4, 4, 50)], [pool(1, 0, 100)]);
    assert!(all.set_all_pools(&[&one, &one]).is_err());
    assert!(all.get(first).unwrap().covers_pool(PoolId(1)), "the old ones stay");
    all.set_all_pools(&[&one, &other]).unwrap();
    assert!(all.get(first).unwrap().covers_pool(PoolId(4)));
    assert!(all.get(second).unwrap().covers_pool(PoolId(1)));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let now = Now { instant: Instant(1000), unix: UnixTime(START) };
    let refused = |change: fn(&mut Config)| {
        let mut config = config(Role::Primary, 0);
        change(&mut config);
        Endpoint::new(now, config, Start::Nothing).unwrap_err().to_string()
    };
    let at_once = refused(|config| config.auto_partner_down_seconds = Some(0));
    assert_eq!(at_once, "relationship \"branch0\": auto_partner_down_seconds is 0, at least 1 is needed");
    let balance = refused(|config| config.balance.min_balance_seconds = 4000);
    assert_eq!(
        balance,
        "relationship \"branch0\": min_balance_seconds, 4000, is above max_balance_seconds, 3600"
    );
}
