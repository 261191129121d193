//! The point of no return, and what may be removed after it.

use plimsoll_model::agent::{RefusalReason, Request, Response};
use plimsoll_model::observation::SwitchState;
use plimsoll_model::{InstanceId, Span};

use super::Program;
use super::driver::{Driver, rollout};

fn commit(id: &InstanceId, number: u64) -> Request {
    Request::Commit { release: id.release.clone(), rollout: rollout(number) }
}

pub(super) fn commit_needs_all_traffic(driver: &mut Driver<'_>) {
    driver.prepare();
    let (stable, canary) = (driver.serve(Program::Healthy(1)), driver.serve(Program::Healthy(2)));
    driver.refused(commit(&canary, 1), RefusalReason::Precondition);
    driver.route(&[(&stable, 95), (&canary, 5)]);
    let refusal = driver.refused(commit(&canary, 1), RefusalReason::Precondition);
    assert!(refusal.message.contains("5%"), "{refusal}");
    assert_eq!(driver.observe().current, None);
}

pub(super) fn commit_twice_is_commit_once(driver: &mut Driver<'_>) {
    driver.prepare();
    let (first, second) = (driver.serve(Program::Healthy(1)), driver.serve(Program::Healthy(2)));
    driver.route(&[(&first, 100)]);
    driver.ask(commit(&first, 1));
    driver.arm(Span::from_secs(60), &first, &second);
    driver.route(&[(&second, 100)]);
    driver.ask(commit(&second, 2));
    let once = driver.observe();
    assert_eq!(once.switch, SwitchState::Off);
    assert_eq!(
        (once.current.as_ref(), &once.known_good),
        (Some(&second.release), &vec![first.release.clone()])
    );
    assert_eq!(once.committed, Some(rollout(2)));
    driver.ask(commit(&second, 2));
    driver.subject.restart_agent();
    driver.ask(commit(&second, 2));
    let twice = driver.observe();
    assert_eq!(
        (once.current, once.known_good, once.committed),
        (twice.current, twice.known_good, twice.committed)
    );
}

pub(super) fn prune_keeps_what_matters(driver: &mut Driver<'_>) {
    driver.prepare();
    let first = driver.serve(Program::Healthy(1));
    driver.route(&[(&first, 100)]);
    driver.ask(commit(&first, 1));
    let second = driver.serve(Program::Healthy(2));
    driver.route(&[(&second, 100)]);
    driver.ask(commit(&second, 2));
    driver.ask(Request::Retire { instances: vec![first.clone()] });
    driver.wait_state(&first, plimsoll_model::observation::InstanceState::Stopped);
    let pinned = driver.install(Program::Healthy(3));
    let spare = driver.install(Program::Healthy(4));
    let prune = Request::Prune { keep: 0, pinned: vec![pinned.clone()] };
    assert_eq!(driver.ask(prune.clone()), Response::Pruned { removed: vec![spare] });
    assert_eq!(driver.ask(prune), Response::Pruned { removed: Vec::new() });
    let mut left = driver.observe().releases;
    let mut wanted = vec![first.release, second.release, pinned];
    left.sort();
    wanted.sort();
    assert_eq!(left, wanted, "the current, the last known good and the pinned one stay");
}
