//! `plimsoll ship`: from the commit to healthy production. `plimsoll build` stops before the first deployment.

use std::path::Path;
use std::sync::Arc;

use plimsoll_artifact::signature::SecretKey;
use plimsoll_drivers::{Clock as _, SteadyClock, SystemClock, SystemCommands};
use plimsoll_engine::ship::{Ship, Shipped};
use plimsoll_model::ExitCode;
use plimsoll_model::evidence::Gate;
use plimsoll_model::service::Environment;

use super::ending::{self, Told};
use super::work::{Hands, newest, show_warnings};
use crate::cli::{self, Skippable};
use crate::content::EnvironmentSecrets;
use crate::failure::Failure;
use crate::output::Output;
use crate::project::Project;
use crate::secrets::OURS;
use crate::who;
use crate::yard::ProjectYard;

pub(crate) fn run(config: &Path, output: Output, arguments: &cli::Ship) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = project.environment(arguments.chosen.environment.as_ref())?;
    if arguments.dry_run {
        return super::plan::of_ship(&project, environment, output);
    }
    let hands = Hands::new(Some(&arguments.waiting), output);
    let skip = arguments.skip.iter().map(|s| match s {
        Skippable::Staging => Gate::Staging,
        Skippable::Test => Gate::Test,
    });
    let shipment = Shipment { project: &project, environment, hands: &hands, skip: skip.collect() };
    shipment.report(output, Goal::Serving)
}

/// How far a shipment goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// To a sealed release.
    Sealed,
    /// Until it serves.
    Serving,
}

/// A shipment of a project.
pub(super) struct Shipment<'a> {
    pub(super) project: &'a Project,
    pub(super) environment: &'a Environment,
    pub(super) hands: &'a Hands,
    pub(super) skip: Vec<Gate>,
}

impl Shipment<'_> {
    /// Takes it as far as `goal`, tells the reporters, and says how it ended.
    pub(super) fn report(self, output: Output, goal: Goal) -> Result<ExitCode, Failure> {
        let key = self.project.signing_key()?;
        let trusted_keys = self.project.trusted_keys(&key)?;
        self.project.make_state()?;
        if matches!(goal, Goal::Serving) {
            let service = &self.project.service;
            let tested = service.test.as_ref().and_then(|test| service.environments.get(&test.environment));
            self.project.greet(tested.into_iter().chain([self.environment]))?;
        }
        let reports = output.reporter(self.project.names()?);
        let began = SystemClock.now();
        let told = match self.go((&key, &trusted_keys), &mut reports.teller(), goal) {
            Ok(shipped) => ending::of_shipment(self.project, self.environment, &shipped, began)?,
            Err(failure) => Told::failed(&failure.named(&self.project.history()?)),
        };
        let exit = told.ending.exit;
        reports.finish(told.ending);
        Ok(exit)
    }

    fn go(
        &self,
        (secret_key, trusted_keys): (&SecretKey, &[String]),
        tell: &mut dyn FnMut(plimsoll_model::event::Event),
        goal: Goal,
    ) -> Result<Shipped, Failure> {
        let project = self.project;
        let commands = SystemCommands::new(Arc::clone(&self.hands.cancel))
            .masking(project.masker.clone())
            .withholding(&OURS);
        let actor = self.hands.actor(project);
        let (newest, since) = newest(project.journal()?.as_mut())?;
        let clock = SteadyClock::new(&SystemClock, newest);
        let mut ship = Ship {
            service: &project.service,
            project: &project.folder,
            build_folder: &project.state().join("build"),
            release_folder: &project.releases(),
            secret_key,
            trusted_keys,
            environment: self.environment,
            commands: &commands,
            yard: &ProjectYard(project),
            releases: &project.content(),
            secrets: &EnvironmentSecrets,
            clock: &clock,
            actor: &actor,
            since,
            author: who::author(),
            skip: self.skip.clone(),
            events: tell,
        };
        let shipped = match goal {
            Goal::Serving => ship.run(),
            Goal::Sealed => ship.build_only(),
        };
        Ok(shipped?)
    }
}

/// Where a build has no deployment to be about, it is recorded with the environment that it would go to.
pub(super) fn build_environment(project: &Project) -> Result<&Environment, Failure> {
    project.environment(None).or_else(|failure| project.service.environments.values().next().ok_or(failure))
}
