//! Arms the dead man's switch of a host, and takes it off.
//!
//! Armed before the first instance starts: from then on the host goes back by itself when the coordinator is silent.
//! Undone by disarming. Twice is safe: arming anew with the same orders moves the deadline, as every word does.

use plimsoll_model::agent::Request;
use plimsoll_plan::decide::switch_orders;

use super::{Caller, StepError};

pub(super) fn arm(call: &mut Caller) -> Result<(), StepError> {
    let switch = switch_orders(call.context.plan, call.planned()?, call.context.switch_after);
    call.ask(Request::Arm { switch }).map(drop)
}

pub(super) fn disarm(call: &mut Caller) -> Result<(), StepError> {
    call.ask(Request::Disarm).map(drop)
}
