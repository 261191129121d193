//! Takes instances out of the traffic, lets them finish, and stops them; the host goes on with it by itself.
//!
//! Undone by starting them again. Twice is safe: an instance on its way out stays on it.

use plimsoll_model::InstanceId;
use plimsoll_model::agent::Request;

use super::{Caller, StepError};

pub(super) fn perform(call: &mut Caller, instances: &[InstanceId]) -> Result<(), StepError> {
    call.ask(Request::Retire { instances: instances.to_vec() }).map(drop)
}
