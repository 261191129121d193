//! From what is declared and what is seen to a plan that leaves nothing to choose.

use std::collections::BTreeMap;

use plimsoll_model::agent::HostSettings;
use plimsoll_model::metrics::DEFAULT_LATENCY_BOUNDS;
use plimsoll_model::observation::{
    FleetObservation, HostObservation, InstanceObservation, InstanceState, SeenHost,
};
use plimsoll_model::plan::{Before, HostPlan, Plan, PlanKind};
use plimsoll_model::release::Manifest;
use plimsoll_model::rollout::{Check, RolloutSpec};
use plimsoll_model::service::Environment;
use plimsoll_model::{Digest, HostName, InstanceId, ReleaseId, RolloutId};

use crate::spread::{in_order, planned_steps};

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
    /// Releases that were rolled back and that nobody allowed again; of a way back those that came back by themselves.
    pub refused: &'a [ReleaseId],
    /// The release that serves the environment as far as the journal knows. It decides where hosts differ.
    pub serving: Option<&'a ReleaseId>,
    /// Zones of hosts that have one.
    pub zones: &'a BTreeMap<HostName, String>,
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
    /// More hosts do not answer than may be set aside.
    #[error("host {host} does not answer: {reason}{}", beyond(*more, *allowed))]
    Unreachable {
        /// One of them.
        host: HostName,
        /// Why.
        reason: String,
        /// How many others do not either.
        more: usize,
        /// How many may be set aside.
        allowed: u32,
    },
}

/// What a person has to know beside the one host; nothing where it is all there is to say.
fn beyond(more: usize, allowed: u32) -> String {
    match (more, allowed) {
        (0, _) => String::new(),
        (_, 0) => format!(", and neither do {more} others; none may be set aside (max-unavailable)"),
        _ => format!(", and neither do {more} others; {allowed} may be set aside (max-unavailable)"),
    }
}

/// Makes the plan, or says why there is none.
pub fn plan(request: &Request) -> Result<Plan, NoPlan> {
    let Request { environment, manifest, release, fleet, .. } = request;
    let run = manifest.environments.get(&environment.name).ok_or_else(|| NoPlan::NotForEnvironment {
        release: release.clone(),
        environment: environment.name.to_string(),
    })?;
    let total = u32::try_from(fleet.hosts.len() + fleet.unreachable.len()).expect("a fleet has fewer hosts");
    let allowed = environment.rollout.max_unavailable.at_most(total);
    if fleet.hosts.is_empty() || fleet.unreachable.len() > allowed as usize {
        no_host_is_lost(fleet, allowed)?;
    }
    let replaces = release_on_most(fleet.hosts.iter().filter_map(|h| served(&h.seen)), request.serving);
    let kind = kind(request, replaces.as_ref());
    let declared = environment.instances;
    if kind == PlanKind::Converge && fleet.hosts.iter().all(|h| serves(&h.seen, release, declared)) {
        no_host_is_lost(fleet, allowed)?;
        return Err(NoPlan::AlreadyServing { release: release.clone() });
    }
    if kind != PlanKind::Converge && request.refused.contains(release) {
        return Err(NoPlan::RolledBackBefore { release: release.clone() });
    }
    let is_able = |h: &HostPlan| h.differs.is_none();
    let hosts = in_order(host_plans(request, replaces.as_ref(), kind), request.zones, is_able);
    let able = hosts.iter().filter(|h| is_able(h)).count();
    // Where nothing serves there is nothing to compare with, whatever was current before.
    let declared_steps = kind == PlanKind::Update || (kind == PlanKind::Rollback && request.canary);
    let stepwise = declared_steps && replaces.is_some();
    let steps = if stepwise { planned_steps(&environment.rollout.steps, &hosts, able) } else { Vec::new() };
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
        set_aside: fleet.unreachable.clone(),
        max_parallel: environment.rollout.max_parallel.at_most(total).max(1),
        may_lose: allowed.saturating_sub(u32::try_from(fleet.unreachable.len()).unwrap_or(u32::MAX)),
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
    let all = || request.fleet.hosts.iter().filter_map(|h| h.seen.current.as_ref());
    // What was stopped is still what a rollback goes back from, and what the same release again brings up.
    let current = replaces.cloned().or_else(|| release_on_most(all(), request.serving));
    match current {
        None => PlanKind::Initial,
        Some(current) if current == request.release => PlanKind::Converge,
        Some(_) if request.rollback => PlanKind::Rollback,
        Some(_) if replaces.is_none() => PlanKind::Initial,
        Some(_) => PlanKind::Update,
    }
}

/// Refuses where a host does not answer.
fn no_host_is_lost(fleet: &FleetObservation, allowed: u32) -> Result<(), NoPlan> {
    let Some(lost) = fleet.unreachable.first() else { return Ok(()) };
    let (host, reason) = (lost.host.clone(), lost.reason.clone());
    Err(NoPlan::Unreachable { host, reason, more: fleet.unreachable.len() - 1, allowed })
}

/// The release that a host serves: its current one, unless no instance of it is left. Where the service was stopped, or
/// all of it was given up, there is nothing to compare with and nothing to go back to.
fn served(seen: &HostObservation) -> Option<&ReleaseId> {
    seen.current.as_ref().filter(|current| staying(seen, current).next().is_some())
}

/// Instances of a release that are up and not on their way out.
fn staying<'a>(seen: &'a HostObservation, release: &'a ReleaseId) -> impl Iterator<Item = &'a InstanceId> {
    let stays = |i: &&InstanceObservation| i.state.is_live() && i.state != InstanceState::Draining;
    seen.of_release(release).filter(stays).map(|i| &i.instance)
}

/// Of the releases on hosts the one that the journal names, or the one on most hosts.
fn release_on_most<'a>(
    releases: impl Iterator<Item = &'a ReleaseId>,
    serving: Option<&ReleaseId>,
) -> Option<ReleaseId> {
    let mut counts: BTreeMap<&ReleaseId, usize> = BTreeMap::new();
    for release in releases {
        *counts.entry(release).or_default() += 1;
    }
    let named = serving.filter(|release| counts.contains_key(release));
    named.or_else(|| counts.iter().max_by_key(|(_, count)| **count).map(|(release, _)| *release)).cloned()
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

/// What each host gets. A convergence leaves hosts alone that serve as declared.
fn host_plans(request: &Request, replaces: Option<&ReleaseId>, kind: PlanKind) -> Vec<HostPlan> {
    let declared = request.environment.instances;
    let needs = |h: &&SeenHost| kind != PlanKind::Converge || !serves(&h.seen, &request.release, declared);
    let hosts = request.fleet.hosts.iter().filter(needs);
    hosts.map(|h| host_plan(h, &request.release, replaces, declared)).collect()
}

fn host_plan(host: &SeenHost, release: &ReleaseId, replaces: Option<&ReleaseId>, instances: u32) -> HostPlan {
    let seen = &host.seen;
    let new = (0..instances).map(|n| InstanceId::new(release.clone(), n)).collect::<Vec<_>>();
    let serves = served(seen);
    let old = serves.into_iter().flat_map(|current| staying(seen, current));
    // Bringing the same release to another number retires only what is too many.
    let old = old.filter(|i| !new.contains(i)).cloned().collect();
    let differs = match serves {
        current if current == replaces => None,
        Some(current) => Some(Before::Release(current.clone())),
        None => Some(Before::Nothing),
    };
    HostPlan { host: host.host.clone(), differs, old, new }
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

#[cfg(test)]
mod tests;
