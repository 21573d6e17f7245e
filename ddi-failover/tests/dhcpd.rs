//! With a running dhcpd 4.4.3, in either role: both come to NORMAL and stay connected. Only the
//! connection and the state table are tried here: updates are acknowledged and forgotten, and there are none to send.
//! With leases, that is with the whole node, it is `failover_interop`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant as Clock, SystemTime};

use ddi_core::{Instant, Now, UnixTime};
use ddi_failover::endpoint::{Link, LinkConfig, LinkEnd, Received};
use ddi_failover::split::HashBuckets;
use ddi_failover::state::{
    Ask, Cell, Change, Next, Profile, Role, Situation, State, Trigger, after_link_loss, ask, effects,
    listens_first, next, survives,
};
use ddi_failover::wire::v4::{
    BindingAck, Body, FLAG_STARTUP, Kind, PoolResponse, StateReport, server_state, server_state_number,
};

const THEIRS: &str = "10.9.0.2";
const OURS: &str = "10.9.0.3";
const INSIDE: &str = "DDI_INSIDE_NAMESPACE";

/// Runs this test again in a network namespace of its own, unless it is there. True: it was run.
fn in_namespace(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        for line in [
            "link set lo up".to_owned(),
            "link add v0 type veth peer name v1".to_owned(),
            format!("address add {THEIRS}/24 dev v0"),
            format!("address add {OURS}/24 dev v0"),
            "link set v0 up".to_owned(),
            "link set v1 up".to_owned(),
        ] {
            assert!(Command::new("ip").args(line.split(' ')).status().unwrap().success(), "ip {line}");
        }
        return false;
    }
    let status = Command::new("unshare")
        .args(["--net", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success());
    true
}

/// A dhcpd with 20 addresses; ends with the test.
struct Dhcpd {
    child: Child,
    folder: PathBuf,
}

impl Dhcpd {
    fn start(name: &str, role: &str, primary_only: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ddi-dhcpd-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = |file: &str| folder.join(file).display().to_string();
        let config = format!(
            "failover peer \"fo1\" {{ {role}; address {THEIRS}; port 647; peer address {OURS}; peer port 647;
               max-response-delay 6; max-unacked-updates 10; {primary_only} load balance max seconds 3; }}
             subnet 10.9.0.0 netmask 255.255.255.0 {{
               pool {{ failover peer \"fo1\"; range 10.9.0.10 10.9.0.29; }} }}\n"
        );
        std::fs::write(path("conf"), config).unwrap();
        std::fs::write(path("leases"), "").unwrap();
        let log = std::fs::File::create(path("log")).unwrap();
        let child = Command::new("dhcpd")
            .args(["-4", "-f", "-d", "--no-pid", "-cf", &path("conf"), "-lf", &path("leases"), "v0"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, folder }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join(Path::new("log"))).unwrap_or_default()
    }
}

impl Drop for Dhcpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// The least that an endpoint needs to come to NORMAL without leases.
struct Server {
    link: Link,
    started: Clock,
    role: Role,
    state: State,
    partner: Option<State>,
    both_recovering: bool,
    full_update_owed: bool,
    wait_until: Option<Clock>,
    mclt_seconds: u32,
    said: Vec<State>,
    updates: usize,
    contacts: usize,
}

impl Server {
    fn new(role: Role, mclt_seconds: u32) -> Self {
        let config = LinkConfig {
            profile: Profile::Isc,
            role,
            relationship_name: b"fo1".to_vec(),
            vendor_class: b"ddi".to_vec(),
            max_unacked: 10,
            receive_timer_seconds: 6,
            mclt_seconds,
            buckets: HashBuckets::split(128),
        };
        let started = Clock::now();
        let link = Link::new(now(started), config, false);
        Self {
            link,
            started,
            role,
            state: State::Startup,
            partner: None,
            both_recovering: false,
            full_update_owed: true,
            wait_until: None,
            mclt_seconds,
            said: Vec::new(),
            updates: 0,
            contacts: 0,
        }
    }

    /// The connection is lost; what the next one begins with.
    fn after_loss(self) -> Self {
        Self {
            state: after_link_loss(self.state),
            partner: self.partner,
            full_update_owed: self.full_update_owed,
            ..Self::new(self.role, self.mclt_seconds)
        }
    }

    fn say(&mut self, state: State, startup: bool) {
        assert!(self.partner.is_none_or(|partner| survives(Profile::Isc, partner, state)));
        let now = now(self.started);
        let report = StateReport {
            state: Some(server_state_number(state)),
            flags: Some(if startup { FLAG_STARTUP } else { 0 }),
            start_time_of_state: Some(now.unix.0 as u32),
        };
        self.link.send(now, Kind::STATE, |w| report.write(w)).unwrap();
        self.said.push(state);
    }

    fn ask(&mut self, what: Ask) {
        let kind = if what == Ask::All { Kind::UPDREQALL } else { Kind::UPDREQ };
        self.link.send(now(self.started), kind, |_| {}).unwrap();
    }

    fn step(&mut self, trigger: Trigger) {
        let situation = Situation {
            profile: Profile::Isc,
            role: self.role,
            state: self.state,
            resume: State::Recover,
            partner: self.partner,
            linked: true,
            partner_down_after_us: false,
            wait_over: false,
            both_recovering: self.both_recovering,
        };
        match next(&situation, trigger) {
            Next::Cell(Cell::Go(to)) => {
                let change = Change {
                    profile: Profile::Isc,
                    role: self.role,
                    from: self.state,
                    to,
                    linked: true,
                    partner: self.partner,
                    full_update_owed: self.full_update_owed,
                };
                self.state = to;
                if to == State::RecoverWait {
                    self.wait_until = Some(Clock::now() + Duration::from_secs(u64::from(self.mclt_seconds)));
                }
                self.say(to, false);
                if let Some(what) = effects(&change).ask {
                    self.ask(what);
                }
            }
            Next::Cell(Cell::Ask) => self.ask(ask(Profile::Isc, self.state, self.full_update_owed)),
            _ => {}
        }
    }

    /// Everything that has arrived.
    fn read(&mut self, bytes: &[u8]) -> Result<(), LinkEnd> {
        let mut input = bytes;
        loop {
            let received = self.link.handle_bytes(now(self.started), &mut input)?;
            let (xid, acks, trigger) = match received {
                None => return Ok(()),
                Some(Received::Up) => {
                    assert!(listens_first(Profile::Isc));
                    continue;
                }
                Some(Received::Contact) => {
                    self.contacts += 1;
                    continue;
                }
                Some(Received::Message(message, body)) => {
                    let acks: Vec<_> = match body {
                        Body::BindingUpdate(leases) => leases.map(|lease| lease.unwrap().address).collect(),
                        _ => Vec::new(),
                    };
                    (message.xid(), acks, what_to_do(&body))
                }
            };
            let answers = now(self.started);
            for address in acks {
                self.updates += 1;
                let ack = BindingAck { address, ..BindingAck::default() };
                self.link.answer(answers, Kind::BNDACK, xid, |w| ack.write(w)).unwrap();
            }
            match trigger {
                Todo::Trigger(trigger) => self.hears(trigger),
                Todo::Done => self.link.answer(answers, Kind::UPDDONE, xid, |_| {}).unwrap(),
                Todo::Pool => {
                    let none = PoolResponse { addresses_transferred: Some(0) };
                    self.link.answer(answers, Kind::POOLRESP, xid, |w| none.write(w)).unwrap();
                }
                Todo::Nothing => {}
            }
        }
    }

    fn hears(&mut self, trigger: Trigger) {
        let first = self.said.is_empty();
        if let Trigger::PartnerState { state, .. } = trigger {
            self.both_recovering |= first && state == State::Recover;
            self.partner = Some(state);
            self.step(trigger);
        } else {
            self.full_update_owed = false;
            self.step(trigger);
        }
        if first && self.said.is_empty() {
            self.say(self.state, false);
        }
    }
}

enum Todo {
    Trigger(Trigger),
    Done,
    Pool,
    Nothing,
}

fn what_to_do(body: &Body<'_>) -> Todo {
    match body {
        Body::State(report) => Todo::Trigger(Trigger::PartnerState {
            state: server_state(report.state.unwrap()).unwrap(),
            startup: report.flags.unwrap() & FLAG_STARTUP != 0,
        }),
        Body::UpdateDone => Todo::Trigger(Trigger::UpdateDone),
        Body::UpdateRequest | Body::UpdateRequestAll => Todo::Done,
        Body::PoolRequest => Todo::Pool,
        _ => Todo::Nothing,
    }
}

fn now(started: Clock) -> Now {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    Now { instant: Instant(started.elapsed().as_millis() as u64), unix: UnixTime(unix) }
}

/// Talks for `seconds` on a connection.
fn talk(server: &mut Server, stream: &mut TcpStream, seconds: u64) {
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let end = Clock::now() + Duration::from_secs(seconds);
    let mut buffer = [0; 4096];
    while Clock::now() < end {
        server.link.handle_timeout(now(server.started)).unwrap();
        if server.wait_until.is_some_and(|until| until <= Clock::now()) {
            server.wait_until = None;
            server.step(Trigger::RecoverWaitOver);
        }
        while let Some(count) = server.link.poll_transmit(&mut buffer) {
            stream.write_all(&buffer[..count]).unwrap();
        }
        match stream.read(&mut buffer) {
            Ok(0) => panic!("dhcpd closed the connection after {:?}", server.said),
            Ok(count) => server.read(&buffer[..count]).unwrap(),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// The next connection, which dhcpd dials by itself within 5 seconds; what was said on it.
fn again(mut server: Server, listener: &TcpListener, dhcpd: &Dhcpd) -> Server {
    let (mut stream, _) = listener.accept().unwrap();
    let seconds = u64::from(server.mclt_seconds) + 3;
    talk(&mut server, &mut stream, seconds);
    let log = dhcpd.log();
    assert_eq!(
        (server.state, server.partner),
        (State::Normal, Some(State::Normal)),
        "{:?} {log}",
        server.said
    );
    server
}

/// Lost connections, two servers that both served as if alone, and a lost database.
fn faults(role: Role, name: &str, theirs: &str, primary_only: &str) {
    use State::{ConflictDone, Normal, PartnerDown, PotentialConflict, Recover, RecoverDone, RecoverWait};
    let listener = TcpListener::bind((OURS, 647)).unwrap();
    let dhcpd = Dhcpd::start(name, theirs, primary_only);
    let server = again(Server::new(role, 4), &listener, &dhcpd);
    assert_eq!(server.said, [Recover, RecoverDone, Normal]);

    let server = again(server.after_loss(), &listener, &dhcpd);
    assert_eq!(server.said, [Normal], "from COMMUNICATIONS-INTERRUPTED");

    let alone = Server { state: PartnerDown, ..server.after_loss() };
    let server = again(alone, &listener, &dhcpd);
    match role {
        Role::Primary => assert_eq!(server.said, [PotentialConflict, ConflictDone, Normal]),
        Role::Secondary => assert_eq!(server.said, [PotentialConflict, Normal]),
    }
    drop(server);

    let server = again(Server::new(role, 4), &listener, &dhcpd);
    assert_eq!(server.said, [Recover, RecoverWait, RecoverDone, Normal]);
    assert!(server.updates >= 20, "all of its leases: {}", server.updates);
    assert!(
        dhcpd.log().contains("I move from communications-interrupted to partner-down"),
        "{}",
        dhcpd.log()
    );
}

/// Both are in NORMAL, and went on talking for longer than both receive timers.
fn check(server: &Server, dhcpd: &Dhcpd) {
    let log = dhcpd.log();
    let states = [State::Recover, State::RecoverDone, State::Normal];
    assert_eq!(server.said, states, "{log}");
    assert_eq!((server.state, server.partner), (State::Normal, Some(State::Normal)), "{log}");
    assert!(log.contains("Both servers normal"), "{log}");
    assert!(!log.contains("timeout waiting") && !log.contains("disconnect"), "{log}");
    assert!(server.updates >= 20 && server.contacts >= 3, "{} {}", server.updates, server.contacts);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn dhcpd_as_primary_comes_to_normal() {
    if in_namespace("dhcpd_as_primary_comes_to_normal") {
        return;
    }
    // It dials at once, and sends CONNECT on the connection that it dialled.
    let listener = TcpListener::bind((OURS, 647)).unwrap();
    let dhcpd = Dhcpd::start("primary", "primary", "mclt 30; split 128;");
    let (mut stream, _) = listener.accept().unwrap();
    let mut server = Server::new(Role::Secondary, 0);
    talk(&mut server, &mut stream, 10);
    let terms = server.link.terms().unwrap();
    assert_eq!((terms.mclt_seconds, terms.max_unacked, terms.receive_timer_seconds), (30, 10, 6));
    assert_eq!((terms.buckets, &terms.vendor_class[..4]), (HashBuckets::split(128), &b"isc-"[..]));
    check(&server, &dhcpd);
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn dhcpd_as_secondary_comes_to_normal() {
    if in_namespace("dhcpd_as_secondary_comes_to_normal") {
        return;
    }
    // It dials at once, says nothing, and takes a CONNECT on the connection that it dialled.
    let listener = TcpListener::bind((OURS, 647)).unwrap();
    let dhcpd = Dhcpd::start("secondary", "secondary", "");
    let (mut stream, _) = listener.accept().unwrap();
    let mut server = Server::new(Role::Primary, 30);
    talk(&mut server, &mut stream, 10);
    let terms = server.link.terms().unwrap();
    assert_eq!((terms.max_unacked, terms.receive_timer_seconds), (10, 6));
    check(&server, &dhcpd);
    assert!(std::fs::read_to_string(dhcpd.folder.join("leases")).unwrap().contains("mclt 30"));
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn dhcpd_as_primary_comes_back_from_faults() {
    if !in_namespace("dhcpd_as_primary_comes_back_from_faults") {
        faults(Role::Secondary, "primary-faults", "primary", "mclt 4; split 128;");
    }
}

#[test]
#[ignore = "needs root and Debian packages: .ci/run interop"]
fn dhcpd_as_secondary_comes_back_from_faults() {
    if !in_namespace("dhcpd_as_secondary_comes_back_from_faults") {
        faults(Role::Primary, "secondary-faults", "secondary", "");
    }
}
