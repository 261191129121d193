//! Makes the new release the current one of a host and takes its switch off: the point of no return.
//!
//! Undone by a rollback, which is a deploy of its own. Twice is safe: a release that is current stays so.

use plimsoll_model::agent::Request;

use super::{Caller, StepError};

pub(super) fn perform(call: &mut Caller) -> Result<(), StepError> {
    let plan = call.context.plan;
    call.ask(Request::Commit { release: plan.release.clone(), rollout: plan.rollout.clone() }).map(drop)
}
