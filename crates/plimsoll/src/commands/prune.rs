//! `plimsoll prune`: removes releases that nothing needs, on the hosts and here.

use std::path::Path;

use plimsoll_artifact::release_folder;
use plimsoll_engine::Deployment;
use plimsoll_model::{ExitCode, ReleaseId};

use super::ending::of_pruning;
use super::work::{show_warnings, under_lease};
use crate::cli::Chosen;
use crate::failure::{Failure, with_causes};
use crate::output::Output;
use crate::project::Project;

pub(crate) fn run(config: &Path, output: Output, arguments: &Chosen) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = project.environment(arguments.environment.as_ref())?;
    let keep = project.service.keep_releases;
    let pinned = needed(&project)?;
    let on_hosts = |deployment: &mut Deployment| {
        deployment.prune(keep, &pinned);
        Ok(())
    };
    under_lease(&project, environment, output, None, on_hosts, |()| {
        let removed = prune_here(&project, keep as usize, &pinned)?;
        let summary =
            format!("removed {} releases here; kept the newest {keep} and what is needed", removed.len());
        of_pruning(&project, environment, &removed, summary)
    })
}

/// Releases that serve, or that a bare rollback would return to, in any environment.
fn needed(project: &Project) -> Result<Vec<ReleaseId>, Failure> {
    let history = project.history()?;
    let mut needed = Vec::new();
    for environment in project.service.environments.keys() {
        if let Some(current) = history.serving(environment) {
            needed.extend(history.last_known_good(environment, &current));
            needed.push(current);
        }
        needed.extend(history.unfinished(environment).map(|r| r.plan.release.clone()));
    }
    Ok(needed)
}

fn prune_here(project: &Project, keep: usize, needed: &[ReleaseId]) -> Result<Vec<ReleaseId>, Failure> {
    let history = project.history()?;
    let old = history.releases.iter().rev().skip(keep).map(|r| r.release.clone());
    let mut removed = Vec::new();
    for release in old.filter(|r| !needed.contains(r)) {
        let folder = project.releases().join(release.as_str());
        if folder.exists() {
            release_folder::remove(&folder).map_err(|e| Failure::new(ExitCode::Internal, with_causes(&e)))?;
            removed.push(release);
        }
    }
    Ok(removed)
}
