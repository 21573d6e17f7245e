#[path = "../../tests/support/pair.rs"]
mod pair;

use ddi_failover::endpoint::ProfileChoice;
use ddi_failover::state::{Command, Profile};
use ddi_failover::{Role, State};
use pair::{Pair, config};

/// Operations after which more time has passed than this are left out.
const OPS_MAX: usize = 200;

/// Whose ways the two follow.
fn pair_of(ways: u8) -> Pair {
    use ProfileChoice::{Auto, Fixed};
    let (profiles, deceived) = match ways % 7 {
        0 => ([Auto; 2], None),
        1 => ([Fixed(Profile::Draft); 2], None),
        2 => ([Fixed(Profile::Isc), Auto], None),
        3 => ([Auto, Fixed(Profile::Isc)], None),
        4 => ([Auto, Fixed(Profile::Isc)], Some(0)),
        5 => ([Fixed(Profile::Isc), Auto], Some(1)),
        _ => ([Fixed(Profile::Isc); 2], None),
    };
    let [mut primary, mut secondary] = [Role::Primary, Role::Secondary].map(config);
    [primary.profile, secondary.profile] = profiles;
    let mut pair = Pair::new(primary, secondary);
    pair.deceived = deceived;
    pair
}

/// Two servers and what may happen to them: a byte for whose ways they follow, then an operation a byte and its
/// argument in the next. At the end all faults stop: then both come to NORMAL, and have the same leases.
pub fn pair_ops(data: &[u8]) {
    let Some((&ways, ops)) = data.split_first() else { return };
    let mut pair = pair_of(ways);
    pair.settle();
    for op in ops.chunks_exact(2).take(OPS_MAX) {
        let [op, arg] = [op[0], op[1]];
        let (at, number) = (usize::from(arg & 1), arg >> 1);
        match op % 16 {
            0..=2 => drop(pair.discover(at, u32::from(number), 300)),
            3..=4 => drop(pair.request(at, 1 + number % 100, u32::from(number), 300)),
            5 => drop(pair.end(at, 1 + number % 100, true)),
            6 => {
                for last in 1..=100 {
                    let lease = pair.nodes[at].lease(last);
                    if lease.state == ddi_core::BindingState::Active
                        && lease.expiration_time <= pair.now_of(at).unix
                    {
                        pair.end(at, last, false);
                    }
                }
            }
            7 => pair.cut(),
            8 => pair.cut = false,
            9 => pair.restart(at, false),
            10 => pair.restart(at, true),
            11 => {
                let commands = [Command::PartnerDown, Command::Shutdown, Command::Pause, Command::Resume];
                let command = commands[usize::from(number % 4)];
                let now = pair.now_of(at);
                let node = &mut pair.nodes[at];
                let _ = node.endpoint.handle_command(now, &mut node.db, command);
            }
            12 if pair.mute == [false; 2] => pair.mute[at] = true,
            12 => pair.unmute(),
            13 => {
                for _ in 0..number {
                    pair.turn();
                }
            }
            14 => pair.wait(u64::from(number) * 4),
            _ => pair.wait(u64::from(number % 16)),
        }
    }
    pair.unmute();
    pair.cut = false;
    for at in 0..2 {
        if matches!(pair.nodes[at].endpoint.state(), State::Paused | State::Shutdown) {
            pair.command(at, Command::Resume);
        }
    }
    pair.wait(300);
    assert_eq!(pair.states(), [State::Normal; 2]);
    pair.assert_equal();
}
