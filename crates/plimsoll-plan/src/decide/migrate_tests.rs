//! The hook `migrate` in decisions: before anything runs, once, on one host.

use plimsoll_model::Span;
use plimsoll_model::hook::{HookName, HookRun, HookSpec};
use plimsoll_model::plan::{Action, HostAction, Plan, PlanKind};
use plimsoll_model::record::{BackReason, Entry, Outcome};

use super::fleet_tests::{host, prepared, three, without};
use super::tests::{fold, recorded, second};
use super::{Decision, decide};

/// Three hosts, one of which may be lost, and a migration of at most 100 s.
fn migrating() -> Plan {
    let mut plan = three(1);
    let command = vec!["{artifact}".to_owned(), "migrate".to_owned()];
    plan.run.migrate = Some(HookSpec { command, timeout: Span::from_secs(100) });
    plan
}

/// Every host has the release.
fn published() -> Vec<(u64, Entry)> {
    [1, 2, 3].into_iter().flat_map(prepared).collect()
}

fn action() -> HostAction {
    HostAction { host: host(1), action: Action::Migrate }
}

/// It was begun on the first host at 2 s.
fn begun() -> Vec<(u64, Entry)> {
    let mut entries = published();
    entries.push((2, Entry::Intended { actions: vec![action()] }));
    entries.push((2, Entry::Performed { actions: vec![action()], assigned: Vec::new() }));
    entries
}

fn ended(passed: bool) -> (u64, Entry) {
    let ending = if passed { "exited with code 0" } else { "exited with code 3" }.to_owned();
    let (hook, took) = (HookName::Migrate, Span::from_secs(8));
    (10, Entry::HookEnded { run: Box::new(HookRun { hook, passed, ending, took, last_lines: Vec::new() }) })
}

/// No host has anything of the release but its files.
fn fresh(lost: &[usize]) -> plimsoll_model::observation::FleetObservation {
    use plimsoll_model::observation::SwitchState;
    let mut fleet = without(lost);
    let untouched = without(&[]).hosts.pop().and_then(|host| host.seen.traffic);
    for host in &mut fleet.hosts {
        host.seen.switch = SwitchState::Off;
        host.seen.traffic.clone_from(&untouched);
        host.seen.instances.truncate(2);
    }
    fleet
}

#[test]
fn it_is_begun_on_one_host_when_all_have_the_release_and_none_is_armed() {
    let mut some = prepared(1).to_vec();
    some.extend(prepared(2));
    let early = decide(&fold(migrating(), some), &fresh(&[]), second(2));
    assert!(matches!(&early, Decision::Act(a) if a[0].action == Action::Prepare), "{early:?}");
    let decision = decide(&fold(migrating(), published()), &fresh(&[]), second(2));
    assert_eq!(decision, Decision::Act(vec![action()]));
    // Whoever takes over asks the same host again, and goes on waiting where it was begun.
    let mut asked = published();
    asked.push((2, Entry::Intended { actions: vec![action()] }));
    assert_eq!(decide(&fold(migrating(), asked), &fresh(&[]), second(3)), Decision::Act(vec![action()]));
    let waits = decide(&fold(migrating(), begun()), &fresh(&[]), second(90));
    assert!(
        matches!(&waits, Decision::Wait(w) if w.waiting_for == "the hook migrate to end on web1" && !w.person),
        "{waits:?}"
    );
}

#[test]
fn the_rollout_goes_on_when_it_has_passed_and_is_refused_when_it_has_not() {
    let mut entries = begun();
    entries.push(ended(true));
    let decision = decide(&fold(migrating(), entries), &fresh(&[]), second(11));
    assert!(matches!(&decision, Decision::Act(a) if a[0].action == Action::Arm), "{decision:?}");
    let mut entries = begun();
    entries.push(ended(false));
    let entry = recorded(decide(&fold(migrating(), entries.clone()), &fresh(&[]), second(11)));
    let Entry::GoingBack { reason } = &entry else { panic!("{entry:?}") };
    assert!(
        matches!(reason, BackReason::ActionFailed { action, error }
            if action == "pass the hook migrate on web1" && error == "exited with code 3"),
        "{reason:?}"
    );
    entries.push((11, entry));
    let entry = recorded(decide(&fold(migrating(), entries), &fresh(&[]), second(12)));
    assert!(matches!(entry, Entry::Finished { outcome: Outcome::Refused, .. }), "{entry:?}");
}

#[test]
fn its_own_time_counts_and_not_the_deadline_of_progress() {
    let state = fold(migrating(), begun());
    let latest = second(2 + 100 + 15 + 60);
    let waits = decide(&state, &fresh(&[]), second(120));
    assert!(matches!(&waits, Decision::Wait(w) if w.until == latest), "{waits:?}");
    let entry = recorded(decide(&state, &fresh(&[]), latest));
    assert!(
        matches!(&entry, Entry::GoingBack { reason: BackReason::NoProgress { .. } }),
        "a host that never says how it ended: {entry:?}"
    );
}

#[test]
fn a_host_on_which_it_may_run_is_not_set_aside() {
    // Silent since 10 s; the switch would have waited for 60 s.
    let entry = recorded(decide(&fold(migrating(), begun()), &fresh(&[1]), second(70)));
    let Entry::GoingBack { reason } = entry else { panic!("{entry:?}") };
    assert!(matches!(&reason, BackReason::HostLost { host: lost, .. } if *lost == host(1)), "{reason:?}");
    let mut entries = begun();
    // The last that was heard of it, so that the deadline of progress ends later than the patience with the host.
    entries.push((12, ended(true).1));
    let entry = recorded(decide(&fold(migrating(), entries), &fresh(&[1]), second(70)));
    assert!(matches!(&entry, Entry::SetAside { host: aside, .. } if *aside == host(1)), "{entry:?}");
}

#[test]
fn on_the_way_back_its_end_is_waited_for() {
    let mut entries = begun();
    entries.push((20, Entry::GoingBack { reason: BackReason::Aborted { by: "ada".to_owned() } }));
    let waits = decide(&fold(migrating(), entries.clone()), &fresh(&[]), second(21));
    assert!(
        matches!(&waits, Decision::Wait(w) if w.waiting_for == "the hook migrate to end on web1"),
        "{waits:?}"
    );
    entries.push(ended(false));
    let entry = recorded(decide(&fold(migrating(), entries), &fresh(&[]), second(22)));
    assert!(matches!(entry, Entry::Finished { outcome: Outcome::RolledBack, .. }), "{entry:?}");
}

#[test]
fn the_way_back_to_a_release_does_not_migrate() {
    for kind in [PlanKind::Rollback, PlanKind::Converge] {
        let plan = Plan { kind, ..migrating() };
        let decision = decide(&fold(plan, published()), &fresh(&[]), second(2));
        assert!(matches!(&decision, Decision::Act(a) if a[0].action == Action::Arm), "{decision:?}");
    }
}
