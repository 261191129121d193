//! Gates "staging" and "rollout": the release is brought into the test's environment, tested there, and brought into
//! the environment that is aimed at. And what an earlier command left is finished first.

use plimsoll_model::evidence::{Gate, GateDecision};
use plimsoll_model::record::Outcome;
use plimsoll_model::release::{Manifest, Source, Tree};
use plimsoll_model::service::Environment;
use plimsoll_model::{Digest, ReleaseId};
use serde_json::json;

use super::{Finding, Ship, ShipEnd, ShipError, Shipped, Stop, measured};
use crate::deploy::{Deployed, Deployment, Order};

impl Ship<'_> {
    /// A rollout that an earlier command left in the environment is finished before anything else, since its hosts
    /// would go back by themselves meanwhile. If it is of this very tree, that is all there is to do.
    pub(super) fn finish_what_was_left(&mut self, source: &Source) -> Result<Option<Shipped>, ShipError> {
        let history = self.history()?;
        let Some(left) = history.unfinished(&self.environment.name) else { return Ok(None) };
        let (release, replaced) = (left.plan.release.clone(), left.plan.replaces.clone());
        // Another tree makes a release that will take the place of the one that was left. Whether a tree outside
        // version control is another one only its build can tell.
        let versioned = source.tree != Tree::Unversioned;
        let same = versioned && self.parsed_manifest(&release).is_some_and(|m| m.source == *source);
        if !same {
            return Ok(None);
        }
        let deployed = self.deploy_to(self.environment, &release, Gate::Rollout)?;
        self.conclude(release, replaced, deployed).map(Some)
    }

    /// The hosts, staging, test, and the environment that is aimed at.
    pub(super) fn deploy_release(&mut self, release: ReleaseId) -> Result<Shipped, ShipError> {
        let replaced = self.history()?.serving(&self.environment.name);
        let before = self.preflight(&release).and_then(|()| self.staging_and_test(&release));
        match before {
            Ok(None) => {}
            Ok(Some(end)) => return Ok(Shipped { release: Some(release), replaced, end }),
            Err(Stop::Refused { gate, summary, help }) => {
                let end = ShipEnd::Refused { gate, summary, help };
                return Ok(Shipped { release: Some(release), replaced, end });
            }
            Err(Stop::Error(error)) => return Err(error),
        }
        if self.is_cancelled() {
            return Err(ShipError::Cancelled);
        }
        let deployed = self.deploy_to(self.environment, &release, Gate::Rollout)?;
        self.conclude(release, replaced, deployed)
    }

    /// What the end of the last deployment means, and the proof that what answers is what was released.
    fn conclude(
        &mut self,
        release: ReleaseId,
        replaced: Option<ReleaseId>,
        deployed: Deployed,
    ) -> Result<Shipped, ShipError> {
        let promoted =
            matches!(deployed, Deployed::AlreadyServing | Deployed::Over { outcome: Outcome::Promoted, .. });
        let environment = self.environment.name.clone();
        let end = match promoted.then(|| self.verify(&release)).transpose()? {
            Some(Err(summary)) => ShipEnd::NotVerified { summary },
            _ => ShipEnd::Deployed { environment, deployed },
        };
        Ok(Shipped { release: Some(release), replaced, end })
    }

    /// `None` when the release may go on.
    fn staging_and_test(&mut self, release: &ReleaseId) -> Result<Option<ShipEnd>, Stop> {
        let Some(spec) = self.service.test.clone() else { return Ok(None) };
        let staging = &self.service.environments[&spec.environment];
        if staging.name != self.environment.name {
            if self.skip.contains(&Gate::Staging) {
                self.skipped(Gate::Staging, release)?;
            } else {
                let refused = self.history()?.refused(&self.environment.name).contains(release);
                if refused {
                    // Known to be bad where it is going: staging is not troubled with it.
                    return Ok(None);
                }
                let deployed = self.deploy_to(staging, release, Gate::Staging)?;
                if !matches!(
                    deployed,
                    Deployed::AlreadyServing | Deployed::Over { outcome: Outcome::Promoted, .. }
                ) {
                    return Ok(Some(ShipEnd::Deployed { environment: staging.name.clone(), deployed }));
                }
            }
            if self.skip.contains(&Gate::Test) {
                self.skipped(Gate::Test, release)?;
            } else {
                self.test(&spec, staging, release)?;
            }
        }
        Ok(None)
    }

    fn skipped(&mut self, gate: Gate, release: &ReleaseId) -> Result<(), ShipError> {
        let started = self.start(gate, "");
        let summary = format!("skipped by {}", self.author);
        let question = format!("gate `{}`", gate.name());
        self.found(
            started,
            Finding {
                gate,
                release: Some(release.clone()),
                artifact: None,
                question,
                measured: measured([]),
                decision: GateDecision::Skipped,
                summary,
            },
        )?;
        Ok(())
    }

    fn deploy_to(
        &mut self,
        environment: &Environment,
        release: &ReleaseId,
        gate: Gate,
    ) -> Result<Deployed, ShipError> {
        let started = self.start(gate, "");
        let (actor, trusted_keys, since) = (self.actor, self.trusted_keys, self.since);
        let order =
            Order { environment, release: release.clone(), trusted_keys, rollback: false, canary: false };
        let mut world = self.world(environment)?;
        let mut deployment = Deployment::begin(&mut world, actor, environment)?;
        let result = match deployment.stopped_since(since)? {
            Some(by) => Err(ShipError::Stopped { environment: environment.name.clone(), by }),
            None => deployment.deploy(&order).map_err(ShipError::from),
        };
        deployment.end();
        drop(world);
        let deployed = result?;
        let artifact = self.parsed_manifest(release).map(|m| m.artifact.digest);
        self.found(started, told(gate, environment, release, artifact, &deployed))?;
        Ok(deployed)
    }

    pub(super) fn parsed_manifest(&self, release: &ReleaseId) -> Option<Manifest> {
        let signed = self.releases.manifest(release).ok()?;
        serde_json::from_str(&signed.manifest).ok()
    }
}

/// What a deployment comes to, as evidence.
fn told(
    gate: Gate,
    environment: &Environment,
    release: &ReleaseId,
    artifact: Option<Digest>,
    deployed: &Deployed,
) -> Finding {
    let hosts = environment.target.host_names().len();
    let instances = environment.instances as usize * hosts;
    let on = if hosts > 1 { format!(" on {hosts} hosts") } else { String::new() };
    let proved = format!("{instances} of {instances} instances proved{on}");
    let (decision, summary) = match deployed {
        Deployed::AlreadyServing => (GateDecision::Passed, format!("{proved}; it served already")),
        Deployed::Over { outcome: Outcome::Promoted, taken_over: None, .. } => (GateDecision::Passed, proved),
        Deployed::Over { outcome: Outcome::Promoted, taken_over: Some(course), .. } => {
            (GateDecision::Passed, format!("{proved}; an earlier command had begun it ({course})"))
        }
        Deployed::Over { outcome, .. } => (GateDecision::Refused, crate::text::outcome(*outcome).to_owned()),
        Deployed::Held { wait, .. } => (GateDecision::Unknown, format!("waits for {}", wait.waiting_for)),
    };
    let outcome = match deployed {
        Deployed::Over { outcome, .. } => Some(outcome),
        Deployed::AlreadyServing | Deployed::Held { .. } => None,
    };
    let rollout = match deployed {
        Deployed::AlreadyServing => None,
        Deployed::Over { rollout, .. } | Deployed::Held { rollout, .. } => Some(rollout.to_string()),
    };
    Finding {
        gate,
        release: Some(release.clone()),
        artifact,
        question: format!("does the release serve {}?", environment.name),
        measured: measured([
            ("rollout", json!(rollout)),
            ("instances", json!(instances)),
            ("outcome", json!(outcome)),
        ]),
        decision,
        summary,
    }
}
