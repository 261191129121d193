//! `plimsoll status`: what runs where, as the hosts see it now.

use std::path::Path;

use plimsoll_drivers::{Clock as _, SystemClock};
use plimsoll_engine::History;
use plimsoll_engine::fleet;
use plimsoll_engine::history::{Aside, KnownRollout};
use plimsoll_engine::journal::Query;
use plimsoll_model::observation::{FleetObservation, HostObservation, InstanceState, LostHost, SwitchState};
use plimsoll_model::service::{Environment, Target};
use plimsoll_model::{ExitCode, ReleaseId};
use plimsoll_plan::RolloutState;
use plimsoll_report::{EnvironmentStatus, Health, HostStatus, Names, StatusView, Style, hold_clause};

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
        pins: history.pins.iter().map(|(release, why)| (history.label(release), why.clone())).collect(),
    };
    output.print(&view, |style| plimsoll_report::status(&view, style))?;
    let is_known = view.environments.iter().all(|environment| environment.answers);
    Ok(if is_known { ExitCode::Success } else { ExitCode::Unreachable })
}

fn environment(
    project: &Project,
    history: &History,
    environment: &Environment,
    patterns: &[String],
    style: &Style,
) -> Result<EnvironmentStatus, Failure> {
    let fleet = fleet::observe(
        &mut project.running_hosts(environment, patterns)?,
        environment.target.parallel(),
        &project.service.name,
    );
    let release = history.current(&environment.name, &fleet);
    let since = release.as_ref().and_then(|release| {
        let of = |r: &&plimsoll_engine::history::KnownRollout| {
            r.plan.environment == environment.name && r.plan.release == *release
        };
        let promoted = history.rollouts.iter().rev().filter(of).find_map(|r| r.ended);
        promoted.filter(|(outcome, _)| outcome.is_promoted()).map(|(_, at)| at)
    });
    // Hosts know releases by their identifiers.
    let mut names = Names::default();
    history.labels().iter().for_each(|label| names.learn(label));
    let under_way = history.unfinished(&environment.name);
    let rollout = under_way.map(|r| on_its_way(project, history, r, &fleet, style)).transpose()?;
    let mut hosts: Vec<HostStatus> = fleet
        .hosts
        .iter()
        .filter_map(|h| {
            let differs = differs(&h.seen, release.as_ref(), history);
            Some((h, differs.into_iter().chain(remark(&h.seen, environment)).reduce(|a, b| a + "; " + &b)?))
        })
        .map(|(h, remark)| HostStatus {
            host: h.host.clone(),
            release: h.seen.current.as_ref().map(|r| history.label(r)),
            health: Some(health(&h.seen, environment)),
            remark: names.in_text(&remark),
        })
        .collect();
    let missed = if project.expects_answers(environment) { fleet.unreachable.as_slice() } else { &[] };
    hosts.extend(missed.iter().map(|lost| HostStatus {
        host: lost.host.clone(),
        release: None,
        health: None,
        remark: away(lost, history.set_aside(&environment.name), style),
    }));
    Ok(EnvironmentStatus {
        name: environment.name.clone(),
        place: place(environment),
        answers: !fleet.hosts.is_empty() || missed.is_empty(),
        release: release.as_ref().map(|r| history.label(r)),
        since,
        health: release.as_ref().map(|release| all_health(&fleet, release, environment)),
        rollout,
        hosts,
    })
}

/// That a host serves another release than the environment.
fn differs(seen: &HostObservation, release: Option<&ReleaseId>, history: &History) -> Option<String> {
    let release = release.filter(|release| seen.current.as_ref() != Some(release))?;
    let level = format!("`plimsoll deploy --converge` brings it to {}", history.label(release));
    Some(match &seen.current {
        Some(_) => format!("another release; {level}"),
        None => format!("serves nothing; {level}"),
    })
}

/// Why a host does not answer, and since when it is set aside, if it is.
fn away(lost: &LostHost, aside: &[Aside], style: &Style) -> String {
    let Some(aside) = aside.iter().find(|a| a.host == lost.host) else { return lost.reason.clone() };
    let since = style.moment(aside.since, SystemClock.now());
    format!("set aside: unreachable since {since}; `plimsoll deploy --converge` when it is back")
}

/// Ready instances of the release that serves, on all hosts; those of hosts that do not answer are not ready.
fn all_health(fleet: &FleetObservation, release: &ReleaseId, environment: &Environment) -> Health {
    let ready = fleet.hosts.iter().flat_map(|h| h.seen.of_release(release));
    let ready = ready.filter(|i| i.state == InstanceState::Ready).count();
    let hosts = fleet.hosts.len() + fleet.unreachable.len();
    let whole = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Health { ready: whole(ready), wanted: environment.instances.saturating_mul(whole(hosts)) }
}

/// Where an unfinished rollout stands, and what it waits for.
fn on_its_way(
    project: &Project,
    history: &History,
    known: &KnownRollout,
    fleet: &FleetObservation,
    style: &Style,
) -> Result<String, Failure> {
    let plan = &known.plan;
    let fired = |seen: &HostObservation| matches!(&seen.switch, SwitchState::Fired { orders, .. } if orders.rollout == plan.rollout);
    let query = Query { rollout: Some(plan.rollout.clone()), ..Query::default() };
    let state = RolloutState::fold(&project.records(&query)?).ok().flatten();
    let label = history.label(&plan.release);
    let stands = match state {
        // The journal does not know yet what the hosts have done without a command.
        _ if fleet.hosts.iter().any(|h| fired(&h.seen)) => {
            "was taken back by its hosts; the next command finishes it".to_owned()
        }
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
    let maintenance = seen.traffic.as_ref().and_then(|traffic| traffic.table.maintenance.as_ref());
    if let Some(page) = maintenance {
        remarks.insert(
            0,
            format!(
                "MAINTENANCE: clients get 503 and \"{}\"; plimsoll maintenance off -e {} ends it",
                page.first_line(),
                environment.name
            ),
        );
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
