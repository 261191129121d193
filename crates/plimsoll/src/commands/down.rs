//! `plimsoll down`: stops environments: instances, proxy and agent. Releases and history stay.
//!
//! It acts as a coordinator: under the lease, so that it does not pull the ground from under a command that is at work
//! unless that is asked for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use plimsoll_drivers::SystemClock;
use plimsoll_engine::{Actor, RunOptions, Stopped, fleet, stop};
use plimsoll_model::observation::{HostObservation, SeenHost};
use plimsoll_model::service::{Environment, Target};
use plimsoll_model::{ExitCode, HostName};

use super::work::{show_warnings, with_lease};
use crate::cli::Down;
use crate::failure::Failure;
use crate::output::{Output, remark};
use crate::project::Project;
use crate::who;

pub(crate) fn run(config: &Path, output: Output, arguments: &Down) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environments: Vec<&Environment> = if arguments.all {
        project.service.environments.values().collect()
    } else {
        vec![project.environment(arguments.chosen.environment.as_ref())?]
    };
    for environment in environments {
        let (what, words) = match stop_one(&project, environment, arguments.force)? {
            Some(stopped) => ("stopped", told(&project, environment, stopped)?),
            None => ("nothing-runs", format!("{}: nothing runs", environment.name)),
        };
        let value = serde_json::json!({ "environment": environment.name, "what": what, "text": words });
        output.print(&value, |_| format!("{words}\n"))?;
    }
    Ok(ExitCode::Success)
}

/// Stops what runs; `None` where nothing does.
fn stop_one(project: &Project, environment: &Environment, force: bool) -> Result<Option<Stopped>, Failure> {
    let mut hosts = project.running_hosts(environment, &[])?;
    let seen = fleet::observe(&mut hosts, environment.target.parallel(), &project.service.name);
    if let (Target::Ssh(_), Some(lost)) = (&environment.target, seen.unreachable.first()) {
        let message = format!("{}: {} does not answer: {}", environment.name, lost.host, lost.reason);
        return Err(Failure::new(ExitCode::Unreachable, message).help("nothing was stopped"));
    }
    let busy = |host: &&SeenHost| host.seen != HostObservation::empty();
    let touched: BTreeSet<&HostName> = seen.hosts.iter().filter(busy).map(|host| &host.host).collect();
    let history = project.history();
    let under_way = history.as_ref().is_ok_and(|known| known.unfinished(&environment.name).is_some());
    if touched.is_empty() && !under_way {
        return Ok(None);
    }
    hosts.retain(|host| touched.contains(host.name()));
    if let Err(failure) = history {
        remark(&format!("{}; it is stopped all the same, and nothing is written down", failure.message));
        let service = &project.service.name;
        return Ok(Some(stop::without_journal(&mut hosts, service, environment, &SystemClock)));
    }
    let never = AtomicBool::new(false);
    let actor = Actor {
        service: project.service.name.clone(),
        holder: who::holder(),
        is_gone: if force { &|_| true } else { &who::is_gone },
        options: RunOptions { detach: true, cancel: &never, tick: Duration::from_millis(50) },
        hooks: None,
    };
    // As a path it would not be general enough over the lifetimes.
    #[allow(clippy::redundant_closure_for_method_calls)]
    let stopped = with_lease(project, environment, hosts, &actor, &mut |_| (), |d| d.stop());
    stopped.map(Some).map_err(|failure| match failure.exit {
        ExitCode::LockHeld => {
            let command = format!("plimsoll down -e {} --force", environment.name);
            failure.help(format!("{command}    stops it all the same, and ends that command"))
        }
        _ => failure,
    })
}

/// What came of it, or why it is a failure.
fn told(project: &Project, environment: &Environment, stopped: Stopped) -> Result<String, Failure> {
    let failed = |what: String| Failure::new(ExitCode::Internal, format!("{}: {what}", environment.name));
    for (host, text) in &stopped.remarks {
        remark(&format!("{}: {host}: {text}", environment.name));
    }
    if let Some((host, why)) = stopped.refused.first() {
        return Err(failed(format!("{host}: {why}")));
    }
    if stopped.still_runs {
        let failure = failed("not everything did stop in time".to_owned());
        return Err(failure.help("plimsoll status    what still runs"));
    }
    let left = project.left_running(environment);
    if !left.is_empty() {
        let one = |(pid, program): &(u32, PathBuf)| format!("{pid} ({})", program.display());
        let list = left.iter().map(one).collect::<Vec<_>>().join(", ");
        let pids = left.iter().map(|(pid, _)| pid.to_string()).collect::<Vec<_>>().join(" ");
        let failure =
            failed(format!("its instances are stopped, and processes that they left behind run on: {list}"));
        return Err(failure.help(format!("kill {pids}")));
    }
    let Some(ended) = stopped.ended else { return Ok(format!("{}: stopped", environment.name)) };
    let history = project.history()?;
    let plan = history.rollouts.iter().find(|r| r.plan.rollout == ended).map(|r| &r.plan);
    let release = plan.map(|p| format!(" of {}", history.label(&p.release))).unwrap_or_default();
    Ok(format!(
        "{}: stopped, and with it the rollout {ended}{release}, which was under way",
        environment.name
    ))
}
