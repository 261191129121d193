//! Spreads a host's traffic: the table is set, and what the proxy has in force is read back and compared.
//!
//! Undone by routing to the release before. Twice is safe: the same table again changes nothing.

use plimsoll_drivers::HostError;
use plimsoll_drivers::host::unexpected;
use plimsoll_model::agent::{ArmWeight, Refusal, RefusalReason, Request, Response};
use plimsoll_model::record::Assigned;

use super::{Caller, StepError};

pub(super) fn perform(call: &mut Caller, weights: &[ArmWeight]) -> Result<Vec<Assigned>, StepError> {
    let Response::Routed { weights: in_force, .. } =
        call.ask(Request::Route { weights: weights.to_vec() })?
    else {
        return Err(unexpected("route").into());
    };
    if !same(weights, &in_force) {
        let message = format!("the proxy has other weights in force than those that were set: {in_force:?}");
        return Err(HostError::Refused(Refusal::new(RefusalReason::Failed, message)).into());
    }
    assigned(call)
}

fn same(wanted: &[ArmWeight], found: &[ArmWeight]) -> bool {
    let key = |arms: &[ArmWeight]| {
        let mut arms: Vec<_> = arms.iter().map(|a| (a.release.clone(), a.weight)).collect();
        arms.sort();
        arms
    };
    key(wanted) == key(found)
}

/// How many requests each side was given until now: where the check of the observed share begins.
fn assigned(call: &mut Caller) -> Result<Vec<Assigned>, StepError> {
    let Response::Observed { observation } = call.ask(Request::Observe)? else {
        return Err(unexpected("observe").into());
    };
    let host = call.host.name().clone();
    let Some(traffic) = observation.traffic else { return Ok(Vec::new()) };
    let count = |release| traffic.arms.iter().find(|a| a.release == release).map_or(0, |a| a.assigned);
    let of_arm = |arm: &plimsoll_model::traffic::Arm| Assigned {
        host: host.clone(),
        epoch: traffic.epoch,
        release: arm.release.clone(),
        requests: count(arm.release.clone()),
    };
    Ok(traffic.table.arms.iter().map(of_arm).collect())
}
