//! The health gate.

use std::collections::BTreeMap;

use plimsoll_model::InstanceId;
use plimsoll_model::agent::{Request, Response};
use plimsoll_model::observation::InstanceState;

use super::Program;
use super::driver::Driver;

pub(super) fn a_healthy_instance_is_proved(driver: &mut Driver<'_>) {
    driver.prepare();
    let release = driver.install(Program::Healthy(1));
    let id = driver.start(&release, 0);
    let starting = driver.observe();
    assert_eq!(starting.instance(&id).map(|i| i.state), Some(InstanceState::Starting));
    let seen = driver.wait_state(&id, InstanceState::Ready);
    let instance = seen.instance(&id).expect("it is there");
    let proof = instance.proof.as_ref().expect("a ready instance is proved");
    assert_eq!(Some(proof.pid), instance.pid);
    assert_eq!(proof.executable, driver.make(Program::Healthy(1)).manifest.artifact.digest);
    assert_eq!(instance.restarts, 0);
}

pub(super) fn starting_twice_starts_once(driver: &mut Driver<'_>) {
    driver.prepare();
    let id = driver.serve(Program::Healthy(1));
    let before = driver.observe();
    let again = driver.ask(Request::Start { instance: id.clone(), secrets: BTreeMap::new() });
    let port = before.instance(&id).expect("it is there").port;
    assert_eq!(again, Response::Started { port });
    assert_eq!(before.instances, driver.observe().instances);
}

pub(super) fn a_sick_instance_fails_in_time(driver: &mut Driver<'_>) {
    driver.prepare();
    let release = driver.install(Program::Sick);
    let id = driver.start(&release, 0);
    let seen = driver.wait_state(&id, InstanceState::Failed);
    let instance = seen.instance(&id).expect("it is there");
    assert!(instance.detail.contains("not healthy within 8s"), "{}", instance.detail);
    assert!(instance.detail.contains("500"), "{}", instance.detail);
    driver.wait_for("its process to end", |seen| seen.instance(&id).is_some_and(|i| i.pid.is_none()));
}

pub(super) fn a_crash_loop_is_given_up(driver: &mut Driver<'_>) {
    driver.prepare();
    let release = driver.install(Program::Exits);
    let id = driver.start(&release, 0);
    let seen = driver.wait_state(&id, InstanceState::Failed);
    let instance = seen.instance(&id).expect("it is there");
    assert_eq!(instance.restarts, 2);
    assert!(instance.detail.contains("crash loop"), "{}", instance.detail);
    assert!(instance.detail.contains("exited with code 3"), "{}", instance.detail);
    assert!(driver.log(None).iter().any(|line| line.contains("exited with code 3")));
}

pub(super) fn a_killed_instance_comes_back_through_the_gate(driver: &mut Driver<'_>) {
    driver.prepare();
    let id = driver.serve(Program::Healthy(1));
    let before = driver.observe().instance(&id).and_then(|i| i.proof.clone()).expect("it is proved");
    driver.subject.kill(&id);
    let seen = driver.wait_state(&id, InstanceState::Unready);
    let detail = seen.instance(&id).map(|i| i.detail.clone()).unwrap_or_default();
    assert!(detail.contains("killed by signal 9"), "{detail}");
    let seen = driver.wait_state(&id, InstanceState::Ready);
    let instance = seen.instance(&id).expect("it is there");
    assert_eq!(instance.restarts, 1);
    assert_ne!(instance.proof.as_ref(), Some(&before), "it must be proved again");
}

pub(super) fn a_failed_instance_can_be_started_anew(driver: &mut Driver<'_>) {
    driver.prepare();
    let release = driver.install(Program::Exits);
    let id = driver.start(&release, 0);
    driver.wait_state(&id, InstanceState::Failed);
    driver.start(&release, 0);
    let instance = driver.observe().instance(&id).cloned().expect("it is there");
    // Counted anew: before it was given up there were two. A fast program may have ended once already.
    assert!(instance.state == InstanceState::Starting && instance.restarts < 2, "{instance:?}");
    driver.wait_state(&id, InstanceState::Failed);
}

pub(super) fn a_stranger_on_the_port_is_no_proof(driver: &mut Driver<'_>) {
    driver.prepare();
    let release = driver.install(Program::Healthy(1));
    // The port of the first start shows where the second would look first.
    let id = InstanceId::new(release.clone(), 0);
    let Response::Started { port } =
        driver.ask(Request::Start { instance: id.clone(), secrets: BTreeMap::new() })
    else {
        panic!("`start` is answered with a port")
    };
    driver.wait_state(&id, InstanceState::Ready);
    driver.subject.kill(&id);
    driver.subject.occupy(port);
    let moved = driver.wait_for("another port", |seen| {
        seen.instance(&id).is_some_and(|i| i.state == InstanceState::Ready && i.port != port)
    });
    assert!(moved.instance(&id).is_some_and(|i| i.proof.is_some()));
}
