//! `plimsoll prune`: removes releases that nothing needs, on the hosts and here, by the same rule.

use std::collections::BTreeSet;
use std::path::Path;

use plimsoll_artifact::release_folder;
use plimsoll_engine::Deployment;
use plimsoll_model::record::Operation;
use plimsoll_model::{ExitCode, HostName, ReleaseId, retention};

use super::ending::of_pruning;
use super::work::{show_warnings, under_lease};
use crate::cli::Chosen;
use crate::failure::{Failure, with_causes};
use crate::operation;
use crate::output::{Output, remark};
use crate::project::Project;

pub(crate) fn run(config: &Path, output: Output, arguments: &Chosen) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = project.environment(arguments.environment.as_ref())?;
    let keep = project.service.keep_releases;
    let environments = || project.service.environments.keys();
    let on_hosts = |deployment: &mut Deployment| {
        // Under the lease, so that no rollout begins between the choice and the removal.
        let needed: Vec<_> = deployment.history()?.needed(environments()).into_iter().collect();
        Ok(deployment.prune(keep, &needed))
    };
    under_lease(&project, environment, output, None, on_hosts, |answers| {
        let mut removed = Vec::new();
        for (host, answer) in answers {
            match answer {
                Ok(of_host) => removed.push((host, of_host)),
                Err(why) => remark(&format!("{host}: keeps what it has: {why}")),
            }
        }
        let needed = project.history()?.needed(environments());
        let here = prune_here(&project, keep as usize, &needed)?;
        let summary = words(&project, keep, &removed, &here)?;
        let told = of_pruning(&project, environment, &here, summary)?;
        if !here.is_empty() || removed.iter().any(|(_, of_host)| !of_host.is_empty()) {
            operation::record(&project, Some(environment), Operation::Pruned { hosts: removed, here }, None)?;
        }
        Ok(told)
    })
}

fn words(
    project: &Project,
    keep: u32,
    removed: &[(HostName, Vec<ReleaseId>)],
    here: &[ReleaseId],
) -> Result<String, Failure> {
    let history = project.history()?;
    let names = |releases: &[ReleaseId]| match releases {
        [] => "nothing".to_owned(),
        some => some.iter().map(|r| history.label(r).to_string()).collect::<Vec<_>>().join(", "),
    };
    let mut places: Vec<_> = removed.iter().map(|(host, of)| format!("on {host}: {}", names(of))).collect();
    places.push(format!("here: {}", names(here)));
    let pinned = match history.pins.len() {
        0 => String::new(),
        count => format!(" and {count} pinned"),
    };
    Ok(format!("removed {}; kept the newest {keep}, what is needed{pinned}", places.join("; ")))
}

fn prune_here(
    project: &Project,
    keep: usize,
    needed: &BTreeSet<ReleaseId>,
) -> Result<Vec<ReleaseId>, Failure> {
    let history = project.history()?;
    let folder = |release: &ReleaseId| project.releases().join(release.as_str());
    let all = history.releases.iter().rev().map(|known| known.release.clone());
    let there: Vec<_> = all.filter(|release| folder(release).exists()).collect();
    let old = retention::removable(&there, keep, needed);
    for release in &old {
        release_folder::remove(&folder(release))
            .map_err(|e| Failure::new(ExitCode::Internal, with_causes(&e)))?;
    }
    Ok(old)
}
