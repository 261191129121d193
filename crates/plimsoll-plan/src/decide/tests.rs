//! What the simulator found in decisions, one case each.

use std::time::Duration;

use plimsoll_model::agent::{ArmWeight, HostSettings, SwitchOrders};
use plimsoll_model::observation::{
    FleetObservation, HostObservation, InstanceObservation, InstanceState, LostHost, SeenHost, SwitchState,
};
use plimsoll_model::plan::{Action, HostAction, HostPlan, HostShare, Plan, PlanKind, PlannedStep};
use plimsoll_model::record::{BackReason, Command, Entry, HoldReason, Outcome, Record};
use plimsoll_model::release::RunSpec;
use plimsoll_model::rollout::{AnalysisSpec, Check, MetricSource, Policy, RolloutSpec, Step};
use plimsoll_model::traffic::{Arm, Backend, RouteTable, Stickiness, TrafficReport};
use plimsoll_model::{Digest, Fence, HostName, InstanceId, ReleaseId, RolloutId, Share, Span, Timestamp};

use super::{Decision, decide};
use crate::state::RolloutState;

pub(super) fn release(digit: char) -> ReleaseId {
    digit.to_string().repeat(12).parse().unwrap()
}

fn host() -> HostName {
    "web1".parse().unwrap()
}

pub(super) fn second(n: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + 1000 * n)
}

pub(super) fn old(n: u32) -> InstanceId {
    InstanceId::new(release('a'), n)
}

pub(super) fn new() -> InstanceId {
    InstanceId::new(release('b'), 0)
}

pub(super) fn rollout(number: u64) -> RolloutId {
    RolloutId::new(&"production".parse().unwrap(), number)
}

/// A weight of 5 % and a pause of 10 s, on one host with two old instances and one new one.
pub(super) fn plan(analyses: Vec<AnalysisSpec>) -> Plan {
    let weight = Share::percent(5);
    let shares = vec![HostShare { host: host(), instances: 1, weight }];
    let pause = Step::Pause { duration: Some(Span::from_secs(10)) };
    Plan {
        rollout: rollout(2),
        service: "greeter".parse().unwrap(),
        environment: "production".parse().unwrap(),
        kind: PlanKind::Update,
        release: release('b'),
        artifact: Digest::of(b""),
        replaces: Some(release('a')),
        hosts: vec![HostPlan { host: host(), differs: None, old: vec![old(0), old(1)], new: vec![new()] }],
        set_aside: Vec::new(),
        max_parallel: 1,
        may_lose: 0,
        steps: vec![
            PlannedStep { step: Step::SetWeight { weight, hosts: None }, shares },
            PlannedStep { step: pause, shares: Vec::new() },
        ],
        rules: RolloutSpec { analyses, progress_deadline: Span::from_secs(60), ..RolloutSpec::default() },
        run: RunSpec::default(),
        settings: HostSettings {
            environment: "production".parse().unwrap(),
            listen: ([127, 0, 0, 1], 8080).into(),
            trusted_keys: Vec::new(),
            stickiness: Stickiness::None,
            latency_bounds: Vec::new(),
        },
        basis: Digest::of(b""),
    }
}

fn analysis(name: &str, on_no_data: Policy) -> AnalysisSpec {
    AnalysisSpec {
        name: name.to_owned(),
        source: MetricSource::Proxy,
        check: Check::Errors { max: Share::percent(1), margin: 1.5, promote_margin: 3.0 },
        interval: Span::from_secs(1),
        warm_up: Span::ZERO,
        alpha: 0.01,
        on_no_data,
        no_data_deadline: Span::from_secs(5),
    }
}

pub(super) fn fold(plan: Plan, entries: Vec<(u64, Entry)>) -> RolloutState {
    let planned = (0, Entry::Planned { plan: Box::new(plan) });
    let record = |(i, (at, entry)): (usize, (u64, Entry))| Record {
        format: 1,
        sequence: i as u64 + 1,
        at: second(at),
        author: "ada@desk".to_owned(),
        environment: None,
        rollout: Some(rollout(2)),
        fence: Some(Fence(1)),
        entry,
        previous: Digest::of(b""),
        hash: Digest::of(b""),
    };
    let records: Vec<_> = std::iter::once(planned).chain(entries).enumerate().map(record).collect();
    RolloutState::fold(&records).unwrap().unwrap()
}

pub(super) fn did(action: Action) -> Entry {
    Entry::Performed { actions: vec![HostAction { host: host(), action }], assigned: Vec::new() }
}

pub(super) fn split() -> Vec<ArmWeight> {
    let weight = Share::percent(5);
    vec![
        ArmWeight { release: release('a'), weight: weight.rest(), instances: vec![old(0), old(1)] },
        ArmWeight { release: release('b'), weight, instances: vec![new()] },
    ]
}

/// Up to the open pause, which was entered at 5 s.
pub(super) fn in_the_pause() -> Vec<(u64, Entry)> {
    vec![
        (1, did(Action::Prepare)),
        (1, did(Action::Publish)),
        (1, did(Action::Arm)),
        (2, Entry::StepEntered { step: 0 }),
        (2, did(Action::Start { instances: vec![new()] })),
        (4, did(Action::Route { weights: split() })),
        (4, Entry::StepDone { step: 0, why: String::new() }),
        (5, Entry::StepEntered { step: 1 }),
    ]
}

pub(super) fn observation(states: &[(InstanceId, InstanceState)], weights: &[ArmWeight]) -> HostObservation {
    let instance = |(id, state): &(InstanceId, InstanceState)| InstanceObservation {
        instance: id.clone(),
        state: *state,
        since: second(0),
        port: 20_000,
        pid: None,
        restarts: 0,
        proof: None,
        detail: String::new(),
    };
    let live = |id: &&InstanceId| states.iter().any(|(known, s)| known == *id && s.is_live());
    let backend = |id: &InstanceId| Backend {
        instance: id.clone(),
        address: ([127, 0, 0, 1], 20_000).into(),
        ready: true,
    };
    let arm = |w: &ArmWeight| Arm {
        release: w.release.clone(),
        weight: w.weight,
        backends: w.instances.iter().filter(live).map(backend).collect(),
    };
    let table = RouteTable {
        version: 1,
        arms: weights.iter().map(arm).collect(),
        stickiness: Stickiness::None,
        latency_bounds: Vec::new(),
        maintenance: None,
    };
    let orders = SwitchOrders {
        rollout: rollout(2),
        after: Span::from_secs(60),
        back_to: Vec::new(),
        retire: Vec::new(),
    };
    HostObservation {
        at: second(0),
        fence: Fence(1),
        current: Some(release('a')),
        known_good: Vec::new(),
        committed: None,
        releases: vec![release('a'), release('b')],
        instances: states.iter().map(instance).collect(),
        traffic: Some(TrafficReport {
            epoch: 1,
            table,
            arms: Vec::new(),
            in_flight: Vec::new(),
            unrouted: 0,
        }),
        switch: SwitchState::Armed { orders, deadline: second(1000) },
        remarks: Vec::new(),
    }
}

fn fleet(seen: HostObservation) -> FleetObservation {
    FleetObservation {
        hosts: vec![SeenHost { host: host(), seen }],
        unreachable: Vec::new(),
        ..FleetObservation::default()
    }
}

pub(super) fn all_ready() -> Vec<(InstanceId, InstanceState)> {
    [old(0), old(1), new()].into_iter().map(|id| (id, InstanceState::Ready)).collect()
}

pub(super) fn recorded(decision: Decision) -> Entry {
    match decision {
        Decision::Record(entry) => *entry,
        other => panic!("expected a record, found {other:?}"),
    }
}

#[test]
fn a_table_without_instances_that_are_gone_is_in_force() {
    let mut states = all_ready();
    states[1].1 = InstanceState::Failed;
    let state = fold(plan(Vec::new()), in_the_pause());
    let decision = decide(&state, &fleet(observation(&states, &split())), second(6));
    assert!(matches!(&decision, Decision::Wait(w) if w.until == second(15)), "{decision:?}");
}

#[test]
fn one_analysis_that_may_lack_data_does_not_speak_for_another() {
    let analyses = vec![analysis("lenient", Policy::Promote), analysis("strict", Policy::RollBack)];
    let state = fold(plan(analyses), in_the_pause());
    let entry = recorded(decide(&state, &fleet(observation(&all_ready(), &split())), second(30)));
    let strict = |e: &Entry| matches!(e, Entry::GoingBack { reason: BackReason::Policy { analysis, .. } } if analysis == "strict");
    assert!(strict(&entry), "{entry:?}");
}

#[test]
fn time_in_which_nobody_looked_does_not_count_as_time_without_data() {
    let state = fold(plan(vec![analysis("strict", Policy::RollBack)]), in_the_pause());
    let seen = fleet(observation(&all_ready(), &split()));
    let taken_over = FleetObservation { watched_since: second(28), ..seen };
    let data_until = second(28 + 1 + 5);
    let waits = decide(&state, &taken_over, second(30));
    assert!(matches!(&waits, Decision::Wait(w) if w.until == data_until), "{waits:?}");
    let entry = recorded(decide(&state, &taken_over, data_until));
    assert!(matches!(&entry, Entry::GoingBack { reason: BackReason::Policy { .. } }), "{entry:?}");
}

#[test]
fn an_instance_that_does_not_come_back_in_a_pause_is_not_waited_for_without_end() {
    let mut states = all_ready();
    states[2].1 = InstanceState::Unready;
    let state = fold(plan(Vec::new()), in_the_pause());
    let seen = fleet(observation(&states, &split()));
    let ends = second(5 + 10 + 60);
    let waits = decide(&state, &seen, ends - Duration::from_secs(1));
    assert!(matches!(&waits, Decision::Wait(w) if w.until == ends && !w.person), "{waits:?}");
    let entry = recorded(decide(&state, &seen, ends));
    assert!(matches!(&entry, Entry::GoingBack { reason: BackReason::NoProgress { .. } }), "{entry:?}");
}

#[test]
fn a_host_that_does_not_answer_in_a_pause_is_not_waited_for_without_end() {
    let state = fold(plan(Vec::new()), in_the_pause());
    let lost = LostHost { host: host(), reason: "no route".to_owned(), since: None };
    let seen = FleetObservation { hosts: Vec::new(), unreachable: vec![lost], ..FleetObservation::default() };
    assert!(matches!(decide(&state, &seen, second(74)), Decision::Wait(w) if w.until == second(75)));
    assert!(matches!(recorded(decide(&state, &seen, second(75))), Entry::GoingBack { .. }));
}

#[test]
fn a_switch_that_went_off_in_an_earlier_rollout_is_taken_off_first() {
    let mut seen = observation(&all_ready(), &split());
    let orders = SwitchOrders {
        rollout: rollout(1),
        after: Span::from_secs(60),
        back_to: Vec::new(),
        retire: Vec::new(),
    };
    seen.switch = SwitchState::Fired { orders, at: second(0) };
    let state = fold(plan(Vec::new()), vec![(1, did(Action::Prepare)), (1, did(Action::Publish))]);
    let decision = decide(&state, &fleet(seen), second(2));
    assert!(matches!(&decision, Decision::Act(a) if a[0].action == Action::Disarm), "{decision:?}");
}

#[test]
fn what_people_say_on_the_way_back_does_not_move_its_end() {
    let mut entries = in_the_pause();
    entries.push((70, Entry::GoingBack { reason: BackReason::Aborted { by: "ada".to_owned() } }));
    // Written by a clock that is an hour behind.
    entries.push((0, Entry::Commanded { command: Command::PromoteFully }));
    let state = fold(plan(Vec::new()), entries);
    let all = vec![ArmWeight { release: release('a'), weight: Share::ALL, instances: vec![old(0), old(1)] }];
    let mut states = all_ready();
    states[2].1 = InstanceState::Draining;
    let decision = decide(&state, &fleet(observation(&states, &all)), second(71));
    assert!(matches!(&decision, Decision::Wait(w) if w.until == second(130)), "{decision:?}");
}

#[test]
fn what_cannot_be_settled_after_the_commit_is_given_up_in_time() {
    let mut entries = in_the_pause();
    entries.push((20, Entry::StepDone { step: 1, why: String::new() }));
    entries.push((20, Entry::Promoting { why: String::new() }));
    entries.push((21, did(Action::Commit)));
    let state = fold(plan(Vec::new()), entries);
    let mut seen = observation(&all_ready(), &split());
    seen.current = Some(release('b'));
    assert!(matches!(decide(&state, &fleet(seen.clone()), second(80)), Decision::Act(_)));
    let entry = recorded(decide(&state, &fleet(seen), second(81)));
    assert!(matches!(&entry, Entry::Finished { outcome: Outcome::Mixed, .. }), "{entry:?}");
}

#[test]
fn a_way_back_that_the_old_side_cannot_take_is_not_over() {
    let mut entries = in_the_pause();
    entries.push((20, Entry::GoingBack { reason: BackReason::Aborted { by: "ada".to_owned() } }));
    let state = fold(plan(Vec::new()), entries);
    let mut states = all_ready();
    states[0].1 = InstanceState::Unready;
    states[1].1 = InstanceState::Unready;
    states[2].1 = InstanceState::Stopped;
    let leftover = vec![
        ArmWeight { release: release('a'), weight: Share::percent(95), instances: vec![old(0), old(1)] },
        ArmWeight { release: release('c'), weight: Share::percent(5), instances: Vec::new() },
    ];
    let decision = decide(&state, &fleet(observation(&states, &leftover)), second(21));
    assert!(matches!(&decision, Decision::Wait(w) if !w.person), "{decision:?}");
}

#[test]
fn an_old_side_that_is_gone_is_not_the_new_release_s_fault() {
    let route = Action::Route { weights: split() };
    let failed = |at| {
        let action = HostAction { host: host(), action: route.clone() };
        let error = "no ready instance".to_owned();
        (at, Entry::ActionFailed { action, error, retry: false })
    };
    let mut entries = in_the_pause();
    entries.push(failed(6));
    let state = fold(plan(Vec::new()), entries);
    let mut states = all_ready();
    let reason =
        |states: &[_]| match recorded(decide(&state, &fleet(observation(states, &split())), second(7))) {
            Entry::GoingBack { reason } => reason,
            other => panic!("{other:?}"),
        };
    assert!(matches!(reason(&states), BackReason::ActionFailed { .. }));
    (states[0].1, states[1].1) = (InstanceState::Failed, InstanceState::Failed);
    let found = reason(&states);
    assert!(matches!(found, BackReason::NoProgress { against_release: false, .. }), "{found:?}");
}

#[test]
fn nothing_is_decided_while_it_is_not_known_whether_a_host_has_committed() {
    let mut entries = in_the_pause();
    entries.push((20, Entry::StepDone { step: 1, why: String::new() }));
    entries.push((20, Entry::Promoting { why: String::new() }));
    let commit = HostAction { host: host(), action: Action::Commit };
    entries.push((21, Entry::Intended { actions: vec![commit.clone()] }));
    entries.push((21, Entry::ActionFailed { action: commit, error: "no answer".to_owned(), retry: true }));
    entries.push((22, Entry::Commanded { command: Command::Abort }));
    let state = fold(plan(Vec::new()), entries);
    let lost = LostHost { host: host(), reason: "no route".to_owned(), since: None };
    let gone = FleetObservation { hosts: Vec::new(), unreachable: vec![lost], ..FleetObservation::default() };
    assert!(matches!(decide(&state, &gone, second(30)), Decision::Wait(w) if w.until == second(80)));
    let mut seen = observation(&all_ready(), &split());
    assert!(matches!(recorded(decide(&state, &fleet(seen.clone()), second(30))), Entry::GoingBack { .. }));
    seen.committed = Some(rollout(2));
    seen.current = Some(state.plan.release.clone());
    assert!(matches!(recorded(decide(&state, &fleet(seen), second(30))), Entry::Performed { .. }));
    let given_up = recorded(decide(&state, &gone, second(80)));
    assert!(matches!(given_up, Entry::Finished { outcome: Outcome::Mixed, .. }));
}

#[test]
fn a_record_that_a_person_has_overtaken_changes_nothing() {
    let skip = || (10, Entry::Commanded { command: Command::PromoteFully });
    let mut early = in_the_pause();
    early.truncate(3);
    early.extend([skip(), (10, Entry::StepEntered { step: 0 })]);
    let mut late = in_the_pause();
    late.extend([skip(), (10, Entry::StepDone { step: 1, why: String::new() })]);
    for entries in [early, late] {
        let state = fold(plan(Vec::new()), entries);
        assert_eq!((state.step, state.steps_done), (None, 2));
    }
    let mut resumed = in_the_pause();
    let until = second(100);
    resumed.push((6, Entry::Commanded { command: Command::Pause }));
    resumed.push((6, Entry::Commanded { command: Command::Resume }));
    resumed.push((6, Entry::Held { reason: HoldReason::PausedByPerson, until }));
    assert_eq!(fold(plan(Vec::new()), resumed).hold, None);
}

#[test]
fn a_first_release_that_found_its_port_taken_has_nothing_to_go_back_to() {
    let mut first = plan(Vec::new());
    (first.kind, first.replaces, first.steps) = (PlanKind::Initial, None, Vec::new());
    first.hosts[0].old.clear();
    let action = HostAction { host: host(), action: Action::Prepare };
    let failed = BackReason::ActionFailed { action: "prepare on web1".to_owned(), error: "taken".to_owned() };
    let entries = vec![
        (1, Entry::ActionFailed { action, error: "taken".to_owned(), retry: false }),
        (1, Entry::GoingBack { reason: failed }),
    ];
    let mut seen = observation(&[], &[]);
    seen.traffic = None;
    seen.switch = SwitchState::Off;
    let entry = recorded(decide(&fold(first, entries), &fleet(seen), second(2)));
    assert!(matches!(&entry, Entry::Finished { outcome: Outcome::Refused, .. }), "{entry:?}");
}
