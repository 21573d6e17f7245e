//! `dhcp`: the best rate of DORA exchanges that each server holds with at most 1 % of packets lost, by
//! perfdhcp as a relay on the other end of a veth pair: by one or by two, whichever gets more out of the server.

pub mod net;
pub mod perfdhcp;
mod server;

pub use server::build_node;

use std::path::PathBuf;

use crate::Failure;
use crate::row::fresh_folder;
use crate::table::{self, grouped, ratio};
use net::Net;
use perfdhcp::{Asking, Trial};
use server::{Kind, Server};

/// Seconds of load in one trial.
const TRIAL_SECONDS: u32 = 5;
/// The rate is raised by this much until a trial fails, and then halved in between this often.
const STEP: f64 = 1.5;
const HALVINGS: u32 = 4;
const RATE_MAX: f64 = 60_000.0;

struct Best {
    name: String,
    trial: Trial,
    /// The generator, not the server, was at its end.
    generator_bound: bool,
}

/// All servers, or only those whose names contain one of `wanted`.
pub fn run(wanted: &[String]) -> Result<(), Failure> {
    let node = server::build_node()?;
    let built = fresh_folder("dhcp-library")?;
    let library = server::build_library(&built)?;
    let net = Net::new()?;
    println!("at most 1 % of packets lost in {TRIAL_SECONDS} s; two cores are shared with the generator");
    let ours = [Kind::Node(node), Kind::Library(library)];
    let peers = [Kind::Kea { threads: 1 }, Kind::Kea { threads: 2 }, Kind::Dhcpd];
    let mut found = Vec::new();
    let is_wanted = |k: &Kind| wanted.is_empty() || wanted.iter().any(|w| k.name().contains(w));
    for kind in ours.into_iter().chain(peers).filter(is_wanted) {
        let trials = Asking::ALL.map(|asking| search(&net, &kind, asking));
        let bests = trials.into_iter().collect::<Result<Vec<_>, _>>()?;
        found.extend(bests.into_iter().max_by(|a, b| a.trial.completed().total_cmp(&b.trial.completed())));
    }
    report(&found);
    std::fs::remove_dir_all(&built)?;
    Ok(())
}

/// Raises the rate until the server no longer holds it, then narrows it down.
fn search(net: &Net, kind: &Kind, asking: Asking) -> Result<Best, Failure> {
    println!("{}, asked by {}", kind.name(), asking.name());
    let folder: PathBuf = fresh_folder("dhcp")?;
    let server = Server::start(net, kind, &folder)?;
    let mut best: Option<Trial> = None;
    let mut generator_bound = false;
    let (mut low, mut high) = (0.0, None);
    let mut rate = kind.first_guess();
    let mut halvings = 0;
    while rate <= RATE_MAX && halvings < HALVINGS {
        let trial = better_of_two(net, &server, asking, rate)?;
        println!("  {trial}");
        if trial.held() {
            low = rate;
            best = Some(trial);
        } else if trial.generator_bound() {
            generator_bound = true;
            best = best.into_iter().chain([trial]).max_by(|a, b| a.completed().total_cmp(&b.completed()));
            break;
        } else {
            high = Some(rate);
        }
        rate = match high {
            None => rate * STEP,
            Some(high) => {
                halvings += 1;
                f64::midpoint(low, high)
            }
        };
    }
    drop(server);
    std::fs::remove_dir_all(&folder)?;
    let trial = best.ok_or_else(|| format!("{} held no rate", kind.name()))?;
    Ok(Best { name: kind.name(), trial, generator_bound })
}

/// A second try only if the first one failed: the machine may have been busy with something else.
fn better_of_two(net: &Net, server: &Server, asking: Asking, rate: f64) -> Result<Trial, Failure> {
    let first = Trial::run(net, server, asking, rate, TRIAL_SECONDS)?;
    if first.held() {
        return Ok(first);
    }
    let second = Trial::run(net, server, asking, rate, TRIAL_SECONDS)?;
    Ok(if second.held() || second.completed() > first.completed() { second } else { first })
}

fn report(found: &[Best]) {
    let Some(ours) = found.first().map(|best| &best.trial) else { return };
    let rows: Vec<_> = found
        .iter()
        .map(|best| {
            let sign = if best.generator_bound { ">= " } else { "" };
            vec![
                best.name.clone(),
                format!("{sign}{}", grouped(best.trial.completed())),
                ratio(ours.completed(), best.trial.completed()),
                format!("{:.2}", best.trial.server_cpu_seconds),
                grouped(best.trial.per_cpu_second()),
                ratio(ours.per_cpu_second(), best.trial.per_cpu_second()),
            ]
        })
        .collect();
    println!();
    let head = ["server", "DORA/s", "ddi is x times", "CPU s", "DORA per CPU s", "ddi is x times"];
    table::print(&head, &rows);
}
