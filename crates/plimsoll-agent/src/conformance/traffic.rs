//! Weights, readiness and retirement.

use plimsoll_model::agent::{ArmWeight, RefusalReason, Request};
use plimsoll_model::observation::InstanceState;
use plimsoll_model::{InstanceId, Share};

use super::Program;
use super::driver::{Driver, has_weight};

pub(super) fn weights_must_add_up(driver: &mut Driver<'_>) {
    driver.prepare();
    let id = driver.serve(Program::Healthy(1));
    let side = Driver::side;
    let stranger = InstanceId::new("0123456789ab".parse().expect("an id"), 0);
    let foreign = ArmWeight { instances: vec![stranger.clone()], ..side(&id, 100) };
    let twice = ArmWeight { instances: vec![id.clone(), id.clone()], ..side(&id, 100) };
    for weights in [vec![side(&id, 99)], vec![side(&id, 50), side(&id, 50)], vec![foreign], vec![twice]] {
        driver.refused(Request::Route { weights }, RefusalReason::Invalid);
    }
    driver.refused(Request::Route { weights: vec![side(&stranger, 100)] }, RefusalReason::NotFound);
    let table = driver.observe().traffic.map(|traffic| traffic.table.arms);
    assert_eq!(table, Some(Vec::new()), "nothing was changed");
}

pub(super) fn no_weight_without_a_ready_instance(driver: &mut Driver<'_>) {
    driver.prepare();
    let stable = driver.serve(Program::Healthy(1));
    driver.route(&[(&stable, 100)]);
    let sick = driver.install(Program::Sick);
    let sick = driver.start(&sick, 0);
    let weights = vec![Driver::side(&stable, 95), Driver::side(&sick, 5)];
    let refusal = driver.refused(Request::Route { weights }, RefusalReason::Precondition);
    assert!(refusal.message.contains(sick.release.as_str()), "{refusal}");
    assert!(has_weight(&driver.observe(), &stable, 100));
    let none = ArmWeight { weight: Share::ALL, instances: Vec::new(), release: stable.release.clone() };
    driver.refused(Request::Route { weights: vec![none] }, RefusalReason::Precondition);
}

pub(super) fn the_same_weights_change_nothing(driver: &mut Driver<'_>) {
    driver.prepare();
    let (stable, canary) = (driver.serve(Program::Healthy(1)), driver.serve(Program::Healthy(2)));
    let first = driver.route(&[(&stable, 95), (&canary, 5)]);
    let again = driver.route(&[(&stable, 95), (&canary, 5)]);
    assert_eq!(first, again);
    assert_eq!(first.1, [Driver::side(&stable, 95), Driver::side(&canary, 5)]);
    let back = driver.route(&[(&stable, 100)]);
    assert!(back.0 > first.0, "a table's version grows");
}

pub(super) fn readiness_reaches_the_table(driver: &mut Driver<'_>) {
    driver.prepare();
    let id = driver.serve(Program::Healthy(1));
    driver.route(&[(&id, 100)]);
    driver.subject.kill(&id);
    let ready = |wanted: bool| {
        let id = id.clone();
        move |seen: &plimsoll_model::observation::HostObservation| {
            let backends = seen.traffic.iter().flat_map(|t| &t.table.arms).flat_map(|arm| &arm.backends);
            backends.clone().any(|backend| backend.instance == id && backend.ready == wanted)
        }
    };
    driver.wait_for("the table to take it out", ready(false));
    let seen = driver.wait_for("the table to take it back", ready(true));
    assert!(has_weight(&seen, &id, 100));
}

pub(super) fn the_last_ready_instance_is_not_retired(driver: &mut Driver<'_>) {
    driver.prepare();
    let id = driver.serve(Program::Healthy(1));
    driver.route(&[(&id, 100)]);
    driver.refused(Request::Retire { instances: vec![id.clone()] }, RefusalReason::Precondition);
    assert_eq!(driver.observe().instance(&id).map(|i| i.state), Some(InstanceState::Ready));
}

pub(super) fn retired_instances_stop(driver: &mut Driver<'_>) {
    driver.prepare();
    let (old, new) = (driver.serve(Program::Healthy(1)), driver.serve(Program::Healthy(2)));
    driver.route(&[(&old, 100)]);
    driver.route(&[(&new, 100)]);
    let retire = Request::Retire { instances: vec![old.clone()] };
    driver.ask(retire.clone());
    driver.ask(retire.clone());
    let seen = driver.wait_state(&old, InstanceState::Stopped);
    let instance = seen.instance(&old).expect("it is remembered");
    assert_eq!((instance.pid, instance.proof.as_ref()), (None, None));
    driver.ask(retire);
    assert_eq!(driver.observe().instance(&old).map(|i| i.state), Some(InstanceState::Stopped));
    // It can be asked for again, and must be proved again.
    driver.start(&old.release, 0);
    driver.wait_state(&old, InstanceState::Ready);
    let unknown = InstanceId::new(old.release.clone(), 99);
    driver.refused(Request::Retire { instances: vec![unknown] }, RefusalReason::NotFound);
}

pub(super) fn stubborn_instances_are_killed(driver: &mut Driver<'_>) {
    driver.prepare();
    let id = driver.serve(Program::Stubborn);
    driver.ask(Request::Retire { instances: vec![id.clone()] });
    let seen = driver.wait_state(&id, InstanceState::Stopped);
    let detail = seen.instance(&id).map(|i| i.detail.clone()).unwrap_or_default();
    assert!(detail.contains("killed by signal 9"), "{detail}");
}
