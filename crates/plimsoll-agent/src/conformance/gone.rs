//! The coordinator is gone, or the agent was.

use plimsoll_model::agent::{RefusalReason, Request};
use plimsoll_model::observation::{HostObservation, InstanceState, SwitchState};
use plimsoll_model::{InstanceId, Span};

use super::Program;
use super::driver::{Driver, has_weight, rollout};

/// A stable and a canary that share the traffic, and an armed switch.
fn canary(driver: &mut Driver<'_>, after: Span) -> (InstanceId, InstanceId) {
    driver.prepare();
    let (stable, canary) = (driver.serve(Program::Healthy(1)), driver.serve(Program::Healthy(2)));
    driver.route(&[(&stable, 100)]);
    driver.arm(after, &stable, &canary);
    driver.route(&[(&stable, 90), (&canary, 10)]);
    (stable, canary)
}

fn went_back<'a>(
    stable: &'a InstanceId,
    canary: &'a InstanceId,
) -> impl Fn(&HostObservation) -> bool + use<'a> {
    move |seen| {
        has_weight(seen, stable, 100)
            && has_weight(seen, canary, 0)
            && seen.instance(canary).is_some_and(|i| i.state == InstanceState::Stopped)
            && matches!(seen.switch, SwitchState::Fired { .. })
    }
}

pub(super) fn the_switch_goes_off_without_word(driver: &mut Driver<'_>) {
    let (stable, canary) = canary(driver, Span::from_millis(600));
    assert!(matches!(driver.observe().switch, SwitchState::Armed { .. }));
    driver.wait_for("the host to go back", went_back(&stable, &canary));
}

pub(super) fn confirming_holds_the_switch(driver: &mut Driver<'_>) {
    let (_, canary) = canary(driver, Span::from_millis(1500));
    let began = driver.observe().at;
    while driver.observe().at.since(began).as_millis() < 3000 {
        driver.ask(Request::Confirm);
        driver.subject.wait();
    }
    let seen = driver.observe();
    assert!(matches!(seen.switch, SwitchState::Armed { .. }), "{:?}", seen.switch);
    assert!(has_weight(&seen, &canary, 10));
    driver.ask(Request::Disarm);
    driver.ask(Request::Disarm);
    assert_eq!(driver.observe().switch, SwitchState::Off);
    driver.refused(Request::Confirm, RefusalReason::Precondition);
}

pub(super) fn a_late_coordinator_is_shut_out_until_it_disarms(driver: &mut Driver<'_>) {
    let (stable, canary) = canary(driver, Span::from_millis(600));
    driver.wait_for("the host to go back", went_back(&stable, &canary));
    let weights = vec![Driver::side(&canary, 100)];
    let commit = Request::Commit { release: canary.release.clone(), rollout: rollout(1) };
    for request in [Request::Confirm, Request::Route { weights }, commit] {
        let refusal = driver.refused(request, RefusalReason::Precondition);
        assert!(refusal.message.contains("switch went off"), "{refusal}");
    }
    assert!(has_weight(&driver.observe(), &stable, 100));
    driver.ask(Request::Disarm);
    driver.route(&[(&stable, 100)]);
}

pub(super) fn the_next_agent_adopts_everything(driver: &mut Driver<'_>) {
    let (stable, canary) = canary(driver, Span::from_secs(60));
    let before = driver.observe();
    driver.subject.restart_agent();
    let after = driver.observe();
    for id in [&stable, &canary] {
        assert_eq!(before.instance(id), after.instance(id), "nothing happened to {id}");
    }
    assert_eq!(before.switch, after.switch);
    let (before, after) = (before.traffic.expect("it reports"), after.traffic.expect("it reports"));
    assert_eq!((before.epoch, before.table), (after.epoch, after.table), "the proxy was left alone");
    // The adopted process is watched as any other.
    driver.subject.kill(&canary);
    driver.wait_state(&canary, InstanceState::Unready);
    driver.wait_state(&canary, InstanceState::Ready);
}

pub(super) fn the_switch_goes_off_under_the_next_agent(driver: &mut Driver<'_>) {
    let (stable, canary) = canary(driver, Span::from_millis(1500));
    driver.subject.restart_agent();
    driver.wait_for("the host to go back", went_back(&stable, &canary));
    driver.subject.restart_agent();
    assert!(matches!(driver.observe().switch, SwitchState::Fired { .. }));
}

pub(super) fn retiring_goes_on_under_the_next_agent(driver: &mut Driver<'_>) {
    driver.prepare();
    let (old, new) = (driver.serve(Program::Stubborn), driver.serve(Program::Healthy(2)));
    driver.route(&[(&new, 100)]);
    driver.ask(Request::Retire { instances: vec![old.clone()] });
    driver.subject.restart_agent();
    driver.wait_state(&old, InstanceState::Stopped);
}

pub(super) fn down_stops_everything_and_keeps_releases(driver: &mut Driver<'_>) {
    driver.prepare();
    let id = driver.serve(Program::Healthy(1));
    driver.route(&[(&id, 100)]);
    driver.ask(Request::Commit { release: id.release.clone(), rollout: rollout(1) });
    driver.ask(Request::Down);
    driver.ask(Request::Down);
    let seen = driver.wait_for("everything to stop", |seen| {
        seen.traffic.is_none() && seen.instance(&id).is_some_and(|i| i.state == InstanceState::Stopped)
    });
    assert_eq!((seen.current, seen.releases), (Some(id.release.clone()), vec![id.release.clone()]));
    driver.prepare();
    driver.start(&id.release, 0);
    driver.wait_state(&id, InstanceState::Ready);
    driver.route(&[(&id, 100)]);
}
