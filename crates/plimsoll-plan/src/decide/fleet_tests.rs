//! What several hosts change: who is waited for, who is set aside, and what is done in which order.

use plimsoll_model::agent::SwitchOrders;
use plimsoll_model::observation::{FleetObservation, LostHost, SeenHost, SwitchState};
use plimsoll_model::plan::{Action, HostAction, HostPlan, Plan};
use plimsoll_model::record::{BackReason, Entry, Outcome};
use plimsoll_model::{HostName, InstanceId, Share, Span};

use super::tests::{
    all_ready, did, fold, in_the_pause, new, observation, old, plan, recorded, release, rollout, second,
    split,
};
use super::{Decision, decide};

pub(super) fn host(n: usize) -> HostName {
    format!("web{n}").parse().unwrap()
}

/// The plan of one host on three: the first has a share of 5 % already, and one may be lost.
pub(super) fn three(may_lose: u32) -> Plan {
    let mut three = plan(Vec::new());
    let of = |n| HostPlan { host: host(n), differs: None, old: vec![old(0), old(1)], new: vec![new()] };
    three.hosts = (1..=3).map(of).collect();
    three.may_lose = may_lose;
    three
}

pub(super) fn prepared(n: usize) -> [(u64, Entry); 2] {
    let did = |action| {
        (1, Entry::Performed { actions: vec![HostAction { host: host(n), action }], assigned: Vec::new() })
    };
    [did(Action::Prepare), did(Action::Publish)]
}

fn in_the_pause_of_three() -> Vec<(u64, Entry)> {
    prepared(2).into_iter().chain(prepared(3)).chain(in_the_pause()).collect()
}

fn seen(n: usize) -> SeenHost {
    let on_first = n == 1;
    let mut states = all_ready();
    let all = vec![plimsoll_model::agent::ArmWeight {
        release: release('a'),
        weight: Share::ALL,
        instances: vec![old(0), old(1)],
    }];
    if !on_first {
        states.truncate(2);
    }
    let mut seen = observation(&states, &if on_first { split() } else { all });
    if !on_first {
        seen.switch = SwitchState::Off;
    }
    SeenHost { host: host(n), seen }
}

/// The hosts but these, which have been silent since second 10.
pub(super) fn without(lost: &[usize]) -> FleetObservation {
    let silent =
        |n: &usize| LostHost { host: host(*n), reason: "no route".to_owned(), since: Some(second(10)) };
    FleetObservation {
        hosts: (1..=3).filter(|n| !lost.contains(n)).map(seen).collect(),
        unreachable: lost.iter().map(silent).collect(),
        ..FleetObservation::default()
    }
}

#[test]
fn an_untouched_host_that_is_silent_holds_nobody_up() {
    let state = fold(three(0), in_the_pause_of_three());
    let decision = decide(&state, &without(&[3]), second(15));
    assert!(
        matches!(&decision, Decision::Record(e) if matches!(**e, Entry::StepDone { step: 1, .. })),
        "{decision:?}"
    );
}

#[test]
fn a_canary_that_is_silent_is_waited_for_and_then_set_aside() {
    let state = fold(three(1), in_the_pause_of_three());
    let waits = decide(&state, &without(&[1]), second(69));
    assert!(matches!(&waits, Decision::Wait(w) if w.waiting_for == "host web1 to answer"), "{waits:?}");
    let entry = recorded(decide(&state, &without(&[1]), second(70)));
    assert!(matches!(&entry, Entry::SetAside { host: aside, .. } if *aside == host(1)), "{entry:?}");
}

#[test]
fn more_than_may_be_lost_take_the_fleet_back_and_the_release_is_not_to_blame() {
    let mut entries = in_the_pause_of_three();
    entries.push((70, Entry::SetAside { host: host(1), reason: String::new(), since: None }));
    let state = fold(three(1), entries);
    let entry = recorded(decide(&state, &without(&[1, 2]), second(71)));
    let Entry::GoingBack { reason } = entry else { panic!("{entry:?}") };
    assert!(matches!(&reason, BackReason::HostLost { host: lost, .. } if *lost == host(2)), "{reason:?}");
    assert!(!reason.is_against_release());
}

#[test]
fn a_host_that_cannot_take_the_release_in_is_set_aside_where_one_may_be() {
    for (may_lose, aside) in [(1, true), (0, false)] {
        let action = HostAction { host: host(3), action: Action::Publish };
        let mut entries = in_the_pause_of_three();
        entries.push((6, Entry::ActionFailed { action, error: "no space".to_owned(), retry: false }));
        let entry = recorded(decide(&fold(three(may_lose), entries), &without(&[]), second(7)));
        assert_eq!(matches!(entry, Entry::SetAside { .. }), aside, "{entry:?}");
    }
}

#[test]
fn a_host_that_is_back_stays_aside_and_its_fired_switch_is_not_the_rollouts() {
    let mut entries = in_the_pause_of_three();
    entries.push((70, Entry::SetAside { host: host(1), reason: String::new(), since: None }));
    let state = fold(three(1), entries);
    let mut fleet = without(&[]);
    let orders = SwitchOrders {
        rollout: rollout(2),
        after: Span::from_secs(60),
        back_to: Vec::new(),
        retire: Vec::new(),
    };
    fleet.hosts[0].seen.switch = SwitchState::Fired { orders, at: second(70) };
    let decision = decide(&state, &fleet, second(71));
    assert!(
        !matches!(&decision, Decision::Record(e) if matches!(**e, Entry::GoingBack { .. })),
        "{decision:?}"
    );
}

#[test]
fn a_batch_begins_when_the_one_before_is_up_and_nothing_is_committed_before_the_last() {
    let mut entries = in_the_pause_of_three();
    entries.push((20, Entry::StepDone { step: 1, why: String::new() }));
    entries.push((20, Entry::Promoting { why: String::new() }));
    let state = fold(three(0), entries);
    let Decision::Act(actions) = decide(&state, &without(&[]), second(21)) else {
        panic!("the first batch is not up")
    };
    assert!(actions.iter().all(|a| a.host == host(1)), "{actions:?}");
    assert!(actions.iter().all(|a| a.action != Action::Commit), "{actions:?}");
}

#[test]
fn on_the_way_back_a_silent_host_is_not_waited_for_without_end() {
    let mut entries = in_the_pause_of_three();
    entries.push((20, Entry::GoingBack { reason: BackReason::Aborted { by: "ada".to_owned() } }));
    let state = fold(three(0), entries);
    let waits = decide(&state, &without(&[1]), second(79));
    assert!(matches!(&waits, Decision::Wait(w) if w.until == second(80)), "{waits:?}");
    let entry = recorded(decide(&state, &without(&[1]), second(80)));
    let Entry::Finished { outcome: Outcome::Mixed, summary } = entry else { panic!("{entry:?}") };
    assert!(summary.contains("web1 does not answer"), "{summary}");
}

#[test]
fn a_switch_that_went_off_blames_the_release_only_where_something_else_does() {
    let orders = SwitchOrders {
        rollout: rollout(2),
        after: Span::from_secs(60),
        back_to: Vec::new(),
        retire: Vec::new(),
    };
    let state = fold(three(0), in_the_pause_of_three());
    let mut fleet = without(&[]);
    fleet.hosts[1].seen.switch = SwitchState::Fired { orders, at: second(70) };
    let reason = |fleet: &FleetObservation| match recorded(decide(&state, fleet, second(71))) {
        Entry::GoingBack { reason: BackReason::SwitchFired { against_release, .. } } => against_release,
        other => panic!("{other:?}"),
    };
    assert!(!reason(&fleet));
    let ill = |id: &InstanceId| *id == new();
    let instances = &mut fleet.hosts[0].seen.instances;
    instances.iter_mut().filter(|i| ill(&i.instance)).for_each(|i| {
        i.state = plimsoll_model::observation::InstanceState::Unready;
    });
    assert!(reason(&fleet));
}

#[test]
fn a_rollout_that_was_not_at_fault_is_inconclusive() {
    let reason =
        BackReason::NoProgress { waiting_for: "host web1 to answer".to_owned(), against_release: false };
    let state = fold(plan(Vec::new()), vec![(1, did(Action::Prepare)), (2, Entry::GoingBack { reason })]);
    let mut fleet = without(&[2, 3]);
    fleet.hosts[0] = SeenHost { host: host(1), ..seen(2) };
    let entry = recorded(decide(&state, &fleet, second(3)));
    assert!(matches!(entry, Entry::Finished { outcome: Outcome::Inconclusive, .. }), "{entry:?}");
}
