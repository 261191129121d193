//! Single faults that only a host in memory can be told to have.

use std::time::Duration;

use plimsoll_model::agent::{RefusalReason, Request};
use plimsoll_model::observation::{HostObservation, InstanceState, SwitchState};
use plimsoll_model::{InstanceId, Secret, Span, Timestamp};

use crate::conformance::{Driver, Program, Subject as _};
use crate::core::{Agent, OpenError};
use crate::memory::{Behaviour, Fault, Host, MemorySubject};
use crate::runtime::{Exit, Holder};
use crate::state::StateError;

fn host() -> Host {
    Host::new("greeter".parse().unwrap())
}

fn with_host(story: impl FnOnce(&Host, &mut Driver<'_>)) {
    let host = host();
    let mut subject = MemorySubject::new(host.clone());
    let mut driver = Driver::new(&mut subject, "greeter".parse().unwrap());
    driver.prepare();
    story(&host, &mut driver);
}

fn state(seen: &HostObservation, id: &InstanceId) -> Option<InstanceState> {
    seen.instance(id).map(|instance| instance.state)
}

fn detail(driver: &mut Driver<'_>, id: &InstanceId) -> String {
    driver.observe().instance(id).map(|instance| instance.detail.clone()).unwrap_or_default()
}

#[test]
fn the_switch_waits_for_something_ready_to_return_to() {
    with_host(|host, driver| {
        let (stable, canary) = (driver.serve(Program::Healthy(1)), driver.serve(Program::Healthy(2)));
        driver.route(&[(&stable, 50), (&canary, 50)]);
        driver.arm(Span::from_secs(1), &stable, &canary);
        host.behave(&stable.release, Behaviour { status: 500, ..Behaviour::default() });
        driver.wait_state(&stable, InstanceState::Unready);
        let seen = driver.wait_for("the switch", |seen| matches!(seen.switch, SwitchState::Fired { .. }));
        assert!(seen.remarks.iter().any(|remark| remark.contains("nothing to return to is ready")));
        for _ in 0..20 {
            driver.subject.wait();
        }
        assert_eq!(state(&driver.observe(), &canary), Some(InstanceState::Ready), "it still serves");
        host.behave(&stable.release, Behaviour::default());
        driver.wait_state(&canary, InstanceState::Stopped);
        let arms = host.table().unwrap().arms;
        assert_eq!((arms.len(), &arms[0].release), (1, &stable.release));
    });
}

#[test]
fn the_switch_starts_again_what_was_stopped() {
    with_host(|host, driver| {
        let (stable, canary) = (driver.serve(Program::Healthy(1)), driver.serve(Program::Healthy(2)));
        driver.route(&[(&canary, 100)]);
        driver.arm(Span::from_secs(2), &stable, &canary);
        driver.ask(Request::Retire { instances: vec![stable.clone()] });
        driver.wait_state(&stable, InstanceState::Stopped);
        driver.wait_state(&stable, InstanceState::Ready);
        driver.wait_state(&canary, InstanceState::Stopped);
        assert_eq!(host.running(), [stable]);
    });
}

#[test]
fn a_clock_set_back_does_not_hold_the_switch() {
    with_host(|host, driver| {
        let (stable, canary) = (driver.serve(Program::Healthy(1)), driver.serve(Program::Healthy(2)));
        driver.route(&[(&stable, 100)]);
        driver.arm(Span::from_secs(10), &stable, &canary);
        let past = Timestamp::from_millis(1_600_000_000_000);
        let mut next = Agent::open(host.parts(), past).unwrap();
        next.tick(past + Duration::from_secs(9));
        assert!(matches!(next.observe(past).switch, SwitchState::Armed { .. }));
        next.tick(past + Duration::from_secs(10));
        assert!(matches!(next.observe(past).switch, SwitchState::Fired { .. }));
    });
}

#[test]
fn a_state_that_cannot_be_saved_changes_nothing() {
    with_host(|host, driver| {
        let id = driver.serve(Program::Healthy(1));
        driver.route(&[(&id, 100)]);
        let before = host.table();
        for request in [
            Request::Route { weights: Vec::new() },
            Request::Down,
            Request::Commit { release: id.release.clone(), rollout: "staging-1".parse().unwrap() },
        ] {
            host.fail_next(Fault::Save);
            driver.refused(request, RefusalReason::Exhausted);
        }
        assert_eq!(before, host.table());
        assert_eq!(host.current(), None);
        // What time brings is tried again.
        host.fail_next(Fault::Save);
        driver.subject.kill(&id);
        driver.wait_state(&id, InstanceState::Unready);
        driver.wait_state(&id, InstanceState::Ready);
    });
}

#[test]
fn the_switch_goes_off_though_nothing_can_be_saved() {
    with_host(|host, driver| {
        let (stable, canary) = (driver.serve(Program::Healthy(1)), driver.serve(Program::Healthy(2)));
        driver.route(&[(&stable, 90), (&canary, 10)]);
        driver.arm(Span::from_secs(1), &stable, &canary);
        (0..200).for_each(|_| host.fail_next(Fault::Save));
        let seen = driver.wait_for("the host to go back", |seen| {
            seen.traffic.as_ref().is_some_and(|traffic| traffic.table.arms.len() == 1)
        });
        assert!(seen.remarks.iter().any(|remark| remark.contains("no space left")), "{:?}", seen.remarks);
        assert!(host.saved_state().unwrap().contains("\"armed\""), "nothing was saved");
        driver.subject.restart_agent();
        let seen = driver.wait_state(&canary, InstanceState::Stopped);
        assert!(matches!(seen.switch, SwitchState::Fired { .. }));
        assert!(host.saved_state().unwrap().contains("\"fired\""));
    });
}

#[test]
fn a_table_that_was_not_taken_is_not_in_force_later() {
    with_host(|host, driver| {
        let (stable, canary) = (driver.serve(Program::Healthy(1)), driver.serve(Program::Healthy(2)));
        driver.route(&[(&stable, 100)]);
        host.fail_next(Fault::SetTable);
        let weights = vec![Driver::side(&stable, 50), Driver::side(&canary, 50)];
        driver.refused(Request::Route { weights }, RefusalReason::Failed);
        for _ in 0..40 {
            driver.subject.wait();
        }
        assert_eq!(host.table().unwrap().arms.len(), 1);
    });
}

#[test]
fn a_lost_proxy_is_started_with_the_same_table() {
    with_host(|host, driver| {
        let id = driver.serve(Program::Healthy(1));
        let (version, _) = driver.route(&[(&id, 100)]);
        host.kill_proxy();
        let seen = driver
            .wait_for("the proxy", |seen| seen.traffic.as_ref().is_some_and(|t| !t.table.arms.is_empty()));
        assert!(seen.traffic.unwrap().table.version > version);
    });
}

#[test]
fn strangers_on_every_port_end_in_words() {
    with_host(|host, driver| {
        let release = driver.install(Program::Healthy(1));
        // It does not look for another port itself: the agent must.
        host.behave(&release, Behaviour { ends_without_port: false, ..Behaviour::default() });
        let id = driver.start(&release, 0);
        for moves in 0..3 {
            let port = driver.observe().instance(&id).unwrap().port;
            host.occupy(port, Holder { pid: Some(123), executable: Some("/usr/bin/x".into()) });
            driver.wait_for("a move", |seen| {
                seen.instance(&id).is_some_and(|i| i.port != port || i.state == InstanceState::Failed)
            });
            let failed = state(&driver.observe(), &id) == Some(InstanceState::Failed);
            assert_eq!(failed, moves == 2);
            if failed {
                let wanted = format!("port {port} is held by process 123 (/usr/bin/x), not by this instance");
                assert_eq!(detail(driver, &id), wanted);
            }
        }
    });
}

#[test]
fn another_program_fails_at_once() {
    with_host(|host, driver| {
        let release = driver.install(Program::Healthy(1));
        let other = plimsoll_model::Digest::of(b"other");
        host.behave(&release, Behaviour { runs: Some(other), ..Behaviour::default() });
        let id = driver.start(&release, 0);
        driver.wait_state(&id, InstanceState::Failed);
        assert!(detail(driver, &id).contains(&other.short()));
        driver.wait_for("its end", |_| host.running().is_empty());
    });
}

#[test]
fn exits_say_why() {
    with_host(|host, driver| {
        let release = driver.install(Program::Healthy(1));
        let id = driver.start(&release, 0);
        driver.wait_state(&id, InstanceState::Ready);
        host.crash(&id, &Exit::Signal { signal: 9, out_of_memory: true });
        driver.wait_state(&id, InstanceState::Unready);
        assert!(
            detail(driver, &id).starts_with("killed by signal 9 (out of memory); restart 1 of 2 in 100ms")
        );
        driver.wait_state(&id, InstanceState::Ready);
        host.reboot();
        driver.wait_for("a second restart", |seen| seen.instance(&id).is_some_and(|i| i.restarts == 2));
        driver.wait_state(&id, InstanceState::Ready);
        driver.subject.kill(&id);
        driver.wait_state(&id, InstanceState::Failed);
        assert!(
            detail(driver, &id).contains("crash loop: ended 3 times within 1m"),
            "{}",
            detail(driver, &id)
        );
    });
}

#[test]
fn a_start_that_fails_is_told_and_can_be_tried_again() {
    with_host(|host, driver| {
        let release = driver.install(Program::Healthy(1));
        host.fail_next(Fault::Start);
        let instance = InstanceId::new(release.clone(), 0);
        let request = Request::Start { instance: instance.clone(), secrets: [].into() };
        driver.refused(request, RefusalReason::Failed);
        assert_eq!(state(&driver.observe(), &instance), Some(InstanceState::Failed));
        driver.start(&release, 0);
        driver.wait_state(&instance, InstanceState::Ready);
    });
}

#[test]
fn draining_waits_for_requests_until_its_deadline() {
    with_host(|host, driver| {
        let (old, new) = (driver.serve(Program::Healthy(1)), driver.serve(Program::Healthy(2)));
        driver.route(&[(&new, 100)]);
        let busy = plimsoll_model::traffic::InFlight { instance: old.clone(), requests: 1 };
        host.edit_report(|report| report.in_flight = vec![busy]);
        driver.ask(Request::Retire { instances: vec![old.clone()] });
        let began = driver.observe().at;
        let seen = driver.wait_state(&old, InstanceState::Stopped);
        let took = seen.at.since(began);
        assert!(took >= Driver::run_spec().drain_timeout.duration(), "{took:?}");
    });
}

#[test]
fn a_retired_instance_can_be_called_back_while_it_drains() {
    with_host(|host, driver| {
        let (old, new) = (driver.serve(Program::Healthy(1)), driver.serve(Program::Healthy(2)));
        driver.route(&[(&new, 100)]);
        let busy = plimsoll_model::traffic::InFlight { instance: old.clone(), requests: 1 };
        host.edit_report(|report| report.in_flight = vec![busy]);
        driver.ask(Request::Retire { instances: vec![old.clone()] });
        driver.start(&old.release, 0);
        assert_eq!(state(&driver.observe(), &old), Some(InstanceState::Ready));
        driver.route(&[(&old, 100)]);
    });
}

#[test]
fn secrets_are_kept_as_long_as_they_are_needed() {
    let host = host();
    let mut subject = MemorySubject::new(host.clone());
    let mut spec = Driver::run_spec();
    let file = plimsoll_model::release::SecretReference::File("/etc/token".to_owned());
    spec.secrets.insert("TOKEN".to_owned(), file);
    let environment = subject.settings().environment;
    let made = subject.release(Program::Healthy(1), spec, &environment);
    let release = host.add_release(&made.manifest);
    let mut driver = Driver::new(&mut subject, "greeter".parse().unwrap());
    driver.prepare();
    let request = Request::Start { instance: InstanceId::new(release.clone(), 0), secrets: [].into() };
    driver.refused(request, RefusalReason::Precondition);
    host.put_secret_file("/etc/token", Secret::new("hunter2"));
    let id = driver.start(&release, 0);
    driver.wait_state(&id, InstanceState::Ready);
    assert!(!host.saved_state().unwrap().contains("hunter2"));
    assert!(host.saved_secrets().contains("hunter2"));
    driver.ask(Request::Retire { instances: vec![id.clone()] });
    driver.wait_state(&id, InstanceState::Stopped);
    assert!(!host.saved_secrets().contains("hunter2"));
}

#[test]
fn a_damaged_or_foreign_state_is_refused_by_name() {
    let host = host();
    host.damage_state("{");
    let error = Agent::open(host.parts(), Timestamp::default()).err().unwrap();
    assert!(matches!(&error, OpenError::State(StateError::Damaged { .. })), "{error}");
    host.damage_state("{\"format\": 2}");
    let error = Agent::open(host.parts(), Timestamp::default()).err().unwrap();
    assert!(error.to_string().contains("format 2"), "{error}");
    let other = crate::state::HostState::new("other".parse().unwrap());
    host.damage_state(&serde_json::to_string(&other).unwrap());
    let error = Agent::open(host.parts(), Timestamp::default()).err().unwrap();
    assert!(matches!(error, OpenError::OtherService { .. }));
}
