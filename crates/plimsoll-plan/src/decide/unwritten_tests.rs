//! What a coordinator decides that finds more done than was written down.

use std::net::SocketAddr;

use plimsoll_model::agent::{ArmWeight, HostSettings};
use plimsoll_model::metrics::Histogram;
use plimsoll_model::observation::{
    FleetObservation, HostObservation, InstanceObservation, InstanceState, SeenHost, SwitchState,
};
use plimsoll_model::plan::{Action, HostAction, HostPlan, HostShare, Plan, PlanKind, PlannedStep};
use plimsoll_model::record::{Assigned, Entry, Record};
use plimsoll_model::release::RunSpec;
use plimsoll_model::rollout::{RolloutSpec, Step};
use plimsoll_model::traffic::{Arm, ArmTraffic, Backend, RouteTable, Stickiness, TrafficReport};
use plimsoll_model::{Digest, Fence, HostName, InstanceId, ReleaseId, Share, Timestamp};

use super::{Decision, check_split, decide};
use crate::state::RolloutState;

fn release(of: &str) -> ReleaseId {
    of.repeat(12).parse().expect("an identifier")
}

fn instance(of: &str, number: u32) -> InstanceId {
    InstanceId::new(release(of), number)
}

fn table(percent: u32) -> Vec<ArmWeight> {
    let arm = |of, weight| ArmWeight { release: release(of), weight, instances: vec![instance(of, 0)] };
    vec![arm("a", Share::percent(percent).rest()), arm("b", Share::percent(percent))]
}

fn at(second: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + second * 1000)
}

fn plan() -> Plan {
    let host = HostName::local();
    let step = |percent| PlannedStep {
        step: Step::SetWeight { weight: Share::percent(percent), hosts: None },
        shares: vec![HostShare { host: host.clone(), instances: 1, weight: Share::percent(percent) }],
    };
    let environment: plimsoll_model::EnvironmentName = "production".parse().expect("a name");
    Plan {
        rollout: plimsoll_model::RolloutId::new(&environment, 1),
        service: "greeter".parse().expect("a name"),
        environment: environment.clone(),
        kind: PlanKind::Update,
        release: release("b"),
        artifact: Digest::of(b""),
        replaces: Some(release("a")),
        hosts: vec![HostPlan {
            host: host.clone(),
            differs: None,
            old: vec![instance("a", 0)],
            new: vec![instance("b", 0)],
        }],
        set_aside: Vec::new(),
        max_parallel: 1,
        may_lose: 0,
        steps: vec![step(20), step(50)],
        rules: RolloutSpec::default(),
        run: RunSpec::default(),
        settings: HostSettings {
            environment,
            listen: SocketAddr::from(([127, 0, 0, 1], 80)),
            trusted_keys: Vec::new(),
            stickiness: Stickiness::None,
            latency_bounds: Vec::new(),
        },
        basis: Digest::of(b""),
    }
}

/// The fold of a plan and of these entries, a second apart.
fn state(entries: impl IntoIterator<Item = Entry>) -> RolloutState {
    let plan = plan();
    let rollout = plan.rollout.clone();
    let record = |(n, entry): (u64, Entry)| Record {
        format: 1,
        sequence: n + 1,
        at: at(n),
        author: "t@t".to_owned(),
        environment: None,
        rollout: Some(rollout.clone()),
        fence: Some(Fence(1)),
        entry,
        previous: Digest::of(b""),
        hash: Digest::of(b""),
    };
    let done = |action| Entry::Performed {
        actions: vec![HostAction { host: HostName::local(), action }],
        assigned: Vec::new(),
    };
    let begun = [Entry::Planned { plan: Box::new(plan) }, done(Action::Prepare), done(Action::Publish)];
    let records: Vec<_> = (0..).zip(begun.into_iter().chain(entries)).map(record).collect();
    RolloutState::fold(&records).expect("it fits").expect("it is planned")
}

/// A host on which `percent` of the requests are asked to go to the new side, and these did so far.
fn seen(state: &RolloutState, percent: u32, assigned: (u64, u64)) -> FleetObservation {
    let observed = |of: &str| InstanceObservation {
        instance: instance(of, 0),
        state: InstanceState::Ready,
        since: at(0),
        port: 1,
        pid: Some(1),
        restarts: 0,
        proof: None,
        detail: String::new(),
    };
    let backend = |id: &InstanceId| Backend {
        instance: id.clone(),
        address: SocketAddr::from(([127, 0, 0, 1], 1)),
        ready: true,
    };
    let arm = |w: ArmWeight| Arm {
        release: w.release,
        weight: w.weight,
        backends: w.instances.iter().map(backend).collect(),
    };
    let counts = |of: &str, assigned| ArmTraffic {
        release: release(of),
        assigned,
        by_class: [0; 5],
        failed_attempts: 0,
        proxy_errors: 0,
        latency: Histogram::default(),
    };
    let table = RouteTable {
        version: 1,
        arms: table(percent).into_iter().map(arm).collect(),
        stickiness: Stickiness::None,
        latency_bounds: Vec::new(),
        maintenance: None,
    };
    let arms = vec![counts("a", assigned.0), counts("b", assigned.1)];
    let orders = super::switch_orders(&state.plan, &state.plan.hosts[0], state.plan.rules.dead_man_switch);
    let seen = HostObservation {
        at: at(20),
        fence: Fence(1),
        current: Some(release("a")),
        known_good: Vec::new(),
        committed: None,
        releases: vec![release("a"), release("b")],
        instances: vec![observed("a"), observed("b")],
        traffic: Some(TrafficReport { epoch: 7, table, arms, in_flight: Vec::new(), unrouted: 0 }),
        switch: SwitchState::Armed { orders, deadline: at(1000) },
        remarks: Vec::new(),
    };
    let hosts = vec![SeenHost { host: HostName::local(), seen }];
    FleetObservation { hosts, unreachable: Vec::new(), ..FleetObservation::default() }
}

fn routed(percent: u32, assigned: (u64, u64)) -> Entry {
    let count = |of, requests| Assigned { host: HostName::local(), epoch: 7, release: release(of), requests };
    Entry::Performed {
        actions: vec![HostAction {
            host: HostName::local(),
            action: Action::Route { weights: table(percent) },
        }],
        assigned: vec![count("a", assigned.0), count("b", assigned.1)],
    }
}

#[test]
fn a_table_in_force_that_nobody_wrote_down_is_set_again() {
    let state = state([Entry::StepEntered { step: 0 }]);
    let decision = decide(&state, &seen(&state, 20, (80, 20)), at(20));
    let Decision::Act(actions) = decision else { panic!("the analyses would never begin: {decision:?}") };
    assert_eq!(actions[0].action, Action::Route { weights: table(20) });
}

#[test]
fn a_table_in_force_that_was_written_down_is_left_alone() {
    let state = state([Entry::StepEntered { step: 0 }, routed(20, (80, 20))]);
    let decision = decide(&state, &seen(&state, 20, (80, 20)), at(20));
    assert!(matches!(decision, Decision::Record(_)), "{decision:?}");
}

#[test]
fn counts_from_before_an_unrecorded_table_are_not_held_against_it() {
    let done = Entry::StepDone { step: 0, why: String::new() };
    let state =
        state([Entry::StepEntered { step: 0 }, routed(20, (0, 0)), done, Entry::StepEntered { step: 1 }]);
    // A thousand requests at 20 %, then the table for 50 % came into force and the coordinator died.
    let fleet = seen(&state, 50, (800, 200));
    assert_eq!(check_split(&state, &fleet), None);
    let decision = decide(&state, &fleet, at(20));
    let Decision::Act(actions) = decision else { panic!("{decision:?}") };
    assert_eq!(actions[0].action, Action::Route { weights: table(50) });
}
