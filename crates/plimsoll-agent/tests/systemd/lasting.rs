//! What lasts: through deaths of the agent and the proxy, and after the service is down.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_agent::conformance::{Program, Subject as _};
use plimsoll_model::Span;
use plimsoll_model::agent::Request;
use plimsoll_model::observation::{InstanceState, SwitchState};

use crate::place::is_test_host;
use crate::subject::{SystemdSubject, kill, property, said};
use crate::support::get;

fn until(what: &str, wanted: impl Fn() -> bool) {
    let began = Instant::now();
    while !wanted() {
        assert!(began.elapsed() < Duration::from_secs(30), "waited for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Nobody is connected, the agent is killed, and the switch goes off all the same.
#[test]
fn the_switch_fires_with_nobody_there() {
    if !is_test_host("the_switch_fires_with_nobody_there") {
        return;
    }
    let mut subject = SystemdSubject::new("switch");
    subject.driver().prepare();
    let (stable, canary) =
        (subject.driver().serve(Program::Healthy(1)), subject.driver().serve(Program::Healthy(2)));
    subject.driver().route(&[(&stable, 100)]);
    subject.driver().arm(Span::from_secs(2), &stable, &canary);
    subject.driver().route(&[(&stable, 50), (&canary, 50)]);
    let unit = subject.unit(&canary);
    subject.kill_agent();
    // Seen from outside: the canary's unit is stopped.
    until("the canary to be stopped", || property(&unit, "ActiveState") == "inactive");
    subject.ensure();
    let seen = subject.observe();
    assert!(matches!(seen.switch, SwitchState::Fired { .. }), "{:?}", seen.switch);
    assert_eq!(seen.instance(&stable).map(|found| found.state), Some(InstanceState::Ready));
}

/// Systemd restarts an instance while no agent runs; the next agent takes it over instead of starting it once more.
#[test]
fn an_instance_comes_back_without_the_agent() {
    if !is_test_host("an_instance_comes_back_without_the_agent") {
        return;
    }
    let mut subject = SystemdSubject::new("alone");
    subject.driver().prepare();
    let id = subject.driver().serve(Program::Healthy(1));
    let unit = subject.unit(&id);
    let pid = property(&unit, "MainPID");
    said(&["systemctl", "stop", "plimsoll-alone.service"]);
    kill(pid.parse().unwrap());
    until("another process", || {
        let now = property(&unit, "MainPID");
        now != pid && now != "0" && property(&unit, "ActiveState") == "active"
    });
    let (other, invocation) = (property(&unit, "MainPID"), property(&unit, "InvocationID"));
    subject.ensure();
    let seen = subject.driver().wait_state(&id, InstanceState::Ready);
    let found = seen.instance(&id).unwrap();
    assert_eq!((found.pid.unwrap().to_string(), found.restarts), (other, 1), "{}", found.detail);
    assert_eq!(property(&unit, "InvocationID"), invocation, "it was not started again");
}

#[test]
fn clients_notice_nothing_when_the_proxy_is_replaced() {
    if !is_test_host("clients_notice_nothing_when_the_proxy_is_replaced") {
        return;
    }
    let mut subject = SystemdSubject::new("handover");
    subject.driver().prepare();
    let id = subject.driver().serve(Program::Healthy(1));
    subject.driver().route(&[(&id, 100)]);
    let (stop, good, listen) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)), subject.listen);
    let client = {
        let (stop, good) = (Arc::clone(&stop), Arc::clone(&good));
        thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(get(listen, "/").unwrap().0, 200);
                good.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    let more = |count: u32| {
        let from = good.load(Ordering::Relaxed);
        until("the client", || client.is_finished() || good.load(Ordering::Relaxed) >= from + count);
        assert!(!client.is_finished());
    };
    more(50);
    // As if the record were of an older program.
    let record = subject.folder().join("state/proxy-unit.json");
    let text = std::fs::read_to_string(&record).unwrap().replace("agent_host", "older");
    std::fs::write(&record, text).unwrap();
    subject.driver().prepare();
    more(50);
    until("the first proxy to end", || {
        property("plimsoll-handover-proxy@1.service", "ActiveState") == "inactive"
    });
    assert_eq!(property("plimsoll-handover-proxy@2.service", "ActiveState"), "active");
    more(50);
    subject.restart_agent();
    more(50);
    stop.store(true, Ordering::Relaxed);
    client.join().unwrap();
}

#[test]
fn a_killed_proxy_comes_back_with_its_table() {
    if !is_test_host("a_killed_proxy_comes_back_with_its_table") {
        return;
    }
    let mut subject = SystemdSubject::new("proxykill");
    subject.driver().prepare();
    let id = subject.driver().serve(Program::Healthy(1));
    subject.driver().route(&[(&id, 100)]);
    said(&["systemctl", "stop", "plimsoll-proxykill.service"]);
    kill(property("plimsoll-proxykill-proxy@1.service", "MainPID").parse().unwrap());
    // The socket is systemd's, so a client waits and is not refused.
    assert_eq!(get(subject.listen, "/").unwrap().0, 200);
    subject.ensure();
}

#[test]
fn a_proxy_that_is_stopped_finishes_what_clients_wait_for() {
    if !is_test_host("a_proxy_that_is_stopped_finishes_what_clients_wait_for") {
        return;
    }
    let mut subject = SystemdSubject::new("stopped");
    subject.driver().prepare();
    let id = subject.driver().serve(Program::Healthy(1));
    subject.driver().route(&[(&id, 100)]);
    let listen = subject.listen;
    let slow = thread::spawn(move || get(listen, "/slow"));
    let under_way = |subject: &mut SystemdSubject| {
        let traffic = subject.observe().traffic;
        traffic.is_some_and(|traffic| traffic.in_flight.iter().any(|of| of.requests > 0))
    };
    while !under_way(&mut subject) {
        assert!(!slow.is_finished(), "it was over before it was seen");
        thread::sleep(Duration::from_millis(5));
    }
    said(&["systemctl", "stop", "plimsoll-stopped-proxy@1.service"]);
    assert_eq!(slow.join().unwrap().unwrap().0, 200, "it was not cut");
    assert_eq!(property("plimsoll-stopped-proxy@1.service", "Result"), "success");
    // The socket is systemd's: the next client starts another one.
    assert_eq!(get(listen, "/").unwrap().0, 200);
}

#[test]
fn down_leaves_releases_and_nothing_else() {
    if !is_test_host("down_leaves_releases_and_nothing_else") {
        return;
    }
    let mut subject = SystemdSubject::new("leaving");
    subject.driver().prepare();
    let id = subject.driver().serve(Program::Healthy(1));
    subject.driver().route(&[(&id, 100)]);
    subject.driver().ask(Request::Down);
    let folder = subject.folder();
    drop(subject);
    let left = || {
        said(&[
            "sh",
            "-c",
            "ls -d /etc/systemd/system/*leaving* /etc/systemd/system/*/*leaving* /etc/sysusers.d/*leaving* 2>/dev/null",
        ])
    };
    until("the units to be gone", || left().is_empty());
    until("the agent to end", || property("plimsoll-leaving.service", "ActiveState") == "inactive");
    assert_eq!(said(&["systemctl", "list-units", "--plain", "--no-legend", "--all", "*leaving*"]), "");
    assert!(folder.join("releases").join(id.release.as_str()).is_dir());
    assert!(Path::new("/opt/plimsoll-test/leaving/shared").is_dir());
}
