//! Gate "preflight": do the hosts of every environment on the way have what the release and the environment need?
//!
//! Asked before anything is changed anywhere, so that production does not fail for what staging could not show.

use plimsoll_model::ReleaseId;
use plimsoll_model::evidence::{Gate, GateDecision};
use plimsoll_model::service::Environment;

use super::{Finding, Ship, Stop};
use crate::deploy::DeployError;
use crate::preflight::{Examination, conclude, examine, measured, refusing_agent, release_needs};

impl Ship<'_> {
    pub(super) fn preflight(&mut self, release: &ReleaseId) -> Result<(), Stop> {
        for environment in self.environments_on_the_way() {
            self.preflight_of(environment, release)?;
        }
        Ok(())
    }

    fn preflight_of(&mut self, environment: &Environment, release: &ReleaseId) -> Result<(), Stop> {
        let started = self.start(Gate::Preflight, format!("the hosts of {}", environment.name));
        let manifest = self.parsed_manifest(release);
        let artifact = self.releases.artifact_file(release);
        let needs = manifest
            .as_ref()
            .map(|manifest| release_needs(release, manifest, &environment.run, artifact.as_deref()));
        let service = self.service.name.clone();
        let about = Examination { service: &service, environment, release: needs.as_ref() };
        let clock = self.clock;
        let reports = examine(&mut self.world(environment)?.hosts, clock, &about);
        refusing_agent(&reports).map_err(DeployError::from)?;
        let conclusion = conclude(&reports);
        self.found(
            started,
            Finding {
                gate: Gate::Preflight,
                release: Some(release.clone()),
                artifact: manifest.map(|manifest| manifest.artifact.digest),
                question: format!("do the hosts of {} have what is needed?", environment.name),
                measured: measured(&reports, environment),
                decision: conclusion.decision,
                summary: format!("{}: {}", environment.name, conclusion.summary),
            },
        )?;
        if conclusion.decision != GateDecision::Refused {
            return Ok(());
        }
        let mut help = conclusion.help;
        help.push(format!("plimsoll doctor -e {}    every host, every question", environment.name));
        let summary = format!("{}: {}", environment.name, conclusion.summary);
        Err(Stop::Refused { gate: Gate::Preflight, summary, help })
    }
}
