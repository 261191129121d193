//! `promote`, `abort`, `pause`, `resume`, `retry`: what a person says to a rollout.
//!
//! The word is written to the journal, where a command that is at work sees it within a moment. Where none is, this
//! command takes the rollout over and goes on with it.

use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_drivers::{Clock as _, SystemClock};
use plimsoll_engine::journal::{Draft, Query};
use plimsoll_engine::{DeployError, Deployed, Order};
use plimsoll_model::record::{Command, Entry, Outcome};
use plimsoll_model::service::Environment;
use plimsoll_model::{ExitCode, RolloutId};
use plimsoll_plan::RolloutState;
use plimsoll_report::hold_clause;

use super::ending::{self, Told};
use super::work::{on_environment, show_warnings, under_lease};
use crate::cli::{Chosen, Promote, Retry, Waiting};
use crate::failure::Failure;
use crate::output::{Output, remark};
use crate::project::Project;
use crate::who;

/// How long a command at work may take to end after a word that ends it.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) fn promote(config: &Path, output: Output, arguments: &Promote) -> Result<ExitCode, Failure> {
    let command = if arguments.full { Command::PromoteFully } else { Command::Promote };
    let said = Said { is_pause: false, command, done: "goes on", ends: false };
    say(config, output, &arguments.chosen, Some(&arguments.waiting), said)
}

pub(crate) fn abort(config: &Path, output: Output, arguments: &Chosen) -> Result<ExitCode, Failure> {
    let said = Said { is_pause: false, command: Command::Abort, done: "is taken back", ends: true };
    say(config, output, arguments, None, said)
}

pub(crate) fn pause(config: &Path, output: Output, arguments: &Chosen) -> Result<ExitCode, Failure> {
    let said = Said { is_pause: true, command: Command::Pause, done: "is held where it is", ends: false };
    say(config, output, arguments, None, said)
}

pub(crate) fn resume(config: &Path, output: Output, arguments: &Chosen) -> Result<ExitCode, Failure> {
    let said = Said { is_pause: false, command: Command::Resume, done: "goes on", ends: false };
    say(config, output, arguments, None, said)
}

/// Allows a release that was rolled back, and rolls it out again from the beginning.
pub(crate) fn retry(config: &Path, output: Output, arguments: &Retry) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = project.environment(arguments.chosen.environment.as_ref())?;
    let known = super::deploy::named(&project, &arguments.release)?;
    let (release, name) = (known.release.clone(), format!("r{}", known.number));
    if !project.history()?.refused(&environment.name).contains(&release) {
        return Err(nothing_to_retry(environment, &name));
    }
    let trusted_keys = project.trusted_keys_for(&release)?;
    let order = Order { environment, release, trusted_keys: &trusted_keys, rollback: false, canary: false };
    on_environment(&project, environment, output, Some(&arguments.waiting), |d| d.retry(&order))
}

fn nothing_to_retry(environment: &Environment, release: &str) -> Failure {
    let environment = &environment.name;
    let text = format!("{release} was not rolled back in `{environment}`: there is nothing to allow again");
    Failure::usage(text)
        .help(format!("plimsoll deploy {release} -e {environment}    rolls it out"))
        .help("plimsoll history    how each release went")
}

/// How long a command at work may take to hold a rollout: it hears of it at its next look.
const HELD_WITHIN: Duration = Duration::from_secs(5);
/// How long after that a command that leaves may take to give its lease back.
const LEAVES_WITHIN: Duration = Duration::from_millis(700);

struct Said {
    command: Command,
    /// What becomes of the rollout, for the line that confirms it.
    done: &'static str,
    /// Whether it is the word that makes a command leave where nobody looks on.
    is_pause: bool,
    /// Whether the word ends the rollout, so that its end is waited for.
    ends: bool,
}

fn say(
    config: &Path,
    output: Output,
    chosen: &Chosen,
    waiting: Option<&Waiting>,
    said: Said,
) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = project.environment(chosen.environment.as_ref())?;
    let history = project.history()?;
    let Some(rollout) = history.unfinished(&environment.name).map(|r| r.plan.rollout.clone()) else {
        return Err(DeployError::NothingUnderWay { environment: environment.name.to_string() }.into());
    };
    if said.ends {
        return take_back(&project, environment, output, waiting, &rollout);
    }
    write(&project, environment, Some(&rollout), said.command)?;
    if is_at_work(&project, environment)? {
        if said.is_pause {
            return await_hold(&project, environment, output, &rollout);
        }
        let text = format!("{rollout} {}; the command that runs it carries on", said.done);
        tell(output, &rollout, said.done, &text)?;
        return Ok(ExitCode::Success);
    }
    take_over(
        &project,
        environment,
        output,
        waiting,
        |told| if said.is_pause { told.held_as_asked() } else { told },
    )
}

/// Goes on with what was left.
fn take_over(
    project: &Project,
    environment: &Environment,
    output: Output,
    waiting: Option<&Waiting>,
    meant: impl FnOnce(Told) -> Told,
) -> Result<ExitCode, Failure> {
    let since = project.records(&Query::default())?.len();
    under_lease(
        project,
        environment,
        output,
        waiting,
        |deployment| Ok(deployment.resume()?.unwrap_or(Deployed::AlreadyServing)),
        |deployed| Ok(meant(ending::of_deployment(project, environment, &deployed, since)?)),
    )
}

/// Has a rollout taken back, by the command that is at work or by this one.
pub(super) fn take_back(
    project: &Project,
    environment: &Environment,
    output: Output,
    waiting: Option<&Waiting>,
    rollout: &RolloutId,
) -> Result<ExitCode, Failure> {
    write(project, environment, Some(rollout), Command::Abort)?;
    bring_to_end(project, environment, output, waiting, rollout)
}

/// Waits for the end that the command at work makes of a rollout, or makes it. That it comes back is what was asked for.
pub(super) fn bring_to_end(
    project: &Project,
    environment: &Environment,
    output: Output,
    waiting: Option<&Waiting>,
    rollout: &RolloutId,
) -> Result<ExitCode, Failure> {
    if is_at_work(project, environment)? {
        return await_end(project, output, rollout);
    }
    take_over(project, environment, output, waiting, Told::back_as_asked)
}

fn write(
    project: &Project,
    environment: &Environment,
    rollout: Option<&RolloutId>,
    command: Command,
) -> Result<(), Failure> {
    project.journal()?.append(Draft {
        at: SystemClock.now(),
        author: who::author(),
        environment: Some(environment.name.clone()),
        rollout: rollout.cloned(),
        fence: None,
        entry: Entry::Commanded { command },
    })?;
    Ok(())
}

/// Whether another command holds the lease of the environment.
fn is_at_work(project: &Project, environment: &Environment) -> Result<bool, Failure> {
    let taken = project.journal()?.holder(&environment.name, SystemClock.now(), &who::is_gone);
    Ok(taken.map_err(Failure::from)?.is_some())
}

/// Waits until the command at work has ended the rollout.
fn await_end(project: &Project, output: Output, rollout: &RolloutId) -> Result<ExitCode, Failure> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let history = project.history()?;
        let known = history.rollouts.iter().find(|r| r.plan.rollout == *rollout);
        if let Some((outcome, _)) = known.and_then(|r| r.ended) {
            let label = known.map(|r| history.label(&r.plan.release).to_string()).unwrap_or_default();
            let text = format!("{rollout} is over: {label} {}", words(outcome));
            tell(output, rollout, words(outcome), &text)?;
            let exit = outcome.exit_code();
            return Ok(if exit == ExitCode::RolledBack { ExitCode::Success } else { exit });
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(Failure::new(ExitCode::Inconclusive, format!("{rollout} did not end within two minutes"))
        .help("plimsoll status    where it stands"))
}

/// Waits until the command at work holds the rollout, and says whether it stays with it: where nobody looks on it leaves.
fn await_hold(
    project: &Project,
    environment: &Environment,
    output: Output,
    rollout: &RolloutId,
) -> Result<ExitCode, Failure> {
    let query = Query { rollout: Some(rollout.clone()), ..Query::default() };
    let deadline = Instant::now() + HELD_WITHIN;
    let held = loop {
        let records = project.records(&query)?;
        let state = RolloutState::fold(&records).ok().flatten();
        let over = records.iter().any(|r| matches!(r.entry, Entry::Finished { .. }));
        match state.and_then(|state| state.hold) {
            Some(hold) => break Some(hold),
            None if over || Instant::now() >= deadline => break None,
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let Some(hold) = held else {
        let text = format!("{rollout} was told to pause, and is not held yet");
        tell(output, rollout, "was told to pause", &text)?;
        remark("hint: plimsoll status    where it stands");
        return Ok(ExitCode::Success);
    };
    // A command that leaves does so at once.
    let leaves_by = Instant::now() + LEAVES_WITHIN;
    let mut stays = is_at_work(project, environment)?;
    while stays && Instant::now() < leaves_by {
        std::thread::sleep(Duration::from_millis(20));
        stays = is_at_work(project, environment)?;
    }
    let who =
        if stays { "the command that runs it waits with it" } else { "no command is at work on it now" };
    let clause = hold_clause(&environment.name, &hold.reason, hold.until, SystemClock.now(), &output.style());
    tell(output, rollout, "is held", &format!("{rollout} is held where it is; {who}\nIt {clause}"))?;
    Ok(ExitCode::Success)
}

fn tell(output: Output, rollout: &RolloutId, what: &str, text: &str) -> Result<(), Failure> {
    output.print(&serde_json::json!({ "rollout": rollout, "what": what, "text": text }), |_| {
        format!("{text}\n")
    })
}

fn words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Promoted => "serves everywhere",
        Outcome::PromotedInPart => "serves everywhere but on hosts that were set aside",
        Outcome::RolledBack | Outcome::Superseded | Outcome::Inconclusive | Outcome::Refused => {
            "was taken back"
        }
        Outcome::Mixed => "could not be taken back everywhere",
        Outcome::Stopped => "was ended by `plimsoll down`",
    }
}
