//! What an earlier command left: found, judged, and gone on with.

use plimsoll_model::event::News;
use plimsoll_model::observation::FleetObservation;
use plimsoll_model::plan::Plan;
use plimsoll_model::record::{Entry, Outcome, Record};
use plimsoll_model::{HostName, ReleaseId};
use plimsoll_plan::{Decision, RolloutState, decide};

use super::{DeployError, Deployed, Deployment};
use crate::journal::Query;
use crate::rollout::RunError;

impl Deployment<'_, '_> {
    pub(super) fn unfinished(&mut self) -> Result<Option<RolloutState>, DeployError> {
        let history = self.history()?;
        self.settle_hooks(&history)?;
        let Some(left) = history.unfinished(&self.environment.name) else { return Ok(None) };
        let query = Query { rollout: Some(left.plan.rollout.clone()), ..Query::default() };
        let records = self.world.journal.read(&query)?;
        let Some(left) = RolloutState::fold(&records).map_err(RunError::from)? else { return Ok(None) };
        let Some((host, other)) = overwritten(&left.plan, &self.observe()) else { return Ok(Some(left)) };
        // Neither way would be right: forward and back would both take away what somebody brought there since.
        let summary = format!(
            "was not finished: {host} serves {other} since, which a command with another journal brought there"
        );
        let entry = Entry::Finished { outcome: Outcome::Mixed, summary };
        self.world.record(&self.lease, Some(&left.plan.rollout), entry)?;
        Ok(None)
    }

    pub(super) fn take_over(&mut self, left: RolloutState) -> Result<Deployed, DeployError> {
        let fleet = self.observe();
        let course = course(&left, &decide(&left, &fleet, self.world.clock.now()));
        let rollout = left.plan.rollout.clone();
        self.announce(&left.plan, Some(course.clone()))?;
        let query = Query { rollout: Some(rollout.clone()), ..Query::default() };
        // Reporters learn the plan from its record, as they would have at its beginning.
        let is_plan = |r: &Record| matches!(r.entry, Entry::Planned { .. });
        if let Some(planned) = self.world.journal.read(&query)?.into_iter().find(is_plan) {
            self.world.tell(News::Recorded { record: Box::new(planned) });
        }
        let entry = Entry::TakenOver { course: course.clone() };
        self.world.record(&self.lease, Some(&rollout), entry)?;
        self.run(left, Some(course))
    }
}

/// A host of the plan that serves neither what the plan brings nor what was there before it.
fn overwritten(plan: &Plan, fleet: &FleetObservation) -> Option<(HostName, ReleaseId)> {
    fleet.hosts.iter().find_map(|seen| {
        let host = plan.host(&seen.host)?;
        let current = seen.seen.current.as_ref()?;
        let is_known = *current == plan.release || plan.before(host) == Some(current);
        (!is_known).then(|| (seen.host.clone(), current.clone()))
    })
}

/// What a coordinator that takes over does, in words.
fn course(left: &RolloutState, next: &Decision) -> String {
    let goes_back = match next {
        Decision::Record(entry) => matches!(**entry, Entry::GoingBack { .. }),
        _ => left.back.is_some(),
    };
    if goes_back {
        return "going back".to_owned();
    }
    match left.step {
        _ if !left.committed.is_empty() => "finishing what was committed".to_owned(),
        Some(open) => format!("continuing at step {} of {}", open.index + 1, left.plan.steps.len()),
        None if left.promoting => "continuing with the promotion".to_owned(),
        None if left.steps_done == 0 => "continuing from the beginning".to_owned(),
        None => format!("continuing after step {} of {}", left.steps_done, left.plan.steps.len()),
    }
}
