//! `plimsoll down`: stops local environments: instances, proxy and agent. Releases and history stay.

use std::path::Path;

use plimsoll_engine::fleet;
use plimsoll_model::ExitCode;
use plimsoll_model::agent::Request;
use plimsoll_model::service::Environment;

use super::work::show_warnings;
use crate::cli::Down;
use crate::failure::Failure;
use crate::output::Output;
use crate::project::Project;

pub(crate) fn run(config: &Path, output: Output, arguments: &Down) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environments: Vec<&Environment> = if arguments.all {
        project.service.environments.values().collect()
    } else {
        vec![project.environment(arguments.chosen.environment.as_ref())?]
    };
    for environment in environments {
        let mut hosts = project.running_hosts(environment)?;
        let seen = fleet::observe(&mut hosts, &project.service.name);
        let Some(host) = seen.hosts.first() else {
            output.line(&format!("{}: nothing runs", environment.name))?;
            continue;
        };
        let fence = plimsoll_model::Fence(host.seen.fence.0 + 1);
        for host in &mut hosts {
            host.call(&project.service.name, Some(fence), Request::Down, &[])
                .map_err(|e| Failure::new(ExitCode::Internal, format!("{}: {e}", environment.name)))?;
        }
        output.line(&format!("{}: stopped", environment.name))?;
    }
    Ok(ExitCode::Success)
}
