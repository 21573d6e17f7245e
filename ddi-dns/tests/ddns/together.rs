//! One after the other: an own zone changed in place and a remote one by messages are always the same.

use super::server::{Server, client, draw_change, drive};
use super::support::{NOW, Random, absolute, rdata};
use ddi_dns::ddns::Outcome;
use ddi_dns::{Edit, Rtype, SerialPolicy};

/// What an operator does to the same names meanwhile, in both zones.
fn disturb(random: &mut Random, servers: [&mut Server; 2]) {
    let owner = absolute(random.pick::<&str>(&["h0", "h1", "sub.h0"]));
    let (rtype, data) = *random.pick(&[
        (Rtype::TXT, "note"),
        (Rtype::A, "192.0.2.9"),
        (Rtype::CNAME, "h0.example.com"),
        (Rtype::DHCID, "\u{0}\u{1}\u{1}short"),
    ]);
    let what = random.below(4);
    for server in servers {
        use ddi_dns::update::ZoneStore;
        let mut edit = Edit::new(server.store.zone("example.com"));
        match what {
            0 => drop(edit.remove_name(owner.as_ref())),
            1 => drop(edit.remove_rrset(owner.as_ref(), rtype)),
            // Also what no server should hold: an alias beside data.
            _ => drop(edit.add(owner.as_ref(), rtype, 77, &rdata(rtype, data)).unwrap()),
        }
        if let Some((delta, next)) = edit.finish(SerialPolicy::Increment, NOW.unix).unwrap() {
            server.store.put(delta, next).unwrap();
        }
    }
}

#[test]
fn both_ways_lead_to_the_same_zone() {
    let mut seen = [0; 5];
    for seed in 1..=40 {
        let mut random = Random(seed);
        let (mut here, mut there) = (Server::new(), Server::new());
        let mut client = client(seed);
        for number in 0..60 {
            if random.below(8) == 0 {
                disturb(&mut random, [&mut here, &mut there]);
            }
            let change = draw_change(&mut random, &[600, 1200]);
            let outcome = here.apply(&change);
            let result = drive(&mut client, &mut there, change.clone());
            assert_eq!(result, Ok(outcome), "seed {seed} change {number}: {change:?}");
            assert_eq!(here.dump(), there.dump(), "seed {seed} change {number}: {change:?}");
            let all =
                [Outcome::Added, Outcome::Replaced, Outcome::Conflict, Outcome::Removed, Outcome::NotOurs];
            seen[all.iter().position(|known| *known == outcome).unwrap()] += 1;
        }
    }
    assert!(seen.iter().all(|&count| count > 50), "{seen:?}");
}
