//! `plimsoll plan` and the `--dry-run` of other commands: what would be done.

use std::path::Path;

use plimsoll_drivers::SystemCommands;
use plimsoll_engine::deploy::make_plan;
use plimsoll_engine::fleet;
use plimsoll_engine::history::{History, KnownRollout};
use plimsoll_engine::{DeployError, Order};
use plimsoll_model::observation::{FleetObservation, HostObservation, SeenHost};
use plimsoll_model::plan::{Plan, PlanKind};
use plimsoll_model::release::{Manifest, RunSpec};
use plimsoll_model::service::{Environment, Target};
use plimsoll_model::{ExitCode, HostName, ReleaseId};
use plimsoll_plan::planner::NoPlan;
use plimsoll_report::PlanView;

use super::work::show_warnings;
use crate::cli::Planned;
use crate::failure::Failure;
use crate::output::Output;
use crate::project::Project;
use crate::secrets::OURS;

pub(crate) fn run(config: &Path, output: Output, arguments: &Planned) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = project.environment(arguments.chosen.environment.as_ref())?;
    let release = super::deploy::named(&project, &arguments.release)?.release;
    let order = Order { environment, release, trusted_keys: &[], rollback: false, canary: false };
    of_order(&project, &order, output)
}

/// What `ship` would do. It would build first, so the release is not known; its path through the environments is.
pub(super) fn of_ship(
    project: &Project,
    environment: &Environment,
    output: Output,
) -> Result<ExitCode, Failure> {
    let commands = SystemCommands::default().withholding(&OURS);
    let facts = plimsoll_drivers::source::source(&commands, &project.folder)
        .map_err(|e| Failure::usage(e.to_string()))?;
    let mut lines = vec![format!(
        "would build {} from {}",
        project.service.name,
        source_words(&facts.source, &facts.remarks)
    )];
    if let Some(test) = &project.service.test
        && test.environment != environment.name
    {
        lines.push(format!("would deploy it to {} and run `{}`", test.environment, test.command.join(" ")));
    }
    lines.extend(facts.remarks.iter().map(|remark| format!("note: {remark}")));
    let steps = environment.rollout.steps.len();
    lines.push(format!("would roll it out to {} in {steps} steps", environment.name));
    let value = serde_json::json!({ "source": facts.source, "environment": environment.name, "steps": environment.rollout.steps, "remarks": facts.remarks });
    output.print(&value, |_| lines.join("\n") + "\n\nNothing was changed.\n")?;
    Ok(ExitCode::Success)
}

fn source_words(source: &plimsoll_model::release::Source, remarks: &[String]) -> String {
    use plimsoll_model::release::Tree;
    let commit = source.commit.as_ref().map_or("no commit", |c| &c[..c.len().min(7)]).to_owned();
    match &source.tree {
        Tree::Clean => format!("{commit} (clean)"),
        Tree::Dirty { files, .. } => format!("{commit} and {files} changed files that no commit holds"),
        // Why it is not known is said with it.
        Tree::Unversioned if !remarks.is_empty() => "a folder whose commit is not known".to_owned(),
        Tree::Unversioned => "a folder that is not under version control".to_owned(),
    }
}

/// The plan of an order.
pub(super) fn of_order(project: &Project, order: &Order, output: Output) -> Result<ExitCode, Failure> {
    let history = project.history()?;
    let fleet = look(project, order.environment)?;
    let plan = match make_plan(order, &project.content(), &history, &fleet) {
        Err(DeployError::NoPlan(NoPlan::AlreadyServing { release })) => {
            let text = format!("{} serves already; there is nothing to do\n", history.label(&release));
            let value = serde_json::json!({ "already-serving": release });
            output.print(&value, |_| text)?;
            return Ok(ExitCode::Success);
        }
        other => other.map_err(|error| Failure::from(error).named(&history))?,
    };
    let mut remarks = remarks(project, &plan, &fleet);
    if let Some(left) = history.unfinished(&order.environment.name) {
        remarks.push(before(&history, left, order));
    }
    output.print(&plan, |style| {
        let release = history.label(&plan.release);
        let replaces = plan.replaces.as_ref().map(|r| history.label(r));
        plimsoll_report::plan(&PlanView { plan: &plan, release, replaces, remarks }, style)
    })?;
    Ok(ExitCode::Success)
}

/// What the hosts see; a local host whose agent does not run has nothing running.
fn look(project: &Project, environment: &Environment) -> Result<FleetObservation, Failure> {
    let mut hosts = project.running_hosts(environment, &[])?;
    let mut fleet = fleet::observe(&mut hosts, environment.target.parallel(), &project.service.name);
    let is_local = matches!(environment.target, Target::Local { .. });
    if is_local && (hosts.is_empty() || !fleet.unreachable.is_empty()) {
        fleet = FleetObservation::default();
        fleet.hosts.push(SeenHost { host: HostName::local(), seen: HostObservation::empty() });
    }
    Ok(fleet)
}

/// What becomes first of a rollout that is under way.
fn before(history: &History, left: &KnownRollout, order: &Order) -> String {
    let (rollout, release) = (&left.plan.rollout, history.label(&left.plan.release));
    let becomes = match left.plan.kind {
        _ if left.plan.release == order.release => "would be continued",
        PlanKind::Rollback if !order.rollback => "would be finished first",
        _ => "would be taken back first",
    };
    format!("{rollout} of {release} is under way and {becomes}")
}

/// What is there already, and what changes in the configuration.
fn remarks(project: &Project, plan: &Plan, fleet: &FleetObservation) -> Vec<String> {
    let present = fleet.hosts.iter().filter(|h| h.seen.releases.contains(&plan.release)).count();
    let all = fleet.hosts.len();
    let mut remarks =
        vec![format!("present on {present} of {all} {}", if all == 1 { "host" } else { "hosts" })];
    let before = plan.replaces.as_ref().and_then(|r| run_of(project, r, plan));
    if let Some(before) = before {
        remarks.extend(changes(&before, &plan.run));
    }
    remarks
}

fn run_of(project: &Project, release: &ReleaseId, plan: &Plan) -> Option<RunSpec> {
    use plimsoll_engine::world::ReleaseContent as _;
    let text = project.content().manifest(release).ok()?.manifest;
    let mut manifest: Manifest = serde_json::from_str(&text).ok()?;
    manifest.environments.remove(&plan.environment)
}

/// Variables that differ, by name: `GREETING_TTL 60s -> 30s`.
fn changes(before: &RunSpec, after: &RunSpec) -> Vec<String> {
    let names: std::collections::BTreeSet<_> =
        before.variables.keys().chain(after.variables.keys()).collect();
    let shown = |value: Option<&String>| value.map_or("(unset)".to_owned(), Clone::clone);
    let differs = names.into_iter().filter(|n| before.variables.get(*n) != after.variables.get(*n));
    let mut lines: Vec<String> = differs
        .map(|n| format!("{n} {} -> {}", shown(before.variables.get(n)), shown(after.variables.get(n))))
        .collect();
    if before.limits != after.limits {
        lines.push("other limits".to_owned());
    }
    if before.args != after.args {
        lines.push(format!("arguments {:?} -> {:?}", before.args, after.args));
    }
    lines
}
