//! The parts that other parts of plimsoll start: agent, proxy, shim, launch. They are this same program.

use plimsoll_model::ExitCode;

use crate::cli::{Agent, Proxy, Spec};
use crate::failure::Failure;

pub(crate) fn agent(_arguments: &Agent) -> Result<ExitCode, Failure> {
    Ok(ExitCode::Success)
}
pub(crate) fn proxy(_arguments: &Proxy) -> Result<ExitCode, Failure> {
    Ok(ExitCode::Success)
}
pub(crate) fn shim(_arguments: &Spec) -> Result<ExitCode, Failure> {
    Ok(ExitCode::Success)
}
pub(crate) fn launch(_arguments: &Spec) -> Result<ExitCode, Failure> {
    Ok(ExitCode::Success)
}
