//! A DHCP and name server with failover made of the ddi crates: sockets, a clock, four threads (packets, names,
//! and for each of the two one that waits for the disk), and nothing else that is hard.
//! README.md beside this file tells what it does; `example.toml` shows every key of its configuration.
#![allow(unreachable_pub, reason = "a program: nothing here is reached from outside")]

mod config;
mod ctl;
mod demo;
mod dns;
mod failover;
mod net;
mod run;
mod say;

use ctl::client::Refusal;
use run::Failure;
use say::say;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: node run CONFIG.toml
       node ctl CONFIG.toml COMMAND
       node demo
";

/// What was asked for can't be: the words or the configuration are wrong.
const USAGE_ERROR: u8 = 2;

fn main() -> ExitCode {
    // What is not text is no word of ours; that it is there is told like any other mistake.
    let args: Vec<String> =
        std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    let mut args = &args[..];
    if args.first().is_some_and(|first| first == demo::DIE_WITH_PARENT) {
        args = &args[1..];
        if let Err(e) = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL) {
            say(format!("{}: {e}", demo::DIE_WITH_PARENT));
        }
    }
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["run", config] => run(Path::new(config)),
        ["ctl", config, _, ..] => ctl(Path::new(config), &args[2..]),
        ["demo"] => demo(),
        _ => {
            say(format!("{USAGE}commands: {}", ctl::COMMANDS));
            ExitCode::from(USAGE_ERROR)
        }
    }
}

fn run(config: &Path) -> ExitCode {
    match run::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&failure);
            match failure {
                Failure::Config(_) => ExitCode::from(USAGE_ERROR),
                Failure::System(_) => ExitCode::FAILURE,
            }
        }
    }
}

fn ctl(config: &Path, words: &[String]) -> ExitCode {
    let config = match config::load(config) {
        Ok(config) => config,
        Err(mistake) => {
            say(mistake);
            return ExitCode::from(USAGE_ERROR);
        }
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let outcome = ctl::client::ask(&config.data_dir, words, &mut out);
    let (code, text) = match outcome {
        Ok(()) => (ExitCode::SUCCESS, String::new()),
        Err(Refusal::Failed(document)) => (ExitCode::FAILURE, document),
        Err(Refusal::Usage(what)) => {
            say(what);
            return ExitCode::from(USAGE_ERROR);
        }
    };
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => code,
        // Whoever reads has enough (`ctl leases | head`).
        Err(_) => ExitCode::FAILURE,
    }
}

fn demo() -> ExitCode {
    match demo::run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            say(format!("demo: {e}"));
            ExitCode::FAILURE
        }
    }
}
