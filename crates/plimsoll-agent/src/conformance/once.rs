//! Processes that run once, the maintenance page, and the trail.

use std::collections::BTreeMap;

use plimsoll_model::agent::{OnceOrder, OnceState, RefusalReason, Request, Response};
use plimsoll_model::traffic::Maintenance;
use plimsoll_model::{ReleaseId, Span, trail};

use super::Program;
use super::driver::{Driver, rollout};

fn order(release: &ReleaseId, key: &str, command: &[&str], timeout: Span) -> OnceOrder {
    OnceOrder {
        key: key.to_owned(),
        rollout: Some(rollout(1)),
        release: Some(release.clone()),
        instance: None,
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        variables: BTreeMap::new(),
        secrets: BTreeMap::new(),
        timeout,
    }
}

fn state(driver: &mut Driver<'_>, key: &str) -> OnceState {
    match driver.ask(Request::OnceState { key: key.to_owned(), after: None }) {
        Response::Once { state, .. } => state,
        other => panic!("`once-state` was answered {other:?}"),
    }
}

/// Waits until it is over; its exit code, and how it ended.
fn ended(driver: &mut Driver<'_>, key: &str) -> (Option<i32>, String) {
    for _ in 0..400 {
        if let OnceState::Ended { code, how } = state(driver, key) {
            return (code, how);
        }
        driver.subject.wait();
    }
    panic!("`{key}` did not end");
}

pub(super) fn a_process_runs_once(driver: &mut Driver<'_>) {
    driver.prepare();
    let release = driver.install(Program::Healthy(1));
    let minute = Span::from_secs(60);
    driver.ask(Request::Once { order: order(&release, "first", &["true"], minute) });
    assert_eq!(ended(driver, "first").0, Some(0));
    // Whatever it is asked for the second time, it is over; also under the next agent.
    driver.ask(Request::Once { order: order(&release, "first", &["false"], minute) });
    driver.subject.restart_agent();
    driver.ask(Request::Once { order: order(&release, "first", &["false"], minute) });
    assert_eq!(ended(driver, "first").0, Some(0));
    driver.ask(Request::Once { order: order(&release, "second", &["false"], minute) });
    assert_eq!(ended(driver, "second").0, Some(1));
    driver.refused(Request::OnceState { key: "third".to_owned(), after: None }, RefusalReason::NotFound);
    for (key, command) in [("", "true"), ("a b", "true"), ("fine", "")] {
        driver.refused(
            Request::Once { order: order(&release, key, &[command], minute) },
            RefusalReason::Invalid,
        );
    }
    assert!(driver.observe().instances.is_empty(), "it is no instance");
}

pub(super) fn its_time_is_bounded_whoever_looks_on(driver: &mut Driver<'_>) {
    driver.prepare();
    let release = driver.install(Program::Healthy(1));
    driver.ask(Request::Once { order: order(&release, "long", &["sleep", "300"], Span::from_millis(400)) });
    driver.subject.restart_agent();
    let (code, how) = ended(driver, "long");
    assert_eq!((code, how.as_str()), (None, "took longer than 400ms and was ended"));
}

pub(super) fn a_process_goes_on_under_the_next_agent(driver: &mut Driver<'_>) {
    driver.prepare();
    let release = driver.install(Program::Healthy(1));
    driver.ask(Request::Once { order: order(&release, "goes-on", &["sleep", "1"], Span::from_secs(60)) });
    driver.subject.restart_agent();
    assert!(matches!(state(driver, "goes-on"), OnceState::Running { .. }));
    assert_eq!(ended(driver, "goes-on").0, Some(0));
    driver.ask(Request::Once { order: order(&release, "stopped", &["sleep", "300"], Span::from_secs(60)) });
    driver.ask(Request::Once { order: order(&release, "asked", &["sleep", "300"], Span::from_secs(60)) });
    driver.ask(Request::EndOnce { key: "asked".to_owned() });
    assert_eq!(ended(driver, "asked"), (None, "was ended because somebody asked for it".to_owned()));
    driver.ask(Request::EndOnce { key: "asked".to_owned() });
    driver.ask(Request::Down);
    assert_eq!(ended(driver, "stopped").0, None);
}

pub(super) fn maintenance_outlives_the_agent(driver: &mut Driver<'_>) {
    driver.prepare();
    let id = driver.serve(Program::Healthy(1));
    driver.route(&[(&id, 100)]);
    let page = Maintenance {
        page: "back at five".to_owned(),
        retry_after: Span::from_secs(60),
        except: vec!["/healthz".to_owned()],
    };
    let in_force = |driver: &mut Driver<'_>| driver.observe().traffic.and_then(|t| t.table.maintenance);
    driver.ask(Request::Maintain { page: Some(page.clone()) });
    assert_eq!(in_force(driver), Some(page.clone()));
    driver.subject.restart_agent();
    let next = driver.serve(Program::Healthy(2));
    driver.route(&[(&next, 100)]);
    assert_eq!(in_force(driver), Some(page.clone()), "a deployment goes on behind it");
    driver.ask(Request::Maintain { page: None });
    assert_eq!(in_force(driver), None);
    let large = Maintenance { page: "x".repeat(100_000), ..page };
    driver.refused(Request::Maintain { page: Some(large) }, RefusalReason::Invalid);
}

pub(super) fn every_deed_leaves_its_line(driver: &mut Driver<'_>) {
    driver.prepare();
    let id = driver.serve(Program::Healthy(1));
    driver.route(&[(&id, 100)]);
    driver.subject.restart_agent();
    driver.refused(Request::Confirm, RefusalReason::Precondition);
    driver.ask(Request::Commit { release: id.release.clone(), rollout: rollout(1) });
    let older = plimsoll_model::Fence(3);
    let newest = driver.fence.replace(older);
    driver.refused(Request::Down, RefusalReason::StaleFence);
    driver.fence = newest;
    let Response::Trail { lines } = driver.ask(Request::Trail) else {
        panic!("`trail` is answered with lines")
    };
    let read = trail::read(&lines);
    assert_eq!(read.broken, None);
    let names: Vec<_> = read.deeds.iter().map(|deed| deed.request.as_str()).collect();
    assert_eq!(names, ["prepare", "offer", "seal", "start", "route", "commit", "down"]);
    let fences: Vec<_> = read.deeds.iter().map(|deed| Some(deed.fence)).collect();
    assert!(fences[..6].iter().all(|fence| *fence == newest) && fences[6] == Some(older));
    assert_eq!(read.deeds[5].rollout, Some(rollout(1)));
    let refused: Vec<_> = read.deeds.iter().map(|deed| deed.refused.is_some()).collect();
    assert_eq!(refused, [false, false, false, false, false, false, true]);
}
