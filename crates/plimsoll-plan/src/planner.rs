//! From what is declared and what is seen to a plan that leaves nothing to choose.

use plimsoll_model::agent::HostSettings;
use plimsoll_model::metrics::DEFAULT_LATENCY_BOUNDS;
use plimsoll_model::observation::{FleetObservation, HostObservation, InstanceState};
use plimsoll_model::plan::{HostPlan, HostShare, Plan, PlanKind, PlannedStep};
use plimsoll_model::release::Manifest;
use plimsoll_model::rollout::{Check, RolloutSpec, Step};
use plimsoll_model::service::Environment;
use plimsoll_model::{Digest, HostName, InstanceId, ReleaseId, RolloutId, Share};

/// What a plan is made from.
#[derive(Debug)]
pub struct Request<'a> {
    /// The rollout that will carry it out.
    pub rollout: RolloutId,
    /// The environment's declaration.
    pub environment: &'a Environment,
    /// The release to bring in.
    pub manifest: &'a Manifest,
    /// Its identifier.
    pub release: ReleaseId,
    /// Public keys that hosts accept.
    pub trusted_keys: &'a [String],
    /// Whether it is a way back to an earlier release.
    pub rollback: bool,
    /// Whether a rollback goes through the steps as an update does.
    pub canary: bool,
    /// Releases that were rolled back and that nobody allowed again.
    pub refused: &'a [ReleaseId],
    /// What the hosts see.
    pub fleet: &'a FleetObservation,
}

/// Why no plan is made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPlan {
    /// The release serves already, everywhere and as declared.
    #[error("release {release} serves already")]
    AlreadyServing {
        /// The release.
        release: ReleaseId,
    },
    /// The release was rolled back before (I8).
    #[error("release {release} was rolled back and has not changed since")]
    RolledBackBefore {
        /// The release.
        release: ReleaseId,
    },
    /// The release was not made for the environment.
    #[error(
        "release {release} has no configuration for environment `{environment}`; it was sealed before that was declared"
    )]
    NotForEnvironment {
        /// The release.
        release: ReleaseId,
        /// The environment.
        environment: String,
    },
    /// A host did not answer.
    #[error("host {host} does not answer: {reason}")]
    Unreachable {
        /// The host.
        host: HostName,
        /// Why.
        reason: String,
    },
    /// Hosts serve different releases, so that there is no one release to go back to.
    #[error("hosts serve different releases: {found}")]
    Mixed {
        /// Which host serves which.
        found: String,
    },
}

/// Makes the plan, or says why there is none.
pub fn plan(request: &Request) -> Result<Plan, NoPlan> {
    let Request { environment, manifest, release, fleet, .. } = request;
    let run = manifest.environments.get(&environment.name).ok_or_else(|| NoPlan::NotForEnvironment {
        release: release.clone(),
        environment: environment.name.to_string(),
    })?;
    if let Some(lost) = fleet.unreachable.first() {
        return Err(NoPlan::Unreachable { host: lost.host.clone(), reason: lost.reason.clone() });
    }
    let replaces = current_release(fleet)?;
    let kind = kind(request, replaces.as_ref());
    let declared = environment.instances;
    if kind == PlanKind::Converge && fleet.hosts.iter().all(|h| serves(&h.seen, release, declared)) {
        return Err(NoPlan::AlreadyServing { release: release.clone() });
    }
    if matches!(kind, PlanKind::Update | PlanKind::Initial) && request.refused.contains(release) {
        return Err(NoPlan::RolledBackBefore { release: release.clone() });
    }
    let hosts = host_plans(fleet, release, replaces.as_ref(), declared, kind);
    let stepwise = kind == PlanKind::Update || (kind == PlanKind::Rollback && request.canary);
    let steps = if stepwise { planned_steps(&environment.rollout, &hosts) } else { Vec::new() };
    let mut rules = environment.rollout.clone();
    if steps.is_empty() {
        rules.analyses.clear();
    }
    Ok(Plan {
        rollout: request.rollout.clone(),
        service: manifest.service.clone(),
        environment: environment.name.clone(),
        kind,
        release: release.clone(),
        artifact: manifest.artifact.digest,
        replaces,
        hosts,
        steps,
        settings: HostSettings {
            environment: environment.name.clone(),
            listen: environment.listen,
            trusted_keys: request.trusted_keys.to_vec(),
            stickiness: environment.stickiness.clone(),
            latency_bounds: latency_bounds(&environment.rollout),
        },
        rules,
        run: run.clone(),
        basis: fingerprint(fleet),
    })
}

fn kind(request: &Request, replaces: Option<&ReleaseId>) -> PlanKind {
    match replaces {
        None => PlanKind::Initial,
        Some(current) if *current == request.release => PlanKind::Converge,
        Some(_) if request.rollback => PlanKind::Rollback,
        Some(_) => PlanKind::Update,
    }
}

/// The one release that all hosts call current.
fn current_release(fleet: &FleetObservation) -> Result<Option<ReleaseId>, NoPlan> {
    let mut currents: Vec<_> = fleet.hosts.iter().map(|h| h.seen.current.clone()).collect();
    currents.dedup();
    match currents.as_slice() {
        [] => Ok(None),
        [one] => Ok(one.clone()),
        _ => {
            let name = |r: &Option<ReleaseId>| r.as_ref().map_or("nothing".to_owned(), ToString::to_string);
            let found: Vec<String> =
                fleet.hosts.iter().map(|h| format!("{}: {}", h.host, name(&h.seen.current))).collect();
            Err(NoPlan::Mixed { found: found.join(", ") })
        }
    }
}

/// Whether the host serves the release with all traffic and exactly the declared number of ready instances.
pub fn serves(seen: &HostObservation, release: &ReleaseId, instances: u32) -> bool {
    let ready = seen.of_release(release).filter(|i| i.state == InstanceState::Ready).count();
    let others = seen.instances.iter().any(|i| i.instance.release != *release && i.state.is_live());
    seen.current.as_ref() == Some(release)
        && ready == instances as usize
        && !others
        && seen.traffic.as_ref().is_some_and(|t| {
            t.table.arms.len() == 1
                && t.table.arms[0].release == *release
                && t.table.arms[0].backends.len() == instances as usize
        })
}

fn host_plans(
    fleet: &FleetObservation,
    release: &ReleaseId,
    replaces: Option<&ReleaseId>,
    instances: u32,
    kind: PlanKind,
) -> Vec<HostPlan> {
    let plan_of = |host: &HostName, seen: &HostObservation| {
        let live = |r: &ReleaseId| -> Vec<InstanceId> {
            let live = seen.of_release(r).filter(|i| i.state.is_live() && i.state != InstanceState::Draining);
            live.map(|i| i.instance.clone()).collect()
        };
        let new = (0..instances).map(|n| InstanceId::new(release.clone(), n)).collect::<Vec<_>>();
        let old = match replaces {
            // Bringing the same release to another number retires only what is too many.
            Some(r) if kind == PlanKind::Converge => {
                live(r).into_iter().filter(|i| !new.contains(i)).collect()
            }
            Some(r) => live(r),
            None => Vec::new(),
        };
        HostPlan { host: host.clone(), old, new }
    };
    fleet.hosts.iter().map(|h| plan_of(&h.host, &h.seen)).collect()
}

fn planned_steps(rollout: &RolloutSpec, hosts: &[HostPlan]) -> Vec<PlannedStep> {
    let planned = |step: &Step| {
        let shares = match step {
            Step::SetWeight { weight } => hosts.iter().map(|h| host_share(h, *weight)).collect(),
            _ => Vec::new(),
        };
        PlannedStep { step: step.clone(), shares }
    };
    rollout.steps.iter().map(planned).collect()
}

fn host_share(host: &HostPlan, weight: Share) -> HostShare {
    let count = u32::try_from(host.new.len()).expect("a plan has few instances");
    HostShare { host: host.host.clone(), instances: weight.of_count(count), weight }
}

/// The histogram's bounds: the usual ones and every declared limit.
fn latency_bounds(rollout: &RolloutSpec) -> Vec<f64> {
    let mut bounds = DEFAULT_LATENCY_BOUNDS.to_vec();
    for analysis in &rollout.analyses {
        if let Check::Latency { limit, .. } = &analysis.check {
            bounds.push(limit.duration().as_secs_f64());
        }
    }
    bounds.sort_by(f64::total_cmp);
    bounds.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
    bounds
}

/// What a plan depends on: each host's current release, its live instances and its weights.
pub fn fingerprint(fleet: &FleetObservation) -> Digest {
    let mut lines: Vec<String> = Vec::new();
    for host in &fleet.hosts {
        let seen = &host.seen;
        lines.push(format!("{} current {:?}", host.host, seen.current));
        let live = seen.instances.iter().filter(|i| i.state.is_live());
        lines.extend(live.map(|i| format!("{} live {}", host.host, i.instance)));
        let arms = seen.traffic.iter().flat_map(|t| &t.table.arms);
        lines.extend(arms.map(|a| format!("{} arm {} {}", host.host, a.release, a.weight)));
    }
    lines.sort();
    Digest::of(lines.join("\n").as_bytes())
}
