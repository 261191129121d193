//! `plimsoll down`: stops environments: instances, proxy and agent. Releases and history stay.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_drivers::Host;
use plimsoll_engine::fleet;
use plimsoll_model::agent::Request;
use plimsoll_model::observation::{HostObservation, SeenHost};
use plimsoll_model::service::{Environment, Target};
use plimsoll_model::{ExitCode, HostName};

use super::work::show_warnings;
use crate::cli::Down;
use crate::failure::Failure;
use crate::output::Output;
use crate::project::Project;

/// How long beyond its own drain and stop times a service may take to end.
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) fn run(config: &Path, output: Output, arguments: &Down) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environments: Vec<&Environment> = if arguments.all {
        project.service.environments.values().collect()
    } else {
        vec![project.environment(arguments.chosen.environment.as_ref())?]
    };
    for environment in environments {
        let mut hosts = project.running_hosts(environment, &[])?;
        let seen = fleet::observe(&mut hosts, environment.target.parallel(), &project.service.name);
        if let (Target::Ssh(_), Some(lost)) = (&environment.target, seen.unreachable.first()) {
            let message = format!("{}: {} does not answer: {}", environment.name, lost.host, lost.reason);
            return Err(Failure::new(ExitCode::Unreachable, message).help("nothing was stopped"));
        }
        let busy = |host: &SeenHost| host.seen != HostObservation::empty();
        let Some(newest) = seen.hosts.iter().filter(|host| busy(host)).map(|host| host.seen.fence).max()
        else {
            say(output, environment, "nothing-runs", "nothing runs")?;
            continue;
        };
        let touched: BTreeSet<&HostName> =
            seen.hosts.iter().filter(|host| busy(host)).map(|host| &host.host).collect();
        hosts.retain(|host| touched.contains(host.name()));
        let fence = plimsoll_model::Fence(newest.0 + 1);
        for host in &mut hosts {
            host.call(&project.service.name, Some(fence), Request::Down, &[])
                .map_err(|e| Failure::new(ExitCode::Internal, format!("{}: {e}", environment.name)))?;
        }
        await_end(&project, environment, &mut hosts)?;
        say(output, environment, "stopped", "stopped")?;
    }
    Ok(ExitCode::Success)
}

fn say(output: Output, environment: &Environment, what: &str, words: &str) -> Result<(), Failure> {
    let value = serde_json::json!({ "environment": environment.name, "what": what });
    output.print(&value, |_| format!("{}: {words}\n", environment.name))
}

/// Waits until no instance and no proxy runs: instances finish their requests first.
fn await_end(
    project: &Project,
    environment: &Environment,
    hosts: &mut [Box<dyn Host>],
) -> Result<(), Failure> {
    let times = environment.run.drain_timeout.duration() + environment.run.stop_timeout.duration();
    let deadline = Instant::now() + times + PATIENCE;
    loop {
        let seen = fleet::observe(hosts, environment.target.parallel(), &project.service.name);
        let busy = seen
            .hosts
            .iter()
            .any(|h| h.seen.traffic.is_some() || h.seen.instances.iter().any(|i| i.state.is_live()));
        if !busy {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(Failure::new(
                ExitCode::Internal,
                format!("{} did not stop in time", environment.name),
            )
            .help("plimsoll status    what still runs"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
