//! 5000 leases each way, within the window; requests that are repeated; answers that come too late.

use std::collections::HashSet;
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ddi_core::BindingState;
use ddi_failover::wire::v4::{Code, Kind, Message};

use crate::leases::count;
use crate::pair::{ISC, Pair, Setup, pool_ends};
use crate::process::wait_for;
use crate::proxy::{From, Said, Verdict};
use crate::relay::Client;

const LEASES: u32 = 5000;
/// With a window of one, each lease waits for two disks.
const LONG: Duration = Duration::from_secs(300);

/// A dhcpd that was alone, with an active lease of each address. They end at the same time: dhcpd keeps them
/// in a list by their ends, which it walks for each.
fn lease_file(isc_is_primary: bool) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("later").as_secs();
    let (began, ends) = (now - 600, now + 7200);
    let mclt = if isc_is_primary { "" } else { "  mclt 5;\n" };
    let mut text = format!(
        "authoring-byte-order little-endian;\nfailover peer \"fo1\" state {{\n  my state partner-down at epoch {began};\n  \
         partner state communications-interrupted at epoch {began};\n{mclt}}}\n"
    );
    let (first, _) = pool_ends(ISC, LEASES);
    for nth in 0..LEASES {
        let address = Ipv4Addr::from(u32::from(first) + nth);
        let hw_addr: Vec<_> = Client(nth).hw_addr().iter().map(|byte| format!("{byte:02x}")).collect();
        let _ = write!(
            text,
            "lease {address} {{\n  starts epoch {began};\n  ends epoch {ends};\n  tstp epoch {ends};\n  \
             cltt epoch {began};\n  binding state active;\n  next binding state expired;\n  \
             rewind binding state free;\n  hardware ethernet {};\n}}\n",
            hw_addr.join(":")
        );
    }
    text
}

/// A message without options.
fn bare(kind: Kind, like: &[u8], xid: u32) -> Vec<u8> {
    let mut bytes = vec![0, 12, kind.0, 12];
    bytes.extend_from_slice(&like[4..8]);
    bytes.extend_from_slice(&xid.to_be_bytes());
    bytes
}

/// The most updates of `from` that were unanswered at any moment, on any connection. Both directions pass the
/// proxy after they were sent and before they are read, so that it sees no more than there are.
fn most_unacked(said: &[Said], from: From) -> usize {
    let (mut open, mut most, mut connection) = (HashSet::new(), 0, 0);
    for one in said {
        if std::mem::replace(&mut connection, one.connection) != one.connection {
            open.clear();
        }
        if one.kind() == Kind::BNDUPD && one.from == from {
            open.insert(one.xid());
        } else if one.kind() == Kind::BNDACK && one.from != from {
            open.remove(&one.xid());
        }
        most = most.max(open.len());
    }
    most
}

/// The addresses of all updates that `from` sent.
fn told(said: &[Said], from: From) -> HashSet<Vec<u8>> {
    let updates = said.iter().filter(|s| s.from == from && s.kind() == Kind::BNDUPD);
    updates
        .map(|s| {
            let message = Message::parse(&s.bytes).expect("a message");
            message.option(Code::ASSIGNED_ADDRESS).expect("an address").to_vec()
        })
        .collect()
}

/// dhcpd tells ddi all, and is cut short in the middle of it. It counts what was under way for ever after, so
/// that its window stays full until it is started again: then an UPDDONE of the first connection comes before
/// everything else.
fn from_isc(pair: &mut Pair, window: u32) {
    pair.proxy.rule({
        let mut updates = 0;
        move |from, bytes| {
            updates += u32::from(from == From::Isc && bytes[2] == Kind::BNDUPD.0);
            if updates == 1000 { Verdict::Cut } else { Verdict::Pass }
        }
    });
    pair.ddi.start();
    pair.isc.start();
    let log = pair.isc.mark();
    pair.isc.wait_for_log(log, "disconnected");
    let mark = pair.proxy.mark();
    pair.proxy.no_rule();
    wait_for("a second request", || {
        let said = pair.proxy.said_since(mark);
        said.iter().any(|s| s.kind() == Kind::UPDREQALL).then_some(())
    });
    std::thread::sleep(Duration::from_secs(5));
    let said = pair.proxy.said_since(mark);
    assert!(
        said.iter().all(|s| s.kind() != Kind::BNDUPD),
        "dhcpd goes on: the restart can go from this test"
    );
    pair.ddi.wait_for_state(0, "recover");
    pair.isc.kill();
    pair.proxy.rule({
        let mut first = true;
        move |from, bytes| {
            let update = from == From::Isc && bytes[2] == Kind::BNDUPD.0;
            if !update || !std::mem::replace(&mut first, false) {
                return Verdict::Pass;
            }
            Verdict::Replace([&bare(Kind::UPDDONE, bytes, 0x7fff_0001), bytes].concat())
        }
    });
    pair.isc.start();
    pair.settle_within(LONG);
    pair.proxy.no_rule();
    assert_eq!(count(&pair.ddi.leases(), BindingState::Active), LEASES as usize);
    let said = pair.proxy.said();
    assert!(said.iter().filter(|s| s.from == From::Ddi && s.kind() == Kind::UPDREQALL).count() >= 2);
    assert_eq!(told(&said, From::Isc).len(), LEASES as usize);
    assert!(most_unacked(&said, From::Isc) <= window as usize);
    // It went on only after dhcpd's own UPDDONE; and that came after the last acknowledgement.
    let done = said.iter().position(|s| s.from == From::Isc && s.kind() == Kind::UPDDONE);
    let done = done.expect("UPDDONE");
    let left = said.iter().position(|s| s.from == From::Ddi && matches!(s.state(), Some(254 | 9)));
    assert!(left > Some(done), "{left:?} {done}");
    assert_eq!(told(&said[..done], From::Isc).len(), LEASES as usize);
}

/// ddi tells dhcpd all. Half way dhcpd seems to ask a second time: only that one is answered.
fn from_ddi(pair: &mut Pair, window: u32) {
    const SECOND: u32 = 0x7fff_0002;
    pair.isc.kill();
    pair.isc.forget();
    pair.ddi.wait_for_state(0, "communications-interrupted");
    let mark = pair.proxy.mark();
    pair.proxy.rule({
        let mut acks = 0;
        move |from, bytes| {
            acks += u32::from(from == From::Isc && bytes[2] == Kind::BNDACK.0);
            if acks != LEASES / 2 || from != From::Isc || bytes[2] != Kind::BNDACK.0 {
                return Verdict::Pass;
            }
            Verdict::Replace([bytes, &bare(Kind::UPDREQALL, bytes, SECOND)].concat())
        }
    });
    pair.isc.start();
    pair.settle_within(LONG);
    pair.proxy.no_rule();
    let said = pair.proxy.said_since(mark);
    let done: Vec<_> = (0..said.len())
        .filter(|at| said[*at].from == From::Ddi && said[*at].kind() == Kind::UPDDONE)
        .collect();
    assert_eq!(done.iter().map(|at| said[*at].xid()).collect::<Vec<_>>(), [SECOND]);
    let before = &said[..done[0]];
    assert_eq!(told(before, From::Ddi).len(), LEASES as usize);
    assert!(most_unacked(&said, From::Ddi) <= window as usize);
    // All that was asked for is answered: after the last acknowledgement.
    let sent = before.iter().filter(|s| s.from == From::Ddi && s.kind() == Kind::BNDUPD).count();
    let acked = before.iter().filter(|s| s.from == From::Isc && s.kind() == Kind::BNDACK).count();
    assert_eq!(sent, acked);
    assert_eq!(count(&pair.isc.leases(), BindingState::Active), LEASES as usize);
}

fn windows(test: &str, isc_is_primary: bool, window: u32) {
    let setup = Setup { addresses: LEASES, mclt: 5, window, ..Setup::with_isc(isc_is_primary) };
    let mut pair = Pair::new(test, setup);
    std::fs::write(pair.isc.folder.join("leases"), lease_file(isc_is_primary)).expect("its leases");
    from_isc(&mut pair, window);
    from_ddi(&mut pair, window);
    pair.finish();
}

macro_rules! windows {
    ($($test:ident: $isc_is_primary:literal, $window:literal;)*) => {$(
        #[test]
        #[ignore = "needs root and Debian packages: .ci/run interop"]
        fn $test() {
            windows(stringify!($test), $isc_is_primary, $window);
        }
    )*};
}

windows! {
    case_18_window_of_1_isc_primary: true, 1;
    case_18_window_of_1_isc_secondary: false, 1;
    case_18_window_of_2_isc_primary: true, 2;
    case_18_window_of_2_isc_secondary: false, 2;
    case_18_window_of_10_isc_primary: true, 10;
    case_18_window_of_10_isc_secondary: false, 10;
    case_18_window_of_100_isc_primary: true, 100;
    case_18_window_of_100_isc_secondary: false, 100;
}
