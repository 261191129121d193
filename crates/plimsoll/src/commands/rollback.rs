//! `plimsoll rollback`: a deploy of an earlier release, without steps, on the same path.

use std::path::Path;

use plimsoll_engine::fleet;
use plimsoll_engine::{Deployed, Deployment, Order};
use plimsoll_model::plan::PlanKind;
use plimsoll_model::record::Command;
use plimsoll_model::service::Environment;
use plimsoll_model::{ExitCode, ReleaseId};

use super::work::{on_environment, show_warnings};
use crate::cli::Rollback;
use crate::failure::Failure;
use crate::output::Output;
use crate::project::Project;

pub(crate) fn run(config: &Path, output: Output, arguments: &Rollback) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = project.environment(arguments.chosen.environment.as_ref())?;
    let under_way = project.history()?.unfinished(&environment.name).map(|left| left.plan.kind);
    if let Some(kind) = under_way.filter(|_| arguments.release.is_none() && !arguments.dry_run) {
        return match kind {
            // An earlier `rollback` was cut off: it is finished, since taking it back would bring in what people fled.
            PlanKind::Rollback => {
                let resume = |d: &mut Deployment| Ok(d.resume()?.unwrap_or(Deployed::AlreadyServing));
                on_environment(&project, environment, output, Some(&arguments.waiting), resume)
            }
            _ => abort_under_way(&project, environment, output, arguments),
        };
    }
    let release = target(&project, environment, arguments.release.as_deref())?;
    let trusted_keys = project.trusted_keys_for(&release)?;
    let order =
        Order { environment, release, trusted_keys: &trusted_keys, rollback: true, canary: arguments.canary };
    if arguments.dry_run {
        return super::plan::of_order(&project, &order, output);
    }
    on_environment(&project, environment, output, Some(&arguments.waiting), |d| {
        if arguments.force_past_block {
            d.force_past_block();
        }
        d.deploy(&order)
    })
}

/// A rollout that is under way is what a bare `rollback` means: it is taken back. That it comes back is what was asked
/// for, so the exit code is 0 when it does.
fn abort_under_way(
    project: &Project,
    environment: &Environment,
    output: Output,
    arguments: &Rollback,
) -> Result<ExitCode, Failure> {
    let mut came_back = false;
    let exit = on_environment(project, environment, output, Some(&arguments.waiting), |deployment| {
        if let Some(left) = deployment.history()?.unfinished(&environment.name) {
            let rollout = left.plan.rollout.clone();
            deployment.command(&rollout, Command::Abort)?;
        }
        let deployed = deployment.resume()?.unwrap_or(Deployed::AlreadyServing);
        came_back =
            matches!(deployed, Deployed::Over { outcome: plimsoll_model::record::Outcome::RolledBack, .. });
        Ok(deployed)
    })?;
    Ok(if came_back { ExitCode::Success } else { exit })
}

/// The release to go back to.
fn target(project: &Project, environment: &Environment, named: Option<&str>) -> Result<ReleaseId, Failure> {
    if let Some(name) = named {
        return Ok(super::deploy::named(project, name)?.release);
    }
    let history = project.history()?;
    let seen = fleet::observe(
        &mut project.running_hosts(environment, &[])?,
        environment.target.parallel(),
        &project.service.name,
    );
    // Of a service that was stopped this is what it served last: a way back leads from there all the same.
    let serving = history.current(&environment.name, &seen);
    let nothing = || {
        Failure::usage(format!(
            "nothing serves in `{}`, so there is nothing to go back from",
            environment.name
        ))
    };
    let current = serving.or_else(|| history.serving(&environment.name)).ok_or_else(nothing)?;
    history.last_known_good(&environment.name, &current).ok_or_else(|| {
        Failure::usage(format!("no earlier release of `{}` is known to be good", environment.name))
            .help("plimsoll history         what was released when")
            .help(format!("plimsoll deploy {}       starts what was stopped", history.label(&current)))
            .help("plimsoll rollback rN     goes to a release that you name")
    })
}
