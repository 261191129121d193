//! What is planned where the service was stopped, or partly so.

use plimsoll_model::release::{Artifact, Platform, RunSpec, Source, Tree};
use plimsoll_model::rollout::Step;
use plimsoll_model::service::Target;
use plimsoll_model::traffic::Stickiness;
use plimsoll_model::{Share, Timestamp};

use super::*;

fn release(digit: char) -> ReleaseId {
    digit.to_string().repeat(12).parse().unwrap()
}

/// A host whose current release is `a`, with its instances in this state.
fn host(name: &str, state: InstanceState) -> SeenHost {
    let instance = |number| InstanceObservation {
        instance: InstanceId::new(release('a'), number),
        state,
        since: Timestamp::default(),
        port: 20_000,
        pid: None,
        restarts: 0,
        proof: None,
        detail: String::new(),
    };
    let seen = HostObservation {
        current: Some(release('a')),
        instances: vec![instance(0), instance(1)],
        ..HostObservation::empty()
    };
    SeenHost { host: name.parse().unwrap(), seen }
}

fn planned(hosts: Vec<SeenHost>, new: ReleaseId, rollback: bool) -> Plan {
    attempt(hosts, new, rollback, &[]).unwrap()
}

fn attempt(
    hosts: Vec<SeenHost>,
    new: ReleaseId,
    rollback: bool,
    refused: &[ReleaseId],
) -> Result<Plan, NoPlan> {
    let production: plimsoll_model::EnvironmentName = "production".parse().unwrap();
    let environment = Environment {
        name: production.clone(),
        target: Target::Local { root: "/opt/plimsoll".into() },
        instances: 2,
        listen: ([127, 0, 0, 1], 8080).into(),
        url: None,
        requires: plimsoll_model::preflight::Requires::default(),
        stickiness: Stickiness::None,
        run: RunSpec::default(),
        rollout: RolloutSpec {
            steps: vec![Step::SetWeight { weight: Share::percent(10), hosts: None }],
            ..RolloutSpec::default()
        },
    };
    let manifest = Manifest {
        format: 1,
        service: "greeter".parse().unwrap(),
        source: Source { commit: None, subject: None, committed_at: None, tree: Tree::Unversioned },
        platform: Platform { os: "linux".to_owned(), arch: "amd64".to_owned() },
        artifact: Artifact { file: "greeter".to_owned(), digest: Digest::of(b""), size: 0 },
        environments: [(production.clone(), RunSpec::default())].into(),
    };
    let request = Request {
        rollout: RolloutId::new(&production, 2),
        environment: &environment,
        manifest: &manifest,
        release: new,
        trusted_keys: &[],
        rollback,
        canary: false,
        refused,
        serving: Some(&release('a')),
        zones: &BTreeMap::new(),
        fleet: &FleetObservation { hosts, unreachable: Vec::new(), ..FleetObservation::default() },
    };
    plan(&request)
}

#[test]
fn what_was_stopped_is_no_stable_side() {
    for state in [InstanceState::Stopped, InstanceState::Draining, InstanceState::Failed] {
        let plan = planned(vec![host("web1", state)], release('b'), false);
        assert_eq!((plan.kind, plan.replaces.as_ref()), (PlanKind::Initial, None), "{state:?}");
        assert!(plan.steps.is_empty(), "there is nothing to compare with");
        assert_eq!(plan.before(&plan.hosts[0]), None);
    }
    let plan = planned(vec![host("web1", InstanceState::Ready)], release('b'), false);
    assert_eq!((plan.kind, plan.replaces), (PlanKind::Update, Some(release('a'))));
}

#[test]
fn hosts_that_were_stopped_are_no_canaries() {
    let hosts = vec![host("web1", InstanceState::Stopped), host("web2", InstanceState::Ready)];
    let plan = planned(hosts, release('b'), false);
    assert_eq!((plan.kind, plan.replaces.clone()), (PlanKind::Update, Some(release('a'))));
    let order: Vec<_> = plan.hosts.iter().map(|h| (h.host.as_str(), h.differs.clone())).collect();
    assert_eq!(order, [("web2", None), ("web1", Some(Before::Nothing))]);
    let canaries: Vec<_> = plan.steps[0].shares.iter().map(|s| s.host.as_str()).collect();
    assert_eq!(canaries, ["web2"]);
}

#[test]
fn what_was_stopped_is_still_what_is_gone_back_from() {
    let stopped = || vec![host("web1", InstanceState::Stopped)];
    let back = planned(stopped(), release('0'), true);
    assert_eq!((back.kind, back.replaces), (PlanKind::Rollback, None));
    let again = planned(stopped(), release('a'), false);
    assert_eq!((again.kind, again.hosts[0].new.len()), (PlanKind::Converge, 2));
    assert!(!again.is_level(&again.hosts[0]), "it goes back to nothing");
}

#[test]
fn what_was_rolled_back_is_refused_whatever_the_way_is_called() {
    let serving = || vec![host("web1", InstanceState::Ready)];
    for rollback in [false, true] {
        let refused = attempt(serving(), release('b'), rollback, &[release('b')]);
        assert_eq!(refused.unwrap_err(), NoPlan::RolledBackBefore { release: release('b') });
        assert!(attempt(serving(), release('b'), rollback, &[release('c')]).is_ok());
    }
}
