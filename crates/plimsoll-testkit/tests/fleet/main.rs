//! The test fleet: hosts come up, are reached, suffer and recover, and leave nothing behind.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "a program of tests")]

mod faults;
mod load;
mod owners;
mod reach;

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use plimsoll_testkit::fleet::{Fleet, FleetOptions, Host};

/// A fleet for a test; none where there can be none, which is said.
fn fleet(test: &str, options: FleetOptions) -> Option<Fleet> {
    if let Err(why) = Fleet::availability() {
        eprintln!("skipped: {test}: {why}");
        return None;
    }
    Some(Fleet::up(options).unwrap())
}

/// A fleet of one host.
fn one_host(test: &str) -> Option<Fleet> {
    fleet(test, FleetOptions::default())
}

/// Runs a command on a host over ssh, with no longer wait for a connection than some seconds.
fn ssh(host: &Host, to: &str, words: &[&str]) -> Output {
    let mut command = Command::new("ssh");
    command.arg("-F").arg(host.ssh_config()).args(["-o", "ConnectTimeout=3", to, "--"]).args(words);
    command.output().unwrap()
}

/// Whether a command on the host itself succeeds, over ssh.
fn answers(host: &Host) -> bool {
    ssh(host, host.name(), &["true"]).status.success()
}

/// What a command that must succeed prints.
#[track_caller]
fn inside(host: &Host, words: &[&str]) -> String {
    said(&host.run(words).unwrap())
}

/// What a command that succeeded printed.
#[track_caller]
fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[track_caller]
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited too long for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
