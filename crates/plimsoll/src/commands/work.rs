//! What all commands that change an environment share: who acts, the world, the reporter, and the end.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use plimsoll_drivers::{Host, SteadyClock, SystemClock, SystemCommands};
use plimsoll_engine::deploy::{Actor, Deployment};
use plimsoll_engine::journal::{Journal, Query};
use plimsoll_engine::ship::Yard as _;
use plimsoll_engine::{DeployError, Deployed, HookRunner, RunOptions, World};
use plimsoll_model::event::Event;
use plimsoll_model::service::{Environment, Target};
use plimsoll_model::{ExitCode, Timestamp};

use super::ending::{self, Told};
use crate::cli::Waiting;
use crate::content::EnvironmentSecrets;
use crate::failure::Failure;
use crate::output::{Output, remark};
use crate::project::Project;
use crate::secrets::OURS;
use crate::yard::ProjectYard;
use crate::{signals, who};

/// How often the hosts of this machine are looked at.
const TICK: Duration = Duration::from_millis(50);
/// How often hosts on a network are looked at.
const FAR_TICK: Duration = Duration::from_millis(200);

/// Whoever acts.
pub(crate) struct Hands {
    /// Set by Ctrl-C.
    pub(crate) cancel: Arc<AtomicBool>,
    detach: bool,
    /// Runs hooks that Ctrl-C ends.
    commands: SystemCommands,
    /// Runs hooks that tell of what has happened, also after Ctrl-C.
    told_by: SystemCommands,
}

impl Hands {
    /// Takes signals from now on. Where nobody looks on, a person is not waited for unless that is asked.
    pub(crate) fn new(waiting: Option<&Waiting>, output: Output) -> Self {
        let detach = waiting.is_none_or(|w| w.detach || !(w.wait || output.is_watched()));
        let cancel = signals::cancel_flag();
        let commands = SystemCommands::new(Arc::clone(&cancel)).withholding(&OURS);
        Self { cancel, detach, commands, told_by: SystemCommands::default().withholding(&OURS) }
    }

    /// The engine's view of who acts.
    pub(crate) fn actor<'a>(&'a self, project: &'a Project) -> Actor<'a> {
        let is_far = project.service.environments.values().any(|e| matches!(e.target, Target::Ssh(_)));
        let tick = if is_far { FAR_TICK } else { TICK };
        Actor {
            service: project.service.name.clone(),
            holder: who::holder(),
            is_gone: &who::is_gone,
            options: RunOptions { detach: self.detach, cancel: &self.cancel, tick },
            hooks: Some(HookRunner {
                hooks: &project.service.hooks,
                folder: &project.folder,
                commands: &self.commands,
                told_by: &self.told_by,
            }),
        }
    }
}

/// Shows what the configuration says and probably does not mean.
pub(crate) fn show_warnings(project: &Project) {
    for warning in &project.warnings {
        remark(warning);
    }
}

/// Does `work` with the lease of an environment, tells the reporters, and says how it ended.
pub(crate) fn on_environment(
    project: &Project,
    environment: &Environment,
    output: Output,
    waiting: Option<&Waiting>,
    work: impl FnOnce(&mut Deployment) -> Result<Deployed, DeployError>,
) -> Result<ExitCode, Failure> {
    let since = project.records(&Query::default())?.len();
    under_lease(project, environment, output, waiting, work, |deployed| {
        ending::of_deployment(project, environment, &deployed, since)
    })
}

/// The same for work that ends in another way: `tell` says how.
pub(crate) fn under_lease<T>(
    project: &Project,
    environment: &Environment,
    output: Output,
    waiting: Option<&Waiting>,
    work: impl FnOnce(&mut Deployment) -> Result<T, DeployError>,
    tell: impl FnOnce(T) -> Result<Told, Failure>,
) -> Result<ExitCode, Failure> {
    let hands = Hands::new(waiting, output);
    project.greet([environment])?;
    let reports = output.reporter(project.names()?);
    let result = deploy(project, environment, &hands, &mut reports.teller(), work);
    let told = match result.and_then(tell) {
        Ok(told) => told,
        Err(failure) => Told::failed(&failure.named(&project.history()?)),
    };
    let exit = told.ending.exit;
    reports.finish(told.ending);
    Ok(exit)
}

fn deploy<T>(
    project: &Project,
    environment: &Environment,
    hands: &Hands,
    tell: &mut dyn FnMut(Event),
    work: impl FnOnce(&mut Deployment) -> Result<T, DeployError>,
) -> Result<T, Failure> {
    let actor = hands.actor(project);
    with_lease(project, environment, project.hosts(environment)?, &actor, tell, work)
}

/// Does `work` on these hosts of an environment, with its lease.
pub(super) fn with_lease<T>(
    project: &Project,
    environment: &Environment,
    hosts: Vec<Box<dyn Host>>,
    actor: &Actor,
    tell: &mut dyn FnMut(Event),
    work: impl FnOnce(&mut Deployment) -> Result<T, DeployError>,
) -> Result<T, Failure> {
    let yard = ProjectYard(project);
    let content = project.content();
    let mut journal = project.journal()?;
    let clock = SteadyClock::new(&SystemClock, newest(journal.as_mut())?.0);
    let mut world = World {
        clock: &clock,
        hosts,
        parallel: environment.target.parallel(),
        journal,
        metrics: yard.metrics(environment),
        releases: &content,
        secrets: &EnvironmentSecrets,
        events: tell,
        author: who::author(),
    };
    let mut deployment = Deployment::begin(&mut world, actor, environment)?;
    let result = work(&mut deployment);
    deployment.end();
    Ok(result?)
}

/// When the newest record was written, and its number: no command is at work before that, whatever the machine's clock
/// says.
pub(super) fn newest(journal: &mut dyn Journal) -> Result<(Timestamp, u64), Failure> {
    let records = journal.read(&Query::default())?;
    Ok(records.last().map_or_else(Default::default, |record| (record.at, record.sequence)))
}
