//! Gate "verify": is what answers what was released?
//!
//! Asked of the data plane after the rollout says that it is over: the table in force, and for every instance behind
//! it the process that owns the socket and the digest of its executable.

use plimsoll_model::ReleaseId;
use plimsoll_model::evidence::{Gate, GateDecision};
use plimsoll_model::observation::{FleetObservation, InstanceState};
use plimsoll_plan::planner::serves;
use serde_json::json;

use super::{Finding, Ship, ShipError, measured};
use crate::fleet;

impl Ship<'_> {
    /// `Ok` where it is, or what was found instead.
    pub(super) fn verify(&mut self, release: &ReleaseId) -> Result<Result<(), String>, ShipError> {
        let started = self.start(Gate::Verify, "what answers is what was released");
        let environment = self.environment;
        let service = self.service.name.clone();
        let artifact = self.parsed_manifest(release).map(|m| m.artifact.digest);
        let fleet =
            fleet::observe(&mut self.world(environment)?.hosts, environment.target.parallel(), &service);
        let problem = problem(&fleet, release, environment.instances, artifact);
        let proofs: Vec<_> = fleet
            .hosts
            .iter()
            .flat_map(|h| h.seen.of_release(release))
            .map(|i| json!({ "instance": i.instance, "port": i.port, "proof": i.proof }))
            .collect();
        let summary = match &problem {
            Some(problem) => problem.clone(),
            None => format!(
                "{} of {} processes run sha256:{}",
                proofs.len(),
                proofs.len(),
                artifact.map_or_else(String::new, |d| d.short())
            ),
        };
        self.found(
            started,
            Finding {
                gate: Gate::Verify,
                release: Some(release.clone()),
                artifact,
                question: "is what answers what was released?".to_owned(),
                measured: measured([("proofs", json!(proofs))]),
                decision: match (&problem, fleet.unreachable.is_empty()) {
                    (None, _) => GateDecision::Passed,
                    (Some(_), true) => GateDecision::Refused,
                    (Some(_), false) => GateDecision::Unknown,
                },
                summary: summary.clone(),
            },
        )?;
        Ok(problem.map_or(Ok(()), Err))
    }
}

fn problem(
    fleet: &FleetObservation,
    release: &ReleaseId,
    instances: u32,
    artifact: Option<plimsoll_model::Digest>,
) -> Option<String> {
    if let Some(lost) = fleet.unreachable.first() {
        return Some(format!("{} does not answer: {}", lost.host, lost.reason));
    }
    for host in &fleet.hosts {
        if !serves(&host.seen, release, instances) {
            return Some(format!("{} does not serve the release with all its traffic", host.host));
        }
        let ready = host.seen.of_release(release).filter(|i| i.state == InstanceState::Ready);
        let wrong = ready.into_iter().find(|i| i.proof.as_ref().map(|p| p.executable) != artifact);
        if let Some(wrong) = wrong {
            return Some(format!("{} on {} runs another program", wrong.instance, host.host));
        }
    }
    None
}
