//! `plimsoll build`: build, inspect and seal.

use std::path::Path;

use plimsoll_model::ExitCode;

use super::ship::{Goal, Shipment, build_environment};
use super::work::{Hands, show_warnings};
use crate::failure::Failure;
use crate::output::Output;
use crate::project::Project;

pub(crate) fn run(config: &Path, output: Output) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = build_environment(&project)?;
    let hands = Hands::new(None, output);
    let shipment = Shipment { project: &project, environment, hands: &hands, skip: Vec::new() };
    shipment.report(output, Goal::Sealed)
}
