//! Tells a host what the service is: where clients reach it and whose signatures count; its proxy runs afterwards.
//!
//! Undone by nothing: it adds no release and moves no traffic. Twice is safe: the same settings change nothing.

use plimsoll_model::agent::Request;

use super::{Caller, StepError};

pub(super) fn perform(call: &mut Caller) -> Result<(), StepError> {
    let settings = call.context.plan.settings.clone();
    call.ask(Request::Prepare { settings }).map(drop)
}
