//! A reboot, in two parts: `PLIMSOLL_REBOOT` is `before` and then, after the host was booted again, `after`. Without it a
//! host of the fleet goes through both.

use std::time::{Duration, Instant};

use plimsoll_agent::conformance::Program;
use plimsoll_model::observation::InstanceState;

use crate::place::{own_host, run_on};
use crate::subject::{SystemdSubject, property};
use crate::support::get;

const LISTEN: ([u8; 4], u16) = ([127, 0, 0, 1], 8088);

#[test]
fn a_rebooted_host_serves_again() {
    let part = std::env::var("PLIMSOLL_REBOOT").unwrap_or_default();
    if part.is_empty() {
        return both_parts("a_rebooted_host_serves_again");
    }
    if part == "before" {
        let mut subject = SystemdSubject::listening("reboot", LISTEN.into());
        subject.driver().prepare();
        let id = subject.driver().serve(Program::Healthy(1));
        subject.driver().route(&[(&id, 100)]);
        assert_eq!(get(LISTEN.into(), "/").unwrap().0, 200);
        // It stays.
        return std::mem::forget(subject);
    }
    // Nobody connects to the agent before this.
    let began = Instant::now();
    while !get(LISTEN.into(), "/").is_ok_and(|(status, _)| status == 200) {
        assert!(began.elapsed() < Duration::from_secs(20), "it does not serve");
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("served again {} ms after it was asked first", began.elapsed().as_millis());
    assert_eq!(property("plimsoll-reboot.service", "ActiveState"), "active");
    let mut subject = SystemdSubject::again("reboot", LISTEN.into());
    let id = subject.observe().instances[0].instance.clone();
    let detail = subject.wait(&id, InstanceState::Ready);
    let restarts = subject.observe().instance(&id).unwrap().restarts;
    assert_eq!(restarts, 1, "one run ended with the boot and the next was adopted: {detail}");
}

/// The whole of it, on a host of its own: others would not like to be rebooted.
fn both_parts(test: &str) {
    let Some(fleet) = own_host(test) else { return };
    let host = &fleet.hosts()[0];
    run_on(host, test, &["PLIMSOLL_REBOOT=before"]);
    host.reboot().unwrap();
    run_on(host, test, &["PLIMSOLL_REBOOT=after"]);
}
