//! `plimsoll status`: what runs where, as the hosts see it now.

use std::path::Path;

use plimsoll_drivers::{Clock as _, SystemClock};
use plimsoll_engine::History;
use plimsoll_engine::fleet;
use plimsoll_engine::history::KnownRollout;
use plimsoll_engine::journal::Query;
use plimsoll_model::observation::{FleetObservation, HostObservation, InstanceState, SwitchState};
use plimsoll_model::record::Outcome;
use plimsoll_model::service::{Environment, Target};
use plimsoll_model::{ExitCode, ReleaseId};
use plimsoll_plan::RolloutState;
use plimsoll_report::{EnvironmentStatus, Health, HostStatus, StatusView, Style, hold_clause};

use super::work::show_warnings;
use crate::cli::Hosts;
use crate::failure::Failure;
use crate::hosts::{check_patterns, has_host};
use crate::output::Output;
use crate::project::Project;

pub(crate) fn run(config: &Path, output: Output, hosts: &Hosts) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    check_patterns(project.service.environments.values(), &hosts.patterns)?;
    let history = project.history()?;
    let environments = project.service.environments.values();
    let style = output.style();
    let view = StatusView {
        service: project.service.name.clone(),
        now: SystemClock.now(),
        environments: environments
            .filter(|e| hosts.patterns.is_empty() || has_host(e, &hosts.patterns))
            .map(|e| environment(&project, &history, e, &hosts.patterns, &style))
            .collect::<Result<_, Failure>>()?,
    };
    output.print(&view, |style| plimsoll_report::status(&view, style))?;
    Ok(ExitCode::Success)
}

fn environment(
    project: &Project,
    history: &History,
    environment: &Environment,
    patterns: &[String],
    style: &Style,
) -> Result<EnvironmentStatus, Failure> {
    let fleet = fleet::observe(&mut project.running_hosts(environment, patterns)?, &project.service.name);
    let release = most_common(&fleet);
    let since = release.as_ref().and_then(|release| {
        let of = |r: &&plimsoll_engine::history::KnownRollout| {
            r.plan.environment == environment.name && r.plan.release == *release
        };
        let promoted = history.rollouts.iter().rev().filter(of).find_map(|r| r.ended);
        promoted.filter(|(outcome, _)| *outcome == Outcome::Promoted).map(|(_, at)| at)
    });
    let under_way = history.unfinished(&environment.name);
    let rollout = under_way.map(|r| on_its_way(project, history, r, style)).transpose()?;
    let mut hosts: Vec<HostStatus> = fleet
        .hosts
        .iter()
        .filter_map(|h| {
            Some((h, remark(&h.seen, environment).or_else(|| differs(&h.seen, release.as_ref()))?))
        })
        .map(|(h, remark)| HostStatus {
            host: h.host.clone(),
            release: h.seen.current.as_ref().map(|r| history.label(r)),
            health: Some(health(&h.seen, environment)),
            remark,
        })
        .collect();
    // A local agent that does not run is no lost host: nothing was asked of it, or `down` has stopped it.
    let is_far = matches!(environment.target, Target::Ssh(_));
    hosts.extend(fleet.unreachable.iter().filter(|_| is_far || release.is_some()).map(|lost| HostStatus {
        host: lost.host.clone(),
        release: None,
        health: None,
        remark: lost.reason.clone(),
    }));
    Ok(EnvironmentStatus {
        name: environment.name.clone(),
        place: place(environment),
        release: release.as_ref().map(|r| history.label(r)),
        since,
        health: release.as_ref().map(|_| sum(&fleet, environment)),
        rollout,
        hosts,
    })
}

/// Where an unfinished rollout stands, and what it waits for.
fn on_its_way(
    project: &Project,
    history: &History,
    known: &KnownRollout,
    style: &Style,
) -> Result<String, Failure> {
    let plan = &known.plan;
    let query = Query { rollout: Some(plan.rollout.clone()), ..Query::default() };
    let state = RolloutState::fold(&project.journal()?.read(&query)?).ok().flatten();
    let label = history.label(&plan.release);
    let stands = match state {
        Some(state) if state.back.is_some() => "is going back".to_owned(),
        Some(RolloutState { hold: Some(hold), .. }) => {
            hold_clause(&plan.environment, &hold.reason, hold.until, SystemClock.now(), style)
        }
        Some(RolloutState { step: Some(open), .. }) => {
            format!("is at step {} of {}", open.index + 1, plan.steps.len())
        }
        _ => "is on its way".to_owned(),
    };
    Ok(format!("{label} ({}) {stands}", plan.rollout))
}

/// Where it is, in short.
fn place(environment: &Environment) -> String {
    match environment.target.host_names().len() {
        _ if matches!(environment.target, Target::Local { .. }) => format!("http://{}", environment.listen),
        1 => "1 host".to_owned(),
        many => format!("{many} hosts"),
    }
}

/// The release that most hosts have; of two with as many, the one of the earlier host.
fn most_common(fleet: &FleetObservation) -> Option<ReleaseId> {
    let current = || fleet.hosts.iter().filter_map(|h| h.seen.current.as_ref());
    let count = |release: &ReleaseId| current().filter(|other| *other == release).count();
    current().rev().max_by_key(|release| count(release)).cloned()
}

/// What is to be said of a host that has not what most have.
fn differs(seen: &HostObservation, common: Option<&ReleaseId>) -> Option<String> {
    (seen.current.as_ref() != common).then(|| match &seen.current {
        Some(_) => "another release than most hosts".to_owned(),
        None => "serves nothing".to_owned(),
    })
}

/// The instances of all hosts, of those that answered and those that did not.
fn sum(fleet: &FleetObservation, environment: &Environment) -> Health {
    let ready = fleet.hosts.iter().map(|h| health(&h.seen, environment).ready).sum();
    let hosts = u32::try_from(fleet.hosts.len() + fleet.unreachable.len()).unwrap_or(u32::MAX);
    Health { ready, wanted: environment.instances.saturating_mul(hosts) }
}

fn health(seen: &HostObservation, environment: &Environment) -> Health {
    let current = seen.instances.iter().filter(|i| Some(&i.instance.release) == seen.current.as_ref());
    let ready = current.filter(|i| i.state == InstanceState::Ready).count();
    Health { ready: u32::try_from(ready).unwrap_or(u32::MAX), wanted: environment.instances }
}

/// What a person should know about a host; nothing where all is well.
fn remark(seen: &HostObservation, environment: &Environment) -> Option<String> {
    let mut remarks: Vec<String> = seen
        .instances
        .iter()
        .filter(|i| matches!(i.state, InstanceState::Unready | InstanceState::Failed))
        .map(|i| format!("{} on port {}: {}", i.instance, i.port, i.detail))
        .collect();
    if seen.traffic.is_none() && seen.current.is_some() {
        remarks.push(format!("the proxy on {} does not answer", environment.listen));
    }
    if let SwitchState::Fired { orders, at } = &seen.switch {
        remarks.push(format!(
            "went back by itself at {at}: nothing was heard from the command for {}; the next one finishes {}",
            orders.after, orders.rollout
        ));
    }
    let trouble = !remarks.is_empty();
    if trouble {
        remarks.extend(seen.remarks.iter().cloned());
    }
    trouble.then(|| remarks.join("; "))
}
