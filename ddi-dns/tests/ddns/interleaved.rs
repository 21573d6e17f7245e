//! Several servers change the same names at the same time, by messages that are lost and overtaken, and in the
//! zone itself. There is always an order of the changes, each at once and in place, that gives the same zone
//! and the same outcomes, and in which no change that had ended comes after one that began later: the two
//! ways can't be told apart.

use super::server::{Server, apply_locally, client, draw_change, dump_all, now_at, server_address, zones};
use super::support::{MemZones, Random};
use ddi_dns::ddns::{Change, ClientEvent, DdnsClient, Outcome};
use std::collections::HashSet;

/// A change that was made: when it began and when it ended.
#[derive(Clone, Debug)]
struct Made {
    change: Change,
    began: u64,
    ended: u64,
    outcome: Outcome,
}

struct Actor {
    client: DdnsClient,
    /// Messages under way, to the server and back.
    requests: Vec<Vec<u8>>,
    answers: Vec<Vec<u8>>,
    current: Option<(Change, u64)>,
    left: usize,
}

/// Runs three servers against one zone; gives what they made and the zone.
fn history(random: &mut Random, seed: u64) -> (Vec<Made>, Server) {
    let mut server = Server::new();
    let actor = |number| Actor {
        client: client(seed * 10 + number),
        requests: Vec::new(),
        answers: Vec::new(),
        current: None,
        left: 3,
    };
    let mut actors: Vec<Actor> = (0..3).map(actor).collect();
    let (mut made, mut clock) = (Vec::new(), 0);
    while actors.iter().any(|actor| actor.left > 0 || actor.current.is_some()) {
        clock += 1;
        let at = random.below(actors.len());
        let actor = &mut actors[at];
        match random.below(6) {
            _ if actor.current.is_none() && actor.left > 0 => {
                actor.left -= 1;
                let change = draw_change(random, &[600]);
                if random.below(3) == 0 {
                    let outcome = server.apply(&change);
                    made.push(Made { change, began: clock, ended: clock, outcome });
                    continue;
                }
                actor.client.handle_change(now_at(clock), 1, change.clone()).unwrap();
                actor.current = Some((change, clock));
            }
            0..=2 if !actor.requests.is_empty() => {
                let answer = server.answer(now_at(clock), &actor.requests.remove(0));
                // Some answers are lost.
                if random.below(8) > 0 {
                    actor.answers.push(answer);
                }
            }
            3 | 4 if !actor.answers.is_empty() => {
                let answer = actor.answers.remove(0);
                actor.client.handle_answer(now_at(clock), server_address(), &answer);
            }
            // Nothing is under way: the client's time comes.
            _ if actor.requests.is_empty() && actor.answers.is_empty() => {
                if let Some(due) = actor.client.poll_timeout() {
                    clock = clock.max(due.0);
                    actor.client.handle_timeout(now_at(clock));
                }
            }
            _ => {}
        }
        let mut buf = [0; 2048];
        while let Some(transmit) = actor.client.poll_transmit(&mut buf) {
            // Some requests are lost.
            if random.below(8) > 0 {
                actor.requests.push(buf[..transmit.len].to_vec());
            }
        }
        while let Some(ClientEvent::Done { result, .. }) = actor.client.poll_event() {
            let (change, began) = actor.current.take().expect("a change");
            let outcome = result.expect("servers answer at last");
            made.push(Made { change, began, ended: clock, outcome });
        }
    }
    (made, server)
}

/// A repeated update finds its own work done: what it says differs, what it does not.
fn same(seen: Outcome, outcome: Outcome) -> bool {
    let kind = |outcome| match outcome {
        Outcome::Added | Outcome::Replaced => 0,
        Outcome::Conflict => 1,
        _ => 2,
    };
    seen == outcome || (kind(seen) == kind(outcome) && kind(seen) != 1)
}

/// Is there an order of the changes that are not yet `done` that leads to `goal`?
fn explains(
    made: &[Made],
    done: u32,
    store: &MemZones,
    goal: &[String],
    tried: &mut HashSet<(u32, Vec<String>)>,
) -> bool {
    let now = dump_all(store);
    if done == (1 << made.len()) - 1 {
        return now == goal;
    }
    if !tried.insert((done, now)) {
        return false;
    }
    let open = |at: &usize| done & (1 << at) == 0;
    let first_end = (0..made.len()).filter(open).map(|at| made[at].ended).min().unwrap_or(u64::MAX);
    (0..made.len()).filter(open).any(|at| {
        if made[at].began > first_end {
            return false;
        }
        let mut next = MemZones { zones: store.zones.clone(), ..MemZones::default() };
        let outcome = apply_locally(&mut next, &made[at].change);
        same(made[at].outcome, outcome) && explains(made, done | 1 << at, &next, goal, tried)
    })
}

#[test]
fn any_interleaving_is_as_if_each_change_were_made_at_once() {
    let (mut overlapping, mut conflicts) = (0, 0);
    for seed in 1..=400 {
        let mut random = Random(seed);
        let (made, server) = history(&mut random, seed);
        let goal = server.dump();
        let explained = explains(&made, 0, &zones(), &goal, &mut HashSet::new());
        assert!(explained, "seed {seed}: {made:#?}\n{goal:#?}");
        conflicts += made.iter().filter(|made| made.outcome == Outcome::Conflict).count();
        let overlap = |a: &Made| made.iter().any(|b| a.began < b.began && b.began < a.ended);
        overlapping += made.iter().filter(|made| overlap(made)).count();
    }
    assert!(overlapping > 500 && conflicts > 100, "{overlapping} overlap, {conflicts} conflicts");
}
