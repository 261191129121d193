//! `plimsoll rollback`: a deploy of an earlier release, without steps, on the same path.

use std::path::Path;

use plimsoll_engine::fleet;
use plimsoll_engine::history::{History, KnownRollout};
use plimsoll_engine::{DeployError, Order};
use plimsoll_model::plan::PlanKind;
use plimsoll_model::service::Environment;
use plimsoll_model::{EnvironmentName, ExitCode, ReleaseId};

use super::steer;
use super::work::{on_environment, show_warnings};
use crate::cli::Rollback;
use crate::failure::Failure;
use crate::output::Output;
use crate::project::Project;

pub(crate) fn run(config: &Path, output: Output, arguments: &Rollback) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = project.environment(arguments.chosen.environment.as_ref())?;
    let history = project.history()?;
    let named = match &arguments.release {
        Some(name) => Some(super::deploy::named(&project, name)?.release),
        None => None,
    };
    if let Some(left) = under_way(&history, &environment.name, named.as_ref()) {
        if arguments.dry_run {
            return say_what_becomes(&history, left, output);
        }
        let (waiting, rollout) = (Some(&arguments.waiting), &left.plan.rollout);
        return match left.plan.kind {
            // An earlier `rollback` was cut off: it is finished, since taking it back would bring in what people fled.
            PlanKind::Rollback => steer::bring_to_end(&project, environment, output, waiting, rollout),
            _ => steer::take_back(&project, environment, output, waiting, rollout),
        };
    }
    let release = match named {
        Some(release) => release,
        None => target(&project, environment)?,
    };
    let trusted_keys = project.trusted_keys_for(&release)?;
    let order =
        Order { environment, release, trusted_keys: &trusted_keys, rollback: true, canary: arguments.canary };
    if arguments.dry_run {
        let block = history.block(&environment.name, &order.release).filter(|_| !arguments.force_past_block);
        if let Some((block, reason)) = block {
            let refused = DeployError::PastBlock { target: order.release, block, reason };
            return Err(Failure::from(refused).named(&history));
        }
        return super::plan::of_order(&project, &order, output);
    }
    on_environment(&project, environment, output, Some(&arguments.waiting), |d| {
        if arguments.force_past_block {
            d.force_past_block();
        }
        d.deploy(&order)
    })
}

/// The rollout under way whose end is the way back that is meant: any for a bare `rollback`, and one whose predecessor
/// is named.
fn under_way<'h>(
    history: &'h History,
    environment: &EnvironmentName,
    named: Option<&ReleaseId>,
) -> Option<&'h KnownRollout> {
    history.unfinished(environment).filter(|left| match named {
        None => true,
        Some(release) => {
            let brings_back = left.plan.kind != PlanKind::Rollback && left.plan.release != *release;
            brings_back && left.plan.replaces.as_ref() == Some(release)
        }
    })
}

/// For `--dry-run`: what becomes of the rollout under way.
fn say_what_becomes(history: &History, left: &KnownRollout, output: Output) -> Result<ExitCode, Failure> {
    let (rollout, release) = (&left.plan.rollout, history.label(&left.plan.release));
    let is_way_back = left.plan.kind == PlanKind::Rollback;
    let (does, serves) = match &left.plan.replaces {
        _ if is_way_back => ("finish", Some(release.clone())),
        replaces => ("take-back", replaces.as_ref().map(|r| history.label(r))),
    };
    let serves_then = match &serves {
        Some(serves) => format!("{serves} serves everywhere then"),
        None => "nothing serves then, as before it".to_owned(),
    };
    let would =
        if is_way_back { "a way back: it would be finished" } else { "under way: it would be taken back" };
    let value =
        serde_json::json!({ "would": does, "rollout": rollout, "release": release, "serves": serves });
    output.print(&value, |_| {
        format!("{rollout} of {release} is {would}; {serves_then}\n\nNothing was changed.\n")
    })?;
    Ok(ExitCode::Success)
}

/// The release that a bare `rollback` goes back to.
fn target(project: &Project, environment: &Environment) -> Result<ReleaseId, Failure> {
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
    let good = history.last_known_good(&environment.name, &current);
    good.ok_or_else(|| nothing_good(&history, &environment.name, &current))
}

/// Nothing to go back to. What a person left by going back may be what is meant.
fn nothing_good(history: &History, environment: &EnvironmentName, current: &ReleaseId) -> Failure {
    if let Some(left) = history.left_behind(environment) {
        let left = history.label(&left);
        let text = format!(
            "no earlier release of `{environment}` is known to be good; {left} has served, and was gone back from"
        );
        return Failure::usage(text)
            .help(format!("plimsoll rollback {left}    goes there again, at once"))
            .help(format!("plimsoll retry {left}       goes there again, step by step"));
    }
    Failure::usage(format!("no earlier release of `{environment}` is known to be good"))
        .help("plimsoll history         what was released when")
        .help(format!("plimsoll deploy {}       starts what was stopped", history.label(current)))
        .help("plimsoll rollback rN     goes to a release that you name")
}
